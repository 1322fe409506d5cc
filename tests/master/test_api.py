import asyncio
import os
import stat
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.master.serving import Line, Running, running

from tbms.master import server
from tbms.master.api import PATH_BYTES, Unusable, bind, token
from tbms.master.methods import METHODS
from tbms.model.event import Event, EventKind, Phase
from tbms.model.fault import Severity
from tbms.model.patch import merge
from tbms.model.sample import Sample
from tbms.store.events import EventStore

SECRET, WRONG = "secret", ("wrong", "säcret")
STATE = {"time": 1.0, "voltage": 53.2, "soc": 0.5, "cell": [{"voltage": 3.325, "temperature": 20.0}], "outputs": []}


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="tbms") as folder:
        yield Path(folder)


def run(folder: Path, test: Callable[[Running], Awaitable[None]], secret: str = "") -> None:
    async def go() -> None:
        async with running(folder, secret) as system:
            await test(system)

    asyncio.run(go())


def test_state_before_and_after_the_first_measurement(short: Path) -> None:
    async def test(system: Running) -> None:
        async with system.client() as line:
            assert (await line.call("state"))["error"]["message"] == "nothing has been measured yet"
            await system.publish(STATE)
            result = (await line.call("state"))["result"]
            assert (result["seq"], result["state"]) == (1, STATE)
            assert 0 <= result["age"] < 1

    run(short, test)


def test_only_the_owner_may_open_the_socket(short: Path) -> None:
    async def test(system: Running) -> None:
        assert stat.S_IMODE((short / "tbms.sock").stat().st_mode) == 0o600

    run(short, test)


def test_a_subscriber_gets_all_then_changes(short: Path) -> None:
    async def test(system: Running) -> None:
        async with system.client() as line:
            assert (await line.call("subscribe"))["result"] is True
            await system.publish(STATE)
            await system.publish(STATE | {"time": 2.0, "soc": None})
            first, second = (await line.read())["params"], (await line.read())["params"]
            assert first == {"seq": 1, "full": STATE}
            assert second == {"seq": 2, "patch": {"time": 2.0, "soc": None}}
            assert merge(first["full"], second["patch"]) == {k: v for k, v in STATE.items() if k != "soc"} | {
                "time": 2.0
            }
            assert (await line.call("subscribe"))["result"] is True
            assert (await line.read())["params"]["full"] == STATE | {"time": 2.0, "soc": None}
            await system.publish(STATE)
            assert (await line.read())["params"] == {"seq": 3, "patch": {"time": 1.0, "soc": 0.5}}

    run(short, test)


