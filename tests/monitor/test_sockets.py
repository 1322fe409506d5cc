import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.monitor import scenes
from tests.monitor.running import Running, running
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tbms.model.patch import merge
from tbms.monitor import sockets
from tbms.monitor.live import Live

Scene = Callable[[Running], Coroutine[Any, Any, None]]


def play(folder: Path, scene: Scene) -> None:
    async def whole() -> None:
        async with running(folder) as system:
            await scene(system)

    asyncio.run(whole())


async def message(page: ClientConnection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await asyncio.wait_for(page.recv(), 5))
    return found


def test_first_everything_then_what_changed_at_most_twice_a_second(tmp_path: Path) -> None:
    async def boat(system: Running) -> None:
        for tick in range(1000):
            system.master.show(replace(scenes.calm(), time=3600.0 + tick / 10, soc=0.7 - tick / 1000))
            await asyncio.sleep(0.02)

    async def scene(system: Running) -> None:
        moving = asyncio.create_task(boat(system))
        async with connect(system.live) as page:
            first = await message(page)
            state = first["state"]
            seq, came = first["seq"], []
            for _ in range(4):
                following = await message(page)
                came.append(time.monotonic())
                assert following["seq"] == seq + 1
                seq = following["seq"]
                state = merge(state, following["patch"])
                assert "name" not in following["patch"].get("snapshot", {}) or first["state"].get("snapshot") is None
            assert came[-1] - came[0] >= 3 * 0.45
            assert state["connected"]
            assert len(state["snapshot"]["cell"]) == 16
        moving.cancel()

    play(tmp_path, scene)


def test_the_page_is_told_when_the_master_goes(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        system.master.show(scenes.calm())
        async with connect(system.live) as page:
            state = (await message(page))["state"]
            while not state.get("connected"):
                state = merge(state, (await message(page))["patch"])
            await system.master.stop()
            while state["connected"]:
                state = merge(state, (await message(page))["patch"])
            assert state["problem"] == "unreachable"
            assert state["snapshot"]["soc"] == 0.76

    play(tmp_path, scene)


def test_a_foreign_page_gets_no_line(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect(system.live, origin="http://evil.example")  # type: ignore[arg-type]
        assert refused.value.response.status_code == 403

    play(tmp_path, scene)


def test_one_page_too_many_is_told_to_come_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "CLIENTS", 1)

    async def scene(system: Running) -> None:
        async with connect(system.live) as first:
            await message(first)
            async with connect(system.live) as second:
                with pytest.raises(ConnectionClosed) as closed:
                    await asyncio.wait_for(second.recv(), 5)
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == sockets.TRY_LATER
        async with connect(system.live) as third:
            assert "state" in await message(third)

    play(tmp_path, scene)


def test_what_a_page_says_changes_nothing(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        async with connect(system.live) as page:
            for _ in range(50):
                await page.send('{"kind":"stop"}')
            await message(page)
            system.master.show(scenes.calm())
            while True:
                following = await message(page)
                if following.get("patch", following.get("state", {})).get("snapshot"):
                    break
            assert not system.master.asked

    play(tmp_path, scene)


class Deaf:
    """A page that takes messages only when told to."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.offered = asyncio.Event()
        self.may = asyncio.Event()
        self.closed: int | None = None

    async def accept(self) -> None:
        pass

    async def send_text(self, text: str) -> None:
        self.offered.set()
        await self.may.wait()
        self.got.append(json.loads(text))

    async def receive(self) -> dict[str, str]:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async def close(self, code: int, _reason: str) -> None:
        self.closed = code


def test_a_slow_page_misses_some_and_gets_the_whole() -> None:
    async def scene() -> None:
        live, page = Live(), Deaf()
        serving = asyncio.create_task(sockets.Pages(live).serve(page))  # type: ignore[arg-type]
        await asyncio.wait_for(page.offered.wait(), 2)
        for step in range(5):
            live.update({"time": step})
            live.publish()
        page.may.set()
        async with asyncio.timeout(2):
            while len(page.got) < 2:
                await asyncio.sleep(0)
        assert page.got[1]["state"]["snapshot"] == {"time": 4}
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    asyncio.run(scene())


def test_a_page_that_takes_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "PATIENCE", 0.01)

    async def scene() -> None:
        page = Deaf()
        await asyncio.wait_for(sockets.Pages(Live()).serve(page), 2)  # type: ignore[arg-type]
        assert page.closed == sockets.TOO_SLOW

    asyncio.run(scene())
