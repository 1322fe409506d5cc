"""Capacity from what flowed between two states of charge that the voltage proves: total least squares, fading memory.

Both the change of SOC and the counted charge are uncertain, so plain least squares would be biased. Recursive weighted
total least squares (Plett, J. Power Sources 196 (2011) 2319): charge is scaled by the told capacity, both errors of a
pair are joined into one size, and AWTLS's quartic becomes a square root.
"""

from math import sqrt
from typing import NamedTuple

FULL, EMPTY = 0.98, 0.06  # SOC: beyond them the curve is steep enough to prove a state of charge
_SURE = 0.013  # SOC: standard deviation of a proof
_LEAST = 0.4  # SOC: between two proofs that make a pair
_AXIS = 0.010  # SOC: where "full" and "empty" lie, one standard deviation each
_GAIN = 0.003  # relative: of the shunt
_TOLD = 0.10  # relative: how far a told capacity is trusted
_LEAVE = 0.02  # SOC: so far from a knee its visit is over
_PLAUSIBLE = (0.5, 1.3)  # of the told capacity: what else comes out is a gap in the counting
_FADE = 0.95  # of the memory that stays with every pair


class Proof(NamedTuple):
    """A state of charge that the voltage proved: SOC, its sigma, Ah counted by then."""

    soc: float
    sigma: float
    counted: float


class Capacity(NamedTuple):
    """sums: weighted x², x y, y² of all pairs, y scaled so that the told capacity is 1. counted: Ah, net.

    last: the proof that a pair begins with. here: the best proof of the visit now. pairs: how many were used.
    """

    sums: tuple[float, float, float]
    told: float
    counted: float = 0.0
    last: Proof | None = None
    here: Proof | None = None
    pairs: int = 0


def start(told: float) -> Capacity:
    """Before the first proof; told: nominal capacity, Ah."""
    return Capacity(_pair(1.0, 1.0, _TOLD**2), told)


def _pair(x: float, y: float, variance: float) -> tuple[float, float, float]:
    """What a pair adds to the sums; variance of y - Q x, seen along both axes alike where Q is about 1."""
    weight = 2.0 / variance
    return (x * x * weight, x * y * weight, y * y * weight)


def value(known: Capacity) -> tuple[float, float]:
    """Capacity and its standard deviation, Ah."""
    xx, xy, yy = known.sums
    half = (yy - xx) / (2.0 * xy)
    q = half + sqrt(half * half + 1.0)
    return q * known.told, sqrt((1.0 + q * q) / xx) * known.told


def after(known: Capacity, charge: float, soc: float, sigma: float) -> Capacity:
    """After `charge` Ah flowed (positive in), at an estimated soc and sigma."""
    known = known._replace(counted=known.counted + charge)
    if sigma <= _SURE and (soc >= FULL or soc <= EMPTY):
        proof = Proof(soc, sigma, known.counted)
        if known.here is None or proof.sigma <= known.here.sigma:
            return known._replace(here=proof)
        return known
    if known.here is None or not EMPTY + _LEAVE < soc < FULL - _LEAVE:
        return known
    return _closed(known, known.here)


def _closed(known: Capacity, here: Proof) -> Capacity:
    """A visit to a knee is over: it makes a pair with the one before."""
    last = known.last
    if last is None or abs(here.soc - last.soc) < _LEAST:
        return known._replace(last=here, here=None)
    x, y = here.soc - last.soc, (here.counted - last.counted) / known.told
    if not _PLAUSIBLE[0] < y / x < _PLAUSIBLE[1]:
        return known._replace(last=here, here=None)
    xx, xy, yy = _pair(x, y, max(_AXIS, here.sigma) ** 2 + max(_AXIS, last.sigma) ** 2 + (_GAIN * y) ** 2)
    a, b, c = known.sums
    sums = (_FADE * a + xx, _FADE * b + xy, _FADE * c + yy)
    return known._replace(sums=sums, last=here, here=None, pairs=known.pairs + 1)


def cut(known: Capacity) -> Capacity:
    """What was counted is lost (a gap): the next proof begins anew."""
    return known._replace(last=None, here=None)
