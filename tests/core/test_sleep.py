"""Deep discharge: when everything falls asleep, what wakes it, and what only an installer may lift."""

import pytest
from tests.strategies import Rig, four

from tbms.core.sleep import DRAIN
from tbms.model.action import Actions
from tbms.model.command import Command, CommandKind
from tbms.model.event import Event, EventKind
from tbms.settings import SettingsError, load

SETTINGS = four("sleep.delay=60", "sleep.wake_hours=0.2")
ASLEEP = Actions(sleep=12)


def drained(settings=SETTINGS) -> Rig:  # type: ignore[no-untyped-def]
    """A battery whose loads were cut off at 2.55 V; the charge contactor is closed, no charger is there."""
    rig = Rig(settings).ready()
    rig.cells = [2.55, 2.7, 2.7, 2.7]
    rig.run(3)
    assert not rig.done().load_contactor
    assert rig.done().charge_contactor
    return rig


def asleep(rig: Rig) -> bool:
    return rig.state.rest.asleep


def slept(rig: Rig) -> list[Event]:
    return [e for e in rig.events if e.kind is EventKind.SYSTEM and e.key == "sleep"]


def sleeping() -> Rig:
    """Asleep, with a drained charge bus."""
    rig = drained()
    rig.run(62, 1.0)
    rig.switches["charge_bus_voltage"] = 0.0
    rig.run(2, 1.0)
    assert rig.done() == ASLEEP
    return rig


def test_it_sleeps_once_the_loads_are_off_and_a_cell_has_been_low_for_long() -> None:
    rig = drained()
    rig.run(56, 1.0)
    assert not asleep(rig)
    assert rig.done().charge_contactor
    rig.run(5, 1.0)
    assert asleep(rig)
    assert not rig.done().charge_contactor
    assert not rig.done().permit_charge
    assert rig.done().sleep == 0, "the bus still bears the battery's own voltage, which would wake the boards"
    rig.switches["charge_bus_voltage"] = 0.4 * 10.65
    rig.run(2, 1.0)
    assert rig.done() == ASLEEP
    assert "both contactors are open: cell 1 2.55 V < 2.80 V with the loads cut off for 1 min" in slept(rig)[0].cause
    assert rig.state.charge.cause == "asleep: the battery is nearly empty, and a charger wakes it"


@pytest.mark.parametrize("awake", ["charged", "button", "rebound", "off", "unknown", "loads"])
def test_what_keeps_it_awake(awake: str) -> None:
    rig = drained(four("sleep.delay=60", "sleep.voltage=off") if awake == "off" else SETTINGS)
    if awake == "charged":
        rig.current = 0.3
    elif awake == "button":
        rig.switches["button"] = True
    elif awake == "rebound":
        rig.cells = [2.81] * 4
    elif awake == "unknown":
        rig.cells = [None] * 4
        rig.pack = None
    elif awake == "loads":
        rig.switches["load_contactor"] = True  # welded: they go on drawing
        rig.cells = [2.9] * 4
    rig.run(300, 1.0)
    assert not slept(rig)
    assert not asleep(rig)


def test_a_charger_that_may_not_charge_now_keeps_it_awake() -> None:
    rig = drained()
    rig.temperatures = [-10.0] * 4
    rig.run(20)
    assert not rig.done().charge_contactor
    rig.run(300, 1.0)
    assert not slept(rig)
    rig.switches["charge_bus_voltage"] = 0.0
    rig.run(70, 1.0)
    assert rig.done() == ASLEEP


