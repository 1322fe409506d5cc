"""One contactor for chargers and loads, step by step: what opens it, what closes it, and that nobody is locked out."""

from itertools import product
from math import inf
from typing import Any

import pytest
from tests.core.test_exploration import FAR, FLAGS, NOW, SLACK, aged
from tests.strategies import Rig, four

from tbms.core.measure.flow import LEAK, SAME_BUS
from tbms.core.protect.common import PAUSE, TRY_TIME, Sight, joined
from tbms.core.protect.contactors import FUSE_TIME, Contactor, Wish, advance
from tbms.model.command import Command, CommandKind
from tbms.model.event import EventKind
from tbms.model.limit import Measure
from tbms.model.snapshot import ContactorPhase as Phase

COMMON = ("contactors.bus=common", "contactors.ready_samples=2")
SETTINGS = four(*COMMON)
RULES = SETTINGS.contactors
CHARGER, LOADS, ALARM = 0, 1, 2


class One(Rig):
    """A battery of four cells behind one contactor. held: V at which a charger holds the open bus, None for none."""

    held: float | None = None

    def _switches(self, pack: float | None) -> Any:
        shut = self.done().load_contactor
        bus = pack if shut else self.held if self.held is not None else pack if self.done().pre_charge else 0.0
        self.switches = {"charge_bus_voltage": bus, "load_bus_voltage": bus, **self.more}
        return super()._switches(pack)

    more: dict[str, Any]

    def shut(self) -> bool:
        """Its coil is driven, through both outputs."""
        assert self.done().charge_contactor is self.done().load_contactor
        assert self.state.charge is self.state.load
        return self.done().load_contactor

    def phase_now(self) -> Phase:
        return self.state.load.phase


def one(*settings: str, **more: Any) -> One:
    rig = One(four(*COMMON, *settings), **more)
    rig.more = {}
    return rig


def ready(*settings: str) -> One:
    rig = one(*settings)
    rig.run(3.0)
    assert rig.shut()
    rig.events.clear()
    return rig


def emptied(*settings: str) -> One:
    """Cut off for undervoltage under load; the cell has recovered a little."""
    rig = ready(*settings)
    rig.current, rig.cells[2] = -30.0, 2.59
    rig.run(2.2)
    assert not rig.shut()
    rig.current, rig.cells[2] = 0.0, 2.8
    rig.run(5.0)
    assert rig.phase_now() is Phase.OPEN
    return rig


def charges(rig: One, amperes: float) -> None:
    """A charger that gives so much as soon as it is let in, net of the loads."""
    rig.held = 14.0
    rig.run(6.0)
    assert rig.shut()
    rig.current = amperes


def why(rig: One) -> str:
    return rig.state.load.cause


def why_not_discharge(rig: One) -> str:
    return rig.state.verdict.discharge_cause


def test_it_closes_after_pre_charge_and_is_one_object_one_event_and_both_coils() -> None:
    rig = one()
    rig.run(3.0)
    assert rig.shut()
    assert rig.done().permit_charge
    assert rig.done().permit_discharge
    assert rig.done().outputs[CHARGER]
    told = [event.key for event in rig.events if event.kind is EventKind.CONTACTOR]
    assert told == ["load_contactor"] * 2


def test_pre_charge_waits_for_a_current_that_is_calm() -> None:
    rig = one(current=-1.0)
    rig.run(1.5)
    assert rig.phase_now() is Phase.PRE_CHARGE
    rig.current = None
    rig.run(0.3)
    assert rig.phase_now() is Phase.PRE_CHARGE
    rig.current = 0.0
    rig.run(0.2)
    assert rig.shut()


@pytest.mark.parametrize("current", [-30.0, 0.0, LEAK - 0.1])
def test_what_forbids_charging_alone_leaves_the_loads_on_while_nothing_charges(current: float) -> None:
    rig = ready()
    rig.current, rig.cells[2] = current, 3.7
    rig.run(20.0)
    assert not rig.state.may_charge
    assert rig.shut()
    assert not rig.done().permit_charge
    assert rig.done().permit_discharge
    assert rig.done().outputs[CHARGER] is False
    assert rig.done().outputs[LOADS]


