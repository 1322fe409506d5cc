"""Every scenario of this folder, played by the twin and the core in virtual time."""

from pathlib import Path

import pytest
from tests.scenarios.run import play

from tbms.twin.scenario import load

FILES = sorted(Path(__file__).parent.glob("*.toml"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_scenario(file: Path) -> None:
    scenario = load(file)
    played = play(scenario)
    assert not played.problems, f"{scenario.title}\n" + "\n".join(played.problems) + "\n" + played.story
