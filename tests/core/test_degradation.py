"""Losing parts without going dark: what is still permitted when something is unknown, old or impossible."""

from dataclasses import replace
from math import inf, nan

import pytest
from tests.strategies import Rig, came, four, make, went

from tbms.core.step import step
from tbms.model.event import EventKind
from tbms.model.sample import NodeReport


def permits(rig: Rig) -> tuple[bool, bool]:
    return rig.state.may_charge, rig.state.may_discharge


def test_nothing_is_permitted_before_a_full_valid_set() -> None:
    rig = Rig()
    assert permits(rig) == (False, False)
    rig.cells[1] = None
    rig.run(5)
    assert permits(rig) == (False, False)
    assert not rig.done().charge_contactor
    assert not rig.done().permit_charge


@pytest.mark.parametrize("broken", ["cell", "temperature", "current"])
def test_one_incomplete_set_begins_the_count_anew(broken: str) -> None:
    rig = Rig()
    rig.run(0.9)
    if broken == "cell":
        rig.cells[0] = None
    elif broken == "temperature":
        rig.temperatures[0] = None
    else:
        rig.current = None
    rig.tick()
    rig.cells, rig.temperatures, rig.current = [3.3] * 4, [20.0] * 4, 0.0
    rig.run(0.9)
    assert not rig.done().permit_discharge
    rig.run(2)
    assert rig.done().load_contactor


@pytest.mark.parametrize("value", [None, 0.49, 5.01, -3.3, nan, inf])
def test_an_impossible_cell_voltage_stops_charging_at_once(value: float | None) -> None:
    rig = Rig().ready()
    rig.cells[2] = value
    rig.pack = 13.2
    events = rig.tick()
    assert [e.cell for e in came(events, "invalid_voltage")] == [3]
    assert permits(rig) == (False, True)
    assert not rig.done().charge_contactor
    assert rig.done().load_contactor


def test_one_unknown_cell_may_be_discharged_ten_minutes_while_the_pack_vouches_for_it() -> None:
    rig = Rig().ready()
    rig.cells[2], rig.pack = None, 13.2
    rig.run(599, dt=1.0)
    assert permits(rig) == (False, True)
    rig.run(2, dt=1.0)
    assert permits(rig) == (False, False)
    assert "unguarded_time:3 cut" in rig.faults()


@pytest.mark.parametrize("pack", [None, 13.6, 12.4, inf])
def test_an_unknown_cell_that_the_pack_does_not_vouch_for_ends_discharging(pack: float | None) -> None:
    rig = Rig().ready()
    rig.cells[2], rig.pack = None, pack
    rig.tick()
    assert permits(rig) == (False, False)


def test_vouching_without_rings_uses_what_a_cell_can_be() -> None:
    off = [f"protect.cell_{side}voltage.{ring}=off" for side in ("over", "under") for ring in ("cut",)]
    rig = Rig(four(*off)).ready()
    rig.cells[2], rig.pack = None, 9.9 + 4.5
    rig.tick()
    assert permits(rig) == (False, True)
    rig.pack = 9.9 + 5.2
    rig.tick()
    assert permits(rig) == (False, False)


def test_two_unknown_cells_end_everything() -> None:
    rig = Rig().ready()
    rig.cells[0] = rig.cells[3] = None
    rig.pack = 13.2
    rig.tick()
    assert permits(rig) == (False, False)


def test_an_unknown_cell_comes_back_after_a_second() -> None:
    rig = Rig().ready()
    rig.cells[2] = None
    rig.tick()
    rig.cells[2] = 3.3
    rig.run(0.9)
    assert permits(rig) == (False, False)
    rig.run(0.3)
    assert permits(rig) == (True, True)
    assert went(rig.events, "invalid_voltage")[0].cause == "cell 3: well for 1.0 s"


@pytest.mark.parametrize("value", [None, -39.5, 115.5, nan])
def test_one_lost_temperature_is_an_alarm_and_its_neighbours_stand_in(value: float | None) -> None:
    rig = Rig().ready()
    rig.temperatures = [20.0, value, 44.0, 20.0]
    rig.tick()
    assert permits(rig) == (True, True)
    assert rig.faults() == {"invalid_temperature:2 cut"}
    rig.temperatures[2] = 56.0
    rig.run(6)
    assert "overtemperature_discharge:2 cut" in rig.faults()  # 56 and 5 K of margin
    assert permits(rig) == (False, False)


