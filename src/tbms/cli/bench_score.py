"""Scores of an estimate against a truth, and what is done to recorded data before it is replayed.

The arithmetic is that of the shared scoring script: every truth sample is compared with the latest estimate made at or
before it; an error e counts as max(0, |e| - band).
"""

import csv
import gzip
import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

LATE = 0.001  # s: rounded clocks still meet
Track = list[tuple[float, ...]]


@dataclass(frozen=True)
class Score:
    """Figures from `settle` seconds on, in percent of capacity; inside and sigma over the whole run.

    inside: share of samples within two claimed sigmas. end: signed.
    """

    rmse: float
    worst: float
    end: float
    inside: float
    sigma: float


def read(path: Path, columns: Sequence[str]) -> Track:
    """The named columns of a CSV file, plain or gzip; rows without one of them are left out."""
    opened: Callable[..., Iterable[str]] = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as text:  # type: ignore[attr-defined]  # both are files
        return [tuple(float(row[name]) for name in columns) for row in csv.DictReader(text) if row[columns[-1]]]


def score(truth: Track, estimate: Track, band: float, settle: float) -> Score:
    """truth: (time, soc); estimate: (time, soc, sigma)."""
    at, errors, claimed, sigmas, end = 0, [], 0, 0.0, 0.0
    start = truth[0][0]
    for time, soc in truth:
        while at + 1 < len(estimate) and estimate[at + 1][0] - LATE <= time:
            at += 1
        end = estimate[at][1] - soc
        claimed += abs(end) <= 2.0 * estimate[at][2] + band + 1e-12
        sigmas += estimate[at][2]
        if time - start >= settle:
            errors.append(max(0.0, abs(end) - band))
    squares = math.sqrt(sum(error * error for error in errors) / len(errors))
    count = len(truth)
    return Score(100 * squares, 100 * max(errors), 100 * end, claimed / count, 100 * sigmas / count)


def counting(rows: Track, truth: Track, capacity: float, band: float, settle: float) -> float:
    """RMSE (percent) of a perfect counter on these samples: the right start, the right capacity, nothing else."""
    soc, before = truth[0][1], rows[0]
    counted: Track = []
    for row in rows:
        soc += (row[1] + before[1]) / 2.0 * (row[0] - before[0]) / 3600.0 / capacity
        counted.append((row[0], soc, 0.0))
        before = row
    return score(truth, counted, band, settle).rmse


def spoiled(source: Path, target: Path, bias: float = 0.0, offset: float = 0.0, every: float = 0.0) -> Path:
    """A copy with a voltage bias (V), a current offset (A), and only the first sample of every so many seconds."""
    rows = read(source, ("time", "current", "voltage"))
    window = -1
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("time", "current", "voltage"))
        for time, current, voltage in rows:
            now = math.floor((time - rows[0][0]) / every + 1e-9) if every else window + 1
            if now != window:
                writer.writerow((time, round(current + offset, 6), round(voltage + bias, 6)))
            window = now
    return target


def noisy(rows: Track, sigma: float, seed: int) -> Track:
    """Rows with white noise on every column after the second."""
    made = random.Random(seed)  # noqa: S311 - noise, no secret
    return [(*row[:2], *(value + made.gauss(0.0, sigma) for value in row[2:])) for row in rows]
