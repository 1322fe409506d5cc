"""The buses: pre-charge, load dump, bleeding, constant-power loads."""

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.twin.bus import Bus
from tbms.twin.charger import Charger
from tbms.twin.contactor import Contactor
from tbms.twin.load import Load
from tbms.twin.profile import Profile

OUT = (True,) * 6


def bus(farads: float = 0.02) -> Bus:
    return Bus("load", Contactor("load"), farads)


@given(st.sampled_from([0.001, 0.01, 0.1, 0.5]))
def test_pre_charge_follows_its_exponential(dt: float) -> None:
    load_bus = bus()
    taken = 0.0
    for n in range(round(1.0 / dt)):
        load_bus.prepare(n * dt, dt, OUT)
        taken += load_bus.alone(dt, 52.0, 10.0)
    settled = 52.0 * 10000.0 / 10010.0  # the bleed resistor holds it a little below
    tau = 0.02 / (1 / 10.0 + 1 / 10000.0)
    assert load_bus.voltage == pytest.approx(settled * (1.0 - exp(-1.0 / tau)), rel=1e-6)
    assert taken == pytest.approx(0.02 * load_bus.voltage, rel=0.01)


def test_more_capacitance_takes_longer() -> None:
    small, large = bus(), bus()
    large.added = 0.05
    for each in (small, large):
        each.alone(0.5, 52.0, 10.0)
    assert small.voltage > 47.0
    assert large.voltage < 30.0


def test_a_load_attached_holds_it_flat() -> None:
    load_bus = bus()
    load_bus.loads.append(Load("lamp", Profile.constant(0.0), resistance=10.0))
    for _ in range(30):
        load_bus.prepare(0.0, 0.1, OUT)
        load_bus.alone(0.1, 52.0, 10.0)
    assert load_bus.voltage == pytest.approx(26.0, abs=0.1)


def test_a_bus_left_alone_bleeds_down() -> None:
    load_bus = bus()
    load_bus.voltage = 50.0
    load_bus.alone(200.0)
    assert load_bus.voltage == pytest.approx(50.0 * exp(-1.0), rel=1e-6)


def test_a_converter_gives_up_at_its_lockout() -> None:
    load_bus = bus()
    inverter = Load("inverter", Profile.constant(500.0), lockout=40.0, restart=44.0)
    load_bus.loads.append(inverter)
    load_bus.voltage = 52.0
    for _ in range(3):
        load_bus.prepare(0.0, 1.0, OUT)
    assert inverter.running
    load_bus.alone(0.05)
    energy = 0.5 * load_bus.farads * (52.0**2 - 40.0**2)
    assert 39.0 < load_bus.voltage < 40.0  # 22 J last 44 ms at 500 W
    assert energy == pytest.approx(11.0, abs=0.1)
    load_bus.prepare(0.0, 0.05, OUT)
    assert not inverter.running


def test_it_starts_again_only_after_a_while_above_restart() -> None:
    inverter = Load("inverter", Profile.constant(500.0), lockout=40.0, restart=44.0)
    running = [inverter.prepare(0.0, 0.1, True, 50.0)[0] > 0.0 for _ in range(15)]
    assert running[:10] == [False] * 10
    assert running[-1]
    assert inverter.prepare(0.0, 0.1, True, 42.0)[0] == 500.0
    assert inverter.prepare(0.0, 0.1, True, 39.0)[0] == 0.0
    assert inverter.prepare(0.0, 0.1, True, 42.0)[0] == 0.0


def dumped(inertia: float, farads: float = 0.005) -> Bus:
    """An alternator at 60 A loses its battery."""
    charge_bus = Bus("charge", Contactor("charge"), farads)
    alternator = Charger("alternator", lambda _: 60.0, 60.0, 55.2, 53.6, inertia=inertia, clamp=80.0, soft_start=0.1)
    charge_bus.chargers.append(alternator)
    charge_bus.prepare(0.0, 1.0, OUT)
    charge_bus.voltage, alternator.current = 53.0, 60.0
    charge_bus.cut_off()
    return charge_bus


def test_an_alternator_that_loses_its_battery_drives_the_bus_to_its_clamp() -> None:
    charge_bus = dumped(0.15)
    charge_bus.alone(0.1)
    assert charge_bus.peak == 80.0
    assert charge_bus.voltage == 80.0
    for _ in range(100):
        charge_bus.alone(1.0)
    assert charge_bus.voltage == pytest.approx(55.2, abs=0.2)


def test_an_electronic_charger_holds_its_voltage() -> None:
    charge_bus = dumped(0.0)
    charge_bus.alone(1.0)
    assert charge_bus.peak == pytest.approx(55.2, abs=0.05)


@given(st.floats(0.01, 2.0))
def test_the_peak_does_not_depend_on_the_step(dt: float) -> None:
    charge_bus = dumped(0.15, farads=0.5)
    time = 0.0
    while time < 2.0:
        charge_bus.alone(dt)
        time += dt
    assert charge_bus.peak == pytest.approx(53.0 + 60.0 * 0.15 / 0.5, abs=0.5)
