"""The shunt's zero, read while both contactors are open: then nothing flows but what the boards themselves draw.

What is read is uncertain by the boards' own consumption, which is the same every time: many readings are one proof.
"""

from math import sqrt
from typing import NamedTuple

_LEAST = 5  # samples in a row before they are believed
_OWN_SHARE = 0.5  # of the boards' own consumption: how well it is known, one standard deviation
_NOISE = 5e-4  # C: of one sample
_FLOOR = 5e-5  # C: what no number of samples goes below, a shunt's own wander in minutes
NEWS = 2.0  # times the variance of a reading: a zero that is known worse than so is corrected


class Zero(NamedTuple):
    """Samples in a row with both contactors open: sum of their currents, A, and how many."""

    total: float = 0.0
    samples: int = 0


class Seen(NamedTuple):
    """A zero error as it was read, C, and its variance."""

    offset: float
    variance: float


NOTHING = Zero()


def added(zero: Zero, current: float) -> Zero:
    """After one more sample, A."""
    return Zero(zero.total + current, zero.samples + 1)


def seen(zero: Zero, own: float, capacity: float) -> Seen | None:
    """What the samples say; own: A that the boards draw through the shunt, capacity: Ah. None: too few."""
    if zero.samples < _LEAST:
        return None
    mean = zero.total / zero.samples + own
    error = sqrt((_OWN_SHARE * own / capacity) ** 2 + _NOISE**2 / zero.samples + _FLOOR**2)
    return Seen(mean / capacity, error * error)
