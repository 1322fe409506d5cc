"""Self-discharge of each cell against the others: how its difference in charge drifts from day to day.

The difference of a cell is taken as the mean of a whole day, for over a day's ups and downs a difference in capacity
and errors of the curve's slope stay the same; what balancing took is given back. A line through up to eight such days
is what it loses by itself.
"""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from tbms.core.estimate.cells import Cell
from tbms.core.estimate.middle import median

HOURS = 24.0  # of a day
KEPT = 8  # days
_LEAST = 3  # days before a line means anything
_SEEN = 6.0  # h of a day in which the differences are sure enough
SURE = 0.012  # SOC: standard deviation of a difference that counts
_ERROR = 0.006  # SOC: of a day's mean, one standard deviation

Day = tuple[float, ...]
"""Number of the day, then the SOC of each cell above the mean, balancing given back."""


class Leak(NamedTuple):
    """hours: of operation. sums: SOC hours of this day, seen: h of it that count. back: SOC given back since the start.

    days: those that are over, oldest first.
    """

    hours: float = 0.0
    seen: float = 0.0
    sums: tuple[float, ...] = ()
    back: tuple[float, ...] = ()
    days: tuple[Day, ...] = ()


class Rates(NamedTuple):
    """SOC a day that each cell loses beyond the median cell, and the standard deviation of one."""

    lost: tuple[float, ...]
    sigma: float


def after(known: Leak, cells: Sequence[Cell], given: Sequence[float], hours: float) -> Leak:
    """After so many hours; given: SOC that balancing took from each cell beyond the mean."""
    count = len(cells)
    back = tuple([a + b for a, b in zip(known.back or (0.0,) * count, given, strict=True)])
    sums, seen = known.sums or (0.0,) * count, known.seen
    if all(cell.spread[0][0] < SURE * SURE for cell in cells):
        seen += hours
        sums = tuple([s + hours * (c.mean[0] + b) for s, c, b in zip(sums, cells, back, strict=True)])
    known = Leak(known.hours + hours, seen, sums, back, known.days)
    return known if known.hours // HOURS == (known.hours - hours) // HOURS else _over(known)


def _over(known: Leak) -> Leak:
    """A day is over."""
    today = known.hours // HOURS
    days = [day for day in known.days if day[0] > today - KEPT]
    if known.seen >= _SEEN:
        days.append((today, *(value / known.seen for value in known.sums)))
    return Leak(known.hours, 0.0, (), known.back, tuple(days))


def rates(known: Leak) -> Rates | None:
    """What the days say; None while there are too few."""
    if len(known.days) < _LEAST:
        return None
    middle = sum(day[0] for day in known.days) / len(known.days)
    spread = sum((day[0] - middle) ** 2 for day in known.days)
    count = len(known.days[0]) - 1
    slopes = [sum((day[0] - middle) * day[1 + k] for day in known.days) / spread for k in range(count)]
    usual = median(slopes)
    return Rates(tuple([usual - slope for slope in slopes]), _ERROR / sqrt(spread))
