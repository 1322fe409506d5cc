"""Every scenario of this folder, played by the twin and the core in virtual time."""

from pathlib import Path
from typing import Any

import pytest
from tests.scenarios.run import play

from tbms.model.fault import Ring
from tbms.twin.scenario import load

LONG = 6000  # samples: about two seconds


def files() -> list[Any]:
    """Every TOML file here, those of many samples marked as slow."""
    found = []
    for file in sorted(Path(__file__).parent.glob("*.toml")):
        samples = sum(1 for _ in load(file).times())
        found.append(pytest.param(file, id=file.stem, marks=[pytest.mark.slow] if samples > LONG else []))
    return found


@pytest.mark.parametrize("file", files())
def test_scenario(file: Path) -> None:
    scenario = load(file)
    played = play(scenario)
    assert not played.problems, f"{scenario.title}\n" + "\n".join(played.problems) + "\n" + played.story


LEAD = 10.0  # s (reference/defaults.md)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["undervoltage", "overvoltage_disobedient"])
def test_the_pre_alarm_comes_ten_seconds_before_the_cut(name: str) -> None:
    played = play(load(Path(__file__).with_name(f"{name}.toml")))
    contactor = "load_contactor" if name == "undervoltage" else "charge_contactor"
    opened = next(e.time for e in played.events if e.key == contactor and e.value == "opening")
    told = next(e.time for e in played.events if e.ring is Ring.LIMIT)
    assert opened - told >= LEAD, played.story