def test_without_one_temperature_the_battery_is_charged_gently_or_not_at_all() -> None:
    rig = Rig().ready()
    rig.temperatures[1], rig.current = None, 20.0
    rig.run(20)
    assert permits(rig) == (True, True)
    assert rig.done().outputs[0]
    rig.current = 20.1
    rig.run(5)
    assert rig.done().outputs[0]
    rig.tick()
    assert not rig.done().outputs[0]  # chargers are asked first
    assert rig.done().charge_contactor
    rig.run(5)
    assert "unsure_charge cut" in rig.faults()
    assert permits(rig) == (False, True)
    rig.temperatures[1], rig.current = 20.0, 0.0
    rig.run(61)
    assert permits(rig) == (True, True)


def test_two_lost_temperatures_of_a_node_end_charging_and_two_of_two_nodes_do_not() -> None:
    rig = Rig(make("pack.cells=8")).ready()
    rig.temperatures[1] = rig.temperatures[6] = None
    rig.run(3)
    assert permits(rig) == (True, True)
    rig.temperatures[5] = None
    rig.tick()
    assert permits(rig) == (False, True)
    assert "temperatures_lost:2 cut" in rig.faults()
    assert "temperatures_lost:1 cut" not in rig.faults()
    rig.temperatures[5] = 20.0
    rig.run(1.2)
    assert permits(rig) == (True, True)


def torn(rig: Rig, place: int, low: float = 0.02) -> None:
    """The sense wire between place and place + 1 (from 0) comes off: the sum of the two stays right."""
    one, other = rig.cells[place], rig.cells[place + 1]
    assert one is not None
    assert other is not None
    rig.cells[place], rig.cells[place + 1] = low, one + other - low


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("chemistry", ["lfp", "nmc", "lmo", "lto"])
@pytest.mark.parametrize("low", [-0.1, 0.02, 1.3])
def test_a_torn_sense_wire_ends_charging_and_leaves_ten_minutes(place: int, chemistry: str, low: float) -> None:
    settings = four(f"pack.chemistry={chemistry}")
    volts = {"lfp": 3.3, "lto": 2.3}.get(chemistry, 3.7)
    rig = Rig(settings, cells=[volts] * 4).ready()
    torn(rig, place, low)
    events = rig.tick()
    if low > 1.0 and chemistry == "lto":
        return  # two possible voltages: each is judged by its own limits
    assert {e.cell for e in came(events, "invalid_voltage")} == {place + 1, place + 2}
    assert [e.cell for e in came(events, "open_wire")] == [place + 1]
    rig.run(599, dt=1.0)
    assert permits(rig) == (False, True)
    assert rig.done().load_contactor
    assert not {f.id for f in rig.state.verdict.faults} & {"cell_overvoltage", "cell_undervoltage"}
    rig.run(2, dt=1.0)
    assert permits(rig) == (False, False)


def test_a_wire_torn_upside_down_is_one_too() -> None:
    rig = Rig().ready()
    rig.cells[1], rig.cells[2] = 6.58, 0.02
    assert [e.cell for e in came(rig.tick(), "open_wire")] == [2]
    assert permits(rig) == (False, True)


def test_the_outermost_wires_leave_one_cell_unknown() -> None:
    for place in (0, 3):
        rig = Rig(pack=13.2).ready()
        rig.cells[place] = 0.02
        rig.run(3)
        assert rig.faults() == {f"invalid_voltage:{place + 1} cut"}
        assert permits(rig) == (False, True)


def test_a_pair_that_could_hide_an_empty_cell_is_not_vouched_for() -> None:
    rig = Rig().ready()
    rig.cells = [3.3, 2.65, 3.2, 3.3]
    torn(rig, 1)  # 5.85 V together: 3.3 and 2.55 V are possible
    rig.tick()
    assert permits(rig) == (False, False)


