"""Currents the cells can bear, and how long they last."""

import pytest
from tests.core.estimate.imagined import one

from tbms.core.estimate import limits, polarisation
from tbms.core.estimate.limits import Bounds, Pack
from tbms.core.estimate.ocv import blend, curve, look

CURVE = blend(curve(one()), 25.0)
WIDE = Bounds(2.5, 3.65, 1e6, 1e6)
NOW = polarisation.start(0.05, 100.0, 25.0, 0.0)


def pack(low: float, high: float | None = None, sigma: float = 0.0) -> Pack:
    return Pack(low, low if high is None else high, sigma, 100.0)


def found(
    where: Pack, bounds: Bounds = WIDE, heat: tuple[float | None, ...] = (25.0,), more: float = 0.0
) -> limits.Power:
    return limits.power(NOW, where, more, heat, bounds, CURVE)


def test_two_seconds_are_ohms_law() -> None:
    r0, r1, r2 = NOW.resistances
    total = r0 + r1 * (1 - 2.71828 ** (-0.2)) + r2 * (1 - 2.71828 ** (-0.02))
    expected = (look(CURVE.middle, 0.5) - 2.5) / total
    assert found(pack(0.5)).discharge[0] == pytest.approx(expected, rel=0.01)


def test_longer_is_less() -> None:
    power = found(pack(0.3))
    assert list(power.discharge) == sorted(power.discharge, reverse=True)
    assert list(power.charge) == sorted(power.charge, reverse=True)


def test_settings_are_kept() -> None:
    power = found(pack(0.5), Bounds(2.5, 3.65, 60.0, 120.0))
    assert power.charge == (60.0, 60.0, 60.0)
    assert power.discharge == (120.0, 120.0, 120.0)


def test_the_worst_cell_and_doubt_cost() -> None:
    assert found(pack(0.5), more=1e-3).discharge[0] < found(pack(0.5)).discharge[0]
    assert found(pack(0.05, 0.5, 0.03)).discharge[2] < found(pack(0.05, 0.5)).discharge[2]


def test_full_takes_and_empty_gives_nothing() -> None:
    assert found(pack(1.0)).charge[2] == 0.0
    assert found(pack(0.0)).discharge[2] == 0.0


@pytest.mark.parametrize(("heat", "share"), [(-1.0, 0.0), (5.0, 0.5), (25.0, 1.0), (50.0, 0.5), (60.0, 0.0)])
def test_charging_follows_temperature(heat: float, share: float) -> None:
    bounds = Bounds(2.5, 3.65, 60.0, 120.0)
    assert found(pack(0.5), bounds, (heat, 25.0)).charge[0] == pytest.approx(60.0 * share)
    assert found(pack(0.5), bounds, (heat, None)).discharge[0] == 120.0


def test_without_sensors_temperature_says_nothing() -> None:
    assert found(pack(0.5), Bounds(2.5, 3.65, 60.0, 120.0), (None,)).charge[0] == 60.0


def test_a_cell_without_resistance_is_no_fault() -> None:
    none = NOW._replace(resistances=(0.0, 0.0, 0.0))
    assert limits.power(none, pack(0.5), 0.0, (), WIDE, CURVE).discharge[0] > 0.0


@pytest.mark.parametrize(
    ("current", "full", "empty"),
    [
        (0.1, None, None),
        (-50.0, None, 3600.0),
        (-0.6, None, None),
        (4.0, 45000.0, None),
        (50.0, 3600.0 + 72 * 2.302585, None),
        (0.51, 352941.2, None),
    ],
)
def test_times(current: float, full: float | None, empty: float | None) -> None:
    where = Pack(0.5, 0.5, 0.0, 100.0) if current != -0.6 else Pack(3.0, 0.5, 0.0, 100.0)
    assert limits.times(current, where) == (
        pytest.approx(full) if full else None,
        pytest.approx(empty) if empty else None,
    )


def test_a_charge_that_takes_weeks_has_no_time() -> None:
    assert limits.times(0.6, Pack(0.0, -2.0, 0.0, 100.0)) == (None, None)
