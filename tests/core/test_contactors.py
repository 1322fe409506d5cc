"""The two contactors: closing with pre-charge, opening at once, feedback, latches and what a person may do."""

from math import nextafter
from typing import Any

import pytest
from tests.strategies import PERIOD, Rig, came, four, make, went

from tbms.core.protect import contactors
from tbms.core.protect.contactors import Contactor, Wish, advance, release
from tbms.model.command import Command, CommandKind
from tbms.model.event import Event, EventKind
from tbms.model.fault import Severity
from tbms.model.snapshot import ContactorPhase as Phase

CLOSE = Command(CommandKind.CLOSE, who="Ann", local=True)
REMOTE_CLOSE = Command(CommandKind.CLOSE, who="page")
STOP = Command(CommandKind.STOP, who="Ann")


def phases(events: list[Event], key: str) -> list[Any]:
    return [e.value for e in events if e.kind is EventKind.CONTACTOR and e.key == key]


def test_closing_waits_for_ten_valid_sets_then_charges_the_bus_first() -> None:
    rig = Rig()
    rig.run(0.9)
    assert not rig.done().permit_charge
    assert not rig.done().charge_contactor
    rig.tick()
    assert rig.done().permit_charge
    assert rig.done().charge_contactor
    assert rig.done().pre_charge
    assert not rig.done().load_contactor
    rig.tick()
    assert rig.done().load_contactor
    assert not rig.done().pre_charge
    assert phases(rig.events, "load_contactor") == ["pre_charge", "closed"]


def test_pre_charge_waits_for_the_bus() -> None:
    rig = Rig()
    rig.switches = {"load_bus_voltage": 12.1}
    rig.run(2.5)
    assert rig.done().pre_charge
    rig.switches = {"load_bus_voltage": 12.3}
    rig.tick()
    assert rig.done().load_contactor


def test_pre_charge_alone_waits_for_the_current_too() -> None:
    rig = Rig(four("contactors.ready_samples=20"), current=-0.3)
    rig.cells = [3.66] * 4  # charging is forbidden, so the shunt shows the bus alone
    rig.run(2.5)
    assert rig.done().pre_charge
    rig.current = -0.1
    rig.tick()
    assert rig.done().load_contactor
    assert not rig.done().charge_contactor


def test_three_failed_pre_charges_need_a_person() -> None:
    rig = Rig()
    rig.switches = {"load_bus_voltage": 3.0}
    rig.run(1 + 3 * 2 + 2 * 10 + 0.5)
    assert "pre_charge cut" in rig.faults()
    assert rig.phase("load") is Phase.LATCHED
    assert phases(rig.events, "load_contactor").count("pre_charge") == 3
    assert "is a load switched on?" in next(e for e in rig.events if e.value == "open").cause
    rig.switches = {}
    rig.run(30)
    assert not rig.done().load_contactor
    rig.tick(REMOTE_CLOSE)
    rig.run(30)
    assert not rig.done().load_contactor
    rig.tick(CLOSE)
    rig.run(12)
    assert rig.done().load_contactor


def test_a_failed_pre_charge_pauses_ten_seconds_even_for_a_person() -> None:
    rig = Rig()
    rig.switches = {"load_bus_voltage": None}
    rig.run(3.2)
    assert rig.phase("load") is Phase.OPEN
    assert "bus voltage unknown" in rig.state.load.cause
    rig.switches = {}
    rig.tick(CLOSE)
    rig.run(9.5)
    assert not rig.done().load_contactor
    rig.run(1)
    assert rig.done().load_contactor


def test_pre_charge_is_given_up_when_discharging_is_forbidden() -> None:
    rig = Rig()
    rig.switches = {"load_bus_voltage": 3.0}
    rig.run(1.5)
    assert rig.done().pre_charge
    rig.cells[0] = 2.5
    rig.run(2.2)
    assert not rig.done().pre_charge
    assert rig.phase("load") is Phase.OPEN


def test_pre_charge_without_pack_sensor_uses_the_sum_of_the_cells() -> None:
    rig = Rig(pack=None)
    rig.switches = {"load_bus_voltage": 13.2}
    rig.run(3)
    assert rig.done().load_contactor