def test_a_subscriber_that_fell_behind_gets_all_again(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BACKLOG_BYTES", 1000)

    async def test(system: Running) -> None:
        async with system.client() as line:
            await line.call("subscribe")
            line.transport.pause_reading()
            for number in range(150):
                await system.publish(STATE | {"time": number, "filling": f"{number}" * 3000})
            line.transport.resume_reading()
            seqs: list[tuple[int, bool]] = []
            while not seqs or seqs[-1][0] < 150:
                params = (await line.read())["params"]
                seqs.append((params["seq"], "full" in params))
                await system.publish(STATE | {"time": 1.5}) if system.shop.feed.seq < 160 else None
            gaps = [full for (before, _), (seq, full) in pairwise(seqs) if seq != before + 1]
            assert gaps
            assert all(gaps)

    run(short, test)


def test_a_subscriber_that_never_reads_is_dropped(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BACKLOG_BYTES", 1000)
    monkeypatch.setattr(server, "PATIENCE", 0.0)

    async def test(system: Running) -> None:
        async with system.client() as line:
            await line.call("subscribe")
            line.transport.pause_reading()
            for number in range(3000):
                await system.publish(STATE | {"time": number, "filling": f"{number}" * 3000})
                if not system.shop.feed.changed:
                    break
            assert not system.shop.feed.changed

    run(short, test)


def commanded(system: Running, refusal: str = "") -> list[dict[str, Any]]:
    """Answer waiting commands as control does."""
    requests = system.control.requests()
    for request in requests:
        system.control.acknowledge(request["number"], refusal)
    return requests


async def ask(system: Running, line: Line, refusal: str, **params: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    call = asyncio.create_task(line.call("command", **params))
    seen: list[dict[str, Any]] = []
    while not call.done():
        seen += commanded(system, refusal)
        await asyncio.sleep(0)
    return call.result(), seen


def test_a_command_goes_to_control_and_its_answer_back(short: Path) -> None:
    async def test(system: Running) -> None:
        async with system.client() as line:
            answer, seen = await ask(system, line, "", kind="output", target=3, value="on", duration=60.0, who="page")
            assert answer["result"] == {"taken": True}
            assert seen == [
                {"number": 1, "kind": "output", "target": 3, "value": "on", "duration": 60.0, "who": "page"}
            ]
            answer, _ = await ask(system, line, "closing is done at the panel", kind="close")
            assert answer["error"] == {"code": -32000, "message": "closing is done at the panel"}

    run(short, test)


def test_a_command_that_control_does_not_take_is_said(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tbms.master.methods.ANSWER_WITHIN", 0.05)

    async def test(system: Running) -> None:
        async with system.client() as line:
            assert "did not answer" in (await line.call("command", kind="stop"))["error"]["message"]

    run(short, test)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, "kind: field required"),
        ({"kind": "explode"}, "kind: "),
        ({"kind": "output", "target": 7, "value": "on"}, "target: "),
        ({"kind": "output", "target": True, "value": "on"}, "target: "),
        ({"kind": "output"}, "target 1..6 and value"),
        ({"kind": "stop", "local": True}, "local: extra inputs"),
        ({"kind": "stop", "who": "x" * 65}, "who: "),
        ({"kind": "output", "target": 1, "value": "on", "duration": -1}, "duration: "),
    ],
)
def test_a_command_out_of_range_never_reaches_control(short: Path, params: dict[str, Any], said: str) -> None:
    async def test(system: Running) -> None:
        async with system.client() as line:
            assert said in (await line.call("command", **params))["error"]["message"]
            assert system.control.requests() == []

    run(short, test)


def test_events_and_samples_are_read_on_from_where_one_was(short: Path) -> None:
    store = EventStore(short / "events")
    store.append([Event(1.0, 2.0, EventKind.SYSTEM, "start", Phase.CHANGED, Severity.INFO)] * 5)
    store.close()

    async def test(system: Running) -> None:
        async with system.client() as line:
            result = (await line.call("events", after_id=2, limit=2))["result"]
            assert ([e["id"] for e in result["events"]], result["last"]) == ([3, 4], 4)
            assert [e["id"] for e in (await line.call("events", limit=2))["result"]["events"]] == [4, 5]
            assert (await line.call("events", after_id=5))["result"] == {"events": [], "last": 5}
            for number in range(4):
                system.control.measured(Sample(float(number), 0.0, 1.5, (3.325, None)))
            await system.publish(STATE)
            result = (await line.call("samples", after_seq=1, limit=2))["result"]
            assert [row["seq"] for row in result["samples"]] == [2, 3]
            assert result["samples"][0] == {
                "seq": 2, "time": 1.0, "timestamp": 0.0, "current": 1.5, "pack_voltage": None,
                "cell_voltages": [3.325, None], "temperatures": [],
            }  # fmt: skip
            assert result["last"] == 4
            assert (await line.call("samples", after_seq=9))["result"]["samples"] == []

    run(short, test)


def test_an_unknown_method_names_those_there_are(short: Path) -> None:
    async def test(system: Running) -> None:
        async with system.client() as line:
            message = (await line.call("reboot"))["error"]["message"]
            assert all(method in message for method in METHODS)
            line.send({"jsonrpc": "2.0", "method": "reboot"})  # a notification: no answer
            assert (await line.call("hello", token=""))["result"]["name"] == "tbms"

    run(short, test)


def test_over_tcp_the_token_comes_first(short: Path) -> None:
    async def test(system: Running) -> None:
        async with system.client(tcp=True) as line:
            assert (await line.call("state"))["error"]["code"] == -32002
            assert (await line.call("hello", token=WRONG[0]))["error"]["code"] == -32002
            assert (await line.call("hello", token=WRONG[1]))["error"]["code"] == -32002
            assert (await line.call("hello", token=SECRET))["result"]["name"] == "tbms"
            assert (await line.call("settings.get"))["result"]["file"].endswith("boat.toml")

    run(short, test, SECRET)


def test_a_line_too_long_ends_the_connection_with_a_sentence(short: Path) -> None:
    async def test(system: Running) -> None:
        async with system.client() as line:
            line.raw(b"x" * 200_000)
            assert "longer than 65536 bytes" in (await line.read())["error"]["message"]
            assert await line.read() == {}

    run(short, test)


def test_who_sends_only_rubbish_is_let_go(short: Path) -> None:
    async def test(system: Running) -> None:
        async with system.client() as line:
            line.raw(b"rubbish\n" * 100)
            answers = 0
            while await line.read():
                answers += 1
            assert answers == server.BAD_LINES

    run(short, test)


def test_one_client_too_many_is_told_so(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CLIENTS", 2)

    async def test(system: Running) -> None:
        async with system.client() as one, system.client() as two:
            await one.call("hello", token="")
            await two.call("hello", token="")
            async with system.client() as three:
                assert "2 clients are connected already" in (await three.read())["error"]["message"]
                assert await three.read() == {}

    run(short, test)


def test_requests_are_paced() -> None:
    rate = server.Rate(0.0)
    waits = [rate.wait(0.0) for _ in range(int(server.BURST) + 50)]
    assert waits[: int(server.BURST)] == [0.0] * int(server.BURST)
    assert waits[-1] == pytest.approx(50 / server.RATE)
    assert rate.wait(100.0) == 0.0


def test_the_api_ends_with_control_and_leaves_no_socket(short: Path) -> None:
    async def test(system: Running) -> None:
        assert (short / "tbms.sock").exists()

    run(short, test)
    assert not (short / "tbms.sock").exists()


def test_a_socket_left_behind_is_taken_over_and_a_served_one_is_not(short: Path) -> None:
    path = short / "tbms.sock"
    bind(path).close()
    second = bind(path)
    second.listen()
    with pytest.raises(Unusable, match="already"):
        bind(path)
    second.close()
    with pytest.raises(Unusable, match="longer than"):
        bind(Path("x" * (PATH_BYTES + 1)))
    with pytest.raises(Unusable, match="cannot open the socket"):
        bind(short / "none" / "tbms.sock")


def test_the_token_is_made_once_and_for_its_owner(short: Path) -> None:
    made = token(short)
    assert len(made) >= 32
    assert token(short) == made
    assert stat.S_IMODE(os.stat(short / "token").st_mode) == 0o600
