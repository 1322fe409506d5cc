"""How every cell differs from the mean cell: charge, capacity, resistance, by a small Kalman filter each.

Bar-delta filtering (Plett, "Efficient battery pack state estimation using bar-delta filtering", EVS24, 2009): the mean
cell carries the curve's common errors, differences see none of them. A cell's states are
  0 SOC above the mean cell   1 how much faster its SOC moves (mean capacity over its own, less 1)   2 Ω above the mean
"""

from math import sqrt
from typing import NamedTuple

from tbms.core.estimate.ocv import Blend, look

_CHARGE = 0.04  # SOC: difference of cells in a new pack, one standard deviation
_CAPACITY = 0.04  # relative: the same for capacity
_RESISTANCE = 0.3  # relative: the same for resistance
_NOISE = 0.0015  # V: of a window's mean difference
_SHARE = 0.03  # of the voltage that current makes: cells relax differently
_ALIKE = 25.0  # windows whose error is alike: cells of one pack differ by a millivolt for hours
_BENT = 0.3  # of what the difference in charge makes: the slope of the curve is not known better
_AXIS = 0.004  # SOC: by which the knees of two like cells differ
_WANDER = 2e-4  # SOC per square root of an hour: leakage, balancing
_REACH = 0.01  # SOC: over which the curve's slope is taken at least

Three = tuple[float, float, float]


class Cell(NamedTuple):
    """Differences (SOC, relative, Ω) and their covariance rows."""

    mean: Three
    spread: tuple[Three, Three, Three]


def new(resistance: float) -> Cell:
    """A cell of which nothing is known; resistance: of the mean cell, Ω."""
    return Cell(
        (0.0, 0.0, 0.0),
        ((_CHARGE**2, 0.0, 0.0), (0.0, _CAPACITY**2, 0.0), (0.0, 0.0, (_RESISTANCE * resistance) ** 2)),
    )


def moved(cell: Cell, by: float, hours: float) -> Cell:
    """After the mean cell's SOC moved."""
    charge, faster, ohms = cell.mean
    (a, b, c), (_, d, e), (_, _, f) = cell.spread
    first = a + 2.0 * by * b + by * by * d + _WANDER * _WANDER * hours
    b, c = b + by * d, c + by * e
    return Cell((charge + by * faster, faster, ohms), ((first, b, c), (b, d, e), (c, e, f)))


def seen(cell: Cell, above: float, soc: float, current: float, polarised: float, curve: Blend) -> Cell:
    """After a look: V above the mean cell, mean cell's SOC, mean current (A) and the voltage it makes (V)."""
    charge = cell.mean[0]
    reach = charge if abs(charge) > _REACH else _REACH
    here = look(curve.middle, soc)
    slope = (look(curve.middle, soc + reach) - here) / reach
    if reach is not charge:
        slope = (slope + (here - look(curve.middle, soc - reach)) / reach) / 2.0
    gains = [row[0] * slope + row[2] * current for row in cell.spread]
    bent = slope * (abs(charge) * _BENT + _AXIS)
    noise = _ALIKE * (_NOISE**2 + (_SHARE * polarised) ** 2 + bent * bent)
    variance = gains[0] * slope + gains[2] * current + noise
    error = above - slope * charge - current * cell.mean[2]
    share = [gain / variance for gain in gains]
    mean = tuple(value + part * error for value, part in zip(cell.mean, share, strict=True))
    spread = tuple(
        tuple(value - part * other for value, other in zip(row, gains, strict=True))
        for row, part in zip(cell.spread, share, strict=True)
    )
    return Cell(mean, spread)  # type: ignore[arg-type]  # three in, three out


def lead(cell: Cell, soc: float) -> tuple[float, float]:
    """SOC by which the cell will differ when the mean cell is empty, and its standard deviation."""
    charge, faster, _ = cell.mean
    (a, b, _), (_, d, _), _ = cell.spread
    return charge - soc * faster, sqrt(max(0.0, a - 2.0 * soc * b + soc * soc * d))


def usable(cells: tuple[Cell, ...], soc: float) -> float:
    """SOC of the pack, limited by its weakest cells, from that of the mean cell; certain differences only."""
    proven = []
    for cell in cells:
        size = max(0.0, abs(cell.mean[0]) - sqrt(max(0.0, cell.spread[0][0])))
        proven.append(size if cell.mean[0] > 0.0 else -size)
    left, room = max(0.0, soc + min(proven)), max(0.0, 1.0 - soc - max(proven))
    return left / (left + room) if left + room > 0.0 else soc
