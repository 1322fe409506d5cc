"""What tripped entries add up to, entry by entry."""

import pytest

from tbms.core.protect.limits import Entry
from tbms.core.protect.verdict import WELL, counting, verdict, words
from tbms.model.fault import Ring
from tbms.model.limit import Limit, Place, Protection


def protection(
    name: str,
    *rings: Ring,
    charge: bool = False,
    discharge: bool = False,
    grace: float = 0.0,
    place: Place = Place.CELL,
    unit: str = "V",
    delay: float = 1.0,
) -> Protection:
    limits = tuple((ring, Limit(3.6 + 0.05 * step, True, delay, 3.4)) for step, ring in enumerate(rings))
    return Protection(name, 0, place, unit, "too high", True, limits, charge, discharge, grace)


CUT, LIMIT, WARN = Ring.CUT, Ring.LIMIT, Ring.WARN
TRIPPED = Entry(2, 3.7, 5.0, tripped=6.0)
IDLE: tuple[Entry, ...] = ()


def test_nothing_tripped_is_well() -> None:
    told = protection("told", WARN, CUT, charge=True, discharge=True)
    for watch in (None, (IDLE, IDLE), ((TRIPPED._replace(tripped=None),), IDLE)):
        assert verdict((told,), (watch,)) is WELL
    assert (WELL.may_charge, WELL.may_discharge, WELL.grace, WELL.pre_alarm) == (True, True, 0.0, False)
    assert not any((WELL.stop_charge, WELL.stop_discharge, WELL.latched_charge, WELL.latched_discharge))


@pytest.mark.parametrize("charge", [False, True])
@pytest.mark.parametrize("discharge", [False, True])
def test_each_ring_does_its_part_to_each_side(charge: bool, discharge: bool) -> None:
    ringed = protection("high", WARN, LIMIT, CUT, charge=charge, discharge=discharge)
    warned = verdict((ringed,), (((TRIPPED,), IDLE, IDLE),))
    assert (warned.may_charge, warned.may_discharge) == (True, True)
    assert (warned.stop_charge, warned.stop_discharge, warned.pre_alarm) == (False, False, False)
    asked = verdict((ringed,), (((TRIPPED,), (TRIPPED,), IDLE),))
    assert (asked.may_charge, asked.may_discharge) == (True, True)
    assert (asked.stop_charge, asked.stop_discharge) == (charge, discharge)
    assert asked.pre_alarm is (charge or discharge)
    cut = verdict((ringed,), ((IDLE, IDLE, (TRIPPED,)),))
    assert (cut.may_charge, cut.may_discharge) == (not charge, not discharge)
    assert (cut.stop_charge, cut.stop_discharge, cut.pre_alarm) == (charge, discharge, False)


def test_a_limit_without_a_cut_behind_it_is_no_pre_alarm() -> None:
    ringed = protection("high", WARN, LIMIT, charge=True)
    assert not verdict((ringed,), ((IDLE, (TRIPPED,)),)).pre_alarm


def test_the_shortest_grace_of_the_charge_cuts_holds() -> None:
    patient, hasty = (protection(str(grace), CUT, charge=True, grace=grace) for grace in (3.0, 0.0))
    other = protection("loads", CUT, discharge=True)
    cut = ((TRIPPED,),)
    assert verdict((patient,), (cut,)).grace == 3.0
    assert verdict((patient, other), (cut, cut)).grace == 3.0
    assert verdict((patient, hasty), (cut, cut)).grace == 0.0
    assert verdict((other,), (cut,)).grace == 0.0


def test_a_cut_is_named_before_what_asked_earlier_and_the_first_cut_stays_named() -> None:
    asks = protection("asks", LIMIT, CUT, charge=True)
    first, second = (protection(name, CUT, charge=True, discharge=True) for name in ("first", "second"))
    limit, cut = ((TRIPPED,), IDLE), ((TRIPPED,),)
    asked = verdict((asks, first, second), (limit, None, None))
    assert asked.charge_fault is not None
    assert (asked.charge_fault.id, asked.charge_fault.ring) == ("asks", LIMIT)
    assert (asked.charge_cause, asked.discharge_cause) == ("cell 3 3.70 V > 3.60 V for 1.0 s", "")
    found = verdict((asks, first, second), (limit, cut, cut))
    assert found.charge_fault is not None
    assert found.discharge_fault is not None
    assert (found.charge_fault.id, found.discharge_fault.id) == ("first", "first")
    assert found.charge_cause == "cell 3 3.70 V > 3.60 V for 1.0 s"
    assert [fault.id for fault in found.faults] == ["asks", "first", "second"]


