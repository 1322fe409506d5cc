"""The estimator on measured cells, in short: the whole of it is `tbms bench soc`."""

import csv
import gzip
from pathlib import Path

import pytest
from tests.core.estimate.imagined import seen
from tests.data import shared
from tests.strategies import make

from tbms.core.estimate import EstimateState, initial, update
from tbms.core.estimate.memory import restored, saved
from tbms.model.event import Phase
from tbms.settings.compiled import Settings


def rows(path: Path, every: int, until: float) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        return [row for n, row in enumerate(csv.DictReader(text)) if n % every == 0 and float(row["time"]) <= until]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "chosen", "told", "worst"),
    [
        ("a123/dynamic_+25C", ("pack.chemistry=lfp", "pack.capacity=2.0495"), 0.6, 0.02),
        ("a123/charge_+25C", ("pack.chemistry=lfp", "pack.capacity=2.0495"), 0.4, 0.05),
        ("lghg2/us06_+25C", ("pack.chemistry=nmc", "pack.capacity=2.7807"), 0.7, 0.05),
    ],
)
def test_a_wrong_start_is_recovered(file: str, chosen: tuple[str, ...], told: float, worst: float) -> None:
    settings = make("pack.cells=1", *chosen)
    state, before, errors, inside = initial(settings, told), 0.0, [], 0
    for row in rows(shared(f"data/{file}.csv.gz"), 10 if "us06" in file else 1, 9000.0):
        time, heat = float(row["time"]), float(row["temperature"])
        sample = seen(time, time - before, (float(row["voltage"]),), float(row["current"]), heat)
        state, _ = update(state, sample, time - before, settings)
        before = time
        if time > 1200.0:
            errors.append(abs(state.soc - float(row["soc"])))
            inside += errors[-1] <= 2.0 * state.soc_sigma
    assert max(errors) < worst
    assert inside >= 0.9 * len(errors)


@pytest.mark.slow
@pytest.mark.parametrize("capacity", [20.495, 0.20495])
def test_a_capacity_ten_times_wrong_is_told_and_doubted(capacity: float) -> None:
    settings = make("pack.cells=1", "pack.chemistry=lfp", f"pack.capacity={capacity}")
    state, before, told, sigmas, outside = initial(settings, 0.6), 0.0, [], [], 0
    for row in rows(shared("data/a123/dynamic_+25C.csv.gz"), 1, 12_000.0):
        time, heat = float(row["time"]), float(row["temperature"])
        sample = seen(time, time - before, (float(row["voltage"]),), float(row["current"]), heat)
        state, events = update(state, sample, time - before, settings)
        told += [(event.key, time) for event in events if event.phase is Phase.CAME]
        before = time
        if time > 1200.0:
            sigmas.append(state.soc_sigma)
            outside += abs(state.soc - float(row["soc"])) > 2.0 * state.soc_sigma
    assert told[0][0] == "estimate_disagrees"
    assert told[0][1] < 1800.0
    assert sum(sigmas) / len(sigmas) > 0.15, "whatever it says, it does not claim to know"
    assert outside < 0.4 * len(sigmas)
    assert state.capacity is None


def discharged(state: EstimateState, settings: Settings, offset: float = 0.0) -> tuple[EstimateState, list[float]]:
    """The state after the A123 cell's drive cycles at 25 °C, and errors of the charge; offset: of the current, A."""
    before, errors = 0.0, []
    for row in rows(shared("data/a123/dynamic_+25C.csv.gz"), 1, 40_000.0):
        time, heat = float(row["time"]), float(row["temperature"])
        sample = seen(time, time - before, (float(row["voltage"]),), float(row["current"]) + offset, heat)
        state, _ = update(state, sample, time - before, settings)
        before = time
        if time > 3600.0:
            errors.append(state.soc - float(row["soc"]))
    return state, errors


@pytest.mark.slow
def test_a_measured_cell_teaches_its_own_curve_over_restarts() -> None:
    settings = make("pack.cells=1", "pack.chemistry=lfp", "pack.capacity=2.0495")
    states = [initial(settings, 0.6)]
    for _ in range(3):
        state, errors = discharged(restored(saved(states[-1]), initial(settings, 0.6), settings, 3600.0), settings)
        states.append(state)
    assert [state.own.ways for state in states] == [0, 1, 2, 3]
    assert [state.own.used for state in states] == [False, False, True, True]
    assert 100.0 * (sum(error * error for error in errors) / len(errors)) ** 0.5 < 1.0


@pytest.mark.slow
def test_a_measured_cell_with_a_bad_shunt_teaches_nothing() -> None:
    settings = make("pack.cells=1", "pack.chemistry=lfp", "pack.capacity=2.0495")
    state, _ = discharged(initial(settings, 0.6), settings, offset=0.041)
    assert state.own.ways == 0


@pytest.mark.slow
def test_a_shunt_that_went_bad_while_nobody_looked_is_still_suspected() -> None:
    """Its zero was known well before a restart; after it the current reads 2 % of C too much."""
    settings = make("pack.cells=1", "pack.chemistry=lfp", "pack.capacity=2.05")
    kept = saved(initial(settings, 0.6)) | {"zero": [0.0, 1e-7]}
    state, before, honest, count = restored(kept, initial(settings, 0.6), settings, 3600.0), 0.0, 0, 0
    for row in rows(shared("data/a123/dynamic_+25C.csv.gz"), 1, 15_000.0):
        time, current = float(row["time"]), float(row["current"]) + 0.02 * 2.05
        sample = seen(time, time - before, (float(row["voltage"]),), current, float(row["temperature"]))
        state, _ = update(state, sample, time - before, settings)
        before = time
        if time > 3600.0:
            count += 1
            honest += abs(state.soc - float(row["soc"])) < 2.0 * state.soc_sigma
    assert honest > 0.9 * count