def test_a_cut_opens_its_contactor_in_the_same_step_with_its_cause() -> None:
    rig = Rig().ready()
    rig.cells[2] = 3.66
    rig.run(1.0)
    assert rig.done().charge_contactor
    events = rig.tick()
    assert not rig.done().charge_contactor
    assert not rig.done().permit_charge
    assert rig.done().load_contactor
    opened = next(e for e in events if e.kind is EventKind.CONTACTOR)
    assert opened.cause == "closed -> opening (cell 3 3.66 V > 3.65 V for 1.0 s)"
    assert opened.severity is Severity.ALARM
    rig.tick()
    assert rig.phase("charge") is Phase.OPEN


def test_it_closes_again_after_release_and_hold() -> None:
    rig = Rig().ready()
    rig.cells[2] = 3.66
    rig.run(2)
    rig.cells[2] = 3.45
    rig.run(5 + 4.8)  # release_delay, then reclose_delay
    assert not rig.done().charge_contactor
    rig.run(0.4)
    assert rig.done().charge_contactor


def test_loads_come_back_only_after_net_charging_or_by_a_person() -> None:
    rig = Rig(four("contactors.reclose_time=60")).ready()
    rig.cells[0] = 2.59
    rig.run(3)
    assert rig.state.may_charge
    assert not rig.done().load_contactor
    rig.cells[0] = 3.3
    rig.run(300, dt=1.0)
    assert not rig.state.may_discharge
    rig.current = 10.0
    rig.run(20, dt=1.0)
    assert not rig.state.may_discharge
    rig.run(80, dt=1.0)
    assert rig.done().load_contactor


def test_a_person_ends_an_undervoltage_by_hand() -> None:
    rig = Rig().ready()
    rig.cells[0] = 2.59
    rig.run(3)
    rig.tick(CLOSE)
    assert not rig.state.may_discharge  # still below
    rig.cells = [2.7] * 4
    events = rig.tick(CLOSE)
    assert went(events, "cell_undervoltage")[0].cause == "cell 1: cleared by Ann"
    rig.run(1)
    assert rig.done().load_contactor
    assert rig.state.may_discharge


def test_over_current_retries_three_times_then_latches() -> None:
    rig = Rig().ready()
    for trip in range(4):
        assert rig.done().permit_discharge, trip
        rig.current = -130.0
        rig.run(11)
        rig.current = 0.0
        rig.run(59)
        assert not rig.done().permit_discharge
        rig.run(10)
    assert not rig.done().permit_discharge
    assert any(fault.latched for fault in rig.state.verdict.faults)
    assert rig.phase("load") is Phase.LATCHED
    rig.tick(REMOTE_CLOSE)
    rig.run(10)
    assert rig.phase("load") is Phase.LATCHED
    rig.tick(CLOSE)
    rig.run(8)
    assert rig.done().load_contactor


def test_retries_are_forgotten_after_ten_quiet_minutes() -> None:
    rig = Rig().ready()
    for _ in range(6):
        rig.current = -130.0
        rig.run(11)
        rig.current = 0.0
        rig.run(62, dt=1.0)
        rig.run(620, dt=5.0)
    assert rig.done().load_contactor


def test_a_person_gives_back_all_retries() -> None:
    rig = Rig().ready()
    rig.current = -130.0
    rig.run(11)
    rig.current = 0.0
    rig.run(70)
    assert any(rig.state.watches)
    rig.tick(CLOSE)
    assert not any(rig.state.watches)


def test_a_retry_that_nearly_trips_again_starts_its_quiet_time_anew() -> None:
    rig = Rig().ready()
    rig.current = -130.0
    rig.run(11)
    rig.current = 0.0
    rig.run(70)
    rig.current = -130.0
    rig.run(5)
    rig.current = None
    rig.tick()
    rig.current = 0.0
    rig.run(2)
    watch = next(w for p, w in zip(rig.settings.protections, rig.state.watches, strict=True) if w and p.unit == "A")
    assert watch[-1][0].tries == 1
    rig.current = None
    rig.tick()
    assert rig.state.may_discharge