@pytest.mark.parametrize("current", [LEAK, 50.0])
def test_what_charges_against_it_opens_it_at_the_cut(current: float) -> None:
    rig = ready()
    rig.current, rig.cells[2] = current, 3.7
    rig.run(0.9)
    assert rig.shut()
    rig.run(0.2)
    assert not rig.shut()
    opened = next(event for event in rig.events if event.value == "opening")
    assert opened.rule == "cell_overvoltage"
    assert "3.7" in opened.cause


def test_a_current_that_is_not_known_may_charge() -> None:
    rig = ready()
    rig.current, rig.temperatures[2] = None, -5.0
    rig.run(4.8)
    assert rig.shut()
    rig.run(0.4)
    assert not rig.shut()


def test_opened_so_it_waits_until_the_bus_is_dead_or_the_cut_released() -> None:
    rig = ready()
    rig.current, rig.cells[2], rig.held = 30.0, 3.7, 14.5
    rig.run(1.5)
    rig.current = 0.0
    rig.run(30.0)
    assert not rig.shut()
    assert why(rig).endswith("; a charger holds the bus up")
    assert not rig.done().outputs[CHARGER]
    rig.held = None
    rig.run(8.0)
    assert rig.shut(), why(rig)
    assert not rig.state.may_charge
    rig.current = 1.0
    rig.run(0.3)
    assert not rig.shut()
    rig.current, rig.held, rig.cells[2] = 0.0, 14.5, 3.4
    rig.run(15.0)
    assert rig.shut()
    assert rig.state.may_charge


@pytest.mark.parametrize("bus", [13.2 - SAME_BUS + 0.01, 13.2, None])
def test_a_bus_that_may_be_held_is_not_dead(bus: float | None) -> None:
    rig = ready()
    rig.current, rig.cells = 30.0, [3.3, 3.3, 3.7, 2.9]
    rig.run(1.5)
    rig.current, rig.more = 0.0, {"load_bus_voltage": bus, "charge_bus_voltage": bus}
    rig.run(20.0)
    assert not rig.shut()


def test_a_lost_part_lets_the_charger_stop_and_the_loads_stay_on() -> None:
    rig = ready()
    rig.current, rig.cells[1], rig.pack = 40.0, None, 13.2
    rig.run(2.0)
    assert rig.shut()
    assert rig.done().permit_charge  # it is waited for
    assert "waiting for the charger to stop" in why(rig)
    rig.current = 3.0  # less than a charge contactor would wait for: here it is still charging
    rig.run(0.5)
    assert rig.shut()
    rig.current = 0.3
    rig.run(10.0)
    assert rig.shut()
    assert not rig.done().permit_charge


def test_and_opens_when_it_does_not_stop() -> None:
    rig = ready()
    rig.current, rig.cells[1], rig.pack = 40.0, None, 13.2
    rig.run(2.9)
    assert rig.shut()
    rig.run(0.3)
    assert not rig.shut()


def test_more_than_it_can_break_is_left_to_the_fuse_first() -> None:
    rig = ready("contactors.breaking_current=150")
    rig.current = -250.0
    rig.run(0.5 + FUSE_TIME - 0.2)
    assert rig.shut()
    rig.run(0.4)
    assert not rig.shut()


def test_undervoltage_opens_it_at_once_and_asks_chargers_in() -> None:
    rig = emptied()
    assert rig.done().outputs[CHARGER]
    assert not rig.done().outputs[LOADS]
    assert rig.done().permit_charge
    assert not rig.done().permit_discharge
    assert why(rig).endswith("; waiting for a charger")
    rig.run(600.0, 1.0)
    assert not rig.shut()


@pytest.mark.parametrize("bus", [13.2 - 0.5 + SAME_BUS, None])
def test_a_bus_that_no_charger_lifts_closes_nothing(bus: float | None) -> None:
    rig = emptied()
    rig.more = {"load_bus_voltage": bus}
    rig.run(20.0)
    assert not rig.shut()


def test_a_charger_on_the_bus_is_let_in_and_the_loads_follow_when_the_cells_have_recovered() -> None:
    rig = emptied("contactors.reclose_time=30")
    charges(rig, 10.0)
    rig.run(60.0)
    assert rig.shut()
    assert why_not_discharge(rig)
    assert rig.done().permit_discharge, "lent, for what is drawn for a moment"
    assert not rig.done().outputs[LOADS]
    rig.cells[2] = 3.25
    rig.run(32.0)
    assert why_not_discharge(rig) == ""
    assert rig.done().outputs[LOADS]
    rig.current = -30.0
    rig.run(60.0)
    assert rig.shut()


