"""The estimator's memory and its one step: what the rest of the core sees of this room."""

from typing import NamedTuple

from tbms.core.estimate import capacity as store
from tbms.core.estimate import cells as difference
from tbms.core.estimate import charge, doubts, limits, resistance, traits
from tbms.core.estimate.capacity import Capacity
from tbms.core.estimate.cells import Cell
from tbms.core.estimate.charge import Charge, Flow
from tbms.core.estimate.doubts import Doubts, event
from tbms.core.estimate.limits import Bounds, Pack, Power
from tbms.core.estimate.ocv import Blend, Curve, blend, curve, fresh
from tbms.core.estimate.resistance import Resistances
from tbms.core.estimate.traits import TRAITS
from tbms.core.measure.measured import Measured
from tbms.model.event import Event, Phase
from tbms.settings.compiled import Settings

UNKNOWN_SOC, UNKNOWN_SIGMA = 0.5, 0.29  # where nothing is known: anywhere between empty and full
TOLD_SIGMA = 0.3  # of a told state of charge until a voltage has been seen
ROOM = 25.0  # °C: where no temperature is measured
EFFICIENCY = {"lfp": 0.998, "nmc": 0.998, "lmo": 0.995, "lto": 0.999}
"""Coulombic efficiency: share of what is charged that comes back (Plett, Battery Management Systems 1, section 2)."""
_JUMP = 0.02  # SOC: a correction larger than this is told
_NO_CEILING = 5.0  # V: where the owner removed the overvoltage limit
_ANEW = 0.9  # weight of a new search when nothing explains the voltage
_PLACED = 0.03  # SOC: standard deviation below which the curve's slope is known well enough to compare cells
_LONGEST = 30 * 86400.0  # s: a longer gap says no more
_GAP = 60.0  # s: between two samples; what flowed meanwhile is not known

Values = tuple[float | None, ...]


class EstimateState(NamedTuple):
    """What is known of the battery.

    soc, soc_sigma: of the pack, limited by its weakest cells; 0..1, one standard deviation. capacity: Ah, None
    before it was measured. soh: of the capacity, 0..1. resistance: ohmic, per cell at 25 °C, Ω. power: 2, 10, 60 s.
    told: SOC and sigma as remembered or given. curve: for the settings. blend: at the battery's temperature.
    charge: of the mean cell. cells: how each differs. apart: sums of V above the mean cell in this window.
    voltage, current: last known. lost: s since.
    """

    soc: float
    soc_sigma: float
    capacity: float | None
    soh: float | None
    resistance: tuple[float | None, ...]
    power: Power | None
    told: tuple[float | None, float | None]
    curve: Curve
    blend: Blend
    charge: Charge | None
    cells: tuple[Cell, ...]
    apart: tuple[float, ...]
    parts: Resistances
    store: Capacity
    doubts: Doubts
    voltage: float
    current: float
    lost: float


def initial(settings: Settings, soc: float | None = None, sigma: float | None = None) -> EstimateState:
    """The start: soc 0..1 as remembered or told, sigma its standard deviation; None where nothing is known."""
    told = None if soc is None else min(1.0, max(0.0, soc))
    table = curve(settings)
    return EstimateState(
        soc=UNKNOWN_SOC if told is None else told,
        soc_sigma=UNKNOWN_SIGMA if told is None else TOLD_SIGMA if sigma is None else sigma,
        capacity=None,
        soh=None,
        resistance=(),
        power=None,
        told=(told, sigma),
        curve=table,
        blend=blend(table, ROOM),
        charge=None,
        cells=(),
        apart=(0.0,) * settings.cells,
        parts=resistance.none(settings.cells),
        store=store.start(settings.capacity),
        doubts=Doubts(),
        voltage=0.0,
        current=0.0,
        lost=0.0,
    )


def update(
    state: EstimateState, measured: Measured, dt: float, settings: Settings
) -> tuple[EstimateState, tuple[Event, ...]]:
    """The battery after dt s at what is measured now, and what there is to tell."""
    voltage = _mean(measured.voltages)
    if measured.current is None or voltage is None:
        return _blind(state, dt), ()
    if state.charge is None:
        return _corrected(_begun(state, measured, voltage, measured.current, settings), measured, settings)
    dt = min(_LONGEST, dt + state.lost)
    if dt <= 0.0:
        return state, ()
    state, told = _counted(state, measured, voltage, measured.current, dt, settings)
    known = state.charge
    if known is None or known.window.time < traits.WINDOW:
        return state, told
    state, more = _corrected(state, measured, settings)
    return state, (*told, *more)


