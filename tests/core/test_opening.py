"""Opening in order: who waits for the current to fall, who does not, and contactors that switch too often."""

from itertools import product

import pytest
from tests.strategies import Rig, came, four

from tbms.core.protect.contactors import FUSE_TIME, Contactor, Wish, advance
from tbms.model.command import Command, CommandKind
from tbms.model.snapshot import ContactorPhase as Phase
from tbms.settings import SettingsError, load

STOP = Command(CommandKind.STOP, who="Ann")
CLOSE = Command(CommandKind.CLOSE, who="Ann", local=True)


def test_a_torn_wire_gives_the_charger_time_to_stop() -> None:
    rig = Rig(current=40.0).ready()
    rig.cells[3] = 0.02
    rig.pack = 13.2
    rig.run(1)
    assert not rig.state.may_charge
    assert not rig.done().outputs[0]
    assert rig.done().charge_contactor
    assert rig.done().permit_charge
    assert rig.state.charge.cause == "cell 4 voltage unknown; waiting for the charger to stop"
    rig.current = 4.9
    rig.tick()
    assert not rig.done().charge_contactor
    assert not rig.done().permit_charge


def test_a_charger_that_does_not_stop_is_waited_for_three_seconds() -> None:
    rig = Rig(current=40.0).ready()
    rig.cells[3], rig.pack = 0.02, 13.2
    rig.run(3.0)
    assert rig.done().charge_contactor
    rig.tick()
    assert not rig.done().charge_contactor


@pytest.mark.parametrize("worse", ["cell", "stop", "unknown"])
def test_what_is_worse_does_not_wait(worse: str) -> None:
    rig = Rig(current=40.0).ready()
    rig.cells[3], rig.pack = 0.02, 13.2
    if worse == "cell":
        rig.cells[0] = 3.66
        rig.run(1.0)
        assert rig.done().charge_contactor
        rig.tick()
    elif worse == "stop":
        rig.tick(STOP)
    else:
        rig.current = None
        rig.tick()
    assert not rig.done().charge_contactor


def test_what_ends_while_it_waits_leaves_the_contactor_closed() -> None:
    charge = Contactor(Phase.CLOSED)
    asked = Wish(False, False, "no", True, True, False, True, None, True, 40.0, 3.0)
    waiting = advance(charge, asked, 10.0, 0.05, four().contactors)
    assert waiting.phase is Phase.CLOSED
    assert waiting.ending == 10.0
    assert advance(waiting, asked, 12.0, 0.05, four().contactors) is waiting
    again = advance(waiting, asked._replace(permitted=True), 12.0, 0.05, four().contactors)
    assert again.ending is None
    assert again.phase is Phase.CLOSED


def test_above_the_breaking_current_the_fuse_comes_first() -> None:
    rig = Rig(four("contactors.breaking_current=400")).ready()
    rig.current = -450.0
    rig.run(0.5)
    assert not rig.state.may_discharge
    assert rig.done().load_contactor
    assert "450 A is more than it can break" in rig.state.load.cause
    rig.run(FUSE_TIME - 0.3)
    assert rig.done().load_contactor
    rig.run(0.4)
    assert not rig.done().load_contactor
    blown = Rig(four("contactors.breaking_current=400")).ready()
    blown.current = -450.0
    blown.run(0.5)
    blown.current = 0.0
    blown.tick()
    assert not blown.done().load_contactor


def test_a_charger_for_another_voltage_is_not_connected() -> None:
    rig = Rig()
    rig.switches = {"charge_bus_voltage": 13.2 + 6.5}
    rig.run(3)
    assert rig.phase("charge") is Phase.OPEN
    assert rig.state.charge.cause == "charge bus 6 V above the pack"
    rig.switches = {"charge_bus_voltage": 13.2 + 6.3}
    rig.run(0.2)
    assert rig.done().charge_contactor
    for unmeasured in ({"charge_bus_voltage": None}, {"charge_bus_voltage": 0.0}):
        other = Rig()
        other.switches = unmeasured
        other.run(3)
        assert other.done().charge_contactor


def test_a_contactor_that_switches_too_often_waits_for_a_person() -> None:
    rig = Rig(four("contactors.closings=3", "contactors.reclose_delay=1")).ready()
    for _ in range(3):
        rig.cells[0] = 3.66
        rig.run(2)
        rig.cells[0] = 3.4
        rig.run(8)
    assert "contactor_cycling cut" in rig.faults()
    assert [e.cause for e in came(rig.events, "contactor_cycling")] == ["charge contactor switches too often"]
    assert rig.phase("charge") is Phase.LATCHED
    assert rig.done().load_contactor
    rig.tick(CLOSE)
    rig.run(5)
    assert rig.done().charge_contactor


def test_closings_are_forgotten_after_an_hour() -> None:
    rig = Rig(four("contactors.closings=3", "contactors.reclose_delay=1")).ready()
    for _ in range(5):
        rig.cells[0] = 3.66
        rig.run(2)
        rig.cells[0] = 3.4
        rig.run(8)
        rig.run(2000, dt=20.0)
    assert not came(rig.events, "contactor_cycling")


