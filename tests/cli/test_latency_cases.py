import time

import pytest

from tbms.cli.latency_cases import CASES, RINGED, Case, measured
from tbms.cli.pauses import Pauses
from tbms.settings import load

SETTINGS = load()


def test_every_protection_and_every_ring_that_acts_is_measured() -> None:
    acting = {
        (key, ring)
        for key, rungs in SETTINGS.rungs.items()
        for ring in ("limit", "cut")
        if rungs.value[ring] is not None
    }
    covered = {(case.key, case.ring) for case in CASES}
    assert acting & {(key, ring) for key in RINGED for ring in ("limit", "cut")} <= covered
    assert set(RINGED) <= set(SETTINGS.rungs)


@pytest.mark.parametrize("least", [True, False])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_its_settings_are_accepted_and_mean_what_the_row_says(case: Case, least: bool) -> None:
    chosen = load(None, case.overrides(least, 53.0 if case.by_load else None))
    assert case.delay(chosen) == (chosen.period if least else case.delay(SETTINGS))
    if case.by_load:
        assert case.threshold(chosen) == 53.0


def test_a_quantity_is_read_from_its_place() -> None:
    row = {"current": 5.0, "pack_voltage": 53.0, "cell_voltages": [3.3, None], "temperatures": [20.0, 21.0]}
    by_kind = {case.kind: case for case in CASES}
    assert measured(by_kind["shunt_offset"], 1)(row) == 5.0
    assert measured(by_kind["load_power"], 1)(row) == 53.0
    assert measured(by_kind["voltage_offset"], 1)(row) == 3.3
    assert measured(by_kind["voltage_offset"], 2)(row) is None
    assert measured(by_kind["ntc_drift"], 2)(row) == 21.0


def test_a_pause_of_the_machine_is_known_by_its_time() -> None:
    with Pauses() as pauses:
        pauses._found = [(10.0, 10.05), (20.0, 20.5)]
        assert pauses.longest(0.0, 5.0) == 0.0
        assert pauses.longest(10.01, 11.0) == pytest.approx(0.05)
        assert pauses.longest(9.0, 30.0) == 0.5
        assert pauses.longest(time.monotonic(), time.monotonic()) < 5.0
