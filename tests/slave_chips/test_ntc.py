"""Thermistors: the curve, its ends, open and short."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.slave.chips.ntc import B3435, B3950, resistance, temperature

TABLES = [(B3950, 3950), (B3435, 3435)]


def curve(beta: int, celsius: float) -> float:
    """The beta equation, in floats: the reference."""
    return 10000 * math.exp(beta * (1 / (celsius + 273.15) - 1 / 298.15))


@pytest.mark.parametrize(("table", "beta"), TABLES)
def test_the_table_is_the_curve(table: tuple[int, ...], beta: int) -> None:
    assert table == tuple(round(curve(beta, celsius)) for celsius in range(-40, 126, 5))


@pytest.mark.parametrize(("table", "beta"), TABLES)
@given(celsius=st.floats(-40, 124.9))
def test_within_0_3_k_of_the_curve(table: tuple[int, ...], beta: int, celsius: float) -> None:
    found = temperature(table, round(curve(beta, celsius)))
    assert found is not None
    assert abs(found / 10 - celsius) <= 0.3


@given(st.integers(359, 401859))
def test_more_ohms_are_never_warmer(ohm: int) -> None:
    low, high = temperature(B3950, ohm + 1), temperature(B3950, ohm)
    assert low is not None
    assert high is not None
    assert low <= high


@pytest.mark.parametrize(("table", "beta"), TABLES)
def test_open_and_short_are_unknown_never_a_temperature(table: tuple[int, ...], beta: int) -> None:
    for ohm in (None, 0, table[-1] - 1, table[0] + 1, 10**9):
        assert temperature(table, ohm) is None
    assert temperature(table, table[0]) == -400
    assert temperature(table, table[-1]) == 1250
    assert temperature(table, 10000) == 250


@pytest.mark.parametrize(
    ("raw", "ohm"), [(0, None), (4095, None), (4096, None), (-1, None), (2048, 10000 * 2048 // 2047)]
)
def test_a_reading_becomes_a_resistance(raw: int, ohm: int | None) -> None:
    assert resistance(raw, 4095, 10000) == ohm


@given(st.floats(-35, 120), st.sampled_from([4095, 65535]))
def test_from_converter_to_temperature(celsius: float, full: int) -> None:
    ohm = curve(3950, celsius)
    found = temperature(B3950, resistance(round(full * ohm / (ohm + 10000)), full, 10000))
    assert found is not None
    assert abs(found / 10 - celsius) <= (3.0 if full == 4095 else 0.5)
