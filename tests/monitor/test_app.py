import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from tests.monitor import scenes
from tests.monitor.running import Running, running

Scene = Callable[[Running], Coroutine[Any, Any, None]]

STOP = {"kind": "stop"}


def play(folder: Path, scene: Scene, **how: Any) -> None:
    async def whole() -> None:
        async with running(folder, **how) as system:
            await scene(system)

    asyncio.run(whole())


async def state_with(system: Running, member: str, value: object) -> dict[str, Any]:
    """The state as soon as it says so."""
    for _ in range(200):
        state: dict[str, Any] = (await system.http.get("/api/v1/state")).json()
        if state.get(member) == value:
            return state
        await asyncio.sleep(0.02)
    pytest.fail(f"{member} did not become {value}: {state}")


def test_state_follows_the_master_and_says_when_it_is_lost(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        system.master.show(scenes.calm())
        state = await state_with(system, "connected", True)
        assert state["snapshot"]["soc"] == 0.76
        assert state["snapshot"]["cell"][6]["voltage"] == 3.287
        assert "time_to_full" not in state["snapshot"], "unknown is absent"
        await system.master.stop()
        state = await state_with(system, "connected", False)
        assert state["problem"] == "unreachable"
        assert state["snapshot"]["soc"] == 0.76
        assert state["age"] is not None

    play(tmp_path, scene)


def test_every_answer_carries_the_security_headers(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        for path in ("/", "/api/v1/state", "/api/v1/openapi.json", "/nowhere"):
            headers = (await system.http.get(path)).headers
            assert "default-src 'self'" in headers["content-security-policy"], path
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "no-referrer"
            assert "server" not in headers or headers["server"] == "uvicorn"

    play(tmp_path, scene)


def test_why_is_asked_of_the_master(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        answer = await system.http.get("/api/v1/why/load_contactor")
        assert answer.json() == {"subject": "load_contactor", "state": "on", "sentence": "So.", "event": None}
        refused = await system.http.get("/api/v1/why/fridge")
        assert refused.status_code == 422
        assert "load_contactor" in refused.json()["error"]

    play(tmp_path, scene)


def test_the_api_is_described(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        document = (await system.http.get("/api/v1/openapi.json")).json()
        assert set(document["paths"]) == {
            "/api/v1/state", "/api/v1/events", "/api/v1/command", "/api/v1/settings", "/api/v1/settings/check",
            "/api/v1/settings/schema", "/api/v1/settings/versions", "/api/v1/settings/rollback",
            "/api/v1/alerts", "/api/v1/alerts/test", "/api/v1/people", "/api/v1/people/{name}",
            "/api/v1/ranges/dry-run",
            "/api/v1/diagnostics",
            "/api/v1/events/{number}/acknowledge",
            "/api/v1/session", "/api/v1/session/first", "/api/v1/session/password",
            "/api/v1/history", "/api/v1/history/channels", "/api/v1/history/export", "/api/v1/why/{subject}",
        }  # fmt: skip
        for foreign in ("/docs", "/redoc"):
            assert (await system.http.get(foreign)).status_code == 503, "no page that loads scripts from elsewhere"

    play(tmp_path, scene)


def test_a_command_reaches_the_master(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        for wish in (STOP, {"kind": "acknowledge"}, {"kind": "output", "target": 3, "value": "off"}):
            answer = await system.http.post("/api/v1/command", json=wish)
            assert (answer.status_code, answer.json()) == (200, {"accepted": True})
            asked = system.master.asked[-1]
            assert asked["method"] == "command"
            assert asked["params"].items() >= wish.items()
            assert asked["params"]["who"] == "somebody from this computer"

    play(tmp_path, scene)


BAD_COMMANDS = [
    {},
    {"kind": "explode"},
    {"kind": "stop", "target": 1},
    {"kind": "stop", "extra": 1},
    {"kind": "output"},
    {"kind": "output", "target": 7, "value": "on"},
    {"kind": "output", "target": 0, "value": "on"},
    {"kind": "output", "target": 1, "value": "maybe"},
    {"kind": "output", "target": "1; drop", "value": "on"},
    [],
    "stop",
    None,
]


@pytest.mark.parametrize("wish", BAD_COMMANDS, ids=str)
def test_what_is_no_command_is_refused_in_a_sentence(tmp_path: Path, wish: object) -> None:
    async def scene(system: Running) -> None:
        answer = await system.http.post("/api/v1/command", json=wish)
        assert answer.status_code == 422
        assert len(answer.json()["error"]) > 10
        assert not system.master.asked

    play(tmp_path, scene)


def test_refusals_of_the_master_are_told(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        system.master.refusal = {"code": -32000, "message": "close is done at the panel"}
        answer = await system.http.post("/api/v1/command", json={"kind": "close"})
        assert (answer.status_code, answer.json()["error"]) == (409, "Close is done at the panel.")

    play(tmp_path, scene)


def test_without_a_master_it_says_so(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        assert (await system.http.get("/api/v1/state")).json()["connected"] is False
        for answer in (
            await system.http.post("/api/v1/command", json=STOP),
            await system.http.get("/api/v1/settings"),
        ):
            assert answer.status_code == 503
            assert "cannot reach the master" in answer.json()["error"]

    play(tmp_path, scene, master_up=False)


FOREIGN: list[tuple[dict[str, str], int]] = [
    ({"origin": "http://evil.example"}, 403),
    ({"origin": "null"}, 403),
    ({"origin": "http://127.0.0.1:1"}, 403),
    ({"sec-fetch-site": "cross-site"}, 403),
    ({"sec-fetch-site": "same-site"}, 403),
    ({"host": "evil.example"}, 421),
    ({"host": "evil.example:8480", "origin": "http://evil.example:8480"}, 421),
]


@pytest.mark.parametrize(("headers", "status"), FOREIGN, ids=str)
def test_another_site_commands_nothing(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async def scene(system: Running) -> None:
        answer = await system.http.post("/api/v1/command", json=STOP, headers=headers)
        assert answer.status_code == status
        assert answer.json()["error"]
        assert not system.master.asked

    play(tmp_path, scene)


def test_the_own_page_commands(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        own = {"origin": str(system.http.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
        assert (await system.http.post("/api/v1/command", json=STOP, headers=own)).status_code == 200

    play(tmp_path, scene)


def test_requests_are_bounded(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        long = await system.http.post("/api/v1/command", content=b"x" * 5000)
        assert long.status_code == 413

        async def parts() -> Any:
            yield b"{}"

        unsaid = await system.http.post("/api/v1/command", content=parts())
        assert unsaid.status_code == 411

    play(tmp_path, scene)


def test_unbuilt_pages_say_what_to_do(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        answer = await system.http.get("/")
        assert answer.status_code == 503
        assert "make web" in answer.text

    play(tmp_path, scene)


def test_built_pages_are_served(tmp_path: Path) -> None:
    bundle = tmp_path / "built"
    (bundle / "assets").mkdir(parents=True)
    (bundle / "index.html").write_text("<!doctype html>hello")
    (bundle / "assets" / "a-123.js").write_text("0")
    (tmp_path / "secret").write_text("0")

    async def scene(system: Running) -> None:
        first = await system.http.get("/")
        assert first.text.endswith("hello")
        assert first.headers["cache-control"] == "no-cache"
        assert "immutable" in (await system.http.get("/assets/a-123.js")).headers["cache-control"]
        for nowhere in (
            "/nowhere",
            "/assets/",
            "/..%2fsecret",
            "/%2e%2e/secret",
            "/a%00b",
            f"/{'a' * 300}",
            "/%2f/secret",
        ):
            answer = await system.http.get(nowhere)
            assert answer.status_code == 404, nowhere
            assert answer.json()["error"]
        assert (await system.http.put("/")).status_code in (405, 411)
        assert (await system.http.put("/", content=b"0", headers={"content-length": "1"})).status_code == 405

    play(tmp_path, scene, bundle=bundle)


def test_a_page_is_packed_once_and_sent_again_only_when_it_has_changed(tmp_path: Path) -> None:
    bundle = tmp_path / "built"
    bundle.mkdir()
    page, small = bundle / "index.html", bundle / "icon.svg"
    page.write_text("hello " * 100)
    small.write_text("0")

    async def scene(system: Running) -> None:
        get, packing = system.http.get, {"accept-encoding": "gzip"}
        packed = await get("/", headers=packing)
        assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "accept-encoding")
        assert int(packed.headers["content-length"]) < 100
        assert packed.headers["content-type"] == "text/html; charset=utf-8"
        plain = await get("/", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.text == packed.text == "hello " * 100
        assert "content-encoding" not in (await get("/icon.svg", headers=packing)).headers
        same = await get("/", headers={"if-none-match": plain.headers["etag"]})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", plain.headers["etag"])
        page.write_text("newer")
        changed = await get("/", headers={"if-none-match": plain.headers["etag"]})
        assert (changed.status_code, changed.text) == (200, "newer")

    play(tmp_path, scene, bundle=bundle)


def test_every_refusal_is_a_sentence_of_ours(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        http = system.http
        answer = await http.get("/api/v1/{nothing}")
        assert answer.status_code == 404
        assert answer.json()["error"].startswith("GET /api/v1/")
        answer = await http.post("/api/v1/state", json={})
        assert answer.status_code == 404
        assert answer.json()["error"].startswith("POST /api/v1/state: there is no such thing;")
        answer = await http.post("/api/v1/command", json=[])
        assert answer.json()["error"].startswith("the request: ")
        answer = await http.get("/api/v1/events", params={"key": "x" * 100})
        assert (answer.status_code, "key" in answer.json()["error"]) == (422, True)

    play(tmp_path, scene)
