"""The three months off the grid: its clockwork; the months themselves are a campaign."""

from itertools import pairwise

import pytest

from tbms.cli import bench_ninety as ninety
from tbms.twin.boat import boat
from tbms.twin.inject import Injection


def test_it_looks_closely_where_the_kettle_is_switched_and_seldom_elsewhere() -> None:
    times = list(ninety.times(0.2, 0.1))
    assert times[0] == 0.0
    steps = [late - early for early, late in pairwise(times)]
    assert max(steps) <= ninety.STEP + 1e-6
    assert min(steps) > 0.0
    switched = [time for time in times if ninety.EVERY - 4.0 <= time < ninety.EVERY + 20.0]
    assert len(switched) == 48
    assert ninety.EVERY in times
    assert len(times) < 0.2 * ninety.DAY / ninety.STEP + 350


def test_the_harmed_cell_is_short_of_the_others_by_what_is_said() -> None:
    cells = boat(ninety.CELLS, ninety.CAPACITY).pack.cells
    left = (1.0 - ninety._shortfall(0.1)) * cells[ninety.CELL - 1].capacity
    others = [cell.capacity for place, cell in enumerate(cells, 1) if place != ninety.CELL]
    assert left == pytest.approx(0.9 * sum(others) / len(others))


@pytest.mark.slow
def test_a_loose_link_is_named_within_the_first_day() -> None:
    loose = Injection("loose_busbar", ninety.CELL, severity=100e-6)
    found = ninety.live(ninety.Life(0.8, faults=(loose,)), shown=False)
    assert found.named("connection", 0.0) < 0.8
    assert found.false("connection") == []
    assert found.named("small_cell", 0.0) == float("inf")