def _mean(values: Values) -> float | None:
    """Mean of those that are known."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _temperature(measured: Measured) -> float:
    """Mean of the cells, °C."""
    mean = _mean(measured.temperatures)
    return ROOM if mean is None else mean


def capacity_now(state: EstimateState) -> float:
    """Capacity that charge is counted with, Ah: measured, else as told."""
    return state.store.told if state.capacity is None else state.capacity


def _blind(state: EstimateState, dt: float) -> EstimateState:
    """After dt s in which current or voltage was not known."""
    lost = state.lost + dt
    sigma = state.soc_sigma if state.charge is None else state.charge.sigma
    return state._replace(lost=lost, soc_sigma=min(max(UNKNOWN_SIGMA, sigma), sigma + traits.BLIND * lost / 3600.0))


def _begun(
    state: EstimateState, measured: Measured, voltage: float, current: float, settings: Settings
) -> EstimateState:
    """The first sample with voltage and current."""
    heat, kind = _temperature(measured), TRAITS[settings.chemistry]
    made = fresh(state.blend, state.curve, heat)
    known = charge.begin(state.told, kind, settings.capacity, heat, current)
    known = charge.counted(known, Flow(0.0, 0.0, current, 0.0), voltage, made)
    return state._replace(
        blend=made,
        charge=known,
        cells=state.cells or _alike(known, settings),
        apart=_added(state.apart, measured.voltages, voltage),
        parts=resistance.step(state.parts, measured.voltages, current, 0.0, settings.capacity, heat),
        voltage=voltage,
        current=current,
        lost=0.0,
    )


def _alike(known: Charge, settings: Settings) -> tuple[Cell, ...]:
    """Cells of which nothing is known yet; one alone differs from nothing."""
    return (difference.new(known.polarisation.prior),) * settings.cells if settings.cells > 1 else ()


def derived_resistance(state: EstimateState) -> EstimateState:
    """The same with the resistances that follow from its parts."""
    return state._replace(resistance=_ohmic(state))


def _added(sums: tuple[float, ...], voltages: Values, mean: float) -> tuple[float, ...]:
    """Sums of V above the mean cell; an unknown cell stands at the mean."""
    return tuple([a + (v - mean if v is not None else 0.0) for a, v in zip(sums, voltages, strict=True)])


def _flow(state: EstimateState, current: float, dt: float, settings: Settings) -> Flow:
    """What a step of the current moved: a straight line between the samples, the mean of before in a gap."""
    share = dt / 3600.0 / capacity_now(state)
    gap = dt > _GAP and state.charge is not None
    moved = (current + state.current) / 2.0 * share
    unseen = (current - state.current) / 2.0 * share
    if gap and state.charge is not None:
        moved = state.charge.polarisation.currents[2] * share
        unseen = traits.BLIND * dt / 3600.0
    good = EFFICIENCY[settings.chemistry] if moved > 0.0 else 1.0
    return Flow(moved * good, dt, current, unseen * unseen, gap)


def _counted(
    state: EstimateState, measured: Measured, voltage: float, current: float, dt: float, settings: Settings
) -> tuple[EstimateState, tuple[Event, ...]]:
    """Charge counted, resistances followed."""
    assert state.charge is not None  # noqa: S101 - begun before
    flow = _flow(state, current, dt, settings)
    known = charge.counted(state.charge, flow, voltage, state.blend)
    heat = _temperature(measured)
    doubted, told = doubts.stepped(
        state.doubts, current - state.current, voltage - state.voltage, settings.capacity, measured
    )
    return state._replace(
        soc=min(1.0, max(0.0, state.soc + flow.moved)),
        charge=known,
        apart=_added(state.apart, measured.voltages, voltage) if state.cells else state.apart,
        parts=resistance.step(state.parts, measured.voltages, current, dt, settings.capacity, heat),
        store=store.cut(state.store) if dt > _GAP else state.store,
        doubts=doubted,
        voltage=voltage,
        current=current,
        lost=0.0,
    ), tuple(told)


def _compared(state: EstimateState, before: Charge, after: Charge) -> tuple[Cell, ...]:
    """Every cell's difference after the window `before`, with the mean cell as it stands `after`."""
    window, made = before.window, []
    mean, polarised = window.currents[0] / window.samples, window.polarised / window.samples
    for cell, apart in zip(state.cells, state.apart, strict=True):
        shifted = difference.moved(cell, window.moved, window.time / 3600.0)
        if after.sigma < _PLACED:
            shifted = difference.seen(shifted, apart / window.samples, after.soc, mean, polarised, state.blend)
        made.append(shifted)
    return tuple(made)


