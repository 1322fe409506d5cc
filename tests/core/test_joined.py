"""Out of the wishes for chargers and for loads one for the contactor that they share: figure by figure."""

from dataclasses import replace
from math import nextafter

import pytest

from tbms.core.measure.flow import LEAK, SAME_BUS
from tbms.core.protect.common import Joined, Sight, joined
from tbms.core.protect.contactors import Contactor, Wish
from tbms.model.snapshot import ContactorPhase as Phase
from tbms.settings import load

RULES = replace(load(overrides=["pack.cells=4"]).contactors, reclose_current=4.0, feedback_delay=0.5)
MAY = Wish(True, False, "", True, True, True, False, 0.0, True, 0.0)
NOT = MAY._replace(permitted=False)
CLOSED, OPEN = Contactor(Phase.CLOSED, 0.0), Contactor(Phase.OPEN, 0.0, closings=(-5.0,))
SIGHT = Sight(1.0, 0.0, -10.0, False, False)  # it was closed after the fault: for a charger


def seen(contactor: Contactor, charge: Wish, load: Wish, **more: object) -> Joined:
    return joined(contactor, charge, load, SIGHT._replace(**more), RULES)  # type: ignore[arg-type]


@pytest.mark.parametrize(("now", "lets_in"), [(nextafter(600.0, 0.0), False), (600.0, True)])
def test_after_ten_minutes_the_next_charger_is_let_in(now: float, lets_in: bool) -> None:
    empty = NOT._replace(gap=5.0)
    assert seen(OPEN, MAY, empty, now=now, charger=True).wish.permitted is lets_in
    assert not seen(OPEN, MAY, empty, now=now).wish.permitted
    assert seen(OPEN, MAY, empty, now=1.0, charger=True, person=True).wish.permitted


@pytest.mark.parametrize(("now", "patient"), [(nextafter(60.0, 0.0), True), (60.0, False)])
def test_a_charger_has_a_minute_to_be_seen(now: float, patient: bool) -> None:
    empty = NOT._replace(feedback=True)
    assert seen(CLOSED, MAY, empty, now=now, mean=-2.0).wish.permitted is patient
    assert not seen(CLOSED, MAY, empty, now=now, mean=-4.0).wish.permitted
    assert seen(CLOSED, MAY, empty, now=now, mean=-LEAK).wish.permitted is patient
    assert seen(CLOSED, MAY, empty, now=now, mean=nextafter(-LEAK, 0.0)).wish.permitted


@pytest.mark.parametrize(("closed", "lent"), [(-10.0, False), (nextafter(-10.0, 0.0), True)])
def test_what_was_closed_before_the_fault_was_not_closed_for_a_charger(closed: float, lent: bool) -> None:
    assert seen(CLOSED._replace(since=closed), MAY, NOT._replace(feedback=True)).lent is lent


@pytest.mark.parametrize(("now", "opens"), [(nextafter(0.5, 0.0), False), (0.5, True)])
def test_a_loop_that_stays_open_has_opened_it(now: float, opens: bool) -> None:
    found = seen(CLOSED, NOT, MAY, now=now).wish
    assert (found.permitted, found.cause) == (not opens, "opened by a permission loop" * opens)
    assert seen(CLOSED, MAY, MAY, now=now).wish.permitted
    assert seen(CLOSED._replace(since=100.0), NOT, MAY, now=100.4).wish.permitted


@pytest.mark.parametrize("gap", [SAME_BUS, nextafter(SAME_BUS, 1.0)])
def test_a_bus_as_high_as_the_battery_charges_it_when_it_is_let_in(gap: float) -> None:
    assert seen(OPEN, NOT, MAY._replace(gap=gap)).wish.permitted is (gap > SAME_BUS)


@pytest.mark.parametrize("gap", [-SAME_BUS, nextafter(-SAME_BUS, -1.0)])
def test_a_charger_is_there_when_the_bus_is_above_the_battery(gap: float) -> None:
    assert seen(OPEN, MAY, NOT._replace(gap=gap), now=700.0).wish.permitted is (gap < -SAME_BUS)


def test_a_bus_above_the_battery_needs_no_charging_first() -> None:
    found = seen(OPEN, MAY, NOT._replace(gap=-1.0, calm=False), now=700.0).wish
    assert (found.gap, found.calm) == (0.0, True)
    found = seen(OPEN, MAY, MAY._replace(gap=1.0, calm=False)).wish
    assert (found.gap, found.calm) == (1.0, False)


def test_a_charger_gets_time_to_stop_only_while_loads_may_have_the_battery() -> None:
    full = NOT._replace(grace=3.0)
    assert seen(CLOSED, full, MAY).wish.grace == 3.0
    assert seen(CLOSED, full, NOT).wish.grace == 0.0


def test_both_loops_must_be_closed_for_what_is_permitted() -> None:
    down = MAY._replace(powered=False)
    assert seen(CLOSED, MAY, MAY).wish.powered
    assert not seen(CLOSED, down, MAY).wish.powered
    assert not seen(CLOSED, MAY, down).wish.powered
    assert seen(CLOSED, NOT._replace(powered=False), MAY).wish.powered


def test_the_cause_is_that_of_the_direction_in_which_current_flows() -> None:
    full, empty = NOT._replace(cause="full"), NOT._replace(cause="empty", feedback=True)
    charging, loaded = MAY._replace(current=5.0, feedback=True), MAY._replace(current=-5.0)
    assert seen(CLOSED, full, charging).wish.cause == "full"
    assert seen(CLOSED, full, charging).charge
    assert seen(OPEN, full, charging).wish.cause == "full; a charger holds the bus up"
    both = seen(CLOSED, full, empty._replace(current=5.0))
    assert (both.wish.cause, both.charge) == ("empty", False)
    assert seen(CLOSED, full, NOT._replace(current=5.0)).wish.cause == "full"
    assert seen(CLOSED, loaded, empty._replace(current=-5.0), forbidden=1.0).wish.cause == "empty"
    assert seen(OPEN, MAY, empty).wish.cause == "empty; waiting for a charger"
    assert seen(OPEN, full, empty).wish.cause == "empty"
