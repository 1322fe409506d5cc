"""Chargers: constant current, constant voltage, float; and the stop signal."""

import pytest

from tbms.twin.charger import Charger
from tbms.twin.contactor import Contactor
from tbms.twin.lfp import lfp280
from tbms.twin.pack import Pack
from tbms.twin.profile import Profile
from tbms.twin.world import Controls, World

ON = Controls(charge_contactor=True, charge_loop=True, outputs=(True,) * 6)
STOP = Controls(charge_contactor=True, charge_loop=True)


def charged(soc: float, **given: object) -> World:
    charger = Charger("shore", lambda _: 50.0, 50.0, 13.8, 13.4, output=1, **given)  # type: ignore[arg-type]
    return World(Pack([lfp280()] * 4, soc), [charger], [], ambient=lambda _: 25.0)


def test_constant_current_then_constant_voltage_then_float() -> None:
    world = charged(0.90)
    charger, seen = world.chargers[0], []
    for _ in range(100):
        world.advance(0.1, ON)
    for _ in range(5 * 360):
        world.advance(10.0, ON)
        seen.append((charger.stage, charger.current, world.charge_bus.voltage))
    assert [stage for stage, _, _ in seen if stage == "bulk"]
    stages = [a for (a, _, _), (b, _, _) in zip(seen, [("", 0, 0), *seen], strict=False) if a != b]
    assert stages == ["bulk", "absorption", "float"]
    assert all(amps == pytest.approx(50.0, rel=0.03) for stage, amps, _ in seen[1:] if stage == "bulk")
    absorbing = [(amps, volts) for stage, amps, volts in seen if stage == "absorption"]
    assert all(volts == pytest.approx(13.8, abs=0.12) for _, volts in absorbing)
    assert absorbing[-1][0] < absorbing[0][0]
    assert seen[-1][1] == 0.0  # a full battery rests above the float voltage for hours
    assert 13.4 < seen[-1][2] < 13.75


def test_it_starts_softly_and_stops_when_told() -> None:
    world = charged(0.5)
    charger = world.chargers[0]
    for _ in range(15):
        world.advance(0.1, ON)
    assert 5.0 < charger.current < 45.0
    for _ in range(30):
        world.advance(0.1, ON)
    assert charger.current == pytest.approx(50.0)
    for _ in range(3):
        world.advance(0.1, STOP)
    assert charger.current == 0.0


def test_one_that_ignores_the_stop_goes_on() -> None:
    world = charged(0.5)
    world.chargers[0].ignores = True
    for _ in range(10):
        world.advance(1.0, STOP)
    assert world.chargers[0].current == pytest.approx(50.0)
    assert world.current == pytest.approx(50.0, abs=1.0)


def test_one_without_a_stop_wire_is_always_on() -> None:
    charger = Charger("old", lambda _: 20.0, 20.0, 13.8, 13.4)
    world = World(Pack([lfp280()] * 4, 0.5), [charger], [], ambient=lambda _: 25.0)
    for _ in range(10):
        world.advance(1.0, STOP)
    assert charger.current == pytest.approx(20.0)


def test_solar_gives_its_power() -> None:
    charger = Charger("solar", Profile.constant(300.0), 40.0, 13.8, 13.4, by_power=True)
    world = World(Pack([lfp280()] * 4, 0.5), [charger], [], ambient=lambda _: 25.0)
    for _ in range(20):
        world.advance(1.0, ON)
    assert charger.current * world.charge_bus.voltage == pytest.approx(300.0, rel=0.01)


def test_it_returns_to_bulk_when_the_battery_has_sunk() -> None:
    charger = Charger("shore", lambda _: 50.0, 50.0, 13.8, 13.4)
    charger.prepare(0.0, 10.0, True, 13.4)
    charger.stage, charger.current = "float", 0.0
    stages = []
    for _ in range(4):
        charger.finish(20.0, 12.3)
        stages.append(charger.stage)
    assert stages == ["float", "float", "float", "bulk"]


def test_inertia_belongs_to_inductive_ones_only() -> None:
    plain = Charger("shore", lambda _: 50.0, 50.0, 13.8, 13.4)
    wound = Charger("alternator", lambda _: 50.0, 50.0, 13.8, 13.4, inertia=0.15)
    plain.current = wound.current = 50.0
    plain.cut_off()
    wound.cut_off()
    assert (plain.residual, wound.residual) == (0.0, 50.0)
    for _ in range(30):
        wound.decay(0.1)
    assert wound.residual == 0.0
    assert Contactor("charge").resistance > 0.0
