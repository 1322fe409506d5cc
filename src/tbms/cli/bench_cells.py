"""Rows of `tbms bench soc` about single cells: resistance, the weak one, capacity."""

import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from tbms.cli import bench_score
from tbms.cli.bench import Row
from tbms.cli.bench_replay import data, run
from tbms.core.estimate import resistance

HOUR = 3600.0
MEDIAN, WORST = 10.0, 20.0  # %: bars of a resistance's error
PULSE, PAUSE, FIRST = 5.0, 75.0, 0.1  # s: pulses of PulseBat, pauses between them, first sample after a step
C_RATES = (0.5, -0.5, 1.0, -1.0, 1.5)
HELD_OUT = 2  # the pulse that is scored and not shown
NOMINAL = 35.0  # Ah
LEAF = 32.5  # Ah

Samples = list[tuple[float, float, float]]
Pair = tuple[float, float]


def _learned(samples: Samples, capacity: float) -> Pair | None:
    """Ohmic part and what five seconds add, Ω, from (s, A, V); None where no step showed both."""
    known, before = resistance.none(1), samples[0][0]
    for time, current, voltage in samples:
        known = resistance.step(known, (voltage,), current, time - before, capacity, 25.0)
        before = time
    ohmic, slow = known.ohmic[0], known.slow[0]
    return None if ohmic is None or slow is None else (ohmic.mean, slow.mean)


def _pulses(row: dict[str, str]) -> tuple[Samples, Pair]:
    """One cell's pulses in time without the one held out, and that one's resistances."""
    voltages = [float(row[f"u{number}"]) for number in range(1, 22)]
    samples: Samples = [(0.0, 0.0, voltages[0]), (1.0, 0.0, voltages[0])]
    truth, time = (0.0, 0.0), 1.0
    for number, rate in enumerate(C_RATES):
        rest, start, end, after, later = voltages[4 * number : 4 * number + 5]
        current = rate * NOMINAL
        if number == HELD_OUT:
            truth = ((start - rest) / current, (end - start) / current)
            continue
        samples += [(time + 1.0, 0.0, rest), (time + 1.0 + FIRST, current, start), (time + 1.0 + PULSE, current, end)]
        time += 1.0 + PULSE + FIRST
        samples += [(time, 0.0, after), (time + PAUSE, 0.0, later)]
        time += PAUSE
    return samples, truth


def _errors(found: Sequence[Pair], truth: Sequence[Pair]) -> tuple[list[float], list[float]]:
    """Errors in percent of the ohmic part and of the resistance after five seconds."""
    ohmic = [100 * abs(a[0] / b[0] - 1) for a, b in zip(found, truth, strict=True)]
    five = [100 * abs(sum(a) / sum(b) - 1) for a, b in zip(found, truth, strict=True)]
    return ohmic, five


def _told(name: str, found: Sequence[Pair], truth: Sequence[Pair]) -> Iterator[Row]:
    for part, errors in zip(("ohmic", "5 s"), _errors(found, truth), strict=True):
        yield Row(f"{name}, {part}: median error", median(errors), "%", MEDIAN, more={"runs": len(errors)})
        yield Row(f"{name}, {part}: worst error", max(errors), "%", WORST)


