"""What is fed to the estimator wrongly ends in an event and in honest doubt, never in a confident wrong number."""

import csv
import gzip
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from tests.data import shared
from tests.replay.reading import events, rows, run

from tbms.twin.boat import boat

CELL = ("pack.chemistry=lfp", "pack.cells=1", "pack.capacity=2.0495", "protect.overcurrent_discharge.cut=20")
FOUR = ("pack.chemistry=lfp", "pack.cells=4", "pack.capacity=1.219")
Row = dict[str, str]
Harm = Callable[[int, Row], Row | None]
NOTHING = 0.15  # standard deviation that claims next to nothing: two of them on either side are most of the range


def nan(n: int, row: Row) -> Row:
    return row | {"voltage": "nan", "current": "nan"} if n % 97 < 12 else row


def gaps(n: int, row: Row) -> Row | None:
    return None if n % 1500 > 1200 else row


def backwards(n: int, row: Row) -> Row:
    return row | {"current": str(-float(row["current"]))}


def same(n: int, row: Row) -> Row:
    return row


def swapped(n: int, row: Row) -> Row:
    """The sense wires above cell 2 and above cell 3 have changed places, from the middle on."""
    if n < 1500:
        return row
    two, three, four = (float(row[name]) for name in ("v2", "v3", "v4"))
    return row | {"v2": str(two + three), "v3": str(-three), "v4": str(three + four)}


def exchanged(n: int, row: Row) -> Row:
    """The second and the third cell have changed places in the recording: nothing that is measured is untrue."""
    return row | {"v2": row["v3"], "v3": row["v2"]}


CASES: list[tuple[str, Harm, tuple[str, ...], set[str]]] = [
    ("nan", nan, CELL, {"invalid_voltage", "invalid_current"}),
    ("gaps", gaps, CELL, {"sample_gap"}),
    ("backwards", backwards, CELL, {"current_reversed"}),
    ("wrong chemistry", same, (*CELL, "pack.chemistry=nmc"), {"estimate_disagrees"}),
    ("ten times too large", same, (*CELL, "pack.capacity=20.495"), {"estimate_disagrees"}),
    ("ten times too small", same, (*CELL, "pack.capacity=0.20495"), {"estimate_disagrees"}),
    ("swapped wires", swapped, FOUR, {"invalid_voltage", "open_wire"}),
    ("exchanged cells", exchanged, FOUR, set()),
]


@pytest.mark.slow
@pytest.mark.parametrize(("harm", "chosen", "told"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_it_is_told_and_never_a_confident_wrong_number(
    tmp_path: Path, harm: Harm, chosen: tuple[str, ...], told: set[str]
) -> None:
    source, name, every = ("packs/fisher_4s", "soc4", 1) if chosen is FOUR else ("a123/dynamic_+25C", "soc", 2)
    with gzip.open(shared(f"data/{source}.csv.gz"), "rt", encoding="utf-8", newline="") as text:
        given = [row for n, row in enumerate(csv.DictReader(text)) if n < 7200 and n % every == 0]
    kept = [(row, bad) for n, row in enumerate(given) if (bad := harm(n, row)) is not None]
    path = tmp_path / "harmed.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, [name for name in given[0] if not name.startswith("soc")], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(bad for _, bad in kept)
    sets = [part for one in chosen for part in ("--set", one)]
    result = run(
        path,
        "--out",
        tmp_path / "out.csv",
        "--events",
        tmp_path / "events.jsonl",
        "--initial-soc",
        given[0][name],
        *sets,
    )
    assert result.exit_code == 0, result.output
    keys = {event["key"] for event in events(tmp_path / "events.jsonl") if event["phase"] != "went"}
    assert told <= keys
    late = list(zip(rows(tmp_path / "out.csv"), kept, strict=True))[len(kept) // 2 :]
    honest = [
        abs(float(row["soc"]) - float(truth[name])) <= 2.0 * float(row["soc_sigma"])
        or float(row["soc_sigma"]) >= NOTHING
        for row, (truth, _) in late
    ]
    assert sum(honest) >= 0.95 * len(honest)


HOURS = 2.5
PACK = ("pack.cells=4", "pack.capacity=100")
SETTINGS: list[tuple[str, tuple[str, ...], str]] = [
    ("lfp as nmc", ("pack.chemistry=nmc",), "chemistry"),
    ("lfp as lmo", ("pack.chemistry=lmo",), "chemistry"),
    ("ten times too large", ("pack.capacity=1000",), "capacity"),
    ("ten times too small", ("pack.capacity=10",), "capacity"),
    ("right", (), ""),
]


def imagined(path: Path, capacity: float = 100.0) -> list[float]:
    """A boat's LFP battery of four cells from 90 % on: lights, a fridge, an hourly kettle; gives its true SOC."""
    pack, noise, truth = boat(4, capacity, soc=0.9).pack, Random(1), []
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["time", "current", "v1", "v2", "v3", "v4", "temperature"])
        for time in range(2, round(HOURS * 3600), 2):
            fridge, kettle = 3.0 * (time % 1200 < 480), 40.0 * (time % 3600 < 180)
            current = -5.0 - fridge - kettle
            pack.advance(2.0, current)
            volts = [round(volt + noise.gauss(0.0, 0.001), 4) for volt in pack.voltages]
            writer.writerow([time, round(current + noise.gauss(0.0, 0.02), 3), *volts, 25])
            truth.append(min(pack.soc))
    return truth


@pytest.mark.slow
@pytest.mark.parametrize(("wrong", "word"), [case[1:] for case in SETTINGS], ids=[case[0] for case in SETTINGS])
def test_a_wrong_setting_is_told_in_time_and_nothing_is_claimed_before(
    tmp_path: Path, wrong: tuple[str, ...], word: str
) -> None:
    truth = imagined(tmp_path / "pack.csv")
    sets = [part for one in ("pack.chemistry=lfp", *PACK, *wrong) for part in ("--set", one)]
    out, told = tmp_path / "out.csv", tmp_path / "events.jsonl"
    result = run(tmp_path / "pack.csv", "--out", out, "--events", told, "--initial-soc", "0.9", *sets)
    assert result.exit_code == 0, result.output
    came = [event for event in events(told) if event["key"] == "estimate_disagrees" and event["phase"] == "came"]
    assert bool(came) == bool(word)
    assert all(word in event["cause"] for event in came)
    asked = [event["timestamp"] for event in events(told) if event["key"] == "chemistry_doubtful"]
    assert bool(asked) == (word == "chemistry")
    claimed = [(float(row["soc"]), float(row["soc_sigma"])) for row in rows(out)]
    honest = [
        sigma >= NOTHING or abs(soc - true) <= 2.0 * sigma + 0.01
        for (soc, sigma), true in list(zip(claimed, truth, strict=True))[300:]
    ]
    assert sum(honest) >= 0.98 * len(honest)
    if not word:
        assert max(sigma for _, sigma in claimed[-300:]) < 0.06
