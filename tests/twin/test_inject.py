"""Faults over time: start, ramp, duration, intermittency, happenings; and what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.twin.boat import boat
from tbms.twin.faults import FAULTS, Effects
from tbms.twin.inject import Active, Injection, Schedule
from tbms.twin.world import Controls

ON = Controls(True, True, False, (True,) * 6, True, True)


def test_start_ramp_and_duration() -> None:
    active = Active(Injection("ntc_drift", 1, 8.0, start=10.0, ramp=4.0, duration=20.0), 0, 100.0)
    levels = {t: active.level(100.0 + t) for t in (0.0, 9.9, 10.0, 11.0, 14.0, 29.9, 30.0)}
    assert levels == pytest.approx({0.0: 0.0, 9.9: 0.0, 10.0: 0.0, 11.0: 2.0, 14.0: 8.0, 29.9: 8.0, 30.0: 0.0})


def test_a_step_is_there_at_once() -> None:
    assert Active(Injection("ntc_open", 2), 1, 5.0).level(5.0) == 1.0


@given(st.integers(0, 50), st.sampled_from([0.05, 0.3, 0.7]))
def test_an_intermittent_fault_is_there_its_share_of_the_time(seed: int, share: float) -> None:
    injection = Injection("ntc_open", 1, share=share, spell=2.0, seed=seed)
    fine, coarse = Active(injection, 0, 0.0), Active(injection, 0, 0.0)
    levels = [fine.level(0.5 * n) for n in range(20_000)]
    assert sum(levels) / len(levels) == pytest.approx(share, abs=0.08)
    assert levels[0] == 1.0
    assert [coarse.level(10.0 * n) for n in range(100)] == levels[: 100 * 20 : 20]


def test_faults_of_a_kind_add_up_and_can_be_cleared() -> None:
    schedule = Schedule(Effects(16, (), ()))
    schedule.add(Injection("loose_busbar", 3, 1e-3), 0.0)
    schedule.add(Injection("loose_busbar", 3, 2e-3, name="another"), 0.0)
    schedule.add(Injection("loose_busbar", 5, 5e-3), 0.0)
    assert schedule.update(0.0)
    assert schedule.effects.value["loose_busbar"][2] == pytest.approx(3e-3)
    assert not schedule.update(1.0)
    assert schedule.remove("another")
    assert not schedule.remove("another")
    assert schedule.update(2.0)
    assert schedule.effects.value["loose_busbar"][2:5] == [1e-3, 0.0, 5e-3]


@pytest.mark.parametrize(
    ("when", "what"),
    [
        ("charge_contactor_closes", ON),
        ("load_contactor_closes", ON),
        ("charger_starts", ON),
    ],
)
def test_it_waits_for_a_happening(when: str, what: Controls) -> None:
    world = boat()
    world.inject(Injection("voltage_stuck", 1, when=when, start=1.0))
    world.advance(1.0, Controls())
    world.advance(1.0, Controls())
    assert world.effects.value["voltage_stuck"][0] == 0.0
    for _ in range(4):
        world.advance(1.0, what)
    assert world.effects.value["voltage_stuck"][0] == 1.0


def test_it_waits_for_an_opening_or_a_stop() -> None:
    world = boat()
    world.advance(1.0, ON)
    for when in ("charge_contactor_opens", "load_contactor_opens", "charger_stops"):
        world.inject(Injection("voltage_stuck", 1, when=when, name=when))
    world.advance(1.0, ON)
    assert world.effects.value["voltage_stuck"][0] == 0.0
    world.advance(1.0, Controls())
    world.advance(1.0, Controls())
    assert world.effects.value["voltage_stuck"][0] == 3.0


@pytest.mark.parametrize(
    ("when", "comes"), [("soc_below:0.5", False), ("soc_below:0.7", True), ("soc_above:0.5", True)]
)
def test_it_waits_for_a_state_of_charge(when: str, comes: bool) -> None:
    world = boat(soc=0.6)
    world.inject(Injection("voltage_stuck", 1, when=when))
    world.advance(1.0, Controls())
    world.advance(1.0, Controls())
    assert (world.effects.value["voltage_stuck"][0] > 0.0) is comes


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({}, "needs a kind"),
        ({"kind": "gremlin"}, "no fault is called 'gremlin'"),
        ({"kind": "ntc_open", "colour": 1}, "unknown key colour"),
        ({"kind": "ntc_open", "share": 0.0}, "share must be above 0"),
        ({"kind": "ntc_open", "share": 2}, "share must be above 0"),
        ({"kind": "ntc_open", "start": -1}, "start must not be negative"),
        ({"kind": "ntc_open", "severity": "big"}, "severity must be a number"),
        ({"kind": "ntc_open", "spell": float("nan")}, "spell must be a number"),
        ({"kind": "ntc_open", "ramp": True}, "ramp must be a number"),
        ({"kind": "ntc_open", "when": "never"}, "no happening is called 'never'"),
        ({"kind": "ntc_open", "when": "soc_below:low"}, "no happening"),
    ],
)
def test_nonsense_is_refused_with_a_reason(table: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Injection.of(table)


@pytest.mark.parametrize(
    ("kind", "where", "says"),
    [
        ("ntc_open", 17, "cell is a number from 1 to 16, not 17"),
        ("ntc_open", "shore", "cell is a number"),
        ("open_wire", -1, "lead is a number from 0 to 16"),
        ("frames_lost", 5, "node is a number from 1 to 4"),
        ("ignores_stop", "wind", "charger is one of solar, alternator, shore, not 'wind'"),
        ("contactor_welded", 1, "contactor is one of charge, load, pre_charge"),
        ("shunt_open", 2, "pack is a number from 1 to 1"),
    ],
)
def test_a_place_that_does_not_exist_is_refused(kind: str, where: int | str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        boat().inject(Injection(kind, where))


def test_the_table_is_complete_and_readable() -> None:
    for name, line in FAULTS.items():
        assert name.islower()
        assert line.changes
        assert line.shows
        assert line.unit
        assert line.typical != 0.0
