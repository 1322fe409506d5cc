"""What only several samples tell: how fast a cell heats up, sensors that do not move, and sensors that jump."""

from typing import NamedTuple

from tbms.core.measure.differences import middle
from tbms.core.measure.measured import Measured, Values
from tbms.core.measure.reading import CALM, UNKNOWN, WRONG, Reading, flags, reading

MARK = 5.0  # s between two remembered sets of temperatures
SPAN = 20.0  # s over which a rate is taken: a converter's step of 0.1 K is then 0.3 K/min
MARKS = 5  # remembered sets
JUMP_KELVIN, KELVIN_RATE = 5.0, 1.0  # K, and K/s on top of it: faster is no heat but a sensor
JUMP_VOLT, VOLT_RATE = 0.3, 0.05  # V, and V/s on top of it, while neither current nor the other cells move
JUMPS, JUMP_TIME = 3, 60.0  # so many within s make a jumping sensor; one is a plug
STEP = 0.1  # C: a current step that every cell must answer
SLOW = 1.0  # s: a slower change is no step
MOVED = 0.005  # V: what the middle cell must have moved by; ten times the noise of a front end
SAG = 0.02  # V: a move of the middle cell that no rest explains
SAME = 1e-6  # V, A: repeated values are exactly the same
STILL = 3  # steps that a channel may miss


class Trend(NamedTuple):
    """marks: clock and temperatures, oldest first. reset: per cell, clock of its last jump.

    still: per cell, current steps in a row that it did not answer. still_current: steps of the voltages that the
    current did not answer. jumps: clock and place of each of the last minute.
    """

    marks: tuple[tuple[float, Values], ...] = ()
    reset: tuple[float, ...] = ()
    still: tuple[int, ...] = ()
    still_current: int = 0
    jumps: tuple[tuple[float, int], ...] = ()


def _moves(before: Values, now: Values) -> list[float | None]:
    return [None if a is None or b is None else b - a for a, b in zip(before, now, strict=False)]


def _leaps(before: Measured, now: Measured, capacity: float) -> list[int]:
    """Places whose temperature or voltage moved faster than a cell can."""
    far = JUMP_KELVIN + KELVIN_RATE * now.dt
    found = [k for k, d in enumerate(_moves(before.temperatures, now.temperatures)) if d is not None and abs(d) > far]
    if now.highest is None or before.highest is None or before.lowest is None or now.lowest is None:
        return found
    far = JUMP_VOLT + VOLT_RATE * now.dt
    if now.current is None or before.current is None or abs(now.current - before.current) >= STEP * capacity:
        return found
    moves = _moves(before.voltages, now.voltages)
    calm = abs(middle(moves)) < SAG if any(move is not None for move in moves) else False
    return found + [k for k, d in enumerate(moves) if calm and d is not None and abs(d) > far]


def _jumped(trend: Trend, leaps: list[int], clock: float) -> Trend:
    """Jumps remembered for a minute; rates of the cells that jumped begin anew."""
    jumps = tuple(jump for jump in trend.jumps if clock - jump[0] < JUMP_TIME)
    if not leaps:
        return trend if len(jumps) == len(trend.jumps) else trend._replace(jumps=jumps)
    size = max(max(leaps) + 1, len(trend.reset))
    reset = list(trend.reset) + [-SPAN] * (size - len(trend.reset))
    for place in leaps:
        reset[place] = clock
    return trend._replace(jumps=(*jumps, *[(clock, place) for place in leaps]), reset=tuple(reset))


