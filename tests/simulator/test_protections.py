"""Every protection of the table, provoked on the simulated boat behind the real serial bus, with all that follows."""

import pytest
from tests.simulator.afloat import Afloat, hurried
from tests.simulator.provoked import BOTH, CASES, CHARGE, COMMON, INSTALLER, LATER, LOAD, NOTHING, PERSON, Case, forbids

from tbms.core.manage.panel import INSTALLER_PRESS, LONG_PRESS
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
    boat = Afloat(hurried(load(None, [*COMMON, *case.settings])), monkeypatch, **case.boat)
    if not case.early:
        boat.sail()
    for deed in case.deeds:
        deed(boat)
    table = {(p.id, forbids(p)): {ring for ring, _ in p.rings} for p in boat.settings.protections}
    rings = table[case.id, case.forbids]
    assert boat.until(lambda: _told(boat, case, Phase.CAME) >= rings, case.within), boat.story
    opened = SIDES[case.opens or case.forbids]
    assert boat.until(lambda: boat.contacts == tuple(not side for side in opened), WAITING), (boat.contacts, boat.story)
    _switched(boat, case, opened)
    case.mend(boat)
    _comes_back(boat, case, rings)


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
