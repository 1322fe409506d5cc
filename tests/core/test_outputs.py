"""The six outputs and the panel: roles, staging, overrides, and why."""

import pytest
from tests.strategies import Rig, four, make

from tbms.core.manage.outputs import Setting, decide
from tbms.model.action import Buzzer, Led
from tbms.model.command import Command, CommandKind
from tbms.model.event import EventKind

CHARGER, LOAD, ALARM, GENERAL = range(4)


def set_output(target: int | None, value: str, until: float | None = None, who: str = "Ann") -> Command:
    return Command(CommandKind.OUTPUT, target, value, who, until=until)


def test_chargers_and_loads_are_on_when_their_contactor_is_closed() -> None:
    rig = Rig()
    rig.run(0.9)
    assert rig.done().outputs == (False,) * 6
    rig.run(1)
    assert rig.done().outputs == (True, True, False, False, False, False)


def test_the_limit_ring_stops_chargers_and_leaves_the_contactor() -> None:
    rig = Rig().ready()
    rig.cells[1] = 3.61
    rig.run(2.0)
    assert rig.done().outputs[CHARGER]
    events = rig.tick()
    assert not rig.done().outputs[CHARGER]
    assert rig.done().charge_contactor
    told = next(e for e in events if e.kind is EventKind.OUTPUT)
    assert (told.key, told.value, told.cause) == ("output_1", "off", "cell 2 3.61 V > 3.60 V for 2.0 s")


def test_the_limit_ring_sheds_loads_and_leaves_the_contactor() -> None:
    rig = Rig().ready()
    rig.cells[1] = 2.89
    rig.run(5.2)
    assert not rig.done().outputs[LOAD]
    assert rig.done().load_contactor
    assert rig.done().outputs[CHARGER]


def test_the_warning_ring_switches_nothing() -> None:
    rig = Rig().ready()
    rig.cells[1] = 3.56
    rig.run(6)
    assert rig.faults() == {"cell_overvoltage:2 warn"}
    assert rig.done().outputs[CHARGER]
    assert (rig.done().led, rig.done().buzzer) == (Led.WARNING, Buzzer.WARNING)


def test_an_alarm_output_follows_what_forbids() -> None:
    rig = Rig().ready()
    rig.cells[1] = 3.66
    rig.run(1.1)
    assert rig.done().outputs[ALARM]


@pytest.mark.parametrize("target", [CHARGER + 1, LOAD + 1])
def test_an_override_never_widens(target: int) -> None:
    rig = Rig().ready()
    rig.tick(set_output(target, "on"))
    assert rig.done().outputs[target - 1]
    rig.tick(Command(CommandKind.STOP))
    assert not rig.done().outputs[target - 1]


def test_an_override_ends_by_itself() -> None:
    rig = Rig().ready()
    rig.tick(set_output(GENERAL + 1, "on", rig.time + 2.0))
    assert rig.done().outputs[GENERAL]
    rig.run(1.8)
    assert rig.done().outputs[GENERAL]
    rig.run(0.3)
    assert not rig.done().outputs[GENERAL]


def test_an_override_without_an_end_lasts_an_hour() -> None:
    rig = Rig().ready()
    rig.tick(set_output(GENERAL + 1, "on", who=""))
    rig.run(3590, dt=10.0)
    assert rig.done().outputs[GENERAL]
    rig.run(20, dt=10.0)
    assert not rig.done().outputs[GENERAL]


def test_auto_gives_an_output_back_to_its_role() -> None:
    rig = Rig().ready()
    rig.tick(set_output(CHARGER + 1, "off"))
    assert not rig.done().outputs[CHARGER]
    rig.tick(set_output(CHARGER + 1, "auto"))
    assert rig.done().outputs[CHARGER]


@pytest.mark.parametrize(("target", "value"), [(0, "on"), (7, "on"), (None, "on"), (1, "up"), (1, "")])
def test_an_impossible_override_is_refused_in_words(target: int | None, value: str) -> None:
    rig = Rig().ready()
    before = rig.done()
    events = rig.tick(set_output(target, value))
    assert events[0].cause.startswith("Ann: refused")
    assert rig.done() is before


def test_an_unused_output_stays_off() -> None:
    rig = Rig(make("pack.cells=4", "pack.capacity=100")).ready()
    rig.tick(set_output(1, "on"))
    assert rig.done().outputs == (False,) * 6


