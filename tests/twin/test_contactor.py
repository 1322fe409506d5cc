"""Contactors: delays, and the ways in which they fail."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from tbms.twin.contactor import CLOSE_DELAY, OPEN_DELAY, Contactor


def run(contactor: Contactor, coil: bool, start: float, length: float) -> list[tuple[float, bool]]:
    """When it moved, in steps that stop at each movement."""
    moved: list[tuple[float, bool]] = []
    time, end = start, start + length
    while True:
        contactor.drive(time, coil)
        if contactor.due > end:
            return moved
        time = contactor.due
        if contactor.settle(time):
            moved.append((time, contactor.closed))


def test_it_closes_and_opens_after_its_delays() -> None:
    contactor = Contactor("load")
    assert run(contactor, True, 1.0, 1.0) == [(1.0 + CLOSE_DELAY, True)]
    assert run(contactor, False, 3.0, 1.0) == [(3.0 + OPEN_DELAY, False)]
    assert 0.020 <= CLOSE_DELAY <= 0.030
    assert 0.010 <= OPEN_DELAY <= 0.020
    assert contactor.operations == 1


def test_a_coil_that_lets_go_in_time_never_closed() -> None:
    contactor = Contactor("load")
    contactor.drive(0.0, True)
    contactor.drive(0.01, False)
    assert contactor.due == inf
    assert run(contactor, False, 0.02, 1.0) == []


def test_a_weld_shows_in_its_feedback_and_ends() -> None:
    contactor = Contactor("charge")
    run(contactor, True, 0.0, 1.0)
    contactor.welded = True
    assert run(contactor, False, 1.0, 5.0) == []
    assert contactor.closed
    assert contactor.feedback
    contactor.welded = False
    assert run(contactor, False, 7.0, 1.0) == [(7.0 + OPEN_DELAY, False)]


def test_a_stuck_one_does_not_close() -> None:
    contactor = Contactor("charge")
    contactor.stuck = True
    assert run(contactor, True, 0.0, 1.0) == []
    assert not contactor.feedback


def test_a_bouncing_one_opens_once_more() -> None:
    contactor = Contactor("charge")
    contactor.bounce = 0.01
    moved = run(contactor, True, 0.0, 1.0)
    assert [closed for _, closed in moved] == [True, False, True]
    assert run(contactor, False, 2.0, 1.0) == [(2.0 + OPEN_DELAY, False)]


def test_a_lying_feedback_says_the_opposite() -> None:
    contactor = Contactor("charge")
    contactor.lies = True
    assert contactor.feedback
    run(contactor, True, 0.0, 1.0)
    assert contactor.closed
    assert not contactor.feedback


@given(st.lists(st.tuples(st.booleans(), st.floats(0.001, 0.2)), max_size=30))
def test_it_always_ends_where_its_coil_wants_it(story: list[tuple[bool, float]]) -> None:
    contactor, time = Contactor("load"), 0.0
    for coil, length in story:
        run(contactor, coil, time, length)
        time += length
    run(contactor, True, time, 1.0)
    assert contactor.closed
    run(contactor, False, time + 1.0, 1.0)
    assert not contactor.closed
