"""Resistances learned from the current's changes."""

from math import exp
from random import Random

import pytest

from tbms.core.estimate import polarisation as polar

R0, R1, R2 = 3e-4, 2e-4, 2e-4


def driven(noise: float = 0.0, wild: bool = False) -> polar.Polarisation:
    random = Random(3)
    known, fast, slow, current = polar.start(0.05, 100.0, 25.0, 0.0), 0.0, 0.0, 0.0
    for second in range(6000):
        if second % 15 == 0:
            current = random.uniform(-100.0, 100.0)
        fast += (1 - exp(-1 / 10)) * (current - fast)
        slow += (1 - exp(-1 / 100)) * (current - slow)
        volts = R0 * current + R1 * fast + R2 * slow + random.gauss(0.0, noise)
        if wild and second % 500 == 400:
            volts += 1.0
        known = polar.step(known, volts, current, 1.0, learn=True)
    return known


@pytest.mark.parametrize(("noise", "wild", "error"), [(0.0, False, 0.02), (0.002, False, 0.1), (0.001, True, 0.15)])
def test_resistances_are_found(noise: float, wild: bool, error: float) -> None:
    assert driven(noise, wild).resistances == pytest.approx((R0, R1, R2), rel=error)


def test_cold_cells_are_expected_to_resist() -> None:
    assert polar.start(0.05, 100.0, -5.0, 0.0).prior > 2 * polar.start(0.05, 100.0, 25.0, 0.0).prior


def test_voltage_of_a_history() -> None:
    known = polar.start(0.05, 100.0, 25.0, 10.0)
    assert known.voltage(10.0) > 0.0
    assert known.variance((10.0, 5.0, 5.0)) == pytest.approx(known.doubt[0][0] * 150.0)


def test_without_learning_only_the_filters_move() -> None:
    known = polar.start(0.05, 100.0, 25.0, 0.0)
    known = polar.step(known, 0.01, 10.0, 1.0, learn=False)
    again = polar.step(known, 0.02, 20.0, 1.0, learn=False)
    assert again.resistances == known.resistances
    assert again.currents > known.currents
    assert again.base != known.base


def test_a_gap_begins_anew() -> None:
    known = polar.begun(polar.start(0.05, 100.0, 25.0, 20.0), 0.01, 5.0, 3600.0)
    assert known.base is not None
    assert known.base[0] == 0.01
    assert known.currents == pytest.approx((10.0, 10.0, 10.0))


def test_a_corrected_charge_moves_the_base_with_it() -> None:
    known = polar.start(0.05, 100.0, 25.0, 0.0)
    assert polar.shifted(known, 0.1) is known
    moved = polar.shifted(polar.step(known, 0.05, 0.0, 1.0, learn=False), 0.02)
    assert moved.base is not None
    assert moved.base[0] == pytest.approx(0.03)