def pulsebat() -> Iterator[Row]:
    """28 retired LFP cells at ten states of charge, every one alone."""
    found, truth = [], []
    with gzip.open(data("pulsebat/cells_1-28"), "rt", encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            samples, wanted = _pulses(row)
            learned = _learned(samples, NOMINAL)
            if learned is not None:
                found.append(learned)
                truth.append(wanted)
    yield from _told("PulseBat", found, truth)


def _steps(samples: Samples) -> list[int]:
    """Where a pulse of either sign begins after a rest."""
    return [
        i
        for i in range(1, len(samples))
        if abs(samples[i][1]) > 20.0 and abs(samples[i - 1][1]) < 1.0 and samples[i][0] - samples[i - 1][0] < 2.0
    ]


def _seen(samples: Samples, at: int) -> Pair | None:
    """Ohmic part and what five seconds add at one step; None where it was shorter."""
    (_, low, rest), (time, current, start) = samples[at - 1], samples[at]
    later = [s for s in samples[at : at + 120] if s[0] - time >= PULSE and abs(s[1] - current) < 0.5]
    if not later:
        return None
    jump = current - low
    return (start - rest) / jump, (later[0][2] - start) / jump


def leaf() -> Iterator[Row]:
    """The Leaf cell's pulses: learned on the odd ones, scored on the even ones."""
    rows = bench_score.read(data("leaf/cell_hppc_+25C"), ("time", "current", "voltage"))
    samples: Samples = [(row[0], row[1], row[2]) for row in rows]
    found, truth = [], []
    steps = [at for at in _steps(samples) if _seen(samples, at) is not None]
    for odd, even in zip(steps[::2], steps[1::2], strict=False):
        learned, wanted = _learned(samples[max(0, odd - 5) : odd + 120], LEAF), _seen(samples, even)
        if learned is not None and wanted is not None:
            found.append(learned)
            truth.append(wanted)
    yield from _told("Leaf HPPC", found, truth)


def _named(folder: Path) -> list[int]:
    """Cells that the last replay called weak, in order."""
    with (folder / "events.jsonl").open(encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines]
    return [event["cell"] for event in events if event["key"] == "weak_cell" and event["phase"] == "came"]


def weak(folder: Path) -> Iterator[Row]:
    """Who is named, and who is named wrongly."""
    for name in ("1.0C", "2.0C"):
        run(data(f"leaf/module_{name}"), {"pack.chemistry": "lmo", "pack.cells": 6, "pack.capacity": 65}, 1.0, folder)
        first = next(iter(_named(folder)), 0)
        yield Row(f"Leaf module {name}: group 1 named first", float(first == 1), "", 1.0, at_most=False)
    run(data("packs/fisher_4s"), {"pack.chemistry": "lfp", "pack.cells": 4, "pack.capacity": 1.2}, 0.6, folder)
    named = _named(folder)
    yield Row("4S string: cell 4 named", float(4 in named), "", 1.0, at_most=False)
    yield Row("4S string: false alarms on cells 1-3", float(len([cell for cell in named if cell != 4])), "", 0.0)


def nameplate(folder: Path) -> Iterator[Row]:
    """A123 told 2.3 Ah: one recorded charge and discharge, then the discharge again."""
    columns = ("time", "current", "voltage", "temperature")
    charge = bench_score.read(data("a123/charge_+25C"), columns)
    down = bench_score.read(data("a123/dynamic_+25C"), columns)
    source, start = folder / "in.csv", charge[-1][0] + 60.0
    again = start + down[-1][0] + HOUR
    with source.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        for rows, shift in ((charge, 0.0), (down, start), (down, again)):
            writer.writerows((row[0] + shift, *row[1:]) for row in rows)
    told: dict[str, str | float] = {"pack.chemistry": "lfp", "pack.cells": 1, "pack.capacity": 2.3}
    out_path = run(source, told, 0.4, folder)
    truth = [(t + again, soc) for t, soc in bench_score.read(data("a123/dynamic_+25C"), ("time", "soc"))]
    found = bench_score.score(
        [(t, soc) for t, soc in truth], bench_score.read(out_path, ("time", "soc", "soc_sigma")), 0.0, HOUR
    )
    measured = bench_score.read(out_path, ("time", "capacity"))
    error = 100 * abs(measured[-1][1] / 2.05 - 1) if measured else 100.0
    yield Row("A123 told 2.3 Ah: capacity", error, "%", 3.0, more={"given": "2.3 Ah, lfp, shipped table"})
    yield Row("A123 told 2.3 Ah: SOC of the second discharge", found.rmse, "%", 2.0)


def rows(folder: Path) -> Iterator[Row]:
    """All of them."""
    yield from pulsebat()
    yield from leaf()
    yield from weak(folder)
    yield from nameplate(folder)
