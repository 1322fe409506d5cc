"""Sees when the machine itself stands still: a virtual processor that its host takes away, firmware, sleep.

On every processor a process above all others (also above those that are measured) wakes every few milliseconds.
When even that one comes late, nobody else could run either, and what was being measured was the host.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence

from tbms.master.realtime import die_with_parent

ABOVE = 50  # of 1..99: control and simulator run at 10
EVERY = 0.004  # s between two looks
LATE = 0.010  # s of lateness that counts as a pause


class Pauses:
    """Watches every processor while it is open; sees nothing where its priority is not permitted."""

    def __init__(self) -> None:
        self._found: list[tuple[float, float]] = []
        self._watchers = [_watcher(cpu) for cpu in sorted(os.sched_getaffinity(0))]

    def __enter__(self) -> "Pauses":
        return self

    def __exit__(self, *_: object) -> None:
        for watcher in self._watchers:
            watcher.kill()
            watcher.communicate()

    def longest(self, begin: float, end: float) -> float:
        """The longest pause that touches the time from `begin` to `end` (monotonic), s; 0 when there was none."""
        self._read()
        return max((until - since for since, until in self._found if since < end and until > begin), default=0.0)

    def _read(self) -> None:
        for watcher in self._watchers:
            assert watcher.stdout is not None  # noqa: S101 - asked for below
            while line := watcher.stdout.readline():
                since, until = line.split()
                self._found.append((float(since), float(until)))


def _watcher(cpu: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tbms.cli.pauses", str(cpu)]
    watcher = subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=die_with_parent)  # noqa: S603
    assert watcher.stdout is not None  # noqa: S101 - asked for in the line above
    os.set_blocking(watcher.stdout.fileno(), False)
    return watcher


def main(arguments: Sequence[str]) -> int:
    """Print since when until when each pause of one processor lasted."""
    try:
        os.sched_setaffinity(0, {int(arguments[0])})
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(ABOVE))
    except OSError:
        return 0
    before = time.monotonic()
    while True:
        time.sleep(EVERY)
        now = time.monotonic()
        if now - before - EVERY > LATE:
            print(f"{before:.6f} {now:.6f}", flush=True)
        before = now


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
