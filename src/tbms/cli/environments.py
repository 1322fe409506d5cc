"""The programs installed on this computer: each version in a folder of its own, links to the one in use and before it.

A link is put in another's place in one step, so a power cut leaves the one or the other, never none.
"""

import fcntl
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tbms.store.replace import sync_folder
from tbms.store.versions import FOLDER

BASE = "usr/local/lib/tbms"
COMMAND = "usr/local/bin/tbms"
CURRENT, PREVIOUS = "current", "previous"
BEFORE, AFTER = "before", "after"
"""Folders of an environment: settings and memory as they were when it was made, and when it was gone back to."""

SUM = ".sha256"
CHUNK = 1 << 20

Run = Callable[[Sequence[str], bool], str]
"""Carries out an order and gives what it printed; True: as the owner of the data, not as root. Raises Failed."""


class Failed(Exception):  # noqa: N818 - the command line's word for it
    """A step could not be done; one sentence for a person."""


def sum_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            found.update(part)
    return found.hexdigest()


def wheel_in(source: Path) -> Path:
    """The wheel that is meant: the file itself, or the only one of TBMS in a folder. Raises Failed."""
    if source.is_file() and source.suffix == ".whl":
        found = [source]
    else:
        found = sorted(source.glob("tbms-*.whl")) if source.is_dir() else []
    if len(found) != 1 or not found[0].name.startswith("tbms-"):
        raise Failed(f"{source}: must be a wheel of TBMS (tbms-VERSION-....whl), or a folder with exactly one")
    return found[0]


def promised(wheel: Path, given: str | None) -> str:
    """The sum that a wheel must have: as given, or from the file beside it. Raises Failed where there is none."""
    beside = wheel.with_name(wheel.name + SUM)
    if given is None and not beside.exists():
        raise Failed(f"{wheel.name} is not installed unverified: give its --sha256, or put {beside.name} beside it")
    words = (given if given is not None else beside.read_text(encoding="ascii", errors="replace")).split()
    said = words[0].lower() if words else ""
    if len(said) != 64 or set(said) - set("0123456789abcdef"):
        raise Failed(f"{'--sha256' if given is not None else beside}: must be 64 hexadecimal digits")
    return said


def version_in(environment: Path) -> str:
    """The version of TBMS in an environment; empty where there is none."""
    found = next(environment.glob("lib/python3*/site-packages/tbms-*.dist-info"), None)
    return found.name.removesuffix(".dist-info").partition("-")[2] if found else ""


class Shelf:
    """All environments below `root` (/ but in tests)."""

    def __init__(self, root: Path) -> None:
        self.base, self.command = root / BASE, root / COMMAND

    def at(self, link: str) -> Path | None:
        """What a link leads to; None where it is not there."""
        path = self.base / link
        return path.resolve() if path.is_symlink() else None

    def use(self, environment: Path, before: Path | None) -> None:
        """Let everything lead to this environment from now on; before: the one that can be gone back to."""
        os.sync()  # all of it on disk before anything leads there
        for link, target in ((PREVIOUS, before), (CURRENT, environment)):
            if target is None:
                (self.base / link).unlink(missing_ok=True)
            else:
                replace_link(self.base / link, target)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else updates meanwhile. Raises Failed where somebody does."""
        self.base.mkdir(parents=True, exist_ok=True)
        with (self.base / "lock").open("w", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Failed("another update is running") from None
            yield

    def make(self, source: Path, told: str, run: Run) -> Path:
        """A new environment with a wheel whose sum is as told, and what it needs, verified too. Raises Failed."""
        version = source.name.split("-")[1]
        environment = self.base / time.strftime(f"{version}-%Y%m%dT%H%M%S", time.gmtime())
        own = self.base / "wheel"
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir(mode=0o700)
        wheel = Path(shutil.copy(source, own))  # what is verified is what is installed, whatever becomes of the stick
        if sum_of(wheel) != told:
            raise Failed(f"{source.name} is not what it should be: its SHA-256 differs from the one told")
        python = str(environment / "bin" / "python")
        run([sys._base_executable, "-m", "venv", str(environment)], False)  # type: ignore[attr-defined]
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
        run([*pip, "--no-deps", "--no-index", str(wheel)], False)
        shutil.rmtree(own)
        needed = next(environment.glob("lib/python3*/site-packages/tbms/requirements.txt"), None)
        if needed is None:
            raise Failed(f"{source.name} does not say what it needs; it was not made by `make wheel`")
        pip += ["--require-hashes", "--find-links", str(source.parent), "-r", str(needed)]
        try:
            run([*pip, "--no-index"], False)  # from the stick alone, where everything is on it
        except Failed:
            run(pip, False)
        return environment

    def tidy(self) -> None:
        """Remove all environments but the one in use and the one before; those elsewhere are not ours to remove."""
        kept = {self.at(CURRENT), self.at(PREVIOUS)}
        for path in self.base.iterdir():
            if path.is_dir() and not path.is_symlink() and path.resolve() not in kept:
                shutil.rmtree(path)


def replace_link(path: Path, target: Path) -> None:
    """Make a link, or let it lead elsewhere, in one step; on disk when it returns. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    part.symlink_to(target)
    os.replace(part, path)
    sync_folder(path.parent)


def keep(data: Path, kept: Path) -> Path:
    """Copy settings, their versions, curves beside them and the memory as they are now to a folder; the folder.

    It is readable by their owner alone, who cannot enter the data's own folder from outside its service. Links are
    copied as links: they could lead root to what is not the owner's.
    """
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(mode=0o700)
    for pattern in ("settings.toml", "memory-[ab]", "*.csv", "*.csv.gz"):
        for path in data.glob(pattern):
            shutil.copy2(path, kept, follow_symlinks=False)
    if (data / FOLDER).is_dir():
        shutil.copytree(data / FOLDER, kept / FOLDER, symlinks=True)
    if os.getuid() == 0:
        owner = data.stat()
        for path in (kept, *kept.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    return kept
