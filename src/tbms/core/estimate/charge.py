"""State of charge by counting: what flows in and out, and how much less is known with every hour."""

from dataclasses import dataclass

from tbms.core.measure.measured import Measured
from tbms.model.event import Event
from tbms.settings.compiled import Settings

EFFICIENCY = 0.995  # coulombic, of lithium cells: a little of what is charged never comes back
GAIN_ERROR = 0.005  # of the counted charge: a good shunt's gain
OFFSET = 0.0005  # C: a shunt's zero, as a share of the capacity an hour
BLIND = 0.3  # C: what may flow unseen while the current is unknown
UNKNOWN_SOC = 0.5  # where nothing is known yet
UNKNOWN_SIGMA = 0.29  # one standard deviation of "anywhere between empty and full"


@dataclass(frozen=True, slots=True)
class EstimateState:
    """What is known of the charge; the rest may stay None.

    soc, soc_sigma: 0..1, one standard deviation. capacity: measured, Ah. soh: 0..1. resistance: per cell, Ω.
    """

    soc: float
    soc_sigma: float
    capacity: float | None = None
    soh: float | None = None
    resistance: tuple[float | None, ...] = ()


def initial(settings: Settings, soc: float | None = None, sigma: float | None = None) -> EstimateState:
    """The start: soc 0..1 as remembered or told, sigma its standard deviation; None where nothing is known."""
    del settings
    if soc is None:
        return EstimateState(UNKNOWN_SOC, UNKNOWN_SIGMA)
    return EstimateState(min(1.0, max(0.0, soc)), 0.02 if sigma is None else sigma)


def update(
    state: EstimateState, measured: Measured, dt: float, settings: Settings
) -> tuple[EstimateState, tuple[Event, ...]]:
    """The charge after dt s at the measured current (A, positive charges), and what there is to tell."""
    if dt <= 0.0:
        return state, ()
    hours, capacity, current = dt / 3600.0, settings.capacity, measured.current
    if current is None:
        sigma = min(UNKNOWN_SIGMA, max(state.soc_sigma, state.soc_sigma + BLIND * hours))
        return EstimateState(state.soc, max(sigma, state.soc_sigma)), ()
    moved = current * hours / capacity
    soc = state.soc + (moved * EFFICIENCY if moved > 0.0 else moved)
    sigma = state.soc_sigma + GAIN_ERROR * abs(moved) + OFFSET * hours
    soc = 0.0 if soc < 0.0 else 1.0 if soc > 1.0 else soc
    return EstimateState(soc, sigma if sigma < UNKNOWN_SIGMA else max(UNKNOWN_SIGMA, state.soc_sigma)), ()
