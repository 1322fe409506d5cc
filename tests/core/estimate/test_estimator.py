"""The estimator as the core calls it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.estimate.imagined import Battery, one, seen
from tests.strategies import make

from tbms.core.estimate import EstimateState, initial, times, update


@pytest.mark.parametrize(
    ("soc", "sigma", "expected"), [(None, None, (0.5, 0.29)), (0.8, None, (0.8, 0.3)), (1.2, 0.05, (1.0, 0.05))]
)
def test_the_start(soc: float | None, sigma: float | None, expected: tuple[float, float]) -> None:
    state = initial(one(), soc, sigma)
    assert (state.soc, state.soc_sigma) == expected
    assert state.power is None


def test_a_wrong_start_is_recovered_through_a_discharge() -> None:
    battery = Battery(one(), 0.95)
    state = battery.run(initial(one(), 0.4), -30.0, 3.1 * 3600, dt=5.0)
    assert state.soc == pytest.approx(battery.soc[0], abs=0.02)
    assert state.soc_sigma < 0.02
    assert "soc" in battery.told()


def test_nothing_is_known_until_voltage_and_current_are() -> None:
    state = initial(one(), 0.8)
    for sample in (seen(0.0, 0.0, (None,), 5.0), seen(1.0, 1.0, (3.3,), None)):
        state, told = update(state, sample, 1.0, one())
        assert state.charge is None
        assert told == ()
    assert state.soc_sigma >= 0.29


def test_a_sample_that_does_not_advance_changes_nothing() -> None:
    battery = Battery(one(), 0.5)
    state = battery.run(initial(one(), 0.5), 0.0, 60)
    assert update(state, seen(battery.time, 0.0, (3.3,), 50.0), 0.0, one()) == (state, ())


def test_blindness_widens_and_light_narrows() -> None:
    battery = Battery(one(), 0.05)
    state = battery.run(initial(one(), 0.05), 0.0, 120)
    before = state.soc_sigma
    for _ in range(5):
        state, _ = update(state, seen(0.0, 600.0, (None,), None), 600.0, one())
    assert state.soc_sigma > before + 0.1
    state = battery.run(state, 0.0, 300)
    assert state.soc_sigma < 0.05


def test_without_a_temperature_the_room_is_taken() -> None:
    state, _ = update(initial(one()), seen(0.0, 0.0, (3.3,), 0.0, heat=None), 0.0, one())
    assert state.blend.temperature == 25.0


def test_a_gap_is_counted_with_the_mean_of_before() -> None:
    battery = Battery(one(), 0.9)
    state = battery.run(initial(one(), 0.9), -10.0, 2 * 3600, dt=10.0)
    after, _ = update(state, battery.sample(-10.0, 1800.0), 1800.0, one())
    assert after.soc == pytest.approx(state.soc - 0.05, abs=0.015)
    assert after.soc_sigma > state.soc_sigma


def cycled(chosen: str) -> tuple[Battery, EstimateState]:
    known = one(chosen)
    battery = Battery(known, 0.0)
    battery.capacity = [100.0 / known.capacity]
    state = battery.run(initial(known, 0.3), 0.0, 120, dt=5.0)
    for current in (25.0, -25.0, 25.0):
        battery.place = 0.75 if current > 0 else -0.75
        state = battery.run(state, current, 4 * 3600, dt=10.0)
        state = battery.run(state, 0.0, 600, dt=10.0)
    return battery, battery.run(state, -20.0, 3600, dt=10.0)


def test_capacity_is_measured_between_empty_and_full() -> None:
    battery, state = cycled("pack.capacity=110")
    assert state.capacity == pytest.approx(100.0, rel=0.03)
    assert state.soh == pytest.approx(100 / 110, rel=0.03)
    assert "capacity" in battery.told()


def test_the_weak_cell_is_named_and_limits_the_pack() -> None:
    known = make("pack.cells=4", "pack.capacity=100")
    battery = Battery(known, 0.95)
    battery.capacity[2] = 0.88
    state = battery.run(initial(known, 0.95, 0.02), -30.0, 2.75 * 3600, dt=5.0)
    named = [event.cell for event in battery.events if event.key == "weak_cell"]
    assert named == [3]
    assert state.soc < sum(battery.soc) / 4


def test_a_bad_connection_is_named() -> None:
    known = make("pack.cells=4", "pack.capacity=100")
    battery = Battery(known, 0.7)
    battery.ohms[1] += 1.5e-4
    state = battery.run(initial(known, 0.7, 0.02), 0.0, 60)
    for number in range(40):
        state = battery.run(state, -40.0 if number % 2 else 0.0, 20, dt=0.5)
    assert [(event.key, event.cell) for event in battery.events if event.cell] == [("connection", 2)]
    assert state.resistance[0] == pytest.approx(3e-4, rel=0.1)


@pytest.mark.parametrize("other", ["pack.chemistry=nmc", "pack.chemistry=lto"])
def test_a_wrong_chemistry_is_told(other: str) -> None:
    battery, wrong = Battery(one(), 0.9), one(other)
    battery.settings = wrong
    state = battery.run(initial(wrong, 0.9), -25.0, 2.5 * 3600, dt=5.0)
    assert "estimate_disagrees" in battery.told()
    assert state.soc_sigma >= 0.29


def test_a_reversed_sensor_is_told() -> None:
    battery = Battery(one(), 0.6)
    state = initial(one(), 0.6)
    for number in range(200):
        current = 20.0 if number % 2 else -20.0
        sample = battery.sample(current, 10.0)
        state, told = update(state, sample._replace(current=-current), 10.0, one())
        battery.events += told
    assert "current_reversed" in battery.told()
    assert state.soc_sigma >= 0.29


def test_removed_limits_still_give_a_power() -> None:
    free = one(
        "protect.cell_overvoltage.cut=off",
        "protect.cell_undervoltage.cut=off",
        "protect.overcurrent_discharge.cut=off",
        "protect.overcurrent_discharge.limit=off",
    )
    state = Battery(free, 0.5).run(initial(free, 0.5), 0.0, 60)
    assert state.power is not None
    assert min(state.power.discharge) > 0.0


VOLTS = st.one_of(st.none(), st.floats(0.0, 5.0))
STEP = st.tuples(
    st.sampled_from([0.0, 0.1, 1.0, 20.0, 61.0, 1e5, 1e12]),
    st.one_of(st.none(), st.floats(-2000.0, 2000.0)),
    st.tuples(VOLTS, VOLTS),
    st.sampled_from([None, -40.0, 25.0, 90.0]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=30), st.one_of(st.none(), st.floats(0, 1)))
def test_whatever_is_measured_the_estimate_is_a_number(
    steps: list[tuple[float, float | None, tuple[float | None, float | None], float | None]], soc: float | None
) -> None:
    pair = make("pack.cells=2", "pack.capacity=100")
    state = initial(pair, soc)
    for dt, current, voltages, heat in steps:
        state, _ = update(state, seen(0.0, dt, voltages, current, heat), dt, pair)
        assert 0.0 <= state.soc <= 1.0
        assert 0.0 <= state.soc_sigma < 1.0


def test_an_owners_table_counts() -> None:
    from tbms.settings.compiled import OcvPoint

    line = replace(one(), ocv=tuple(OcvPoint(z / 10, 3.0 + z / 20, 3.0 + z / 20) for z in range(11)))
    state = initial(line, 0.2)
    for number in range(60):
        state, _ = update(state, seen(number, 1.0, (3.35,), 0.0), 1.0, line)
    assert state.soc == pytest.approx(0.7, abs=0.02)


def test_time_to_full_and_to_empty_follow_the_charge() -> None:
    assert times(initial(one()), -10.0, one()) == (None, None)
    state = Battery(one(), 0.5).run(initial(one(), 0.5, 0.02), -10.0, 60.0)
    full, empty = times(state, -10.0, one())
    assert full is None
    assert empty == pytest.approx(5.0 * 3600.0, rel=0.15)
