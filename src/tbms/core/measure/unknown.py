"""What is not known, and who can vouch for it: cells, temperatures, current; a lost node is named once, by its age."""

from tbms.core.measure import plausibility
from tbms.core.measure.reading import CALM, NOTHING, UNKNOWN, WRONG, Reading, flags, reading, single
from tbms.model.sample import CELLS_PER_NODE, Sample
from tbms.settings.compiled import Settings

MARGIN = 5.0  # K: how far an unseen cell may be worse than its neighbours (degradation table)

Values = tuple[float | None, ...]


def believable(settings: Settings) -> tuple[float, float]:
    """Lowest and highest voltage of a cell that may be connected, V: the cuts, else what any cell can show."""
    low, _, _, high = settings.cell_band()
    return (
        plausibility.VOLTAGE_LOW if low is None else low,
        plausibility.VOLTAGE_HIGH if high is None else high,
    )


def broken_wires(raw: Values, values: Values, settings: Settings) -> tuple[int, ...]:
    """Places k whose sense wire to k + 1 is open: one of the two is impossible, the other takes what it lacks."""
    low, high = believable(settings)
    found = []
    for place in range(min(len(raw), len(values)) - 1):
        one, other = raw[place], raw[place + 1]
        if one is None or other is None or None not in values[place : place + 2]:
            continue
        if (one < low and other > high) or (other < low and one > high):
            found.append(place)
    return tuple(found)


def _vouched(values: Values, unknown: list[int], pack: float, settings: Settings) -> bool:
    """The rest of the pack leaves the unknown cell, or the neighbouring pair, a voltage that may be connected.

    Of a pair, one is taken to be as high as the highest known cell, so that the other cannot hide below its cut.
    """
    low, high = believable(settings)
    known = [value for value in values if value is not None]
    hidden = pack - sum(known)
    if len(unknown) == 1:
        return low <= hidden <= high
    if len(unknown) != 2 or unknown[1] - unknown[0] != 1:
        return False
    return hidden - max(known, default=hidden / 2) >= low and hidden <= 2 * high


def cells(
    values: Values, wires: tuple[int, ...], pack: float | None, old: list[int], settings: Settings
) -> tuple[Reading, Reading, Reading]:
    """Which cells are unknown, whether the pack voltage vouches for them, and which sense wires are open.

    old: addresses of nodes whose data are too old: their own fault forbids all, so their cells are not named.
    """
    unknown = [place for place, value in enumerate(values) if value is None]
    named = flags([None if _of(place) in old else values[place] is None for place in range(len(values))])
    wired = flags([place in wires for place in range(len(values))]) if wires else CALM
    if old:
        return named, UNKNOWN, wired
    vouched = pack is not None and _vouched(values, unknown, pack, settings)
    return named, CALM if vouched else WRONG, wired


def _of(place: int) -> int:
    """Address of the node that measures a cell."""
    return place // CELLS_PER_NODE + 1


def _lost(values: Values, late: list[int], old: list[int]) -> Reading:
    """Nodes of which two temperatures are unknown, or all for being too old."""
    found: list[bool | None] = []
    for start in range(0, len(values), CELLS_PER_NODE):
        address = _of(start)
        missing = sum(value is None for value in values[start : start + CELLS_PER_NODE])
        found.append(None if address in old else address in late or missing > 1)
    return flags(found)


def temperatures(values: Values, late: list[int], old: list[int]) -> tuple[Reading, ...]:
    """Readings hot, cold, unknown, nothing-known and lost nodes.

    late, old: addresses of nodes whose temperatures, or all data, are too old.
    """
    if not values:
        return NOTHING, NOTHING, CALM, CALM, CALM
    if None not in values:
        every = reading(values)
        return every, every, CALM, CALM, CALM
    silent = {*late, *old}
    unknown = flags([None if _of(place) in silent else value is None for place, value in enumerate(values)])
    guessed = tuple(place for place, value in enumerate(values) if value is None)
    hot = _without(reading(plausibility.neighbours(values, MARGIN, hottest=True), guessed), old)
    cold = _without(reading(plausibility.neighbours(values, MARGIN, hottest=False), guessed), old)
    nothing = WRONG if not any(value is not None for value in values) else CALM
    return hot, cold, unknown, UNKNOWN if old and nothing is WRONG else nothing, _lost(values, late, old)


def _without(filled: Reading, old: list[int]) -> Reading:
    """Nothing stands in for the cells of a node whose own age already forbids all."""
    if not old:
        return filled
    return reading(plausibility.without(filled.values, old), filled.guessed)


def current(value: float | None, old: list[int]) -> Reading:
    """1 where the current is unknown; with the base board it is not named apart."""
    if value is not None:
        return CALM
    return UNKNOWN if 1 in old else WRONG


def unsure(value: float | None, temperatures: Values) -> Reading:
    """The current (A) while a temperature is unknown, else nothing to judge."""
    return single(value) if None in temperatures else CALM


def aged(sample: Sample, settings: Settings) -> tuple[list[int], list[int]]:
    """Addresses of nodes whose temperatures, and whose voltages, are too old."""
    late = [node.address for node in sample.nodes if not node.temperature_age <= settings.temperature_age]
    return late, [node.address for node in sample.nodes if not node.age <= settings.sample_age]
