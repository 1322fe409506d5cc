"""A battery's own curve: learned from whole ways, used when it has proved itself, and from nothing that is doubtful."""

import json
from dataclasses import replace
from math import pi, sin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.estimate.imagined import Battery
from tests.strategies import make

from tbms.core.estimate import EstimateState, initial, news, own, update
from tbms.core.estimate.along import Taught, curve_of, faded, taught
from tbms.core.estimate.memory import restored, saved
from tbms.core.estimate.ocv import LOW, PLACES, STEPS, blend, curve, look, prior, warm
from tbms.core.estimate.own import Moment, Own, Proof
from tbms.core.estimate.traits import TRAITS
from tbms.settings.compiled import OcvPoint, Settings

NMC = make("pack.cells=1", "pack.chemistry=nmc", "pack.capacity=100")
LFP = make("pack.cells=1", "pack.chemistry=lfp", "pack.capacity=100")
SHIPPED, KIND = curve(NMC), TRAITS["nmc"]
SIZE = 0.05  # V: by which the imagined cell lies off the shipped NMC curve
DT = 20.0


class Boat:
    """A battery that goes from full to empty and back, its curve odd by a wave of this size (V)."""

    def __init__(self, chosen: Settings, size: float, offset: float = 0.0, held: float = 1.0) -> None:
        self.battery, self.offset = Battery(chosen, 1.0, 5e-4, 0.5), offset
        self.battery.capacity = [held] * chosen.cells
        made, step = self.battery.made, (1.05 - LOW) / STEPS
        odd = list(made.middle)
        for index in range(STEPS + 1):
            soc = LOW + index * step
            if 0.08 < soc < 0.97:
                ends = min(1.0, (soc - 0.08) / 0.05, (0.97 - soc) / 0.05)
                odd[index] += size * ends * sin(2.0 * pi * (soc - 0.08) / 0.89)
        self.battery.made = made._replace(middle=tuple(odd))
        self.errors: list[float] = []
        self.away = 0.0

    def step(self, state: EstimateState, current: float) -> EstimateState:
        battery = self.battery
        battery.place = max(-0.75, min(0.75, battery.place + current * DT * 15.0 / 360_000.0))
        seen = battery.sample(current, DT)
        state, told = update(state, seen._replace(current=current + self.offset), DT, battery.settings)
        battery.events += told
        if state.charge is not None:
            self.errors.append(state.charge.soc - sum(battery.soc) / len(battery.soc))
        return state

    def way(self, state: EstimateState, sign: float) -> EstimateState:
        """All the way at changing loads, slowly at the end; errors: of this way."""
        self.errors, battery, steps = [], self.battery, 0
        while (min(battery.soc) > 0.012 if sign < 0.0 else max(battery.soc) < 0.9985) and steps < 3000:
            steps += 1
            slow = max(battery.soc) > 0.97 if sign > 0.0 else min(battery.soc) < 0.06
            state = self.step(state, sign * (4.0 if slow else (20.0, 10.0, -5.0, 30.0)[steps // 15 % 4]))
        return state

    def rms(self) -> float:
        late = self.errors[50:]
        return float((sum(each * each for each in late) / len(late)) ** 0.5)


@pytest.fixture(scope="module")
def learned() -> tuple[Boat, EstimateState, list[float]]:
    boat, found = Boat(NMC, SIZE), []
    state = initial(NMC, 1.0, 0.02)
    for sign in (-1.0, 1.0, -1.0):
        state = boat.way(state, sign)
        found.append(boat.rms())
    return boat, state, found


@pytest.mark.slow
def test_an_odd_curve_is_learned_and_the_next_way_is_better(learned: tuple[Boat, EstimateState, list[float]]) -> None:
    boat, state, errors = learned
    assert state.own.used
    assert errors[2] < errors[0] / 3.0
    assert errors[2] < 0.01
    for place in range(3, 19):
        soc = place / PLACES
        assert look(state.blend.middle, soc) == pytest.approx(look(boat.battery.made.middle, soc), abs=0.5 * SIZE)
    shown = [event for event in boat.battery.events if event.key == "own_curve"]
    assert [event.phase.value for event in shown] == ["came"]
    assert shown[0].cause.startswith("learned between full and empty: up to ")


@pytest.mark.slow
def test_it_survives_a_restart(learned: tuple[Boat, EstimateState, list[float]]) -> None:
    _, state, _ = learned
    back = restored(json.loads(json.dumps(saved(state))), initial(NMC, 0.5, 0.1), NMC, 3600.0)
    assert back.own.places == state.own.places
    assert back.own.used
    assert back.blend.middle == blend(state.curve, 25.0).middle
    assert back.own.proof is None
    assert len(json.dumps(saved(state)["own"])) < 4000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("numbers", None),
        ("numbers", [0.0, 25.0, 1.0, 2, 1]),
        ("numbers", [own.mark(SHIPPED), 900.0, 1.0, 2, 1]),
        ("numbers", [own.mark(SHIPPED), 25.0, 1.0, 0, 1]),
        ("taught", [[1.0, 0.0, 0.5, 0.01, 0.0]] * 19),
        ("taught", [[-1.0, 0.0, 0.5, 0.01, 0.0]] * PLACES),
        ("taught", [[1.0, 2.0, 0.5, 0.01, 0.0]] * PLACES),
        ("taught", [[1.0, 0.0, 0.5, 9.0, 0.0]] * PLACES),
        ("taught", ["x"] * PLACES),
        ("taught", 5),
    ],
)
def test_what_is_damaged_is_left_out(name: str, value: object) -> None:
    sound = {"numbers": [own.mark(SHIPPED), 25.0, 1.0, 2, 1], "taught": [[1.0, 0.0, 0.5, 0.01, 0.0]] * PLACES}
    fresh = initial(NMC)
    assert restored({"version": 1, "own": sound}, fresh, NMC, 0.0).own.used
    assert restored({"version": 1, "own": sound | {name: value}}, fresh, NMC, 0.0).own == Own()
    assert restored({"version": 1, "own": sound}, initial(LFP), LFP, 0.0).own == Own(), "another curve"


def test_beside_a_given_curve_nothing_is_learned() -> None:
    points = tuple(OcvPoint(n / 10, 3.2 + 0.09 * n, 3.22 + 0.09 * n) for n in range(11))
    given_one = replace(NMC, ocv=points)
    sound = {"numbers": [own.mark(curve(given_one)), 25.0, 1.0, 2, 1], "taught": [[0.0] * 5] * PLACES}
    assert restored({"version": 1, "own": sound}, initial(given_one), given_one, 0.0).own == Own()
    state = Boat(given_one, 0.0).way(initial(given_one, 1.0, 0.02), -1.0)
    assert state.own == Own()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("chosen", "offset", "held", "why"),
    [
        (NMC, 2.0, 1.0, "a shunt that reads 2 % of C too much"),
        (NMC, -2.0, 1.0, "one that reads 2 % of C too little"),
        (LFP, 0.0, 0.6, "a capacity told far too large"),
        (LFP, 2.0, 1.0, "a bad shunt on a flat curve"),
    ],
)
def test_what_is_wrong_teaches_no_wrong_curve(chosen: Settings, offset: float, held: float, why: str) -> None:
    boat, state = Boat(chosen, 0.0, offset, held), initial(chosen, 1.0, 0.02)
    for sign in (-1.0, 1.0, -1.0):
        state = boat.way(state, sign)
    shipped, made = blend(curve(chosen), 25.0), state.blend
    for place in range(2, 20):
        soc = place / PLACES
        assert look(made.middle, soc) == pytest.approx(look(shipped.middle, soc), abs=0.012), why