@pytest.mark.parametrize("key", ["charge_contactor", "load_contactor"])
def test_a_contactor_that_does_not_obey_is_latched(key: str) -> None:
    rig = Rig().ready()
    rig.switches = {key: False}
    rig.run(0.5)
    assert getattr(rig.done(), key)
    rig.tick()
    assert not getattr(rig.done(), key)
    assert "contactor_feedback cut" in rig.faults()
    rig.switches = {}
    rig.run(60)
    assert not getattr(rig.done(), key)
    assert "contactor differs" in came(rig.events)[0].cause
    rig.tick(CLOSE)
    rig.run(8)
    assert getattr(rig.done(), key)


def test_a_welded_contactor_is_told_and_latched() -> None:
    rig = Rig().ready()
    rig.switches = {"charge_contactor": True}
    rig.cells[0] = 3.66
    rig.run(1.1)
    assert rig.phase("charge") is Phase.OPENING
    rig.run(0.3)
    assert rig.phase("charge") is Phase.OPENING
    rig.run(0.7)
    assert "contactor_feedback cut" in rig.faults()
    assert rig.phase("charge") is Phase.LATCHED
    rig.tick(CLOSE)
    rig.run(5)
    assert rig.phase("charge") is Phase.LATCHED  # it still reports closed


def test_without_auxiliary_contacts_nothing_is_judged() -> None:
    rig = Rig(four("contactors.feedback=false"))
    rig.switches = {"charge_contactor": None, "load_contactor": None}
    rig.ready()
    rig.switches = {"charge_contactor": False, "load_contactor": False}
    rig.run(3)
    assert rig.faults() == set()
    rig.cells[0] = 3.66
    rig.run(1.1)
    assert rig.phase("charge") is Phase.OPENING
    rig.tick()
    assert rig.phase("charge") is Phase.OPEN


def test_an_unknown_feedback_is_no_fault() -> None:
    rig = Rig().ready()
    rig.switches = {"charge_contactor": None}
    rig.run(3)
    assert rig.faults() == set()


def test_a_coil_without_its_loop_is_no_feedback_fault() -> None:
    rig = Rig().ready()
    rig.node(1, charge_loop=False, discharge_loop=False, guard=("afe",))
    rig.switches = {"charge_contactor": False, "load_contactor": False}
    rig.run(3)
    assert rig.faults() == {"permission_loop:1 cut"}


def test_a_coil_whose_loop_is_unknown_is_no_feedback_fault() -> None:
    rig = Rig().ready()
    rig.node(1, charge_loop=None)
    rig.switches = {"charge_contactor": False}
    rig.run(2)
    assert rig.faults() == set()


def test_the_emergency_stop_opens_both_and_waits_for_a_person() -> None:
    rig = Rig().ready()
    for pressed in (True, False, True, True, False):  # it bounces
        rig.switches = {"emergency_stop": pressed}
        rig.tick()
        assert not rig.done().charge_contactor
        assert not rig.done().load_contactor
        assert not rig.done().permit_discharge
    rig.run(30)
    assert rig.phase("charge") is rig.phase("load") is Phase.LATCHED
    rig.tick(REMOTE_CLOSE)
    assert "refused" in rig.events[-1].cause
    rig.switches = {"emergency_stop": True}
    rig.tick(CLOSE)
    rig.run(10)
    assert rig.phase("charge") is Phase.LATCHED
    rig.switches = {"emergency_stop": False}
    rig.tick(CLOSE)
    rig.run(8)
    assert rig.done().charge_contactor
    assert rig.done().load_contactor
    assert came(rig.events, "emergency_stop")[0].cause == "emergency stop pressed"


def test_an_unknown_emergency_stop_does_not_release_it() -> None:
    rig = Rig().ready()
    rig.switches = {"emergency_stop": None}
    rig.run(1)
    assert rig.faults() == set()
    rig.switches = {"emergency_stop": True}
    rig.tick()
    rig.switches = {"emergency_stop": None}
    rig.tick(CLOSE)
    rig.run(10)
    assert "emergency_stop cut" in rig.faults()