def test_of_one_place_the_deepest_ring_is_the_fault() -> None:
    ringed = protection("high", WARN, LIMIT, CUT, charge=True)
    rings = [fault.ring for fault in verdict((ringed,), (((TRIPPED,),) * 3,)).faults]
    assert rings == [CUT]
    apart = protection("high", CUT, charge=True, place=Place.PACK)
    both = verdict((ringed, apart), ((IDLE, IDLE, (TRIPPED, TRIPPED._replace(place=0))), ((TRIPPED,),)))
    assert [(fault.cell, fault.node) for fault in both.faults] == [(3, None), (1, None), (None, None)]


def test_what_one_fault_forbids_at_once_and_later_is_one_fault_since_it_was_first_there() -> None:
    at_once, later = protection("stuck", CUT, charge=True), protection("stuck", CUT, discharge=True)
    found = verdict((at_once, later), (((TRIPPED,),), ((TRIPPED._replace(tripped=606.0),),)))
    assert [(fault.id, fault.since) for fault in found.faults] == [("stuck", 6.0)]


@pytest.mark.parametrize("latched", [False, True])
def test_a_latch_belongs_to_its_own_side(latched: bool) -> None:
    charge, load = protection("a", CUT, charge=True), protection("b", CUT, discharge=True)
    held = ((TRIPPED._replace(latched=latched),),)
    found = verdict((charge, load), (held, ((TRIPPED,),)))
    assert (found.latched_charge, found.latched_discharge) == (latched, False)
    found = verdict((charge, load), (((TRIPPED,),), held))
    assert (found.latched_charge, found.latched_discharge) == (False, latched)


def test_a_fault_has_stood_since_it_tripped_the_very_first_moment_included() -> None:
    for tripped in (6.0, 0.0):
        found = verdict((protection("a", CUT, charge=True),), (((TRIPPED._replace(tripped=tripped),),),))
        assert found.faults[0].since == tripped


def test_a_delay_is_told_where_there_was_one_and_a_figure() -> None:
    assert words(protection("a", CUT), 0, TRIPPED) == "cell 3 3.70 V > 3.60 V for 1.0 s"
    assert words(protection("a", CUT, delay=0.0), 0, TRIPPED) == "cell 3 3.70 V > 3.60 V"
    assert words(protection("a", CUT, unit="", delay=2.0), 0, TRIPPED) == "cell 3 too high"


def test_what_is_counted_towards_a_cut_is_told_to_the_side_that_it_forbids() -> None:
    ringed = protection("high", LIMIT, CUT, charge=True)
    waiting = TRIPPED._replace(tripped=None)
    assert counting((ringed,), ((IDLE, (waiting,)),)) == ("not yet: cell 3 3.70 V > 3.65 V", "")
    assert counting((ringed,), (((waiting,), IDLE),)) == ("", "")
    tripped, remembered = TRIPPED, TRIPPED._replace(tripped=None, crossed=None)
    assert counting((ringed,), ((IDLE, (tripped, remembered)),)) == ("", "")
    load = protection("low", CUT, discharge=True)
    both = counting((ringed, load, ringed), ((IDLE, (waiting,)), ((waiting,),), (IDLE, (waiting._replace(place=0),))))
    assert both == ("not yet: cell 3 3.70 V > 3.65 V", "not yet: cell 3 3.70 V > 3.60 V")


def test_a_watch_without_its_protection_is_never_dropped_in_silence() -> None:
    ringed = protection("high", CUT, charge=True)
    with pytest.raises(ValueError, match="than argument"):
        verdict((ringed,), (None, None))
    with pytest.raises(ValueError, match="than argument"):
        counting((ringed, ringed), (None,))
