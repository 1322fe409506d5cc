import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from tests.monitor import scenes
from tests.monitor.fake import FakeMaster

from tbms.monitor import link as link_module
from tbms.monitor.link import LINE, MasterLink, Refused, Unreachable

Scene = Callable[[FakeMaster, MasterLink, "Seen"], Coroutine[Any, Any, None]]


class Seen:
    """What the link told."""

    def __init__(self) -> None:
        self.states: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.losses: asyncio.Queue[None] = asyncio.Queue()

    def update(self, snapshot: dict[str, Any]) -> None:
        self.states.put_nowait(snapshot)

    def lost(self) -> None:
        self.losses.put_nowait(None)

    async def state(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.states.get(), 2)

    async def loss(self) -> None:
        await asyncio.wait_for(self.losses.get(), 2)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "BACKOFF", (0.01,))


def play(folder: Path, scene: Scene, up: bool = True) -> None:
    async def whole() -> None:
        master, seen = FakeMaster(folder / "s"), Seen()
        link = MasterLink(master.path, seen)
        if up:
            await master.start()
        running = asyncio.create_task(link.run())
        try:
            if up:
                await asyncio.wait_for(master.subscribed.wait(), 2)
            await scene(master, link, seen)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await master.stop()

    asyncio.run(whole())


def test_a_full_state_then_patches(tmp_path: Path) -> None:
    async def scene(master: FakeMaster, _link: MasterLink, seen: Seen) -> None:
        master.show(scenes.calm())
        master.show(scenes.charging())
        first, second = await seen.state(), await seen.state()
        assert (first["activity"], second["activity"]) == ("discharging", "charging")
        assert first["time_to_empty"] == 24000.0
        assert second.get("time_to_empty") is None
        assert second["soc"] == 0.43
        assert first["soc"] == 0.76, "an older state is not changed by a patch"

    play(tmp_path, scene)


def test_it_comes_back_by_itself(tmp_path: Path) -> None:
    async def scene(master: FakeMaster, link: MasterLink, seen: Seen) -> None:
        await seen.loss()
        with pytest.raises(Unreachable):
            await link.call("state")
        await master.start()
        master.show(scenes.calm())
        assert (await seen.state())["soc"] == 0.76
        await master.stop()
        await seen.loss()
        await master.start()
        master.show(scenes.charging())
        while (await seen.state())["soc"] != 0.43:
            pass

    play(tmp_path, scene, up=False)


GARBAGE = {
    "no JSON": b"%%%\n",
    "no object": b"[1, 2]\n",
    "no text": b"\xff\xfe\x00\n",
    "a state without number": b'{"method":"state","params":{"full":{}}}\n',
    "a state without content": b'{"method":"state","params":{"seq":9}}\n',
    "no parameters": b'{"method":"state"}\n',
    "an endless line": b"x" * (LINE + 100) + b"\n",
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_garbage_starts_a_new_connection(tmp_path: Path, garbage: bytes) -> None:
    async def scene(master: FakeMaster, _link: MasterLink, seen: Seen) -> None:
        master.show(scenes.calm())
        await seen.state()
        master.subscribed.clear()
        master.raw(garbage)
        await seen.loss()
        await asyncio.wait_for(master.subscribed.wait(), 2)
        assert (await seen.state())["soc"] == 0.76
        assert master.connections == 2

    play(tmp_path, scene)


def test_a_gap_in_the_numbers_starts_anew(tmp_path: Path) -> None:
    async def scene(master: FakeMaster, _link: MasterLink, seen: Seen) -> None:
        master.show(scenes.calm())
        await seen.state()
        master.skip()
        master.show(scenes.charging())
        await seen.loss()
        assert (await seen.state())["soc"] == 0.43

    play(tmp_path, scene)


def test_strangers_in_the_line_are_passed_over(tmp_path: Path) -> None:
    async def scene(master: FakeMaster, _link: MasterLink, seen: Seen) -> None:
        for stranger in ({"id": 77, "result": 1}, {"id": "x", "result": 1}, {"method": "weather", "params": {}}, {}):
            master.raw(json.dumps(stranger).encode() + b"\n")
        master.show(scenes.calm())
        assert (await seen.state())["soc"] == 0.76
        assert seen.losses.empty()

    play(tmp_path, scene)


def test_answers_and_refusals(tmp_path: Path) -> None:
    async def scene(master: FakeMaster, link: MasterLink, _seen: Seen) -> None:
        assert await link.call("command", {"kind": "stop"}) == {"taken": True}
        assert master.asked[0]["params"] == {"kind": "stop"}
        master.refusal = {"code": -32000, "message": "the battery is latched open"}
        with pytest.raises(Refused, match=r"^The battery is latched open\.$"):
            await link.call("command", {"kind": "close"})
        master.refusal = {"code": -32001, "message": "nothing has been measured yet"}
        with pytest.raises(Unreachable, match="Nothing has been measured yet"):
            await link.call("state")
        master.refusal = {"strange": True}
        with pytest.raises(Refused, match="refused"):
            await link.call("state")

    play(tmp_path, scene)


def test_a_question_ends_with_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(master: FakeMaster, link: MasterLink, _seen: Seen) -> None:
        monkeypatch.setattr(master, "_answer", lambda *_: None)
        asking = asyncio.create_task(link.call("state"))
        await asyncio.sleep(0)
        await master.stop()
        with pytest.raises(Unreachable, match="broke"):
            await asking

    play(tmp_path, scene)


def test_a_question_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(master: FakeMaster, link: MasterLink, _seen: Seen) -> None:
        monkeypatch.setattr(link_module, "ANSWER", 0.01)
        monkeypatch.setattr(master, "_answer", lambda *_: None)
        with pytest.raises(Unreachable, match="in time"):
            await link.call("state")

    play(tmp_path, scene)


def test_too_many_questions_at_once_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(master: FakeMaster, link: MasterLink, _seen: Seen) -> None:
        monkeypatch.setattr(link_module, "QUEUED", 3)
        monkeypatch.setattr(link_module, "ANSWER", 0.05)
        monkeypatch.setattr(master, "_answer", lambda *_: None)
        asked = await asyncio.gather(*(link.call("state") for _ in range(10)), return_exceptions=True)
        assert all(isinstance(answer, Unreachable) for answer in asked)
        assert sum("cannot reach" in str(answer) for answer in asked) == 7

    play(tmp_path, scene)


def test_a_refused_subscription_is_tried_again(tmp_path: Path) -> None:
    async def scene(master: FakeMaster, _link: MasterLink, seen: Seen) -> None:
        master.raw(b'{"id":0,"error":{"code":-32001,"message":"32 clients are connected already"}}\n')
        await seen.loss()
        master.show(scenes.calm())
        assert (await seen.state())["soc"] == 0.76

    play(tmp_path, scene)