def test_stop_opens_both_until_a_person_closes_at_the_panel() -> None:
    rig = Rig().ready()
    events = rig.tick(STOP)
    assert not rig.done().charge_contactor
    assert not rig.done().load_contactor
    assert not rig.done().permit_charge
    assert "stopped by Ann" in next(e.cause for e in events if e.kind is EventKind.CONTACTOR)
    rig.run(20)
    assert "refused" in rig.tick(REMOTE_CLOSE)[0].cause
    rig.run(10)
    assert rig.phase("charge") is Phase.LATCHED
    rig.tick(CLOSE)
    rig.run(8)
    assert rig.done().load_contactor


def test_stop_wins_over_a_close_in_the_same_step_and_has_a_name() -> None:
    rig = Rig().ready()
    rig.tick(CLOSE, Command(CommandKind.STOP))
    rig.run(10)
    assert rig.state.stopped == "somebody"
    assert not rig.done().load_contactor


def test_the_network_may_end_a_hold_but_no_latch() -> None:
    rig = Rig(four("contactors.reclose_delay=100")).ready()
    rig.cells[0] = 3.66
    rig.run(2)
    rig.cells[0] = 3.4
    rig.run(6)
    assert rig.state.may_charge
    assert not rig.done().charge_contactor
    rig.tick(Command(CommandKind.CLOSE))
    assert rig.done().charge_contactor


def test_a_person_accepts_an_incomplete_set_for_what_it_permits() -> None:
    rig = Rig()
    rig.temperatures[1] = rig.temperatures[2] = None
    rig.run(5)
    assert not rig.done().load_contactor
    rig.tick(Command(CommandKind.CLOSE, local=True))
    rig.run(3)
    assert rig.done().load_contactor
    assert not rig.done().charge_contactor


def test_the_button_acknowledges_when_short_and_closes_when_long() -> None:
    rig = Rig().ready()
    rig.tick(STOP)
    rig.run(2)
    rig.switches = {"button": True}
    rig.run(1)
    rig.switches = {}
    events = rig.tick()
    assert [e.key for e in events] == ["acknowledge"]
    assert rig.state.acknowledged
    rig.switches = {"button": True}
    events = rig.run(8)
    assert [e.key for e in events if e.kind is EventKind.COMMAND] == ["close"]
    rig.switches = {}
    rig.run(8)
    assert [e.key for e in rig.events if e.kind is EventKind.COMMAND] == ["stop", "acknowledge", "close"]
    assert rig.done().load_contactor


def test_recorded_data_are_taken_to_follow_at_once() -> None:
    rig = Rig(live=False)
    rig.tick()
    assert rig.phase("charge") is rig.phase("load") is Phase.CLOSED
    rig.cells[0] = 3.7
    rig.run(2)
    assert rig.phase("charge") is Phase.OPEN
    rig.tick(STOP)
    assert rig.phase("load") is Phase.LATCHED


def test_causes_change_without_a_change_of_phase() -> None:
    rig = Rig(make("pack.cells=4", "pack.capacity=100")).ready()
    rig.temperatures[0] = 51.0
    rig.run(8)
    before = rig.state.charge
    rig.tick()
    assert rig.state.charge is before
    rig.cells[3] = 3.66
    rig.run(1.1)
    assert "cell 4 3.66 V" in rig.state.charge.cause
    assert rig.phase("charge") is Phase.OPEN


WISH = Wish(True, False, "", True, True, False, None, None, True)


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("latched", [False, True])
@pytest.mark.parametrize("feedback", [None, False, True])
@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("late", [False, True])
def test_without_permission_the_coil_is_off_in_the_next_phase_whatever_else_holds(
    phase: Phase, latched: bool, feedback: bool | None, live: bool, late: bool
) -> None:
    wish = WISH._replace(permitted=False, latched=latched, cause="no", feedback=feedback, live=live)
    after = advance(Contactor(phase), wish, 60.0 if late else 0.0, 0.05, four().contactors)
    assert after.phase not in (Phase.CLOSED, Phase.PRE_CHARGE)


