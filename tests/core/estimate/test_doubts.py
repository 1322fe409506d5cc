"""When measurement, settings and estimate cannot all be true."""

import pytest
from tests.core.estimate.imagined import seen
from tests.strategies import make

from tbms.core.estimate import cells, charge, doubts
from tbms.core.estimate.cells import Cell
from tbms.core.estimate.charge import Window
from tbms.core.estimate.doubts import Doubts
from tbms.core.estimate.hypotheses import Guess
from tbms.core.estimate.leak import Rates
from tbms.core.estimate.ocv import blend, curve
from tbms.core.estimate.promises import Ohms, Promises, Steep, Step
from tbms.core.estimate.resistance import Part, Resistances
from tbms.core.estimate.traits import TRAITS
from tbms.model.event import Phase
from tbms.model.fault import Severity

AT = seen(0.0, 1.0, (3.3,) * 4, 0.0)
GOOD = Guess(1.0, (0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.75, 0.0), ())

CURVE = blend(curve(make("pack.chemistry=nmc", "pack.cells=1")), 25.0)
NEARLY_EMPTY = charge.begin((0.03, 0.01), TRAITS["nmc"], 100.0, 25.0, 0.0)._replace(soc=0.03, sigma=0.01)
AT_REST = Window(rest=3.3, samples=1)


def steps(known: Doubts, sign: float, count: int) -> tuple[Doubts, list[tuple[str, Phase]]]:
    told = []
    for number in range(count):
        jump = 0.2 if number % 2 else -0.2
        known, events = doubts.stepped(known, Step(jump, sign * jump * 0.1, 1.0, 25.0), CURVE, 0.5, AT)
        told += [(event.key, event.phase) for event in events]
    return known, told


def test_a_reversed_sensor_is_told_and_forgiven() -> None:
    known, told = steps(Doubts(), -1.0, 60)
    assert told == [("current_reversed", Phase.CAME)]
    known, told = steps(known, 1.0, 60)
    assert told == [("current_reversed", Phase.WENT)]
    assert not known.reversed


@pytest.mark.parametrize(("current", "volts"), [(0.01, -0.1), (0.5, 0.0)])
def test_small_steps_and_still_voltages_say_nothing(current: float, volts: float) -> None:
    known, told = doubts.stepped(Doubts(), Step(current, volts, 1.0, 25.0), CURVE, 0.5, AT)
    assert (known.sign, told) == (1.0, [])


def windows(known: Doubts, best: Guess, surprise: float, count: int) -> tuple[Doubts, list[Phase]]:
    told = []
    for _ in range(count):
        known, events = doubts.surprised(known, best, surprise, AT)
        told += [event.phase for event in events]
    return known, told


def at(place: int, value: float) -> Guess:
    return GOOD._replace(mean=tuple(value if i == place else old for i, old in enumerate(GOOD.mean)))


@pytest.mark.parametrize(
    ("best", "surprise"),
    [(GOOD, 40.0), (GOOD, 5.0), (at(0, -0.04), 1.0), (at(0, 1.04), 1.0), (at(1, 0.05), 1.0), (at(5, -3.5), 1.0)],
)
def test_what_no_battery_does_is_told(best: Guess, surprise: float) -> None:
    known, told = windows(Doubts(), best, surprise, 120)
    assert known.disagrees
    assert told == [Phase.CAME]


def test_a_good_estimate_is_left_alone() -> None:
    assert windows(Doubts(), GOOD, 1.0, 500)[1] == []


@pytest.mark.parametrize(
    ("ohms", "steep", "word"),
    [(Ohms(4.0, 4.0, 4.0), Steep(), "capacity and current sensor"), (Ohms(), Steep(flat=True), "chemistry")],
)
def test_a_broken_promise_of_the_settings_is_told_and_says_what_to_check(ohms: Ohms, steep: Steep, word: str) -> None:
    before = Doubts(promises=Promises(ohms, steep), odd=2)
    known, events = doubts.judged(before, NEARLY_EMPTY, Window(), CURVE, TRAITS["nmc"], AT)
    assert [event.key for event in events] == ["estimate_disagrees"]
    assert word in events[0].cause
    assert doubts.doubt(known) == 1.0


