"""A node on the bench, in virtual time: its board is a set of numbers, its master a few lines."""

import struct

from tbms.slave.board import Board
from tbms.slave.node import CLOCK_MASK, Node
from tbms.wire.configuration import configuration
from tbms.wire.frames import seal
from tbms.wire.reading import Reading
from tbms.wire.registers import BASE_ADDRESS, BOTH, CONFIGURATION, CONTROL, MEASUREMENT, permits_word

PASS = 10  # ms


class Numbers(Board):
    """Hardware that measures what a test says and remembers what it is told."""

    def __init__(self, base: bool) -> None:
        super().__init__(base)
        self.cell_mv = [3300, 3301, 3302, 3303]
        self.temperature_dc = [250, 251, 252, 253]
        self.voltage_age, self.temperature_age, self.window = 0, 0, 63
        self.board_temperature, self.supply_dv = 30, 120
        self.current_ma, self.current_age = -2_000, 0
        self.pack_cv, self.charge_bus_cv, self.load_bus_cv = 5300, 5299, 5298
        self.charge_contact, self.load_contact = False, True
        self.driven = self.bled = self.levels = 0
        self.shown = (0, 0)
        self.edges = [0, 0]

    def loops(self, levels: int) -> None:
        for index in range(2):
            self.edges[index] += (levels ^ self.levels) >> index & 1
        self.levels = levels

    def switches(self, word: int) -> None:
        self.driven = word

    def balance(self, cells: int) -> None:
        self.bled = cells

    def panel(self, led: int, buzzer: int) -> None:
        self.shown = (led, buzzer)


class Bench:
    """One node, its hardware, and a master that can speak or be silent."""

    def __init__(self, changes: dict[str, int | None] | None = None, address: int = BASE_ADDRESS, now: int = 0) -> None:
        self.board = Numbers(address == BASE_ADDRESS)
        self.now = now
        self.node = Node(address, self.board, now & CLOCK_MASK)
        self.address = address
        self.beat = 0
        self.permits = 0
        self.switches = 0
        self.balance = 0
        self.changes = changes or {}

    def run(self, ms: int, master: bool = True) -> None:
        """Let time pass in passes of the node; a living master speaks every 100 ms."""
        for _ in range(ms // PASS):
            if master and self.now % 100 == 0:
                self.speak()
            self.now += PASS
            self.node.step(self.now & CLOCK_MASK)

    def start(self, permits: int = BOTH, switches: int = 0) -> "Bench":
        """Configure the node, let the master live, withdraw and then give permission."""
        assert self.configure(self.changes) == b""
        self.run(300)
        self.permits, self.switches = permits, switches
        self.run(200)
        return self

    def configure(self, changes: dict[str, int | None]) -> bytes:
        """Write a configuration; the answer's exception, or nothing."""
        image = bytes(configuration(changes))
        head = struct.pack(">BBHHB", self.address, 16, CONFIGURATION.start, CONFIGURATION.size, len(image))
        reply = self.node.receive(seal(head + image))
        return b"" if reply[1] == 16 else reply

    def speak(self, beat: int | None = None) -> None:
        """One control write by broadcast."""
        self.beat = self.beat + 1 & 0xFFFF if beat is None else beat
        words = [self.beat, self.beat, permits_word(self.permits), self.switches] + [self.balance] * 4
        self.node.receive(seal(struct.pack(f">BBHHB{len(words)}H", 0, 16, CONTROL.start, len(words), 16, *words)))

    def ask(self, function: int, start: int, count: int) -> bytes:
        """A read; the whole answer."""
        return self.node.receive(seal(struct.pack(">BBHH", self.address, function, start, count)))

    def reading(self) -> Reading:
        """What a master reads now."""
        count = MEASUREMENT.size if self.board.base else 14
        return Reading(self.ask(4, MEASUREMENT.start, count)[3:-2])

    @property
    def closed(self) -> int:
        """The loop contacts that hold."""
        return self.node.permission.closed

    def faults(self) -> tuple[str, ...]:
        return self.reading().guard
