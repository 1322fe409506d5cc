"""All values of one measure and their extremes: what every limit judges."""

from collections.abc import Sequence
from typing import NamedTuple


class Reading(NamedTuple):
    """values: one per cell, per node, or a single one; None where unknown. lowest, highest: of those known.

    guessed: places whose value only stands in for an unknown one: it can trip a limit but never calm one.
    """

    values: tuple[float | None, ...]
    lowest: float | None
    highest: float | None
    guessed: tuple[int, ...] = ()


CALM = Reading((0.0,), 0.0, 0.0)
"""Nothing wrong: what most faults without rings read nearly always."""

WRONG = Reading((1.0,), 1.0, 1.0)

UNKNOWN = Reading((None,), None, None)

NOTHING = Reading((), None, None)
"""Not measured at all."""


def reading(values: tuple[float | None, ...], guessed: tuple[int, ...] = ()) -> Reading:
    """Values with their extremes."""
    known = [value for value in values if value is not None]
    if not known:
        return Reading(values, None, None)
    return Reading(values, min(known), max(known), guessed)


def single(value: float | None) -> Reading:
    """A reading of one value."""
    return UNKNOWN if value is None else Reading((value,), value, value)


def flags(wrong: Sequence[bool | None]) -> Reading:
    """1 where something is wrong, 0 where not, unknown where None."""
    if not any(flag is not False for flag in wrong):
        return CALM
    return reading(tuple(None if flag is None else float(flag) for flag in wrong))
