"""Plausible sums, open wires, neighbours apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.slave.chips.cells import apart, known, open_wires, plausible_sum


@pytest.mark.parametrize("wire", range(3))
def test_an_open_wire_between_two_cells_makes_both_unknown(wire: int) -> None:
    cells = [3300] * 4
    cells[wire] -= 450
    cells[wire + 1] += 450
    assert [value is None for value in known(cells)] == [place in (wire, wire + 1) for place in range(4)]


@pytest.mark.parametrize(("place", "value"), [(0, 499), (3, 499), (0, -3), (3, 4801)])
def test_an_open_wire_at_an_end_falls_out_of_range(place: int, value: int) -> None:
    cells = [3300] * 4
    cells[place] = value
    assert open_wires(cells) == 1 << place


def test_a_truly_low_cell_is_a_measurement() -> None:
    assert open_wires([2400, 3300, 3300, 3300]) == 0
    assert open_wires([3300, 3300]) == 0


def test_two_cells_alone_far_apart_are_distrusted() -> None:
    assert open_wires([2800, 3700]) == 0b11


@pytest.mark.parametrize(
    ("stack", "fits"), [(13200, True), (13370, True), (13380, False), (13030, True), (13020, False)]
)
def test_the_sum_of_cells_must_meet_the_stack(stack: int, fits: bool) -> None:
    assert plausible_sum([3300] * 4, stack) is fits


@given(st.integers(0, 0xFFFF), st.integers(0, 1))
def test_no_two_neighbours_and_nothing_unasked(mask: int, turn: int) -> None:
    cells = apart(mask, turn)
    assert cells & ~mask == 0
    assert cells & cells << 1 == 0
    assert bool(cells) == bool(mask)


@given(st.integers(0, 0xFFFF))
def test_in_two_turns_every_wished_cell_is_served(mask: int) -> None:
    assert apart(mask, 0) | apart(mask, 1) == mask