def test_a_charger_far_above_the_battery_is_not_closed_on() -> None:
    rig = emptied()
    rig.held = 12.7 + RULES.close_voltage + 0.1
    rig.run(20.0)
    assert not rig.shut()
    assert "above the pack" in why(rig)
    rig.held = 12.7 + RULES.close_voltage - 0.1
    rig.run(8.0)
    assert rig.shut()


def test_what_a_charger_does_not_cover_for_a_moment_is_borne_and_a_great_load_is_not() -> None:
    rig = emptied()
    charges(rig, 10.0)
    rig.run(100.0)
    rig.current = -5.0
    rig.run(20.0)
    assert rig.shut()
    rig.run(60.0)
    assert not rig.shut()
    rig = emptied()
    charges(rig, 10.0)
    rig.run(10.0)
    rig.current = -200.0
    rig.run(1.5)
    assert not rig.shut()


@pytest.mark.parametrize(("drawn", "lasts"), [(1.9, TRY_TIME), (5.0, 30.8)])
def test_a_charger_that_gives_too_little_is_let_in_again_after_a_pause(drawn: float, lasts: float) -> None:
    rig = emptied()
    charges(rig, -drawn)
    while rig.shut():
        rig.tick()
    rig.current = 0.0
    tried = rig.state.load.since - rig.state.load.closings[-1]
    assert tried == pytest.approx(lasts, abs=1.5)
    opened = rig.time
    while not rig.shut():
        rig.tick(dt=0.5)
    assert rig.time - opened == pytest.approx(PAUSE + RULES.reclose_delay, abs=2.5)
    assert not any(fault.id == "contactor_cycling" for fault in rig.state.verdict.faults)


def test_a_person_need_not_wait_and_is_believed_when_the_bus_shows_nothing() -> None:
    rig = emptied()
    charges(rig, -5.0)
    rig.run(60.0)
    rig.current, rig.held, rig.cells[2] = 0.0, None, 2.55
    rig.run(10.0)
    assert not rig.shut()
    rig.tick(Command(CommandKind.CLOSE, who="Ann"))
    rig.run(5.0)
    assert not rig.shut(), "the network does not know of a charger"
    rig.tick(Command(CommandKind.CLOSE, who="Ann", local=True))
    rig.run(1.0)
    assert rig.shut()
    rig.current = 20.0
    rig.run(30.0)
    assert rig.shut()


def test_an_input_says_that_a_charger_has_power() -> None:
    rig = emptied()
    rig.more = {"inputs": (False, False, False, True)}
    rig.run(8.0)
    assert rig.shut()
    rig.current = -1.0
    rig.run(TRY_TIME + 1.0)
    assert not rig.shut()


def test_with_the_current_unknown_an_empty_battery_is_charged_by_nobody() -> None:
    rig = emptied()
    rig.held, rig.current = 14.0, None
    rig.run(6.5)
    assert rig.phase_now() in (Phase.OPEN, Phase.OPENING)


def test_both_forbidden_open_it_whatever_flows_and_the_bus_says() -> None:
    rig = ready()
    rig.more = {"emergency_stop": True}
    rig.run(0.3)
    assert not rig.shut()
    assert not rig.done().outputs[CHARGER]
    for rig.held in (None, 14.0):
        rig.run(10.0)
        assert rig.phase_now() is Phase.LATCHED


def test_a_latched_overcurrent_of_the_loads_waits_for_a_person_and_one_of_a_charger_does_not() -> None:
    rig = ready()
    for _ in range(4):
        rig.current = -205.0
        rig.run(1.0)
        rig.current = 0.0
        rig.run(70.0, 0.5)
    assert rig.phase_now() is Phase.LATCHED
    assert not rig.done().outputs[CHARGER]
    rig.held = 14.0
    rig.run(20.0)
    assert rig.phase_now() is Phase.LATCHED
    rig = ready()
    for _ in range(4):
        rig.current = 110.0
        rig.run(1.5)
        rig.current = 0.0
        rig.run(70.0, 0.5)
    assert rig.state.verdict.latched_charge
    assert rig.shut()
    assert not rig.done().outputs[CHARGER]


