"""Silicon, drivers and the twin's cells together: the front end alone ends an overcharge."""

import pytest
from tests.drivers.emulators.bq76952 import Bq76952 as Bq76952Emulator
from tests.drivers.emulators.bus import Clock, EmulatedPort
from tests.drivers.emulators.ina228 import Ina228 as Ina228Emulator
from tests.slave_chips.rig import INPUTS, lfp

from tbms.slave.chips.bq76952 import Bq76952
from tbms.slave.chips.bq76952_status import trips
from tbms.slave.chips.ina228 import Ina228
from tbms.twin.lfp import lfp280
from tbms.twin.pack import Pack

STEP_US = 50000
CHARGER_A = 140.0


class Battery:
    """Four cells of the twin, charged by a charger that obeys nothing but the charge loop."""

    def __init__(self) -> None:
        self.pack = Pack([lfp280()] * 4, [0.975, 0.975, 0.992, 0.975])
        self.current = 0.0
        self.charge = 0.0
        self.us = 0
        self.loop = False

    def advance(self, us: int) -> None:
        while self.us + STEP_US <= us:
            self.us += STEP_US
            self.current = CHARGER_A if self.loop else 0.0
            self.charge += self.current * STEP_US / 1e6
            self.pack.advance(STEP_US / 1e6, self.current)

    def cells(self, us: int) -> tuple[list[int], int, list[int]]:
        self.advance(us)
        found = [0] * 16
        for place, voltage in zip(INPUTS, self.pack.voltages, strict=True):
            found[place - 1] = round(1000 * voltage)
        return found, 0, [round(10 * self.pack.temperatures[0])] * 9

    def shunt(self, us: int) -> tuple[int, int, int]:
        return round(1000 * self.current), round(1000 * sum(self.pack.voltages)), 250


def test_the_front_end_alone_ends_an_overcharge() -> None:
    battery, clock = Battery(), Clock()
    chip, meter = Bq76952Emulator(battery.cells), Ina228Emulator(battery.shunt, 100)
    afe = Bq76952(EmulatedPort(clock, chip), INPUTS, (3, 4, 5, 6))
    shunt = Ina228(EmulatedPort(clock, meter), 500)
    limits = afe.configure(lfp())
    shunt.configure()
    afe.permit(True, True)
    above = stopped = 0
    for _ in range(9000):
        clock.advance(95000)
        chip.run(clock.us)
        meter.run(clock.us)
        battery.loop = chip.charge_loop()
        afe.read(clock.ms)
        shunt.read(clock.ms)
        above = above or (clock.ms if max(battery.pack.voltages) * 1000 > limits.overvoltage else 0)
        if above and not battery.loop:
            stopped = clock.ms
            break
    assert 2900 <= stopped - above <= 3500  # the delay applied is 2.999 s; the chip sees whole mV, the node 100 ms
    assert chip.discharge_loop()
    afe.read(clock.ms + 100)
    assert trips(afe.tripped) == ["overvoltage"]
    assert shunt.charge_mas / 1000 == pytest.approx(battery.charge, rel=0.01)
    known = [value for value in afe.cell_mv if value is not None]
    assert known.index(max(known)) == 2
    assert afe.stack_mv is not None
    assert abs(sum(known) - afe.stack_mv) <= 20
