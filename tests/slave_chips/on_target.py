"""The chip drivers against the emulated chips, for the interpreter of the microcontrollers (and CPython).

Prints what it has proved; any failure ends it with an exception.
"""

import sys

ROOT = sys.argv[1]
sys.path[0:0] = [ROOT + "/src", ROOT]

from tests.drivers.emulators.bq76952 import Bq76952 as Bq76952Emulator  # noqa: E402
from tests.drivers.emulators.bus import Clock, EmulatedPort, Noise  # noqa: E402
from tests.drivers.emulators.ina228 import Ina228 as Ina228Emulator  # noqa: E402

from tbms.slave.chips.bq76952 import Bq76952  # noqa: E402 - the path comes first
from tbms.slave.chips.bq76952_settings import AfeLimits  # noqa: E402
from tbms.slave.chips.bq76952_status import trips  # noqa: E402
from tbms.slave.chips.ina228 import Ina228  # noqa: E402
from tbms.slave.chips.linux_port import module  # noqa: E402
from tbms.slave.chips.machine_port import MachineI2C  # noqa: E402
from tbms.slave.chips.matrix import Matrix  # noqa: E402
from tbms.slave.chips.ntc import B3950, resistance, temperature  # noqa: E402
from tbms.slave.chips.port import DeviceError, NotReady, Refused, Timeout  # noqa: E402


def raises(error: type[BaseException], action: object, *arguments: object) -> bool:
    try:
        action(*arguments)  # type: ignore[operator]
    except error:
        return True
    return False


class World:
    def __init__(self) -> None:
        self.cells = [3300, 3310, 3320] + [0] * 12 + [3330]
        self.current = -20000
        self.hot: int | str = 253

    def stack(self, us: int) -> "tuple[list[int], int, list[int | str]]":
        return self.cells, self.current, [250, 250, 250, 250, 251, 252, self.hot, 250, 250]

    def shunt(self, us: int) -> tuple[int, int, int]:
        return self.current, 13260, -50


def front_end(crc: bool) -> None:
    world = World()
    clock = Clock()
    chip = Bq76952Emulator(world.stack, crc)
    port = EmulatedPort(clock, chip)
    driver = Bq76952(port, (1, 2, 3, 16), (3, 4, 5, 6), crc)
    limits = driver.configure(AfeLimits(3650, 1000, 2500, 2000, 60, -40))
    assert (limits.overvoltage, limits.undervoltage, limits.overtemperature_discharge) == (3643, 2479, -40)
    limits = driver.configure(AfeLimits(3650, 1000, 2500, 2000, 60, 70))
    driver.permit(True, True)
    live(driver, port, 6)
    assert driver.healthy(), "healthy"
    assert driver.cell_mv == [3300, 3310, 3320, 3330]
    assert driver.temperature_dc == [250, 251, 252, 253]
    driver.balance(0b0101, clock.ms)
    live(driver, port, 2)
    assert driver.bleeding == 0b0101
    world.hot = "open"
    world.cells[0] = 3700
    live(driver, port, 12)
    assert driver.temperature_dc[3] is None
    assert (chip.charge_loop(), chip.discharge_loop()) == (False, True)
    assert trips(driver.tripped) == ["overvoltage"]
    port.noise = Noise(2000)
    for _ in range(10):
        try:  # noqa: SIM105 - contextlib is missing there
            driver.read(clock.ms)
        except DeviceError:
            pass
        port.pause(100000)
    port.noise = None
    chip.reset()
    assert raises(NotReady, driver.read, clock.ms)
    assert driver.cell_mv == [None] * 4
    port.pause(2100000)
    port.nak = -1
    assert raises(Timeout, driver.configure, limits)
    print("front end", "with" if crc else "without", "CRC")


def live(driver: Bq76952, port: EmulatedPort, cycles: int) -> None:
    for _ in range(cycles):
        driver.read(port.clock.ms)
        port.pause(95000)


def shunt() -> None:
    world = World()
    clock = Clock()
    chip = Ina228Emulator(world.shunt)
    port = EmulatedPort(clock, chip)
    driver = Ina228(port, 100)
    driver.configure()
    for _ in range(100):
        port.pause(100000)
        driver.read(clock.ms)
    assert driver.current_ma is not None
    assert abs(driver.current_ma + 20000) <= 7, driver.current_ma
    assert abs(driver.charge_mas + 20 * clock.ms) < 2000, driver.charge_mas
    assert driver.die_dc == -50, driver.die_dc
    chip.reset()
    port.pause(100000)
    assert raises(NotReady, driver.read, clock.ms)
    assert raises(Refused, Ina228, port, 100, 50, True)
    print("shunt monitor")


class Switches:
    word = -1

    def set(self, word: int) -> None:
        self.word = word


class NoBus:
    def readfrom_mem(self, address: int, register: int, count: int) -> bytes:
        raise OSError(19)


def rest() -> None:
    assert temperature(B3950, resistance(2048, 4096, 10000)) == 250
    assert temperature(B3950, resistance(4096, 4096, 10000)) is None
    switches = Switches()
    matrix = Matrix(switches, 4, False)
    for now in range(0, 100, 10):
        matrix.order(0, 2, now)
        matrix.step(now)
    assert switches.word == 0b01000001
    assert raises(Refused, matrix.order, 1, 2, 100)
    assert switches.word == 0
    assert raises(NotReady, module, "smbus2_that_is_not_there")
    assert raises(Timeout, MachineI2C(NoBus(), 8).read, 0, 2)  # type: ignore[arg-type]
    print("thermistor, matrix, adapters")


front_end(True)
front_end(False)
shunt()
rest()
print("proved")
