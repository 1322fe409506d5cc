"""Guesses: moved, corrected, merged, parted."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.estimate.imagined import one

from tbms.core.estimate import hypotheses
from tbms.core.estimate.hypotheses import SIZE, Drift, Guess
from tbms.core.estimate.ocv import blend, curve, look

CURVE = blend(curve(one()), 25.0)
STILL = Drift(0.0, 0.0, (1.0,) * SIZE, (0.0,) * SIZE)


def guess(soc: float, wide: float = 0.03, weight: float = 1.0, offset: float = 0.0) -> Guess:
    deviations = (wide, 0.001, 0.5, 1.0, 0.8, 0.8, 0.1, 0.005)
    spread = tuple(tuple(deviations[i] ** 2 if i == j else 0.0 for j in range(SIZE)) for i in range(SIZE))
    return Guess(weight, (soc, offset, 0.0, 0.0, 0.0, 0.0, 0.75, 0.0), spread)


def test_nothing_happens_when_nothing_happens() -> None:
    assert hypotheses.drift(guess(0.5), STILL) == guess(0.5)


def test_a_zero_error_is_counted_back() -> None:
    moved = hypotheses.drift(guess(0.5, offset=0.01), STILL._replace(moved=0.1, hours=2.0))
    assert moved.mean[0] == pytest.approx(0.5 + 0.1 - 0.02)
    assert moved.spread[0][0] == pytest.approx(0.03**2 + (2.0 * 0.001) ** 2)
    assert moved.spread[0][1] == pytest.approx(-2.0 * 0.001**2) == moved.spread[1][0]


@given(st.floats(0.05, 0.95), st.floats(-0.1, 0.1), st.floats(0.005, 0.08))
def test_a_look_never_widens_and_stays_in_range(soc: float, error: float, wide: float) -> None:
    before = guess(soc, wide)
    after, surprise = hypotheses.correct(before, CURVE, 0.0, look(CURVE.middle, soc) + error, 1e-5)
    assert after.spread[0][0] <= before.spread[0][0] + 1e-12
    assert -0.05 <= after.mean[0] <= 1.05
    assert surprise >= 0.0
    assert after.weight <= before.weight / sqrt(1e-5)


def test_a_plateau_teaches_less_than_a_knee() -> None:
    flat, _ = hypotheses.correct(guess(0.5), CURVE, 0.0, look(CURVE.middle, 0.5), 1e-5)
    steep, _ = hypotheses.correct(guess(0.05), CURVE, 0.0, look(CURVE.middle, 0.05), 1e-5)
    assert steep.spread[0][0] < 0.5 * flat.spread[0][0]


def test_a_constant_error_is_not_taken_for_many_proofs() -> None:
    known = guess(0.5)
    for _ in range(500):
        known, _ = hypotheses.correct(known, CURVE, 0.0, look(CURVE.middle, 0.5) + 0.005, 1e-5)
    assert abs(known.mean[0] - 0.5) < 0.03
    assert known.spread[0][0] > 0.01**2


def test_like_guesses_are_joined_and_unlikely_ones_dropped() -> None:
    merged = hypotheses.merged([guess(0.5), guess(0.505), guess(0.8, weight=2.0), guess(0.2, weight=1e-9)])
    assert [round(each.weight, 3) for each in merged] == [0.5, 0.5]
    assert merged[0].mean[0] == pytest.approx(0.5025)


def test_different_zero_errors_stay_apart() -> None:
    assert len(hypotheses.merged([guess(0.5), guess(0.5, offset=0.01)])) == 2


def test_joining_keeps_mean_and_variance() -> None:
    parts = [guess(0.50, weight=0.25), guess(0.51, weight=0.75)]
    whole = hypotheses.moments(parts)
    assert hypotheses.moments(hypotheses.merged(parts)) == pytest.approx(whole)


def test_wide_guesses_are_parted() -> None:
    narrow = guess(0.9, weight=0.5)
    parts = hypotheses.narrowed([narrow, guess(0.5, wide=0.2, weight=0.25), guess(0.4, wide=0.3, weight=0.25)])
    assert narrow in parts
    assert len(parts) > 10
    assert sum(part.weight for part in parts) == pytest.approx(1.0)
    assert all(0.0 <= part.mean[0] <= 1.0 for part in parts)
    assert hypotheses.narrowed([narrow]) == (narrow,)
