"""What a range would have done: the very code that runs it, over what was measured."""

from collections.abc import Iterable
from typing import NamedTuple

from tbms.core.manage import ranges
from tbms.core.manage.ranges import Look
from tbms.core.manage.scene import midnight
from tbms.core.measure.reading import Reading
from tbms.settings.rules import Rules

MOST = 1000  # spans that are told; starts and hours count all
GAP = 300.0  # s between two rows that is a hole in what is known


class Rehearsal(NamedTuple):
    """starts: how often it would have begun to run; hours: for how long in all; covered: hours that were known.

    spans: begin and end of each run, UTC, s; the last may still go on at the end.
    """

    starts: int
    hours: float
    covered: float
    spans: tuple[tuple[float, float], ...]


def rehearse(rules: Rules, rows: Iterable[tuple[float, tuple[Reading, ...]]], step: float) -> Rehearsal:
    """Let the first range run over rows of (UTC, s; a reading for each source), at least `step` s apart.

    Rows without any known reading are left out. Holes up to GAP are bridged; across a longer one nothing counts, and a
    run that goes on into it ends there.
    """
    state, before, began = ranges.initial(rules), None, None
    starts, seconds, covered = 0, 0.0, 0.0
    spans: list[tuple[float, float]] = []
    for time, readings in rows:
        if readings and all(reading.highest is None for reading in readings):
            continue
        gap = before is not None and time - before > GAP
        if gap and before is not None and began is not None:
            spans, began = [*spans, (began, before + step)], None
        state = ranges.initial(rules) if gap else state
        state = ranges.follow(state, Look(time, midnight(time, rules.utc_offset), not gap, readings), step / 2, rules)
        runs = ranges.active(state.runs[0])
        passed = step if before is None or gap else time - before
        covered, seconds = covered + passed, seconds + passed * runs
        if runs and began is None:
            starts, began = starts + 1, time
        elif not runs and began is not None:
            spans, began = [*spans, (began, time)], None
        before = time
    if began is not None and before is not None:
        spans = [*spans, (began, before + step)]
    return Rehearsal(starts, seconds / 3600.0, covered / 3600.0, tuple(spans[:MOST]))
