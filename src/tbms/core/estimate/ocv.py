"""Open-circuit voltage over state of charge, ready to look up."""

from collections.abc import Sequence
from math import exp, sqrt
from typing import NamedTuple

from tbms.core.estimate import traits
from tbms.core.estimate.tables import TABLES, Row, Table
from tbms.core.estimate.traits import OWN_DOUBT, SHAPE_SPREAD, TRAITS
from tbms.settings.compiled import OcvPoint, Settings

LOW, HIGH, STEPS = -0.05, 1.05, 440
_STEP = (HIGH - LOW) / STEPS
_BEYOND_FULL, _BEYOND_EMPTY = 15.0, 40.0  # V per unit of SOC outside 0..1: steep, so that nothing is found there
_LEAST_GAP, _MOST_GAP = 0.001, 0.08  # V: half gap
_OWN_SHAPE = 0.003  # V: by how much an owner's table may be off as a whole
_REACH = 6  # steps to either side over which a slope is taken
_KNEES = (0.16, 0.95)  # SOC: between them a curve's features lie where they are published
PLACES = 20  # of the battery's own curve, over 0..1
_GAP_SPREAD = 0.3  # of the half gap: by which a battery's own differs, one standard deviation
_ALIKE = 10.0  # K: over which what was seen at one temperature holds at another
_times = float.__mul__
_STALE = 1.0  # K: change of temperature after which a curve is made anew


class Place(NamedTuple):
    """How the battery's own curve differs at one of its places: middle and half gap, V; their covariance, V²."""

    middle: float
    gap: float
    mm: float
    mg: float
    gg: float


class Curve(NamedTuple):
    """A chemistry's curve on the grid: per temperature (°C) middle and half gap (V); shapes and doubts (V).

    own: what the battery taught of its own curve, from empty to full; empty where it is not used. heat: °C then.
    """

    temperatures: Row
    middle: tuple[Row, ...]
    half_gap: tuple[Row, ...]
    shapes: tuple[Row, ...]
    doubt: float
    axis: Row
    own: tuple[Place, ...] = ()
    heat: float = 25.0
    floor: float = 0.0


class Blend(NamedTuple):
    """The curve at one temperature (°C), V on the grid. doubt: standard deviation of the curve itself."""

    temperature: float
    middle: Row
    half_gap: Row
    doubt: Row
    first: Row
    second: Row


def look(row: Row, soc: float) -> float:
    """Value of a grid row at soc, linear between its points, held at its ends."""
    place = (soc - LOW) / _STEP
    if place <= 0.0:
        return row[0]
    if place >= STEPS:
        return row[STEPS]
    left = int(place)
    low = row[left]
    return low + (row[left + 1] - low) * (place - left)


def _at(x: float, xs: Row, ys: Sequence[float]) -> float:
    """Piecewise linear, held at the ends."""
    if x <= xs[0]:
        return ys[0]
    for right in range(1, len(xs)):
        if x <= xs[right]:
            share = (x - xs[right - 1]) / (xs[right] - xs[right - 1])
            return ys[right - 1] + share * (ys[right] - ys[right - 1])
    return ys[-1]


def _grid(xs: Row, ys: Sequence[float], steep: bool = False) -> Row:
    """A column of a table on the grid; steep: rising outside 0..1."""
    values = []
    for index in range(STEPS + 1):
        soc = LOW + index * _STEP
        beyond = _BEYOND_FULL * max(0.0, soc - 1.0) + _BEYOND_EMPTY * min(0.0, soc) if steep else 0.0
        values.append(_at(min(1.0, max(0.0, soc)), xs, ys) + beyond)
    return tuple(values)


def _own(points: Sequence[OcvPoint]) -> Table:
    """An owner's points as a table; its error is a common shift."""
    soc = tuple(point.soc for point in points)
    middle = tuple((point.charge + point.discharge) / 2.0 for point in points)
    half = tuple((point.charge - point.discharge) / 2.0 for point in points)
    flat = (_OWN_SHAPE,) * len(soc), (0.0,) * len(soc)
    return Table(soc, (25.0,), (middle,), (half,), flat)


