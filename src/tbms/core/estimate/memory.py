"""What the estimator has learned of a battery, as plain values that survive a restart, and back again.

Kept is what takes weeks to learn: resistances, capacity, how every cell differs, what was told of weak cells and of
joints. The state of charge has its own way (it ages by the hour); counting between two proofs of capacity begins anew,
for what flowed meanwhile is not known. Whatever does not fit the battery as it is set now is left out.
"""

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, TypeVar

from tbms.core.estimate import cells as difference
from tbms.core.estimate import charge, own, teach
from tbms.core.estimate.along import Taught
from tbms.core.estimate.capacity import Capacity
from tbms.core.estimate.cells import Cell
from tbms.core.estimate.doubts import Doubts
from tbms.core.estimate.estimator import derived_resistance
from tbms.core.estimate.leak import KEPT, Leak
from tbms.core.estimate.ocv import PLACES
from tbms.core.estimate.own import Own
from tbms.core.estimate.resistance import Part
from tbms.core.estimate.state import EstimateState
from tbms.core.estimate.traits import OFFSET_WANDER, TRAITS
from tbms.core.estimate.zero import Seen
from tbms.settings.compiled import Settings

T = TypeVar("T")

VERSION = 1
_MOST_PAIRS = 1_000_000
_ZERO_UNKNOWN = 0.05  # C: a zero error that is larger, or known no better, is not worth keeping
_COLDEST, _HOTTEST = -60.0, 120.0  # °C: of a battery
_FURTHEST = 0.3  # V: from the shipped curve
_LARGEST = 1e9  # of any number kept: more is no measurement


def saved(state: EstimateState) -> dict[str, Any]:
    """The learned values: JSON's dicts, lists and numbers only."""
    return {
        "version": VERSION,
        "told": state.store.told,
        "capacity": [*state.store.sums, state.store.pairs],
        "ohmic": [None if part is None else [*part] for part in state.parts.ohmic],
        "slow": [None if part is None else [*part] for part in state.parts.slow],
        "cells": [[[*cell.mean], *[[*row] for row in cell.spread]] for cell in state.cells],
        "zero": None if state.charge is None else [*charge.offset(state.charge)],
        "early": sorted(state.doubts.early),
        "joints": sorted(state.doubts.joints),
        "leaks": sorted(state.doubts.leaks),
        "small": sorted(state.doubts.small),
        "days": [state.leak.hours, [*state.leak.back], [[*day] for day in state.leak.days]],
        "base": [*state.parts.base],
        "learned": state.parts.learned,
        "own": _own_saved(state),
    }


def _own_saved(state: EstimateState) -> dict[str, Any] | None:
    """What the battery taught of its own curve; the way it is on begins anew."""
    known = state.own
    if not known.ways:
        return None
    numbers = [own.mark(state.curve), known.heat, known.score, known.ways, int(known.used)]
    return {"numbers": numbers, "taught": [[*place] for place in known.taught]}


def restored(values: Any, fresh: EstimateState, settings: Settings, away: float) -> EstimateState:
    """The state of a boot with what `saved` gave; away: s since. What is not sound stays as it is in `fresh`."""
    if not isinstance(values, dict) or values.get("version") != VERSION:
        return fresh
    count = settings.cells
    ohmic, slow = (_each(values.get(name), count, _part) for name in ("ohmic", "slow"))
    differences = _each(values.get("cells"), count, _cell) if count > 1 else None
    parts = fresh.parts._replace(ohmic=ohmic or fresh.parts.ohmic, slow=slow or fresh.parts.slow)
    base, learned = _numbers(values.get("base"), count), values.get("learned")
    if base is not None and type(learned) is int and 0 < learned <= _MOST_PAIRS:
        parts = parts._replace(base=tuple(base), learned=learned)
    hours = max(0.0, away) / 3600.0
    after = fresh._replace(
        known_zero=_zero(values.get("zero"), hours),
        leak=_leak(values.get("days"), count, hours),
        parts=parts,
        store=_capacity(values, fresh.store),
        doubts=_doubts(values, fresh.doubts, count),
        own=_own(values.get("own"), fresh, settings),
    )
    if differences is not None and None not in differences:
        after = after._replace(cells=tuple([difference.moved(cell, 0.0, hours) for cell in differences if cell]))
    return teach.recurved(derived_resistance(after), settings)


