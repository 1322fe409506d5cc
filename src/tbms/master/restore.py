"""What the last run had learned, believed a little less the longer it is ago."""

from math import hypot, isfinite
from typing import Any

DRIFT_PER_DAY = 0.01  # of capacity, one sigma: self-discharge, own consumption, and what a stopped master did not count
RESTART = 0.005  # of capacity, one sigma: what may have flowed around the restart itself
UNKNOWN = 0.3  # one sigma of an even spread over 0..1: nothing is known


def restored(values: dict[str, Any], timestamp: float) -> tuple[float, float] | None:
    """(soc, soc_sigma) 0..1 as saved, with sigma widened by the time since (UTC now); None without a usable value.

    A clock that stands before the time of saving (no battery-backed clock) counts as a month.
    """
    soc, sigma, saved = (_number(values.get(key)) for key in ("soc", "soc_sigma", "timestamp"))
    if soc is None or sigma is None or saved is None or not 0.0 <= soc <= 1.0 or sigma < 0.0:
        return None
    days = (timestamp - saved) / 86_400 if timestamp >= saved else 30.0
    return soc, min(UNKNOWN, hypot(sigma, RESTART, DRIFT_PER_DAY * days))


def _number(value: Any) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return float(value) if usable else None
