"""The runner itself: it sees what is missing, what should never be, and what should always be."""

from typing import Any

import pytest
from tests.scenarios.run import play

from tbms.twin.scenario import parse

STORY: dict[str, Any] = {
    "title": "stopped by a person",
    "duration": 6,
    "step": 0.1,
    "boat": {"cells": 4, "capacity": 100.0},
    "do": [{"at": 4, "what": "stop"}, {"at": 5, "what": "output_6", "value": "on"}],
}


@pytest.mark.parametrize(
    ("expected", "problem"),
    [
        ({"event": "stop", "after": 4}, ""),
        ({"event": "stop", "by": 3}, "never seen"),
        ({"event": "stop", "never": True}, "came at 4.0 s"),
        ({"event": "cell_overvoltage", "never": True}, ""),
        ({"event": "load_contactor", "value": "closed"}, ""),
        ({"event": "load_contactor", "value": "latched", "by": 4}, "never seen"),
        ({"what": "load_contactor", "is": True}, ""),
        ({"what": "load_contactor", "is": True, "after": 4, "always": True}, "was False at 4.2 s"),
        ({"what": "load_contactor", "is": True, "after": 4.5}, "never seen"),
        ({"what": "load_contactor", "is": True, "never": True}, "was True"),
        ({"what": "output_6", "is": True, "after": 5}, ""),
        ({"what": "moon", "is": True}, "nothing is called moon"),
    ],
)
def test_it_judges_as_it_should(expected: dict[str, Any], problem: str) -> None:
    problems = play(parse(STORY | {"expect": [expected]})).problems
    assert len(problems) == bool(problem)
    assert problem in "".join(problems)


def test_a_scenario_repeats_exactly() -> None:
    first, second = (play(parse(STORY | {"duration": 10})) for _ in range(2))
    assert first.events == second.events
    assert first.story == second.story
    assert first.world.pack.voltages == second.world.pack.voltages
