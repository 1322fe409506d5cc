"""Charge management: limits from the worst cell, stages, and when chargers rest."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import PERIOD, Rig, make

from tbms.core import snapshot as api
from tbms.core.manage import charge_cycle
from tbms.core.manage.charge_cycle import ChargeStage, Charging
from tbms.core.manage.charge_limits import Ramp, follow, interpolate
from tbms.core.manage.outputs import Override
from tbms.core.manage.scene import Scene
from tbms.core.switching import decided
from tbms.model.event import Event, Phase
from tbms.model.snapshot import LoopSnapshot

LOOP = LoopSnapshot(0.1, 1, 0, None, None)
ROLES = ("outputs[1].role=charger_enable", "outputs[2].role=load")
FULL = 50.0  # A: first ring of overcurrent_charge at 100 Ah


def rig(*keys: str) -> Rig:
    one = Rig(make("pack.cells=4", "pack.capacity=100", *ROLES, *keys)).ready()
    one.run(120, dt=1.0)
    one.events.clear()
    return one


def shown(one: Rig) -> Any:
    return api.snapshot(one.state, one.sample(), one.done(), one.settings, LOOP).charging


POINTS = ((0.0, 0.0), (10.0, 1.0), (20.0, 0.5))


@pytest.mark.parametrize(("at", "share"), [(-5, 0), (0, 0), (5, 0.5), (10, 1), (15, 0.75), (20, 0.5), (99, 0.5)])
def test_a_table_is_straight_between_its_points_and_level_outside(at: float, share: float) -> None:
    assert interpolate(POINTS, at) == pytest.approx(share)
    assert interpolate((), at) == 1.0


def test_all_of_it_is_allowed_in_the_middle() -> None:
    one = rig()
    assert (shown(one).cvl, shown(one).ccl, shown(one).dcl) == (13.8, FULL, 80.0)
    assert (shown(one).stage, shown(one).full, shown(one).empty, shown(one).profile) == ("bulk", False, False, "normal")


@pytest.mark.parametrize(("cell", "ccl"), [(3.45, 50.0), (3.475, 27.5), (3.50, 5.0), (3.525, 2.5), (3.55, 0.0)])
def test_the_highest_cell_decides_how_hard_is_charged(cell: float, ccl: float) -> None:
    one = rig()
    one.cells[2] = cell
    one.tick()
    assert shown(one).ccl == pytest.approx(ccl)


@pytest.mark.parametrize(
    ("cell", "ccl"), [(0.0, 0.0), (2.5, 2.5), (5.0, 5.0), (10.0, 27.5), (15.0, 50.0), (42.0, 25.0)]
)
def test_the_coldest_and_the_hottest_cell_decide_too(cell: float, ccl: float) -> None:
    one = rig()
    one.temperatures[3] = cell
    one.tick()
    assert shown(one).ccl == pytest.approx(ccl)


@pytest.mark.parametrize(("cell", "dcl"), [(3.1, 80.0), (3.0, 40.0), (2.9, 0.0), (2.0, 0.0)])
def test_the_lowest_cell_decides_how_hard_is_discharged(cell: float, dcl: float) -> None:
    one = rig()
    one.cells[0] = cell
    one.tick()
    assert shown(one).dcl == pytest.approx(dcl)


def test_a_deeply_discharged_battery_is_charged_gently() -> None:
    one = rig()
    one.cells[0] = 2.79
    one.tick()
    assert shown(one).ccl == 5.0


def test_without_measurements_nothing_is_asked_for() -> None:
    one = rig()
    one.cells[0] = None
    one.tick()
    assert shown(one).ccl == 0.0
    one.cells = [None] * 4
    one.tick()
    assert (shown(one).ccl, shown(one).dcl) == (0.0, 0.0)


def test_a_lost_sensor_costs_its_margin_and_all_of_them_everything() -> None:
    one = rig()
    one.temperatures[0] = None
    one.temperatures[1] = 7.0  # the unknown one may be 5 K colder
    one.tick()
    assert shown(one).ccl == pytest.approx(2.0)
    one = rig()
    one.temperatures = [None] * 4
    one.tick()
    assert shown(one).dcl == 0.0


def scene(one: Rig, soc: float = 0.5, sigma: float = 0.01, **changes: Any) -> Scene:
    measured = one.state.measured
    assert measured is not None
    known = one.state.estimate._replace(soc=soc, soc_sigma=sigma)
    judged = measured._replace(**changes)
    return Scene(judged, known, one.state.verdict, one.state.relays.on, (), None)


def test_one_unknown_temperature_caps_the_current() -> None:
    from tbms.core.manage.charge_limits import charge_current

    one = rig()
    rules = one.settings.charging
    assert charge_current(scene(one, temperatures=(20.0, None, 20.0, 20.0)), rules) == 20.0
    assert charge_current(scene(one), rules) == FULL


def test_without_sensors_temperature_limits_nothing() -> None:
    one = rig("sensors.temperature=none")
    assert (shown(one).ccl, shown(one).dcl) == (FULL, 80.0)


def test_the_state_of_charge_may_limit_too_while_it_is_known() -> None:
    from tbms.core.manage.charge_limits import charge_current

    one = rig("charge.by_soc=[{at=0.9, share=1}, {at=1.0, share=0.2}]")
    rules = one.settings.charging
    assert charge_current(scene(one, 0.95), rules) == pytest.approx(30.0)
    assert charge_current(scene(one, 0.95, 0.28), rules) == FULL


def test_a_stop_takes_all_limits_to_zero_and_they_come_back_slowly() -> None:
    one = rig()
    one.cells[1] = 3.62
    one.run(2.1)
    assert shown(one).ccl == 0.0
    one.cells[1] = 3.3
    one.run(26.0)
    assert shown(one).ccl == 0.0
    one.run(8)
    assert 0.0 < shown(one).ccl < 0.3 * FULL
    one.run(60, dt=1.0)
    assert shown(one).ccl == FULL


def test_a_cell_above_its_target_takes_the_charge_voltage_down() -> None:
    one = rig()
    one.cells = [3.44, 3.44, 3.44, 3.50]
    one.tick()
    assert shown(one).cvl == pytest.approx(3 * 3.44 + 3.45)
    one.cells = [3.44] * 4
    one.run(29)
    assert shown(one).cvl == pytest.approx(3 * 3.44 + 3.45)
    one.run(5)
    assert 3 * 3.44 + 3.45 < shown(one).cvl < 13.8


@given(st.lists(st.floats(0.0, 100.0), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_a_limit_falls_at_once_and_never_flaps(targets: list[float]) -> None:
    ramp, now = Ramp(50.0), 0.0
    for target in targets:
        before, now = ramp, now + 1.0
        ramp = follow(ramp, target, now, 5.0, 2.0)
        assert ramp.value <= max(target, before.value)
        assert ramp.value <= target or ramp.value == before.value == target
        assert ramp.value <= before.value + 2.0
        if ramp.value > before.value:
            assert now - before.lowered >= 5.0


def test_bulk_absorption_float_and_a_new_charge() -> None:
    one = rig("charge.rebulk_soc=0")
    one.cells, one.current = [3.446] * 4, 30.0
    one.tick()
    assert shown(one).stage == "absorption"
    one.current = 5.1
    one.run(65, dt=1.0)
    assert shown(one).stage == "absorption"
    one.current = 5.0
    one.run(59, dt=1.0)
    one.current = 6.0  # a short rise begins the minute anew
    one.run(2, dt=1.0)
    one.current = 5.0
    one.run(58, dt=1.0)
    assert shown(one).stage == "absorption"
    one.run(5, dt=1.0)
    assert (shown(one).stage, shown(one).full, shown(one).cvl) == ("float", True, 13.4)
    one.cells = [3.24] * 4
    one.run(50, dt=1.0)
    assert shown(one).stage == "float"
    one.run(15, dt=1.0)
    assert (shown(one).stage, shown(one).full, shown(one).cvl) == ("bulk", False, 13.8)
    told = [(e.value, e.cause) for e in one.events if e.key == "charge_stage"]
    assert told == [
        ("absorption", "highest cell at 3.450 V"),
        ("float", "full: current at most 5.0 A for 60 s"),
        ("bulk", "a new charge"),
    ]


def test_absorption_ends_after_its_longest_time_and_is_not_full() -> None:
    one = rig("charge.absorption_time=60", "charge.rebulk_soc=0")
    one.cells, one.current = [3.45] * 4, 30.0
    one.run(65, dt=1.0)
    assert (shown(one).stage, shown(one).full) == ("float", False)
    assert one.events[-1].cause == "absorption lasted 60 s"


def test_unknown_values_leave_the_stage() -> None:
    one = rig()
    one.cells, one.current = [3.45] * 4, None
    one.run(10)
    assert shown(one).stage == "bulk"


def staged(one: Rig, state: Charging, events: list[Event], soc: float, **changes: Any) -> Charging:
    """One step of charge management alone, as if the estimator said so."""
    sigma, profile = changes.pop("sigma", 0.01), changes.pop("profile", "")
    return charge_cycle.advance(state, scene(one, soc, sigma, **changes), profile, one.settings, events)


def test_a_used_battery_is_charged_anew() -> None:
    one = rig()
    at = one.state.clock
    held = one.state.managed.charging._replace(stage=ChargeStage.FLOAT, since=at, full_at=at)
    for soc, sigma, stage in ((0.96, 0.01, "float"), (0.94, 0.28, "float"), (0.94, 0.01, "bulk")):
        assert staged(one, held, [], soc, sigma=sigma).stage == stage
    # while it stands at its float voltage it is not used, whatever the count says
    assert staged(one, held, [], 0.5, highest=3.36, lowest=3.36).stage == "float"


@pytest.mark.parametrize(("profile", "low", "high"), [("store", 0.4, 0.5), ("away", 0.45, 0.55)])
def test_profiles_keep_a_state_of_charge(profile: str, low: float, high: float) -> None:
    one = rig(f"charge.profile={profile}")
    state, events = one.state.managed.charging._replace(resting=""), list[Event]()
    for soc, rests in ((high - 0.01, False), (high, True), (low + 0.01, True), (low, False), (high - 0.01, False)):
        state = staged(one, state, events, soc)
        assert bool(state.resting) is rests, soc
    assert [e.phase for e in events if e.key == "charge_rest"] == [Phase.CAME, Phase.WENT]
    assert events[0].cause == f"profile {profile}: {100 * high:.0f} % reached, rests until {100 * low:.0f} %"


@pytest.mark.parametrize(("profile", "low"), [("ready", 0.95), ("balance", 0.99)])
def test_profiles_that_fill(profile: str, low: float) -> None:
    one = rig(f"charge.profile={profile}")
    at, events = one.state.clock, list[Event]()
    state = staged(one, one.state.managed.charging, events, 0.999)
    assert not state.resting
    state = state._replace(stage=ChargeStage.FLOAT, since=at, full_at=at)
    state = staged(one, state, events, 1.0)
    assert state.resting == f"profile {profile}: full, rests until {100 * low:.0f} %"
    state = staged(one, state, events, low + 0.001)
    assert state.resting
    state = staged(one, state, events, low)
    assert (state.resting, state.stage) == ("", ChargeStage.BULK)
    assert not staged(one, state, events, low).resting


def test_the_charge_cycle_of_the_product() -> None:
    one = rig("charge.profile=cycle", "charge.full_days=30")
    at, events = one.state.clock, list[Event]()
    state = staged(one, one.state.managed.charging, events, 0.85)
    assert not state.resting  # never full since the start: it goes to full first
    state = state._replace(stage=ChargeStage.FLOAT, since=at, full_at=at)
    for soc, rests in ((1.0, True), (0.36, True), (0.35, False), (0.79, False), (0.80, True), (0.36, True)):
        state = staged(one, state, events, soc)
        assert bool(state.resting) is rests, soc
    state = staged(one, state, events, 0.5, clock=at + 30 * 86400.0)
    assert not state.resting
    state = staged(one, state, events, 0.9, clock=at + 30 * 86400.0)
    assert not state.resting


def test_an_uncertain_state_of_charge_lets_nobody_rest() -> None:
    one = rig("charge.profile=store")
    state = staged(one, one.state.managed.charging, [], 0.6, sigma=0.28)
    assert not state.resting


def test_a_range_may_choose_the_profile() -> None:
    one = rig()
    events = list[Event]()
    state = staged(one, one.state.managed.charging, events, 0.6, profile="store")
    assert (state.profile, bool(state.resting)) == ("store", True)
    state = staged(one, state, events, 0.6)
    assert (state.profile, state.resting) == ("normal", "")
    state = staged(one, state, events, 0.3, profile="away")
    assert (state.profile, state.resting) == ("away", "")


def test_resting_chargers_are_off_and_say_why_and_a_person_comes_first() -> None:
    one = rig()
    why = "profile store: 50 % reached, rests until 40 %"
    resting = one.state.managed.charging._replace(resting=why)
    standing_still = one.state._replace(managed=one.state.managed._replace(charging=resting))
    assert decided(standing_still, one.state.charge, one.state.load, one.settings)[0] == (False, why)
    overrides = (Override(True, 1e9, "Ann"), *one.state.overrides[1:])
    by_hand = standing_still._replace(overrides=overrides)
    assert decided(by_hand, one.state.charge, one.state.load, one.settings)[0] == (True, "set by Ann")


def test_a_battery_that_is_to_be_stored_rests_its_chargers() -> None:
    one = rig("charge.profile=store")
    assert one.state.estimate.soc_sigma <= 0.25
    one.run(5, dt=1.0)
    assert one.done().outputs[0] is not bool(one.state.managed.charging.resting)


def test_empty_is_said_at_the_limit_of_undervoltage() -> None:
    one = rig()
    one.cells[0] = 2.95
    one.run(6)
    assert not shown(one).empty
    one.cells[0] = 2.89
    one.run(6)
    assert shown(one).empty


def test_a_quiet_step_keeps_its_objects() -> None:
    one = rig()
    before = one.state.managed
    one.tick(dt=PERIOD)
    assert one.state.managed is before
