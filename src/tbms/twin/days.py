"""Days of sun and of loads: made from a seed, or read from a file.

Shaped after one measured year of a house with solar panels (Ausgrid customer 12, 2011-12, half hours;
pierre-haessig/solarhome-control-bench), of which no value is copied but these figures:

* sun: the 95th percentile of the year rises from 6.5 h to 0.78 of the panels' peak power at 13 h and is back
  at nothing at 19.5 h; a day gives 1.3 / 3.5 / 5.3 kWh per kWp (10th, 50th, 90th percentile); clearness from
  half hour to half hour has the correlation 0.87 and quartiles of 0.37 / 0.69 / 0.85.
* loads: the mean over the day falls to 0.53 of its average at 4 h, rises past 0.9 at 7 h and 1.2 at 14 h to 1.56
  at 18 h, with peaks of six times the average.

A boat lives at about a tenth of that house: 160 W on average, here with the cycle of its fridge and with
kettle, microwave and water pump as short bursts on top.
"""

import csv
import gzip
import random
from collections.abc import Mapping
from math import exp, log, pi, sin, sqrt
from pathlib import Path

from tbms.model.units import Second, Watt
from tbms.twin.curve import Curve
from tbms.twin.profile import DAY, Profile

PEAK_SHARE = 0.78  # of the panels' peak power on a clear day at noon
RISE, FALL = 6.5 * 3600.0, 19.5 * 3600.0  # s, sun up and down
SHARPNESS = 1.4  # exponent of the half sine that fits the measured bell
MINUTES = 1440
KEEP = 0.87 ** (1 / 30)  # correlation of clearness from minute to minute: 0.87 from half hour to half hour
SKY = {"clear": 2.5, "mixed": 0.75, "dull": -1.2}
"""Sky over the day: mean of the logit of clearness; 1.0 is the measured spread around it."""

HABIT = Curve.of(
    (
        *((0, 0.70), (2, 0.60), (4, 0.53), (5.5, 0.64), (6, 0.90), (9, 0.80), (11, 0.92), (12, 1.05), (14, 1.24)),
        *((15, 1.17), (16, 1.38), (18, 1.56), (19, 1.45), (21, 1.37), (22, 1.15), (23, 0.86), (24, 0.70)),
    )
)
"""Hour of the day -> load against its mean."""

INSTRUMENTS, FRIDGE, FRIDGE_CYCLE, FRIDGE_SHARE = 45.0, 75.0, 1800.0, 0.38  # W, W, s, share of time it runs
BURSTS = ((1500.0, 180.0, 3.0), (1000.0, 240.0, 2.0), (120.0, 60.0, 14.0))
"""(W, s, times a day): kettle, microwave, water pump."""


def sun_day(peak: Watt, seed: int = 1, sky: str = "mixed") -> Profile:
    """W out of solar panels of `peak` W, minute by minute; sky: clear, mixed or dull."""
    if sky not in SKY:
        raise ValueError(f"the sky is one of {', '.join(SKY)}, not {sky!r}")
    draw = random.Random(f"sun/{seed}").gauss  # noqa: S311 - a simulation, no secret
    spread = 0.3 if sky == "clear" else 1.0
    noise, values = spread * draw(0.0, 1.0), []
    for minute in range(MINUTES):
        time = 60.0 * minute
        noise = KEEP * noise + sqrt(1.0 - KEEP * KEEP) * spread * draw(0.0, 1.0)
        clearness = 1.0 / (1.0 + exp(-SKY[sky] - 1.3 * noise))
        bell = sin(pi * (time - RISE) / (FALL - RISE)) ** SHARPNESS if RISE < time < FALL else 0.0
        values.append(round(peak * PEAK_SHARE * bell * clearness, 1))
    return Profile([60.0 * minute for minute in range(MINUTES)], values, linear=True)


def base_day(part: float = 1.0, seed: int = 1) -> Profile:
    """W of instruments and fridge over one day; part: 1 for a 16-cell, 280 Ah boat."""
    draw = random.Random(f"base/{seed}").random  # noqa: S311 - a simulation, no secret
    steps, time = [(0.0, INSTRUMENTS * part)], FRIDGE_CYCLE * draw()
    while time < DAY - FRIDGE_CYCLE:
        run = FRIDGE_CYCLE * FRIDGE_SHARE * (0.8 + 0.4 * draw())
        steps += [(time, (INSTRUMENTS + FRIDGE) * part), (time + run, INSTRUMENTS * part)]
        time += FRIDGE_CYCLE * (0.9 + 0.2 * draw())
    return Profile([t for t, _ in steps], [w for _, w in steps])


def comfort_day(part: float = 1.0, seed: int = 1, mean: Watt = 85.0) -> Profile:
    """W of lights, galley and water over one day: the house's habit, with bursts where people are active."""
    draw = random.Random(f"comfort/{seed}")  # noqa: S311 - a simulation, no secret
    values = [mean * HABIT(minute / 60.0) * (0.8 + 0.4 * draw.random()) for minute in range(MINUTES)]
    for watts, length, often in BURSTS:
        next_one = 0.0
        while True:
            next_one += -log(1.0 - draw.random()) * MINUTES / often
            if next_one >= MINUTES:
                break
            if draw.random() < HABIT(next_one / 60.0) / 1.56:  # 1.56: thinning of a Poisson process by the habit
                for minute in range(int(next_one), min(MINUTES, int(next_one + max(1.0, length / 60.0)))):
                    values[minute] += watts
    return Profile([60.0 * minute for minute in range(MINUTES)], [round(part * v, 1) for v in values])


def day_from_file(path: Path, column: str, scale: float = 1.0, *, day: int = 0, linear: bool = False) -> Profile:
    """One day of a CSV file (or .csv.gz): column `time` (s, rising) and one of values, which are times `scale`.

    day: which of the days in the file, from 0; it must have a value at its midnight.
    """
    times: list[Second] = []
    values: list[float] = []
    raw = path.read_bytes()
    reader = csv.DictReader((gzip.decompress(raw) if path.suffix == ".gz" else raw).decode().splitlines())
    for name in ("time", column):
        if name not in (reader.fieldnames or ()):
            raise ValueError(f"{path}: no column {name!r}; it has {', '.join(reader.fieldnames or ()) or 'none'}")
    for line, row in enumerate(reader, 2):
        time = _number(path, line, "time", row) - day * DAY
        if 0.0 <= time < DAY:
            times.append(time)
            values.append(scale * _number(path, line, column, row))
    try:
        return Profile(times, values, linear=linear)
    except ValueError as problem:
        raise ValueError(f"{path}: day {day}: {problem}") from None


def _number(path: Path, line: int, column: str, row: Mapping[str, str | None]) -> float:
    """One field of a row; ValueError with file, line and column."""
    try:
        return float(row[column] or "")
    except ValueError:
        raise ValueError(f"{path}:{line}: column {column} holds {row[column]!r}, not a number") from None
