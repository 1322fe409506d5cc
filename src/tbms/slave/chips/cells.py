"""What every front end decides about its cells in the same way: plausible, open wire, which may bleed together."""

LOWEST_MV = 500  # below: a broken wire or a destroyed cell, not a measurement
HIGHEST_MV = 4800  # above: no cell of any chemistry here
SUM_PART = 100  # sum of cells and stack, both by one converter, may differ by 1 % ...
SUM_MV = 40  # ... and by what rounding and the 5 mV of each cell explain
OPEN_STEP_MV = 800  # neighbours never differ so much unless the wire between them floats
OPEN_MEAN_MV = 50  # and then their mean stays where it was


def plausible_sum(raw_mv: list[int], stack_mv: int) -> bool:
    """Whether the cells, each measured alone, add up to the stack measured at its ends."""
    difference = sum(raw_mv) - stack_mv
    return abs(difference) <= stack_mv // SUM_PART + SUM_MV


def open_wires(raw_mv: list[int]) -> int:
    """Cells, as bits, beside a sense wire that floats, from the lowest to the highest cell.

    The chip pulls each wire down a little at a time: the cell below a broken one falls and the one above rises by as
    much. A broken wire at either end, or to a cell alone, falls out of the range of a cell.
    """
    mask = 0
    for index in range(len(raw_mv) - 1):
        low, high = raw_mv[index], raw_mv[index + 1]
        rest = raw_mv[:index] + raw_mv[index + 2 :]
        mean = sum(rest) // len(rest) if rest else (low + high) // 2
        if abs(high - low) > OPEN_STEP_MV and abs((low + high) // 2 - mean) <= OPEN_MEAN_MV:
            mask |= 0b11 << index
    for index in range(len(raw_mv)):
        if not LOWEST_MV <= raw_mv[index] <= HIGHEST_MV:
            mask |= 1 << index
    return mask


def known(raw_mv: list[int]) -> list[int | None]:
    """The voltages, None for each cell that an open wire or an impossible value makes unknown."""
    mask = open_wires(raw_mv)
    return [None if mask >> index & 1 else raw_mv[index] for index in range(len(raw_mv))]


def apart(mask: int, turn: int) -> int:
    """Those of the wished cells that may bleed together: no two neighbours, which share a wire.

    turn: 0 or 1 decides who goes first in a row of wished neighbours; alternating it serves them all.
    """
    result = 0
    index = 0
    while mask >> index:
        row = 0
        while mask >> (index + row) & 1:
            row += 1
        first = turn if row > 1 else 0
        for place in range(first, row, 2):
            result |= 1 << (index + place)
        index += row + 1
    return result
