"""The dry-run over HTTP, on a day of history."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.monitor import past
from tests.monitor.fake import SETTINGS
from tests.monitor.running import Running
from tests.monitor.test_app import play

URL = "/api/v1/ranges/dry-run"
WHEN = {"measure": "soc", "start": 0.72, "stop": 0.65, "delay": 60}


@pytest.fixture(autouse=True)
def lived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    past.fill(tmp_path)
    monkeypatch.setitem(SETTINGS, "get", SETTINGS["get"] | {"text": "[[outputs]]\n", "file": str(tmp_path / "b.toml")})


async def tried(system: Running, *when: dict[str, Any], **more: Any) -> httpx.Response:
    """The answer for a range with these conditions."""
    wish = {"name": "Heater", "when": list(when), "outputs": [1], "join": "all"} | more
    return await system.http.post(URL, json={"range": wish, "days": 30}, timeout=30)


def test_a_rule_is_tried_out(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        found = (await tried(system, WHEN)).json()
        assert found["starts"] >= 1
        assert found["starts"] == len(found["spans"])
        assert 0 < found["hours"] < found["covered_hours"] == pytest.approx(26, abs=0.1)
        total = sum(end - begin for begin, end in found["spans"]) / 3600
        assert total == pytest.approx(found["hours"], abs=0.1)

    play(tmp_path, scene)


@pytest.mark.parametrize(
    "when",
    [
        {"measure": "cell_voltage", "of": "lowest", "start": 3.2, "stop": 3.3},
        {"measure": "cell_voltage", "of": "spread", "start": 0.001, "stop": 0.0005},
        {"measure": "cell_voltage", "of": "average", "start": 3.0, "stop": 2.9},
        {"measure": "temperature", "of": 3, "start": 20.5, "stop": 20.1},
        {"measure": "temperature", "of": "highest", "start": 25.0, "stop": 20.1},
        {"measure": "power", "start": 500, "stop": 100},
        {"measure": "output", "of": 2, "start": "on"},
        {"measure": "time_of_day", "start": "22:00", "stop": "06:00"},
    ],
    ids=lambda when: f"{when['measure']}-{when.get('of', '')}",
)
def test_every_measure_of_the_history_can_be_tried(tmp_path: Path, when: dict[str, Any]) -> None:
    async def scene(system: Running) -> None:
        answer = await tried(system, when)
        assert answer.status_code == 200, answer.text
        assert answer.json()["covered_hours"] > 25

    play(tmp_path, scene)


def test_what_is_wrong_or_unknown_is_said(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        answer = await tried(system, WHEN | {"start": 2.0}, outputs=[7])
        assert answer.status_code == 422
        assert "outputs" in answer.json()["error"]
        answer = await tried(system, {"measure": "input", "of": 1, "start": "on"})
        assert (answer.status_code, answer.json()["error"]) == (
            409, "The history does not keep input, so it cannot be tried out.",
        )  # fmt: skip

    play(tmp_path, scene)


def test_without_a_history_nothing_is_tried(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        assert "the history is empty" in (await tried(system, WHEN)).json()["error"].lower()

    empty = tmp_path / "empty"
    empty.mkdir()
    play(empty, scene)