def _stood(trend: Trend, before: Measured, now: Measured, capacity: float) -> Trend:
    """Count what does not move across a step: a cell that repeats itself, or the current."""
    if now.current is None or before.current is None or now.dt > SLOW:
        return trend
    step = abs(now.current - before.current)
    if SAME < step < STEP * capacity:
        return trend if not trend.still_current else trend._replace(still_current=0)
    moves = _moves(before.voltages, now.voltages)
    known = [abs(move) for move in moves if move is not None]
    if not known or middle(known) < (SAG if step <= SAME else MOVED):
        return trend
    if step <= SAME:
        return trend._replace(still_current=min(STILL, trend.still_current + 1))
    last = trend.still or (0,) * len(moves)
    still = tuple(
        count if move is None else min(STILL, count + 1) if abs(move) <= SAME else 0
        for count, move in zip(last, moves, strict=True)
    )
    return trend._replace(still=still if any(still) else (), still_current=0)


def _alive(trend: Trend, before: Measured, now: Measured) -> Trend:
    """A channel that moves at all is not stuck: with both contactors open no step of the current could show it."""
    moves = _moves(before.voltages, now.voltages)
    still = tuple(
        0 if move is not None and abs(move) > SAME else count for count, move in zip(trend.still, moves, strict=True)
    )
    return trend if still == trend.still else trend._replace(still=still if any(still) else ())


def _marked(trend: Trend, now: Measured) -> Trend:
    if not now.temperatures or (trend.marks and now.clock - trend.marks[-1][0] < MARK - SAME):
        return trend
    return trend._replace(marks=(*trend.marks, (now.clock, now.temperatures))[-MARKS:])


def follow(trend: Trend, before: Measured | None, now: Measured, capacity: float) -> Trend:
    """The trend after one more sample; the same object where nothing is to be remembered."""
    if before is None or not now.fresh:
        return _marked(Trend(still=trend.still, still_current=trend.still_current), now)
    if now.voltages != before.voltages or now.temperatures != before.temperatures or trend.jumps:
        leaps = _leaps(before, now, capacity) if _far(before, now) else []
        trend = _jumped(trend, leaps, now.clock) if leaps or trend.jumps else trend
    if trend.still and now.voltages != before.voltages:
        trend = _alive(trend, before, now)
    if now.current != before.current or now.voltages != before.voltages:
        trend = _stood(trend, before, now, capacity)
    return _marked(trend, now)


def _far(before: Measured, now: Measured) -> bool:
    """Some extreme moved enough for a jump to be looked for."""
    ends = (before.lowest, now.lowest), (before.highest, now.highest)
    if any(a is None or b is None or abs(a - b) > JUMP_VOLT for a, b in ends):
        return True
    warm, was = now.readings[3], before.readings[3]
    ends = (was.lowest, warm.lowest), (was.highest, warm.highest)
    return any(a is None or b is None or abs(a - b) > JUMP_KELVIN / 2 for a, b in ends)


def rates(trend: Trend, now: Measured) -> Reading:
    """How fast each cell heats up, K/min; unknown where no older temperature is at hand."""
    if not now.temperatures:
        return CALM
    old = next((mark for mark in reversed(trend.marks) if now.clock - mark[0] >= SPAN - MARK), None)
    if old is None:
        return UNKNOWN
    minutes = (now.clock - old[0]) / 60.0
    if not trend.reset and None not in now.temperatures and None not in old[1]:
        found = tuple([(t - o) / minutes for t, o in zip(now.temperatures, old[1], strict=True)])  # type: ignore[operator]
        return Reading(found, min(found), max(found))
    reset = (*trend.reset, *[-SPAN] * (len(now.temperatures) - len(trend.reset)))
    moves = _moves(old[1], now.temperatures)
    return reading(
        tuple(
            None if move is None or since > old[0] else move / minutes for move, since in zip(moves, reset, strict=True)
        )
    )


def readings(trend: Trend, now: Measured) -> tuple[Reading, Reading, Reading]:
    """Cells that do not move, a current that does not, and sensors that jump."""
    stuck = flags([count >= STILL for count in trend.still]) if trend.still else CALM
    current = WRONG if trend.still_current >= STILL else CALM
    if len(trend.jumps) < JUMPS:
        return stuck, current, CALM
    count = [0] * len(now.voltages)
    for _, place in trend.jumps:
        count[place] += 1
    return stuck, current, flags([times >= JUMPS for times in count])
