"""What broken sensors and wires make of good readings."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from math import pi, sin

from tbms.model.units import Ampere, Second
from tbms.twin.readings import Readings
from tbms.twin.world import World

RIPPLE = 100.0  # Hz, twice the mains: what a cheap charger leaves
OPEN_NTC, SHORT_NTC = -40.0, 120.0  # °C, the ends of the converter's range
FLOAT_VOLTS = 0.05  # V of a cell input whose upper wire is off: its filter has emptied

REMEMBERED = 256  # readings: 25 s at ten a second, longer than any skew worth simulating


class Past:
    """What was read before: for stuck sensors, and for a current that is older than the voltages."""

    def __init__(self) -> None:
        self.last: Readings | None = None
        self.currents: deque[tuple[Second, Ampere]] = deque(maxlen=REMEMBERED)

    def current(self, time: Second) -> Ampere:
        """The last current read at or before `time`, or the oldest known."""
        return next((amps for at, amps in reversed(self.currents) if at <= time + 1e-9), self.currents[0][1])


def misread(readings: Readings, world: World, past: Past, noise: Sequence[float]) -> Readings:
    """`readings` with the sensor faults of the world in force; remembers them in `past`."""
    past.currents.append((readings.time, readings.current))
    past.last = replace(
        readings,
        cell_voltages=_voltages(readings, world, past.last, noise),
        temperatures=_temperatures(readings, world, past.last),
        current=_current(readings, world, past),
        pack_voltage=readings.pack_voltage + _ripple(world),
    )
    return past.last


def _ripple(world: World) -> float:
    """V that charger ripple adds to the pack at this instant."""
    found = 0.0
    for charger, volts in zip(world.chargers, world.effects.value["charger_ripple"], strict=True):
        if volts and charger.current > 0.5:
            found += volts * sin(2.0 * pi * RIPPLE * 1.003 * world.time)  # mains is never exactly 50 Hz
    return found


def _voltages(readings: Readings, world: World, last: Readings | None, noise: Sequence[float]) -> tuple[float, ...]:
    """Cell voltages through broken wires and channels."""
    value, n = world.effects.value, world.pack.count
    ripple = _ripple(world) / n
    volts = [v + ripple for v in readings.cell_voltages]
    working, current = world.balancer.working, world.balancer.current
    for lead, ohms in enumerate(value["sense_resistance"]):
        if ohms:
            _drop(volts, lead, ohms * current, working)
    for lead, wrong in enumerate(value["swapped_wires"]):
        if wrong and 0 < lead < n:
            _swap(volts, lead)
    for lead, off in enumerate(value["open_wire"]):
        if off:
            _open(volts, lead, FLOAT_VOLTS * abs(noise[lead % len(noise)]))
    for k in range(n):
        volts[k] *= 1.0 + value["voltage_gain"][k]
        volts[k] += value["voltage_offset"][k] + value["voltage_noise"][k] * noise[-1 - k]
        if value["voltage_stuck"][k] and last is not None:
            volts[k] = last.cell_voltages[k]
    return tuple(volts)


def _drop(volts: list[float], lead: int, drop: float, working: tuple[bool, ...]) -> None:
    """Balancing current in a resistive sense wire: the cells on its two sides err in opposite directions."""
    below = 0 < lead <= len(working) and working[lead - 1]
    above = lead < len(working) and working[lead]
    shift = drop * (below - above)
    if lead > 0:
        volts[lead - 1] -= shift
    if lead < len(volts):
        volts[lead] += shift


def _swap(volts: list[float], lead: int) -> None:
    """Wires `lead` and `lead + 1` have changed places: the cell between them reads negative."""
    upper = volts[lead]
    volts[lead - 1] += upper
    volts[lead] = -upper
    if lead + 1 < len(volts):
        volts[lead + 1] += upper


def _open(volts: list[float], lead: int, rest: float) -> None:
    """Wire `lead` is off: the cell below it floats down, the cell above takes what is missing."""
    k = max(lead - 1, 0)
    lost = volts[k] - rest
    volts[k] = rest
    if 0 < lead < len(volts):
        volts[lead] += lost


def _temperatures(readings: Readings, world: World, last: Readings | None) -> tuple[float, ...]:
    """Cell temperatures through broken sensors."""
    value, found = world.effects.value, list(readings.temperatures)
    for k in range(len(found)):
        found[k] += value["ntc_drift"][k]
        found[k] -= value["ntc_detached"][k] * (found[k] - world.pack.ambient)
        if value["ntc_stuck"][k] and last is not None:
            found[k] = last.temperatures[k]
        if value["ntc_open"][k]:
            found[k] = OPEN_NTC
        if value["ntc_short"][k]:
            found[k] = SHORT_NTC
    return tuple(found)


def _current(readings: Readings, world: World, past: Past) -> float:
    """Pack current through a broken shunt."""
    value = world.effects.value
    if value["shunt_stuck"][0] and past.last is not None:
        return past.last.current
    if value["shunt_open"][0]:
        return 0.0
    skew = value["sampling_skew"][0]
    current = past.current(readings.time - skew) if skew else readings.current
    return current * (1.0 + value["shunt_gain"][0]) + value["shunt_offset"][0]