def test_two_cells_alone_are_vouched_for_by_their_mean() -> None:
    rig = Rig(make("pack.cells=2", "pack.capacity=100")).ready()
    torn(rig, 0)
    rig.tick()
    assert permits(rig) == (False, True)


@pytest.mark.parametrize("online", [True, False])
def test_a_lost_or_stale_node_is_named_once_and_not_its_cells(online: bool) -> None:
    rig = Rig(make("pack.cells=16"), pack=52.8).ready()
    rig.node(3, age=0.6, temperature_age=3.0, online=online)
    rig.cells[8:12] = rig.temperatures[8:12] = [None] * 4
    events = rig.run(20)
    named = {"sample_age:3 warn", "sample_age:3 cut"} if online else {"sample_age:3 cut", "node_lost:3 cut"}
    assert rig.faults() <= named
    assert len(came(events)) == (2 if online else 3)
    assert permits(rig) == (False, False)


def test_a_stale_base_board_is_not_an_unknown_current_too() -> None:
    rig = Rig().ready()
    rig.node(1, age=0.6)
    rig.tick()
    assert rig.faults() == {"sample_age:1 cut"}


def test_old_temperatures_of_a_node_are_named_once() -> None:
    rig = Rig(make("pack.cells=8")).ready()
    rig.node(2, temperature_age=2.1)
    rig.tick()
    assert rig.faults() == {"temperatures_lost:2 cut"}
    assert permits(rig) == (False, True)


def test_a_torn_wire_goes_on_counting_while_its_node_is_lost() -> None:
    rig = Rig(make("pack.cells=8")).ready()
    torn(rig, 4)
    rig.run(300, dt=1.0)
    rig.node(2, age=5.0, online=False)
    rig.run(200, dt=1.0)
    rig.node(2, age=0.05, online=True)
    rig.run(95, dt=1.0)
    assert permits(rig) == (False, True)
    rig.run(10, dt=1.0)
    assert permits(rig) == (False, False)


def test_a_stand_in_never_calms_what_was_measured() -> None:
    rig = Rig().ready()
    rig.temperatures[1] = 61.0
    rig.run(6)
    assert permits(rig) == (False, False)
    rig.temperatures[1] = None
    rig.run(60)
    assert permits(rig) == (False, False)
    rig.temperatures[1] = 20.0
    rig.run(6)
    assert permits(rig) == (True, True)


def test_a_stand_in_keeps_a_delay_running() -> None:
    rig = Rig().ready()
    rig.temperatures[1] = 61.0
    rig.run(3)
    rig.temperatures[1] = None
    rig.run(3)
    assert "overtemperature_discharge:2 cut" in rig.faults()


def test_the_cold_side_has_its_margin_too() -> None:
    rig = Rig().ready()
    rig.temperatures = [20.0, None, -16.0, 20.0]
    rig.run(6)
    assert "undertemperature_discharge:2 cut" in rig.faults()


def test_neighbours_are_those_of_the_same_node_first() -> None:
    rig = Rig(make("pack.cells=8"), current=0.0).ready()
    rig.temperatures = [20.0, 20.0, 20.0, 20.0, 56.0, 20.0, 20.0, 20.0]
    rig.temperatures[1] = None
    rig.run(12)
    assert "overtemperature_discharge:2 cut" not in rig.faults()
    rig.temperatures = [None, None, None, None, 57.0, 20.0, 20.0, 20.0]
    rig.run(12)
    assert {f"overtemperature_discharge:{n} cut" for n in (1, 2, 3, 4)} <= rig.faults()


def test_no_temperature_at_all_ends_everything() -> None:
    rig = Rig().ready()
    rig.temperatures = [None] * 4
    rig.tick()
    assert permits(rig) == (False, False)


def test_without_sensors_temperature_is_not_judged_only_where_the_settings_say_so() -> None:
    rig = Rig(four("sensors.temperature=none")).ready()
    assert permits(rig) == (True, True)
    fitted = Rig()
    fitted.temperatures = []
    fitted.run(3)
    assert permits(fitted) == (False, False)


