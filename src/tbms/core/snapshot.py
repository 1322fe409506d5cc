"""The state as the API gives it."""

from math import inf
from typing import NamedTuple

from tbms.core import estimate
from tbms.core.counters import DEPTH
from tbms.core.health import counted, health
from tbms.core.manage import shown
from tbms.core.measure.measured import Measured
from tbms.core.protect.contactors import Contactor
from tbms.core.state import State
from tbms.core.switching import decided
from tbms.model.action import Actions
from tbms.model.fault import Fault, Ring
from tbms.model.sample import CELLS_PER_NODE, Sample
from tbms.model.snapshot import (
    Activity,
    CellSnapshot,
    ContactorPhase,
    ContactorSnapshot,
    LoopSnapshot,
    OutputSnapshot,
    Snapshot,
)
from tbms.settings.compiled import OutputRole, Settings

REST_CURRENT = 0.002  # C: less is the boards' own consumption and a shunt's zero


class _Electric(NamedTuple):
    """What cells and shunt say: V, A, W; numbers of the lowest and the highest cell from 1."""

    voltage: float | None = None
    current: float | None = None
    power: float | None = None
    lowest: int | None = None
    highest: int | None = None
    spread: float | None = None


def _electric(measured: Measured | None, settings: Settings) -> _Electric:
    if measured is None:
        return _Electric()
    known = [voltage for voltage in measured.voltages if voltage is not None]
    total = sum(known) if len(known) == settings.cells else measured.pack_voltage
    current = measured.current
    power = None if total is None or current is None else total * current
    if not known:
        return _Electric(total, current, power)
    low, high = min(known), max(known)
    voltages = measured.voltages
    return _Electric(total, current, power, voltages.index(low) + 1, voltages.index(high) + 1, high - low)


def snapshot(
    state: State,
    sample: Sample,
    actions: Actions,
    settings: Settings,
    loop: LoopSnapshot,
    simulated: bool = False,
    speed: float = 1.0,
) -> Snapshot:
    """Everything that is true after a step: state and actions of its outcome, and the sample it was given."""
    seen = _electric(state.measured, settings)
    full, empty = _times(state, settings)
    limp = None if state.limp is None else state.limp - state.clock
    return Snapshot(
        *(sample.time, sample.timestamp, settings.name, settings.chemistry, settings.cells, settings.capacity),
        *(simulated, speed, _activity(state, sample, seen.current, settings)),
        **seen._asdict(),
        soc=state.estimate.soc,
        soc_sigma=state.estimate.soc_sigma,
        time_to_full=full,
        time_to_empty=empty,
        stale=None if state.valid_at is None else state.clock - state.valid_at,
        cell=_cells(state, sample, settings),
        cell_band=settings.cell_band(),
        may_charge=state.may_charge,
        may_discharge=state.may_discharge,
        charge_contactor=_contactor(state.charge, sample, "charge"),
        load_contactor=_contactor(state.load, sample, "load"),
        outputs=_outputs(state, sample, settings),
        faults=state.verdict.faults,
        acknowledged=state.acknowledged,
        nodes=sample.nodes,
        sources=sample.sources,
        loop=loop,
        health=health(state.estimate, state.counters, settings.capacity),
        counters=counted(state.counters),
        common=settings.contactors.common,
        own_power=_own(state.measured),
        **shown.fields(state.managed, state.verdict, sample, actions, settings, limp),
    )


def _own(measured: Measured | None) -> float | None:
    """What boards and coils draw, W in steps of 10 mW."""
    if measured is None or measured.own is None or measured.pack_voltage is None:
        return None
    return round(measured.own * measured.pack_voltage, 2)


def _activity(state: State, sample: Sample, current: float | None, settings: Settings) -> Activity:
    """What the battery is doing, in one word."""
    closed = ContactorPhase.CLOSED
    if sample.switches is not None and closed not in (state.charge.phase, state.load.phase):
        return Activity.DISCONNECTED
    if current is None:
        return Activity.UNKNOWN
    if abs(current) < REST_CURRENT * settings.capacity:
        return Activity.RESTING
    return Activity.CHARGING if current > 0 else Activity.DISCHARGING


def _times(state: State, settings: Settings) -> tuple[float | None, float | None]:
    """Time until the weakest cells are full and empty at the mean current, s; None where it would not end."""
    return (None, None) if state.mean_current is None else estimate.times(state.estimate, state.mean_current, settings)


def _deepest(faults: tuple[Fault, ...]) -> dict[int, Ring]:
    found: dict[int, Ring] = {}
    for fault in faults:
        if fault.cell is not None and DEPTH[fault.ring] > DEPTH.get(found.get(fault.cell, Ring.WARN), 0):
            found[fault.cell] = fault.ring
        elif fault.cell is not None:
            found.setdefault(fault.cell, fault.ring)
    return found


def _cells(state: State, sample: Sample, settings: Settings) -> tuple[CellSnapshot, ...]:
    measured = state.measured
    voltages = measured.voltages if measured else (None,) * settings.cells
    temperatures = measured.temperatures if measured else ()
    rings = _deepest(state.verdict.faults)
    ages = {node.address: node.age for node in sample.nodes}
    return tuple(
        CellSnapshot(
            voltage=voltage,
            temperature=temperatures[index] if temperatures else None,
            age=ages.get(index // CELLS_PER_NODE + 1, inf) if ages else 0.0,
            ring=rings.get(index + 1),
        )
        for index, voltage in enumerate(voltages)
    )


def _contactor(contactor: Contactor, sample: Sample, side: str) -> ContactorSnapshot:
    switches = sample.switches
    feedback = None if switches is None else switches.charge_contactor if side == "charge" else switches.load_contactor
    return ContactorSnapshot(contactor.phase, feedback, contactor.cause, contactor.since)


def _outputs(state: State, sample: Sample, settings: Settings) -> tuple[OutputSnapshot, ...]:
    found = decided(state, state.charge, state.load, settings)
    reported = sample.switches.outputs if sample.switches else ()
    return tuple(
        OutputSnapshot(
            name=output.name,
            role=output.role,
            on=state.relays.on[place],
            feedback=_reported(output, reported, place),
            cause=found[place][1],
            override=state.overrides[place] is not None,
        )
        for place, output in enumerate(settings.outputs)
    )


def _reported(output: OutputRole, reported: tuple[bool, ...], place: int) -> bool | None:
    """What the relay does, behind its contact; the coils of a latching one say nothing of it."""
    if place >= len(reported) or output.off_coil is not None:
        return None
    return reported[place] is not output.closed
