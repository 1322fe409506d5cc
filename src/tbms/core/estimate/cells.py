"""How every cell differs from the mean cell: charge, capacity, resistance, by a small Kalman filter each.

Bar-delta filtering (Plett, "Efficient battery pack state estimation using bar-delta filtering", EVS24, 2009): the mean
cell carries the curve's common errors, differences see none of them. A cell's states are
  0 SOC above the mean cell   1 how much faster its SOC moves (mean capacity over its own, less 1)   2 Ω above the mean
"""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from tbms.core.estimate.charge import Charge, Window
from tbms.core.estimate.ocv import Blend, look

PLACED = 0.03  # SOC: standard deviation below which the curve's slope is known well enough to compare cells
_CHARGE = 0.04  # SOC: difference of cells in a new pack, one standard deviation
_CAPACITY = 0.04  # relative: the same for capacity
_RESISTANCE = 0.3  # relative: the same for resistance
_NOISE = 0.0015  # V: of a window's mean difference
_SHARE = 0.03  # of the voltage that current makes: cells relax differently
_ALIKE = 25.0  # windows whose error is alike: cells of one pack differ by a millivolt for hours
_BENT = 0.3  # of what the difference in charge makes: the slope of the curve is not known better
_AXIS = 0.004  # SOC: by which the knees of two like cells differ
_WANDER = 2e-4  # SOC per square root of an hour: leakage, balancing
_NEAR, _HALVINGS = 0.02, 8  # SOC around the estimate in which the voltage is looked for, to 1/256 of it
_STEEP = 1.0  # V per unit of SOC: a knee
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


def alike(count: int, resistance: float) -> tuple[Cell, ...]:
    """So many cells of which nothing is known; one alone differs from nothing."""
    return (new(resistance),) * count if count > 1 else ()


def moved(cell: Cell, by: float, hours: float, taken: float = 0.0) -> Cell:
    """After the mean cell's SOC moved in so many hours; taken: SOC that balancing took from it beyond the mean."""
    charge, faster, ohms = cell.mean
    (a, b, c), (_, d, e), (_, _, f) = cell.spread
    first = a + 2.0 * by * b + by * by * d + _WANDER * _WANDER * hours
    b, c = b + by * d, c + by * e
    return Cell((charge + by * faster - taken, faster, ohms), ((first, b, c), (b, d, e), (c, e, f)))


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


def added(sums: tuple[float, ...], voltages: Sequence[float | None], mean: float) -> tuple[float, ...]:
    """Sums of V above the mean cell; an unknown cell stands at the mean."""
    return tuple([a + (v - mean if v is not None else 0.0) for a, v in zip(sums, voltages, strict=True)])


def compared(
    cells: tuple[Cell, ...],
    apart: tuple[float, ...],
    given: tuple[float, ...],
    window: Window,
    after: Charge,
    curve: Blend,
) -> tuple[Cell, ...]:
    """Every cell's difference after a window in which `apart` was summed, with the mean cell as it stands `after`.

    given: SOC that balancing took from each cell meanwhile, beyond the mean.
    """
    made = []
    mean, polarised = window.currents[0] / window.samples, window.polarised / window.samples
    place = _place(after, window.rest / window.samples, curve) if after.sigma < PLACED else after.soc
    for cell, sums, lost in zip(cells, apart, given, strict=bool(cells)):
        shifted = moved(cell, window.moved, window.time / 3600.0, lost)
        if after.sigma < PLACED:
            shifted = seen(shifted, sums / window.samples, place, mean, polarised, curve)
        made.append(shifted)
    return tuple(made)


def _place(known: Charge, voltage: float, curve: Blend) -> float:
    """Where on the curve the mean cell is looked at: at a knee its own voltage, less polarisation, tells best.

    There a hundredth of SOC doubles the slope, and with it what a difference in voltage means.
    """
    voltage -= known.place * look(curve.half_gap, known.soc)
    reach = max(_NEAR, 3.0 * known.sigma)
    low, high = known.soc - reach, known.soc + reach
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if look(curve.middle, middle) < voltage else (low, middle)
    found = (low + high) / 2.0
    return found if _steep(curve, found) or _steep(curve, known.soc) else known.soc


def _steep(curve: Blend, soc: float) -> bool:
    return look(curve.middle, soc + _REACH) - look(curve.middle, soc - _REACH) > 2.0 * _REACH * _STEEP


def taken(before: Sequence[float], now: Sequence[float], capacity: float) -> tuple[float, ...]:
    """SOC that balancing took from each cell beyond the mean, between two states of its counters (Ah)."""
    bled = [(late - early) / capacity for early, late in zip(before, now, strict=True)]
    common = sum(bled) / max(1, len(bled))
    return tuple([each - common for each in bled])


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
