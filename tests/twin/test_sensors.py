"""Sensors: noise, steps and bias."""

from statistics import mean, pstdev

import pytest

from tbms.twin.boat import boat
from tbms.twin.sensors import CELL, CURRENT, TEMPERATURE, Sensors


def many(sensors: Sensors, count: int = 2000) -> list[tuple[float, float, float]]:
    """(cell 3, temperature 5, current) again and again of a boat that stands still."""
    world, seen = boat(), []
    for _ in range(count):
        got = sensors.read(world)
        seen.append((got.cell_voltages[2], got.temperatures[4], got.current))
    return seen


def test_noise_has_the_size_it_says() -> None:
    volts, warm, amps = zip(*many(Sensors(16, seed=3)), strict=True)
    assert pstdev(volts) == pytest.approx(CELL.noise, rel=0.1)
    assert pstdev(warm) == pytest.approx((TEMPERATURE.noise**2 + TEMPERATURE.step**2 / 12) ** 0.5, rel=0.3)
    assert pstdev(amps) == pytest.approx(CURRENT.noise, rel=0.1)


def test_bias_belongs_to_the_piece() -> None:
    sensors, world = Sensors(16, seed=3), boat()
    volts = mean(v for v, _, _ in many(sensors))
    assert volts - world.pack.voltages[2] == pytest.approx(sensors.cell_bias[2], abs=5e-5)
    assert Sensors(16, seed=3).cell_bias == sensors.cell_bias
    assert Sensors(16, seed=4).cell_bias != sensors.cell_bias


def test_readings_come_in_steps_of_the_converter() -> None:
    got = Sensors(16).read(boat())
    for value in got.cell_voltages:
        assert value * 1e4 == pytest.approx(round(value * 1e4), abs=1e-6)
    for value in got.temperatures:
        assert value * 10 == pytest.approx(round(value * 10), abs=1e-6)


def test_without_noise_they_tell_the_truth() -> None:
    world = boat()
    got = Sensors(16, noise=0.0).read(world)
    assert got.cell_voltages == pytest.approx(tuple(world.pack.voltages), abs=0.5e-4)
    assert got.pack_voltage == pytest.approx(world.pack.voltage, abs=0.006)


def test_the_same_seed_reads_the_same() -> None:
    assert many(Sensors(16, seed=7), 50) == many(Sensors(16, seed=7), 50)
    assert many(Sensors(16, seed=7), 50) != many(Sensors(16, seed=8), 50)


def test_people_show_in_the_inputs() -> None:
    world = boat()
    world.engine = world.button = world.emergency_stop = True
    got = Sensors(16).read(world)
    assert (got.button, got.emergency_stop, got.inputs) == (True, True, (True, False))
