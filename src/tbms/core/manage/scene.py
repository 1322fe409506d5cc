"""What the owner's ranges look at: every measure as a reading, unknown where it cannot be believed."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tbms.core.estimate import EstimateState
from tbms.core.measure.measured import Measured
from tbms.core.measure.reading import CALM, UNKNOWN, WRONG, Reading, single
from tbms.core.protect.verdict import Verdict
from tbms.model.fault import Ring
from tbms.model.sample import SourceKind, SourceReport
from tbms.settings.rules import Source

UNCERTAIN = 0.25  # of the state of charge: a standard deviation beyond which it says nothing to a range
CLOCK_SET = 1.6e9  # s since 1970 (September 2020): an earlier wall clock has never been set
DAY = 86400.0  # s
SOURCE_AGE = 10.0  # s: what a charger told longer ago is unknown; those known speak at least every other second
LEVEL = {Ring.WARN: 1.0, Ring.LIMIT: 2.0, Ring.CUT: 3.0}


class Scene(NamedTuple):
    """Everything that management looks at in one step.

    outputs: the six, as they stand. inputs: digital, () where there are none. midnight: s since local midnight, None
    while the wall clock is not set. charge, discharge: permitted, and no limit asks to stop. trusted: measurements are
    valid, and neither a person nor the emergency stop has stopped the battery. sources: chargers that tell of
    themselves. stage: of the charge, as charge management has decided; "off" while chargers may not, or rest.
    limp: somebody needs the loads to come home.
    """

    measured: Measured
    estimate: EstimateState
    verdict: Verdict
    outputs: tuple[bool, ...]
    inputs: tuple[bool, ...]
    midnight: float | None
    charge: bool = True
    discharge: bool = True
    trusted: bool = True
    sources: tuple[SourceReport, ...] = ()
    stage: str = "off"
    limp: bool = False

    @property
    def clock(self) -> float:
        """The core's own time, s."""
        return self.measured.clock


def midnight(timestamp: float, utc_offset: float) -> float | None:
    """Time since local midnight, s; None where the clock has never been set. The only use of UTC in the core."""
    return (timestamp + utc_offset) % DAY if timestamp >= CLOCK_SET else None


def within(window: tuple[float, float], time: float) -> bool:
    """Whether a time of day lies in a window that may go over midnight; its end does not belong to it."""
    begin, end = window
    return (time - begin) % DAY < (end - begin) % DAY


def of_all(values: Sequence[float | None], of: str | int | None) -> float | None:
    """One place, or a sum over all of them; a mean or a spread needs every one."""
    if isinstance(of, int):
        return values[of] if of < len(values) else None
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    if of == "lowest":
        return min(known)
    if of == "highest":
        return max(known)
    return sum(known) / len(known) if of == "average" else max(known) - min(known)


def _voltage(scene: Scene, source: Source) -> Reading:
    measured = scene.measured
    if source.of == "lowest" or source.of == "highest":
        # the extreme of those that are known, while none is missing
        value = measured.lowest if source.of == "lowest" else measured.highest
        return UNKNOWN if None in measured.voltages else single(value)
    return single(of_all(measured.voltages, source.of))


def _temperature(scene: Scene, source: Source) -> Reading:
    return single(of_all(scene.measured.temperatures, source.of))


def _resistance(scene: Scene, source: Source) -> Reading:
    return single(of_all(scene.estimate.resistance, source.of))


def _pack_voltage(scene: Scene, _: Source) -> Reading:
    return single(scene.measured.pack_voltage)


def _current(scene: Scene, _: Source) -> Reading:
    return single(scene.measured.current)


def _power(scene: Scene, _: Source) -> Reading:
    voltage, current = scene.measured.pack_voltage, scene.measured.current
    return UNKNOWN if voltage is None or current is None else single(voltage * current)


def _soc(scene: Scene, _: Source) -> Reading:
    estimate = scene.estimate
    return UNKNOWN if estimate.soc_sigma > UNCERTAIN else single(estimate.soc)


def _soh(scene: Scene, _: Source) -> Reading:
    return single(scene.estimate.soh)


def _told(scene: Scene, kind: object) -> list[SourceReport] | None:
    """The chargers of this kind, None while there is none or one of them has fallen silent."""
    found = [source for source in scene.sources if source.kind == kind]
    return found if found and all(source.age <= SOURCE_AGE for source in found) else None


def _solar_power(scene: Scene, _: Source) -> Reading:
    """All solar chargers together."""
    told = _told(scene, SourceKind.SOLAR) or ()
    known = [source.power for source in told if source.power is not None]
    return single(sum(known)) if known and len(known) == len(told) else UNKNOWN


def _charger_state(scene: Scene, source: Source) -> Reading:
    """One charger of this kind at least is in this state; without a kind: the charge as it is managed."""
    if source.of is None:
        return _flag(scene.stage == source.state)
    told = _told(scene, source.of) or ()
    if not told or any(each.state is None for each in told):
        return UNKNOWN
    return _flag(any(each.state == source.state for each in told))


def _board_temperature(scene: Scene, _: Source) -> Reading:
    """The hottest board."""
    return single(of_all([node.board_temperature for node in scene.measured.nodes], "highest"))


def _supply(scene: Scene, _: Source) -> Reading:
    """The lowest supply of a board."""
    return single(of_all([node.supply for node in scene.measured.nodes], "lowest"))


def _flag(on: bool) -> Reading:
    return WRONG if on else CALM


def _input(scene: Scene, source: Source) -> Reading:
    place = int(source.of or 0)
    return _flag(scene.inputs[place]) if place < len(scene.inputs) else UNKNOWN


def _output(scene: Scene, source: Source) -> Reading:
    return _flag(scene.outputs[int(source.of or 0)])


def _alarm(scene: Scene, _: Source) -> Reading:
    return single(max((LEVEL[fault.ring] for fault in scene.verdict.faults), default=0.0))


def _time_of_day(scene: Scene, source: Source) -> Reading:
    if scene.midnight is None or source.window is None:
        return UNKNOWN
    return _flag(within(source.window, scene.midnight))


READERS: dict[str, Callable[[Scene, Source], Reading]] = {
    "cell_voltage": _voltage,
    "pack_voltage": _pack_voltage,
    "current": _current,
    "power": _power,
    "soc": _soc,
    "soh": _soh,
    "temperature": _temperature,
    "resistance": _resistance,
    "solar_power": _solar_power,
    "board_temperature": _board_temperature,
    "supply": _supply,
    "input": _input,
    "output": _output,
    "charger_state": _charger_state,
    "alarm": _alarm,
    "time_of_day": _time_of_day,
}
"""How each measure of the settings is read."""


def read(scene: Scene, sources: tuple[Source, ...]) -> tuple[Reading, ...]:
    """A reading for each source."""
    return tuple([READERS[source.measure](scene, source) for source in sources])
