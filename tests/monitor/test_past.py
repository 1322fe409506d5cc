import asyncio
import csv
import io
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from tests.monitor import past, scenes
from tests.monitor.running import Running, running

from tbms.monitor import keeper as keeping
from tbms.monitor.keeper import Keeper
from tbms.store.history.channels import layout, row
from tbms.store.measurements import MeasurementJournal

NOON = int(scenes.NOON)


def play(folder: Path, scene: Callable[[Running], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        async with running(folder) as system:
            await scene(system)

    asyncio.run(whole())


async def events(system: Running, count: int, **asked: Any) -> list[dict[str, Any]]:
    """What is found, as soon as there are so many."""
    found: list[dict[str, Any]] = []
    for _ in range(250):
        found = (await system.http.get("/api/v1/events", params=asked)).json()["events"]
        if len(found) == count:
            return found
        await asyncio.sleep(0.02)
    pytest.fail(f"{asked} found {[event['id'] for event in found]}")


def test_curves_of_any_stretch_and_their_export(tmp_path: Path) -> None:
    past.fill(tmp_path, hours=3)

    async def scene(system: Running) -> None:
        known = (await system.http.get("/api/v1/history/channels")).json()
        assert {"name": "soc", "unit": "", "step": 0.0001} in known["channels"]
        assert known["start"] <= NOON - 3 * 3600 < NOON <= known["end"]
        span: dict[str, Any] = {"from": NOON - 7200, "to": NOON - 3600, "channels": "soc,v1, relays"}
        seen = (await system.http.get("/api/v1/history", params=span | {"points": 60})).json()
        assert seen["level"] == "minute"
        assert seen["troubles"] == []
        assert len(seen["times"]) == len(seen["curves"]["v1"]["mean"]) == 60
        assert 3.2 < seen["curves"]["v1"]["low"][0] <= seen["curves"]["v1"]["high"][0] < 3.4
        text = (await system.http.get("/api/v1/history/export", params=span)).text
        table = list(csv.reader(io.StringIO(text)))
        assert table[0] == ["time", "soc", "v1", "relays"]
        assert len(table) == 1 + 360
        assert float(table[1][0]) == NOON - 7200

    play(tmp_path, scene)


def test_what_is_asked_wrongly_is_answered_with_a_sentence(tmp_path: Path) -> None:
    past.fill(tmp_path, hours=1)
    span: dict[str, Any] = {"from": NOON - 3600, "to": NOON, "channels": "soc"}
    wrong: list[tuple[dict[str, Any], int]] = [
        ({"channels": "soc,nonsense"}, 400), ({"channels": ","}, 400), ({"to": NOON - 3600}, 400),
        ({"to": NOON - 9999}, 400),
        ({"from": "nan"}, 422), ({"to": "inf"}, 422), ({"from": -1}, 422), ({"to": 1e300}, 422), ({"points": 0}, 422),
        ({"points": 10**9}, 422), ({"channels": "v" * 700}, 422), ({"from": "yesterday"}, 422),
    ]  # fmt: skip

    async def scene(system: Running) -> None:
        for route in ("/api/v1/history", "/api/v1/history/export"):
            for change, status in wrong:
                if route.endswith("export") and "points" in change:
                    continue
                answer = await system.http.get(route, params=span | change)
                assert answer.status_code == status, (route, change)
                assert len(answer.json()["error"]) > 10
        answer = await system.http.get("/api/v1/history/export", params=span | {"from": 0})
        assert (answer.status_code, "32 days" in answer.text) == (400, True)
        for bad in ({"limit": 1000}, {"before_id": 0}, {"severity": "bad"}, {"kind": "x"}, {"q": "x" * 101}):
            answer = await system.http.get("/api/v1/events", params=bad)
            assert answer.status_code == 422
            assert answer.json()["error"]

    play(tmp_path, scene)


def test_an_empty_history_says_so(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        known = (await system.http.get("/api/v1/history/channels")).json()
        assert known == {"channels": [], "start": None, "end": None, "troubles": []}
        for route in ("/api/v1/history", "/api/v1/history/export"):
            answer = await system.http.get(route, params={"from": 0, "to": 10, "channels": "soc"})
            assert (answer.status_code, answer.json()) == (400, {"error": "The history is empty."})

    play(tmp_path, scene)


def test_events_are_copied_searched_and_kept(tmp_path: Path) -> None:
    async def first(system: Running) -> None:
        system.master.events = past.EVENTS
        found = await events(system, 8)
        assert [event["id"] for event in found] == [8, 7, 6, 5, 4, 3, 2, 1]
        assert found[5]["acknowledged"]["timestamp"] == NOON - 19_000
        assert "acknowledged" not in found[2]
        searches: list[tuple[dict[str, Any], list[int]]] = [
            ({"q": "cell 12 3.66"}, [7, 6]), ({"q": "CHARGE_contactor"}, [7]), ({"q": "100%"}, []),
            ({"severity": ["alarm", "warning"]}, [7, 6, 3]), ({"kind": "output"}, [8]),
            ({"q": "ueberhitzt", "key": "overtemperature_charge"}, [5, 3]),
            ({"from": NOON - 15_000, "to": NOON - 600}, [7, 6, 5]), ({"before_id": 4, "limit": 2}, [3, 2]),
        ]  # fmt: skip
        for asked, ids in searches:
            found = (await system.http.get("/api/v1/events", params=asked)).json()["events"]
            assert [event["id"] for event in found] == ids, asked

    async def second(system: Running) -> None:
        system.master.events = [past.happened(id=9)]
        await events(system, 9)

    play(tmp_path, first)
    play(tmp_path, second)


def test_events_are_shown_from_memory_when_they_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "history").write_text("in the way")

    async def scene(system: Running) -> None:
        system.master.events = past.EVENTS
        await events(system, 8)
        answer = (await system.http.get("/api/v1/events")).json()
        assert "cannot be kept" in answer["trouble"]
        told = await system.http.post("/api/v1/events/6/acknowledge", json={})
        assert (told.status_code, "in memory only" in told.json()["error"]) == (503, True)
        found = (await system.http.get("/api/v1/events", params={"before_id": 7, "limit": 1})).json()["events"]
        assert (found[0]["id"], "acknowledged" in found[0]) == (6, False)

    play(tmp_path, scene)


def test_the_journal_is_taken_and_sealed_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "PERIOD", 0.01)
    columns = layout(4, 560.0)
    journal = MeasurementJournal(tmp_path / "measurements", columns, boot=1, file_bytes=1 << 16)
    snapshot = scenes.calm(4)

    def write(first: int, last: int) -> None:
        for second in range(first, last):
            journal.append(second, NOON + second, row(columns, snapshot))

    async def scene(system: Running) -> None:
        span: dict[str, Any] = {"from": NOON, "to": NOON + 100, "channels": "soc", "points": 10}
        write(0, 100)
        for _ in range(250):
            answer = await system.http.get("/api/v1/history", params=span)
            if answer.status_code == 200 and None not in answer.json()["curves"]["soc"]["mean"]:
                break
            await asyncio.sleep(0.02)
        assert answer.json()["curves"]["soc"]["mean"] == [0.76] * 10

    play(tmp_path, scene)
    journal.close()
    assert [path.name for path in (tmp_path / "history").glob("2026-*")] == ["2026-06.db"], "nothing is left open"
    again = Keeper(tmp_path)
    assert asyncio.run(again.view(NOON, NOON + 100, ["soc"], 1))["curves"]["soc"]["mean"] == [0.76]
    again.close()


def test_a_history_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "history").write_text("in the way")
    (tmp_path / "measurements").write_text("in the way")
    keeper = Keeper(tmp_path)

    async def scene() -> None:
        task = asyncio.create_task(keeper.run())
        while not keeper.troubles:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scene())
    assert "cannot be read" in keeper.troubles[0]
    keeper.close()


