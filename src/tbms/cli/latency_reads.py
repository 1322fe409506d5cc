"""How `tbms bench latency` reads what a protection judges from a cycle's sample and snapshot, as control tells them."""

from collections.abc import Callable, Iterator

from tbms.model.sample import CELLS_PER_NODE

Row = dict[str, object]
Read = Callable[[Row, int], float | None]
"""The quantity at a place (cell, node, or 1); None where it is not known."""


def _numbers(row: Row, name: str) -> list[float | None]:
    values = row.get(name)
    return [v if isinstance(v, float | int) else None for v in values] if isinstance(values, list) else []


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, float | int) else None


def _shown(row: Row, *path: str | int) -> object:
    """From the snapshot of the same cycle."""
    found: object = row.get("shown")
    for part in path:
        if isinstance(found, dict):
            found = found.get(part)
        elif isinstance(found, list) and isinstance(part, int) and part < len(found):
            found = found[part]
        else:
            return None
    return found


def current(row: Row, _: int) -> float | None:
    """A, positive charges."""
    return _number(row.get("current"))


def pack(row: Row, _: int) -> float | None:
    """V across the pack."""
    return _number(row.get("pack_voltage"))


def cell(row: Row, place: int) -> float | None:
    """V of a cell."""
    values = _numbers(row, "cell_voltages")
    return values[place - 1] if place <= len(values) else None


def temperature(row: Row, place: int) -> float | None:
    """°C of a cell."""
    values = _numbers(row, "temperatures")
    return values[place - 1] if place <= len(values) else None


def _others(values: list[float | None], place: int) -> Iterator[float]:
    return (value for index, value in enumerate(values, 1) if value is not None and index != place)


def above_others(row: Row, place: int) -> float | None:
    """V by which a cell stands above the lowest other."""
    own, others = cell(row, place), list(_others(_numbers(row, "cell_voltages"), place))
    return own - min(others) if own is not None and others else None


def below_others(row: Row, place: int) -> float | None:
    """V by which a cell stands below the highest other."""
    own, others = cell(row, place), list(_others(_numbers(row, "cell_voltages"), place))
    return max(others) - own if own is not None and others else None


def warmer(row: Row, place: int) -> float | None:
    """K by which a cell is warmer than the coldest other."""
    own, others = temperature(row, place), list(_others(_numbers(row, "temperatures"), place))
    return own - min(others) if own is not None and others else None


def off_sum(row: Row, _: int) -> float | None:
    """% of the pack's voltage by which the sum of cells is off it."""
    values, total = _numbers(row, "cell_voltages"), pack(row, 1)
    known = [value for value in values if value is not None]
    return 100.0 * abs(sum(known) - total) / total if total and len(known) == len(values) else None


def board(row: Row, place: int) -> float | None:
    """°C of a node's board."""
    return _number(_shown(row, "nodes", place - 1, "board_temperature"))


def age(row: Row, place: int) -> float | None:
    """S since a node measured."""
    return _number(_shown(row, "nodes", place - 1, "age"))


def _is(value: object, wrong: bool) -> float | None:
    return None if value is None else float(value is wrong)


def charge_loop(row: Row, place: int) -> float | None:
    """1 where the node of a cell holds its charge loop open."""
    return _is(_shown(row, "nodes", (place - 1) // CELLS_PER_NODE, "charge_loop"), wrong=False)


def discharge_loop(row: Row, place: int) -> float | None:
    """1 where the node of a cell holds its discharge loop open."""
    return _is(_shown(row, "nodes", (place - 1) // CELLS_PER_NODE, "discharge_loop"), wrong=False)


def stop(row: Row, _: int) -> float | None:
    """1 where the emergency stop is pressed."""
    return _is(_shown(row, "panel", "emergency_stop"), wrong=True)


def charge_contact(row: Row, _: int) -> float | None:
    """1 where the charge contactor's auxiliary contact says open."""
    return _is(_shown(row, "charge_contactor", "feedback"), wrong=False)


def load_contact(row: Row, _: int) -> float | None:
    """1 where the load contactor's auxiliary contact says open."""
    return _is(_shown(row, "load_contactor", "feedback"), wrong=False)
