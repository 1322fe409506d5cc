"""The twin's cell against measured runs of the cell it was fitted to."""

import csv
import gzip
from dataclasses import replace
from math import sqrt

import pytest
from tests.data import shared

from tbms.twin.lfp import a123
from tbms.twin.pack import Pack

CAPACITY = {"+25": 2.0495, "+45": 2.0433, "-5": 2.0631}  # Ah, measured for each run


def rmse(name: str) -> float:
    """V, from 10 to 95 % true SOC: measured current in, true SOC only at the start."""
    pack = Pack([replace(a123(), capacity=CAPACITY[name])], 1.0, float(name))
    pack.hysteresis[0] = 1.0  # the run begins after a charge
    squares, count = 0.0, 0
    with gzip.open(shared(f"data/a123/dynamic_{name}C.csv.gz"), "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            pack.advance(1.0, float(row["current"]))
            if 0.10 <= float(row["soc"]) <= 0.95:
                squares += (pack.voltages[0] - float(row["voltage"])) ** 2
                count += 1
    assert count > 30_000
    return sqrt(squares / count)


@pytest.mark.parametrize(("name", "bar"), [("+25", 0.015), ("+45", 0.015), ("-5", 0.020)])
def test_voltage_follows_the_measured_dynamic_run(name: str, bar: float) -> None:
    assert rmse(name) <= bar
