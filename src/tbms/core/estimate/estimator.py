"""The estimator's memory and its one step: what the rest of the core sees of this room."""

from typing import NamedTuple

from tbms.core.estimate import charge, traits
from tbms.core.estimate.charge import Charge, Flow
from tbms.core.estimate.ocv import Blend, Curve, blend, curve, fresh
from tbms.core.estimate.traits import TRAITS
from tbms.core.measure.measured import Measured
from tbms.model.event import Event
from tbms.settings.compiled import Settings

UNKNOWN_SOC, UNKNOWN_SIGMA = 0.5, 0.29  # where nothing is known yet: anywhere between empty and full
TOLD_SIGMA = 0.3  # of a told state of charge until a voltage has been seen
ROOM = 25.0  # °C: where no temperature is measured
EFFICIENCY = {"lfp": 0.998, "nmc": 0.998, "lmo": 0.995, "lto": 0.999}
"""Coulombic efficiency: share of what is charged that comes back (Plett, Battery Management Systems 1, section 2)."""


class EstimateState(NamedTuple):
    """What is known of the battery.

    soc, soc_sigma: 0..1, one standard deviation. capacity: measured, Ah. soh: 0..1. resistance: per cell, Ω.
    told: SOC and sigma as remembered or given. curve: for the settings. blend: at the battery's temperature.
    charge: of the mean cell. current: last known, A.
    """

    soc: float
    soc_sigma: float
    capacity: float | None
    soh: float | None
    resistance: tuple[float | None, ...]
    told: tuple[float | None, float | None]
    curve: Curve
    blend: Blend
    charge: Charge | None
    current: float | None


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
        told=(told, sigma),
        curve=table,
        blend=blend(table, ROOM),
        charge=None,
        current=None,
    )


def _temperature(measured: Measured) -> float:
    """Mean of the cells, °C."""
    known = [value for value in measured.temperatures if value is not None]
    return sum(known) / len(known) if known else ROOM


def _voltage(measured: Measured) -> float | None:
    """Mean of the cells, V."""
    known = [value for value in measured.voltages if value is not None]
    return sum(known) / len(known) if known else None


def _flow(before: float, current: float, dt: float, settings: Settings) -> Flow:
    """What a step of the current moved: a straight line between the samples."""
    share = dt / 3600.0 / settings.capacity
    moved = (current + before) / 2.0 * share
    rough = (current - before) / 2.0 * share
    return Flow(moved * EFFICIENCY[settings.chemistry] if moved > 0.0 else moved, dt, current, rough * rough)


def update(
    state: EstimateState, measured: Measured, dt: float, settings: Settings
) -> tuple[EstimateState, tuple[Event, ...]]:
    """The battery after dt s at what is measured now, and what there is to tell."""
    current, voltage = measured.current, _voltage(measured)
    if current is None or voltage is None:
        return state, ()
    kind = TRAITS[settings.chemistry]
    known, before = state.charge, state.current
    if known is None or before is None:
        made = fresh(state.blend, state.curve, _temperature(measured))
        known = charge.begin(state.told, kind, settings.capacity, _temperature(measured), current)
        state = state._replace(blend=made)
        before, dt = current, 0.0
    elif dt <= 0.0:
        return state, ()
    first = state.charge is None
    known = charge.counted(known, _flow(before, current, dt, settings), voltage, state.blend)
    if known.window.time >= traits.WINDOW or first:
        made = fresh(state.blend, state.curve, _temperature(measured))
        known = charge.corrected(known, made, kind)
        state = state._replace(blend=made, soc_sigma=known.sigma)
    return state._replace(charge=known, current=current, soc=min(1.0, max(0.0, known.soc))), ()
