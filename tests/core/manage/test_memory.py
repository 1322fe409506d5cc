"""What management remembers over a restart."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import four

from tbms.core.manage import manage, memory
from tbms.core.manage.charge_cycle import Charging
from tbms.core.manage.manage import Managed

GENERATOR = (
    'ranges[1].name="Generator"', "ranges[1].outputs=[4]", "ranges[1].exercise_days=28",
    'ranges[1].when[1].measure="soc"', "ranges[1].when[1].start=0.2", "ranges[1].when[1].stop=0.5",
)  # fmt: skip
CYCLE = four(*GENERATOR, "charge.profile=cycle")


def lived(**changes: Any) -> Managed:
    fresh = manage.initial(CYCLE)
    (run,) = fresh.ranges.runs
    ranges = fresh.ranges._replace(runs=(run._replace(rested=1000.0),))
    return fresh._replace(charging=fresh.charging._replace(full_at=400.0, **changes), ranges=ranges)


def again(state: Managed, away: float = 0.0) -> Managed:
    return memory.restored(memory.saved(state, 5000.0, CYCLE), manage.initial(CYCLE), CYCLE, away)


def test_times_go_on_over_a_clock_that_begins_anew() -> None:
    after = again(lived(), away=86_400.0)
    assert after.charging.full_at == -(4600.0 + 86_400.0)
    assert after.ranges.runs[0].rested == -(4000.0 + 86_400.0)
    assert again(lived(), away=-5.0).charging.full_at == -4600.0


def test_chargers_that_rest_go_on_resting() -> None:
    reason = "profile cycle: full, rests until 35 %"
    assert again(lived(resting=reason)).charging.resting == reason
    assert again(lived(resting=reason, profile="store")).charging.resting == ""
    assert again(lived(resting="x" * 300)).charging.resting == ""


def test_what_never_was_is_not_remembered() -> None:
    fresh = manage.initial(CYCLE)
    assert again(fresh) == fresh


def test_a_range_of_another_name_begins_anew() -> None:
    values = memory.saved(lived(), 5000.0, CYCLE)
    other = four("ranges[1].name=Pump", *GENERATOR[1:], "charge.profile=cycle")
    assert memory.restored(values, manage.initial(other), other, 0.0).ranges.runs[0].rested is None


rubbish = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["full", "rested", "resting", "profile", "Generator"]), inner)
    ),
    max_leaves=8,
)


@given(rubbish)
def test_rubbish_is_left_out(values: Any) -> None:
    after = memory.restored(values, manage.initial(CYCLE), CYCLE, 0.0)
    assert isinstance(after.charging, Charging)
    assert after.charging.full_at is None or -memory.LONGEST <= after.charging.full_at <= 0.0
    assert len(after.ranges.runs) == 1


@pytest.mark.parametrize("value", [True, "1", -1.0, 1e12, float("nan"), None])
def test_what_is_no_age_is_none(value: Any) -> None:
    assert memory._age(value) is None
