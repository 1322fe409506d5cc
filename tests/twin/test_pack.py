"""Charge, energy, heat and hysteresis of the cells."""

from dataclasses import replace
from itertools import pairwise
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.twin.cell import Cell
from tbms.twin.curve import LEVEL, Grid
from tbms.twin.lfp import lfp280
from tbms.twin.pack import Pack

PLAIN = replace(
    lfp280(),
    hysteresis=0.0,
    efficiency=1.0,
    leakage=0.0,
    link=0.0,
    cooling=0.0,
    r_temperature=LEVEL,
    hysteresis_temperature=LEVEL,
)
currents = st.lists(st.floats(-200, 200), min_size=1, max_size=40)
steps = st.sampled_from([0.01, 0.1, 1.0, 10.0, 60.0])


@given(currents, steps, st.floats(0.2, 0.8))
def test_charge_is_conserved(amperes: list[float], dt: float, soc: float) -> None:
    cell = replace(PLAIN, efficiency=0.98)
    pack = Pack([cell, replace(cell, capacity=140.0)], soc)
    for ampere in amperes:
        pack.advance(dt, ampere)
    moved = sum((0.98 if a > 0 else 1.0) * a * dt for a in amperes) / 3600.0
    assert pack.soc[0] == pytest.approx(soc + moved / 280.0, abs=1e-9)
    assert pack.soc[1] == pytest.approx(soc + moved / 140.0, abs=1e-9)


@pytest.mark.parametrize("dt", [0.1, 1.0, 10.0])
def test_energy_in_is_energy_stored_plus_heat(dt: float) -> None:
    flat = replace(PLAIN, ocv=Grid.of([0.0, 1.0], [3.3, 3.3], 0.0, 0.0), r_soc=LEVEL)
    pack = Pack([flat], 0.5, 25.0)
    terminals = chemistry = 0.0
    for n in range(round(1800 / dt)):
        ampere = 120.0 if (n * dt) % 600 < 300 else -80.0
        pack.advance(dt, ampere)
        terminals += pack.voltage * ampere * dt
        chemistry += 3.3 * ampere * dt
    capacitors = 0.5 * (flat.tau1 / flat.r1 * pack.v1[0] ** 2 + flat.tau2 / flat.r2 * pack.v2[0] ** 2)
    warmed = flat.heat_capacity * (pack.temperatures[0] - 25.0)
    assert terminals - chemistry == pytest.approx(warmed + capacitors, rel=0.03)


def test_a_steady_source_of_heat_settles_where_cooling_balances_it() -> None:
    pack = Pack([replace(PLAIN, cooling=2.0)], 0.5, 20.0)
    pack.heat[0] = 10.0
    for _ in range(600):
        pack.advance(60.0, 0.0)
    assert pack.temperatures[0] == pytest.approx(25.0, abs=0.01)


def test_heat_flows_between_neighbours_and_none_is_lost() -> None:
    pack = Pack([PLAIN] * 4, 0.5, 20.0)
    pack.set_temperature(0, 60.0)
    for _ in range(120):
        pack.advance(10.0, 0.0)
    warm = pack.temperatures
    assert warm == sorted(warm, reverse=True)
    assert warm[3] > 20.0
    assert sum(warm) == pytest.approx(120.0, abs=0.001)


@pytest.mark.parametrize(("ampere", "sign"), [(100.0, 1.0), (-100.0, -1.0)])
def test_hysteresis_has_the_sign_of_the_current_and_stays_at_rest(ampere: float, sign: float) -> None:
    pack = Pack([replace(PLAIN, hysteresis=0.016)], 0.5)
    for _ in range(3600):
        pack.advance(1.0, ampere)
    turned = pack.hysteresis[0]
    assert sign * turned > 0.9
    for _ in range(3600):
        pack.advance(10.0, 0.0)
    assert pack.hysteresis[0] == pytest.approx(turned, abs=1e-12)
    rested = pack.voltages[0] - PLAIN.ocv(pack.soc[0])
    assert rested == pytest.approx(0.016 * turned, abs=1e-5)


