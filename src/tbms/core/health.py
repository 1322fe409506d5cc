"""Health and counters as the API gives them."""

from tbms.core.counters import HOUR, Counters
from tbms.core.estimate import EstimateState
from tbms.core.estimate.capacity import value
from tbms.model.snapshot import CountersSnapshot, HealthSnapshot


def health(known: EstimateState, counters: Counters, capacity: float) -> HealthSnapshot:
    """What the estimator has learned; capacity: nominal, Ah, which counts full cycles."""
    parts = known.parts
    return HealthSnapshot(
        capacity=known.capacity,
        capacity_sigma=value(known.store)[1] if known.store.pairs else None,
        soh=known.soh,
        cycles=round(counters.charge_out / capacity, 2),
        resistance=tuple([None if part is None else round(part.mean, 7) for part in parts.ohmic]),
        slow=tuple([None if part is None else round(part.mean, 7) for part in parts.slow]),
        steps=tuple([0 if part is None else part.steps for part in parts.ohmic]),
        weak=tuple(sorted(known.doubts.early | known.doubts.small)),
        joints=tuple(sorted(known.doubts.joints)),
        leaks=tuple(sorted(known.doubts.leaks)),
    )


def counted(known: Counters) -> CountersSnapshot:
    """The counters in steps that a person reads: 0.01 Ah, 1 Wh, 1 s."""
    return CountersSnapshot(
        charge_in=round(known.charge_in, 2),
        charge_out=round(known.charge_out, 2),
        energy_in=round(known.energy_in),
        energy_out=round(known.energy_out),
        time=round(known.time),
        charge_closings=known.charge_closings,
        load_closings=known.load_closings,
        warn=round(known.warn),
        limit=round(known.limit),
        cut=round(known.cut),
        own_closed=_mean(known.own_closed, known.own_closed_time),
        own_open=_mean(known.own_open, known.own_open_time),
        own_asleep=_mean(known.own_asleep, known.own_asleep_time),
    )


def _mean(energy: float, time: float) -> float | None:
    """Mean power of so many Wh in so many s, W; None before there was any."""
    return round(HOUR * energy / time, 2) if time else None
