"""Defects that other battery firmware has had, as tests of ours; docs/safety.md maps each to its test."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import Rig, came, four, make

from tbms.core import snapshot as api
from tbms.core.manage.charge_limits import interpolate
from tbms.core.manage.panel import LONG_PRESS
from tbms.model.limit import Limit, Measure
from tbms.model.snapshot import LoopSnapshot
from tbms.settings.chemistry import CHEMISTRIES


def test_one_invalid_cell_does_not_silence_the_rules_of_the_others() -> None:
    rig = Rig().ready()
    rig.cells = [None, 3.3, 3.66, 2.5]
    rig.pack = 12.8
    rig.run(3)
    assert {"cell_overvoltage:3 cut", "cell_undervoltage:4 cut"} <= rig.faults()


def test_one_invalid_temperature_does_not_silence_the_others() -> None:
    rig = Rig().ready()
    rig.temperatures = [None, 20.0, 61.0, 20.0]
    rig.run(6)
    assert "overtemperature_discharge:3 cut" in rig.faults()


def test_a_failed_read_is_never_an_old_value() -> None:
    rig = Rig().ready()
    rig.cells[0] = 3.44
    rig.run(1)
    rig.cells[0] = None
    rig.tick()
    assert rig.state.measured is not None
    assert rig.state.measured.voltages[0] is None


def test_a_broken_chain_at_boot_permits_nothing() -> None:
    rig = Rig(make("pack.cells=16"))
    rig.node(3, age=float("inf"), online=False, charge_loop=None, discharge_loop=None)
    rig.cells[8:12] = [None] * 4
    rig.run(20)
    done = rig.done()
    assert not any((done.permit_charge, done.permit_discharge, done.charge_contactor, *done.outputs))


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_every_default_release_lies_inside_its_threshold(chemistry: str) -> None:
    for protection in make(f"pack.chemistry={chemistry}").protections:
        for ring, limit in protection.rings:
            if protection.unit and protection.measure < Measure.NODE_AGE:
                inside = limit.release < limit.threshold if limit.above else limit.release > limit.threshold
                assert inside, (protection.id, ring)


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_every_protection_of_the_table_is_reachable(chemistry: str) -> None:
    settings = make(f"pack.chemistry={chemistry}")
    judged = {protection.id for protection in settings.protections}
    assert set(settings.rungs) <= judged


def test_every_bank_of_cells_is_judged_by_its_own_values() -> None:
    for cell in range(16):
        rig = Rig(make("pack.cells=16"), live=False)
        rig.cells[cell] = 3.66
        rig.temperatures[cell] = 61.0
        rig.run(6)
        found = {fault.cell for fault in rig.state.verdict.faults}
        assert found == {cell + 1}


def test_extremes_come_from_their_own_sensors() -> None:
    rig = Rig().ready()
    rig.current = -130.0
    rig.cells[1], rig.temperatures[2] = 3.66, -21.0
    rig.run(12)
    assert {"cell_overvoltage:2 cut", "undertemperature_discharge:3 cut", "overcurrent_discharge cut"} <= rig.faults()


def test_a_task_that_is_merely_late_is_a_gap() -> None:
    rig = Rig(four("sensors.gap=1")).ready()
    rig.tick(dt=1.1)
    assert not rig.state.may_charge
    assert came(rig.events, "sample_gap")


def test_a_negative_temperature_is_a_temperature() -> None:
    rig = Rig().ready()
    rig.temperatures = [-5.0] * 4
    rig.run(6)
    assert not rig.state.may_charge
    assert rig.state.may_discharge


SIXTEEN = ("pack.cells=16", "pack.capacity=280")
MILD = 25.0  # °C
VOLTS = {"lfp": 3.3, "nmc": 3.7, "lmo": 3.8, "lto": 2.3}


def charging(rig: Rig) -> Any:
    return api.snapshot(rig.state, rig.sample(), rig.done(), rig.settings, LoopSnapshot(0.1, 1, 0, None, None)).charging


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
@pytest.mark.parametrize("wire", range(17))
def test_an_open_wire_is_found_at_every_position_the_first_and_the_last_included(wire: int, chemistry: str) -> None:
    rig = Rig(make(*SIXTEEN, f"pack.chemistry={chemistry}"), cells=[VOLTS[chemistry]] * 16).ready()
    rig.pack = 16 * VOLTS[chemistry]
    below, above = max(wire - 1, 0), wire
    rig.cells[below] = 0.02
    if 0 < wire < 16:
        rig.cells[above] = 2 * VOLTS[chemistry] - 0.02
    rig.tick()
    lost = {below + 1, above + 1} if 0 < wire < 16 else {below + 1}
    assert {event.cell for event in came(rig.events, "invalid_voltage")} == lost
    assert [event.cell for event in came(rig.events, "open_wire")] == ([wire] if 0 < wire < 16 else [])
    assert not rig.state.may_charge
    assert rig.state.may_discharge
    assert not {fault.id for fault in rig.state.verdict.faults} & {"cell_overvoltage", "cell_undervoltage"}


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
@given(pair=st.lists(st.floats(1.0, 4.6), min_size=2, max_size=2).map(sorted), heat=st.floats(-30.0, 70.0))
def test_derating_is_monotone(chemistry: str, pair: list[float], heat: float) -> None:
    """A higher cell is never charged harder, a lower one never discharged harder; from mild to worse never more."""
    rules = make(*SIXTEEN, f"pack.chemistry={chemistry}").charging
    low, high = pair
    assert interpolate(rules.by_voltage, low) >= interpolate(rules.by_voltage, high)
    assert interpolate(rules.discharge_by_voltage, low) <= interpolate(rules.discharge_by_voltage, high)
    for table in (rules.by_temperature, rules.discharge_by_temperature):
        worse = heat + (5.0 if heat >= MILD else -5.0)
        assert interpolate(table, worse) <= interpolate(table, heat)


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_derating_ends_at_nothing_where_the_rings_begin_to_ask(chemistry: str) -> None:
    settings = make(*SIXTEEN, f"pack.chemistry={chemistry}")
    rules, rungs = settings.charging, settings.rungs
    over, under = rungs["cell_overvoltage"].value, rungs["cell_undervoltage"].value
    assert over["limit"] is not None
    assert under["limit"] is not None
    assert interpolate(rules.by_voltage, over["limit"]) == 0.0
    assert interpolate(rules.discharge_by_voltage, under["limit"]) == 0.0
    assert interpolate(rules.by_voltage, settings.charge.absorption - 0.1) == 1.0


def test_full_and_empty_are_set_by_the_battery_and_taken_back() -> None:
    rig = Rig(make("pack.cells=4", "pack.capacity=100", "charge.tail_time=60")).ready()
    assert (charging(rig).full, charging(rig).empty) == (False, False)
    rig.cells, rig.current = [3.45] * 4, 3.0
    rig.run(120, dt=1.0)
    assert (charging(rig).full, charging(rig).empty) == (True, False)
    rig.cells, rig.current = [3.4] * 4, -50.0  # 1 mΩ, as such cells have: else the estimator believes nothing
    rig.run(60, dt=1.0)
    rig.cells = [3.3] * 4
    rig.run(3600, dt=1.0)
    assert not charging(rig).full
    rig.cells[2] = 2.89
    rig.run(6)
    assert (charging(rig).full, charging(rig).empty) == (False, True)


def test_a_bouncing_stop_opens_once_and_needs_one_person() -> None:
    """It bounces while pressed and while let go; held; released; closed again by the panel alone."""
    rig = Rig().ready()
    bounces = [True, False] * 5
    for pressed in (*bounces, *[True] * 20, *bounces, *[False] * 20):
        rig.switches |= {"emergency_stop": pressed}
        rig.tick()
        assert not rig.state.may_charge
        assert not rig.state.may_discharge
    assert len(came(rig.events, "emergency_stop")) == 1
    rig.run(60, dt=1.0)
    assert not rig.done().load_contactor
    rig.switches |= {"button": True}
    rig.run(LONG_PRESS + 0.5)
    rig.switches |= {"button": False}
    rig.run(8.0)
    assert rig.done().load_contactor


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_permission_is_given_inside_every_limit_and_taken_outside(chemistry: str) -> None:
    """No limit is inverted: the value of a healthy battery lies on the good side of every ring and release."""
    settings = make(*SIXTEEN, f"pack.chemistry={chemistry}")
    healthy = {
        Measure.CELL_VOLTAGE: VOLTS[chemistry],
        Measure.PACK_VOLTAGE: 16 * VOLTS[chemistry],
        Measure.CURRENT: 0.0,
        Measure.TEMPERATURE_HOT: 20.0,
        Measure.TEMPERATURE_COLD: 20.0,
        Measure.BOARD_TEMPERATURE: 30.0,
        Measure.SUPPLY: 12.0,
    }
    for protection in settings.protections:
        value = healthy.get(Measure(protection.measure), 0.0)
        for ring, limit in protection.rings:
            assert _good(limit, value), (protection.id, ring)


def _good(limit: Limit, value: float) -> bool:
    return value <= min(limit.threshold, limit.release) if limit.above else value >= max(limit.threshold, limit.release)
