"""The limits that chargers and loads are told, at their borders."""

from dataclasses import replace
from math import inf, nextafter
from types import SimpleNamespace
from typing import Any

import pytest
from tests.strategies import four

from tbms.core.manage import charge_limits
from tbms.core.manage.charge_limits import (
    Limits,
    Ramp,
    advance,
    charge_current,
    charge_voltage,
    discharge_current,
    follow,
    interpolate,
)
from tbms.core.manage.scene import UNCERTAIN
from tbms.model.limit import Measure

RULES = replace(
    four().charging,
    current=100.0, discharge_current=200.0, by_voltage=((3.4, 1.0), (3.6, 0.0)), by_soc=(),
    by_temperature=((0.0, 0.0), (10.0, 1.0), (40.0, 1.0), (50.0, 0.0)),
    discharge_by_voltage=((2.8, 0.0), (3.0, 1.0)), discharge_by_temperature=((0.0, 0.5), (10.0, 1.0)),
    deep=2.5, deep_current=4.0, blind_current=20.0, hold=60.0, rise=0.01,
)  # fmt: skip


def scene(
    voltages: tuple[float | None, ...] = (3.3, 3.3),
    temperatures: tuple[float | None, ...] = (20.0, 20.0),
    cold: float | None = 20.0,
    hot: float | None = 20.0,
    sigma: float = 0.01,
    clock: float = 1000.0,
    **more: bool,
) -> Any:
    known = [voltage for voltage in voltages if voltage is not None]
    readings = {
        Measure.TEMPERATURE_COLD: SimpleNamespace(lowest=cold, highest=99.0),
        Measure.TEMPERATURE_HOT: SimpleNamespace(lowest=-99.0, highest=hot),
    }
    measured = SimpleNamespace(
        voltages=voltages, temperatures=temperatures, readings=readings,
        highest=max(known, default=None), lowest=min(known, default=None), dt=0.5,
    )  # fmt: skip
    estimate = SimpleNamespace(soc=0.9, soc_sigma=sigma)
    flags = {"charge": True, "discharge": True, "limp": False} | more
    return SimpleNamespace(measured=measured, estimate=estimate, clock=clock, **flags)


def test_between_points_a_line_and_level_outside() -> None:
    points = ((1.0, 0.0), (2.0, 1.0), (2.0, 0.5), (4.0, 0.0))
    assert [interpolate(points, at) for at in (0.0, 1.0, 1.25, 2.0, 3.0, 4.0, 9.0)] == [0, 0, 0.25, 1.0, 0.25, 0, 0]
    assert interpolate((), 5.0) == 1.0


def test_down_at_once_and_up_slowly_after_the_hold() -> None:
    assert follow(Ramp(10.0), 5.0, 7.0, 60.0, 1.0) == Ramp(5.0, 7.0)
    ramp = Ramp(5.0, 7.0)
    assert follow(ramp, 5.0, 99.0, 60.0, 1.0) is ramp
    assert follow(ramp, 9.0, nextafter(67.0, 0.0), 60.0, 1.0) is ramp
    assert follow(ramp, 9.0, 67.0, 60.0, 1.0) == Ramp(6.0, 7.0)
    assert follow(ramp, 5.5, 67.0, 60.0, 1.0) == Ramp(5.5, 7.0)


@pytest.mark.parametrize(
    ("given", "amperes"),
    [
        ({}, 100.0),
        ({"voltages": (3.5, 3.3)}, 50.0),
        ({"cold": 5.0}, 50.0),
        ({"hot": 45.0}, 50.0),
        ({"cold": 5.0, "hot": 48.0}, 20.0),
        ({"charge": False}, 0.0),
        ({"voltages": (3.3, None)}, 0.0),
        ({"voltages": ()}, 0.0),
        ({"cold": None}, 0.0),
        ({"hot": None}, 0.0),
        ({"cold": None, "hot": None, "temperatures": ()}, 100.0),
        ({"temperatures": (20.0, None)}, 20.0),
        ({"voltages": (3.3, 2.5)}, 100.0),
        ({"voltages": (3.3, nextafter(2.5, 0.0))}, 4.0),
    ],
)
def test_charge_current(given: dict[str, Any], amperes: float) -> None:
    assert charge_current(scene(**given), RULES) == pytest.approx(amperes)


def test_a_state_of_charge_that_is_known_well_enough_limits_the_current() -> None:
    rules = replace(RULES, by_soc=((0.8, 1.0), (1.0, 0.0)))
    assert charge_current(scene(sigma=UNCERTAIN), rules) == pytest.approx(50.0)
    assert charge_current(scene(sigma=nextafter(UNCERTAIN, 1.0)), rules) == 100.0


@pytest.mark.parametrize(
    ("given", "amperes"),
    [
        ({}, 200.0),
        ({"voltages": (3.3, 2.9)}, 100.0),
        ({"cold": 0.0}, 100.0),
        ({"discharge": False}, 0.0),
        ({"voltages": ()}, 0.0),
        ({"voltages": (), "limp": True}, 200.0),
        ({"voltages": (3.3, 2.9), "limp": True}, 200.0),
        ({"discharge": False, "limp": True}, 0.0),
    ],
)
def test_discharge_current(given: dict[str, Any], amperes: float) -> None:
    assert discharge_current(scene(**given), RULES) == pytest.approx(amperes)


def test_what_a_cell_stands_above_its_target_is_taken_off_the_pack() -> None:
    assert charge_limits.HAIR == 0.002
    target, beside = 3.5, 3.5 + charge_limits.HAIR
    assert charge_voltage(scene((beside, 3.4)), target, 2) == 7.0
    assert charge_voltage(scene((nextafter(beside, 4.0), 3.4)), target, 2) == pytest.approx(6.9)
    assert charge_voltage(scene((3.6, target, None)), target, 3) == pytest.approx(10.5)
    assert charge_voltage(scene(()), target, 3) == 10.5


def test_all_three_come_back_at_their_own_pace() -> None:
    assert charge_limits.VOLT_RISE == 0.001
    low = Limits(Ramp(5.0, 940.0), Ramp(0.0, 940.0), Ramp(0.0, 940.0))
    after = advance(low, scene(), 3.5, 2, RULES)
    assert (after.cvl.value, after.ccl.value, after.dcl.value) == pytest.approx((5.001, 0.5, 1.0))
    held = low._replace(dcl=Ramp(0.0, 999.0), ccl=Ramp(0.0, 999.0))
    assert advance(held, scene(), 3.5, 2, RULES).dcl == held.dcl
    limping = advance(held, scene(limp=True), 3.5, 2, RULES)
    assert (limping.dcl.value, limping.ccl.value) == (1.0, 0.0)  # who must come home does not wait


def test_nothing_new_is_the_same_object() -> None:
    there = Limits(Ramp(7.0), Ramp(100.0), Ramp(200.0))
    assert advance(there, scene(), 3.5, 2, RULES) is there
    assert advance(there, scene(discharge=False), 3.5, 2, RULES) == there._replace(dcl=Ramp(0.0, 1000.0))
    assert there.cvl.lowered == -inf