def test_one_event_is_seen_by_a_person_and_the_first_one_counts(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        system.master.events = list(past.EVENTS)
        found = await events(system, len(past.EVENTS))
        fault = next(each for each in found if each["severity"] == "alarm" and "acknowledged" not in each)
        url = f"/api/v1/events/{fault['id']}/acknowledge"
        assert (await system.http.post(url, json={})).json() == {"accepted": True}
        await system.http.post(url, json={})
        seen = next(each for each in await events(system, len(past.EVENTS)) if each["id"] == fault["id"])
        assert seen["acknowledged"]["cause"] == "somebody from this computer"
        assert seen["acknowledged"]["timestamp"] > fault["timestamp"]
        missing = await system.http.post("/api/v1/events/999999/acknowledge", json={})
        assert (missing.status_code, missing.json()) == (404, {"error": "There is no event 999999."})

    play(tmp_path, scene)


def test_what_nodes_bus_loop_and_programs_say_is_told(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        (tmp_path / "logs").mkdir(exist_ok=True)
        (tmp_path / "logs" / "control.log").write_text("one\ntwo\n")
        system.master.show(scenes.calm())
        for _ in range(250):
            found = (await system.http.get("/api/v1/diagnostics")).json()
            if found["connected"]:
                break
            await asyncio.sleep(0.02)
        assert found["logs"]["control"] == ["one", "two"]
        assert found["nodes"][0]["timeouts"] == 0
        assert found["panel"]["led"] == "ok"

    play(tmp_path, scene)
