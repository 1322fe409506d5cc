"""A life in numbers: charge, energy, time, closings, rings."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import Rig, four

from tbms.core.counters import Counters, restored
from tbms.core.health import counted, health
from tbms.core.snapshot import snapshot
from tbms.model.action import Actions
from tbms.model.snapshot import LoopSnapshot


def test_charge_and_energy_are_counted_each_way() -> None:
    rig = Rig().ready()
    before = rig.state.counters
    rig.current = 36.0
    rig.run(100.0)
    rig.current = -72.0
    rig.run(50.0)
    after = rig.state.counters
    assert after.charge_in - before.charge_in == pytest.approx(1.0)
    assert after.charge_out - before.charge_out == pytest.approx(1.0)
    assert after.energy_in == pytest.approx(13.2)
    assert after.energy_out == pytest.approx(13.2)
    assert after.time - before.time == pytest.approx(150.0)


def test_what_is_unknown_counts_nothing_but_time() -> None:
    rig = Rig().ready()
    before = rig.state.counters
    rig.current = None
    rig.run(0.4)
    after = rig.state.counters
    assert after._replace(time=0.0, cut=0.0) == before._replace(time=0.0, cut=0.0)
    assert after.time > before.time


def test_a_gap_moves_no_charge_and_an_unknown_voltage_no_energy() -> None:
    rig = Rig(live=False, pack=None).ready()
    rig.current = 10.0
    rig.tick(dt=100.0)
    assert rig.state.counters.charge_in == 0.0
    rig.cells = [None] * 4
    rig.tick(dt=36.0)
    assert rig.state.counters.charge_in == pytest.approx(0.1)
    assert rig.state.counters.energy_in == 0.0


def test_time_that_stands_still_counts_nothing() -> None:
    rig = Rig().ready()
    before = rig.state.counters
    rig.tick(dt=0.0)
    assert rig.state.counters is before


def test_closings_of_each_contactor() -> None:
    rig = Rig().ready()
    assert (rig.state.counters.charge_closings, rig.state.counters.load_closings) == (1, 1)
    rig.cells[1] = 3.7
    rig.run(10)
    rig.cells[1] = 3.3
    rig.run(120)
    assert (rig.state.counters.charge_closings, rig.state.counters.load_closings) == (2, 1)


@pytest.mark.parametrize(("value", "ring"), [(3.57, "warn"), (3.62, "limit"), (3.7, "cut")])
def test_time_in_the_deepest_ring(value: float, ring: str) -> None:
    rig = Rig(four("protect.voltage_spread.warn=off", "protect.voltage_spread.cut=off")).ready()
    rig.cells[0] = value
    rig.run(8.0)
    before = rig.state.counters
    rig.run(10.0)
    after = rig.state.counters
    for name in ("warn", "limit", "cut"):
        spent = getattr(after, name) - getattr(before, name)
        assert spent == pytest.approx(10.0 if name == ring else 0.0)


def test_they_come_back_by_their_names() -> None:
    rig = Rig().ready()
    rig.current = 30.0
    rig.run(60)
    assert restored(rig.state.counters._asdict()) == rig.state.counters


@pytest.mark.parametrize("values", [None, [], {"time": -1}, {"time": "1"}, {"time": True}, {"time": float("nan")}])
def test_what_is_no_count_begins_at_zero(values: Any) -> None:
    assert restored(values) == Counters()


@given(st.dictionaries(st.sampled_from(Counters._fields), st.floats() | st.integers() | st.text() | st.none()))
def test_whatever_comes_back_is_a_count(values: dict[str, Any]) -> None:
    back = restored(values)
    assert all(value >= 0 for value in back)
    assert isinstance(back.load_closings, int)


def test_the_snapshot_shows_health_and_counters() -> None:
    rig = Rig().ready()
    rig.current = -50.0
    rig.run(72.0)
    shown = snapshot(rig.state, rig.sample(), rig.done(), rig.settings, LoopSnapshot(0.1, 0, 0, None, None))
    assert shown.counters == counted(rig.state.counters)
    assert shown.counters is not None
    assert shown.counters.charge_out == pytest.approx(1.0)
    assert shown.health is not None
    assert shown.health.cycles == pytest.approx(0.01)
    assert (shown.health.capacity, shown.health.capacity_sigma, shown.health.soh) == (None, None, None)
    learned = rig.state.estimate._replace(store=rig.state.estimate.store._replace(pairs=2), capacity=98.0)
    told = health(learned, rig.state.counters, 100.0)
    assert told.capacity == 98.0
    assert told.capacity_sigma is not None


def test_what_the_boards_draw_is_counted_by_how_the_contactors_stand() -> None:
    rig = Rig(four(), time=100.0)
    rig.own = 0.1
    rig.run(1.0)
    before = rig.state.counters
    assert before.own_open_time == pytest.approx(0.9)
    assert before.own_open == pytest.approx(0.1 * 13.2 * 0.9 / 3600.0)
    rig.run(5.0)
    rig.own = 0.4
    rig.run(60.0)
    after = rig.state.counters
    assert after.own_closed / after.own_closed_time * 3600.0 == pytest.approx(0.4 * 13.2, rel=0.06)
    assert after.own_open_time < 3.0
    assert counted(after).own_closed == pytest.approx(0.4 * 13.2, rel=0.06)
    assert counted(after).own_open == pytest.approx(0.1 * 13.2, rel=0.01)
    assert counted(Counters()).own_open is None


@pytest.mark.parametrize("how", ["unmeasured", "stale", "no voltage", "gap"])
def test_what_the_boards_draw_is_not_guessed(how: str) -> None:
    rig = Rig(four(), time=100.0)
    rig.own = None if how == "unmeasured" else 0.1
    if how == "stale":
        rig.nodes[0] = replace(rig.nodes[0], age=0.9)
    if how == "no voltage":
        rig.cells[0], rig.pack = None, None
    rig.run(200.0 if how == "gap" else 2.0, dt=100.0 if how == "gap" else 0.1)
    assert rig.state.counters.own_open_time == rig.state.counters.own_closed_time == 0.0


def woken(**odd: Any) -> Counters:
    """Slept for an hour until 5 s before the master's first look, 1.8 mA on the mean."""
    rig = Rig(four(), time=5000.0, own=0.1, awake=5.0)
    for name, value in odd.items():
        setattr(rig, name, value)
    rig.state = rig.state._replace(asleep_since=5000.0 - 5.0 - 3600.0)
    rig.tick()
    untold = rig.state.asleep_since
    assert untold is not None
    rig.asleep_charge = odd.get("charge", 0.0018)
    rig.run(2.0)
    after = rig.state
    assert after.asleep_since is None  # once and not again
    return after.counters


def test_what_was_drawn_asleep_is_counted_once_the_boards_tell() -> None:
    found = woken()
    assert found.own_asleep_time == pytest.approx(3600.0, abs=0.2)
    assert counted(found).own_asleep == pytest.approx(0.0018 * 13.2, abs=0.005)


@pytest.mark.parametrize(
    "odd", [{"own": None}, {"cells": [None] * 4, "pack": None}, {"awake": 4000.0}, {"charge": 0.2}, {"charge": 0.0}]
)
def test_what_was_drawn_asleep_is_not_guessed(odd: dict[str, Any]) -> None:
    """Unmeasured; no voltage; a clock that stood; more than is drawn awake; nothing."""
    assert woken(**odd)[-2:] == (0.0, 0.0)


def test_a_boat_without_a_bus_is_measured_asleep_too() -> None:
    rig = Rig(four(), time=100.0, own=0.004)
    rig.tick()
    rig.state = rig.state._replace(actions=Actions(sleep=12))
    rig.tick(dt=10.0)
    assert rig.state.counters.own_asleep_time == 10.0
    assert rig.state.counters.own_open_time == 0.0
