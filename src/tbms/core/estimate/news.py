"""What the estimator has to tell of a window: a correction, a capacity, a curve that was learned."""

from tbms.core.estimate import capacity as store
from tbms.core.estimate.doubts import event
from tbms.core.estimate.own import furthest
from tbms.core.estimate.state import EstimateState
from tbms.core.measure.measured import Measured
from tbms.model.event import Event, Phase

_JUMP = 0.02  # SOC: a correction larger than this is told


def told(before: EstimateState, after: EstimateState, measured: Measured) -> list[Event]:
    """A correction that a person would see, and a capacity or a curve that was learned."""
    found = []
    if abs(after.soc - before.soc) > _JUMP:
        cause = f"the voltage says {100 * after.soc:.0f} %, counting said {100 * before.soc:.0f} %"
        found.append(event(measured, "soc", Phase.CHANGED, cause, number=after.soc))
    if after.store.pairs > before.store.pairs:
        size, sigma = store.value(after.store)
        cause = f"measured between two proofs by voltage: {size:.4g} Ah, one standard deviation {sigma:.2g} Ah"
        found.append(event(measured, "capacity", Phase.CHANGED, cause, number=size, unit="Ah"))
    if after.own.used and not before.own.used:
        far = furthest(after.own)
        cause = f"learned between full and empty: up to {1000 * far:.0f} mV from the shipped curve"
        found.append(event(measured, "own_curve", Phase.CAME, cause, number=far, unit="V"))
    if before.own.used and not after.own.used:
        cause = "the learned curve is not used until it has proved itself again"
        found.append(event(measured, "own_curve", Phase.WENT, cause))
    return found
