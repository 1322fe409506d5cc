"""A few guesses at the state of the battery, each a Gaussian, weighed by how well they foretell the voltage.

A Gaussian-sum filter (Alspach and Sorenson, IEEE Trans. Automatic Control 17 (1972) 439). Every guess holds
  0 state of charge                     1 zero error of the current, C
  2 place in the hysteresis gap beyond what the current explains, half gaps
  3 error of the open-circuit curve, in its own standard deviations, alike over a stretch of SOC
  4, 5 how this cell differs from its kind, in standard deviations of the two shapes
  6 share of the slow curves' gap that remains at rest
  7 polarisation that the model does not know, V
Voltage errors 3 to 7 are states, not noise: a constant error of the model is never taken for many proofs (considered
bias, Schmidt 1966). The curve is made linear by three sigma points, so that a guess knows when it cannot know.
"""

from collections.abc import Sequence
from math import exp, sqrt
from typing import NamedTuple

from tbms.core.estimate.ocv import Blend, look

SIZE = 8
_POINT = sqrt(3.0)  # sigma points of a Gaussian in one dimension lie at 0 and ± sqrt(3) standard deviations
_LEAST_WEIGHT = 1e-5  # below it a guess is dropped
_LEAST_SOC, _MOST_SOC = -0.05, 1.05  # the curve is steep beyond 0 and 1: no guess stays there
_SETTLE_RANGE = (0.1, 1.3)
_NEAR, _NEAR_SOC = 0.7, 0.004  # standard deviations, SOC: guesses nearer than this are one
_FAR_OUT = 60.0  # squared standard deviations: beyond it one guess is as bad as another
_WIDE, _APART, _NARROW = 0.08, 0.05, 0.03  # SOC: wider guesses are parted into such as these
_WIDEST = 0.5  # SOC: from there on nothing is known
_LEAST_VARIANCE = 1e-9  # SOC²: what rounding may not go below
_times = float.__mul__

Vector = tuple[float, ...]


class Guess(NamedTuple):
    """One Gaussian: weight, mean, covariance (rows)."""

    weight: float
    mean: Vector
    spread: tuple[Vector, ...]


class Drift(NamedTuple):
    """What happens between two corrections.

    moved: SOC. hours: elapsed. keep: share of each state that stays. grow: variance added to each.
    """

    moved: float
    hours: float
    keep: Vector
    grow: Vector


def drift(guess: Guess, by: Drift) -> Guess:
    """A guess after the battery moved."""
    hours, keep = by.hours, by.keep
    mean = [value * share for value, share in zip(guess.mean, keep, strict=True)]
    mean[0] = guess.mean[0] + by.moved - guess.mean[1] * hours
    offset = guess.spread[1]
    rows = [
        [a - hours * b for a, b in zip(guess.spread[0], offset, strict=True)],
        *(list(row) for row in guess.spread[1:]),
    ]
    for row, share, more, index in zip(rows, keep, by.grow, range(SIZE), strict=True):
        row[0] -= hours * row[1]
        row[:] = [value * share * other for value, other in zip(row, keep, strict=True)]
        row[index] += more
    return Guess(guess.weight, tuple(mean), tuple(map(tuple, rows)))


def _line(curve: Blend, guess: Guess, place: float) -> tuple[float, Vector, float]:
    """Voltage a guess foretells, its slope in every state, and the variance of what is not a line.

    place: in the hysteresis gap by the current's history, -1..1.
    """
    soc, mean = guess.mean[0], guess.mean
    reach = _POINT * sqrt(max(_LEAST_VARIANCE, guess.spread[0][0]))
    centre, low, high = (look(curve.middle, soc), look(curve.middle, soc - reach), look(curve.middle, soc + reach))
    middle = (low + 4.0 * centre + high) / 6.0
    slope = (high - low) / (2.0 * reach)
    bent = (
        4.0 * (centre - middle) ** 2 + (low - middle + slope * reach) ** 2 + (high - middle - slope * reach) ** 2
    ) / 6.0
    gap = look(curve.half_gap, soc)
    slopes = (
        *(slope, 0.0, gap, look(curve.doubt, soc)),
        *(look(curve.first, soc), look(curve.second, soc), gap * place, 1.0),
    )
    return middle + sum(map(_times, slopes[2:], mean[2:])), slopes, bent


def _updated(guess: Guess, gains: Sequence[float], error: float, variance: float) -> tuple[Guess, float]:
    """A guess after something was seen that it foretold wrong by `error`, and by how many squared sigmas it was wrong.

    gains: covariance of every state with what was seen. variance: of what was foretold and of the look together.
    """
    surprise = error * error / variance
    mean = [value + gain * error / variance for value, gain in zip(guess.mean, gains, strict=True)]
    mean[0] = min(_MOST_SOC, max(_LEAST_SOC, mean[0]))
    mean[6] = min(_SETTLE_RANGE[1], max(_SETTLE_RANGE[0], mean[6]))
    spread = []
    for row, gain in zip(guess.spread, gains, strict=True):
        share = gain / variance
        spread.append(tuple([value - share * other for value, other in zip(row, gains, strict=True)]))
    spread = [(*row[:i], max(_LEAST_VARIANCE, row[i]), *row[i + 1 :]) for i, row in enumerate(spread)]
    weight = guess.weight * exp(-0.5 * min(surprise, _FAR_OUT)) / sqrt(variance)
    return Guess(weight, tuple(mean), tuple(spread)), surprise