NOW = Setting(True, True, False, "", "")


@pytest.mark.parametrize("role", ["charger_enable", "load", "alarm", "general", "unused"])
def test_every_decision_has_a_cause(role: str) -> None:
    from tbms.core.manage.outputs import Override
    from tbms.settings.compiled import OutputRole

    output = OutputRole("x", role, False, 2.0)
    for override in (None, Override(True, 9.0, "Ann"), Override(False, 9.0, "")):
        for now in (
            NOW,
            NOW._replace(charge=False, discharge=False, alarm=True, charge_cause="a", discharge_cause="b"),
        ):
            assert decide(output, override, now)[1]


def test_the_panel_tells_how_it_stands() -> None:
    rig = Rig(four())
    rig.tick()
    assert rig.done().led is Led.OPEN
    rig.ready()
    assert (rig.done().led, rig.done().buzzer) == (Led.OK, Buzzer.SILENT)
    rig.cells[0] = 3.66
    rig.run(1.1)
    assert (rig.done().led, rig.done().buzzer) == (Led.ALARM, Buzzer.ALARM)


def test_acknowledging_silences_until_something_new_comes() -> None:
    rig = Rig().ready()
    rig.cells[0] = 3.66
    rig.run(6)
    rig.tick(Command(CommandKind.ACKNOWLEDGE))
    assert rig.done().buzzer is Buzzer.SILENT
    assert rig.done().led is Led.ALARM
    rig.cells[1] = 3.66
    rig.run(1.1)
    assert rig.done().buzzer is Buzzer.ALARM


def test_quiet_steps_keep_their_objects() -> None:
    rig = Rig().ready()
    before = rig.state
    rig.tick()
    for name in ("watches", "verdict", "charge", "load", "actions", "overrides"):
        assert getattr(rig.state, name) is getattr(before, name), name


def test_a_limit_whose_cut_opens_a_contactor_is_a_pre_alarm() -> None:
    rig = Rig().ready()
    rig.cells[0] = 3.61
    rig.run(2.2)
    assert rig.faults() == {"cell_overvoltage:1 limit"}
    assert (rig.done().led, rig.done().buzzer) == (Led.PRE_ALARM, Buzzer.PRE_ALARM)
    rig.tick(Command(CommandKind.ACKNOWLEDGE))
    assert (rig.done().led, rig.done().buzzer) == (Led.PRE_ALARM, Buzzer.SILENT)
    only_told = Rig().ready()
    only_told.temperatures[0] = 31.0
    only_told.run(61)
    assert only_told.faults() >= {"temperature_spread limit"}
    assert (only_told.done().led, only_told.done().buzzer) == (Led.WARNING, Buzzer.WARNING)


BACKUP = four("outputs[6].role=backup")


def backup(rig: Rig) -> bool:
    return rig.done().outputs[5]


def test_a_backup_battery_is_connected_before_the_loads_are_cut_off() -> None:
    rig = Rig(BACKUP)
    rig.tick()
    assert backup(rig), "nothing supplies the loads yet"
    rig.ready()
    rig.run(1)
    assert not backup(rig)
    rig.cells = [2.89] * 4
    rig.run(5.2)
    assert rig.done().load_contactor, "the limit only asks the loads to stop"
    assert backup(rig)
    rig.cells = [2.59] * 4
    rig.run(3)
    assert not rig.done().load_contactor
    assert backup(rig)
    assert next(e.cause for e in reversed(rig.events) if e.key == "output_6") == "cell 1 2.89 V < 2.90 V for 5.0 s"


def test_a_stop_connects_nothing_and_a_lost_master_connects_the_backup() -> None:
    rig = Rig(BACKUP).ready()
    rig.tick(Command(CommandKind.STOP, who="Ann"))
    rig.run(3)
    assert not backup(rig)
    assert [output.safe for output in BACKUP.outputs] == [False, False, True, False, False, True]


def test_nobody_keeps_the_backup_off_while_it_is_needed() -> None:
    rig = Rig(BACKUP).ready()
    rig.cells = [2.59] * 4
    rig.run(6)
    assert backup(rig)
    rig.tick(Command(CommandKind.OUTPUT, 6, "off", "Ann"))
    assert not backup(rig), "but for a person by hand"
