"""Settings changed while the battery is in use: nothing opens, nothing is forgotten."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import Rig, four

from tbms.core.adopt import adopt, at_once, name, reshaped
from tbms.core.manage.ranges import Stage
from tbms.core.state import State
from tbms.model.command import Command, CommandKind
from tbms.model.snapshot import ContactorPhase

FAN = (
    'ranges[1].name="fan"',
    "ranges[1].outputs=[5]",
    'ranges[1].when[1].measure="temperature"',
    "ranges[1].when[1].start=35",
    "ranges[1].when[1].stop=27",
)


def change(rig: Rig, *overrides: str) -> None:
    """Bring other settings into force, as the master does."""
    new = four(*overrides)
    rig.state = adopt(rig.state, rig.settings, new)
    rig.settings = new


def test_every_protection_has_a_name_of_its_own() -> None:
    names = [name(each) for each in four().protections]
    assert len(set(names)) == len(names)


def test_a_higher_release_leaves_both_contactors_closed() -> None:
    rig = Rig().ready()
    change(rig, "protect.cell_overvoltage.cut=3.6", 'name="Another"')
    rig.run(10)
    assert rig.done().charge_contactor
    assert rig.done().load_contactor
    rig.cells[2] = 3.62
    rig.run(30)
    assert rig.state.charge.phase is ContactorPhase.OPEN  # 3.62 V was below the old cut


def test_a_cut_that_stands_goes_on_standing() -> None:
    rig = Rig().ready()
    rig.cells[1] = 2.4
    rig.run(60)
    standing = rig.state.verdict.faults
    assert standing
    change(rig, "protect.cell_undervoltage.cut=2.55")
    assert [fault.id for fault in rig.state.verdict.faults] == [fault.id for fault in standing]
    rig.run(1)
    assert not rig.state.verdict.may_discharge


def test_a_latched_cut_stays_latched() -> None:
    latch = "protect.cell_overvoltage.latch=person"
    rig = Rig(settings=four(latch)).ready()
    rig.cells[1] = 3.7
    rig.run(30)
    assert rig.state.verdict.latched_charge
    change(rig, "protect.cell_overvoltage.cut=3.72", latch)
    rig.cells[1] = 3.3
    rig.run(1200)
    assert rig.state.verdict.latched_charge


def test_a_ring_that_is_removed_ends() -> None:
    rig = Rig().ready()
    rig.cells[0] = 3.57
    rig.run(10)
    assert [fault.id for fault in rig.state.verdict.faults] == ["cell_overvoltage"]
    change(rig, "protect.cell_overvoltage.warn=off")
    assert not rig.state.verdict.faults
    rig.run(5)
    assert not rig.state.verdict.faults


def test_a_delay_that_runs_goes_on() -> None:
    rig = Rig().ready()
    rig.cells[0] = 3.70
    rig.run(0.9)  # of a second
    change(rig, 'name="Another"')
    rig.run(0.2)
    assert not rig.state.verdict.may_charge


def test_a_range_with_the_same_name_goes_on() -> None:
    rig = Rig(settings=four(*FAN)).ready()
    rig.temperatures[0] = 36.0
    rig.run(100)
    assert rig.state.managed.ranges.runs[0].stage is Stage.ON
    other = ('ranges[2].name="other"', 'ranges[2].when[1].measure="soc"', "ranges[2].when[1].start=0.9",
             "ranges[2].when[1].stop=0.8", "ranges[2].outputs=[4]")  # fmt: skip
    change(rig, *FAN, *other)
    rig.temperatures[0] = 30.0
    rig.run(100)
    assert rig.done().outputs[4]
    change(rig, *FAN[:3], "ranges[1].when[1].start=40", "ranges[1].when[1].stop=31")  # now 30 °C is below its stop
    rig.run(100)
    assert not rig.done().outputs[4]


def test_a_range_that_is_gone_lets_its_output_go() -> None:
    rig = Rig(settings=four(*FAN)).ready()
    rig.temperatures[0] = 36.0
    rig.run(100)
    assert rig.done().outputs[4]
    change(rig)
    rig.run(2)
    assert not rig.done().outputs[4]


def test_an_override_ends_where_the_output_has_another_duty() -> None:
    rig = Rig().ready()
    rig.tick(Command(CommandKind.OUTPUT, 4, "on", "Anna"))
    assert rig.done().outputs[3]
    change(rig, "outputs[4].name=Pump")
    assert rig.state.overrides[3] is None
    rig.run(2)
    assert not rig.done().outputs[3]


def test_an_output_that_becomes_nc_is_driven_the_other_way_at_once() -> None:
    rig = Rig().ready()
    assert not rig.done().outputs[3]
    change(rig, "outputs[4].contact=nc")
    rig.run(1)
    assert rig.done().outputs[3]


def test_what_would_open_at_once_is_said() -> None:
    rig = Rig().ready()
    rig.cells[2] = 3.45
    rig.run(5)
    (sentence,) = at_once(rig.state, rig.settings, four("protect.cell_overvoltage.cut=3.4"))
    assert sentence == (
        "cell_overvoltage: cell 3 stands at 3.45 V, beyond the cut of 3.40 V; a contactor would open at once"
    )
    assert at_once(rig.state, rig.settings, four("protect.cell_overvoltage.cut=3.5")) == []
    assert at_once(State.initial(rig.settings), rig.settings, four("protect.cell_overvoltage.cut=3.4")) == []


def test_a_cut_that_stands_already_opens_nothing_more() -> None:
    rig = Rig().ready()
    rig.cells[2] = 3.8
    rig.run(30)
    assert at_once(rig.state, rig.settings, four("protect.cell_overvoltage.cut=3.7")) == []


@given(
    cut=st.floats(3.58, 3.74),
    volts=st.lists(st.floats(2.0, 4.0), min_size=4, max_size=4),
    steps=st.integers(1, 40),
)
def test_no_change_ever_widens_what_a_standing_cut_forbids(cut: float, volts: list[float], steps: int) -> None:
    rig = Rig().ready()
    rig.cells[:] = volts
    rig.run(steps / 10)
    before = rig.state.verdict
    change(rig, f"protect.cell_overvoltage.cut={cut:.3f}")
    assert rig.state.verdict.may_charge is before.may_charge
    assert rig.state.verdict.may_discharge is before.may_discharge


@pytest.mark.parametrize("live", [True, False])
def test_it_also_works_before_the_first_sample(live: bool) -> None:
    rig = Rig(live=live)
    change(rig, "protect.cell_overvoltage.cut=3.6")
    rig.run(30)
    assert rig.state.measured


def test_ranges_of_the_same_name_are_told_apart() -> None:
    same = [part.replace("ranges[1]", "ranges[2]").replace("=35", "=45") for part in FAN]
    rig = Rig(settings=four(*FAN, *same)).ready()
    rig.temperatures[0] = 36.0
    rig.run(20)
    assert [run.stage for run in rig.state.managed.ranges.runs] == [Stage.ON, Stage.OFF]
    change(rig, *FAN, *same, 'name="Another"')
    assert [run.stage for run in rig.state.managed.ranges.runs] == [Stage.ON, Stage.OFF]


def test_a_shape_is_what_the_memory_is_made_for() -> None:
    assert reshaped(four(), four("pack.cells=3"))
    assert reshaped(four(), four("loop.period=0.2"))
    assert not reshaped(four(), four("protect.cell_overvoltage.cut=3.6", *FAN))
