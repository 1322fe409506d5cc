"""`tbms bench loop`: start jitter and lost cycles of the whole running system, quiet and under flood."""

import socket
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tbms.cli.bench import Row
from tbms.cli.flood import KINDS, flood
from tbms.cli.master import NoMaster, Refused, ask
from tbms.cli.pauses import Pauses
from tbms.cli.processes import start, stop

SECONDS = 60.0  # of each run: 600 cycles, so that the 99th percentile stands on six of them
QUICK = 15.0
JITTER_BAR = 0.020  # s
READY = 30.0  # s that the system may take to its first snapshot on a busy machine


def rows(quick: bool) -> Iterable[Row]:
    """Jitter and lost cycles, quiet and flooded; each a run of the whole system of its own.

    machine_pause: the longest time for which the machine itself stood still meanwhile, s (see pauses.py).
    """
    seconds = QUICK if quick else SECONDS
    for case, flooded in (("quiet", False), ("API flooded", True)):
        with Pauses() as pauses:
            began = time.monotonic()
            loop, sent = _run(seconds, flooded)
            stood = pauses.longest(began, time.monotonic())
        more: dict[str, Any] = {"cycles": loop["cycles"], "busy": loop["busy"], "machine_pause": stood}
        if flooded:
            more["flood_mb"] = sent / 1e6
        yield Row(f"{case}: start jitter p99", loop["jitter_p99"], "s", JITTER_BAR, more=more)
        yield Row(f"{case}: lost cycles", loop["lost"], "cycles", 0, more=more)


def _run(seconds: float, flooded: bool) -> tuple[dict[str, Any], int]:
    """The loop's figures after so long, and how many bytes of flood the API took."""
    with tempfile.TemporaryDirectory(prefix="tbms") as folder:
        path = Path(folder) / "tbms.sock"
        system = start("tbms run", "tbms.cli.main", ["run", "--data-dir", folder, "--port", str(_port())], quiet=True)
        try:
            _wait(path)
            sent = _flood(path, seconds) if flooded else 0
            if not flooded:
                time.sleep(seconds)
            state: Any = ask(path.parent, "state")
        finally:
            stop([system], patience=30.0)  # it ends four processes in turn
    return state["state"]["loop"], sent


def _wait(path: Path) -> None:
    """Until the first snapshot is there."""
    until = time.monotonic() + READY
    while True:
        try:
            ask(path.parent, "state")
        except (NoMaster, Refused):
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


def _flood(path: Path, seconds: float) -> int:
    with ProcessPoolExecutor(len(KINDS), get_context("spawn")) as pool:
        return sum(pool.map(flood, [path] * len(KINDS), range(len(KINDS)), [seconds] * len(KINDS)))


def _port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port