def correct(guess: Guess, curve: Blend, place: float, voltage: float, noise: float) -> tuple[Guess, float]:
    """A guess after a look at the voltage (V, variance `noise`), and by how many squared sigmas it was wrong."""
    foretold, slopes, bent = _line(curve, guess, place)
    gains = [sum(map(_times, row, slopes)) for row in guess.spread]
    return _updated(guess, gains, voltage - foretold, sum(map(_times, gains, slopes)) + noise + bent)


def observed(guess: Guess, state: int, value: float, variance: float) -> Guess:
    """A guess after one of its states was seen itself, with this variance."""
    gains = [row[state] for row in guess.spread]
    return _updated(guess, gains, value - guess.mean[state], gains[state] + variance)[0]


def forgot(guess: Guess, first: int, means: Sequence[float], deviations: Sequence[float]) -> Guess:
    """A guess that knows nothing more of some states in a row: their means and standard deviations as given."""
    inside = range(first, first + len(means))
    rows = [
        [0.0 if i in inside or j in inside else value for j, value in enumerate(row)]
        for i, row in enumerate(guess.spread)
    ]
    for place, deviation in zip(inside, deviations, strict=True):
        rows[place][place] = deviation * deviation
    mean = (*guess.mean[:first], *means, *guess.mean[first + len(means) :])
    return Guess(guess.weight, mean, tuple(map(tuple, rows)))


def _joined(a: Guess, b: Guess) -> Guess:
    """Two guesses as one of the same mean and covariance."""
    weight = a.weight + b.weight
    left, right = a.weight / weight, b.weight / weight
    mean = tuple(left * x + right * y for x, y in zip(a.mean, b.mean, strict=True))
    apart = [x - y for x, y in zip(a.mean, b.mean, strict=True)]
    spread = tuple(
        tuple(left * x + right * y + left * right * di * dj for x, y, dj in zip(row_a, row_b, apart, strict=True))
        for row_a, row_b, di in zip(a.spread, b.spread, apart, strict=True)
    )
    return Guess(weight, mean, spread)


def _alike(a: Guess, b: Guess) -> bool:
    """Two guesses that say the same of charge and zero error."""
    if abs(a.mean[0] - b.mean[0]) >= max(_NEAR * sqrt(min(a.spread[0][0], b.spread[0][0])), _NEAR_SOC):
        return False
    return abs(a.mean[1] - b.mean[1]) < _NEAR * sqrt(min(a.spread[1][1], b.spread[1][1]))


def merged(guesses: Sequence[Guess]) -> tuple[Guess, ...]:
    """Weights made to sum to one, unlikely guesses dropped, like ones joined."""
    total = sum(guess.weight for guess in guesses)
    kept: list[Guess] = []
    for guess in sorted(guesses, key=lambda each: each.mean[0]):
        scaled = guess._replace(weight=guess.weight / total)
        if scaled.weight < _LEAST_WEIGHT:
            continue
        for index, other in enumerate(kept):
            if _alike(other, scaled):
                kept[index] = _joined(other, scaled)
                break
        else:
            kept.append(scaled)
    return tuple(kept)


def narrowed(guesses: Sequence[Guess]) -> tuple[Guess, ...]:
    """The same without guesses too wide for one straight line through the curve: those are joined, then parted."""
    kept = [guess for guess in guesses if guess.spread[0][0] <= _WIDE * _WIDE]
    broad = [guess for guess in guesses if guess.spread[0][0] > _WIDE * _WIDE]
    if not broad:
        return tuple(kept)
    one = broad[0]
    for other in broad[1:]:
        one = _joined(one, other)
    return (*kept, *_parted(one))


def _parted(guess: Guess) -> tuple[Guess, ...]:
    """A wide guess as several narrow ones of the same mean and width."""
    wide = sqrt(guess.spread[0][0])
    scale, wide, centre = _NARROW / wide, min(wide, _WIDEST), min(1.0, max(0.0, guess.mean[0]))
    reach = int(2.5 * wide / _APART) + 1
    places = [centre + step * _APART for step in range(-reach, reach + 1)]
    bells = [exp(-0.5 * ((place - centre) / wide) ** 2) if 0.0 <= place <= 1.0 else 0.0 for place in places]
    total = sum(bells)
    first = (_NARROW * _NARROW, *(value * scale for value in guess.spread[0][1:]))
    spread = (first, *((row[0] * scale, *row[1:]) for row in guess.spread[1:]))
    return tuple(
        Guess(guess.weight * bell / total, (place, *guess.mean[1:]), spread)
        for place, bell in zip(places, bells, strict=True)
        if bell > 0.0
    )


def moments(guesses: Sequence[Guess], state: int = 0) -> tuple[float, float]:
    """Mean of one state and its standard deviation over all guesses; without a word that of SOC."""
    mean = sum(guess.weight * guess.mean[state] for guess in guesses)
    variance = sum(guess.weight * (guess.spread[state][state] + (guess.mean[state] - mean) ** 2) for guess in guesses)
    return mean, sqrt(variance)
