"""A computer on which TBMS is installed: real environments, wheels and masters; only systemd is played."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

import tbms
from tbms.cli import environments, update
from tbms.cli.environments import BASE, CURRENT, Failed, Shelf, sum_of

SOURCES = Path(tbms.__file__).parents[2]
PARTS = ("src/tbms", "pyproject.toml", "README.md", "LICENSE", "requirements/base.txt")
LIBRARIES = next(Path(path) for path in sys.path if path.endswith("site-packages"))
REAL = update._run


def wheel(folder: Path, version: str, edit: Callable[[Path], None] = lambda source: None) -> Path:
    """The folder of a memory stick with a wheel of this repository under another version, and its sum."""
    source, stick = folder / f"source-{version}", folder / f"stick-{version}"
    for part in PARTS:
        (source / part).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (SOURCES / part).is_dir() else shutil.copy
        copy(SOURCES / part, source / part)
    for name in ("pyproject.toml", "src/tbms/__init__.py"):
        text = (source / name).read_text()
        assert text.count(f'"{tbms.__version__}"') == 1
        (source / name).write_text(text.replace(f'"{tbms.__version__}"', f'"{version}"'))
    edit(source / "src" / "tbms")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--wheel-dir", str(stick), str(source)], check=True)
    shutil.rmtree(source)
    (made,) = stick.glob("*.whl")
    made.with_name(f"{made.name}.sha256").write_text(f"{sum_of(made)}  {made.name}\n")
    return stick


class Computer:
    """root: its file system. data: the master's folder. services: runs real masters; without, systemd is only asked.

    quick: pip is lent, too, instead of unpacked into every environment.
    """

    def __init__(
        self, patch: pytest.MonkeyPatch, root: Path, data: Path, services: bool = False, quick: bool = True
    ) -> None:
        self.root, self.data, self.services, self.quick = root, data, services, quick
        self.shelf = Shelf(root)
        self.asked: list[list[str]] = []
        self.master: subprocess.Popen[bytes] | None = None
        patch.setattr(update, "ROOT", root)
        patch.setattr(update, "DATA", str(data))
        patch.setattr(update, "_run", self.run)
        patch.setattr(os, "geteuid", lambda: 0)

    @property
    def version(self) -> str:
        """What the program in use says of itself."""
        program = str(self.root / BASE / CURRENT / "bin" / "tbms")
        return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]

    def install(self, stick: Path) -> None:
        """As `tbms install` leaves it: the links lead to the first environment."""
        (path,) = stick.glob("*.whl")
        self.shelf.base.mkdir(parents=True, exist_ok=True)
        self.shelf.use(self.shelf.make(path, sum_of(path), self.run), None)

    def run(self, order: Sequence[str], as_owner: bool) -> str:
        """Carry out an order of `tbms update`; what is needed beside the wheel is lent, not fetched."""
        self.asked.append(list(order))
        if order[0] == "systemctl":
            if self.services and order[2] == "tbms-master.service":
                self.restart()
            return ""
        if "--require-hashes" in order:
            assert Path(order[order.index("-r") + 1]).read_text().count("--hash=sha256:") > 50
            (place,) = Path(order[0]).parents[1].glob("lib/python3*/site-packages")
            (place / "lent.pth").write_text(f"{LIBRARIES}\n")
            return ""
        if self.quick and "venv" in order:
            order = [*order, "--without-pip"]
        elif self.quick and "pip" in order:
            order = [sys.executable, "-m", "pip", "--python", order[0], *order[3:]]
        return REAL(order, False)

    def restart(self) -> None:
        """As systemd does with Type=notify: wait until it tells that it is ready, or fail."""
        self.stop()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            place = self.data / "notify"
            place.unlink(missing_ok=True)
            line.bind(str(place))
            line.settimeout(0.1)
            program = str(self.root / BASE / CURRENT / "bin" / "tbms")
            self.master = subprocess.Popen(
                [program, "run", "--no-page", "--speed", "60", "--data-dir", str(self.data)],
                env=os.environ | {"NOTIFY_SOCKET": str(place)},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            while self.master.poll() is None:
                try:
                    if line.recv(100) == b"READY=1":
                        return
                except TimeoutError:
                    continue
        raise Failed("systemctl restart tbms-master.service: failed")

    def stop(self) -> None:
        """End the master."""
        if self.master:
            self.master.send_signal(signal.SIGTERM)
            self.master.wait()
            self.master = None


def counted(patch: pytest.MonkeyPatch, computer: Computer, deadly: int) -> None:
    """Kill this process at the moment numbered `deadly`: before or after an order, a copy, a link."""
    passed = [0]

    def moment() -> None:
        passed[0] += 1
        if passed[0] == deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    run, link = computer.run, environments.replace_link

    def killed_run(order: Sequence[str], as_owner: bool) -> str:
        moment()
        return run(order, as_owner)

    def killed_link(path: Path, target: Path) -> None:
        moment()
        link(path, target)
        moment()

    patch.setattr(update, "_run", killed_run)
    patch.setattr(environments, "replace_link", killed_link)


def main(root: str, data: str, stick: str, deadly: str) -> int:
    """`tbms update STICK` beside a master that is well, killed at the moment numbered `deadly`; its exit status."""
    with pytest.MonkeyPatch.context() as patch:
        computer = Computer(patch, Path(root), Path(data))
        calm = {"faults": [], "charge_contactor": {"phase": "closed"}, "load_contactor": {"phase": "closed"}}

        def answer(folder: Path, method: str, **_: object) -> dict[str, object]:
            return {"age": 0.1, "state": calm} if method == "state" else {"version": computer.version}

        patch.setattr(update, "ask", answer)
        counted(patch, computer, int(deadly))
        done = CliRunner().invoke(update.update, [stick])
        print(done.output)
        return done.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
