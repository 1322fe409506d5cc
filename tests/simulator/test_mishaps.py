"""What befalls a boat at sea, with the real delays: the master behind its serial bus, in virtual time."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.simulator.afloat import Afloat
from tests.simulator.provoked import COMMON, charges_through_the_load_side

from tbms.model.event import Phase
from tbms.model.fault import Ring
from tbms.model.snapshot import ContactorPhase
from tbms.settings import load
from tbms.slave.node import Node
from tbms.twin.world import SLEEP_POWER
from tbms.wire.registers import CONFIGURATION

CALM = 5.0  # A: a charge contactor opens no later than this, or after 3 s (degradation table)
QUIET = 1.0  # A: as good as nothing
FULL_VOLTS = 3.7  # V of a cell: its cut-off and what one second adds, short of the guard's 3.75 V

Launch = Callable[..., Afloat]


@pytest.fixture
def launch(monkeypatch: pytest.MonkeyPatch) -> Launch:
    def made(*settings: str, **boat: Any) -> Afloat:
        return Afloat(load(None, [*COMMON, *settings]), monkeypatch, **boat)

    return made


def dumped(boat: Afloat) -> list[float]:
    """Peaks of the load dumps so far, V."""
    return [mark.value for mark in boat.world.marks if mark.what == "load_dump"]


def opened_at(boat: Afloat, name: str = "charge") -> float:
    """Current through the contactor when it last opened, A."""
    return next(m.value for m in reversed(boat.world.marks) if (m.what, m.where) == ("opened", name))


def test_an_alternator_at_full_current_is_stopped_without_a_load_dump(launch: Launch) -> None:
    boat = launch(soc=0.995).sail()
    boat.befall("soc_shift", 8, 0.007)
    boat.world.engine = True
    boat.befall("charger_overvoltage", "alternator", 6.0)
    assert boat.until(lambda: boat.world.current > 50.0, 20.0)
    assert boat.until(lambda: boat.seen("cell_overvoltage", Phase.CAME, ring=Ring.LIMIT), 120.0), boat.story
    assert boat.world.current > 50.0
    assert boat.until(lambda: boat.world.current < QUIET, 1.0)
    boat.run(5.0)
    assert boat.contacts == (True, True)
    assert not boat.outputs[1]
    assert not boat.seen("cell_overvoltage", Phase.CAME, ring=Ring.CUT)
    assert dumped(boat) == []
    assert max(boat.world.pack.voltages) < FULL_VOLTS


def test_a_cell_jumps_over_its_cut_and_the_alternator_has_stopped_before_the_contactor_opens(launch: Launch) -> None:
    boat = launch().sail()
    boat.world.engine = True
    assert boat.until(lambda: boat.world.current > 50.0, 20.0)
    boat.befall("open_wire", 3)
    assert boat.until(lambda: not boat.contacts[0], 4.0), boat.story
    assert opened_at(boat) < CALM
    assert boat.contacts[1]
    assert dumped(boat) == []


def test_a_charger_that_ignores_its_stop_is_cut_off_and_the_loads_stay_on(launch: Launch) -> None:
    boat = launch(soc=0.995)
    boat.befall("soc_shift", 8, 0.012)
    boat.befall("ignores_stop", "shore")
    boat.befall("charger_overvoltage", "shore", 6.0)
    boat.world.shore = True
    boat.sail()
    assert boat.until(lambda: not boat.contacts[0], 120.0), boat.story
    stopped = boat.seen("output_3", Phase.CHANGED, value="off")
    assert stopped
    assert stopped[0].time < boat.seen("charge_contactor", Phase.CHANGED, value="opening")[0].time
    boat.run(2.0)
    assert boat.contacts == (False, True)
    assert max(boat.world.pack.voltages) < FULL_VOLTS
    assert boat.world.current < 0.0


def test_an_inverter_charger_on_the_load_side_is_stopped_then_cut_off(launch: Launch) -> None:
    boat = launch().sail()
    charges_through_the_load_side(boat)
    boat.run(2.0)
    boat.befall("voltage_offset", 3, 0.36)
    assert boat.until(lambda: not boat.contacts[0], 5.0), boat.story
    assert boat.world.current > 30.0
    assert boat.until(lambda: not boat.contacts[1], 6.0), boat.story
    assert boat.seen("load_contactor", Phase.CHANGED, value="opening", rule="charge_while_forbidden")
    boat.run(0.5)
    assert abs(boat.world.current) < QUIET


def test_a_node_that_resets_in_mid_charge_opens_both_at_once_and_all_comes_back(launch: Launch) -> None:
    boat = launch().sail()
    boat.world.shore = True
    boat.run(3.0)
    boat.befall("node_reset", 2, duration=0.05)
    boat.run(0.15)
    assert boat.contacts == (False, False)
    boat.run(0.35)
    assert not any(boat.outputs[:3])
    assert boat.seen("permission_loop", Phase.CAME), boat.story
    assert boat.until(lambda: boat.contacts == (True, True), 15.0), boat.story
    assert boat.until(lambda: boat.world.current > 30.0, 5.0)


def test_a_master_killed_while_closed_takes_its_chargers_with_it(launch: Launch) -> None:
    boat = launch("contactors.load_hold=4").sail()
    boat.world.shore = True
    boat.run(3.0)
    boat.kill()
    boat.run(0.5)
    assert not any(boat.outputs[:3])
    boat.run(2.0)
    assert boat.contacts == (False, True)
    assert opened_at(boat) < CALM
    boat.run(1.2)
    assert boat.contacts == (False, True)
    boat.run(1.0)
    assert boat.contacts == (False, False)


def test_a_master_killed_under_a_charger_that_ignores_it_opens_after_three_seconds(launch: Launch) -> None:
    boat = launch().sail()
    boat.befall("ignores_stop", "shore")
    boat.world.shore = True
    boat.run(3.0)
    boat.kill()
    boat.run(2.9)
    assert boat.contacts == (True, True)
    boat.run(0.7)
    assert boat.contacts == (False, True)


def test_a_master_that_restarts_in_the_middle_of_a_fault_closes_nothing_on_it(launch: Launch) -> None:
    boat = launch().sail()
    boat.befall("ntc_drift", 3, 31.0)
    assert boat.until(lambda: not boat.contacts[0], 12.0), boat.story
    boat.kill()
    boat.run(1.0)
    boat.log.events.clear()
    boat.start()
    assert boat.until(lambda: boat.contacts[1], 6.0), boat.story
    for _ in range(80):
        boat.run(0.1)
        assert not boat.contacts[0]
    assert boat.seen("overtemperature_charge", Phase.CAME, ring=Ring.CUT)
    boat.mend()
    assert boat.until(lambda: boat.contacts == (True, True), 90.0), boat.story


def test_a_latch_stands_over_a_restart(launch: Launch) -> None:
    boat = launch().sail()
    boat.world.emergency_stop = True
    boat.run(1.0)
    boat.kill()
    boat.world.emergency_stop = False
    boat.start()
    boat.run(8.0)
    assert boat.contacts == (False, False)
    assert boat.log.shown is not None
    assert boat.log.shown.load_contactor.phase is ContactorPhase.LATCHED
    boat.press(3.3)
    assert boat.until(lambda: boat.contacts == (True, True), 10.0), boat.story


@pytest.mark.parametrize("lasts", [0.001, 0.01, 0.1, 0.5, 2.0])
def test_after_a_dip_of_the_boards_supply_all_is_open_or_as_it_was_and_comes_back(launch: Launch, lasts: float) -> None:
    boat = launch().sail()
    boat.yard.step = 0.001
    boat.befall("supply_dip", 1, 12.0, duration=lasts)
    boat.run(lasts + 0.05)
    boat.yard.step = 0.02
    boat.run(0.05)
    assert boat.contacts == (
        False,
        False,
    )  # every controller has begun anew: without its configuration it permits nothing
    assert not any(boat.outputs)
    assert boat.until(lambda: boat.contacts == (True, True), 20.0), boat.story
    told = {event.key for event in boat.log.events}
    assert told & {"permission_loop", "node_lost", "sample_age", "contactor_feedback"}, boat.story


@pytest.mark.parametrize("lasts", [0.001, 0.01, 0.1, 0.5, 2.0])
def test_a_dip_that_the_boards_survive_opens_nothing(launch: Launch, lasts: float) -> None:
    boat = launch().sail()
    boat.befall("supply_dip", 1, 2.8, duration=lasts)
    for _ in range(25):
        boat.run(0.1)
        assert boat.contacts == (True, True)
    assert bool(boat.seen("supply", Phase.CAME, ring=Ring.CUT)) is (lasts >= 0.5)


def test_one_temperature_sensor_lost_at_sea_charges_gently_and_says_so(launch: Launch) -> None:
    boat = launch().sail()
    boat.befall("ntc_open", 2)
    boat.run(5.0)
    assert boat.contacts == (True, True)
    assert boat.seen("invalid_temperature", Phase.CAME, cell=2)
    assert boat.log.shown is not None
    assert boat.log.shown.charging is not None
    assert boat.log.shown.charging.ccl <= 0.2 * boat.settings.capacity


def test_an_empty_battery_sleeps_down_to_its_boards_and_a_charger_wakes_it(launch: Launch) -> None:
    boat = launch("sleep.delay=5", "sleep.voltage=3.0", soc=0.02, clock=0.0)
    boat.befall("load_power", "base", 3000.0)
    boat.sail()
    assert boat.until(lambda: not boat.contacts[1], 120.0), boat.story
    assert boat.until(lambda: not boat.alive, 400.0), boat.story
    boat.run(900.0)
    assert all(slot.node is None for slot in boat.yard.rig.slots)
    assert boat.contacts == (False, False)
    boat.mend()
    boat.befall("ignores_stop", "shore")  # one that no relay switches off
    boat.world.shore = True
    boat.run(3.0)
    assert boat.yard.rig.slots[0].node is not None
    boat.start()  # the base board has switched its computer on
    assert boat.until(lambda: boat.contacts[0], 20.0), boat.story
    assert boat.until(lambda: boat.world.current > 5.0, 20.0), boat.story
    counters = boat.log.shown.counters if boat.log.shown else None
    assert counters is not None
    assert counters.own_asleep == pytest.approx(SLEEP_POWER, rel=0.25), "what they drew meanwhile is known"


def test_a_node_that_keeps_other_limits_than_it_was_given_takes_no_part(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written is read back: accepting it is not enough."""
    boat = launch()
    node = boat.yard.rig.slots[1].node
    assert isinstance(node, Node)
    limits, accept = node.limits, node.limits.accept

    def forgetful(image: bytes) -> bool:
        taken = accept(image)
        kept = bytearray(limits.image)
        kept[CONFIGURATION.places["overvoltage"][0]] ^= 0x01
        limits.image = bytes(kept)
        return taken

    monkeypatch.setattr(limits, "accept", forgetful)
    boat.run(8.0)
    assert boat.contacts == (False, False)
    assert "node 2 does not give back the configuration written to it" in boat.plant.nodes.problems
