"""What was learned comes back as it was, and nothing that is not sound comes back at all."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.estimate.imagined import Battery, one
from tests.strategies import make

from tbms.core.estimate import EstimateState, initial
from tbms.core.estimate.memory import VERSION, restored, saved
from tbms.settings.compiled import Settings

FOUR = make("pack.cells=4", "pack.capacity=100")


def used(chosen: Settings) -> EstimateState:
    """A battery with a weak connection that was cycled, so that there is something to remember."""
    battery = Battery(chosen, 0.9)
    battery.ohms[-1] *= 1.6
    state = initial(chosen, 0.9, 0.02)
    for _ in range(20):
        for current in (-40.0, 0.0, 20.0):
            state = battery.run(state, current, 30.0)
    return state._replace(store=state.store._replace(sums=(900.0, 890.0, 881.0), pairs=3))


@pytest.fixture(scope="module", params=[FOUR, one()], ids=["pack", "cell"])
def known(request: pytest.FixtureRequest) -> tuple[Settings, EstimateState]:
    return request.param, used(request.param)


def test_what_was_learned_comes_back(known: tuple[Settings, EstimateState]) -> None:
    chosen, state = known
    text = json.dumps(saved(state), allow_nan=False)
    back = restored(json.loads(text), initial(chosen, 0.5, 0.1), chosen, 0.0)
    assert back.parts.ohmic == state.parts.ohmic
    assert back.parts.slow == state.parts.slow
    assert back.resistance == state.resistance
    assert back.cells == state.cells
    assert (back.store.sums, back.store.pairs) == (state.store.sums, 3)
    assert (back.doubts.early, back.doubts.joints) == (state.doubts.early, state.doubts.joints)
    assert (back.soc, back.soc_sigma) == (0.5, 0.1)
    assert back.charge is None


def test_there_was_something_to_remember() -> None:
    state = used(FOUR)
    assert 4 in state.doubts.joints
    assert None not in state.parts.ohmic


def test_differences_are_trusted_less_after_a_time_away() -> None:
    state = used(FOUR)
    soon, late = (restored(saved(state), initial(FOUR), FOUR, away) for away in (0.0, 30 * 86_400.0))
    assert all(b.spread[0][0] > a.spread[0][0] for a, b in zip(soon.cells, late.cells, strict=True))
    assert [cell.mean for cell in late.cells] == [cell.mean for cell in state.cells]


def test_it_goes_on_from_there_and_tells_nothing_twice() -> None:
    state = used(FOUR)
    battery = Battery(FOUR, 0.6)
    battery.ohms[-1] *= 1.6
    back = restored(saved(state), initial(FOUR, 0.6, 0.03), FOUR, 3600.0)
    for _ in range(5):
        for current in (-40.0, 0.0, 20.0):
            back = battery.run(back, current, 30.0)
    assert "connection" not in battery.told()
    assert 4 in back.doubts.joints
    assert back.parts.ohmic[3] is not None
    assert back.parts.ohmic[3].steps > (state.parts.ohmic[3] or (0, 0, 0))[2]


def test_another_battery_forgets() -> None:
    values = saved(used(FOUR))
    larger = make("pack.cells=4", "pack.capacity=200")
    assert restored(values, initial(larger), larger, 0.0).store == initial(larger).store
    longer = make("pack.cells=8", "pack.capacity=100")
    fresh = initial(longer)
    back = restored(values, fresh, longer, 0.0)
    assert (back.parts, back.cells) == (fresh.parts, fresh.cells)


@pytest.mark.parametrize("values", [None, [], {}, {"version": VERSION + 1}, {"version": VERSION}, "text", 7])
def test_rubbish_leaves_a_fresh_start(values: Any) -> None:
    assert restored(values, initial(FOUR), FOUR, 0.0)._replace(resistance=()) == initial(FOUR)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ohmic", [[1e-3, 0.0, 5]] * 4),
        ("ohmic", [[1e-3, 1e-9, 0]] * 4),
        ("slow", [[1e-3, float("nan"), 5]] * 4),
        ("slow", [[1e-3, 1e-9, True]] * 4),
        ("cells", [[[0, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]]] * 4),
        ("cells", [[[0, 0, 0]]] * 4),
        ("cells", [7] * 4),
        ("capacity", [900.0, 890.0, 881.0, -1]),
        ("capacity", [900.0, -890.0, 881.0, 3]),
        ("told", 99.0),
        ("early", [0, 5, "1", True]),
        ("joints", {"a": 1}),
    ],
)
def test_each_part_that_is_not_sound_is_left_out(name: str, value: Any) -> None:
    fresh = initial(FOUR)
    back = restored({"version": VERSION, "told": 100.0} | {name: value}, fresh, FOUR, 0.0)
    assert back.store == fresh.store
    assert back.cells == fresh.cells
    assert all(part is None for part in (*back.parts.ohmic, *back.parts.slow))
    assert back.doubts == fresh.doubts


FRESH = initial(FOUR, 0.5, 0.1)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=True) | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from([*saved(initial(FOUR))]), JSON))
@settings(max_examples=200)
def test_no_damage_stops_the_start(damage: dict[str, Any]) -> None:
    back = restored({"version": VERSION} | damage, FRESH, FOUR, 1e9)
    assert (back.soc, back.soc_sigma, back.charge) == (FRESH.soc, FRESH.soc_sigma, None)
    battery = Battery(FOUR, 0.5)
    assert 0.0 <= battery.run(back, -10.0, 60.0).soc <= 1.0
