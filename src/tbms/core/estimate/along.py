"""What looks at single places say of a whole curve: neighbours are alike, as errors of a curve are.

Per place two unknowns: how far the middle of the curve and its half gap lie from the shipped ones. Each is taken for a
chain along the charge whose neighbours are alike over `doubt_length` (Ornstein-Uhlenbeck), and found by a Kalman filter
one way and a smoother back (Rauch, Tung and Striebel, AIAA Journal 3 (1965) 1445), all in the spread of the chemistry.
"""

from collections.abc import Sequence
from math import exp, sqrt
from typing import NamedTuple

from tbms.core.estimate.ocv import PLACES, Curve, Place, prior

Pair = tuple[float, float]
Square = tuple[float, float, float]  # xx, xy, yy of a symmetric matrix


class Taught(NamedTuple):
    """What looks said of one place, weighted sums: 1, place in the gap, its square, V, V x place in the gap; 1/V²."""

    one: float = 0.0
    gap: float = 0.0
    square: float = 0.0
    volts: float = 0.0
    product: float = 0.0


def taught(known: Taught, gap: float, above: float, variance: float) -> Taught:
    """A place after one more look: V above the shipped curve, at a place in the gap, with its variance."""
    more = (1.0, gap, gap * gap, above, gap * above)
    return Taught(*(value + each / variance for value, each in zip(known, more, strict=True)))


def faded(known: Taught, share: float) -> Taught:
    """A place that keeps a share of what it was taught."""
    return Taught(*(value * share for value in known))


def _inverse(a: Square) -> Square:
    xx, xy, yy = a
    size = xx * yy - xy * xy
    return (yy / size, -xy / size, xx / size)


def _times(a: Square, v: Pair) -> Pair:
    return (a[0] * v[0] + a[1] * v[1], a[1] * v[0] + a[2] * v[1])


def _updated(mean: Pair, spread: Square, known: Taught, wide: Pair) -> tuple[Pair, Square]:
    """A place after what it was taught, in units of what it may be."""
    told = _inverse(spread)
    x, y = wide
    after = _inverse((told[0] + known.one * x * x, told[1] + known.gap * x * y, told[2] + known.square * y * y))
    a, b = _times(told, mean)
    return _times(after, (a + known.volts * x, b + known.product * y)), after


def curve_of(known: Sequence[Taught], curve: Curve, length: float) -> tuple[Place, ...]:
    """The battery's own curve from all it was taught; curve: as shipped. length: of SOC over which errors are alike."""
    like, wides = exp(-1.0 / PLACES / length), [_wide(curve, place) for place in range(PLACES)]
    mean, spread, forward = (0.0, 0.0), (1.0, 0.0, 1.0), []
    for each, wide in zip(known, wides, strict=True):
        expected = (like * mean[0], like * mean[1]), _spread(spread, like)
        mean, spread = _updated(*expected, each, wide)
        forward.append((expected, (mean, spread)))
    found = [(mean, spread)]
    for (_, (mean, spread)), (expected, _) in zip(forward[-2::-1], forward[:0:-1], strict=True):
        found.append(_back(mean, spread, expected, found[-1], like))
    return tuple(_place(*each, wide) for each, wide in zip(reversed(found), wides, strict=True))


def _wide(curve: Curve, place: int) -> Pair:
    fresh = prior(curve, place)
    return sqrt(fresh.mm), sqrt(fresh.gg)


def _spread(spread: Square, like: float) -> Square:
    """The spread of the next place, before it is looked at."""
    share, new = like * like, 1.0 - like * like
    return (share * spread[0] + new, share * spread[1], share * spread[2] + new)


def _back(
    mean: Pair, spread: Square, expected: tuple[Pair, Square], after: tuple[Pair, Square], like: float
) -> tuple[Pair, Square]:
    """A place as it looks when its next one is known better: gain = like x spread x (spread expected there)^-1."""
    (a, b, d), (e, f, h) = spread, _inverse(expected[1])
    g = (like * (a * e + b * f), like * (a * f + b * h), like * (b * e + d * f), like * (b * f + d * h))
    x, y = (after[0][0] - expected[0][0], after[0][1] - expected[0][1])
    p, q, r = (new - old for new, old in zip(after[1], expected[1], strict=True))
    rows = (g[0] * p + g[1] * q, g[0] * q + g[1] * r, g[2] * p + g[3] * q, g[2] * q + g[3] * r)
    return (mean[0] + g[0] * x + g[1] * y, mean[1] + g[2] * x + g[3] * y), (
        a + rows[0] * g[0] + rows[1] * g[1],
        b + rows[0] * g[2] + rows[1] * g[3],
        d + rows[2] * g[2] + rows[3] * g[3],
    )


def _place(mean: Pair, spread: Square, wide: Pair) -> Place:
    x, y = wide
    return Place(mean[0] * x, mean[1] * y, spread[0] * x * x, spread[1] * x * y, spread[2] * y * y)
