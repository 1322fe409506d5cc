"""State of charge of one cell: seeded, counted, corrected."""

import pytest
from tests.core.estimate.imagined import one

from tbms.core.estimate import charge
from tbms.core.estimate.charge import Charge, Flow
from tbms.core.estimate.ocv import blend, curve, look
from tbms.core.estimate.traits import TRAITS

CURVE = blend(curve(one()), 25.0)
LFP = TRAITS["lfp"]
Told = tuple[float | None, float | None]


def begun(told: Told = (None, None), current: float = 0.0) -> Charge:
    return charge.begin(told, LFP, 100.0, 25.0, current)


def looked(known: Charge, volts: float, seconds: int = 40) -> Charge:
    for _ in range(seconds):
        known = charge.counted(known, Flow(0.0, 1.0, 0.0, 0.0), volts, CURVE)
        if known.window.time >= 20.0:
            known = charge.corrected(known, CURVE, LFP)
    return known


@pytest.mark.parametrize(
    ("told", "soc", "sigma"),
    [((None, None), 0.5, 0.30), ((0.9, None), 0.62, 0.32), ((0.9, 0.02), 0.86, 0.17)],
)
def test_what_was_told_counts_as_far_as_it_is_sure(told: Told, soc: float, sigma: float) -> None:
    known = begun(told)
    assert known.soc == pytest.approx(soc, abs=0.02)
    assert known.sigma == pytest.approx(sigma, abs=0.03)
    assert sum(guess.weight for guess in known.guesses) == pytest.approx(1.0)


@pytest.mark.parametrize(("current", "sign"), [(0.5, 0.0), (50.0, 1.0), (-50.0, -1.0)])
def test_a_current_at_the_start_tells_the_branch(current: float, sign: float) -> None:
    place = begun(current=current).guesses[0].mean[2]
    assert (place > 0) - (place < 0) == sign


@pytest.mark.parametrize("soc", [0.03, 0.99])
def test_a_knee_finds_a_wrong_start(soc: float) -> None:
    known = looked(begun((0.5, None)), look(CURVE.middle, soc))
    assert known.soc == pytest.approx(soc, abs=0.02)
    assert known.sigma < 0.02


def test_a_plateau_says_that_it_does_not_know() -> None:
    known = looked(begun(), look(CURVE.middle, 0.5))
    assert known.sigma > 0.05


def test_counting_without_a_look_widens() -> None:
    known = looked(begun(), look(CURVE.middle, 0.99))
    for _ in range(40):
        known = charge.counted(known, Flow(-0.0005, 1.0, -180.0, 1e-8), look(CURVE.middle, 0.9), CURVE)
    assert known.window.moved == pytest.approx(-0.02)
    assert known.window.rough == pytest.approx(4e-7)


def test_an_empty_window_only_moves() -> None:
    known = looked(begun(), look(CURVE.middle, 0.99))
    after = charge.corrected(known, CURVE, LFP)
    assert after.soc == pytest.approx(known.soc, abs=1e-4)
    assert after.surprise == known.surprise


def test_a_gap_loses_the_history() -> None:
    known = looked(begun(), look(CURVE.middle, 0.99))
    known = charge.counted(known, Flow(-0.1, 7200.0, 0.0, 0.3**2, gap=True), look(CURVE.middle, 0.6), CURVE)
    assert known.window.gap
    after = charge.corrected(known, CURVE, LFP)
    assert after.sigma > 0.05


def test_few_guesses_begin_to_consider_bad_shunts() -> None:
    known = looked(begun(), look(CURVE.middle, 0.99), seconds=60)
    assert known.split
    assert {round(guess.mean[1], 3) for guess in known.guesses} >= {-0.017, 0.017}


def test_doubt_looks_everywhere_again() -> None:
    known = looked(begun(), look(CURVE.middle, 0.99), seconds=60)
    again = charge.doubted(known, LFP, 0.9)
    assert again.sigma > 0.25
    assert not again.split
    assert sum(guess.weight for guess in again.guesses) == pytest.approx(1.0)


def test_a_steep_curve_teaches_no_resistance() -> None:
    known = begun((0.01, 0.001))._replace(soc=0.01)
    for volts in (2.8, 2.9, 2.7):
        known = charge.counted(known, Flow(0.0, 1.0, 10.0, 0.0), volts, CURVE)
    assert known.polarisation.resistances == begun().polarisation.resistances