@pytest.mark.parametrize("call", ["charger", "button", "input", "time"])
def test_what_wakes_it(call: str) -> None:
    rig = sleeping()
    words = {"charger": "a charger has come", "button": "the reset button", "time": "time to look at the battery"}
    words["input"] = "input 4 is on"
    if call == "charger":
        rig.switches["charge_bus_voltage"] = 14.0
    elif call == "button":
        rig.switches["button"] = True
    elif call == "input":
        rig.switches["inputs"] = (False, False, False, True)
    else:
        rig.run(700, 1.0)
        assert asleep(rig)
        rig.run(20, 1.0)
    rig.tick(dt=1.0)
    assert not asleep(rig)
    assert slept(rig)[-1].cause == f"awake: {words[call]}"
    rig.run(10)
    assert rig.done().charge_contactor
    assert not rig.done().load_contactor


def test_a_bus_that_does_not_drain_is_fed_by_a_charger() -> None:
    rig = drained()
    rig.run(62, 1.0)
    assert asleep(rig)
    rig.run(DRAIN - 10.0, 1.0)
    assert asleep(rig)
    assert rig.done().sleep == 0
    rig.run(20, 1.0)
    assert not asleep(rig)


def test_recorded_data_have_nothing_that_could_sleep() -> None:
    rig = Rig(SETTINGS, live=False)
    rig.cells = [2.5] * 4
    rig.run(300, 1.0)
    assert not slept(rig)


def press(rig: Rig, seconds: float, stop: bool = True) -> None:
    """Hold the button under a pressed emergency stop, then let go of both."""
    rig.switches |= {"button": True, "emergency_stop": stop}
    rig.run(seconds)
    rig.switches |= {"button": False, "emergency_stop": False}
    rig.run(1)


def harmed() -> Rig:
    rig = Rig().ready()
    rig.cells[1] = 1.99
    rig.run(59.9)
    assert rig.done().charge_contactor, "undervoltage never forbids charging"
    rig.run(0.3)
    assert not rig.done().charge_contactor
    assert rig.faults() >= {"cell_damaged:2 cut"}
    return rig


def test_a_harmed_cell_is_lifted_by_an_installer_only_and_only_when_it_is_well() -> None:
    rig = harmed()
    press(rig, 10.5)
    assert "cell_damaged:2 cut" in rig.faults(), "it is still below"
    rig.cells[1] = 3.3
    rig.tick(Command(CommandKind.CLOSE, who="Ann", local=True))
    press(rig, 5.0, stop=False)
    press(rig, 9.0)
    press(rig, 12.0, stop=False)
    rig.run(30)
    assert "cell_damaged:2 cut" in rig.faults()
    assert not rig.done().charge_contactor
    press(rig, 10.5)
    assert "cell_damaged:2 cut" not in rig.faults()
    assert any(e.cause == "cell 2: cleared by an installer at the panel" for e in rig.events)
    press(rig, 4.0, stop=False)
    rig.run(10)
    assert rig.done().charge_contactor


def test_a_long_press_under_the_stop_asks_twice_at_most() -> None:
    rig = Rig().ready()
    press(rig, 30.0)
    assert [e.key for e in rig.events if e.kind is EventKind.COMMAND] == ["close", "close"]


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("protect.cell_damaged.cut=2.5", "must be below protect.cell_undervoltage.afe (2.4 V)"),
        ("protect.cell_undervoltage.afe=1.9", "must be above protect.cell_damaged.cut (2 V)"),
        ("sleep.voltage=1.9", "must be above protect.cell_damaged.cut (2 V) and below 3.2 V, where loads come back"),
        ("sleep.voltage=3.2", "must be above protect.cell_damaged.cut (2 V) and below 3.2 V, where loads come back"),
    ],
)
def test_undervoltage_sleep_and_damage_come_in_order(override: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(overrides=[override])
    assert sentence in str(refused.value)


def test_without_a_cut_of_undervoltage_it_sleeps_where_the_owner_says() -> None:
    none = [f"protect.cell_undervoltage.{rung}=off" for rung in ("warn", "limit", "cut", "guard", "afe")]
    assert load(overrides=none).sleep.voltage is None
    assert load(overrides=[*none, "protect.cell_damaged.cut=off", "sleep.voltage=2.7"]).sleep.voltage == 2.7