@pytest.mark.parametrize("value", [None, nan, inf, -2500.0])
def test_without_a_current_charging_ends_at_the_absorption_voltage(value: float | None) -> None:
    rig = Rig().ready()
    rig.current = value
    rig.tick()
    assert permits(rig) == (True, True)
    assert "invalid_current cut" in rig.faults()
    rig.cells[1] = 3.451
    rig.tick()
    assert permits(rig) == (False, True)
    rig.cells[1] = 3.36
    rig.run(5)
    assert permits(rig) == (False, True)
    rig.cells[1] = 3.35
    rig.run(1.2)
    assert permits(rig) == (True, True)


def test_a_known_current_lifts_that_rule() -> None:
    rig = Rig().ready()
    rig.current = None
    rig.cells[1] = 3.46
    rig.tick()
    rig.current = 0.0
    rig.run(1.2)
    assert permits(rig) == (True, True)


def test_without_current_and_cells_nothing_is_charged() -> None:
    rig = Rig().ready()
    rig.current, rig.cells = None, [None] * 4
    rig.tick()
    assert permits(rig) == (False, False)


@pytest.mark.parametrize("age", [0.51, inf, nan])
def test_stale_data_of_a_node_end_everything_at_once(age: float) -> None:
    rig = Rig().ready()
    rig.node(1, age=age)
    rig.tick()
    assert permits(rig) == (False, False)
    assert rig.state.measured is not None
    assert rig.state.measured.voltages == (None,) * 4
    assert rig.state.measured.current is None
    assert "sample_age:1 cut" in rig.faults()
    assert "node_lost:1 cut" not in rig.faults()


def test_old_data_are_told_before() -> None:
    rig = Rig().ready()
    rig.node(1, age=0.3)
    assert rig.tick() == []
    rig.node(1, age=0.31)
    rig.tick()
    assert rig.faults() == {"sample_age:1 warn"}
    assert permits(rig) == (True, True)


def test_a_silent_node_is_named_lost() -> None:
    rig = Rig(make("pack.cells=8")).ready()
    rig.node(2, age=0.6, online=False)
    rig.tick()
    assert {"node_lost:2 cut", "sample_age:2 cut"} <= rig.faults()
    assert rig.state.measured is not None
    assert rig.state.measured.voltages[:4] == (3.3,) * 4
    assert rig.state.measured.current == 0.0
    cause = came(rig.events, "node_lost")[0].cause
    assert cause == "node 2 does not answer"


def test_an_old_temperature_is_unknown() -> None:
    rig = Rig().ready()
    rig.node(1, temperature_age=2.1)
    rig.tick()
    assert permits(rig) == (False, False)


def test_a_gap_is_an_event_with_its_length_and_the_next_fresh_sample_restores() -> None:
    rig = Rig(live=False)
    rig.run(2)
    events = rig.tick(dt=75.0)
    assert [(e.key, e.value, e.limit) for e in came(events)] == [("sample_gap", 75.0, 60.0)]
    assert permits(rig) == (False, False)
    assert went(rig.tick(), "sample_gap")
    assert permits(rig) == (True, True)


def test_sixty_seconds_are_no_gap() -> None:
    rig = Rig(live=False)
    rig.run(600, dt=60.0)
    assert came(rig.events) == []


@pytest.mark.parametrize("back", [0.0, -0.1, -1e6])
def test_time_that_does_not_advance_withdraws_permission_and_never_hangs(back: float) -> None:
    rig = Rig().ready()
    rig.tick(dt=back)
    assert permits(rig) == (False, False)
    assert rig.faults() == {"clock_jump cut"}
    rig.tick()
    assert permits(rig) == (True, True)


def test_a_jump_back_does_not_stop_a_delay() -> None:
    rig = Rig().ready()
    rig.cells[0] = 3.66
    rig.run(0.6)
    rig.tick(dt=-5000.0)
    rig.run(0.5)
    assert "cell_overvoltage:1 cut" in rig.faults()


def test_holds_begin_anew_across_a_gap() -> None:
    rig = Rig(live=False)
    rig.cells[0] = 3.66
    rig.run(2)
    rig.cells[0] = 3.4
    rig.run(2)
    rig.tick(dt=100.0)
    rig.run(4)
    assert "cell_overvoltage:1 cut" in rig.faults()
    rig.run(2)
    assert rig.faults() <= {"voltage_spread warn"}


