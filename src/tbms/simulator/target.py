"""The node's program in a MicroPython process: the bus is a serial port, the board is JSON lines on stdin and stdout.

Run: micropython -X heapsize=200k target.py SOURCE ADDRESS PORT FOLDER. The lines: docs/hardware/afe-port.md.
"""

import gc
import json
import select
import sys
import time

sys.path.insert(0, sys.argv[1])

from tbms.slave.board import Board
from tbms.slave.node import Node
from tbms.slave.program import Program
from tbms.slave.store import settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST_MS = 65534  # ages count up to here
REPORT_MS = 1000


class JsonBoard(Board):
    """A board whose chips are at the other end of a pipe. address: as its switch stands, 0 as it was started."""

    def __init__(self, base: bool) -> None:
        super().__init__(base)
        self.window = 63
        self.address = 0
        self.pins = [0, 0, 0, 0, 0]  # loops, switches, balance, LED, buzzer
        self._stamps = [-1, -1, -1]  # of cells, temperatures, current: ms, -1 never
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)

    def measure(self, now: int) -> None:
        """Take over every line that has come."""
        while self._poll.poll(0):
            line = sys.stdin.readline()
            if not line:
                sys.exit()  # the boat has gone
            self._take(json.loads(line), now)
        self.voltage_age = self._age(0, now)
        self.temperature_age = self._age(1, now)
        self.current_age = self._age(2, now)

    def _take(self, line: "dict[str, Any]", now: int) -> None:
        if "cells" in line:
            self.cell_mv, self.group_mv = line["cells"], line["group"]
            self._stamps[0] = now
        if "temperatures" in line:
            self.temperature_dc = line["temperatures"]
            self._stamps[1] = now
        if "current" in line:
            self.current_ma = line["current"]
            self.pack_cv, self.charge_bus_cv, self.load_bus_cv, self.store_cv = line["volts"]
            self.own_ma, self.asleep_dmah = line["own"]
            self._stamps[2] = now
        if "contacts" in line:
            self.charge_contact, self.load_contact, self.pre_charge = line["contacts"]
            self.emergency_stop, self.button = line["stop"], line["button"]
            self.inputs = line["inputs"]
        if "board" in line:
            self.board_temperature, self.supply_dv = line["board"], line["supply"]
        if "address" in line:
            self.address = line["address"]

    def _age(self, index: int, now: int) -> "int | None":
        stamp = self._stamps[index]
        return None if stamp < 0 else min(time.ticks_diff(now, stamp), LONGEST_MS)  # type: ignore[attr-defined]

    def loops(self, levels: int) -> None:
        """The permission pins."""
        self.pins[0] = levels

    def switches(self, word: int) -> None:
        """Relays and coils."""
        self.pins[1] = word

    def balance(self, cells: int) -> None:
        """Cells that bleed."""
        self.pins[2] = cells

    def panel(self, led: int, buzzer: int) -> None:
        """LED and buzzer."""
        self.pins[3] = led
        self.pins[4] = buzzer


class UnixPort:
    """The processor: MicroPython's unix port. slowest: longest garbage collection since the last report, µs."""

    def __init__(self, board: JsonBoard, path: str) -> None:
        self.board = board
        self.node: Node | None = None
        self.slowest = 0
        self._line: Any = open(path, "r+b")  # noqa: SIM115 - open for ever
        self._poll = select.poll()
        self._poll.register(self._line, select.POLLIN)
        self._buffer = bytearray(1)
        self._reported = self.now()

    def now(self) -> int:
        """Time in ms."""
        ticks: int = time.ticks_ms()  # type: ignore[attr-defined]
        return ticks & (1 << 30) - 1

    def read(self) -> bytes:
        """What has come; byte by byte, for this interpreter waits for all that is asked for."""
        data = b""
        while self._poll.poll(0):
            if not self._line.readinto(self._buffer):
                sys.exit()  # the line has gone
            data += self._buffer
        return data

    def write(self, data: bytes) -> None:
        """Send."""
        self._line.write(data)

    def wait(self, ms: int) -> None:
        """Until the line has something."""
        self._poll.poll(ms)

    def feed(self) -> None:
        """The pins as they stand after this pass; whoever reads them is the watchdog, too."""
        print('{"pins": ' + str(self.board.pins) + "}")
        if self.node is not None:
            self.node.server.address = self.board.address or self.node.registers.address
        now = self.now()
        if (now - self._reported) & (1 << 30) - 1 >= REPORT_MS:
            self._reported = now
            self._report()

    def _report(self) -> None:
        if self.node is None:
            return
        server = self.node.server
        free: int = gc.mem_free()  # type: ignore[attr-defined]
        print(json.dumps({"frames": server.frames, "errors": server.receiver.errors,
                          "collect_us": self.slowest, "free": free}))  # fmt: skip
        self.slowest = 0

    def collect(self) -> None:
        """Collect garbage, and measure how long nothing else could run."""
        began = time.ticks_us()  # type: ignore[attr-defined]
        gc.collect()
        taken: int = time.ticks_diff(time.ticks_us(), began)  # type: ignore[attr-defined]
        self.slowest = max(self.slowest, taken)

    def restart(self) -> None:
        """End: whoever started this program starts it again."""
        sys.exit()

    def sleep(self, ms: int) -> None:
        """Say so and do nothing: whoever reads it ends this process, and starts another when it shall wake."""
        print(json.dumps({"sleep": ms // 60000}))
        time.sleep(ms / 1000)


def main() -> None:
    """Run until the boat has gone."""
    address, baud = settings(sys.argv[4], int(sys.argv[2]), 115200)
    board = JsonBoard(address == 1)
    port = UnixPort(board, sys.argv[3])
    port.node = Node(address, board, port.now())
    port.node.registers.baud = baud // 100
    program = Program(port.node, port, sys.argv[4])
    while True:
        program.turn()


if __name__ == "__main__":
    main()
