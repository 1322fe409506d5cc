"""Capacity between proofs."""

import pytest

from tbms.core.estimate import capacity
from tbms.core.estimate.capacity import Capacity


def cycled(true: float, told: float, times: int) -> Capacity:
    known = capacity.start(told)
    for number in range(2 * times + 1):
        soc = 1.0 if number % 2 == 0 else 0.0
        known = capacity.after(known, 0.0, soc, 0.008)
        known = capacity.after(known, 0.0, soc, 0.007)
        known = capacity.after(known, 0.0, soc, 0.009)
        sign = -1.0 if number % 2 == 0 else 1.0
        for step in range(1, 10):
            known = capacity.after(known, sign * true / 10, 1.0 - step / 10 if sign < 0 else step / 10, 0.02)
        known = capacity.after(known, sign * true / 10, 0.5 + sign / 2, 0.02)
    return known


def test_before_a_pair_it_is_what_was_told() -> None:
    assert capacity.value(capacity.start(280.0)) == pytest.approx((280.0, 28.0))


@pytest.mark.parametrize("true", [80.0, 95.0, 104.0])
def test_capacity_is_found(true: float) -> None:
    known = cycled(true, 100.0, 4)
    found, sigma = capacity.value(known)
    assert known.pairs >= 7
    assert found == pytest.approx(true, rel=0.01)
    assert abs(found - true) < 2 * sigma < 0.05 * true


def test_the_memory_fades() -> None:
    known = cycled(100.0, 100.0, 10)
    for _ in range(40):
        known = known._replace(sums=cycled(80.0, 100.0, 1).sums)
    assert capacity.value(known)[0] < 85.0


@pytest.mark.parametrize(("flowed", "why"), [(5.0, "next to nothing flowed"), (500.0, "far too much flowed")])
def test_what_cannot_be_is_no_pair(flowed: float, why: str) -> None:
    known = capacity.after(capacity.start(100.0), 0.0, 0.0, 0.008)
    known = capacity.after(known, flowed, 0.5, 0.3)
    known = capacity.after(known, 0.0, 1.0, 0.008)
    known = capacity.after(known, 0.0, 0.9, 0.008)
    assert known.pairs == 0, why
    assert known.last is not None
    assert known.last.soc == 1.0


def test_the_same_knee_twice_is_no_pair() -> None:
    known = capacity.after(capacity.start(100.0), 0.0, 1.0, 0.008)
    known = capacity.after(known, -10.0, 0.9, 0.01)
    known = capacity.after(known, 10.0, 1.0, 0.008)
    known = capacity.after(known, -10.0, 0.9, 0.01)
    assert known.pairs == 0


def test_beside_a_knee_the_visit_goes_on() -> None:
    known = capacity.after(capacity.start(100.0), 0.0, 1.0, 0.008)
    assert capacity.after(known, -1.0, 0.97, 0.02).here is not None
    assert capacity.after(known, -1.0, 0.90, 0.02).here is None


def test_a_gap_forgets_the_proofs() -> None:
    known = capacity.cut(capacity.after(capacity.start(100.0), 0.0, 1.0, 0.008))
    assert (known.last, known.here) == (None, None)
