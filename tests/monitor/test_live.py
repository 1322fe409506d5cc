import asyncio
import json
from typing import Any

from tbms.model.patch import merge
from tbms.monitor.live import HEARTBEAT, SILENCE, Live


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def live_at() -> tuple[Live, Hands]:
    clock = Hands()
    return Live(clock), clock


def test_before_the_first_snapshot_nothing_is_known() -> None:
    live, _ = live_at()
    assert live.document == {"connected": False, "problem": "unreachable", "age": None}


def test_patches_follow_each_other_and_add_up() -> None:
    live, clock = live_at()
    page: Any = json.loads(live.full())["state"]
    for step in range(5):
        live.update({"time": step, "soc": 0.5, "power": None if step == 3 else 10.0 * step})
        have = live.seq
        assert live.publish()
        message = json.loads(live.newest(have))
        assert message["seq"] == have + 1
        page = merge(page, message["patch"])
        clock.now += 0.5
    assert page == {"connected": True, "snapshot": {"time": 4, "soc": 0.5, "power": 40.0}}


def test_a_page_that_missed_one_gets_the_whole() -> None:
    live, _ = live_at()
    for step in range(3):
        live.update({"time": step})
        live.publish()
    assert "state" in json.loads(live.newest(live.seq - 2))
    assert "patch" in json.loads(live.newest(live.seq - 1))


def test_unchanged_values_are_silent_until_the_heartbeat() -> None:
    live, clock = live_at()
    live.update({"time": 1})
    assert live.publish()
    assert not live.publish()
    clock.now += HEARTBEAT
    assert live.publish()
    assert json.loads(live.newest(live.seq - 1))["patch"] == {}


def test_time_that_stands_still_is_no_news() -> None:
    live, clock = live_at()
    live.update({"time": 7, "soc": 0.5})
    for _ in range(8):
        clock.now += SILENCE / 7
        live.update({"time": 7, "soc": 0.5})
        live.publish()
    assert live.document["problem"] == "silent"
    assert live.document["snapshot"] == {"time": 7, "soc": 0.5}
    assert live.document["age"] > SILENCE
    live.update({"time": 8})
    live.publish()
    assert live.document == {"connected": True, "snapshot": {"time": 8}, "age": 0.0}


def test_a_lost_master_keeps_the_last_values_with_their_age() -> None:
    live, clock = live_at()
    live.update({"time": 1, "soc": 0.5})
    live.publish()
    live.lost()
    clock.now += 12.3
    live.publish()
    full = json.loads(live.full())
    assert full["age"] == 12.3
    assert full["state"] == {"connected": False, "problem": "unreachable", "snapshot": {"time": 1, "soc": 0.5}}
    live.update({"time": 1, "soc": 0.5})
    live.publish()
    assert live.document["problem"] == "silent", "the line is back, the values are the old ones"


def test_whoever_waits_is_woken_by_a_publication() -> None:
    async def scene() -> None:
        live, _ = live_at()
        waiting = asyncio.create_task(live.newer(live.seq))
        await asyncio.sleep(0)
        assert not waiting.done()
        live.update({"time": 1})
        live.publish()
        await asyncio.wait_for(waiting, 1)

    asyncio.run(scene())
