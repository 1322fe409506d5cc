import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbms.store.history.channels import UNKNOWN
from tbms.store.history.codec import MOST_ROWS, DamagedError, decode, encode

ANY = st.lists(st.integers(-32768, 32767) | st.just(UNKNOWN) | st.integers(-3, 3), max_size=300)


@settings(max_examples=150, deadline=None)
@given(values=ANY)
def test_any_values_with_any_gaps_come_back(values: list[int]) -> None:
    channel = np.array(values, np.int16)
    assert (decode(encode(channel), len(channel)) == channel).all()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 3700),
    noise=st.sampled_from([0, 1, 3, 300]),
    drift=st.sampled_from([0, 0.01, 5]),
    unknown=st.sampled_from([0, 0.01, 0.9]),
)
def test_measured_looking_values_come_back(seed: int, rows: int, noise: int, drift: float, unknown: float) -> None:
    random = np.random.default_rng(seed)
    walk = 3300 + np.cumsum(drift * random.standard_normal(rows)) + noise * random.standard_normal(rows)
    channel = np.asarray(walk.astype(np.int64), np.int16)
    channel[random.random(rows) < unknown] = UNKNOWN
    assert (decode(encode(channel), rows) == channel).all()


@pytest.mark.parametrize(("noise", "slope", "tag"), [(0.0, 0.0, 0), (0.0, 5.0, 1), (1.0, 1.0, 2), (1.0, 0.005, 3)])
def test_the_smallest_prediction_is_chosen(noise: float, slope: float, tag: int) -> None:
    random = np.random.default_rng(1)
    wave = 100 * np.sin(np.arange(3600) * slope * 0.01) if noise else slope * np.arange(3600)
    stream = encode(np.asarray(np.rint(wave + noise * random.standard_normal(3600)), np.int16))
    assert stream[0] == tag


def test_one_row_unknown_in_noise_costs_little() -> None:
    channel = np.asarray(np.rint(np.random.default_rng(2).standard_normal(3600)), np.int16)
    whole = len(encode(channel))
    channel[1000:1010] = UNKNOWN
    assert len(encode(channel)) < whole + 30


def test_a_full_block_of_the_worst_noise_fits_its_length() -> None:
    channel = np.random.default_rng(3).integers(-32768, 32767, MOST_ROWS).astype(np.int16)
    stream = encode(channel)
    assert len(stream) < 65536
    assert (decode(stream, MOST_ROWS) == channel).all()


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=60), rows=st.integers(1, 100))
def test_foreign_bytes_are_damage_and_nothing_else(data: bytes, rows: int) -> None:
    with contextlib.suppress(DamagedError):
        assert len(decode(data, rows)) == rows