def curve(settings: Settings) -> Curve:
    """The owner's curve, or the chemistry's, on the grid."""
    own = bool(settings.ocv)
    table = _own(settings.ocv) if own else TABLES[settings.chemistry]
    axis = (traits.AXIS_OWN,) * 3 if own else (traits.AXIS_EMPTY, traits.AXIS, traits.AXIS_FULL)
    return Curve(
        table.temperatures,
        tuple(_grid(table.soc, row, steep=True) for row in table.middle),
        tuple(tuple(min(_MOST_GAP, max(_LEAST_GAP, v)) for v in _grid(table.soc, row)) for row in table.half_gap),
        tuple(_grid(table.soc, row) for row in table.shapes),
        OWN_DOUBT[settings.chemistry] if own else TRAITS[settings.chemistry].doubt,
        axis,
        floor=OWN_DOUBT[settings.chemistry],
    )


def _between(rows: tuple[Row, ...], left: int, share: float) -> Row:
    if share == 0.0:
        return rows[left]
    return tuple(a + share * (b - a) for a, b in zip(rows[left], rows[left + 1], strict=True))


def blend(known: Curve, temperature: float) -> Blend:
    """The curve at a temperature, °C, held beyond the coldest and the warmest measured."""
    scale = known.temperatures
    inside = min(scale[-1], max(scale[0], temperature))
    left = max(0, sum(inside > t for t in scale) - 1)
    share = (inside - scale[left]) / (scale[left + 1] - scale[left]) if left + 1 < len(scale) else 0.0
    middle = _between(known.middle, left, share)
    half_gap = _between(known.half_gap, left, share)
    if known.own:
        return _owned(known, temperature, middle, half_gap)
    return Blend(
        temperature, middle, half_gap, _doubts(middle, (known.doubt,) * len(middle), known.axis), *known.shapes
    )


def prior(known: Curve, place: int) -> Place:
    """What is known of a place before the battery has taught anything: how cells of its kind differ."""
    soc = (place + 0.5) / PLACES
    first, second = (SHAPE_SPREAD * look(row, soc) for row in known.shapes)
    wide = _GAP_SPREAD * max(_LEAST_GAP, *(look(row, soc) for row in known.half_gap))
    return Place(0.0, 0.0, known.doubt**2 + first**2 + second**2, 0.0, wide * wide)


def warm(place: Place, fresh: Place, apart: float) -> Place:
    """A place so many K apart from where it was learned: the further, the more like one never seen."""
    like = exp(-0.5 * (apart / _ALIKE) ** 2)
    square = like * like
    return Place(
        like * place.middle,
        like * place.gap,
        fresh.mm + square * (place.mm - fresh.mm),
        square * place.mg,
        fresh.gg + square * (place.gg - fresh.gg),
    )


def _owned(known: Curve, temperature: float, middle: Row, half_gap: Row) -> Blend:
    """The curve with what the battery taught of it."""
    centres = tuple((place + 0.5) / PLACES for place in range(PLACES))
    fresh = [prior(known, place) for place in range(PLACES)]
    own = [warm(place, new, temperature - known.heat) for place, new in zip(known.own, fresh, strict=True)]
    left = [min(1.0, sqrt(max(place.mm, known.floor**2) / new.mm)) for place, new in zip(own, fresh, strict=True)]
    share = _grid(centres, left)
    shifts, gaps = _grid(centres, [place.middle for place in own]), _grid(centres, [place.gap for place in own])
    top, risen = -_BEYOND_EMPTY, []
    for value, shift in zip(middle, shifts, strict=True):
        top = max(top, value + shift)  # a curve never falls
        risen.append(top)
    first, second = (tuple(map(_times, row, share)) for row in known.shapes)
    return Blend(
        temperature,
        tuple(risen),
        tuple(min(_MOST_GAP, max(_LEAST_GAP, gap + more)) for gap, more in zip(half_gap, gaps, strict=True)),
        _doubts(tuple(risen), tuple(known.doubt * each for each in share), known.axis),
        first,
        second,
    )


def _doubts(middle: Row, doubts: Row, axis: Row) -> Row:
    """Standard deviation of a curve: in voltage, and along its axis where it is steep."""
    found = []
    for index in range(STEPS + 1):
        low, high = max(0, index - _REACH), min(STEPS, index + _REACH)
        slope = (middle[high] - middle[low]) / ((high - low) * _STEP)
        soc = LOW + index * _STEP
        shift = axis[0] if soc <= _KNEES[0] else axis[1] if soc < _KNEES[1] else axis[2]
        found.append(sqrt(doubts[index] ** 2 + (slope * shift) ** 2))
    return tuple(found)


def fresh(made: Blend, known: Curve, temperature: float) -> Blend:
    """The blend for a temperature, made anew only where that has changed enough."""
    return made if abs(temperature - made.temperature) <= _STALE else blend(known, temperature)
