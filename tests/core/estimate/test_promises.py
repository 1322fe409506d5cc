"""What settings promise of a battery, held against what it does."""

import pytest
from tests.strategies import make

from tbms.core.estimate import promises
from tbms.core.estimate.ocv import blend, curve, look
from tbms.core.estimate.promises import Ohms, Steep, Step

LEAST, MOST = 0.008, 0.2  # Ω Ah
NMC = blend(curve(make("pack.chemistry=nmc", "pack.cells=1")), 25.0)
LFP = blend(curve(make("pack.cells=1")), 25.0)


def steps(
    product: float, size: float = 0.4, dt: float = 1.0, heat: float = 25.0, count: int = 40, soc: float = 0.5
) -> Ohms:
    """A load that is switched: resistance x capacity in Ω Ah, size in C."""
    known = Ohms()
    for number in range(count):
        jump = size if number % 2 else -size
        known = promises.stepped(known, Step(jump, product * jump, dt, heat), LFP, soc)
    return known


@pytest.mark.parametrize(("product", "outside"), [(0.05, False), (0.5, True), (0.005, True), (0.19, False)])
def test_resistance_must_fit_the_capacity(product: float, outside: bool) -> None:
    found = promises.resistive(steps(product), LEAST, MOST)
    assert found == pytest.approx(product if outside else 0.0)


def test_resistance_is_taken_as_at_25_degrees() -> None:
    assert promises.resistive(steps(0.3, heat=-5.0), LEAST, MOST) == 0.0
    assert promises.resistive(steps(0.3, heat=25.0), LEAST, MOST) > 0.0


@pytest.mark.parametrize(
    "known",
    [Ohms(), steps(0.5, size=0.01), steps(0.5, dt=60.0), steps(0.21, count=1, size=0.1), steps(0.5, soc=0.01)],
)
def test_what_was_not_seen_well_is_not_judged(known: Ohms) -> None:
    assert promises.resistive(known, LEAST, MOST) == 0.0


def test_a_noisy_current_is_no_small_resistance() -> None:
    known = steps(0.05)
    for number in range(400):
        noisy = Step(0.4 if number % 2 else -0.4, 0.02 if number % 4 < 2 else -0.02, 1.0, 25.0)
        known = promises.stepped(known, noisy, LFP, 0.5)
    assert abs(known.product / known.current) < LEAST
    assert promises.resistive(known, LEAST, MOST) == 0.0


def stretch(known: Steep, volts: float, sigma: float = 0.005, over: float = 0.0) -> Steep:
    """SOC out of an NMC battery at 3 % until it is judged; volts: by which its voltage falls for each 1 % of SOC."""
    start = known.start or 3.3
    for number in range(100):
        after = promises.looked(known, NMC, 0.03, sigma, -0.001, start - volts * number / 10.0, over)
        if after.foretold == 0.0 and known.foretold:
            return after
        known = after
    raise AssertionError("never judged")


def test_a_flat_battery_is_no_empty_one() -> None:
    known = stretch(Steep(), 0.001)
    assert known.flat
    assert promises.unproven(known, NMC, 0.03, 0.005, 3.3)


def test_one_proof_is_not_enough() -> None:
    once = stretch(Steep(), 0.1)
    assert (once.proofs, once.flat) == (1, False)
    assert promises.unproven(once, NMC, 0.03, 0.005, 3.3)
    twice = stretch(once, 0.1)
    assert twice.proofs == 2
    assert not promises.unproven(twice, NMC, 0.03, 0.005, 3.3)


def test_what_current_may_have_done_to_the_voltage_is_no_proof() -> None:
    assert stretch(Steep(), 0.1).proofs == 1
    assert stretch(Steep(), 0.1, over=-0.3).proofs == 0


def test_it_takes_as_many_proofs_to_be_believed_again() -> None:
    flat = stretch(Steep(), 0.0)
    assert promises.looked(Steep(proofs=2), NMC, 0.03, 0.005, -0.1, 3.3, 0.0) == Steep(proofs=2)
    assert (flat.proofs, flat.flat) == (0, True)
    once = stretch(flat, 0.1)
    assert (once.proofs, once.flat) == (1, True)
    assert not stretch(once, 0.1).flat


def test_a_battery_that_was_elsewhere_is_believed() -> None:
    assert promises.looked(Steep(), NMC, 0.5, 0.02, 0.0, 3.7, 0.0).proofs == 2
    assert promises.looked(Steep(), LFP, 0.15, 0.01, 0.0, look(LFP.middle, 0.15), 0.0).proofs == 2
    assert not promises.unproven(Steep(), LFP, 0.15, 0.01, 3.22)


@pytest.mark.parametrize(("soc", "sigma"), [(0.03, 0.2), (0.25, 0.01)])
def test_where_nothing_is_claimed_nothing_is_judged(soc: float, sigma: float) -> None:
    known = promises.looked(Steep(start=3.3, foretold=0.05), NMC, soc, sigma, -0.01, 3.3, 0.0)
    assert (known.proofs, known.start) == (0, None)
    assert not promises.unproven(known, NMC, soc, sigma, 3.3)


def test_where_no_other_chemistry_is_flat_empty_is_empty() -> None:
    assert promises.looked(Steep(), NMC, 0.03, 0.005, -0.01, 2.9, 0.0) == Steep()
    assert not promises.unproven(Steep(), NMC, 0.03, 0.005, 2.9)