def test_a_battery_that_is_said_to_be_empty_is_doubted_until_it_shows_it() -> None:
    for proofs, doubted in ((0, 1.0), (2, 0.0)):
        before = Doubts(promises=Promises(steep=Steep(proofs=proofs)))
        known, _ = doubts.judged(before, NEARLY_EMPTY, AT_REST, CURVE, TRAITS["nmc"], AT)
        assert not known.promises.broken
        assert doubts.doubt(known) == doubted


def test_its_chemistry_is_asked_for_once_and_until_it_is_shown() -> None:
    known, told = Doubts(), []
    for proofs in (0, 0, 1, 2, 2):
        known = known._replace(promises=Promises(steep=Steep(proofs=proofs)))
        known, events = doubts.judged(known, NEARLY_EMPTY, AT_REST, CURVE, TRAITS["nmc"], AT)
        told += [(event.key, event.phase) for event in events]
    assert told == [("chemistry_doubtful", Phase.CAME), ("chemistry_doubtful", Phase.WENT)]


def test_it_ends_later_every_time() -> None:
    known, _ = windows(Doubts(), at(1, 0.05), 1.0, 5)
    known, told = windows(known, GOOD, 1.0, 9)
    assert told == [Phase.WENT]
    known, _ = windows(known, at(1, 0.05), 1.0, 5)
    assert windows(known, GOOD, 1.0, 17)[1] == []
    assert windows(known, GOOD, 1.0, 18)[1] == [Phase.WENT]


def cell(charge: float, faster: float = 0.0, sigma: float = 0.003) -> Cell:
    return Cell((charge, faster, 0.0), ((sigma**2, 0.0, 0.0), (0.0, 1e-6, 0.0), (0.0, 0.0, 1e-12)))


def test_the_first_cell_to_be_empty_is_named() -> None:
    known, told = doubts.weighed(Doubts(), [cell(0.0), cell(-0.04), cell(0.0), cell(0.001)], 0.5, AT)
    assert [(event.cell, event.key, event.severity) for event in told] == [(2, "weak_cell", Severity.WARNING)]
    assert "stands lower" in told[0].cause
    assert doubts.weighed(known, [cell(0.0), cell(-0.02), cell(0.0), cell(0.0)], 0.5, AT)[1] == []
    known, told = doubts.weighed(known, [cell(0.0)] * 4, 0.5, AT)
    assert [(event.cell, event.phase) for event in told] == [(2, Phase.WENT)]
    assert known.early == frozenset()


def test_a_small_cell_is_named_as_such() -> None:
    _, told = doubts.weighed(Doubts(), [cell(0.0), cell(-0.01, 0.12), cell(0.0)], 0.8, AT)
    assert "holds less" in told[0].cause


def test_the_second_needs_more_and_doubt_excuses() -> None:
    both = [cell(-0.09), cell(-0.05), cell(0.0), cell(0.0), cell(0.0)]
    assert [event.cell for event in doubts.weighed(Doubts(), both, 0.5, AT)[1]] == [1]
    assert doubts.weighed(Doubts(), [cell(0.0), cell(-0.05, sigma=0.03), cell(0.0)], 0.5, AT)[1] == []


def parts(values: list[float], steps: int = 50) -> tuple[Part | None, ...]:
    return tuple(Part(value, (0.02 * value) ** 2, steps) for value in values)


def test_a_connection_is_told_from_a_cell() -> None:
    even, grown = [3e-4] * 4, [3e-4, 4e-4, 3e-4, 3e-4]
    known, told = doubts.joined(Doubts(), Resistances(parts(grown), parts(even)), AT)
    assert [(event.key, event.cell) for event in told] == [("connection", 2)]
    assert doubts.joined(known, Resistances(parts(grown), parts(even)), AT)[1] == []
    assert doubts.joined(known, Resistances(parts(even), parts(even)), AT)[1][0].phase is Phase.WENT
    told = doubts.joined(Doubts(), Resistances(parts(grown), parts(grown)), AT)[1]
    assert told[0].key == "cell_resistance"


