"""What a process says, kept beside the data: a file of bounded size, the ones before it, and the newest lines again."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

FOLDER = "logs"
SIZE, BEFORE = 1_000_000, 3  # bytes of one file, and how many older ones are kept: 4 MB of a memory card at most
TAIL = 65_536  # bytes of a file that are looked at for its newest lines
FORMAT = "%(asctime)s %(levelname)s %(message)s"


class LogFile(RotatingFileHandler):
    """The log of one process. A disk that is full or gone costs lines, nothing else."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(
            folder / FOLDER / f"{name}.log", maxBytes=SIZE, backupCount=BEFORE, encoding="utf-8", delay=True
        )
        self.setFormatter(logging.Formatter(FORMAT))

    def _open(self):  # type: ignore[no-untyped-def]  # as in logging
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - as in logging
        """Not even said: what would say it is this."""


def tail(folder: Path, name: str, count: int) -> list[str]:
    """The newest lines of a process's log, oldest first; none where there is no such file."""
    try:
        with (folder / FOLDER / f"{name}.log").open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    return lines[1 if size > TAIL else 0 :][-count:]