def _corrected(state: EstimateState, measured: Measured, settings: Settings) -> tuple[EstimateState, tuple[Event, ...]]:
    """A window closed: charge, differences, capacity, limits and doubts brought up to date."""
    before = state.charge
    assert before is not None  # noqa: S101 - begun before
    made = fresh(state.blend, state.curve, _temperature(measured))
    known = charge.corrected(before, made, TRAITS[settings.chemistry])
    cells = _compared(state, before, known) if state.cells else ()
    flowed = before.window.moved * capacity_now(state)
    kept = store.after(state.store, flowed, known.soc, known.sigma)
    soc = min(1.0, max(0.0, difference.usable(cells, known.soc) if cells else known.soc))
    doubted, told = doubts.surprised(state.doubts, max(known.guesses), known.surprise, measured)
    if cells and known.sigma < _PLACED:
        doubted, early = doubts.weighed(doubted, cells, known.soc, measured)
        told += early
    if cells:
        doubted, joints = doubts.joined(doubted, state.parts, measured)
        told += joints
    told += _news(state, kept, soc, measured)
    if doubted.disagrees and not state.doubts.disagrees:
        known = charge.doubted(known, TRAITS[settings.chemistry], _ANEW)
    after = state._replace(
        soc=soc,
        soc_sigma=max(known.sigma, UNKNOWN_SIGMA) if doubted.disagrees or doubted.reversed else known.sigma,
        blend=made,
        charge=known,
        cells=cells,
        apart=(0.0,) * len(state.apart),
        store=kept,
        doubts=doubted,
    )
    return _derived(after, measured, settings), tuple(told)


def _news(state: EstimateState, kept: Capacity, soc: float, measured: Measured) -> list[Event]:
    """A correction that a person would see, and a capacity that was learned."""
    told = []
    if abs(soc - state.soc) > _JUMP:
        cause = f"the voltage says {100 * soc:.0f} %, counting said {100 * state.soc:.0f} %"
        told.append(event(measured, "soc", Phase.CHANGED, cause, number=soc))
    if kept.pairs > state.store.pairs:
        found, sigma = store.value(kept)
        cause = f"measured between two proofs by voltage: {found:.4g} Ah, one standard deviation {sigma:.2g} Ah"
        told.append(event(measured, "capacity", Phase.CHANGED, cause, number=found, unit="Ah"))
    return told


def _most(settings: Settings, protection: str) -> float:
    """Largest current that a protection lets pass for long, A."""
    rungs = settings.rungs[protection].value
    found = [value for value in (rungs["limit"], rungs["cut"]) if value is not None]
    return min(found, default=settings.valid_current)


def _ohmic(state: EstimateState) -> tuple[float | None, ...]:
    """Ohmic resistance of every cell at 25 °C, Ω; None where no load step showed it."""
    return tuple(None if part is None else part.mean for part in state.parts.ohmic)


def _derived(state: EstimateState, measured: Measured, settings: Settings) -> EstimateState:
    """What follows from the rest: resistances, capacity, health, power."""
    known = state.charge
    assert known is not None  # noqa: S101 - begun before
    learned = store.value(state.store)[0] if state.store.pairs else None
    low, _, _, high = settings.cell_band()
    apart = [cell.mean[0] for cell in state.cells] or [0.0]
    most = (_most(settings, "overcurrent_charge"), _most(settings, "overcurrent_discharge"))
    bounds = Bounds(low or 0.0, high or _NO_CEILING, *most)
    pack = Pack(known.soc + min(apart), known.soc + max(apart), known.sigma, learned or settings.capacity)
    more = max((cell.mean[2] for cell in state.cells), default=0.0)
    return state._replace(
        resistance=_ohmic(state),
        capacity=learned,
        soh=None if learned is None else min(1.0, learned / settings.capacity),
        power=limits.power(known.polarisation, pack, max(0.0, more), measured.temperatures, bounds, state.blend),
    )
