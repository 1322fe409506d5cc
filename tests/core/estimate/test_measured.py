"""The estimator on measured cells, in short: the whole of it is `tbms bench soc`."""

import csv
import gzip
from pathlib import Path

import pytest
from tests.core.estimate.imagined import seen
from tests.data import shared
from tests.strategies import make

from tbms.core.estimate import initial, update


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