def _numbers(values: Any, count: int) -> list[float] | None:
    """So many finite numbers, or None."""
    if not isinstance(values, list) or len(values) != count:
        return None
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        return None
    numbers = [float(value) for value in values]
    return numbers if all(isfinite(value) and abs(value) < _LARGEST for value in numbers) else None


def _each(values: Any, count: int, one: Callable[[Any], T | None]) -> tuple[T | None, ...] | None:
    """Something for every cell; None where the battery has another number of cells."""
    return tuple([one(value) for value in values]) if isinstance(values, list) and len(values) == count else None


def _part(value: Any) -> Part | None:
    found = _numbers(value, 3)
    if found is None or found[1] <= 0.0 or found[2] < 1.0:
        return None
    return Part(found[0], found[1], int(found[2]))


def _cell(value: Any) -> Cell | None:
    rows = [_numbers(row, 3) for row in value] if isinstance(value, list) and len(value) == 4 else [None]
    whole = [(row[0], row[1], row[2]) for row in rows if row is not None]
    if len(whole) != 4 or any(whole[1 + place][place] <= 0.0 for place in range(3)):
        return None
    return Cell(whole[0], (whole[1], whole[2], whole[3]))


def _capacity(values: dict[str, Any], fresh: Capacity) -> Capacity:
    """What was measured of this capacity; another told capacity is another battery."""
    found = _numbers(values.get("capacity"), 4)
    if found is None or values.get("told") != fresh.told or min(found[:3]) <= 0.0 or not 0 <= found[3] < _MOST_PAIRS:
        return fresh
    return fresh._replace(sums=(found[0], found[1], found[2]), pairs=int(found[3]))


def _own(values: Any, fresh: EstimateState, settings: Settings) -> Own:
    """The battery's own curve; beside another shipped curve, or a given one, it says nothing."""
    found = _numbers(values.get("numbers"), 5) if isinstance(values, dict) else None
    if found is None or settings.ocv or found[0] != own.mark(fresh.curve):
        return Own()
    places = _each(values.get("taught"), PLACES, _taught) or ()
    known = tuple([place for place in places if place is not None])
    _, heat, score, ways, used = found
    if len(known) < PLACES or not 1.0 <= ways < _MOST_PAIRS or not _COLDEST < heat < _HOTTEST:
        return Own()
    return own.kept(known, (heat, score, int(ways), used == 1.0), fresh.curve, TRAITS[settings.chemistry])


def _taught(value: Any) -> Taught | None:
    """What one place was taught, where such sums can come from looks at a voltage."""
    found = _numbers(value, 5)
    if found is None:
        return None
    one, gap, square, volts, product = found
    sound = one >= 0.0 and 0.0 <= square <= one and abs(gap) <= one
    return Taught(*found) if sound and max(abs(volts), abs(product)) <= _FURTHEST * one else None


def _zero(values: Any, hours: float) -> Seen | None:
    """The shunt's zero error, less sure the longer it is ago."""
    found = _numbers(values, 2)
    if found is None or not 0.0 < found[1] < _ZERO_UNKNOWN**2 or abs(found[0]) > _ZERO_UNKNOWN:
        return None
    return Seen(found[0], found[1] + OFFSET_WANDER * hours)


def _leak(values: Any, count: int, away: float) -> Leak:
    """How cells drifted from day to day; away: h since, that count as well."""
    if not isinstance(values, list) or len(values) != 3 or not isinstance(values[2], list):
        return Leak()
    hours, back = _numbers(values[:1], 1), _numbers(values[1], count)
    days = [_numbers(day, count + 1) for day in values[2][-KEPT:]]
    if hours is None or back is None:
        return Leak()
    return Leak(hours[0] + away, back=tuple(back), days=tuple([tuple(day) for day in days if day is not None]))


def _doubts(values: dict[str, Any], fresh: Doubts, count: int) -> Doubts:
    """Findings that were told: cells from 1."""
    early, joints, leaks, small = (_places(values.get(name), count) for name in ("early", "joints", "leaks", "small"))
    return fresh._replace(early=early, joints=joints, leaks=leaks, small=small)


def _places(values: Any, count: int) -> frozenset[int]:
    known: Sequence[Any] = values if isinstance(values, list) else ()
    return frozenset(n for n in known if isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= count)
