"""What a person must lift stands over a restart."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import Rig, four

from tbms.core import latches
from tbms.core.state import State
from tbms.model.command import Command, CommandKind
from tbms.model.snapshot import ContactorPhase

LATCH = four("protect.cell_overvoltage.latch=person")


def again(rig: Rig) -> Rig:
    """The same battery after a restart of the master."""
    values = json.loads(json.dumps(latches.saved(rig.state, rig.settings)))
    fresh = Rig(settings=rig.settings)
    fresh.cells[:] = [3.3] * 4
    fresh.state = latches.restored(values, State.initial(rig.settings, 0.5), rig.settings)
    return fresh


def test_a_latched_cut_keeps_its_contactor_open_after_a_restart() -> None:
    rig = Rig(settings=LATCH).ready()
    rig.cells[2] = 3.75
    rig.run(30)
    assert rig.state.verdict.latched_charge
    after = again(rig)
    after.run(600)
    assert after.phase("charge") is ContactorPhase.LATCHED
    assert "cell 3" in after.state.charge.cause
    assert after.state.load.phase is ContactorPhase.CLOSED
    after.switches["button"] = True
    after.run(4)
    after.switches["button"] = False
    after.run(30)
    assert after.phase("charge") is ContactorPhase.CLOSED


def test_a_stop_stays_a_stop() -> None:
    rig = Rig().ready()
    rig.tick(Command(CommandKind.STOP, who="Anna"))
    after = again(rig)
    after.run(600)
    assert after.state.load.phase is ContactorPhase.LATCHED
    assert "Anna" in after.state.load.cause
    assert not any(after.done().outputs[:2])


def test_where_nothing_stands_nothing_is_kept() -> None:
    rig = Rig().ready()
    assert latches.saved(rig.state, rig.settings) == {"stopped": "", "latched": []}
    again(rig).ready()


def test_a_protection_that_is_gone_holds_nothing() -> None:
    rig = Rig(settings=LATCH).ready()
    rig.cells[2] = 3.75
    rig.run(30)
    values = latches.saved(rig.state, rig.settings)
    values["latched"][0][0] = "something_else"
    assert not latches.restored(values, State.initial(LATCH), LATCH).verdict.faults


rubbish = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=7),
)


@given(st.none() | st.text() | st.fixed_dictionaries({"stopped": rubbish, "latched": rubbish}))
def test_rubbish_holds_nothing(values: Any) -> None:
    state = latches.restored(values, State.initial(LATCH), LATCH)
    assert not state.verdict.faults
    assert isinstance(state.stopped, str)


@pytest.mark.parametrize("bad", [True, -1, 64, "1", None])
def test_a_place_must_be_one(bad: Any) -> None:
    assert not latches._sound(["cell_overvoltage", 0, True, False, "cut", bad, 3.7])
