"""Limp home: somebody at the panel has the loads back for ten minutes, against the master's limits and no node's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import Rig, four

from tbms.core.commands import LIMP_TIME
from tbms.core.manage.panel import LONG_PRESS
from tbms.core.protect.verdict import LIMPING
from tbms.core.snapshot import snapshot
from tbms.model.command import LIMP_HOME, Command, CommandKind
from tbms.model.event import EventKind, Phase
from tbms.model.snapshot import LoopSnapshot
from tbms.settings import load

LOAD, ALARM = 1, 2  # places of the outputs with these roles in four()
LIMP = Command(CommandKind.CLOSE, value=LIMP_HOME, who="panel", local=True)
LOOP = LoopSnapshot(0.1, 0, 0, None, None)


def flat() -> Rig:
    """A battery that is empty enough for its loads to be cut off."""
    rig = Rig().ready()
    rig.cells[1] = 2.59
    rig.run(3)
    assert not rig.done().load_contactor
    assert not rig.done().permit_discharge
    return rig


def press(rig: Rig, *spans: float) -> None:
    """Down, up, down, up ... for so many seconds each."""
    for number, span in enumerate(spans):
        rig.switches = {"button": number % 2 == 0}
        rig.run(span)
    rig.switches = {}
    rig.run(0.1)


def test_a_tap_and_a_long_press_bring_the_loads_back_for_ten_minutes() -> None:
    rig = flat()
    press(rig, 0.3, 0.5, LONG_PRESS + 0.2)
    rig.run(7)
    assert rig.done().load_contactor
    assert rig.done().permit_discharge
    assert rig.done().outputs[LOAD]
    told = [event for event in rig.events if event.kind is EventKind.COMMAND and event.key == "close"]
    assert [event.cause for event in told] == ["panel: limp home for 10 min"]
    assert "cell_undervoltage:2 cut" in rig.faults()  # it is told all the same
    rig.run(LIMP_TIME - 8)
    assert rig.done().load_contactor
    events = rig.run(2)
    assert not rig.done().load_contactor
    ended = next(event for event in events if event.key == "limp_home")
    assert (ended.phase, ended.cause) == (Phase.WENT, "limp home has ended: every limit counts again")


@pytest.mark.parametrize(
    "spans",
    [
        (LONG_PRESS + 0.2,),  # held alone: closes where allowed
        (0.3, 2.3, LONG_PRESS + 0.2),  # the press before is too long ago
        (0.3, 0.5, LONG_PRESS - 0.3),  # not long enough
        (0.2, 0.1, LONG_PRESS + 0.2),  # it has only bounced
        (LONG_PRESS + 0.2, 0.5, LONG_PRESS + 0.2),  # two long presses
        (0.3, 0.5, 0.3, 0.5),
    ],
)
def test_no_other_press_does(spans: tuple[float, ...]) -> None:
    rig = flat()
    press(rig, *spans)
    rig.run(20)
    assert rig.state.limp is None
    assert not rig.done().load_contactor


def test_two_taps_before_the_long_press_do_as_well() -> None:
    rig = flat()
    press(rig, 0.3, 0.5, 0.3, 0.5, LONG_PRESS + 0.2)
    assert rig.state.limp is not None


def test_the_network_cannot_ask_for_it() -> None:
    rig = flat()
    rig.tick(Command(CommandKind.CLOSE, value=LIMP_HOME, who="phone"))
    rig.run(20)
    assert rig.state.limp is None
    assert not rig.done().load_contactor


def test_it_never_permits_charging() -> None:
    rig = Rig().ready()
    rig.cells[0], rig.cells[1] = 3.70, 2.59
    rig.run(5)
    rig.tick(LIMP)
    rig.run(20)
    assert rig.done().load_contactor
    assert not rig.done().charge_contactor
    assert not rig.done().permit_charge


def test_a_stop_ends_it_at_once() -> None:
    rig = flat()
    rig.tick(LIMP)
    rig.run(10)
    assert rig.done().load_contactor
    rig.tick(Command(CommandKind.STOP, who="phone"))
    assert rig.state.limp is None
    assert not rig.done().permit_discharge
    rig.run(20)
    assert not rig.done().load_contactor


def test_asked_again_it_begins_anew() -> None:
    rig = flat()
    rig.tick(LIMP)
    rig.run(500)
    rig.tick(LIMP)
    rig.run(500)
    assert rig.done().load_contactor
    rig.run(150)
    assert not rig.done().load_contactor


@pytest.mark.parametrize(
    "what",
    [
        {"switches": {"emergency_stop": True}},
        {"loop": False},
        {"cell": 1.9},
    ],
)
def test_what_a_node_a_person_or_a_harmed_cell_says_stays(what: dict[str, Any]) -> None:
    rig = flat()
    rig.switches = what.get("switches", {})
    if "loop" in what:
        rig.node(1, discharge_loop=False)
    rig.cells[1] = what.get("cell", 2.59)
    rig.run(70)
    rig.tick(LIMP)
    rig.run(30)
    assert rig.state.limp is not None
    assert not rig.done().load_contactor


def test_a_short_circuit_opens_it_again() -> None:
    rig = flat()
    rig.tick(LIMP)
    rig.run(10)
    rig.current = -250.0
    rig.run(1)
    assert not rig.done().load_contactor


def test_doubt_about_measurements_is_lifted_where_the_nodes_still_judge() -> None:
    rig = Rig().ready()
    rig.cells, rig.pack = [3.3, None, 3.3, 3.3], 13.2
    rig.run(605)
    assert not rig.done().load_contactor
    rig.tick(LIMP)
    rig.run(12)
    assert rig.done().load_contactor
    assert not rig.done().permit_charge


def test_another_cell_that_counts_towards_its_cut_holds_nothing_up() -> None:
    rig = flat()
    rig.tick(LIMP)
    rig.cells[2] = 2.55
    rig.run(1.5)
    rig.cells[2], rig.cells[3] = 2.7, 2.55
    rig.run(7)
    assert rig.done().load_contactor


def test_what_it_does_not_lift_holds_the_loads_up_while_it_counts() -> None:
    """A cell that has fallen under 2.0 V is harmed in a minute: nothing closes on it, whoever wants to come home."""
    rig = flat()
    rig.cells[1] = 1.9
    rig.tick(LIMP)
    rig.run(20)
    assert rig.state.limp is not None
    assert not rig.done().load_contactor
    assert rig.state.load.cause.startswith("not yet: cell 2 1.90 V")


def test_the_alarm_goes_on_meanwhile() -> None:
    rig = flat()
    rig.tick(LIMP)
    rig.run(10)
    assert rig.done().load_contactor
    assert rig.settings.outputs[ALARM].role == "alarm"
    assert rig.done().outputs[ALARM]


def test_no_range_keeps_the_loads_off_meanwhile_and_all_current_is_offered() -> None:
    when = 'ranges[1].when=[{measure="cell_voltage", start=2.9, stop=3.2, delay=1}]'
    rig = Rig(four(when, "ranges[1].inhibit=[2]")).ready()
    rig.run(3)
    assert rig.done().outputs[LOAD]
    rig.cells[1] = 2.59
    rig.run(8)
    rig.tick(LIMP)
    rig.run(20)
    assert rig.state.managed.effects.inhibited[LOAD]
    assert rig.done().outputs[LOAD]
    assert rig.state.managed.charging.limits.dcl.value > 0.0
    left = snapshot(rig.state, rig.sample(), rig.done(), rig.settings, LOOP).panel
    assert left is not None
    assert left.limp_home == pytest.approx(LIMP_TIME - 20.0, abs=0.3)
    rig.run(LIMP_TIME)
    assert not rig.done().outputs[LOAD]


def test_a_range_keeps_its_loads_off_again_afterwards() -> None:
    """With nothing wrong at all: only the range is lifted, and comes back."""
    when = 'ranges[1].when=[{measure="soc", start=0.9, stop=0.95, delay=1}]'
    rig = Rig(four(when, "ranges[1].inhibit=[2]")).ready()
    rig.run(5)
    assert not rig.done().outputs[LOAD]
    rig.tick(LIMP)
    rig.run(1)
    assert rig.done().outputs[LOAD]
    rig.run(LIMP_TIME)
    assert not rig.done().outputs[LOAD]


def test_only_what_a_node_judges_too_is_lifted() -> None:
    known = {each.id for each in load(None, []).protections if each.forbids_discharge}
    assert known >= LIMPING
    assert not LIMPING & {"emergency_stop", "permission_loop", "cell_damaged", "weld", "contactor_feedback"}


@given(st.lists(st.sampled_from(["limp", "stop", "wait", "tap"]), max_size=12), st.floats(3.66, 3.9))
def test_whatever_is_asked_no_cell_above_its_cut_is_charged(asked: list[str], high: float) -> None:
    rig = Rig().ready()
    rig.cells[0] = high
    rig.run(4)
    for what in asked:
        if what == "limp":
            rig.tick(LIMP)
        elif what == "stop":
            rig.tick(Command(CommandKind.STOP, who="phone"))
        elif what == "tap":
            press(rig, 0.2, 0.2)
        rig.run(1)
        assert not rig.done().permit_charge
        assert not rig.done().charge_contactor
