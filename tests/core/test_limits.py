"""The one mechanism, place by place: counting, tripping, holding, clearing, and what a person may clear."""

from dataclasses import replace

import pytest
from tests.strategies import make

from tbms.core.measure.reading import Reading, reading
from tbms.core.protect.limits import FORGET, Change, Clearing, Entry, Moment, Watch, clear, judge, restart_holds
from tbms.model.fault import Ring
from tbms.model.limit import RETRIES, Latch, Limit, Place, Protection

SLACK = 0.05
HIGH = Limit(10.0, True, 1.0, 8.0, 2.0)
LOW = Limit(5.0, False, 1.0, 7.0, 2.0)


def protection(*limits: Limit) -> Protection:
    rings = tuple(zip((Ring.LIMIT, Ring.CUT)[-len(limits) :], limits, strict=True))
    return Protection("high", 0, Place.CELL, "V", "high", limits[0].above, rings, True, False)


class Places:
    """Three cells under one protection, judged at times of our own."""

    def __init__(self, *limits: Limit) -> None:
        self.table = (protection(*limits),)
        self.watches: tuple[Watch, ...] = (None,)
        self.now, self.slack = 0.0, SLACK

    def see(
        self, *values: float | None, dt: float = 0.1, charging: bool = False, guessed: tuple[int, ...] = ()
    ) -> list[Change]:
        self.now = round(self.now + dt, 6)
        seen: Reading = reading(values, guessed)
        self.watches, changes = judge(self.table, self.watches, (seen,), Moment(self.now, self.slack, charging))
        return changes

    def entries(self, ring: int = 0) -> tuple[Entry, ...]:
        watch = self.watches[0]
        return () if watch is None else watch[ring]


def test_at_the_threshold_nothing_is_watched() -> None:
    for limit, value in ((HIGH, 10.0), (LOW, 5.0)):
        one = Places(limit)
        assert one.see(value, value, value) == []
        assert one.watches == (None,)


@pytest.mark.parametrize(("limit", "bad", "good"), [(HIGH, 10.001, 9.0), (LOW, 4.999, 6.0)])
def test_it_trips_when_the_delay_less_half_a_period_is_over(limit: Limit, bad: float, good: float) -> None:
    one = Places(limit)
    one.see(good, bad, good)
    assert one.see(good, bad, good, dt=0.94) == []
    changes = one.see(good, bad, good, dt=0.02)
    assert [(change.came, change.ring, change.entry.place, change.value) for change in changes] == [(True, 0, 1, bad)]
    assert (one.entries()[0].crossed, one.entries()[0].tripped, one.entries()[0].tries) == (0.1, 1.06, 1)


def test_delay_and_hold_are_met_exactly() -> None:
    """Times that a float holds exactly, judged without slack."""
    one = Places(HIGH)
    one.slack = 0.0
    one.see(11.0, 9.0, 9.0, dt=0.5)
    assert one.see(11.0, 9.0, 9.0, dt=0.75) == []
    assert len(one.see(11.0, 9.0, 9.0, dt=0.25)) == 1
    one.see(8.0, 9.0, 9.0, dt=0.5)
    assert one.see(8.0, 9.0, 9.0, dt=1.75) == []
    assert len(one.see(8.0, 9.0, 9.0, dt=0.25)) == 1


def test_what_was_never_known_is_not_watched() -> None:
    one = Places(HIGH)
    assert one.see(None, None, None) == []
    assert one.watches == (None,)


def test_while_nothing_at_all_is_known_it_goes_on_counting() -> None:
    one = Places(HIGH)
    one.see(11.0, 9.0, 9.0)
    assert [change.came for change in one.see(None, None, None, dt=1.0)] == [True]


@pytest.mark.parametrize(("limit", "bad", "calm"), [(HIGH, 11.0, 9.0), (LOW, 4.0, 6.0)])
def test_one_beyond_does_not_take_its_neighbour_at_the_threshold_along(limit: Limit, bad: float, calm: float) -> None:
    one = Places(limit)
    one.see(calm, bad, limit.threshold)
    assert [change.entry.place for change in one.see(calm, bad, limit.threshold, dt=1.0)] == [1]
    almost = limit.release + (0.001 if limit.above else -0.001)
    one.see(calm, almost, calm)
    assert one.see(calm, almost, calm, dt=60.0) == []
    one.see(calm, limit.release, calm)
    assert [change.value for change in one.see(calm, limit.release, calm, dt=2.0)] == [limit.release]


def test_no_delay_trips_at_once() -> None:
    one = Places(replace(HIGH, delay=0.0))
    assert [(change.entry.value, change.came) for change in one.see(11.0, 9.0, 12.0)] == [(11.0, True), (12.0, True)]


