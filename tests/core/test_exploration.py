"""The contactor machine explored: every state it can ever reach, under everything that can be wanted and seen of it."""

from itertools import product

import pytest
from tests.strategies import four

from tbms.core.protect.contactors import FUSE_TIME, Contactor, Wish, advance
from tbms.model.snapshot import ContactorPhase as Phase

SETTINGS = four("contactors.breaking_current=400", "contactors.pre_charge_lockout=4", "contactors.reclose_delay=2")
RULES = SETTINGS.contactors
SLACK = 0.05
GRACE = 3.0
STEP = 0.5
FAR = 5.0  # s: longer than every time in the rules, so further back makes no difference
FLAGS = (False, True)
NOW = 100.0

WISHES = [
    Wish(permitted, latched, "no", live, powered, pre_charge, feedback, gap, True, current, grace, blocked)
    for permitted, latched, live, powered, pre_charge, feedback, gap, current, grace, blocked in product(
        FLAGS,
        FLAGS,
        FLAGS,
        FLAGS,
        FLAGS,
        (None, *FLAGS),
        (None, 0.5),
        (None, 0.0, 6.0, 450.0),
        (0.0, GRACE),
        ("", "bus"),
    )
    if not (permitted and grace) and (permitted or not blocked) and not (permitted and latched)
]
NO = Wish(False, False, "no", True, True, True, False, None, True, 0.0)
YES = NO._replace(permitted=True, gap=0.2)


def aged(contactor: Contactor, dt: float) -> Contactor:
    """The same one dt later, its times still counted to NOW; what is longer ago than all rules look back is as one."""

    def earlier(time: float | None) -> float | None:
        return None if time is None else round(max(time - dt, NOW - FAR), 3)

    since, allowed, ending = earlier(contactor.since), earlier(contactor.allowed), earlier(contactor.ending)
    assert since is not None
    tries = min(contactor.tries, 2)
    return contactor._replace(since=since, allowed=allowed, ending=ending, closings=(), cause="", tries=tries)


def reachable() -> dict[Contactor, int]:
    """Every state from the boot on, and after how many steps it is first met."""
    start = aged(Contactor(since=NOW), 0.0)
    found, fresh, depth = {start: 0}, [start], 0
    while fresh:
        depth, coming = depth + 1, []
        for state in fresh:
            for after in {advance(state, wish, NOW, SLACK, RULES) for wish in WISHES}:
                later = aged(after, STEP)
                if later not in found:
                    found[later] = depth
                    coming.append(later)
        fresh = coming
    return found


@pytest.fixture(scope="module")
def states() -> dict[Contactor, int]:
    return reachable()


def after_a_while(state: Contactor, wish: Wish, seconds: float, step: float = STEP) -> Contactor:
    """The state after so long under one and the same wish; its auxiliary contact follows its coil."""
    for _ in range(round(seconds / step)):
        coil = state.phase is Phase.CLOSED
        feedback = None if wish.feedback is None else coil
        state = aged(advance(state, wish._replace(feedback=feedback), NOW, SLACK, RULES), step)
    return state


def test_all_its_phases_are_reached_and_the_search_ends(states: dict[Contactor, int]) -> None:
    assert {state.phase for state in states} == set(Phase)
    assert len(states) > 100


@pytest.mark.parametrize("current", [None, 0.0, 6.0, 450.0, -450.0])
def test_from_everywhere_it_opens_in_time(states: dict[Contactor, int], current: float | None) -> None:
    wish = NO._replace(current=current, grace=GRACE)
    for state in states:
        open_at = after_a_while(state, wish, max(GRACE, FUSE_TIME) + 2 * STEP)
        assert open_at.phase is Phase.OPEN, state
        assert after_a_while(open_at, wish, 5.0).phase is Phase.OPEN


def test_without_current_or_grace_it_opens_at_once(states: dict[Contactor, int]) -> None:
    for state in states:
        assert advance(state, NO, NOW, SLACK, RULES).phase in (Phase.OPEN, Phase.OPENING), state


def test_from_everywhere_it_can_close_again(states: dict[Contactor, int]) -> None:
    for state in states:
        assert after_a_while(state, YES, 12.0).phase is Phase.CLOSED, state


