"""Logging that never waits: a bounded queue, and a thread that writes."""

import logging
import sys
from collections.abc import Callable
from logging.handlers import QueueHandler, QueueListener
from pathlib import Path
from queue import Full, Queue

from tbms.store.log_files import LogFile

QUEUED = 2000  # lines that may wait for a slow terminal or disk; more are dropped and counted


class _Dropping(QueueHandler):
    """Hands lines over, or drops them."""

    dropped = 0

    def enqueue(self, record: logging.LogRecord) -> None:
        """Never waits."""
        try:
            self.queue.put_nowait(record)
        except Full:
            self.dropped += 1


def start(name: str, folder: Path, level: int = logging.INFO) -> Callable[[], None]:
    """Send this process's log lines to stderr, each with `name`, and to its log file in the data folder.

    Gives what ends it and writes the rest.
    """
    lines: Queue[logging.LogRecord] = Queue(QUEUED)
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(logging.Formatter(f"%(asctime)s {name}: %(message)s", "%H:%M:%S"))
    listener = QueueListener(lines, out, LogFile(folder, name))
    logging.basicConfig(format="%(message)s", level=level, handlers=[_Dropping(lines)], force=True)
    listener.start()
    return listener.stop


class Seldom:
    """Lets one line about a thing through at once, then at most one every `interval` s while it lasts."""

    def __init__(self, interval: float = 60.0) -> None:
        self._interval = interval
        self._said: dict[str, float] = {}

    def now(self, thing: str, time: float) -> bool:
        """Whether to speak about `thing` at monotonic `time`."""
        before = self._said.get(thing)
        if before is not None and time - before < self._interval:
            return False
        self._said[thing] = time
        return True
