"""Driver and emulated chip joined in virtual time."""

from tests.drivers.emulators.bq76952 import Bq76952 as Bq76952Emulator
from tests.drivers.emulators.bus import Clock, EmulatedPort
from tests.drivers.emulators.ina228 import Ina228 as Ina228Emulator

from tbms.slave.chips.bq76952 import Bq76952
from tbms.slave.chips.bq76952_settings import AfeLimits
from tbms.slave.chips.ina228 import Ina228
from tbms.slave.chips.port import DeviceError

INPUTS = (1, 2, 3, 16)  # four cells: the unused inputs lie between the third and the top
THERMISTORS = (3, 4, 5, 6)  # TS1, TS2, TS3, HDQ


def lfp() -> AfeLimits:
    """The front end's column of the LFP table."""
    return AfeLimits(3800, 3000, 2400, 6000, 60, 70)


class World:
    """Physics that a test changes as it goes."""

    def __init__(self) -> None:
        self.cells = [3300, 3310, 3320, 3330]
        self.current = 0
        self.temperatures: list[int | str] = [250, 251, 252, 253]
        self.bus = 13260
        self.die = 300

    def stack(self, us: int) -> tuple[list[int], int, list[int | str]]:
        cells = [0] * 16
        for place, voltage in zip(INPUTS, self.cells, strict=True):
            cells[place - 1] = voltage
        pins: list[int | str] = [250] * 9
        for pin, value in zip(THERMISTORS, self.temperatures, strict=True):
            pins[pin] = value
        return cells, self.current, pins

    def shunt(self, us: int) -> tuple[int, int, int]:
        return self.current, self.bus, self.die


class AfeRig:
    """A configured front end in a node that reads it every 100 ms; `failures` are the errors of those reads."""

    def __init__(self, crc: bool = True, configure: bool = True) -> None:
        self.world = World()
        self.clock = Clock()
        self.chip = Bq76952Emulator(self.world.stack, crc)
        self.port = EmulatedPort(self.clock, self.chip)
        self.driver = Bq76952(self.port, INPUTS, THERMISTORS, crc)
        self.failures: list[DeviceError] = []
        if configure:
            self.applied = self.driver.configure(lfp())
            self.driver.permit(True, True)
            self.live(600)
            assert not self.failures
            assert self.driver.healthy()

    def live(self, ms: int) -> None:
        """Let the node's cycle run."""
        end = self.clock.us + 1000 * ms
        while self.clock.us < end:
            before = self.clock.us
            try:
                self.driver.read(self.clock.ms)
            except DeviceError as problem:
                self.failures.append(problem)
            self.sleep(100 - (self.clock.us - before) // 1000)

    def sleep(self, ms: int) -> None:
        """Let time pass without the node."""
        if ms > 0:
            self.port.pause(1000 * ms)

    def loops(self) -> tuple[bool, bool]:
        return self.chip.charge_loop(), self.chip.discharge_loop()


class ShuntRig:
    """A configured shunt monitor read every 100 ms."""

    def __init__(self, rated: int = 100, configure: bool = True) -> None:
        self.world = World()
        self.clock = Clock()
        self.chip = Ina228Emulator(self.world.shunt, 50000 // rated)
        self.port = EmulatedPort(self.clock, self.chip)
        self.driver = Ina228(self.port, rated)
        self.failures: list[DeviceError] = []
        if configure:
            self.driver.configure()
            self.live(200)
            assert not self.failures

    def live(self, ms: int) -> None:
        end = self.clock.us + 1000 * ms
        while self.clock.us < end:
            try:
                self.driver.read(self.clock.ms)
            except DeviceError as problem:
                self.failures.append(problem)
            self.port.pause(99500)
