"""Every protection of the table, provoked on the simulated boat behind the real serial bus, with all that follows."""

import pytest
from tests.simulator.afloat import Afloat, hurried
from tests.simulator.provoked import (
    BOTH,
    CASES,
    CHARGE,
    COMMON,
    INSTALLER,
    LATER,
    LOAD,
    NOTHING,
    PERSON,
    Case,
    forbids,
    trips,
)

from tbms.core.manage.panel import INSTALLER_PRESS, LONG_PRESS
from tbms.core.measure.flow import LEAK
from tbms.model.event import Phase
from tbms.model.fault import Ring
from tbms.settings import load

WAITING = 4.0  # s that a contactor may wait for its charger to stop, and a cycle
PANEL = 0.3  # s longer than a press must be
SIDES = {CHARGE: (True, False), LOAD: (False, True), BOTH: (True, True), NOTHING: (False, False)}


def test_no_protection_of_the_table_is_left_out() -> None:
    table = [(protection.id, forbids(protection)) for protection in load().protections]
    assert sorted(table) == sorted((case.id, case.forbids) for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_trips_says_so_opens_what_it_must_and_comes_back(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    boat, rings = _provoked(case, monkeypatch)
    opened = SIDES[case.opens or case.forbids]
    assert boat.until(lambda: boat.contacts == tuple(not side for side in opened), WAITING), (boat.contacts, boat.story)
    _switched(boat, case, opened)
    case.mend(boat)
    _comes_back(boat, case, rings)


def _provoked(case: Case, monkeypatch: pytest.MonkeyPatch, *more: str) -> tuple[Afloat, set[Ring]]:
    """The boat once all rings of the case have been told, and those."""
    boat = Afloat(hurried(load(None, [*COMMON, *more, *case.settings])), monkeypatch, **case.boat)
    if not case.early:
        boat.sail()
    for deed in case.deeds:
        deed(boat)
    table = {(p.id, forbids(p)): {ring for ring, _ in p.rings} for p in boat.settings.protections}
    rings = table[case.id, case.forbids]
    assert boat.until(lambda: _told(boat, case, Phase.CAME) >= rings, case.within), boat.story
    return boat, rings


def _told(boat: Afloat, case: Case, phase: Phase) -> set[Ring | None]:
    """The rings of which the log says so."""
    return {event.ring for event in boat.seen(case.id, phase) if case.named in event.cause}


def _switched(boat: Afloat, case: Case, opened: tuple[bool, bool]) -> None:
    """What was opened says why, and nothing charges or draws that was to stop."""
    boat.run(0.3)
    for side, forbidden, name in zip(opened, SIDES[case.forbids], ("charge_contactor", "load_contactor"), strict=True):
        told = [event for event in boat.seen(name, Phase.CHANGED) if event.value in ("opening", "latched")]
        assert told or not side, boat.story
        if side and forbidden:
            assert {event.rule for event in told} & {case.id, case.first}, boat.story
    charge, load = SIDES[case.forbids]
    assert not (charge and any(boat.outputs[:3]))
    assert not (load and boat.outputs[3])


def _comes_back(boat: Afloat, case: Case, rings: set[Ring]) -> None:
    if case.lifted in (PERSON, INSTALLER):
        boat.run(4.0)
        assert boat.contacts != (True, True), boat.story
        if case.lifted == INSTALLER:
            boat.world.emergency_stop = True
            boat.press(INSTALLER_PRESS + PANEL)
            boat.world.emergency_stop = False
        boat.press(LONG_PRESS + PANEL)
    assert boat.until(lambda: boat.contacts == (True, True), 10.0), boat.story
    if case.lifted == LATER:
        return
    assert boat.until(lambda: {event.ring for event in boat.seen(case.id, Phase.WENT)} >= rings, 5.0), boat.story


ONE = "contactors.bus=common"
ELSEWHERE = ("charge_while_forbidden", "opening_store")
"""Protections of a charge contactor of its own, and of bi-stable ones."""
SHARED = {(p.id, forbids(p)) for p in load(None, [*COMMON, ONE]).protections if p.id not in ELSEWHERE}
ITS_OWN = {"weld", "contactor_feedback", "contactor_cycling", "pre_charge", *ELSEWHERE}
"""Those of the contactors themselves: of one for both directions: below, test_common.py, and the core."""


def test_one_contactor_leaves_out_nothing_but_what_is_its_own() -> None:
    assert {name for name, _ in {(case.id, case.forbids) for case in CASES} - SHARED} == ITS_OWN


@pytest.mark.parametrize("case", [c for c in CASES if (c.id, c.forbids) in SHARED], ids=lambda case: case.name)
def test_behind_one_contactor_what_it_forbids_stops(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    boat, _ = _provoked(case, monkeypatch, ONE)
    charges, draws = SIDES[case.forbids]
    assert boat.until(lambda: _calm(boat, charges, draws), WAITING), (boat.world.current, boat.story)
    boat.run(1.0)
    assert _calm(boat, charges, draws), (boat.world.current, boat.story)


def _calm(boat: Afloat, charges: bool, draws: bool) -> bool:
    """Nothing flows in a direction that is forbidden."""
    return not (charges and boat.world.current > LEAK) and not (draws and boat.world.current < -LEAK)


def test_one_contactor_that_switches_too_often_waits_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    boat = Afloat(hurried(load(None, [*COMMON, ONE, "contactors.closings=1"])), monkeypatch)
    boat.sail()
    trips(2)(boat)
    assert boat.until(lambda: bool(boat.seen("contactor_cycling", Phase.CAME)), 3.0), boat.story
    boat.run(4.0)
    assert boat.contacts == (False, False)
    boat.press(LONG_PRESS + PANEL)
    assert boat.until(lambda: boat.contacts == (True, True), 10.0), boat.story
