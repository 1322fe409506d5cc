"""The hardware of one node, with the twin in place of chips, shunt, relays and panel."""

from collections.abc import Callable, Sequence
from math import inf

from tbms.model.units import Second
from tbms.slave.board import Board
from tbms.twin.readings import Readings
from tbms.wire.fields import KINDS
from tbms.wire.registers import BUZZERS, CELLS, CHARGE, DISCHARGE, LEDS

VOLTAGE_MS = 63  # one loop of the measuring chip over all cells (BQ76952: 21 slots of 3 ms)
TEMPERATURE_MS = 189  # three loops: one for all its temperature inputs
CURRENT_MS = 20  # one conversion of the shunt monitor and of the bus dividers
LOOP_HOLD: Second = 0.04  # the charge pump of a permission contact empties so long after its last pulse
OLDEST_MS = 1 << 20  # times since a conversion count up to here


class Hardware(Board):
    """One node's board in the simulated world.

    read: gives the newest readings of the whole boat and the true voltages of all cells. address: 1 is the base board.
    converts: the measuring chip works; else its last values stay and grow old.
    charge, discharge: its contacts in the two permission loops. driven: switches word. bled: balance word.
    """

    def __init__(self, address: int, cells: int, read: Callable[[], tuple[Readings, Sequence[float]]]) -> None:
        super().__init__(address == 1)
        self.address = address
        self.first = CELLS * (address - 1)
        self.fitted = min(CELLS, cells - self.first)
        self.converts = True
        self.read = read
        self.driven = self.bled = 0
        self.led, self.buzzer = LEDS[0], BUZZERS[0]
        self._levels = 0
        self._charge_idle = self._discharge_idle = inf
        self._now: int | None = None
        self._drawn = 0.0  # A s
        self._until_voltage = 7 * address % VOLTAGE_MS  # boards are not in step with each other
        self._until_temperature = 11 * address % VOLTAGE_MS
        self._until_current = 0
        self.window = VOLTAGE_MS

    @property
    def charge(self) -> bool:
        """Its contact in the charge-permit loop is closed."""
        return self._charge_idle < LOOP_HOLD

    @property
    def discharge(self) -> bool:
        """Its contact in the discharge-permit loop is closed."""
        return self._discharge_idle < LOOP_HOLD

    def drain(self, dt: Second) -> None:
        """Let both charge pumps empty for a while, whether or not the program runs."""
        self._charge_idle += dt
        self._discharge_idle += dt

    def doze(self) -> None:
        """What the boards draw is counted from now on."""
        self._drawn = 0.0

    def draw(self, charge: float) -> None:
        """They have drawn so much, A s, while it sleeps."""
        self._drawn += charge
        self.asleep_dmah = wire("dmah", self._drawn / 3600.0)

    def measure(self, now: int) -> None:
        """Convert what is due, and let the rest grow older."""
        dt = 0 if self._now is None else now - self._now & (1 << 30) - 1
        self._now = now
        self._age(dt)
        readings, true = self.read()
        self._voltages(readings, true)
        if self.base:
            self._base(readings)

    def _age(self, dt: int) -> None:
        self._until_voltage -= dt
        self._until_temperature -= dt
        self._until_current -= dt
        self.voltage_age = None if self.voltage_age is None else min(self.voltage_age + dt, OLDEST_MS)
        self.temperature_age = None if self.temperature_age is None else min(self.temperature_age + dt, OLDEST_MS)
        self.current_age = None if self.current_age is None else min(self.current_age + dt, OLDEST_MS)

    def _voltages(self, readings: Readings, true: Sequence[float]) -> None:
        first, last = self.first, self.first + self.fitted
        if self._until_voltage <= 0:
            self._until_voltage += VOLTAGE_MS
            if self.converts:
                self.cell_mv[: self.fitted] = [wire("mv", value) for value in readings.cell_voltages[first:last]]
                self.group_mv = wire("mv", sum(true[first:last]))
                self.voltage_age = 0
        if self._until_temperature <= 0:
            self._until_temperature += TEMPERATURE_MS
            if self.converts:
                self.temperature_dc[: self.fitted] = [wire("dc", value) for value in readings.temperatures[first:last]]
                self.temperature_age = 0
        self.board_temperature = wire("c", readings.board_temperature)
        self.supply_dv = wire("dv", readings.supply)

    def _base(self, readings: Readings) -> None:
        self.charge_contact, self.load_contact, self.pre_charge = readings.feedbacks
        self.emergency_stop, self.button = readings.emergency_stop, readings.button
        self.inputs[: len(readings.inputs)] = readings.inputs
        if self._until_current > 0:
            return
        self._until_current = CURRENT_MS
        self.current_ma, self.current_age = wire("ma", readings.current), 0
        self.pack_cv = wire("cv", readings.pack_voltage)
        self.charge_bus_cv = wire("cv", readings.charge_bus_voltage)
        self.load_bus_cv = wire("cv", readings.load_bus_voltage)
        self.own_ma = wire("small_ma", readings.own_current)
        self.store_cv = wire("cv", readings.store_voltage)

    def loops(self, levels: int) -> None:
        """A pin that changes gives its charge pump a pulse; one that stands still gives none."""
        changed = levels ^ self._levels
        self._levels = levels
        if changed & CHARGE:
            self._charge_idle = 0.0
        if changed & DISCHARGE:
            self._discharge_idle = 0.0

    def switches(self, word: int) -> None:
        """Drive relays and coils."""
        self.driven = word

    def balance(self, cells: int) -> None:
        """Bleed these cells."""
        self.bled = cells

    def panel(self, led: int, buzzer: int) -> None:
        """Remember what the panel shows."""
        self.led, self.buzzer = LEDS[led], BUZZERS[min(buzzer, len(BUZZERS) - 1)]

    def dead(self) -> None:
        """Supply lost or program at a stand: every pin falls to its pull-down."""
        self.driven = self.bled = self._levels = 0
        self._charge_idle = self._discharge_idle = inf
        self.led, self.buzzer = LEDS[0], BUZZERS[0]


def wire(kind: str, value: float) -> int:
    """An SI reading in the units of a register field."""
    return round(value * KINDS[kind][2])
