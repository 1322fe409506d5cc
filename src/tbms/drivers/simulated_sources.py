"""The simulated boat's chargers: what they tell of themselves, asked of the simulator once a second beside the loop."""

import json
import socket
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic

from tbms.model.sample import SourceKind, SourceReport, SourceState

EVERY = 1.0  # s between two questions, as chargers with a data port speak by themselves
PATIENCE = 0.5  # s for an answer


class SimulatedSources:
    """ports.Sources on the control socket of the simulator at `path`; while nobody answers there, values grow old."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._told: tuple[float, tuple[SourceReport, ...]] = (0.0, ())
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask, name="sources", daemon=True)
        self._thread.start()

    def reports(self) -> tuple[SourceReport, ...]:
        """What each told last."""
        at, told = self._told
        return tuple([replace(source, age=monotonic() - at) for source in told])

    def close(self) -> None:
        """Ask no more."""
        self._ended.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._ended.is_set():
            with suppress(OSError, ValueError, KeyError, TypeError):
                told = self._answer()
                self._told = monotonic(), told
            self._ended.wait(EVERY)

    def _answer(self) -> tuple[SourceReport, ...]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(self._path)
            connection.sendall(b'{"op": "sources"}\n')
            with connection.makefile("rb") as lines:
                found = json.loads(lines.readline())["sources"]
        return tuple(
            SourceReport(each["name"], SourceKind(each["kind"]), 0.0, each["power"], SourceState(each["state"]))
            for each in found
        )
