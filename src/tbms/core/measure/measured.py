"""One sample, judged: what is known, what is wrong with it, and the readings that every limit looks at."""

from math import inf
from typing import NamedTuple

from tbms.core.measure import plausibility, unknown
from tbms.core.measure.reading import CALM, WRONG, Reading, flags, reading, single
from tbms.core.measure.switches import CALM_SWITCHES, Drive
from tbms.core.measure.switches import readings as switch_readings
from tbms.model.sample import NodeReport, Sample
from tbms.settings.compiled import Settings

Values = tuple[float | None, ...]
OWN_HIGH = 20.0  # A: boards and coils never draw so much


class Measured(NamedTuple):
    """What one sample says.

    clock: s, never runs backwards (unlike a sample's time in a fault). dt: s since the sample before, 0 for the first.
    live: there are switches and nodes to judge (recorded data have none). fresh: time advanced, and by no gap.
    voltages, temperatures, current, pack_voltage: what may be believed; pack_voltage is the sum of the cells where
    recorded data lack it. lowest, highest: of the cell voltages. complete: a full, valid set.
    readings: in the order of model.limit.Measure. nodes: as they reported. parted: both contactors are open and nothing
    flows but what the boards draw. own: A that they draw, as measured; None where it is not.
    """

    time: float
    timestamp: float
    clock: float
    dt: float
    live: bool
    fresh: bool
    complete: bool
    voltages: Values
    temperatures: Values
    current: float | None
    pack_voltage: float | None
    lowest: float | None
    highest: float | None
    readings: tuple[Reading, ...]
    nodes: tuple[NodeReport, ...]
    parted: bool = False
    own: float | None = None


def _nodes(sample: Sample, settings: Settings) -> tuple[Reading, Reading]:
    """Ages, and which nodes are silent."""
    worst = 0.0
    for node in sample.nodes:
        if not node.age <= worst:
            worst = node.age
    if worst <= settings.sample_age_warn:
        return single(worst), CALM
    ages = reading(tuple(node.age if node.age == node.age else inf for node in sample.nodes))
    old = settings.sample_age
    return ages, flags([not node.online and not node.age <= old for node in sample.nodes])


def _cells(
    sample: Sample, old: list[int], settings: Settings
) -> tuple[Values, float | None, tuple[Reading, Reading, Reading, Reading]]:
    """Cell voltages, pack voltage, and readings of the cells, of unknown ones, of those unvouched, of open wires."""
    values = plausibility.believed(
        sample.cell_voltages, settings.cells, plausibility.VOLTAGE_LOW, plausibility.VOLTAGE_HIGH
    )
    pack = plausibility.single(sample.pack_voltage, 0.0, plausibility.VOLTAGE_HIGH * settings.cells)
    if None in values or old:
        wires = unknown.broken_wires(sample.cell_voltages, values, settings)
        pairs = {place for wire in wires for place in (wire, wire + 1)}
        values = tuple(None if place in pairs else value for place, value in enumerate(values))
        values = plausibility.without(values, old)
        return values, pack, (reading(values), *unknown.cells(values, wires, pack, old, settings))
    if pack is None and sample.switches is None:
        pack = sum(values)  # type: ignore[arg-type]  # None is ruled out above; only recorded data may lack it
    every = Reading(values, min(values), max(values))  # type: ignore[type-var]  # None is ruled out two lines above
    return values, pack, (every, CALM, CALM, CALM)


def _current(sample: Sample, settings: Settings) -> float | None:
    """The current that may be believed; it is as old as the base board's voltages."""
    if sample.nodes and not sample.nodes[0].age <= settings.sample_age:
        return None
    return plausibility.single(sample.current, -settings.valid_current, settings.valid_current)


def _own(sample: Sample, settings: Settings) -> float | None:
    """What the boards draw, as far as it may be believed; as old as the current."""
    if sample.own_current is None or (sample.nodes and not sample.nodes[0].age <= settings.sample_age):
        return None
    return plausibility.single(sample.own_current, 0.0, OWN_HIGH)


def _readings(
    voltages: tuple[Reading, Reading, Reading, Reading],
    pack_voltage: float | None,
    current: float | None,
    temperatures: Values,
    aged: tuple[list[int], list[int]],
    sample: Sample,
    step: tuple[float, bool],
    drive: Drive,
    settings: Settings,
) -> tuple[Reading, ...]:
    """Every measure's reading, in the order of model.limit.Measure. step: s since the one before; advanced."""
    cells, missing, unguarded, wires = voltages
    *thermal, lost = unknown.temperatures(temperatures, *aged)
    live = sample.switches is not None or bool(sample.nodes)
    return (
        cells,
        single(pack_voltage),
        single(current),
        *thermal,
        *_nodes(sample, settings),
        missing,
        unguarded,
        unknown.current(current, aged[1]),
        single(cells.highest) if current is None else CALM,
        single(step[0]),
        CALM if step[1] else WRONG,
        *(switch_readings(sample, drive) if live else CALM_SWITCHES),
        lost,
        unknown.unsure(current, temperatures),
        wires,
    )


def measure(sample: Sample, before: float | None, clock: float, drive: Drive, settings: Settings) -> Measured:
    """Judge one sample.

    before: time of the sample before, None for the first. clock: of the sample before. drive: what the switches were
    told to do.
    """
    step = 0.0 if before is None else sample.time - before
    advanced = before is None or step > 0.0
    dt = round(step, 6) if step > 0.0 else 0.0
    current = _current(sample, settings)
    aged = unknown.aged(sample, settings)
    voltages, pack_voltage, cells = _cells(sample, aged[1], settings)
    temperatures = plausibility.temperatures(sample, settings, aged[0])
    known = current is not None and None not in voltages and None not in temperatures
    readings = _readings(cells, pack_voltage, current, temperatures, aged, sample, (dt, advanced), drive, settings)
    return Measured(
        time=sample.time,
        timestamp=sample.timestamp,
        clock=sample.time if before is None else clock + dt,
        dt=dt,
        live=sample.switches is not None or bool(sample.nodes),
        fresh=advanced and dt <= settings.gap,
        complete=advanced and known,
        voltages=voltages,
        temperatures=temperatures,
        current=current,
        pack_voltage=pack_voltage,
        lowest=readings[0].lowest,
        highest=readings[0].highest,
        readings=readings,
        nodes=sample.nodes,
        own=_own(sample, settings),
    )
