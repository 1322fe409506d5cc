from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.history.helpers import rows, values

from tbms.store.history.block import Block, Rows, join, lasting, pack, pieces
from tbms.store.history.channels import UNKNOWN
from tbms.store.history.codec import MOST_ROWS, DamagedError


@settings(max_examples=80, deadline=None)
@given(
    steps=st.lists(st.integers(1, 36_000) | st.integers(1, 2**31), max_size=40),
    boot=st.integers(0, 2**64 - 1),
    offset_ds=st.integers(-(2**40), 2**40),
    settled=st.booleans(),
)
def test_rows_at_any_times_come_back(steps: list[int], boot: int, offset_ds: int, settled: bool) -> None:
    times = np.cumsum([7, *steps]).astype(np.int64)
    before = Rows(5, boot, offset_ds, settled, times, values(3, len(times)))
    after = Block(pack(before)).unpack()
    assert after.same_origin(before)
    assert (after.times_ds == times).all()
    assert (after.values == before.values).all()


def test_the_directory_knows_how_much_is_known() -> None:
    block = Block(pack(rows(0, 500)))
    unpacked = block.unpack()
    assert [block.known(column) for column in range(block.columns)] == [
        int((column != UNKNOWN).sum()) for column in unpacked.values
    ]


def test_every_damaged_byte_is_noticed_and_harms_one_channel_at_most() -> None:
    before = rows(0, 30)
    data = pack(before)
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 0x40
        try:
            block = Block(bytes(damaged))
        except DamagedError:
            continue
        lost = block.damaged()
        assert len(lost) == 1
        after = block.unpack()
        assert (after.times_ds == before.times_ds).all()
        for column in range(block.columns):
            expected = np.full(30, UNKNOWN) if column in lost else before.values[column]
            assert (after.values[column] == expected).all()
        with pytest.raises(DamagedError):
            block.column(lost[0])


def test_a_cut_block_is_noticed() -> None:
    data = pack(rows(0, 30))
    for length in range(len(data)):
        try:
            assert Block(data[:length]).damaged()
        except DamagedError:
            continue


def test_a_block_has_its_bounds() -> None:
    with pytest.raises(ValueError, match="1 to 7200 rows"):
        pack(rows(0, 1).part(0, 0))


def test_rows_are_cut_at_full_hours_and_at_a_block() -> None:
    long = rows(3000, 2000)
    assert [len(piece) for piece in pieces(long)] == [600, 1400]
    fast = Rows(1, 1, 0, True, np.arange(9000, dtype=np.int64), values(0, 1).repeat(9000, axis=1))
    assert [len(piece) for piece in pieces(fast)] == [MOST_ROWS, 9000 - MOST_ROWS]


def test_joining_keeps_each_time_once() -> None:
    joined = join([rows(0, 20), rows(10, 20)])
    assert (joined.times_ds == rows(0, 30).times_ds).all()
    assert (joined.values == rows(0, 30).values).all()


def test_a_value_speaks_until_the_next_and_for_15_s_at_most() -> None:
    assert lasting(np.array([0, 10, 110, 1110], np.int64)).tolist() == [10, 100, 150, 150]
    assert lasting(np.array([4], np.int64)).tolist() == [10]


def test_other_clocks_are_other_origins() -> None:
    one = rows(0, 2)
    assert not one.same_origin(replace(one, offset_ds=one.offset_ds + 1))
