"""What the values say about each other: spreads, the sum of the cells against the pack, and the boards' own state."""

from collections.abc import Iterable

from tbms.core.measure.measured import Measured, Values
from tbms.core.measure.reading import CALM, UNKNOWN, Reading, reading, single
from tbms.settings.chemistry import CHEMISTRIES
from tbms.settings.compiled import Settings

REST = 0.05  # C: below it a voltage spread is one of charge and not of resistance (coordinated table)
ODD = 0.05  # V: smaller spreads need no side


def middle(values: Iterable[float | None]) -> float:
    """Median of those known; there must be one."""
    known = sorted(value for value in values if value is not None)
    count = len(known)
    return (known[(count - 1) // 2] + known[count // 2]) / 2


def spreads(measured: Measured, settings: Settings) -> tuple[Reading, Reading, Reading]:
    """Highest less lowest cell, and which side the odd one is on; unknown where it means nothing.

    An odd cell is low only below the voltage at which loads come back, and high only above the knee: so a low cell
    never forbids charging, and a high one never discharging.
    """
    low, high, current = measured.lowest, measured.highest, measured.current
    if low is None or high is None:
        return UNKNOWN, UNKNOWN, UNKNOWN
    chemistry = CHEMISTRIES[settings.chemistry]
    if high <= chemistry.knee and (current is None or abs(current) >= REST * settings.capacity):
        return UNKNOWN, UNKNOWN, UNKNOWN
    spread = high - low
    if spread < ODD:
        return single(spread), CALM, CALM
    centre = middle(measured.voltages)
    lower = CALM
    if centre - low >= high - centre and low < chemistry.reclose_voltage:
        lower = reading(tuple(None if value is None else high - value for value in measured.voltages))
    upper = CALM
    if high - centre >= centre - low and high > chemistry.knee:
        upper = reading(tuple(None if value is None else value - low for value in measured.voltages))
    return single(spread), lower, upper


def temperature_spread(hot: Reading, cold: Reading) -> Reading:
    """Warmest less coldest cell, K; stand-ins count for nothing."""
    if not hot.guessed:
        high, low = hot.highest, cold.lowest
        return CALM if high is None or low is None else single(high - low)
    known = [value for place, value in enumerate(hot.values) if value is not None and place not in hot.guessed]
    return single(max(known) - min(known)) if known else UNKNOWN


def resistance_spread(resistances: Values) -> Reading:
    """Largest resistance of a cell above the median, %; unknown until three cells are known."""
    known = [value for value in resistances if value is not None]
    if len(known) < 3:
        return UNKNOWN
    centre = middle(known)
    return single(100.0 * (max(known) / centre - 1.0)) if centre > 0.0 else UNKNOWN


def sum_of_cells(measured: Measured) -> Reading:
    """Sum of the cells off the pack voltage, % of it; unknown where either is."""
    pack = measured.pack_voltage
    if not pack or None in measured.voltages:
        return UNKNOWN
    total = sum(measured.voltages)  # type: ignore[arg-type]  # None is ruled out in the line above
    return single(100.0 * abs(total - pack) / pack)


def boards(measured: Measured) -> tuple[Reading, Reading]:
    """Temperatures and supplies of the nodes' boards, where measured."""
    heat = tuple([node.board_temperature for node in measured.nodes])
    supplies = tuple([node.supply for node in measured.nodes])
    return reading(heat), reading(supplies)
