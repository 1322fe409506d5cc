"""The shunt's zero, read while both contactors are open: then nothing flows but what the boards themselves draw.

What is read is uncertain by the boards' own consumption, which is the same every time: many readings are one proof.
Where boards measure what they draw it is little; else half of what the settings say.
"""

from math import sqrt
from typing import NamedTuple

_LEAST = 5  # samples in a row before they are believed
_OWN_SHARE = 0.5  # of the boards' own consumption: how well the setting knows it, one standard deviation
_MEASURED_SHARE = 0.03  # the same where it is measured: a shunt of 1 %, and what is drawn elsewhere
_NOISE = 5e-4  # C: of one sample
_FLOOR = 5e-5  # C: what no number of samples goes below, a shunt's own wander in minutes
NEWS = 2.0  # times the variance of a reading: a zero that is known worse than so is corrected


class Zero(NamedTuple):
    """Samples in a row with both contactors open: sum of their currents, A, and how many.

    own: sum of what the boards drew then, A; None as soon as one did not say.
    """

    total: float = 0.0
    samples: int = 0
    own: float | None = 0.0


class Seen(NamedTuple):
    """A zero error as it was read, C, and its variance."""

    offset: float
    variance: float


NOTHING = Zero()


def added(zero: Zero, current: float, own: float | None) -> Zero:
    """After one more sample, A; own: that the boards drew, None where it is not measured."""
    drawn = None if own is None or zero.own is None else zero.own + own
    return Zero(zero.total + current, zero.samples + 1, drawn)


def seen(zero: Zero, own: float, capacity: float) -> Seen | None:
    """What the samples say; own: A that the boards draw by the settings, capacity: Ah. None: too few."""
    if zero.samples < _LEAST:
        return None
    share = _OWN_SHARE
    if zero.own is not None:
        own, share = zero.own / zero.samples, _MEASURED_SHARE
    mean = zero.total / zero.samples + own
    error = sqrt((share * own / capacity) ** 2 + _NOISE**2 / zero.samples + _FLOOR**2)
    return Seen(mean / capacity, error * error)