@pytest.mark.parametrize("phase", [Phase.OPENING, Phase.LATCHED])
def test_nothing_closes_from_opening_or_latched(phase: Phase) -> None:
    for feedback in (None, False, True):
        after = advance(Contactor(phase), WISH._replace(feedback=feedback), 99.0, 0.05, four().contactors)
        assert after.phase in (Phase.OPENING, Phase.OPEN)


def test_nothing_closes_without_its_loop() -> None:
    assert advance(Contactor(), WISH._replace(powered=False), 99.0, 0.05, four().contactors).phase is Phase.OPEN


@pytest.mark.parametrize("latched", [False, True])
@pytest.mark.parametrize(
    ("feedback", "now", "opened"),
    [
        (None, nextafter(contactors.OPEN_TIME, 0.0), False),
        (None, contactors.OPEN_TIME, True),
        (False, 0.0, True),
        (True, 1e9, False),
    ],
)
def test_a_coil_that_is_off_is_waited_for(latched: bool, feedback: bool | None, now: float, opened: bool) -> None:
    rules = four("contactors.feedback_delay=0.5").contactors
    wish = WISH._replace(permitted=False, latched=latched, cause="no", feedback=feedback)
    after = advance(Contactor(Phase.OPENING, 0.0, "why"), wish, now, 0.0, rules)
    phase = Phase.LATCHED if latched and (opened or feedback) else Phase.OPEN if opened else Phase.OPENING
    assert (after.phase, after.cause) == (phase, "no" if latched and feedback else "why")
    assert after.hold == (rules.reclose_delay if phase is Phase.OPEN else 0.0)


@pytest.mark.parametrize("slack", [0.0, 0.25])
def test_one_that_is_to_be_latched_and_stays_closed_is_given_its_time(slack: float) -> None:
    rules = four("contactors.feedback_delay=0.5").contactors
    wish, begun = (
        WISH._replace(permitted=False, latched=True, cause="no", feedback=True),
        Contactor(Phase.OPENING, 64.0),
    )
    assert advance(begun, wish, nextafter(64.5 - slack, 0.0), slack, rules) is begun
    assert advance(begun, wish, 64.5 - slack, slack, rules).phase is Phase.LATCHED
    unseen = wish._replace(feedback=None)
    assert advance(begun, unseen, 64.0, contactors.OPEN_TIME, rules).phase is Phase.LATCHED
    assert advance(begun, unseen, 64.0, nextafter(contactors.OPEN_TIME, 0.0), rules) is begun


def test_closings_of_the_last_hour_are_kept_in_their_order() -> None:
    ready = Contactor(Phase.OPEN, 0.0, allowed=0.0, closings=(0.0, 0.5, 9.0))
    after = advance(ready, WISH, contactors.HOUR, 0.0, four().contactors)
    assert (after.phase, after.hold) == (Phase.CLOSED, 0.0)
    assert after.closings == (0.5, 9.0, contactors.HOUR)


@pytest.mark.parametrize("person", [False, True])
def test_asked_to_close_it_waits_only_for_the_pause_of_a_failed_pre_charge(person: bool) -> None:
    failed, open_ = Contactor(tries=2, hold=10.0, closings=(1.0,)), Contactor(hold=5.0, closings=(1.0,))
    assert release(failed, person) == (failed._replace(tries=0, closings=()) if person else failed)
    assert release(open_, person) == open_._replace(hold=0.0, closings=() if person else (1.0,))


def test_the_figures_are_those_of_the_safety_concept() -> None:
    assert (contactors.CALM_CURRENT, contactors.FUSE_TIME) == (5.0, 3.0)
    assert contactors.HOUR == 60 * 60
    assert contactors.OPEN_TIME == PERIOD  # one cycle: no contactor of a boat needs longer


def test_a_stop_is_named_before_the_loops_that_it_opens() -> None:
    rig = Rig().ready()
    rig.switches = {"emergency_stop": True}
    rig.node(1, charge_loop=False, discharge_loop=False, guard=("emergency_stop",))
    rig.tick()
    assert "permission_loop:1 cut" in rig.faults()
    assert rig.state.verdict.charge_cause == rig.state.verdict.discharge_cause == "emergency stop pressed"
