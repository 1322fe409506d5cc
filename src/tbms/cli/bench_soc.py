"""`tbms bench soc`: the estimator on measured cells, through `tbms replay`, against bars and published figures.

The estimator gets the capacity and the chemistry named, and the open-circuit tables shipped; a row with the cell's own
table says so. One set of constants serves all runs; how it was chosen is said in docs/estimation.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from tbms import settings as settings_room
from tbms.cli import bench_cells, bench_own, bench_score
from tbms.cli.bench import Row
from tbms.cli.bench_replay import data, run
from tbms.core import estimate
from tbms.core.measure.measured import measure as measure_sample
from tbms.core.measure.switches import Drive
from tbms.model.sample import Sample

HOUR = 3600.0
COST, PERIOD = 200.0, 0.1  # µs, median; s between two samples
SHORT = (5400.0, 1200.0)  # s: runs shorter than this are scored from 20 minutes on
INSIDE = 0.9  # share of samples that must lie within two claimed sigmas
LEAST_SIGMA, SIGMA_SHARE = 1.0, 1.5  # percent; of the RMSE: a claimed sigma may not be larger than the greater of both


@dataclass(frozen=True)
class Case:
    """One run: what is replayed, what the estimator is told, and what it must reach.

    file, ocv: below the data folder, without ending. bar: RMSE in percent; None: only reported. end: the same for the
    last sample. peer: what others reach, in words. temperature: °C where the copy has no column for it.
    """

    name: str
    file: str
    chemistry: str
    capacity: float
    start: float
    bar: float | None
    peer: str
    ocv: str = ""
    band: float = 0.0
    bias: float = 0.0
    offset: float = 0.0
    every: float = 0.0
    end: float | None = None


A25, A45, ACOLD = "a123/dynamic_+25C", "a123/dynamic_+45C", "a123/dynamic_-5C"
FLAT, FLAT_OCV = "lfp_fisher/flat_zone_+25C", "lfp_fisher/ocv_+25C"
TEXTBOOK = "EKF fitted 0.44, textbook 5.5"
CASES = (
    Case("A123 25 °C, told 60 at 100 %", A25, "lfp", 2.0495, 0.6, 1.2, TEXTBOOK),
    Case("A123 45 °C, told 60 at 100 %", A45, "lfp", 2.0433, 0.6, 0.8, TEXTBOOK),
    Case("A123 -5 °C, told 60 at 100 %", ACOLD, "lfp", 2.0631, 0.6, 2.0, "1.4-2.8 at 5/-15 °C"),
    Case("A123 25 °C, +5 mV", A25, "lfp", 2.0495, 0.6, 1.5, "EKF fitted 0.56", bias=0.005),
    Case("A123 25 °C, -5 mV", A25, "lfp", 2.0495, 0.6, 1.5, "EKF fitted 0.44", bias=-0.005),
    Case("A123 25 °C, +2 % C offset", A25, "lfp", 2.0495, 0.6, 3.0, "EKF fitted 8.0", offset=0.041),
    Case("A123 25 °C, -2 % C offset", A25, "lfp", 2.0495, 0.6, None, "", offset=-0.041),
    Case("A123 25 °C, a sample in 10 s", A25, "lfp", 2.0495, 0.6, None, "", every=10.0),
    Case("flat zone, own table", FLAT, "lfp", 1.2, 0.6, 3.0, "EKF fitted 4.3-4.9", FLAT_OCV, 0.01, end=2.0),
    Case("flat zone, shipped table", FLAT, "lfp", 1.2, 0.6, None, "EKF fitted 4.3-4.9", band=0.01),
    Case("20R DST, told 40 at 80 %", "calce20r/dst", "nmc", 1.983, 0.4, 2.5, "fitted: EKF 0.9, MHE 0.19"),
    Case("HG2 25 °C, own table", "lghg2/us06_+25C", "nmc", 2.7807, 0.7, 1.0, "LSTM 0.4-1.5", "lghg2/ocv_c20_+25C"),
    Case("HG2 0 °C, own table", "lghg2/us06_+0C", "nmc", 2.7807, 0.7, 2.0, "LSTM 0.4-1.5", "lghg2/ocv_c20_+0C"),
    Case("HG2 25 °C, shipped table", "lghg2/us06_+25C", "nmc", 2.7807, 0.7, None, ""),
    Case("HG2 0 °C, shipped table", "lghg2/us06_+0C", "nmc", 2.7807, 0.7, None, ""),
)


def measure(case: Case, folder: Path) -> tuple[bench_score.Score, float]:
    """How the estimator did, and a perfect counter on the same samples."""
    source = data(case.file)
    fed = source
    if case.bias or case.offset or case.every:
        fed = bench_score.spoiled(source, folder / "in.csv", case.bias, case.offset, case.every)
    told: dict[str, str | float] = {
        "pack.chemistry": case.chemistry,
        "pack.cells": 1,
        "pack.capacity": case.capacity,
    }
    if case.ocv:
        told["pack.ocv"] = str(data(case.ocv))
    out = run(fed, told, case.start, folder)
    truth = bench_score.read(source, ("time", "soc"))
    estimate = bench_score.read(out, ("time", "soc", "soc_sigma"))
    settle = HOUR if truth[-1][0] - truth[0][0] >= SHORT[0] else SHORT[1]
    rows = bench_score.read(fed, ("time", "current"))
    floor = bench_score.counting(rows, truth, case.capacity, case.band, settle)
    return bench_score.score(truth, estimate, case.band, settle), floor


def _rows(case: Case, folder: Path) -> Iterator[Row]:
    found, floor = measure(case, folder)
    most = max(LEAST_SIGMA, SIGMA_SHARE * found.rmse)
    given = f"{case.capacity:g} Ah, {case.chemistry}, " + ("own table" if case.ocv else "shipped table")
    told = {
        "peer": case.peer,
        "counting": round(floor, 2),
        "worst": round(found.worst, 2),
        "end": round(found.end, 2),
        "inside": round(found.inside, 3),
        "sigma": round(found.sigma, 2),
        "given": given,
    }
    yield Row(case.name, found.rmse, "%", case.bar, more=told)
    if case.end is not None:
        yield Row(f"{case.name}: at the end", max(0.0, abs(found.end) - 100 * case.band), "%", case.end)
    if case.bar is not None:
        yield Row(f"{case.name}: inside ±2 σ", found.inside, "", INSIDE, at_most=False)
        yield Row(f"{case.name}: mean σ", found.sigma, "%", most)


def cost(count: int) -> Row:
    """µs of one update for 16 cells."""
    settings = settings_room.load(overrides=["pack.cells=16"])
    noise, state, taken = Random(1), estimate.initial(settings, 0.6), []  # noqa: S311 - noise, no secret
    for number in range(count):
        cells = tuple(3.30 + noise.gauss(0.0, 0.001) for _ in range(16))
        sample = Sample(number * PERIOD, 0.0, -20.0 + noise.gauss(0.0, 0.1), cells, (22.0,) * 16)
        seen = measure_sample(sample, None if number == 0 else (number - 1) * PERIOD, 0.0, Drive(), settings)
        start = perf_counter()
        state, _ = estimate.update(state, seen, seen.dt, settings)
        taken.append(1e6 * (perf_counter() - start))
    return Row("16 cells: one update", median(taken), "µs", COST, more={"worst": round(max(taken), 1)})


def rows(quick: bool) -> Iterator[Row]:
    """Every case; quick: the three shortest."""
    with TemporaryDirectory() as folder:
        for case in CASES[-5:-2] if quick else CASES:
            yield from _rows(case, Path(folder))
        if not quick:
            yield from bench_cells.rows(Path(folder))
            yield from bench_own.rows()
    yield cost(500 if quick else 5000)