def test_what_is_latched_stays_until_the_latch_is_lifted(states: dict[Contactor, int]) -> None:
    latched = NO._replace(latched=True)
    for state in states:
        held = after_a_while(state, latched, 1.0)
        assert held.phase is Phase.LATCHED, state
        assert after_a_while(held, latched, 5.0) == aged(held, 5.0)
        assert after_a_while(held, YES, 12.0).phase is Phase.CLOSED


@pytest.mark.parametrize("kept_open", [YES._replace(powered=False), YES._replace(blocked="bus 9 V above the pack")])
def test_without_supply_or_on_a_wrong_bus_nothing_that_is_open_closes(
    states: dict[Contactor, int], kept_open: Wish
) -> None:
    under_way = {Phase.CLOSED} if kept_open.blocked else {Phase.CLOSED, Phase.PRE_CHARGE}
    for state in states:
        if state.phase not in under_way:
            assert after_a_while(state, kept_open, 12.0).phase is Phase.OPEN, state


def test_a_bus_that_does_not_follow_ends_in_a_pause(states: dict[Contactor, int]) -> None:
    for state in states:
        if state.phase is Phase.PRE_CHARGE:
            failed = after_a_while(state, YES._replace(gap=9.0), RULES.pre_charge_timeout + STEP)
            assert failed.phase is Phase.OPEN, state
            assert failed.hold == RULES.pre_charge_lockout
            assert failed.tries > 0


ASKED = Wish(True, False, "no", True, True, True, False, 0.5, True, 0.0)


def at_edge(contactor: Contactor, wish: Wish, now: float) -> Contactor:
    """One step without slack: times meet their bounds exactly (quarters of a second are exact in binary)."""
    return advance(contactor, wish, now, 0.0, RULES)


def test_every_bound_is_met_exactly() -> None:
    waiting = Contactor(Phase.PRE_CHARGE, 0.0, "")
    assert at_edge(waiting, ASKED._replace(gap=RULES.pre_charge_voltage), 1.0).phase is Phase.PRE_CHARGE
    assert at_edge(waiting, ASKED._replace(gap=-0.75), 1.0).phase is Phase.CLOSED
    late = ASKED._replace(gap=9.0)
    assert at_edge(waiting, late, RULES.pre_charge_timeout - 0.25).phase is Phase.PRE_CHARGE
    assert at_edge(waiting, late, RULES.pre_charge_timeout).phase is Phase.OPEN
    held = Contactor(Phase.OPEN, 0.0, "", allowed=0.0, hold=2.0)
    assert at_edge(held, ASKED, 1.75).phase is Phase.OPEN
    assert at_edge(held, ASKED, 2.0).phase is Phase.PRE_CHARGE
    assert at_edge(held._replace(allowed=None), ASKED, 2.0).allowed == 2.0
    charged = NO._replace(current=5.0, grace=GRACE)
    closing = Contactor(Phase.CLOSED, 0.0, "", ending=0.0)
    assert at_edge(closing, charged, GRACE - 0.25).phase is Phase.CLOSED
    assert at_edge(closing, charged, GRACE).phase is Phase.OPENING
    assert at_edge(closing, charged._replace(current=4.75), 0.25).phase is Phase.OPENING
    assert at_edge(closing, NO._replace(current=-400.0), 0.25).phase is Phase.OPENING
    assert at_edge(closing, NO._replace(current=-401.0), 0.25).phase is Phase.CLOSED
    latched = Contactor(Phase.LATCHED, 0.0, "weld")
    assert at_edge(latched, ASKED._replace(cause=""), 1.0).cause == "released by a person"
    assert at_edge(latched, NO, 1.0).cause == "no"


def test_each_try_counts_and_a_success_forgets_them() -> None:
    once = Contactor(Phase.PRE_CHARGE, 0.0, "", tries=1)
    assert at_edge(once, ASKED._replace(gap=None), 5.0).tries == 2
    assert at_edge(once, ASKED, 1.0).tries == 0
    closed = at_edge(once, ASKED, 1.0)
    assert closed.closings == (1.0,)
    assert at_edge(closed, NO, 2.0).closings == (1.0,)
