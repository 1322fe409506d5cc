"""Defects that other battery firmware has had, as tests of ours."""

import pytest
from tests.strategies import Rig, came, four, make

from tbms.model.limit import Measure
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
