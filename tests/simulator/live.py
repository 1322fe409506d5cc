"""A simulator in a thread of its own, behind a real pseudo-terminal."""

import json
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from tbms.simulator.main import Simulator
from tbms.simulator.rig import Start
from tbms.slave.node import Node
from tbms.twin.boat import boat


class Live:
    """directory: where `bus` and `simulator.sock` are (a short path: sockets have no room for long ones)."""

    def __init__(self, cells: int = 8, begin: Start = Node) -> None:
        self.begin = begin
        self.cells = cells
        self.directory = Path(tempfile.mkdtemp(prefix="tbms-"))
        self.bus = str(self.directory / "bus")
        self.start()

    def start(self) -> None:
        self.simulator = Simulator(boat(self.cells), self.directory, 115200, self.begin)
        self._thread = Thread(target=self.simulator.run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.simulator.running = False
        self._thread.join(5)

    def ask(self, **request: Any) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(self.directory / "simulator.sock"))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as lines:
                answer: dict[str, Any] = json.loads(lines.readline())
        assert answer["ok"], answer
        return answer


@contextmanager
def live(cells: int = 8, begin: Start = Node) -> Iterator[Live]:
    running = Live(cells, begin)
    try:
        yield running
    finally:
        running.stop()
        shutil.rmtree(running.directory)