def test_a_wrong_number_of_cells_is_unknown_cells() -> None:
    rig = Rig().ready()
    rig.cells = [3.3] * 3
    rig.tick()
    assert permits(rig) == (False, False)
    assert "invalid_voltage:4 cut" in rig.faults()
    rig.cells, rig.pack = [3.3] * 5, 13.2
    rig.run(3)
    assert rig.faults() == set()


def test_a_nodes_open_loop_is_a_fault_only_once_it_was_permitted() -> None:
    rig = Rig()
    rig.node(1, charge_loop=False, guard=("unconfigured",))
    rig.run(0.9)
    assert rig.faults() == set()
    rig.run(0.5)
    assert not rig.done().charge_contactor
    assert rig.done().load_contactor
    rig.node(1, charge_loop=True, guard=())
    rig.run(3)
    assert rig.done().charge_contactor


@pytest.mark.parametrize("side", ["charge", "discharge"])
def test_a_loop_that_a_guard_opens_is_told_with_its_reason(side: str) -> None:
    rig = Rig().ready()
    rig.node(1, **{f"{side}_loop": False}, guard=("afe",))
    rig.tick()
    assert permits(rig) == (side != "charge", side != "discharge")
    assert came(rig.events)[0].cause == f"node 1 opened its {side} loop (afe)"
    assert not (rig.done().charge_contactor if side == "charge" else rig.done().load_contactor)
    rig.node(1, **{f"{side}_loop": True}, guard=())
    rig.run(8)
    assert rig.done().charge_contactor
    assert rig.done().load_contactor


def test_a_loop_open_without_a_reason_is_a_fault_after_a_second_of_permission() -> None:
    rig = Rig()
    rig.node(1, charge_loop=False)
    rig.run(1.8)
    assert "permission_loop:1 cut" not in rig.faults()
    rig.run(0.5)
    assert "permission_loop:1 cut" in rig.faults()
    assert came(rig.events, "permission_loop")[0].cause == "node 1 opened its charge loop"


def test_an_unknown_loop_neither_trips_nor_clears() -> None:
    rig = Rig().ready()
    rig.node(1, charge_loop=None)
    rig.run(3)
    assert rig.faults() == set()
    rig.node(1, charge_loop=False, guard=("afe",))
    rig.tick()
    rig.node(1, charge_loop=None, guard=())
    rig.run(5)
    assert "permission_loop:1 cut" in rig.faults()


def test_every_fault_says_when_it_came_and_went() -> None:
    rig = Rig().ready()
    rig.current = None
    rig.tick()
    rig.current = 1.0
    rig.run(2)
    phases = [(e.key, e.phase) for e in rig.events if e.kind is EventKind.FAULT]
    assert phases == [("invalid_current", "came"), ("invalid_current", "went")]


def test_nodes_without_switches_are_judged_too() -> None:
    rig = Rig(live=False)
    rig.nodes = [NodeReport(1, True, 0.03, 0.1, True, True)]
    rig.run(2)
    rig.node(1, charge_loop=False, guard=("afe",))
    rig.tick()
    assert rig.faults() == {"permission_loop:1 cut"}


def test_without_a_measured_pack_voltage_recorded_data_have_the_sum() -> None:
    rig = Rig(live=False, pack=None)
    rig.cells = [3.61] * 4
    rig.run(2)
    assert "pack_overvoltage cut" in rig.faults()
    live = Rig(pack=None)
    live.cells = [3.61] * 4
    live.run(2)
    assert "pack_overvoltage cut" not in live.faults()


def test_a_loop_that_runs_late_is_told_and_forbids_nothing() -> None:
    rig = Rig().ready()
    for late, told in ((0.4, False), (0.51, True)):
        outcome = step(rig.state, replace(rig.sample(), time=rig.time + 0.1, late=late), (), rig.settings)
        assert ("loop_overrun" in {event.key for event in outcome.events}) is told
        assert outcome.state.verdict.may_charge
        assert outcome.state.verdict.may_discharge
