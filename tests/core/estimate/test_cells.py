"""Differences between cells."""

import pytest
from tests.core.estimate.imagined import one

from tbms.core.estimate import cells
from tbms.core.estimate.ocv import blend, curve, look

CURVE = blend(curve(one()), 25.0)


def looked(charge: float, soc: float, times: int = 60, current: float = 0.0, ohms: float = 0.0) -> cells.Cell:
    known = cells.new(3e-4)
    above = look(CURVE.middle, soc + charge) - look(CURVE.middle, soc) + current * ohms
    for _ in range(times):
        known = cells.seen(known, above, soc, current, current * 3e-4, CURVE)
    return known


@pytest.mark.parametrize("charge", [-0.02, 0.01])
def test_a_knee_shows_the_difference(charge: float) -> None:
    assert looked(charge, 0.08).mean[0] == pytest.approx(charge, abs=0.005)


def test_a_plateau_does_not() -> None:
    assert abs(looked(-0.05, 0.5).mean[0]) < 0.05
    assert looked(-0.05, 0.5).spread[0][0] > 0.015**2


def test_resistance_is_told_from_charge_by_the_current() -> None:
    known = cells.new(3e-4)
    for number in range(200):
        current = 50.0 if number % 2 else -50.0
        known = cells.seen(known, current * 1e-4, 0.5, current, current * 3e-4, CURVE)
    assert known.mean[2] == pytest.approx(1e-4, rel=0.3)
    assert abs(known.mean[0]) < 0.01


def test_a_smaller_cell_runs_ahead() -> None:
    known = cells.Cell((0.0, 0.1, 0.0), cells.new(3e-4).spread)
    moved = cells.moved(known, -0.5, 1.0)
    assert moved.mean[0] == pytest.approx(-0.05)
    assert moved.spread[0][0] > known.spread[0][0]
    ahead, sigma = cells.lead(moved, 0.4)
    assert ahead == pytest.approx(-0.05 - 0.04)
    assert sigma > 0.0


def test_the_weakest_cells_limit_the_pack() -> None:
    sure = ((1e-6, 0.0, 0.0), (0.0, 1e-6, 0.0), (0.0, 0.0, 1e-12))
    even, low, high = (cells.Cell((charge, 0.0, 0.0), sure) for charge in (0.0, -0.051, 0.051))
    assert cells.usable((even, even), 0.5) == pytest.approx(0.5)
    assert cells.usable((even, low), 0.5) == pytest.approx(0.45 / 0.95)
    assert cells.usable((even, high), 0.5) == pytest.approx(0.5 / 0.95)
    assert cells.usable((low, high), 0.5) == pytest.approx(0.5)
    assert cells.usable((cells.Cell((-0.6, 0.0, 0.0), sure), cells.Cell((0.6, 0.0, 0.0), sure)), 0.5) == 0.5


def test_what_balancing_takes_is_given_back() -> None:
    assert cells.taken((0.0, 1.0), (0.3, 1.1), 100.0) == pytest.approx((0.001, -0.001))
    assert cells.moved(cells.new(3e-4), 0.0, 1.0, taken=0.002).mean == (-0.002, 0.0, 0.0)