@pytest.mark.slow
def test_a_weak_cell_teaches_nothing() -> None:
    four = make("pack.cells=4", "pack.chemistry=lfp", "pack.capacity=100")
    boat, state = Boat(four, 0.0), initial(four, 1.0, 0.02)
    boat.battery.capacity[-1] = 0.8
    for sign in (-1.0, 1.0, -1.0):
        state = boat.way(state, sign)
    assert not state.own.used


def moment(soc: float, above: float = 0.0, moved: float = -0.02, sigma: float = 0.1, **more: float) -> Moment:
    """A quiet window of a battery that lies `above` the shipped NMC curve."""
    volts = look(blend(SHIPPED, 25.0).middle, soc) + above
    known = {"over": 0.0, "gap": 0.0, "heat": 25.0, "hours": 0.2, "capacity": 0.02} | more
    return Moment(volts=volts, moved=moved, claimed=Proof(soc, sigma), **known)


def way(known: Own, above: float, heat: float = 25.0, odd: float = 0.0) -> Own:
    """From full to empty, as much above the shipped curve between the knees; odd: V more about half charge."""
    made = blend(SHIPPED, heat)
    for step in range(50):
        soc = 1.0 - step * 0.02
        off = above * (0.1 < soc < 0.9) + odd * (0.5 < soc < 0.55)
        known = own.after(known, moment(soc, off, sigma=0.1 if step else 0.005, heat=heat), SHIPPED, made, KIND)
    return own.after(known, moment(0.0), SHIPPED, made, KIND)


def test_a_way_teaches_and_the_next_one_judges() -> None:
    once = way(Own(), 0.02)
    assert (once.ways, once.used) == (1, False)
    twice = way(own.cut(once), 0.02)
    assert (twice.ways, twice.used) == (2, True)
    assert twice.places[10].middle == pytest.approx(0.02, abs=0.004)
    assert 0.015 < own.furthest(twice) < 0.035


def test_what_the_next_way_contradicts_is_not_used_and_then_forgotten() -> None:
    known = way(own.cut(way(Own(), 0.04)), 0.04)
    assert known.used
    for _ in range(3):
        known = way(own.cut(known), -0.04)
        if not known.ways:
            break
    assert not known.used
    assert known.taught == ()


def test_a_place_that_no_cell_can_have_is_left_out() -> None:
    known = way(own.cut(way(Own(), 0.02, odd=0.3)), 0.02, odd=0.3)
    assert known.used
    assert known.places[10].middle == pytest.approx(0.02, abs=0.006)


