"""The state as pages and programs see it."""

from math import inf

import pytest
from tests.strategies import Rig, four, make

from tbms.core.snapshot import snapshot
from tbms.model.command import Command, CommandKind
from tbms.model.fault import Ring
from tbms.model.snapshot import Activity, ContactorPhase, LoopSnapshot, Snapshot

LOOP = LoopSnapshot(0.1, 10, 0, 0.001, 0.2)


def shown(rig: Rig, simulated: bool = False, speed: float = 1.0) -> Snapshot:
    return snapshot(rig.state, rig.sample(), rig.done(), rig.settings, LOOP, simulated, speed)


def test_before_the_first_sample_nothing_is_known() -> None:
    told = shown(Rig())
    assert (told.voltage, told.current, told.lowest, told.stale) == (None, None, None, None)
    assert [cell.voltage for cell in told.cell] == [None] * 4
    assert [cell.temperature for cell in told.cell] == [None] * 4


def test_a_battery_at_work() -> None:
    rig = Rig(current=-10.0).ready()
    rig.cells = [3.3, 3.31, 3.29, 3.3]
    rig.tick()
    told = shown(rig, simulated=True, speed=60.0)
    assert told.activity is Activity.DISCHARGING
    assert told.voltage == pytest.approx(13.2)
    assert told.power == pytest.approx(-132.0)
    assert (told.lowest, told.highest) == (3, 2)
    assert told.spread == pytest.approx(0.02)
    assert told.stale == 0.0
    assert told.time_to_full is None
    assert told.time_to_empty == pytest.approx(rig.state.soc * 100 / 10 * 3600)
    assert told.cell_band == (2.6, 3.0, 3.55, 3.65)
    assert (told.simulated, told.speed, told.loop) == (True, 60.0, LOOP)
    assert told.load_contactor.phase is ContactorPhase.CLOSED
    assert told.load_contactor.feedback is True
    assert told.charge_contactor.feedback is True
    assert [output.on for output in told.outputs[:2]] == [True, True]
    assert told.outputs[0].feedback is True
    assert told.outputs[0].cause == "charging allowed"
    assert told.nodes[0].age == 0.03
    assert told.soc == rig.state.soc


@pytest.mark.parametrize(
    ("current", "activity"), [(0.1, Activity.RESTING), (5.0, Activity.CHARGING), (None, Activity.UNKNOWN)]
)
def test_what_the_battery_is_doing(current: float | None, activity: Activity) -> None:
    rig = Rig().ready()
    rig.current = current
    rig.run(60, dt=1.0)
    told = shown(rig)
    assert told.activity is activity
    assert (told.time_to_full is None) is (activity is not Activity.CHARGING)
    assert (told.power is None) is (current is None)


def test_open_contactors_disconnect() -> None:
    rig = Rig().ready()
    rig.tick(Command(CommandKind.STOP))
    assert shown(rig).activity is Activity.DISCONNECTED
    assert not shown(rig).may_charge


def test_a_cell_shows_its_deepest_ring() -> None:
    rig = Rig().ready()
    rig.cells = [3.66, 3.56, 3.3, 3.61]
    rig.run(6)
    assert [cell.ring for cell in shown(rig).cell] == [Ring.CUT, Ring.WARN, None, Ring.LIMIT]


def test_two_faults_of_a_cell_show_the_deeper() -> None:
    rig = Rig().ready()
    rig.cells[1], rig.temperatures[1] = 3.66, 43.0
    rig.run(12)
    assert shown(rig).cell[1].ring is Ring.CUT


def test_a_missing_cell_leaves_the_pack_voltage() -> None:
    rig = Rig().ready()
    rig.cells[0], rig.pack = None, 13.25
    rig.tick()
    told = shown(rig)
    assert told.voltage == 13.25
    assert told.cell[0].voltage is None
    assert told.lowest == 2


def test_no_cell_at_all() -> None:
    rig = Rig().ready()
    rig.cells, rig.pack = [None] * 4, None
    rig.run(2)
    told = shown(rig)
    assert (told.voltage, told.power, told.lowest, told.spread) == (None, None, None, None)
    assert told.stale == pytest.approx(2.0)


def test_a_node_that_never_answered_has_no_age() -> None:
    rig = Rig(make("pack.cells=8"))
    rig.node(1, firmware="1.2", limits_agree=False)
    rig.node(2, age=inf, online=False)
    rig.tick()
    told = shown(rig)
    assert (told.nodes[0].firmware, told.nodes[0].limits_agree) == ("1.2", False)
    assert told.nodes[1].age == inf
    assert told.cell[7].age == inf


def test_recorded_data_have_neither_feedback_nor_ages() -> None:
    rig = Rig(four("sensors.temperature=none"), live=False)
    rig.tick()
    told = shown(rig)
    assert told.charge_contactor.feedback is None
    assert told.outputs[0].feedback is None
    assert told.cell[0].age == 0.0
    assert told.cell[0].temperature is None
    assert told.nodes == ()


def test_an_override_and_its_author_are_shown() -> None:
    rig = Rig().ready()
    rig.tick(Command(CommandKind.OUTPUT, 4, "on", "Ann"))
    told = shown(rig).outputs[3]
    assert (told.on, told.override, told.cause) == (True, True, "set by Ann")
    assert shown(rig).outputs[5].role == "unused"


def test_what_the_system_itself_draws_is_told_where_it_is_measured() -> None:
    rig = Rig().ready()
    assert shown(rig).own_power is None
    rig.own = 0.1234
    rig.tick()
    assert shown(rig).own_power == round(0.1234 * sum(cell for cell in rig.cells if cell), 2)
