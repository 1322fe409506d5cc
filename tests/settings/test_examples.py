"""Every example runs a morning on the twin: it closes, stays well, and its outputs do what their roles say."""

from pathlib import Path

import pytest

from tbms.core.state import State
from tbms.core.step import step
from tbms.model.action import ALL_OFF
from tbms.model.fault import Ring
from tbms.settings import load
from tbms.twin.boat import boat
from tbms.twin.face import FastFace

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_runs(path: Path) -> None:
    settings = load(path)
    face = FastFace(boat(settings.cells, settings.capacity, common=settings.contactors.common))
    state, actions = State.initial(settings, 0.6), ALL_OFF
    start = face.now()
    for number in range(1800):
        face.sleep_until(start + number)
        outcome = step(state, face.exchange(actions), (), settings)
        state, actions = outcome.state, outcome.actions
    assert actions.charge_contactor
    assert actions.load_contactor
    assert not [fault for fault in state.verdict.faults if fault.ring is Ring.CUT]
    driven = {place for rule in settings.rules.ranges for place in (*rule.outputs, *rule.warm_outputs)}
    for place, (output, on) in enumerate(zip(settings.outputs, actions.outputs, strict=True)):
        # at 60 % and 22 °C no range of an example has anything to do
        assert on is (output.role in ("charger_enable", "load") and place not in driven), output.name