@pytest.mark.parametrize(("loop", "current"), [("charge_loop", 20.0), ("discharge_loop", -20.0)])
def test_what_a_loop_has_opened_is_let_go_of_at_once(loop: str, current: float) -> None:
    rig = ready()
    rig.current = current
    rig.run(1.0)
    rig.node(1, **{loop: False}, guard=("afe",))
    rig.current = 0.0
    rig.more = {"charge_contactor": False, "load_contactor": False}
    rig.run(0.2)
    assert not rig.shut()
    rig.run(0.5)
    assert "contactor_feedback" not in {fault.id for fault in rig.state.verdict.faults}
    assert rig.phase_now() is Phase.OPEN


@pytest.mark.parametrize(("loop", "current"), [("charge_loop", -20.0), ("discharge_loop", 20.0)])
def test_a_loop_of_the_other_direction_opens_nothing(loop: str, current: float) -> None:
    rig = ready()
    rig.current = current
    rig.node(1, **{loop: False}, guard=("afe",))
    rig.run(20.0)
    assert rig.shut()
    assert rig.done().permit_charge is (loop != "charge_loop")
    assert rig.done().permit_discharge is (loop != "discharge_loop")


def test_a_coil_that_does_not_close_is_told_while_all_loops_hold() -> None:
    rig = one()
    rig.more = {"charge_contactor": False, "load_contactor": False}
    rig.run(4.0)
    assert rig.phase_now() is Phase.LATCHED
    assert rig.faults() == {"contactor_feedback cut"}
    assert not rig.state.may_charge
    assert not rig.state.may_discharge


def test_a_weld_is_told_once_and_stops_everything() -> None:
    rig = ready()
    rig.tick(Command(CommandKind.STOP, who="Ann"))
    rig.more = {"charge_contactor": False, "load_contactor": False, "load_bus_voltage": 13.2}
    rig.current = -20.0
    rig.run(5.0)
    welds = [fault for fault in rig.state.verdict.faults if fault.id == "weld"]
    assert len(welds) == 1
    assert any("main contactor welded" in event.cause for event in rig.events)
    assert not rig.state.verdict.may_charge
    assert not rig.state.verdict.may_discharge


def test_the_table_has_one_contactor() -> None:
    measures = [protection.measure for protection in SETTINGS.protections]
    for gone in (Measure.CHARGE_WELD, Measure.CHARGE_CYCLES, Measure.CHARGE_FEEDBACK):
        assert gone not in measures
    for protection in SETTINGS.protections:
        assert "load contactor" not in protection.words
        assert "charge contactor" not in protection.words
        if protection.measure in (Measure.LOAD_WELD, Measure.LOAD_CYCLES, Measure.LOAD_FEEDBACK, Measure.PRE_CHARGE):
            assert protection.forbids_charge
            assert protection.forbids_discharge


def test_recorded_data_open_and_close_it_by_the_current_alone() -> None:
    rig = one(live=False)
    rig.run(0.5)
    assert rig.shut()
    rig.current, rig.cells[2] = -30.0, 2.59
    rig.run(3.0)
    assert not rig.shut()
    rig.current = 10.0
    rig.run(8.0)
    assert rig.shut()
    rig.cells[2] = 3.7
    rig.run(2.0)
    assert not rig.shut()


# the machine, explored ------------------------------------------------------------------------------------------------

STEP = 1.0
FAULT = NOW - 3.0  # since when discharging is forbidden, while it is
SHARED = four(*COMMON, "contactors.breaking_current=400", "contactors.pre_charge_lockout=4").contactors
GAPS = (-3.0, 0.0, 9.0)
CURRENTS = (None, -450.0, -6.0, 6.0)


def far(contactor: Contactor, dt: float) -> Contactor:
    """As `aged`, but the last closing is remembered."""
    last = tuple(round(max(time - dt, NOW - FAR), 3) for time in contactor.closings[-1:])
    return aged(contactor, dt)._replace(closings=last)


