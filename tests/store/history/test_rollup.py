import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.history.helpers import LAYOUT, START, rows

from tbms.store.history.block import HOUR_DS, MINUTE_DS, Block, Rows, lasting, pack
from tbms.store.history.channels import UNKNOWN
from tbms.store.history.codec import DamagedError
from tbms.store.history.rollup import (
    combine,
    minutes_as_rows,
    minutes_from_rows,
    pack_hours,
    roll_up,
    spent,
    unpack_hours,
)

COLUMNS = len(LAYOUT.channels)


@st.composite
def some_rows(draw: st.DrawFn) -> Rows:
    steps = draw(st.lists(st.sampled_from([1, 10, 100, 700, 9000, 200_000]), min_size=0, max_size=60))
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    values = random.integers(-32768, 32767, (COLUMNS, len(steps) + 1)).astype(np.int16)
    values[random.random(values.shape) < 0.2] = UNKNOWN
    values[list(LAYOUT.masks)] &= 0x7FFF
    times = np.cumsum([draw(st.integers(0, 40_000)), *steps]).astype(np.int64)
    return Rows(LAYOUT.key, 1, START * 10, True, times, values)


def brute(part: Rows, column: int, period: int, length_ds: int) -> tuple[int, float, int] | None:
    chosen = [
        (int(value), int(weight), int(label))
        for value, weight, label in zip(part.values[column], lasting(part.times_ds), part.labels_ds, strict=True)
        if label // length_ds == period and value != UNKNOWN
    ]
    if not chosen:
        return None
    numbers = [value for value, _, _ in chosen]
    if column in LAYOUT.masks:
        always, ever = numbers[0], 0
        for number in numbers:
            always, ever = always & number, ever | number
        return always, numbers[-1], ever
    mean = sum(value * weight for value, weight, _ in chosen) / sum(weight for _, weight, _ in chosen)
    return min(numbers), mean, max(numbers)


@settings(max_examples=60, deadline=None)
@given(part=some_rows(), length_ds=st.sampled_from([MINUTE_DS, HOUR_DS]))
def test_roll_ups_are_what_counting_by_hand_gives(part: Rows, length_ds: int) -> None:
    rolled = roll_up(LAYOUT, [part], length_ds)
    assert rolled.starts_ds.tolist() == sorted({int(label) // length_ds * length_ds for label in part.labels_ds})
    assert int(rolled.covered_ds.sum()) == int(lasting(part.times_ds).sum())
    for place, start in enumerate(rolled.starts_ds.tolist()):
        for column in range(COLUMNS):
            expected = brute(part, column, start // length_ds, length_ds)
            found = (rolled.low[column, place], rolled.mean[column, place], rolled.high[column, place])
            if expected is None:
                assert found == (UNKNOWN, UNKNOWN, UNKNOWN)
            else:
                assert (found[0], found[2]) == (expected[0], expected[2])
                assert abs(found[1] - expected[1]) <= 0.5


@settings(max_examples=30, deadline=None)
@given(part=some_rows())
def test_hours_from_minutes_are_hours_from_rows(part: Rows) -> None:
    by_minutes = combine(LAYOUT, [roll_up(LAYOUT, [part], MINUTE_DS)], HOUR_DS)
    directly = roll_up(LAYOUT, [part], HOUR_DS)
    assert (by_minutes.starts_ds == directly.starts_ds).all()
    assert (by_minutes.low == directly.low).all()
    assert (by_minutes.high == directly.high).all()
    assert (by_minutes.covered_ds == directly.covered_ds).all()


@settings(max_examples=30, deadline=None)
@given(part=some_rows())
def test_minutes_and_hours_survive_their_storage(part: Rows) -> None:
    minutes = roll_up(LAYOUT, [part], MINUTE_DS)
    back = minutes_from_rows(Block(pack(minutes_as_rows(LAYOUT.key, minutes))).unpack(), COLUMNS)
    hours = roll_up(LAYOUT, [part], HOUR_DS)
    for before, after in ((minutes, back), (hours, unpack_hours(pack_hours(hours)))):
        for name in ("starts_ds", "low", "mean", "high"):
            assert (getattr(before, name) == getattr(after, name)).all(), name


def test_hours_that_are_kept_for_the_next_look_cannot_be_changed() -> None:
    data = pack_hours(roll_up(LAYOUT, [rows(0, 7300, step=10)], HOUR_DS))
    hours = unpack_hours(data)
    assert unpack_hours(bytes(bytearray(data))) is hours
    for name in ("starts_ds", "covered_ds", "low", "mean", "high"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(hours, name)[...] = 0


def test_every_damaged_byte_of_a_days_hours_is_noticed() -> None:
    data = pack_hours(roll_up(LAYOUT, [rows(0, 7300, step=10)], HOUR_DS))
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1
        with pytest.raises(DamagedError):
            unpack_hours(bytes(damaged))
    with pytest.raises(DamagedError):
        unpack_hours(data[:5])


def test_the_time_spent_is_counted_once_at_each_charge_and_temperature() -> None:
    values = np.full((COLUMNS, 100), UNKNOWN, np.int16)
    values[LAYOUT.index["t1"]] = 200  # 20.0 °C
    values[LAYOUT.index["t2"], 50:] = 240
    values[LAYOUT.index["soc"]] = 8_049
    values[LAYOUT.index["soc"], 90:] = UNKNOWN
    part = Rows(LAYOUT.key, 1, 0, True, np.arange(100, dtype=np.int64) * 10, values)
    assert spent(LAYOUT, part) == {(80, 20): 500, (80, 22): 400}


def test_no_time_is_spent_where_charge_or_temperature_is_unknown() -> None:
    values = np.full((COLUMNS, 10), UNKNOWN, np.int16)
    part = Rows(LAYOUT.key, 1, 0, True, np.arange(10, dtype=np.int64), values)
    assert not spent(LAYOUT, part)
