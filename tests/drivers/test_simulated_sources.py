"""The simulated boat's chargers, asked over the simulator's own socket."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.simulator.live import live

from tbms.drivers import simulated_sources
from tbms.drivers.simulated_sources import SimulatedSources
from tbms.model.sample import SourceKind, SourceState
from tbms.ports import Sources


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 5.0
    while not holds() and time.monotonic() < until:
        time.sleep(0.005)
    return holds()


def test_chargers_tell_until_nobody_answers_and_then_grow_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated_sources, "EVERY", 0.02)
    with live() as boat:
        asked = SimulatedSources(boat.directory / "simulator.sock")
        told: Sources = asked
        assert eventually(lambda: len(told.reports()) == 3)
        assert [source.kind for source in told.reports()] == list(SourceKind)
        assert all(source.state is SourceState.OFF and source.power == 0.0 for source in told.reports())
        assert max(source.age for source in told.reports()) < 2.0
    assert eventually(lambda: min(source.age for source in told.reports()) > 0.2)
    asked.close()


def test_without_a_simulator_nothing_is_told(tmp_path: Path) -> None:
    asked = SimulatedSources(tmp_path / "nobody.sock")
    asked.close()
    assert asked.reports() == ()
