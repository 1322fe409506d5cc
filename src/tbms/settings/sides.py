"""Cuts that follow from a protection's figures but forbid by side, or only after longer."""

from tbms.model.fault import Ring
from tbms.model.limit import Limit, Measure, Place, Protection
from tbms.settings.bare import UNGUARDED_TIME
from tbms.settings.derive import Rungs, ring_release


def _limit(rungs: Rungs, threshold: float, delay: float) -> Limit:
    release = ring_release(rungs, threshold)
    return Limit(threshold, True, delay, release, rungs.release_delay, rungs.latch, pauses=rungs.kind.pauses)


def sides(found: dict[str, Rungs]) -> tuple[Protection, ...]:
    """What an odd cell and a sum that does not add up forbid.

    An odd low cell forbids discharging and never charging, an odd high one the reverse. A sum of cells that is wrong
    is a cell that is not known: charging is forbidden at once, discharging after ten minutes.
    """
    spread, total = found["voltage_spread"], found["sum_of_cells"]
    made = []
    cut = spread.value["cut"]
    if cut is not None:
        rings = ((Ring.CUT, _limit(spread, cut, spread.delay["cut"])),)
        for measure, side, charge in ((Measure.SPREAD_LOW, "low", False), (Measure.SPREAD_HIGH, "high", True)):
            words = f"odd {side} cell"
            made.append(
                Protection(spread.kind.id, measure, Place.CELL, "V", words, True, rings, charge, not charge),
            )
    cut = total.value["cut"]
    if cut is not None:
        kind, rings = total.kind, ((Ring.CUT, _limit(total, cut, UNGUARDED_TIME)),)
        made.append(Protection(kind.id, kind.measure, kind.place, kind.unit, kind.words, True, rings, False, True))
    return tuple(made)
