"""Open-circuit voltage: tables, grid, temperature."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.estimate.imagined import one

from tbms.core.estimate.middle import median
from tbms.core.estimate.ocv import HIGH, LOW, blend, curve, fresh, look
from tbms.core.estimate.tables import TABLES
from tbms.settings.compiled import OcvPoint


@pytest.mark.parametrize("chemistry", TABLES)
def test_tables_rise_and_have_a_gap(chemistry: str) -> None:
    table = TABLES[chemistry]
    assert table.soc[0] == 0.0
    assert table.soc[-1] == 1.0
    assert list(table.soc) == sorted(set(table.soc))
    for middle, half in zip(table.middle, table.half_gap, strict=True):
        assert list(middle) == sorted(middle)
        assert min(half) > 0.0


@pytest.mark.parametrize(("soc", "volts"), [(0.5, 3.30), (0.9, 3.345), (0.2, 3.24)])
def test_lfp_at_room_temperature(soc: float, volts: float) -> None:
    assert look(blend(curve(one()), 25.0).middle, soc) == pytest.approx(volts, abs=0.005)


@settings(max_examples=30, deadline=None)
@given(st.floats(-40, 70), st.floats(-0.5, 1.5))
def test_a_blend_lies_between_its_neighbours(heat: float, soc: float) -> None:
    known = curve(one())
    made = blend(known, heat)
    rows = [look(row, soc) for row in known.middle]
    assert min(rows) - 1e-9 <= look(made.middle, soc) <= max(rows) + 1e-9


def test_look_holds_its_ends() -> None:
    row = blend(curve(one()), 25.0).middle
    assert look(row, LOW - 1.0) == row[0]
    assert look(row, HIGH + 1.0) == row[-1]


def test_gap_grows_in_the_cold() -> None:
    known = curve(one())
    gaps = [look(blend(known, heat).half_gap, 0.5) for heat in (45.0, 25.0, -5.0, -20.0)]
    assert gaps == sorted(gaps)


def test_an_owners_table_is_used() -> None:
    points = (OcvPoint(0.0, 3.0, 3.1), OcvPoint(0.5, 3.3, 3.4), OcvPoint(1.0, 3.6, 3.7))
    from dataclasses import replace

    made = blend(curve(replace(one(), ocv=points)), 0.0)
    assert look(made.middle, 0.5) == pytest.approx(3.35)
    assert look(made.half_gap, 0.25) == pytest.approx(0.05)
    assert look(made.second, 0.5) == 0.0


def test_a_table_that_ends_early_is_held() -> None:
    from dataclasses import replace

    made = blend(curve(replace(one(), ocv=(OcvPoint(0.1, 3.0, 3.0), OcvPoint(0.9, 3.4, 3.4)))), 25.0)
    assert look(made.middle, 0.95) == pytest.approx(3.4)
    assert look(made.middle, 0.05) == pytest.approx(3.0)


def test_a_blend_is_kept_until_it_is_stale() -> None:
    known = curve(one())
    made = blend(known, 20.0)
    assert fresh(made, known, 20.5) is made
    assert fresh(made, known, 22.0).temperature == 22.0


@pytest.mark.parametrize(("values", "middle"), [([3.0], 3.0), ([1.0, 9.0, 2.0], 2.0), ([4.0, 1.0, 2.0, 9.0], 3.0)])
def test_median(values: list[float], middle: float) -> None:
    assert median(values) == middle