@pytest.mark.parametrize(
    "known",
    [
        Resistances((None, *parts([3e-4, 4e-4, 3e-4])), parts([3e-4] * 4)),
        Resistances(parts([3e-4, 4e-4]), parts([3e-4] * 2)),
        Resistances(parts([3e-4, 4e-4, 3e-4], steps=2), parts([3e-4] * 3)),
        Resistances(parts([3e-4, 4e-4, 3e-4]), (None, None, None)),
        Resistances(parts([3e-4, 3.3e-4, 3e-4]), parts([3e-4] * 3)),
        Resistances(parts([0.0, 0.0, 0.0]), parts([3e-4] * 3)),
    ],
)
def test_what_is_not_sure_is_not_said(known: Resistances) -> None:
    assert doubts.joined(Doubts(), known, AT)[1] == []


def test_a_cell_that_loses_charge_by_itself_is_named_until_it_does_not() -> None:
    known, told = doubts.leaking(Doubts(), Rates((0.0, 0.0, 0.012, 0.0), 0.003), AT)
    assert [(event.cell, event.key, event.phase) for event in told] == [(3, "self_discharge", Phase.CAME)]
    assert told[0].cause == "cell 3 loses 1.2 % a day by itself, more than the others"
    assert doubts.leaking(known, Rates((0.0, 0.0, 0.003, 0.0), 0.001), AT)[1] == []
    assert doubts.leaking(Doubts(), Rates((0.0, 0.0, 0.008, 0.0), 0.003), AT)[1] == [], "not sure"
    assert doubts.leaking(known, None, AT) == (known, [])
    known, told = doubts.leaking(known, Rates((0.0,) * 4, 0.001), AT)
    assert [(event.cell, event.phase) for event in told] == [(3, Phase.WENT)]
    assert known.leaks == frozenset()


@pytest.mark.parametrize(("now", "named"), [(2.6e-4, True), (2.4e-4, False)])
def test_a_connection_that_has_grown_is_named_before_it_is_far_from_the_others(now: float, named: bool) -> None:
    before = Resistances(parts([2.2e-4] * 4), parts([1e-4] * 4), base=(0.0,) * 4, learned=200)
    known, told = doubts.joined(Doubts(), before._replace(ohmic=parts([2.2e-4, now, 2.2e-4, 2.2e-4])), AT)
    assert [(event.key, event.cell) for event in told] == ([("connection", 2)] if named else [])
    if named:
        assert "18 % more ohmic resistance than it used to" in told[0].cause
        assert doubts.joined(known, before, AT)[1][0].phase is Phase.WENT


def test_a_cell_that_holds_less_is_named_once_both_knees_have_been_seen() -> None:
    level = [cell(0.0), cell(0.0), cell(0.0)]
    assert doubts.sized(Doubts(), [*level, cell(0.0, 0.1)._replace(spread=cells.new(3e-4).spread)], AT)[1] == []
    known, told = doubts.sized(Doubts(), [*level, cell(0.0, 0.111)], AT)
    assert [(event.key, event.cell) for event in told] == [("small_cell", 4)]
    assert told[0].cause == "cell 4 holds 10 % less than the others"
    assert doubts.sized(known, [*level, cell(0.0, 0.05)], AT) == (known, [])
    known, told = doubts.sized(known, [*level, cell(0.0, 0.01)], AT)
    assert [(event.phase, event.cell) for event in told] == [(Phase.WENT, 4)]


def test_a_doubt_is_forgotten_slowly_and_each_time_more_so() -> None:
    assert doubts.doubt(Doubts()) == 0.0
    assert doubts.doubt(Doubts(disagrees=True, times=1)) == doubts.doubt(Doubts(reversed=True)) == 1.0
    assert doubts.doubt(Doubts(times=1, calm=360)) == 0.5
    assert doubts.doubt(Doubts(times=2, calm=360)) == pytest.approx(0.5**0.5)
