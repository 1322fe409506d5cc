"""The estimator's one step: what the rest of the core sees of this room."""

from tbms.core.estimate import capacity as store
from tbms.core.estimate import cells as difference
from tbms.core.estimate import charge, doubts, leak, limits, news, resistance, teach, traits, zero
from tbms.core.estimate.charge import Charge, Flow
from tbms.core.estimate.doubts import Doubts
from tbms.core.estimate.leak import Leak
from tbms.core.estimate.limits import Pack
from tbms.core.estimate.middle import mean
from tbms.core.estimate.ocv import fresh
from tbms.core.estimate.promises import Step
from tbms.core.estimate.state import ROOM, UNKNOWN_SIGMA, EstimateState, capacity_now, initial
from tbms.core.estimate.traits import TRAITS
from tbms.core.estimate.zero import NOTHING
from tbms.core.measure.measured import Measured
from tbms.model.event import Event
from tbms.settings.compiled import Settings

EFFICIENCY = {"lfp": 0.998, "nmc": 0.998, "lmo": 0.995, "lto": 0.999}
"""Coulombic efficiency: share of what is charged that comes back (Plett, Battery Management Systems 1, section 2)."""
_ANEW, _AGAIN = 0.9, 0.02  # weight of a new search when nothing explains the voltage: at once, and while that lasts
_LONGEST = 30 * 86400.0  # s: a longer gap says no more
_GAP = 60.0  # s: between two samples; what flowed meanwhile is not known


def update(
    state: EstimateState, measured: Measured, dt: float, settings: Settings, given: tuple[float, ...] = ()
) -> tuple[EstimateState, tuple[Event, ...]]:
    """The battery after dt s at what is measured now, and what there is to tell.

    given: what balancing has taken from each cell so far, Ah; empty where nothing balances.
    """
    voltage = mean(measured.voltages)
    if measured.current is None or voltage is None:
        return _blind(state, dt), ()
    if state.charge is None:
        return _corrected(_begun(state, measured, voltage, measured.current, settings), measured, settings)
    dt = min(_LONGEST, dt + state.lost)
    if dt <= 0.0:
        return state, ()
    state = _read(state, measured, settings) if measured.parted or state.zero.samples else state
    state, told = _counted(state, measured, voltage, measured.current, dt, settings)
    known = state.charge
    if known is None or known.window.time < traits.WINDOW:
        return state, told
    state, more = _corrected(state, measured, settings, given)
    return state, (*told, *more)


def _read(state: EstimateState, measured: Measured, settings: Settings) -> EstimateState:
    """The shunt's zero read for one more sample; believed when the contactors close and when a window does."""
    if not measured.parted or measured.current is None:
        return _zeroed(state, settings)._replace(zero=NOTHING)
    state = state._replace(zero=zero.added(state.zero, measured.current, measured.own))
    closes = state.charge is not None and state.charge.window.time >= traits.WINDOW - measured.dt
    return _zeroed(state, settings)._replace(zero=NOTHING) if closes else state


def _zeroed(state: EstimateState, settings: Settings) -> EstimateState:
    """The zero believed, as far as it has been read."""
    found = zero.seen(state.zero, settings.own_power / max(1.0, state.voltage * settings.cells), capacity_now(state))
    return state if found is None or state.charge is None else state._replace(charge=charge.zeroed(state.charge, found))


def _temperature(measured: Measured) -> float:
    """Mean of the cells, °C."""
    found = mean(measured.temperatures)
    return ROOM if found is None else found


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
    known = charge.begin(state.told, kind, settings.capacity, heat, current, state.known_zero)
    known = charge.counted(known, Flow(0.0, 0.0, current, 0.0), voltage, made)
    return state._replace(
        blend=made,
        charge=known,
        cells=state.cells or difference.alike(settings.cells, known.polarisation.prior),
        apart=difference.added(state.apart, measured.voltages, voltage),
        parts=resistance.step(state.parts, measured.voltages, current, 0.0, settings.capacity, heat),
        voltage=voltage,
        current=current,
        lost=0.0,
    )


def derived_resistance(state: EstimateState) -> EstimateState:
    """The same with the resistances that follow from its parts."""
    return state._replace(resistance=_ohmic(state))


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
    step = Step((current - state.current) / settings.capacity, voltage - state.voltage, dt, heat)
    doubted, told = doubts.stepped(state.doubts, step, state.blend, known.soc, measured)
    return state._replace(
        soc=min(1.0, max(0.0, state.soc + flow.moved)),
        charge=known,
        apart=difference.added(state.apart, measured.voltages, voltage) if state.cells else state.apart,
        parts=resistance.step(state.parts, measured.voltages, current, dt, settings.capacity, heat),
        store=store.cut(state.store) if dt > _GAP else state.store,
        doubts=doubted,
        voltage=voltage,
        current=current,
        lost=0.0,
    ), tuple(told)