def sides(
    charge: bool, load: bool, current: float | None, gap: float | None, feedback: bool | None = None
) -> tuple[Wish, Wish]:
    """The wishes of both directions; latched and blocked as they come."""
    cut = Wish(charge, False, "" if charge else "no charge", True, True, False, feedback, None, True, current)
    return cut, Wish(load, False, "" if load else "no discharge", True, True, True, feedback, gap, True, current)


def after(contactor: Contactor, charge: bool, load: bool, sight: Sight, **seen: Any) -> Contactor:
    into, out = sides(charge, load, **seen)
    wish = joined(contactor, into, out, sight, SHARED).wish
    return advance(contactor, wish, NOW, SLACK, SHARED)


SIGHTS = [
    Sight(NOW, mean, forbidden, charger, person)
    for mean, forbidden, charger, person in product((-6.0, 6.0), (FAULT, inf), FLAGS, (False,))
]
MOMENTS = [
    (charge, load, sight, {"current": current, "gap": gap, "feedback": feedback})
    for charge, load, sight, current, gap, feedback in product(FLAGS, FLAGS, SIGHTS, CURRENTS, GAPS, FLAGS)
    if load is (sight.forbidden == inf)
]


@pytest.fixture(scope="module")
def states() -> set[Contactor]:
    """Every state from the boot on; what lies far back is kept at one distance."""
    found = {far(Contactor(since=NOW), 0.0)}
    fresh = list(found)
    while fresh:
        coming = []
        for state in fresh:
            for then in {after(state, charge, load, sight, **seen) for charge, load, sight, seen in MOMENTS}:
                later = far(then, STEP)
                if later not in found:
                    found.add(later)
                    coming.append(later)
        fresh = coming
    return found


def in_time(state: Contactor, charge: bool, load: bool, sight: Sight, seconds: float, **seen: Any) -> Contactor:
    """The state after so long; contact and current follow."""
    for _ in range(round(seconds / STEP)):
        shut = state.phase is Phase.CLOSED
        flow = {**seen, "current": seen["current"] if shut else 0.0, "feedback": shut}
        state = far(after(state, charge, load, sight, **flow), STEP)
    return state


def test_the_search_ends_and_meets_every_phase_but_the_latched(states: set[Contactor]) -> None:
    assert {state.phase for state in states} == set(Phase) - {Phase.LATCHED}
    assert len(states) > 50


def test_from_everywhere_a_forbidden_direction_that_flows_or_may_flow_opens_it(states: set[Contactor]) -> None:
    for state in states:
        for current in (None, 6.0):
            then = after(state, False, True, Sight(NOW, 0.0, inf, False, False), current=current, gap=0.0)
            assert then.phase in (Phase.OPENING, Phase.OPEN) or state.phase is Phase.PRE_CHARGE, state
        for mean in (None, -6.0):
            sight = Sight(NOW, mean, FAULT, False, False)
            held = in_time(state, True, False, sight, FUSE_TIME + 4.0, current=mean, gap=9.0)
            assert held.phase is Phase.OPEN, state
        sight = Sight(NOW, 6.0, FAULT, True, True)
        assert in_time(state, False, False, sight, FUSE_TIME + 2.0, current=6.0, gap=-3.0).phase is Phase.OPEN, state


def test_from_everywhere_an_empty_battery_lets_in_a_charger_that_charges(states: set[Contactor]) -> None:
    for state in states:
        old = state._replace(since=NOW - PAUSE - FAR) if state.phase is Phase.OPEN else state
        sight = Sight(NOW, 6.0, FAULT, False, False)
        assert in_time(old, True, False, sight, 15.0, current=6.0, gap=-3.0).phase is Phase.CLOSED, state


def test_from_everywhere_a_full_battery_serves_its_loads_on_a_dead_bus(states: set[Contactor]) -> None:
    for state in states:
        sight = Sight(NOW, -6.0, inf, False, False)
        gap = {"gap": 9.0} if state.phase is not Phase.PRE_CHARGE else {"gap": 0.5}
        begun = in_time(state, False, True, sight, 10.0, current=-6.0, **gap)
        assert begun.phase in (Phase.PRE_CHARGE, Phase.CLOSED, Phase.OPEN), state
        assert in_time(begun, False, True, sight, 3.0, current=-6.0, gap=0.5).phase is Phase.CLOSED or begun.tries
