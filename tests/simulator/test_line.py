from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.simulator.line import BITS, MASTER, Line

BAUD = 115200
BYTE = BITS / BAUD


def test_bytes_arrive_when_their_line_time_is_over() -> None:
    line = Line(BAUD)
    line.send(MASTER, bytes(25), 1.0)
    assert line.due() == pytest.approx(1.0 + 25 * BYTE)
    assert not line.arrived(1.0 + 24 * BYTE)
    (frame,) = line.arrived(1.0 + 25 * BYTE)
    assert (frame.source, frame.data) == (MASTER, bytes(25))
    assert line.due() is None


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 50)), min_size=1, max_size=8))
def test_one_sender_never_collides_with_itself_nor_overtakes(sent: list[tuple[float, int]]) -> None:
    line = Line(BAUD)
    for number, (start, count) in enumerate(sent):
        line.send(MASTER, bytes([number]) * count, start)
    got = line.arrived(100.0)
    assert line.collisions == 0
    assert sorted(frame.data for frame in got) == [bytes([n]) * count for n, (_, count) in enumerate(sent)]
    for before, after in pairwise(got):
        assert after.start >= before.end - 1e-12


def test_two_at_once_spoil_each_other() -> None:
    line = Line(BAUD)
    line.send(1, b"\xff" * 20, 0.0)
    line.send(2, b"\xff" * 20, 5 * BYTE)
    first, second = line.arrived(1.0)
    assert first.data != b"\xff" * 20 != second.data
    assert line.collisions == 2
    line.send(3, b"\xff", 2.0)
    assert line.arrived(3.0)[0].data == b"\xff"


def test_a_collision_is_known_even_when_one_of_the_two_has_arrived_before() -> None:
    line = Line(BAUD)
    line.send(1, b"\xff" * 10, 0.0)
    line.send(2, b"\xff" * 20, 5 * BYTE)
    line.arrived(12 * BYTE)
    (late,) = line.arrived(1.0)
    assert late.data != b"\xff" * 20


def test_all_bytes_or_frames_lost() -> None:
    line = Line(BAUD)
    line.lost_bytes = 1.0
    line.send(MASTER, bytes(10), 0.0)
    assert not line.arrived(1.0)
    line.lost_bytes, line.lost_frames = 0.0, 1.0
    line.send(MASTER, bytes(10), 2.0)
    assert not line.arrived(3.0)


def test_the_share_of_wrong_bits_is_what_was_asked() -> None:
    line = Line(BAUD, seed=3)
    line.bit_errors = 0.01
    line.send(MASTER, bytes(20_000), 0.0)
    (frame,) = line.arrived(10.0)
    wrong = sum(byte.bit_count() for byte in frame.data)
    assert wrong == pytest.approx(1600, rel=0.15)


def test_noise_repeats_with_its_seed() -> None:
    heard = []
    for _ in range(2):
        line = Line(BAUD, seed=7)
        line.bit_errors, line.lost_bytes = 0.05, 0.05
        line.send(MASTER, bytes(range(200)), 0.0)
        heard.append(line.arrived(1.0)[0].data)
    assert heard[0] == heard[1]