def _corrected(
    state: EstimateState, measured: Measured, settings: Settings, given: tuple[float, ...] = ()
) -> tuple[EstimateState, tuple[Event, ...]]:
    """A window closed: charge, differences, capacity, limits and doubts brought up to date."""
    before = state.charge
    assert before is not None  # noqa: S101 - begun before
    made, kind = fresh(state.blend, state.curve, _temperature(measured)), TRAITS[settings.chemistry]
    known = charge.corrected(before, made, kind)
    given = given or state.given or (0.0,) * len(state.cells)
    taken = difference.taken(state.given or given, given, capacity_now(state)) if state.cells else ()
    cells = difference.compared(state.cells, state.apart, taken, before.window, known, state.blend)
    drifted = leak.after(state.leak, cells, taken, before.window.time / 3600.0) if cells else state.leak
    flowed = before.window.moved * capacity_now(state)
    kept = store.after(state.store, flowed, known.soc, UNKNOWN_SIGMA if doubts.lost(state.doubts) else known.sigma)
    soc = min(1.0, max(0.0, difference.usable(cells, known.soc) if cells else known.soc))
    doubted, told = doubts.judged(state.doubts, known, before.window, made, kind, measured)
    if cells and known.sigma < difference.PLACED:
        doubted, early = doubts.weighed(doubted, cells, known.soc, measured)
        doubted, small = doubts.sized(doubted, cells, measured)
        told += [*early, *small]
    if cells:
        doubted, more = _joints(doubted, state, drifted, measured)
        told += more
    if doubted.disagrees:
        known = charge.doubted(known, kind, _AGAIN if state.doubts.disagrees else _ANEW)
    after = state._replace(
        own=teach.taught(state, known, doubted, cells, settings),
        soc=soc,
        soc_sigma=max(known.sigma, UNKNOWN_SIGMA * doubts.doubt(doubted)),
        blend=made,
        charge=known,
        cells=cells,
        apart=(0.0,) * len(state.apart),
        given=given,
        leak=drifted,
        store=kept,
        doubts=doubted,
    )
    after = _derived(teach.recurved(after, settings), measured, settings)
    return after, (*told, *news.told(state, after, measured))


def _joints(known: Doubts, state: EstimateState, drifted: Leak, measured: Measured) -> tuple[Doubts, list[Event]]:
    """What is told of joints and of cells that lose charge."""
    known, joints = doubts.joined(known, state.parts, measured)
    known, leaks = doubts.leaking(known, leak.rates(drifted), measured)
    return known, [*joints, *leaks]


def _ohmic(state: EstimateState) -> tuple[float | None, ...]:
    """Ohmic resistance of every cell at 25 °C, Ω; None where no load step showed it."""
    return tuple(None if part is None else part.mean for part in state.parts.ohmic)


def _pack(state: EstimateState, known: Charge, settings: Settings) -> Pack:
    apart = [cell.mean[0] for cell in state.cells] or [0.0]
    return Pack(known.soc + min(apart), known.soc + max(apart), known.sigma, state.capacity or settings.capacity)


def times(state: EstimateState, current: float, settings: Settings) -> tuple[float | None, float | None]:
    """Time until the weakest cells are full, and empty, at a mean current (A), s; None where it would not end."""
    return (None, None) if state.charge is None else limits.times(current, _pack(state, state.charge, settings))


def _derived(state: EstimateState, measured: Measured, settings: Settings) -> EstimateState:
    """What follows from the rest: resistances, capacity, health, power."""
    known = state.charge
    assert known is not None  # noqa: S101 - begun before
    learned = store.value(state.store)[0] if state.store.pairs else None
    state = state._replace(
        resistance=_ohmic(state),
        capacity=learned,
        soh=None if learned is None else min(1.0, learned / settings.capacity),
    )
    more, pack = max((cell.mean[2] for cell in state.cells), default=0.0), _pack(state, known, settings)
    bounds = limits.bounds(settings)
    return state._replace(
        power=limits.power(known.polarisation, pack, max(0.0, more), measured.temperatures, bounds, state.blend)
    )


__all__ = ["EstimateState", "initial", "times", "update"]
