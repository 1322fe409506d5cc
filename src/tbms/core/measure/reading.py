"""All values of one measure and their extremes: what every limit judges."""

from typing import NamedTuple


class Reading(NamedTuple):
    """values: one per cell, per node, or a single one; None where unknown. lowest, highest: of those known."""

    values: tuple[float | None, ...]
    lowest: float | None
    highest: float | None


CALM = Reading((0.0,), 0.0, 0.0)
"""Nothing wrong: what most faults without rings read nearly always."""

WRONG = Reading((1.0,), 1.0, 1.0)

UNKNOWN = Reading((None,), None, None)

NOTHING = Reading((), None, None)
"""Not measured at all."""


def reading(values: tuple[float | None, ...]) -> Reading:
    """Values with their extremes."""
    known = [value for value in values if value is not None]
    if not known:
        return Reading(values, None, None)
    return Reading(values, min(known), max(known))


def single(value: float | None) -> Reading:
    """A reading of one value."""
    return UNKNOWN if value is None else Reading((value,), value, value)


def flags(wrong: list[bool]) -> Reading:
    """1 where something is wrong, 0 where not."""
    if True not in wrong:
        return CALM
    return reading(tuple(1.0 if flag else 0.0 for flag in wrong))
