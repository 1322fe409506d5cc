"""Which values may be believed: range and age; what may not is unknown, never an old or a zero value."""

from math import isfinite

from tbms.model.sample import CELLS_PER_NODE, Sample
from tbms.settings.compiled import Settings

VOLTAGE_LOW = 0.5  # V: an open sense wire floats towards 0, a swapped one reads negative
VOLTAGE_HIGH = 5.0  # V: no lithium cell, but two in series at one input
TEMPERATURE_LOW = -39.0  # °C: an open thermistor reads -40
TEMPERATURE_HIGH = 115.0  # °C: a shorted one reads 120

Values = tuple[float | None, ...]


def believed(values: Values, count: int, low: float, high: float) -> Values:
    """`count` values, None where missing, not a number or outside low..high; the same tuple when all are well."""
    if len(values) == count and None not in values:
        total = sum(values)  # type: ignore[arg-type]  # None is ruled out in the line above
        if total == total and min(values) >= low and max(values) <= high:  # type: ignore[type-var, operator]
            return values
    padded = values[:count] + (None,) * (count - len(values))
    return tuple(v if v is not None and isfinite(v) and low <= v <= high else None for v in padded)


def single(value: float | None, low: float, high: float) -> float | None:
    """The value, or None where it is missing, not a number or outside low..high."""
    return value if value is not None and low <= value <= high else None


def temperatures(sample: Sample, settings: Settings, late: list[int]) -> Values:
    """Cell temperatures that may be believed; () where none are fitted. late: nodes whose temperatures are too old."""
    if not settings.temperature:
        return ()
    values = believed(sample.temperatures, settings.cells, TEMPERATURE_LOW, TEMPERATURE_HIGH)
    return without(values, late) if late else values


def without(values: Values, nodes: list[int]) -> Values:
    """The values with those of the nodes at these addresses (from 1) unknown."""
    return tuple(None if k // CELLS_PER_NODE + 1 in nodes else value for k, value in enumerate(values))


def neighbours(values: Values, margin: float, hottest: bool) -> Values:
    """Unknown temperatures replaced by the worst of their node, else of the pack, and a margin (K) to the bad side."""
    pick = max if hottest else min
    known = [value for value in values if value is not None]
    if not known:
        return values
    filled: list[float | None] = []
    for index, value in enumerate(values):
        if value is None:
            start = index - index % CELLS_PER_NODE
            group = [v for v in values[start : start + CELLS_PER_NODE] if v is not None] or known
            value = pick(group) + (margin if hottest else -margin)
        filled.append(value)
    return tuple(filled)
