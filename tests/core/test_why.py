"""`why`: one sentence that names cell, value, limit, what to do and who may close again."""

import pytest
from tests.strategies import Rig, four

from tbms.core.snapshot import snapshot
from tbms.core.why import SUBJECTS, Json, Why, why
from tbms.model.command import Command, CommandKind
from tbms.model.snapshot import LoopSnapshot
from tbms.store.plain import plain

LOOP = LoopSnapshot(0.1, 0, 0, None, None)


def asked(rig: Rig, subject: str) -> Why:
    shown = snapshot(rig.state, rig.sample(), rig.done(), rig.settings, LOOP)
    events: list[Json] = [plain(event) for event in rig.events]
    return why(subject, plain(shown), events)


def test_an_open_contactor_names_cell_value_limit_and_what_to_do() -> None:
    rig = Rig().ready()
    rig.cells[2] = 2.5
    rig.run(190)
    answer = asked(rig, "load_contactor")
    assert answer.state == "open"
    assert answer.sentence == (
        "The load contactor has been open for 3 min: cell 3 2.50 V < 2.60 V for 2.0 s. "
        "Switch loads off and charge soon."
    )
    assert answer.event is not None
    assert (answer.event["key"], answer.event["cell"], answer.event["limit"]) == ("cell_undervoltage", 3, 2.6)
    assert asked(rig, "charge_contactor").sentence == "The charge contactor has been closed: permitted."


def test_a_latched_one_says_who_closes_it() -> None:
    rig = Rig().ready()
    rig.tick(Command(CommandKind.STOP, who="Ann"))
    rig.run(20)
    answer = asked(rig, "charge_contactor")
    assert answer.state == "latched"
    assert answer.sentence == (
        "The charge contactor has been latched for 20 s: stopped by Ann. "
        "Only a person at the panel closes it again: hold the reset button for 3 s."
    )
    assert answer.event is not None
    assert answer.event["key"] == "charge_contactor"


def test_before_anything_happened_there_is_no_event() -> None:
    rig = Rig()
    rig.tick()
    answer = asked(rig, "load_contactor")
    assert answer.sentence == "The load contactor has been open: waiting for 10 full, valid sets of measurements."
    assert answer.event is None


def test_an_output_says_on_or_off_and_by_whom() -> None:
    rig = Rig(four("outputs[4].name=Heater")).ready()
    assert asked(rig, "output_4").sentence.startswith("Output 4 (Heater) is off: ")
    rig.tick(Command(CommandKind.OUTPUT, 4, "on", who="Ann"))
    answer = asked(rig, "output_4")
    assert answer.state == "on"
    assert answer.sentence.startswith("Output 4 (Heater) is on, set by hand: ")
    assert answer.event is not None
    assert answer.event["value"] == "on"


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_subject_is_answered_even_from_nothing(subject: str) -> None:
    assert asked(Rig().ready(), subject).sentence
    name = subject.replace("_", " ")
    alone = why(subject, None, [])
    assert alone == Why(
        subject,
        None,
        f"No master answers, so it is not known how the {name} stands now, and its log tells nothing of it. "
        "The boards open what nobody renews.",
        None,
    )


def test_the_log_alone_tells_what_came_last() -> None:
    rig = Rig().ready()
    rig.cells[0] = 2.5
    rig.run(10)
    answer = why("load_contactor", None, [plain(event) for event in rig.events])
    assert answer.sentence.startswith(
        "No master answers, so it is not known how the load contactor stands now; it last"
    )
    assert answer.event is not None


def test_it_tells_how_the_battery_stood_before_and_after() -> None:
    rig = Rig().ready()
    rig.cells[0], rig.current = 2.5, -20.0
    while rig.done().load_contactor:
        rig.tick()
    rig.current = 0.0
    rig.run(3.0)
    assert asked(rig, "load_contactor").stood == (
        "Before: 12.4 V, -20 A, 51 % charged, cells 2.500 (1) to 3.300 V (2), 20 to 20 °C, charge contactor closed, "
        "load contactor closed, outputs on: 1, 2. "
        "After: 12.4 V, 0 A, 51 % charged, cells 2.500 (1) to 3.300 V (2), 20 to 20 °C, charge contactor closed, "
        "load contactor open, outputs on: 1, 3."
    )
    assert asked(rig, "output_2").stood.endswith("outputs on: 1, 3.")


def test_what_was_not_measured_is_left_out_and_an_older_log_tells_nothing() -> None:
    rig = Rig().ready()
    rig.cells, rig.temperatures, rig.current = [None] * 4, [None] * 4, None
    rig.run(3.0)
    stood = asked(rig, "charge_contactor").stood
    assert stood.startswith("Before: 13.2 V, 0 A, 51 % charged, cells")
    assert " After: 0 V, 51 % charged, charge contactor open, load contactor open, outputs on: 3." in stood
    for event in rig.events:
        object.__setattr__(event, "before", None)
    assert asked(rig, "charge_contactor").stood == ""


@pytest.mark.parametrize(("seconds", "shown"), [(59, "59 s"), (60, "1 min"), (7200, "2 h"), (2 * 86_400, "2 d")])
def test_times_are_short(seconds: float, shown: str) -> None:
    rig = Rig().ready()
    rig.tick(Command(CommandKind.STOP, who="Ann"))
    rig.run(1)
    state = dict(plain(snapshot(rig.state, rig.sample(), rig.done(), rig.settings, LOOP)))
    events: list[Json] = [plain(event) for event in rig.events]
    state["timestamp"] = events[-1]["timestamp"] + seconds
    told = why("charge_contactor", state, events)
    assert f" for {shown}: " in told.sentence


def test_of_a_master_that_sleeps_the_log_says_why() -> None:
    events: list[Json] = [
        {"key": "start", "phase": "changed"},
        {"key": "sleep", "phase": "came", "cause": "Everything sleeps: cell 1"},
        {"key": "stop", "phase": "changed"},
    ]
    assert why("load_contactor", None, events) == Why("load_contactor", None, "Everything sleeps: cell 1.", events[1])
    assert "No master answers" in why("load_contactor", None, [*events, events[0]]).sentence


def test_one_contactor_has_one_name_whichever_is_asked_for() -> None:
    rig = Rig(four("contactors.bus=common"))
    rig.run(3.0)
    rig.current, rig.cells[2] = -30.0, 2.5
    rig.run(190)
    first, second = asked(rig, "load_contactor"), asked(rig, "charge_contactor")
    assert first.sentence == (
        "The main contactor has been open for 3 min: cell 3 2.50 V < 2.60 V for 2.0 s; waiting for a charger. "
        "Switch loads off and charge soon."
    )
    assert second == first._replace(subject="charge_contactor")
    assert "main contactor closed, outputs" in first.stood
    assert "load contactor" not in first.stood
    assert "main contactor" in asked(rig, "output_2").stood
