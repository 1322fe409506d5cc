import time

import pytest

from tbms.cli import latency_reads as reads
from tbms.cli.bench_latency import notes
from tbms.cli.latency_cases import CASES, NOT_TIMED, RINGED, Case
from tbms.cli.pauses import Pauses
from tbms.cli.run import AURORA
from tbms.model.fault import Ring
from tbms.model.limit import Protection
from tbms.settings import load
from tbms.simulator.console import PRESSES
from tbms.simulator.trouble import TROUBLES
from tbms.twin.faults import FAULTS

SETTINGS = load()


def key(protection: Protection) -> tuple[str, bool, bool]:
    return protection.id, protection.forbids_charge, protection.forbids_discharge


TIMED = {key(case.protection(SETTINGS)) for case in CASES}


@pytest.mark.parametrize("protection", SETTINGS.protections, ids=lambda p: f"{p.id}-{p.measure}")
def test_every_protection_is_timed_or_it_is_said_why_not(protection: Protection) -> None:
    assert (key(protection) in TIMED) is not (key(protection) in NOT_TIMED)


def test_nothing_else_is_named() -> None:
    table = {key(protection) for protection in SETTINGS.protections}
    assert set(NOT_TIMED) <= table
    told = list(notes())
    for (name, _, _), why in NOT_TIMED.items():
        assert any(line.startswith(f"  {name} (") and line.endswith(why) for line in told)


def test_what_forbids_nothing_is_not_timed_and_what_is_told_only_forbids_nothing() -> None:
    for (_, charge, discharge), why in NOT_TIMED.items():
        assert (not charge and not discharge) is why.startswith("it tells")


@pytest.mark.parametrize("protection", SETTINGS.protections, ids=lambda p: f"{p.id}-{p.measure}")
def test_every_ring_that_acts_is_measured(protection: Protection) -> None:
    covered = {case.ring for case in CASES if key(case.protection(SETTINGS)) == key(protection)}
    acting = {ring for ring, _ in protection.rings if ring is not Ring.WARN}
    assert key(protection) in NOT_TIMED or acting <= covered


@pytest.mark.parametrize("least", [True, False])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_its_settings_are_accepted_and_mean_what_the_row_says(case: Case, least: bool) -> None:
    chosen = load(AURORA, case.overrides(least, 53.0 if case.by_load else None))
    assert case.delay(chosen) == (chosen.period if least and not case.fixed else case.delay(SETTINGS))
    assert case.fixed is (case.key not in RINGED)
    if case.by_load:
        assert case.threshold(chosen) == 53.0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_provoked_by_what_the_simulator_knows(case: Case) -> None:
    for kind in (case.kind, *(kind for kind, _, _ in case.before)):
        assert kind in FAULTS or kind in TROUBLES or kind in PRESSES


def test_a_quantity_is_read_from_its_place() -> None:
    row: reads.Row = {
        "current": 5.0,
        "pack_voltage": 10.0,
        "cell_voltages": [3.3, None, 3.5, 3.4],
        "temperatures": [20.0, 21.0, 24.0, 20.5],
        "shown": {
            "nodes": [
                {"age": 0.1, "board_temperature": 40.0, "charge_loop": True, "discharge_loop": False},
                {"age": 0.7, "board_temperature": None, "charge_loop": False, "discharge_loop": None},
            ],
            "panel": {"emergency_stop": True},
            "charge_contactor": {"feedback": True},
            "load_contactor": {"feedback": False},
        },
    }
    assert reads.current(row, 1) == 5.0
    assert reads.pack(row, 1) == 10.0
    assert [reads.cell(row, place) for place in (1, 2, 5)] == [3.3, None, None]
    assert reads.temperature(row, 2) == 21.0
    assert reads.above_others(row, 3) == pytest.approx(0.2)
    assert reads.below_others(row, 1) == pytest.approx(0.2)
    assert reads.above_others(row, 2) is None
    assert reads.warmer(row, 3) == pytest.approx(4.0)
    assert [reads.board(row, place) for place in (1, 2, 3)] == [40.0, None, None]
    assert reads.age(row, 2) == 0.7
    assert [reads.charge_loop(row, cell) for cell in (4, 5)] == [0.0, 1.0]
    assert [reads.discharge_loop(row, cell) for cell in (4, 5)] == [1.0, None]
    assert reads.stop(row, 1) == 1.0
    assert (reads.charge_contact(row, 1), reads.load_contact(row, 1)) == (0.0, 1.0)


def test_a_sum_is_read_only_where_every_cell_is() -> None:
    assert reads.off_sum({"pack_voltage": 10.0, "cell_voltages": [3.3, 3.3, 3.3]}, 1) == pytest.approx(1.0)
    assert reads.off_sum({"pack_voltage": 10.0, "cell_voltages": [3.3, None, 3.3]}, 1) is None
    assert reads.off_sum({"pack_voltage": None, "cell_voltages": [3.3]}, 1) is None
    assert reads.stop({}, 1) is None


def test_a_pause_of_the_machine_is_known_by_its_time() -> None:
    with Pauses() as pauses:
        pauses._found = [(10.0, 10.05), (20.0, 20.5)]
        assert pauses.longest(0.0, 5.0) == 0.0
        assert pauses.longest(10.01, 11.0) == pytest.approx(0.05)
        assert pauses.longest(9.0, 30.0) == 0.5
        assert pauses.longest(time.monotonic(), time.monotonic()) < 5.0