@given(steps)
def test_a_step_of_current_is_answered_exactly_whatever_the_step_length(dt: float) -> None:
    flat = replace(PLAIN, ocv=Grid.of([0.0, 1.0], [3.3, 3.3], 0.0, 0.0), r_soc=LEVEL)
    pack = Pack([flat], 0.5)
    for _ in range(round(120 / dt)):
        pack.advance(dt, -100.0)
    answer = flat.r0 + flat.r1 * (1 - exp(-120 / flat.tau1)) + flat.r2 * (1 - exp(-120 / flat.tau2))
    assert pack.voltages[0] == pytest.approx(3.3 - 100.0 * answer, abs=1e-9)


@given(st.floats(-150, 150), st.sampled_from([0.1, 1.0, 10.0]), st.floats(0.1, 0.9))
def test_the_forecast_is_what_then_happens(ampere: float, dt: float, soc: float) -> None:
    pack = Pack([replace(lfp280(), hysteresis=0.0)] * 16, soc)
    pack.advance(dt, ampere)
    emf, resistance = pack.forecast(dt)
    pack.advance(dt, ampere)
    assert emf + resistance * ampere == pytest.approx(pack.voltage, abs=0.01)


def test_cold_cells_resist_more_and_links_add() -> None:
    warm, cold = Pack([lfp280()], 0.5, 25.0), Pack([lfp280()], 0.5, -5.0)

    def ohms(pack: Pack) -> float:
        return (pack.at_current(100.0)[0] - pack.at_current(0.0)[0]) / 100.0

    assert ohms(warm) == pytest.approx(0.20e-3 + 20e-6, rel=0.01)
    assert ohms(cold) == pytest.approx(3.04 * 0.20e-3 + 20e-6, rel=0.01)


def test_leakage_empties_a_resting_cell() -> None:
    pack = Pack([replace(PLAIN, leakage=0.1), PLAIN], 0.5)
    for _ in range(1440):
        pack.advance(60.0, 0.0)
    assert pack.soc[0] == pytest.approx(0.5 - 2.4 / 280.0, abs=1e-6)
    assert pack.soc[1] == 0.5


@given(st.floats(-0.3, 1.4))
def test_a_voltage_is_known_beyond_empty_and_full(soc: float) -> None:
    pack = Pack([lfp280()], soc)
    pack.advance(1.0, 0.0)
    assert pack.voltages[0] == pytest.approx(lfp280().ocv(pack.soc[0]), abs=1e-4)


def test_voltage_rises_with_charge_everywhere() -> None:
    grid = lfp280().ocv
    volts = [grid(z / 500) for z in range(-40, 541)]
    assert all(b >= a - 1e-12 for a, b in pairwise(volts))
    assert grid(0.0) < 2.6
    assert 3.45 < grid(1.0) < 3.5


def test_as_many_states_as_cells() -> None:
    with pytest.raises(ValueError, match="3 cells need as many SOC values, got 2"):
        Pack([PLAIN] * 3, [0.5, 0.5])


def test_a_cell_may_be_changed_while_it_runs() -> None:
    pack = Pack([PLAIN] * 2, 0.5)
    pack.advance(1.0, 50.0)
    pack.change(1, r0=1e-3)
    pack.advance(1.0, 50.0)
    assert pack.voltages[1] - pack.voltages[0] == pytest.approx(50.0 * (1e-3 - PLAIN.r0), rel=0.01)
    with pytest.raises(TypeError):
        pack.change(0, colour="red")


def test_every_parameter_may_differ_from_cell_to_cell() -> None:
    other = Cell(ocv=Grid.of([0.0, 1.0], [3.0, 3.6], 1.0, 1.0), capacity=100.0)
    pack = Pack([PLAIN, other], [0.4, 0.6], 25.0)
    pack.advance(1.0, 0.0)
    assert pack.voltages[1] == pytest.approx(3.36, abs=1e-3)