def test_each_place_counts_for_itself() -> None:
    one = Places(HIGH)
    one.see(11.0, 9.0, 9.0)
    one.see(9.0, 11.0, 9.0, dt=0.9)
    assert [(entry.place, entry.crossed) for entry in one.entries()] == [(1, 1.0)]
    assert one.see(11.0, 11.0, 9.0, dt=0.5) == []
    assert [(entry.place, entry.crossed) for entry in one.entries()] == [(1, 1.0), (0, 1.5)]
    assert [change.entry.place for change in one.see(11.0, 11.0, 9.0, dt=0.5)] == [1]
    assert [change.entry.place for change in one.see(11.0, 11.0, 9.0, dt=0.5)] == [0]


def test_unknown_goes_on_counting_unless_the_limit_pauses() -> None:
    for pauses, tripped in ((False, 1), (True, 0)):
        one = Places(replace(HIGH, pauses=pauses))
        one.see(11.0, 9.0, 9.0)
        changes = one.see(None, 9.0, 9.0, dt=1.0)
        assert len(changes) == tripped
        assert [change.value for change in changes] == [None] * tripped
        assert [change.entry.value for change in changes] == [11.0] * tripped


def test_what_only_stands_in_never_calms() -> None:
    one = Places(HIGH)
    one.see(11.0, 9.0, 9.0)
    assert [change.came for change in one.see(9.0, 9.0, 9.0, dt=1.0, guessed=(0,))] == [True]
    two = Places(HIGH)
    two.see(11.0, 9.0, 9.0, guessed=(0,))
    assert [change.value for change in two.see(12.0, 9.0, 9.0, dt=1.0, guessed=(0,))] == [12.0]


def test_one_value_for_all_stands_for_every_place_and_none_for_no_place() -> None:
    one = Places(HIGH)
    one.see(9.0, 11.0, 9.0)
    assert [change.value for change in one.see(12.0, dt=1.0)] == [12.0]
    one.see(8.0)
    assert one.see(dt=2.0) == []
    assert [entry.safe for entry in one.entries()] == [None]


def tripped(limit: Limit) -> Places:
    one = Places(limit)
    one.see(11.0, 9.0, 9.0)
    assert one.see(11.0, 9.0, 9.0, dt=1.0)
    return one


def test_it_clears_at_its_release_when_its_hold_less_half_a_period_is_over() -> None:
    one = tripped(HIGH)
    assert one.see(8.001, 9.0, 9.0, dt=60.0) == []
    one.see(8.0, 9.0, 9.0)
    assert one.see(8.0, 9.0, 9.0, dt=1.94) == []
    assert [(c.came, c.entry.place, c.value, c.by) for c in one.see(8.0, 9.0, 9.0, dt=0.02)] == [(False, 0, 8.0, "")]
    assert one.watches == (None,)


@pytest.mark.parametrize("interruption", [None, 8.001, 11.0])
def test_a_break_begins_the_hold_anew(interruption: float | None) -> None:
    one = tripped(HIGH)
    one.see(8.0, 9.0, 9.0)
    one.see(interruption, 9.0, 9.0, dt=1.9)
    one.see(8.0, 9.0, 9.0)
    assert one.see(8.0, 9.0, 9.0, dt=1.9) == []
    assert len(one.see(8.0, 9.0, 9.0)) == 1


def test_it_may_need_charging_to_clear() -> None:
    one = tripped(replace(HIGH, needs_charging=True))
    assert one.see(7.0, 7.0, 7.0, dt=60.0) == []
    one.see(7.0, 7.0, 7.0, charging=True)
    assert len(one.see(7.0, 7.0, 7.0, dt=2.0, charging=True)) == 1


def test_a_hold_begins_anew_across_a_gap_and_nothing_else_does() -> None:
    one = tripped(HIGH)
    one.see(8.0, 11.0, 9.0)
    before = one.entries()
    one.watches = restart_holds(one.watches)
    assert [entry.safe for entry in one.entries()] == [None, None]
    assert one.entries()[1] is before[1]
    assert one.entries()[0].tripped == before[0].tripped
    assert restart_holds((None, None)) == (None, None)


def test_the_quiet_time_after_a_retry_goes_on_across_a_gap() -> None:
    one = Places(replace(HIGH, latch=Latch.RETRIES))
    cycle(one)
    before = one.entries()[0]
    one.watches = restart_holds(one.watches)
    assert one.entries()[0] is before


def test_what_went_is_told_as_it_stood() -> None:
    one = tripped(replace(HIGH, latch=Latch.RETRIES))
    one.see(8.0, 9.0, 9.0)
    (change,) = one.see(8.0, 9.0, 9.0, dt=2.0)
    assert (change.came, change.entry.tripped) == (False, 1.1)
    assert one.entries()[0].tripped is None


