"""Measured cells through the core: a Nissan Leaf module and A123 cells at 25 and -5 °C."""

import gzip
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from tests.data import shared
from tests.replay.reading import events, rows, run

LEAF = ("pack.chemistry=lmo", "pack.cells=6", "pack.capacity=65")
LEAF_LIMITS = (
    "protect.cell_undervoltage.cut=3.10",
    "protect.cell_undervoltage.delay=2",
    "protect.overcurrent_discharge.cut=1000",
)
A123 = ("pack.chemistry=lfp", "pack.cells=1", "pack.capacity=2.05")


def sets(*overrides: str) -> list[str]:
    return [part for override in overrides for part in ("--set", override)]


def replayed(
    folder: Path, source: str, *overrides: str, first: int | None = None
) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """first: only so many samples of the recording."""
    out, log, record = folder / "out.csv", folder / "events.jsonl", shared(source)
    if first is not None:
        with gzip.open(record, "rt", encoding="utf-8") as whole:
            record = folder / "record.csv"
            record.write_text("".join(islice(whole, first + 1)), encoding="utf-8")
    result = run(record, "--out", out, "--events", log, *sets(*overrides))
    assert result.exit_code == 0, result.output
    found, lines = rows(out), rows(record)
    assert [float(row["time"]) for row in found] == [float(line["time"]) for line in lines]
    for row, line in zip(found, lines, strict=True):
        row.update({f"in_{key}": value for key, value in line.items()})
    return found, events(log)


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "first"), [("1.0", 3051.0), ("2.0", 1534.9)])
def test_the_weakest_leaf_group_ends_discharging(tmp_path: Path, rate: str, first: float) -> None:
    found, told = replayed(tmp_path, f"data/leaf/module_{rate}C.csv.gz", *LEAF, *LEAF_LIMITS)
    below = next(row for row in found if float(row["in_v1"]) < 3.10)
    assert float(below["time"]) == first
    due = next(k for k, row in enumerate(found) if float(row["time"]) >= first + 2.0)
    forbidden = next(k for k, row in enumerate(found) if row["may_discharge"] == "0")
    assert due - 1 <= forbidden <= due + 1
    assert float(found[forbidden]["time"]) >= first + 1.95
    row = found[forbidden]
    assert row["faults"] == "cell_undervoltage:1"
    assert float(row["in_v2"]) > 3.40
    assert float(row["in_v3"]) > 3.40
    assert all(later["may_discharge"] == "0" for later in found[forbidden:])
    assert all(later["may_charge"] == "1" for later in found[forbidden:])
    cut = [e for e in told if e["ring"] == "cut" and e["key"] == "cell_undervoltage" and e["phase"] == "came"]
    assert cut[0]["cell"] == 1
    assert "< 3.10 V for 2.0 s" in cut[0]["cause"]


@pytest.mark.slow
def test_a123_at_25_degrees_is_protected_at_the_bottom_and_free_above(tmp_path: Path) -> None:
    high = ("protect.overcurrent_discharge.cut=20", "protect.overcurrent_charge.cut=20")
    found, _ = replayed(tmp_path, "data/a123/dynamic_+25C.csv.gz", *A123, *high)
    under = next(k for k, row in enumerate(found) if float(row["in_voltage"]) < 2.6)
    assert all(row["may_charge"] == row["may_discharge"] == "1" for row in found[: under + 2])
    assert all(row["may_charge"] == "1" for row in found)
    found, told = replayed(tmp_path, "data/a123/bottom_out_+25C.csv.gz", *A123)
    low = [k for k, row in enumerate(found) if float(row["in_voltage"]) < 2.6]
    forbidden = next(k for k, row in enumerate(found) if row["may_discharge"] == "0")
    assert forbidden == low[0] + 2  # samples come once a second, the delay is 2 s
    assert "cell_undervoltage:1" in found[forbidden]["faults"]
    # this cell ends below 2.0 V and stays there: after a minute it counts as harmed, until then it may be charged
    harmed = next(k for k, row in enumerate(found) if "cell_damaged:1" in row["faults"])
    assert all(row["may_charge"] == "1" for row in found[:harmed])
    assert all(float(row["in_voltage"]) < 2.0 for row in found[harmed - 59 : harmed + 1])
    assert all(row["may_charge"] == "0" for row in found[harmed:])
    assert any(event["key"] == "load_contactor" and event["value"] == "open" for event in told)


@pytest.mark.slow
def test_a123_at_minus_5_degrees_may_be_discharged_but_never_charged(tmp_path: Path) -> None:
    high = ("protect.overcurrent_discharge.cut=20", "protect.overcurrent_charge.cut=20")
    found, told = replayed(tmp_path, "data/a123/dynamic_-5C.csv.gz", *A123, *high, first=8000)
    cold = [row for row in found if float(row["time"]) >= 5.0]
    assert all(row["may_charge"] == "0" for row in cold)
    assert "undertemperature_charge:1" in cold[0]["faults"]
    under = next((k for k, row in enumerate(found) if float(row["in_voltage"]) < 2.6), len(found))
    assert all(row["may_discharge"] == "1" for row in found[:under])
    came = next(event for event in told if event["key"] == "undertemperature_charge" and event["ring"] == "cut")
    assert (came["time"], came["value"], came["limit"], came["cell"]) == (5.0, -5.0, -2.0, 1)


@pytest.mark.slow
def test_a123_at_its_default_limits_trips_over_current_and_tries_again(tmp_path: Path) -> None:
    found, told = replayed(tmp_path, "data/a123/dynamic_+25C.csv.gz", *A123, first=8000)
    assert any("overcurrent_discharge" in row["faults"] for row in found)
    trips = [e for e in told if e["phase"] == "came" and e["ring"] == "cut"]
    clears = [e for e in told if e["phase"] == "went" and e["ring"] == "cut"]
    assert trips[0]["time"] < clears[0]["time"]
    assert clears[0]["time"] - trips[0]["time"] >= 60.0
