"""A boat with one bus: chargers and loads behind one contactor, the master behind its serial bus, in virtual time."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.simulator.afloat import Afloat
from tests.simulator.provoked import COMMON, guard, own_guard

from tbms.core.measure.flow import LEAK
from tbms.model.event import Phase
from tbms.model.fault import Ring
from tbms.model.snapshot import ContactorPhase
from tbms.settings import load

FULL_VOLTS = 3.7  # V of a cell: its cut-off and what one second adds, short of the guard's 3.75 V
SEEN = 0.4  # s in which the master has seen a direction and the contactor has moved

Launch = Callable[..., Afloat]


@pytest.fixture
def launch(monkeypatch: pytest.MonkeyPatch) -> Launch:
    def made(*settings: str, **boat: Any) -> Afloat:
        return Afloat(load(None, [*COMMON, "contactors.bus=common", *settings]), monkeypatch, **boat)

    return made


def closed(boat: Afloat) -> bool:
    """The one contactor conducts."""
    return boat.world.load_contactor.closed


def moves(boat: Afloat) -> int:
    """How often it has closed so far."""
    return boat.world.load_contactor.operations


def dumped(boat: Afloat) -> list[float]:
    """Peaks of the load dumps so far, V."""
    return [mark.value for mark in boat.world.marks if mark.what == "load_dump"]


def phase(boat: Afloat) -> ContactorPhase:
    assert boat.log.shown is not None
    return boat.log.shown.load_contactor.phase


def full(launch: Launch, charger: str, more: float = 0.007) -> Afloat:
    """A cell that runs away from the others under a charger that does not know when to end."""
    boat = launch(soc=0.995).sail()
    boat.befall("soc_shift", 8, more)
    boat.befall("charger_overvoltage", charger, 6.0)
    return boat


def empty(launch: Launch, *settings: str) -> Afloat:
    """Cut off for undervoltage: open, and stays so."""
    early = "contactors.reclose_voltage=2.9", "protect.cell_undervoltage.release=2.9", "contactors.reclose_time=20"
    boat = launch(*early, "protect.cell_undervoltage.limit=2.8", *settings, soc=0.03, clock=0.0)
    boat.befall("load_power", "base", 6000.0)
    boat.sail()
    assert boat.until(lambda: not closed(boat), 400.0), boat.story
    boat.mend()
    boat.run(15.0)
    assert not closed(boat), boat.story
    assert boat.seen("load_contactor", Phase.CHANGED, value="opening", rule="cell_undervoltage")
    return boat


def test_an_alternator_that_obeys_is_stopped_at_the_limit_and_the_battery_stays_on(launch: Launch) -> None:
    boat = full(launch, "alternator")
    boat.world.engine = True
    assert boat.until(lambda: boat.world.current > 50.0, 20.0)
    assert boat.until(lambda: boat.seen("cell_overvoltage", Phase.CAME, ring=Ring.LIMIT), 120.0), boat.story
    assert boat.until(lambda: boat.world.current < LEAK, 1.0)
    boat.run(10.0)
    assert closed(boat)
    assert moves(boat) == 1
    assert dumped(boat) == []
    assert max(boat.world.pack.voltages) < FULL_VOLTS


def test_a_charger_that_does_not_obey_is_cut_off_and_when_it_has_gone_the_loads_come_back(launch: Launch) -> None:
    boat = full(launch, "shore", 0.012)
    boat.befall("ignores_stop", "shore")
    boat.world.shore = True
    assert boat.until(lambda: not closed(boat), 120.0), boat.story
    assert boat.seen("load_contactor", Phase.CHANGED, value="opening", rule="cell_overvoltage")
    assert max(boat.world.pack.voltages) < FULL_VOLTS
    boat.run(3.0)
    assert not closed(boat)
    assert boat.log.shown is not None
    assert "a charger holds the bus up" in boat.log.shown.load_contactor.cause
    assert boat.world.load_bus.voltage > boat.world.pack.voltage  # nobody sits in the dark: the charger feeds the loads
    boat.world.shore = False
    boat.befall("voltage_offset", 8, 0.3)  # still too high: not released, but nothing can charge
    assert boat.until(lambda: closed(boat), 20.0), boat.story
    boat.run(2.0)
    assert boat.world.current < 0.0
    assert boat.log.shown.may_charge is False


def test_too_cold_to_charge_is_no_reason_to_go_dark(launch: Launch) -> None:
    boat = launch().sail()
    boat.befall("ntc_drift", 3, -29.0)  # beyond the guards' limit, too
    assert boat.until(lambda: boat.seen("undertemperature_charge", Phase.CAME, ring=Ring.CUT), 15.0), boat.story
    boat.run(20.0)
    assert closed(boat)
    assert moves(boat) == 1
    assert not any(boat.outputs[:3])
    assert boat.outputs[3]
    boat.befall("ignores_stop", "shore")
    boat.world.shore = True
    assert boat.until(lambda: not closed(boat), 10.0), boat.story
    boat.run(20.0)
    assert moves(boat) == 1, "what charges in frost is not let in again"
    assert abs(boat.world.current) < LEAK
    boat.mend()
    assert boat.until(lambda: closed(boat) and boat.world.current > 20.0, 90.0), boat.story


def test_an_empty_battery_lets_a_charger_in_and_the_loads_when_it_has_recovered(launch: Launch) -> None:
    boat = empty(launch)
    assert all(boat.outputs[:3])  # chargers are wanted: they show themselves on the bus
    assert not boat.outputs[3]
    boat.world.shore = True
    assert boat.until(lambda: closed(boat), 15.0), boat.story
    assert boat.until(lambda: boat.world.current > 20.0, 10.0), boat.story
    boat.run(10.0)
    assert closed(boat)
    assert not boat.outputs[3]
    assert boat.log.shown is not None
    assert not boat.log.shown.may_discharge
    assert boat.until(lambda: boat.outputs[3], 300.0), boat.story
    assert moves(boat) == 2


def test_an_empty_battery_that_even_the_guards_hold_lets_a_charger_in(launch: Launch) -> None:
    boat = empty(launch)
    guard(undervoltage=3400)(boat)
    assert boat.until(lambda: boat.seen("permission_loop", Phase.CAME), 10.0), boat.story
    boat.world.shore = True
    assert boat.until(lambda: closed(boat) and boat.world.current > 20.0, 20.0), boat.story
    boat.run(20.0)
    assert closed(boat)
    boat.world.shore = False  # and out with it as soon as it gives less than is drawn
    assert boat.until(lambda: not closed(boat), 10.0), boat.story
    assert moves(boat) == 2


def test_a_charger_that_gives_less_than_is_drawn_is_tried_again_only_after_a_pause(launch: Launch) -> None:
    boat = empty(launch)
    boat.world.shore = True
    boat.befall("charger_current", "shore", -45.0)
    assert boat.until(lambda: moves(boat) == 2, 15.0), boat.story
    boat.befall("load_power", "base", 400.0)
    assert boat.until(lambda: not closed(boat), 90.0), boat.story
    boat.mend()
    boat.run(30.0)
    assert moves(boat) == 2, boat.story
    boat.press(3.3)
    assert boat.until(lambda: closed(boat) and boat.world.current > 20.0, 20.0), boat.story


def test_an_input_or_a_person_lets_in_a_charger_that_needs_the_battery_first(launch: Launch) -> None:
    boat = empty(launch)
    shore = next(each for each in boat.world.chargers if each.name == "shore")
    able, shore.source = shore.source, lambda time: able(time) if closed(boat) else 0.0
    boat.world.shore = True
    boat.run(15.0)
    assert not closed(boat), boat.story
    boat.press(3.3)
    assert boat.until(lambda: closed(boat), 6.0), boat.story
    assert boat.until(lambda: boat.world.current > 20.0, 10.0), boat.story


def test_a_master_killed_by_day_takes_the_chargers_with_it_and_leaves_the_loads(launch: Launch) -> None:
    boat = launch("contactors.load_hold=6").sail()
    boat.world.shore = True
    boat.run(5.0)
    assert boat.world.current > 20.0
    boat.kill()
    boat.run(0.5)
    assert not any(boat.outputs[:3])
    boat.run(5.2)
    assert closed(boat)
    assert moves(boat) == 1
    boat.run(0.7)
    assert not closed(boat)


def test_a_master_killed_under_a_charger_that_ignores_it_opens_after_three_seconds(launch: Launch) -> None:
    boat = launch().sail()
    boat.befall("ignores_stop", "shore")
    boat.world.shore = True
    boat.run(3.0)
    boat.kill()
    boat.run(2.9)
    assert closed(boat)
    boat.run(0.7)
    assert not closed(boat)
    boat.run(20.0)
    assert moves(boat) == 1


def test_the_guards_alone_open_it_for_a_charger_that_charges_on_and_not_for_loads(launch: Launch) -> None:
    boat = launch().sail()
    guard(overvoltage=3200)(boat)
    boat.run(10.0)  # by night
    assert closed(boat)
    own_guard(boat)
    assert boat.until(lambda: boat.log.shown is not None and boat.log.shown.may_charge, 10.0), boat.story
    boat.befall("ignores_stop", "shore")
    boat.world.shore = True
    assert boat.until(lambda: boat.world.current > 20.0, 10.0)
    guard(overvoltage=3200)(boat)
    assert boat.until(lambda: not closed(boat), 4.0), boat.story
    boat.run(10.0)
    assert moves(boat) == 1
    assert boat.seen("permission_loop", Phase.CAME), boat.story


def test_the_guards_alone_open_it_for_loads_and_not_for_a_charger(launch: Launch) -> None:
    boat = launch().sail()
    boat.world.shore = True
    assert boat.until(lambda: boat.world.current > 20.0, 10.0)
    guard(undervoltage=3500)(boat)
    boat.run(10.0)
    assert closed(boat)
    assert boat.seen("permission_loop", Phase.CAME), boat.story
    boat.world.shore = False
    assert boat.until(lambda: not closed(boat), 2.0), boat.story
    boat.run(10.0)
    assert moves(boat) == 1


def test_a_guard_opens_it_without_any_master(launch: Launch) -> None:
    boat = launch("contactors.load_hold=60").sail()
    boat.run(1.0)
    boat.kill()
    boat.run(5.0)
    assert closed(boat)
    guard(overvoltage=3200)(boat)
    boat.run(11.0)
    assert closed(boat)  # nothing charges
    boat.run(2.0)
    assert not closed(boat)  # but it does not end either


def test_a_node_that_resets_opens_it_at_once_and_all_comes_back(launch: Launch) -> None:
    boat = launch().sail()
    boat.world.shore = True
    boat.run(3.0)
    boat.befall("node_reset", 2, duration=0.05)
    boat.run(0.15)
    assert not closed(boat)
    assert boat.until(lambda: closed(boat), 15.0), boat.story
    assert boat.until(lambda: boat.world.current > 20.0, 10.0)


def test_it_welds_and_everything_is_asked_to_stop(launch: Launch) -> None:
    boat = launch().sail()
    boat.world.shore = True
    boat.run(3.0)
    boat.befall("contactor_welded", "load")
    boat.befall("ignores_stop", "shore")
    boat.log.asked.append({"kind": "stop", "who": "Anna"})
    assert boat.until(lambda: boat.seen("weld", Phase.CAME, ring=Ring.CUT), 6.0), boat.story
    assert boat.until(lambda: boat.seen("contactor_feedback", Phase.CAME), 6.0), boat.story
    assert "main contactor" in boat.seen("weld", Phase.CAME)[0].cause
    assert len(boat.seen("contactor_feedback", Phase.CAME)) == 1
    assert not any(boat.outputs[:4])


def test_a_short_on_the_bus_ends_in_a_latch_and_a_person_closes(launch: Launch) -> None:
    boat = launch("contactors.pre_charge_lockout=1")
    boat.befall("bus_short", "load")
    assert boat.until(lambda: boat.seen("pre_charge", Phase.CAME), 25.0), boat.story
    boat.run(0.3)
    assert phase(boat) is ContactorPhase.LATCHED
    assert moves(boat) == 0
    boat.mend()
    boat.press(3.3)
    assert boat.until(lambda: closed(boat), 10.0), boat.story
    assert boat.log.shown is not None
    assert boat.log.shown.may_charge


def test_the_emergency_stop_opens_it_and_only_a_person_closes(launch: Launch) -> None:
    boat = launch().sail()
    boat.world.emergency_stop = True
    boat.run(0.2)
    assert not closed(boat)
    boat.world.emergency_stop = False
    boat.run(8.0)
    assert not closed(boat)
    boat.press(3.3)
    assert boat.until(lambda: closed(boat), 10.0), boat.story


def test_an_empty_battery_sleeps_and_a_charger_wakes_it(launch: Launch) -> None:
    boat = launch("sleep.delay=5", "sleep.voltage=3.0", soc=0.02, clock=0.0)
    boat.befall("load_power", "base", 3000.0)
    boat.sail()
    assert boat.until(lambda: not closed(boat), 120.0), boat.story
    assert boat.until(lambda: not boat.alive, 700.0), boat.story
    boat.run(1.0)
    assert all(slot.node is None for slot in boat.yard.rig.slots)
    boat.mend()
    boat.befall("ignores_stop", "shore")  # one that no relay switches off
    boat.world.shore = True
    boat.run(3.0)
    assert boat.yard.rig.slots[0].node is not None
    boat.start()
    assert boat.until(lambda: closed(boat), 20.0), boat.story
    assert boat.until(lambda: boat.world.current > 5.0, 20.0), boat.story
