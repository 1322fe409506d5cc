"""A whole node: the firmware's loop over emulated chips on the twin's cells, in virtual time. Also in the dialect."""

import struct

from tests.drivers.emulators.bq76952 import Bq76952 as Bq76952Emulator
from tests.drivers.emulators.bus import Clock, EmulatedPort
from tests.drivers.emulators.ina228 import Ina228 as Ina228Emulator

from tbms.slave.chips.bq76952 import Bq76952
from tbms.slave.chips.chip_board import ChipBoard
from tbms.slave.chips.ina228 import Ina228
from tbms.slave.node import Node
from tbms.slave.program import Program
from tbms.wire.configuration import configuration
from tbms.wire.frames import seal
from tbms.wire.reading import Reading
from tbms.wire.registers import BOTH, CONFIGURATION, CONTROL, MEASUREMENT, SLAVE_MEASUREMENT, permits_word

INPUTS = (1, 2, 3, 16)
PUMP_US = 40000  # a charge pump holds its contact so long after the last edge
CYCLE_US = 100000


class Cells:
    """Four cells as a test wants them. current: mA, positive charges. own: mA that the boards draw."""

    def __init__(self) -> None:
        self.millivolts = [3300, 3301, 3302, 3303]
        self.current = 0
        self.own = 95
        self.temperature = 250

    def at(self, us: int) -> None:
        """Live until then."""

    def stack(self, us: int) -> "tuple[list[int], int, list[int | str]]":
        self.at(us)
        found = [0] * 16
        for index in range(4):
            found[INPUTS[index] - 1] = self.millivolts[index]
        pins: list[int | str] = [self.temperature] * 9
        return found, self.current, pins

    def shunt(self, us: int) -> "tuple[int, int, int]":
        self.at(us)
        return self.current, sum(self.millivolts), 250

    def supply(self, us: int) -> "tuple[int, int, int]":
        return self.own, 48000, 250


class Pins:
    """The controller's pins: what is driven, and when each permission pin last changed."""

    def __init__(self, clock: Clock, cells: Cells) -> None:
        self.clock = clock
        self.cells = cells
        self.driven: dict[str, int] = {}
        self.edges: dict[str, int] = {}
        self.stop = False

    def level(self, name: str) -> bool:
        if name == "stop_closed":
            return not self.stop
        return name == "load_contact" and self.driven.get("load_close", 0) > 0

    def raw(self, name: str) -> int:
        if name == "group":
            return sum(self.cells.millivolts) * 65535 // 24000
        return {"supply": 65535 * 120 // 200, "board": 32768}.get(name, 65535 * 5280 // 7200)

    def drive(self, name: str, duty: int) -> None:
        if self.driven.get(name, 0) != duty:
            self.edges[name] = self.clock.us
        self.driven[name] = duty

    def holds(self, name: str) -> bool:
        return name in self.edges and self.clock.us - self.edges[name] < PUMP_US


class Port:
    """The processor in virtual time. longest: µs between two feedings of the watchdog; sent: answers."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.heard = b""
        self.sent: list[bytes] = []
        self.fed = 0
        self.longest = 0
        self.collections = self.restarts = self.slept = 0

    def now(self) -> int:
        return self.clock.ms & 0x3FFFFFFF

    def read(self) -> bytes:
        data, self.heard = self.heard, b""
        return data

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def wait(self, ms: int) -> None:
        self.clock.advance(1000 * ms)

    def feed(self) -> None:
        self.longest = max(self.longest, self.clock.us - self.fed if self.fed else 0)
        self.fed = self.clock.us

    def collect(self) -> None:
        self.collections += 1

    def restart(self) -> None:
        self.restarts += 1

    def sleep(self, ms: int) -> None:
        self.slept += ms


class Whole:
    """One node, its chips and its master. permits: what the master gives; None: it is silent."""

    def __init__(self, folder: str, base: bool = True, cells: "Cells | None" = None) -> None:
        self.clock = Clock()
        self.cells = cells or Cells()
        self.chip = Bq76952Emulator(self.cells.stack)
        self.meter = Ina228Emulator(self.cells.shunt, 100)
        self.own_meter = Ina228Emulator(self.cells.supply, 20000)
        self.pins = Pins(self.clock, self.cells)
        self.port = Port(self.clock)
        self.folder = folder
        self.base = base
        self.beat = 0
        self.permits: int | None = 0
        self.switches = 0
        self.balance = 0
        self._spoken = 0
        self.boot()

    def boot(self) -> None:
        """Reset the controller; the chips live on."""
        afe = Bq76952(EmulatedPort(self.clock, self.chip), INPUTS, (3, 4, 5, 6))
        shunt = Ina228(EmulatedPort(self.clock, self.meter), 500) if self.base else None
        own = Ina228(EmulatedPort(self.clock, self.own_meter), 2, 40, narrow=True) if self.base else None
        self.board = ChipBoard(self.pins, afe, shunt, own=own)
        self.node = Node(1 if self.base else 2, self.board, self.port.now())
        self.program = Program(self.node, self.port, self.folder)

    def run(self, ms: int) -> None:
        end = self.clock.us + 1000 * ms
        while self.clock.us < end:
            if self.permits is not None and self.clock.us - self._spoken >= CYCLE_US:
                self._spoken = self.clock.us
                self.speak()
            self.program.turn()
            self.chip.run(self.clock.us)
            self.meter.run(self.clock.us)
            self.own_meter.run(self.clock.us)

    def speak(self) -> None:
        self.beat = self.beat + 1 & 0xFFFF
        words = [self.beat, self.beat, permits_word(self.permits or 0), self.switches, self.balance, self.balance, 0, 0]
        self.port.heard += seal(struct.pack(">BBHHB8H", 0, 16, CONTROL.start, 8, 16, *words))

    def ask(self, frame: bytes) -> bytes:
        self.port.sent = []
        self._spoken = max(self._spoken, self.clock.us - CYCLE_US + 20000)  # not into the question
        self.port.heard += seal(frame)
        self.run(20)
        return self.port.sent[0]

    def configure(self, changes: "dict[str, int | None]") -> bytes:
        image = bytes(configuration(changes))
        head = struct.pack(">BBHHB", self.node.server.address, 16, CONFIGURATION.start, CONFIGURATION.size, len(image))
        return self.ask(head + image)

    def service(self, place: int, value: int) -> bytes:
        return self.ask(struct.pack(">BBHH", self.node.server.address, 6, 0x200 + place, value))

    def reading(self) -> Reading:
        count = MEASUREMENT.size if self.base else SLAVE_MEASUREMENT
        return Reading(self.ask(struct.pack(">BBHH", self.node.server.address, 4, 0, count))[3:-2])

    def start(self, switches: int = 0) -> "Whole":
        """Configured and permitted."""
        self.run(1500)
        self.configure({})
        self.run(500)
        self.permits, self.switches = BOTH, switches
        self.run(500)
        return self

    def loops(self) -> "tuple[bool, bool]":
        """What holds: the controller's contact and the front end's, in series."""
        charge = self.pins.holds("charge_permit") and self.chip.charge_loop()
        return charge, self.pins.holds("discharge_permit") and self.chip.discharge_loop()
