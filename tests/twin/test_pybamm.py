"""The twin's cell against a published solver of the same equations (PyBaMM Thevenin; see bench/)."""

import csv
from itertools import pairwise
from math import exp
from pathlib import Path

import pytest

from tbms.twin.cell import Cell
from tbms.twin.curve import Curve, Grid
from tbms.twin.pack import Pack

VECTORS = Path(__file__).resolve().parents[2] / "bench" / "thevenin_vectors.csv"
KNOT = 10


def published() -> tuple[Pack, list[dict[str, float]]]:
    lines = VECTORS.read_text(encoding="utf-8").splitlines()
    ocv = next(line.removeprefix("# ocv=") for line in lines if line.startswith("# ocv="))
    points = [(float(z), float(u)) for z, _, u in (pair.partition(":") for pair in ocv.split())]
    words = " ".join(line[1:] for line in lines if line.startswith("# ") and "ocv=" not in line).split()
    number = {key: float(value) for key, _, value in (word.partition("=") for word in words if "=" in word)}
    body = csv.DictReader(line for line in lines if not line.startswith("#"))
    rows = [{key: float(value) for key, value in row.items()} for row in body]
    cell = Cell(
        ocv=Grid.of([p[0] for p in points], [p[1] for p in points], 0.0, 0.0),
        hysteresis=0.0,
        efficiency=1.0,
        leakage=0.0,
        link=0.0,
        r_temperature=Curve.of(
            (t / 4, exp(number["per_kelvin"] * (number["ambient"] - t / 4))) for t in range(-40, 121)
        ),
    )
    names = ("capacity", "r0", "r1", "tau1", "r2", "tau2", "heat_capacity", "cooling")
    pack = Pack([cell], number["soc"], number["ambient"])
    pack.change(0, **{name: number[name] for name in names})
    return pack, rows


@pytest.mark.parametrize(("step", "volts"), [(1.0, 0.05e-3), (10.0, 0.3e-3)])
def test_voltage_and_temperature_follow_the_published_equations(step: float, volts: float) -> None:
    pack, rows = published()
    worst = worst_kelvin = 0.0
    pieces = round(KNOT / step)
    for before, after in pairwise(rows):
        a, b = before["current"], after["current"]
        for piece in range(pieces):
            pack.advance(step, a + (b - a) * (piece + 0.5) / pieces)
        worst = max(worst, abs(pack.at_current(b)[0] - after["voltage"]))
        worst_kelvin = max(worst_kelvin, abs(pack.temperatures[0] - after["temperature"]))
    assert len(rows) == 1081
    assert worst <= volts
    assert worst_kelvin <= 0.1  # the solver heats its RC elements by I·V, the twin by what they dissipate


def test_a_current_held_over_each_second_stays_within_the_bar() -> None:
    pack, rows = published()
    worst = 0.0
    for before, after in pairwise(rows):
        a, b = before["current"], after["current"]
        for second in range(KNOT):
            pack.advance(1.0, a + (b - a) * second / KNOT)
        worst = max(worst, abs(pack.at_current(b)[0] - after["voltage"]))
    assert worst <= 0.3e-3