@pytest.mark.parametrize("latch", [Latch.PERSON, Latch.INSTALLER])
def test_a_latch_never_clears_by_itself(latch: Latch) -> None:
    one = tripped(replace(HIGH, latch=latch))
    assert one.entries()[0].latched
    assert one.see(7.0, 7.0, 7.0, dt=3600.0) == []
    assert one.see(7.0, 7.0, 7.0, dt=3600.0) == []
    assert one.entries()[0].latched


def cycle(one: Places) -> tuple[int, int]:
    """Beyond until it trips, then at release until it clears: how many changes each."""
    one.see(11.0, 9.0, 9.0)
    came = len(one.see(11.0, 9.0, 9.0, dt=1.0))
    one.see(8.0, 9.0, 9.0)
    return came, len(one.see(8.0, 9.0, 9.0, dt=2.0))


def test_after_its_retries_it_latches() -> None:
    one = Places(replace(HIGH, latch=Latch.RETRIES))
    assert [cycle(one) for _ in range(RETRIES)] == [(1, 1)] * RETRIES
    assert not one.entries()[0].latched
    assert cycle(one) == (1, 0)
    assert (one.entries()[0].latched, one.entries()[0].tries) == (True, RETRIES + 1)


def test_retries_are_forgotten_after_ten_quiet_minutes_and_not_before() -> None:
    assert 10 * make().rungs["overcurrent_charge"].release_delay == FORGET  # ten times the hold of a retry
    for quiet, left in ((FORGET - 1.0, 1), (FORGET, 0)):
        one = Places(replace(HIGH, latch=Latch.RETRIES))
        cycle(one)
        one.see(8.0, 9.0, 9.0, dt=quiet)
        assert len(one.entries()) == left


def test_an_excursion_that_does_not_trip_begins_the_quiet_time_anew() -> None:
    one = Places(replace(HIGH, latch=Latch.RETRIES))
    cycle(one)
    one.see(11.0, 9.0, 9.0, dt=FORGET - 1.0)
    one.see(8.0, 9.0, 9.0)
    one.see(8.0, 9.0, 9.0, dt=FORGET - 1.0)
    assert one.entries()[0].tries == 1
    one.see(8.0, 9.0, 9.0, dt=1.0)
    assert one.watches == (None,)


def test_rings_of_one_protection_go_their_own_ways() -> None:
    one = Places(replace(HIGH, threshold=9.0, delay=0.5, release=8.0), HIGH)
    one.see(11.0, 7.0, 7.0)
    assert [change.ring for change in one.see(11.0, 7.0, 7.0, dt=0.5)] == [0]
    assert [change.ring for change in one.see(11.0, 7.0, 7.0, dt=0.5)] == [1]
    one.see(8.5, 7.0, 7.0)
    assert [entry.safe for entry in (*one.entries(0), *one.entries(1))] == [None, None]


def test_a_quiet_step_keeps_its_objects() -> None:
    one = Places(HIGH)
    before = one.watches
    one.see(9.0, 9.0, 9.0)
    assert one.watches is before
    one.see(11.0, 9.0, 9.0)
    before = one.watches
    one.see(11.0, 9.0, 9.0)
    assert one.watches is before


ANNA = Clearing("Anna")
FITTER = Clearing("Bo", installer=True)


def cleared(one: Places, by: Clearing, *values: float | None) -> list[Change]:
    one.watches, changes = clear(one.table, one.watches, (reading(values),), by)
    return changes


@pytest.mark.parametrize(
    ("limit", "by", "lifts"),
    [
        (HIGH, ANNA, False),
        (HIGH, FITTER, False),
        (replace(HIGH, needs_charging=True), ANNA, True),
        (replace(HIGH, latch=Latch.PERSON), ANNA, True),
        (replace(HIGH, latch=Latch.RETRIES), ANNA, True),
        (replace(HIGH, latch=Latch.INSTALLER), ANNA, False),
        (replace(HIGH, latch=Latch.INSTALLER), FITTER, True),
    ],
)
def test_what_a_person_may_clear_and_what_only_an_installer(limit: Limit, by: Clearing, lifts: bool) -> None:
    one = tripped(limit)
    assert cleared(one, by, 10.001, 9.0, 9.0) == []
    assert cleared(one, by, None, 9.0, 9.0) == []
    assert len(one.entries()) == 1
    changes = cleared(one, by, 10.0, 9.0, 9.0)
    assert [(change.came, change.by, change.value) for change in changes] == [(False, by.who, 10.0)] * lifts
    assert len(one.entries()) == (not lifts)


def test_a_person_gives_new_tries_without_an_event() -> None:
    one = Places(replace(HIGH, latch=Latch.RETRIES))
    cycle(one)
    assert cleared(one, ANNA, 9.0, 9.0, 9.0) == []
    assert one.watches == (None,)


def test_a_watch_without_its_protection_is_never_dropped_in_silence() -> None:
    one = tripped(HIGH)
    with pytest.raises(ValueError, match="than argument"):
        clear(one.table, (*one.watches, None), (reading((9.0,)),), ANNA)
