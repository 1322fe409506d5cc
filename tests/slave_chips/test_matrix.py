"""The balancer matrix: whatever is ordered, no word ever shorts cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.slave.chips.matrix import Matrix
from tbms.slave.chips.port import Refused, Timeout


class Switches:
    """Real switches' view: checks every word as it is set, and how long all were open between two."""

    def __init__(self, cells: int, isolated: bool) -> None:
        self.cells = cells
        self.isolated = isolated
        self.now = 0
        self.opened_at = 0
        self.word = 0
        self.history: list[int] = []
        self.failing = 0

    def set(self, word: int) -> None:
        if self.failing:
            self.failing -= 1
            raise Timeout("the switches' driver is silent")
        donors = [cell for cell in range(self.cells) if word >> cell & 1]
        receivers = [cell for cell in range(self.cells) if word >> (self.cells + cell) & 1]
        assert len(donors) == len(receivers) <= 1
        if donors:
            assert donors != receivers
            assert self.isolated or abs(donors[0] - receivers[0]) > 1
            assert self.word == 0
            assert self.now - self.opened_at > 20
        if not word:
            self.opened_at = self.now
        self.word = word
        self.history.append(word)


def rig(cells: int = 4, isolated: bool = False) -> tuple[Switches, Matrix]:
    switches = Switches(cells, isolated)
    return switches, Matrix(switches, cells, isolated)


def live(switches: Switches, matrix: Matrix, ms: int, order: tuple[int, int] | None = None) -> None:
    for _ in range(ms // 10):
        switches.now += 10
        if order:
            matrix.order(*order, switches.now)
        matrix.step(switches.now)


def test_everything_is_opened_first() -> None:
    switches, matrix = rig()
    matrix.step(0)
    matrix.step(10)
    assert switches.history == [0]
    assert (matrix.donor, matrix.receiver) == (None, None)


def test_a_pair_closes_after_its_dead_time() -> None:
    switches, matrix = rig()
    live(switches, matrix, 20, (0, 2))
    assert switches.word == 0
    live(switches, matrix, 100, (0, 2))
    assert switches.history == [0, 0b0100_0001]
    assert (matrix.donor, matrix.receiver) == (0, 2)


def test_another_pair_breaks_before_it_makes() -> None:
    switches, matrix = rig()
    live(switches, matrix, 100, (0, 2))
    live(switches, matrix, 100, (3, 1))
    assert switches.history == [0, 0b0100_0001, 0, 0b0010_1000]
    assert (matrix.donor, matrix.receiver) == (3, 1)


@pytest.mark.parametrize(("donor", "receiver"), [(0, 0), (0, 1), (2, 1), (-1, 2), (4, 0), (0, 4)])
def test_a_pair_that_shorts_is_refused_and_opens_everything(donor: int, receiver: int) -> None:
    switches, matrix = rig()
    live(switches, matrix, 100, (0, 2))
    with pytest.raises(Refused, match="cannot be donor and receiver"):
        matrix.order(donor, receiver, switches.now)
    assert switches.word == 0
    assert matrix.donor is None


def test_an_isolated_converter_may_join_neighbours() -> None:
    switches, matrix = rig(isolated=True)
    live(switches, matrix, 100, (1, 2))
    assert switches.word == 0b0100_0010


def test_an_order_that_is_not_repeated_lapses_after_two_seconds() -> None:
    switches, matrix = rig()
    live(switches, matrix, 100, (0, 2))
    ordered = switches.now
    live(switches, matrix, 2000)
    assert switches.word
    live(switches, matrix, 10)
    assert switches.word == 0
    assert switches.now - ordered == 2010


def test_withdrawing_opens_at_once() -> None:
    switches, matrix = rig()
    live(switches, matrix, 100, (0, 2))
    matrix.withdraw(switches.now)
    assert switches.word == 0


def test_a_run_ends_after_ten_minutes_until_the_order_is_withdrawn() -> None:
    switches, matrix = rig()
    live(switches, matrix, 599_900, (0, 2))
    assert switches.word
    live(switches, matrix, 200, (0, 2))
    assert switches.word == 0
    live(switches, matrix, 60_000, (3, 1))
    assert switches.word == 0
    matrix.withdraw(switches.now)
    live(switches, matrix, 100, (0, 2))
    assert switches.word


def test_a_lapse_begins_a_new_run() -> None:
    switches, matrix = rig()
    live(switches, matrix, 600_100, (0, 2))
    live(switches, matrix, 2_100)
    live(switches, matrix, 100, (0, 2))
    assert switches.word


def test_a_failed_closing_is_followed_by_opening() -> None:
    switches, matrix = rig()
    live(switches, matrix, 20, (0, 2))
    switches.failing = 1
    with pytest.raises(Timeout):
        live(switches, matrix, 100, (0, 2))
    assert switches.word == 0
    assert matrix.donor is None
    live(switches, matrix, 100, (0, 2))
    assert switches.word


def test_opening_is_tried_until_it_succeeds() -> None:
    switches, matrix = rig()
    live(switches, matrix, 100, (0, 2))
    switches.failing = 3
    for _ in range(3):
        with pytest.raises(Timeout):
            matrix.withdraw(switches.now)
    assert matrix.donor is None
    live(switches, matrix, 10)
    assert switches.word == 0


orders = st.lists(
    st.one_of(
        st.tuples(st.just("order"), st.integers(-1, 5), st.integers(-1, 5)),
        st.tuples(st.just("wait"), st.integers(1, 3000), st.just(0)),
        st.tuples(st.just("withdraw"), st.just(0), st.just(0)),
        st.tuples(st.just("fail"), st.integers(1, 3), st.just(0)),
    ),
    max_size=40,
)


@given(orders, st.booleans())
def test_no_sequence_of_orders_and_failures_shorts_a_cell(sequence: list[tuple[str, int, int]], isolated: bool) -> None:
    switches, matrix = rig(4, isolated)
    for action, first, second in sequence:
        try:
            if action == "order":
                matrix.order(first, second, switches.now)
            elif action == "withdraw":
                matrix.withdraw(switches.now)
            elif action == "fail":
                switches.failing = first
            else:
                switches.now += first
            matrix.step(switches.now)
        except (Refused, Timeout):
            pass
    switches.failing = 0
    switches.now += 2001
    matrix.step(switches.now)
    matrix.step(switches.now)
    assert switches.word == 0
