"""Events of contactors and outputs say which fault decided, with its figures."""

from tests.strategies import Rig

from tbms.core.glance import glance
from tbms.model.command import Command, CommandKind
from tbms.model.event import Event, EventKind, Glance
from tbms.model.snapshot import ContactorPhase

CLOSED, OPENING = ContactorPhase.CLOSED, ContactorPhase.OPENING


def of(rig: Rig, key: str) -> Event:
    """The first event about it."""
    return next(event for event in rig.events if event.key == key)


def test_a_contactor_that_opens_names_the_fault_and_its_figures() -> None:
    rig = Rig().ready()
    rig.cells[2] = 3.7
    rig.run(10)
    event = of(rig, "charge_contactor")
    assert event.kind is EventKind.CONTACTOR
    assert (event.rule, event.cell, event.figure, event.limit, event.unit) == ("cell_overvoltage", 3, 3.7, 3.65, "V")
    assert event.value == "opening"
    output = of(rig, "output_1")
    assert (output.rule, output.cell, output.figure, output.limit) == ("cell_overvoltage", 3, 3.7, 3.65)


def test_an_output_of_the_loads_names_its_own_fault() -> None:
    rig = Rig().ready()
    rig.cells[1] = 2.4
    rig.run(20)
    assert (of(rig, "output_2").rule, of(rig, "output_2").cell) == ("cell_undervoltage", 2)
    assert of(rig, "load_contactor").rule == "cell_undervoltage"


def test_what_no_fault_decided_names_none() -> None:
    rig = Rig()
    rig.run(5)
    assert of(rig, "load_contactor").rule == ""
    rig.events.clear()
    rig.tick(Command(CommandKind.OUTPUT, 4, "on", "Anna"))
    rig.run(1)
    assert (of(rig, "output_4").rule, of(rig, "output_4").figure) == ("", None)


def test_what_was_switched_is_kept_with_how_it_stood_before_and_after() -> None:
    rig = Rig().ready()
    rig.current, rig.temperatures[1] = -12.34, 21.26
    rig.cells[2] = 3.7
    rig.run(10)
    opening = of(rig, "charge_contactor")
    assert (opening.before, opening.after) == (
        Glance(13.6, -12.3, 0.512, 3.3, 1, 3.7, 3, 20.0, 21.3, CLOSED, CLOSED, (1, 2)),
        Glance(13.6, -12.3, 0.512, 3.3, 1, 3.7, 3, 20.0, 21.3, OPENING, CLOSED, (2, 3)),
    )
    assert of(rig, "output_1").after == opening.after
    assert of(rig, "cell_overvoltage").before is None


def test_the_first_sample_has_nothing_before_it_and_the_unknown_stays_unknown() -> None:
    rig = Rig()
    assert glance(rig.state) is None
    rig.cells, rig.temperatures, rig.current = [None] * 4, [None] * 4, None
    rig.tick()
    seen = glance(rig.state)
    assert seen is not None
    assert (seen.current, seen.lowest, seen.lowest_cell, seen.highest_cell, seen.coldest) == (None,) * 5


def test_a_person_who_stops_is_no_fault() -> None:
    rig = Rig().ready()
    rig.cells[2] = 3.62  # a warning stands, and asks chargers to stop
    rig.run(10)
    rig.events.clear()
    rig.tick(Command(CommandKind.STOP, who="Anna"))
    rig.run(5)
    assert of(rig, "load_contactor").rule == ""
    assert "Anna" in of(rig, "load_contactor").cause
