"""What the last run had learned, believed a little less the longer it is ago."""

from math import hypot, isfinite
from typing import Any

from tbms.core import counters
from tbms.core.estimate import memory
from tbms.core.manage import memory as managing
from tbms.core.state import State
from tbms.model.snapshot import Snapshot
from tbms.settings.compiled import Settings

DAY = 86_400.0  # s
DRIFT_PER_DAY = 0.01  # of capacity, one sigma: self-discharge, own consumption, and what a stopped master did not count
RESTART = 0.005  # of capacity, one sigma: what may have flowed around the restart itself
UNKNOWN = 0.3  # one sigma of an even spread over 0..1: nothing is known


def learned(shown: Snapshot, state: State, settings: Settings) -> dict[str, Any]:
    """What must survive a restart; empty while nothing is known."""
    if shown.soc is None or shown.soc_sigma is None or not isfinite(shown.soc_sigma):
        return {}
    return {
        "timestamp": shown.timestamp,
        "soc": shown.soc,
        "soc_sigma": shown.soc_sigma,
        "estimate": memory.saved(state.estimate),
        "counters": state.counters._asdict(),
        "managed": managing.saved(state.managed, state.clock, settings),
        "asleep": _asleep(state, shown.timestamp),
    }


def reborn(fresh: State, values: dict[str, Any], settings: Settings, timestamp: float, now: float) -> State:
    """The state of a boot with all else that was learned and counted; what is not sound is left out.

    timestamp: UTC, now: core's clock, both at this moment.
    """
    known = memory.restored(values.get("estimate"), fresh.estimate, settings, DAY * _days(values, timestamp))
    saved = _number(values.get("timestamp"))
    away = 0.0 if saved is None else max(0.0, timestamp - saved)  # a clock that was not set makes no range run
    managed = managing.restored(values.get("managed"), fresh.managed, settings, away)
    asleep = _number(values.get("asleep"))
    return fresh._replace(
        estimate=known,
        counters=counters.restored(values.get("counters")),
        managed=managed,
        asleep_since=None if asleep is None else now - (timestamp - asleep),
    )


def _asleep(state: State, timestamp: float) -> float | None:
    """When everything fell asleep, UTC, while what was drawn since is not counted."""
    if state.actions.sleep:
        return timestamp
    return None if state.asleep_since is None else timestamp - (state.clock - state.asleep_since)


def restored(values: dict[str, Any], timestamp: float) -> tuple[float, float] | None:
    """(soc, soc_sigma) 0..1 as saved, with sigma widened by the time since (UTC now); None without a usable value."""
    soc, sigma, saved = (_number(values.get(key)) for key in ("soc", "soc_sigma", "timestamp"))
    if soc is None or sigma is None or saved is None or not 0.0 <= soc <= 1.0 or sigma < 0.0:
        return None
    return soc, min(UNKNOWN, hypot(sigma, RESTART, DRIFT_PER_DAY * _days(values, timestamp)))


def _days(values: dict[str, Any], timestamp: float) -> float:
    """Since the values were saved; a clock that stands before (no battery-backed clock) counts as a month."""
    saved = _number(values.get("timestamp"))
    return 30.0 if saved is None or timestamp < saved else (timestamp - saved) / DAY


def _number(value: Any) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return float(value) if usable else None