def test_a_bistable_contactor_needs_hardware_that_opens_it() -> None:
    with pytest.raises(SettingsError, match="bistable"):
        load(None, ["contactors.kind=bistable"])
    with pytest.raises(SettingsError, match="store_voltage is missing"):
        load(None, ["contactors.kind=bistable", "contactors.stored_energy=true"])
    assert load(None, BISTABLE).contactors.store_voltage == 20.0
    assert load(None, ["contactors.store_voltage=20"]).contactors.store_voltage is None


BISTABLE = ("contactors.kind=bistable", "contactors.stored_energy=true", "contactors.store_voltage=20")


@pytest.mark.parametrize(
    ("volts", "why"),
    [
        (19.9, "the store that opens the contactors has 19.9 V of 20 V"),
        (None, "the store that opens the contactors is not measured"),
    ],
)
def test_a_bistable_contactor_closes_only_where_what_opens_it_is_there(volts: float | None, why: str) -> None:
    rig = Rig(four(*BISTABLE), time=100.0)
    rig.switches = {"store_voltage": volts}
    rig.run(10)
    assert (rig.state.charge.phase, rig.state.load.phase) == (Phase.OPEN, Phase.OPEN)
    assert (rig.state.charge.cause, rig.state.load.cause) == (why, why)
    assert "opening_store" in {event.key for event in rig.events}
    rig.switches = {"store_voltage": 20.0}
    rig.run(10)
    assert (rig.state.charge.phase, rig.state.load.phase) == (Phase.CLOSED, Phase.CLOSED)
    rig.switches = {"store_voltage": volts}
    rig.run(60)
    assert (rig.state.charge.phase, rig.state.load.phase) == (Phase.CLOSED, Phase.CLOSED), "told, and nothing goes dark"
    assert rig.state.verdict.faults


TIMES = (0.0, 2.0, 3.0)
CURRENTS = (None, 0.0, 6.0, -6.0, 450.0, -450.0)


@pytest.mark.parametrize("phase", list(Phase))
def test_every_state_of_the_machine_under_every_input(phase: Phase) -> None:
    rules = four("contactors.breaking_current=400").contactors
    start = Contactor(phase, 0.0, "then", None, 5.0)
    flags = (False, True)
    for permitted, latched, live, powered, pre_charge, calm in product(flags, repeat=6):
        for feedback, gap, current, grace, now in product(
            (None, *flags), (None, 0.5, 9.0), CURRENTS, (0.0, 3.0), TIMES
        ):
            blocked = "bus" if gap == 9.0 else ""
            wish = Wish(
                *(permitted, latched, "no", live, powered, pre_charge, feedback, gap, calm, current, grace, blocked)
            )
            after = advance(start, wish, now, 0.05, rules)
            _sound(start, after, wish, now)


def _sound(before: Contactor, after: Contactor, wish: Wish, now: float) -> None:
    """What holds for every change of the machine."""
    closing = after.phase in (Phase.CLOSED, Phase.PRE_CHARGE) and after.phase is not before.phase
    if closing:
        assert wish.permitted
        assert before.phase in (Phase.OPEN, Phase.PRE_CHARGE)
    if after.phase is Phase.CLOSED and before.phase is Phase.OPEN:
        assert wish.powered
        assert not wish.blocked
        assert not (wish.pre_charge and wish.live)
    if after.phase is Phase.CLOSED and not wish.permitted:
        assert after.ending is not None
        assert now - after.ending < 3.0
        assert wish.live
        assert wish.current is not None
        assert abs(wish.current) >= 5.0
    if before.phase in (Phase.OPENING, Phase.LATCHED):
        assert after.phase not in (Phase.CLOSED, Phase.PRE_CHARGE)
    if after.phase is Phase.LATCHED and before.phase is not Phase.LATCHED:
        assert wish.latched
    assert after.cause


def test_nothing_is_closed_on_what_is_about_to_be_cut() -> None:
    rig = Rig()
    rig.cells = [2.55, 2.7, 2.7, 2.7]
    rig.run(1.4)
    assert rig.state.may_discharge, "the delay of the cut is not over"
    assert rig.phase("load") is Phase.OPEN
    assert rig.done().charge_contactor
    assert rig.state.load.cause == "not yet: cell 1 2.55 V < 2.60 V"
    rig.cells = [3.3] * 4
    rig.run(1.0)
    assert rig.done().load_contactor
    full = Rig()
    full.cells = [3.66, 3.3, 3.3, 3.3]
    full.run(1.05)
    assert full.state.may_charge
    assert not full.done().charge_contactor
    assert full.state.charge.cause == "not yet: cell 1 3.66 V > 3.65 V"


def test_a_pre_charge_ends_when_a_cut_begins_to_be_counted() -> None:
    rig = Rig()
    rig.switches = {"load_bus_voltage": 3.0}
    rig.run(1.5)
    assert rig.done().pre_charge
    rig.cells[0] = 2.5
    rig.switches = {}
    rig.tick()
    assert rig.state.may_discharge, "the delay of the cut is not over"
    assert not rig.done().pre_charge
    assert not rig.done().load_contactor
    assert rig.state.load.cause == "not yet: cell 1 2.50 V < 2.60 V"
    assert rig.state.load.tries == 0
    rig.cells[0] = 3.3
    rig.run(rig.settings.contactors.reclose_delay + 1.0)
    assert rig.done().load_contactor