def test_a_curve_that_is_used_no_more_is_told() -> None:
    used = initial(NMC)._replace(own=Own(used=True, places=curve_of([Taught()] * PLACES, SHIPPED, 0.25)))
    now = Battery(NMC, 0.5).sample(0.0, 1.0)
    assert [(event.key, event.phase.value) for event in news.told(used, initial(NMC), now)] == [("own_curve", "went")]


def test_a_doubted_curve_must_prove_itself_again() -> None:
    known = own.doubted(way(own.cut(way(Own(), 0.02)), 0.02))
    assert (known.ways, known.used) == (1, False)
    assert way(known, 0.02).used
    assert own.doubted(Own()) == Own()


def test_no_cell_is_so_odd() -> None:
    assert way(Own(), 0.5).ways == 0


def test_a_way_that_misses_too_much_teaches_nothing() -> None:
    known = own.after(Own(), moment(1.0, sigma=0.005), SHIPPED, blend(SHIPPED, 25.0), KIND)
    for step in range(1, 50):
        known = own.after(known, moment(1.0 - step * 0.02, moved=-0.024), SHIPPED, blend(SHIPPED, 25.0), KIND)
    assert known.ways == 0


def test_too_long_and_too_far_are_no_way() -> None:
    made = blend(SHIPPED, 25.0)
    begun = own.after(Own(), moment(1.0), SHIPPED, made, KIND)
    assert begun.proof is not None
    assert own.after(begun, moment(0.5, hours=80.0), SHIPPED, made, KIND).proof is None
    assert own.after(begun, moment(0.5, moved=-2.0), SHIPPED, made, KIND).proof is None
    loud = own.after(begun, moment(0.5, over=0.2), SHIPPED, made, KIND)
    assert loud.heaps == ()
    assert loud.moved == -0.02


def test_a_visit_begins_the_next_way_at_its_outermost_proof() -> None:
    made = blend(SHIPPED, 25.0)
    known = own.after(Own(), moment(0.05, sigma=0.005), SHIPPED, made, KIND)
    assert known.proof == Proof(0.05, 0.005)
    known = own.after(known, moment(0.03, sigma=0.005), SHIPPED, made, KIND)
    assert known.proof == Proof(0.03, 0.005)
    assert own.after(known, moment(0.05, sigma=0.005), SHIPPED, made, KIND) == known
    between = own.after(known, moment(0.3, moved=0.27), SHIPPED, made, KIND)
    assert own.after(between, moment(0.05, sigma=0.005), SHIPPED, made, KIND).proof == Proof(0.05, 0.005)


def test_an_estimate_that_the_voltage_does_not_confirm_is_no_proof() -> None:
    made = blend(SHIPPED, 25.0)
    assert own.after(Own(), moment(0.05, above=0.3, sigma=0.005), SHIPPED, made, KIND).proof is None
    assert own.after(Own(), moment(0.05, sigma=0.012), SHIPPED, made, KIND).proof is None


def test_a_way_seen_elsewhere_in_temperature_says_little() -> None:
    cold = way(own.cut(way(Own(), 0.03)), 0.03)
    warm_places = [warm(place, prior(SHIPPED, n), 40.0) for n, place in enumerate(cold.places)]
    assert max(abs(place.middle) for place in warm_places) < 0.001
    assert warm_places[10].mm == pytest.approx(prior(SHIPPED, 10).mm, rel=0.01)
    mixed = way(own.cut(cold), 0.03, heat=60.0)
    assert mixed.ways == 3


@given(st.lists(st.tuples(st.integers(0, PLACES - 1), st.floats(-1, 1), st.floats(-0.1, 0.1)), max_size=40))
@settings(max_examples=60, deadline=None)
def test_whatever_was_seen_the_curve_knows_no_less_than_before(looks: list[tuple[int, float, float]]) -> None:
    known = [Taught()] * PLACES
    for place, gap, above in looks:
        known[place] = taught(known[place], gap, above, 1e-5)
    found = curve_of(known, SHIPPED, 0.25)
    for number, each in enumerate(found):
        fresh = prior(SHIPPED, number)
        assert 0.0 < each.mm <= fresh.mm * (1.0 + 1e-9)
        assert 0.0 < each.gg <= fresh.gg * (1.0 + 1e-9)
        assert abs(each.middle) < 0.5
    made = blend(SHIPPED._replace(own=found), 25.0)
    assert list(made.middle) == sorted(made.middle)


def test_neighbours_are_alike() -> None:
    known = [Taught()] * PLACES
    known[10] = taught(Taught(), 0.0, 0.03, 1e-6)
    found = curve_of(known, SHIPPED, 0.25)
    assert found[10].middle == pytest.approx(0.03, rel=0.02)
    assert found[9].middle > 0.02
    assert found[2].middle < found[6].middle < found[9].middle
    assert found[9].mm > found[10].mm
    assert faded(known[10], 0.5).one == known[10].one / 2.0
