"""People: passwords, sessions, patience, and what each route needs."""

import asyncio
import json
import stat
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.monitor.running import Running, running
from tests.monitor.test_app import play
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tbms.monitor import __main__ as entry
from tbms.monitor.people import register as registering
from tbms.monitor.people import sessions as holding
from tbms.monitor.people.register import Register, Role
from tbms.monitor.people.sessions import Patience, Sessions, genuine, sign

PASSWORD = "correct horse"  # noqa: S105 - of nobody
FAR = {"x-forwarded-for": "192.0.2.7"}  # what came through a proxy is not this computer


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes in a millisecond: their cost has a test of its own."""
    monkeypatch.setattr(registering, "COST", 16)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def someone(folder: Path, *people: tuple[str, Role]) -> Register:
    register = Register(folder / "people.json")
    for name, role in people or (("Anna", Role.INSTALLER),):
        assert register.put(name, role, PASSWORD) == ""
    return register


def test_the_figures_are_those_of_the_field() -> None:
    """OWASP password storage cheat sheet: scrypt with N = 2^15, r = 8 and p = 3; NIST SP 800-63B: 8 letters."""
    text = Path(registering.__file__).read_text(encoding="utf-8")
    assert "COST, BLOCK, WIDTH = 1 << 15, 8, 3" in text
    assert registering.SHORTEST == 8


def test_a_password_is_kept_as_a_hash_for_the_owner_only(tmp_path: Path) -> None:
    register = someone(tmp_path)
    path = tmp_path / "people.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PASSWORD not in path.read_text()
    assert register.check("Anna", PASSWORD) == register.people()["Anna"]
    assert register.check("Anna", PASSWORD + "x") is None
    assert register.check("Ben", PASSWORD) is None
    first = register.people()["Anna"]
    register.put("Anna", Role.INSTALLER, PASSWORD)
    assert register.people()["Anna"].salt != first.salt


def test_what_another_program_changes_is_known_at_once(tmp_path: Path) -> None:
    register, seen = Register(tmp_path / "people.json"), []
    seen.append(register.empty)
    someone(tmp_path)
    seen.append(register.empty)
    (tmp_path / "people.json").unlink()
    seen.append(register.empty)
    assert seen == [True, False, True]


@pytest.mark.parametrize(
    ("name", "role", "password", "said"),
    [
        ("Anna", Role.VIEWER, None, "Anna is the only installer"),
        ("Ben", Role.VIEWER, None, "needs a password"),
        ("Ben", Role.VIEWER, "short", "8 to 200"),
        ("Ben", Role.VIEWER, "x" * 201, "8 to 200"),
        ("Benjamin", Role.VIEWER, "benjamin", "the name is no password"),
        ("", Role.VIEWER, PASSWORD, "a name has"),
        (" Ben", Role.VIEWER, PASSWORD, "a name has"),
        ("B\nen", Role.VIEWER, PASSWORD, "a name has"),
        ("B" * 41, Role.VIEWER, PASSWORD, "a name has"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, name: str, role: Role, password: str | None, said: str) -> None:
    register = someone(tmp_path)
    assert said in register.put(name, role, password)
    assert list(register.people()) == ["Anna"]


def test_there_is_always_an_installer_and_never_too_many_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = someone(tmp_path, ("Anna", Role.INSTALLER), ("Ben", Role.VIEWER))
    assert "only installer" in register.remove("Anna")
    assert "nobody called" in register.remove("Carl")
    assert register.put("Ben", Role.INSTALLER, None) == ""
    assert register.check("Ben", PASSWORD)
    assert register.remove("Anna") == ""
    assert register.remove("Ben") == ""  # the last of all: as at the beginning
    assert register.empty
    monkeypatch.setattr(registering, "MOST", 1)
    someone(tmp_path)
    assert "1 people already" in register.put("Ben", Role.VIEWER, PASSWORD)


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b"[{}]", b'[{"name": "A", "role": "king", "salt": "", "hash": ""}]', b"\xff"]
)
def test_a_damaged_file_lets_nobody_in(tmp_path: Path, damage: bytes) -> None:
    register = someone(tmp_path)
    (tmp_path / "people.json").write_bytes(damage)
    assert register.people() == {}
    assert register.damaged
    assert not register.empty


@given(st.text(max_size=30), st.text(max_size=30))
def test_only_the_same_password_opens(one: str, other: str) -> None:
    assert (registering._hash(one, "00" * 16) == registering._hash(other, "00" * 16)) is (one == other)


def test_sessions_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, register = Clock(), someone(tmp_path, ("Anna", Role.INSTALLER), ("Ben", Role.VIEWER))
    sessions = Sessions(register, tmp_path / "sessions.json", clock)
    token, session = sessions.begin("Anna")
    assert sessions.find(token) == (session, Role.INSTALLER)
    assert sessions.find("rubbish") is None
    assert genuine(token, sign(token))
    assert not genuine(token, "ü")
    assert not genuine(token, sign("rubbish"))
    clock.now += holding.IDLE
    assert sessions.find(token)
    clock.now += holding.IDLE + 1
    assert sessions.find(token) is None
    token, _ = sessions.begin("Ben")
    register.put("Ben", Role.OPERATOR, None)
    found = sessions.find(token)
    assert found
    assert found[1] is Role.OPERATOR  # at once
    other, _ = sessions.begin("Ben")
    sessions.end_all("Ben", but=other)
    assert (sessions.find(token), bool(sessions.find(other))) == (None, True)
    sessions.end(other)
    assert sessions.find(other) is None
    token, _ = sessions.begin("Ben")
    register.remove("Ben")
    assert sessions.find(token) is None
    token, _ = sessions.begin("Anna")
    for _ in range(20):
        clock.now += holding.LONGEST / 20
        sessions.find(token)
    clock.now += 1
    assert sessions.find(token) is None
    monkeypatch.setattr(holding, "MOST", 2)
    tokens = [sessions.begin("Anna")[0] for _ in range(3)]
    assert [bool(sessions.find(each)) for each in tokens] == [False, True, True]


def test_a_restart_asks_nobody_again_and_the_file_opens_nothing(tmp_path: Path) -> None:
    register, path = someone(tmp_path, ("Anna", Role.INSTALLER)), tmp_path / "sessions.json"
    token, _ = Sessions(register, path).begin("Anna")
    assert path.stat().st_mode & 0o777 == 0o600
    kept = path.read_text()
    assert token not in kept
    assert sign(token) not in kept
    again = Sessions(register, path)
    assert again.find(token)
    again.end(token)
    assert Sessions(register, path).find(token) is None
    for rubbish in (b"[1]", b"\xff", b'{"a": {"name": "Anna", "made": 1, "used": 1}}', b'{"a": 1}'):
        path.write_bytes(rubbish)
        assert Sessions(register, path).find(token) is None
    nowhere = Sessions(register, tmp_path / "no" / "such" / "folder" / "s")
    assert nowhere.find(nowhere.begin("Anna")[0])


def test_a_password_changed_beside_the_monitor_ends_what_was_begun_under_the_one_before(tmp_path: Path) -> None:
    register, path = someone(tmp_path, ("Anna", Role.INSTALLER), ("Ben", Role.VIEWER)), tmp_path / "sessions.json"
    sessions = Sessions(register, path)
    anna, ben = sessions.begin("Anna")[0], sessions.begin("Ben")[0]
    beside = Register(tmp_path / "people.json")  # as `tbms person` has it
    assert beside.put("Ben", Role.VIEWER, PASSWORD + "2") == ""
    for each in (sessions, Sessions(register, path)):
        assert (each.find(ben), bool(each.find(anna))) == (None, True)
    beside.remove("Ben")
    beside.put("Ben", Role.INSTALLER, PASSWORD)
    assert Sessions(register, path).find(ben) is None, "another Ben"
    beside.put("Anna", Role.INSTALLER, PASSWORD + "3")
    assert sessions.find(anna) is None


def test_the_session_that_changed_its_password_goes_on(tmp_path: Path) -> None:
    register, path = someone(tmp_path), tmp_path / "sessions.json"
    sessions = Sessions(register, path)
    own, other = sessions.begin("Anna")[0], sessions.begin("Anna")[0]
    register.put("Anna", Role.INSTALLER, PASSWORD + "2")
    sessions.end_all("Anna", but=own)
    for each in (sessions, Sessions(register, path)):
        assert (bool(each.find(own)), each.find(other)) == (True, None)


def test_a_log_out_that_cannot_be_written_is_none_the_less_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register, path = someone(tmp_path), tmp_path / "sessions.json"
    sessions = Sessions(register, path)
    token, _ = sessions.begin("Anna")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(holding, "replace_file", full)
    sessions.end(token)
    assert Sessions(register, path).find(token) is None


def test_that_a_session_is_used_is_kept_now_and_then(tmp_path: Path) -> None:
    register, path, clock = someone(tmp_path, ("Anna", Role.INSTALLER)), tmp_path / "sessions.json", Clock()
    sessions = Sessions(register, path, clock)
    token, _ = sessions.begin("Anna")
    before = path.read_text()
    clock.now += 100.0
    sessions.find(token)
    assert path.read_text() == before
    clock.now += holding.SAVE_EVERY
    sessions.find(token)
    assert path.read_text() != before


def test_who_guesses_waits_longer_and_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    patience = Patience(clock)
    waits = []
    for _ in range(14):
        patience.failed("a")
        waits.append(patience.wait("a"))
    assert waits == [0.0] * 4 + [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0, 300.0]
    assert patience.wait("b") == 0.0
    clock.now += 300
    assert patience.wait("a") == 0.0
    patience.succeeded("a")
    patience.failed("a")
    assert patience.wait("a") == 0.0
    for _ in range(5):
        patience.failed("c")
    clock.now += holding.FORGET + 1
    assert patience.wait("c") == 0.0
    for number in range(holding.ALL):
        patience.failed(f"d{number}")
    assert patience.wait("e") == 60.0  # a thousand addresses that guess together wait together
    clock.now += 61
    assert patience.wait("e") == 0.0
    monkeypatch.setattr(holding, "ADDRESSES", 3)
    for number in range(300):
        patience.failed(f"f{number}")
    assert len(patience._failures) <= 61 + holding.ALL


async def log_in(http: httpx.AsyncClient, name: str = "Anna", password: str = PASSWORD, **how: Any) -> dict[str, str]:
    """Headers of a page that is logged in; the cookie is the client's."""
    answer = await http.post("/api/v1/session", json={"name": name, "password": password}, **how)
    assert answer.status_code == 200, answer.text
    return {"x-tbms-csrf": answer.json()["csrf"]}


def test_the_first_person_sets_a_password(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        http = system.http
        assert (await http.get("/api/v1/session")).json() == {
            "name": "",
            "role": "installer",
            "csrf": "",
            "first": True,
        }
        for wish, status in (
            ({"name": "Anna", "password": "short"}, 422),
            ({"name": "Anna", "password": PASSWORD}, 200),
        ):
            assert (await http.post("/api/v1/session/first", json=wish)).status_code == status
        cookie = next(iter(http.cookies.jar))
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert cookie.get_nonstandard_attr("SameSite") == "strict"
        assert (await http.get("/api/v1/session")).json()["role"] == "installer"
        wish = {"name": "Eve", "password": PASSWORD}
        assert (await http.post("/api/v1/session/first", json=wish)).status_code == 403

    play(tmp_path, scene)


def test_nobody_else_is_first(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        wish = {"name": "Eve", "password": PASSWORD}
        assert (await system.http.post("/api/v1/session/first", json=wish, headers=FAR)).status_code == 403

    play(tmp_path, scene)


def test_on_this_computer_one_may_look_and_stop_without_a_password(tmp_path: Path) -> None:
    someone(tmp_path)

    async def scene(system: Running) -> None:
        http = system.http
        assert (await http.get("/api/v1/state")).status_code == 200
        assert (await http.post("/api/v1/command", json={"kind": "stop"})).status_code == 200
        assert system.master.asked[-1]["params"]["who"] == "somebody from this computer"
        answer = await http.post("/api/v1/command", json={"kind": "acknowledge"})
        assert (answer.status_code, answer.json()["error"]) == (401, "Log in first: this needs a password.")
        assert (await http.post("/api/v1/command", json={"kind": "stop"}, headers=FAR)).status_code == 401

    play(tmp_path, scene)


def test_a_change_needs_the_pages_own_sign_and_says_who(tmp_path: Path) -> None:
    someone(tmp_path)

    async def scene(system: Running) -> None:
        http = system.http
        headers = await log_in(http)
        wish = {"kind": "output", "target": 1, "value": "on"}
        assert (await http.post("/api/v1/command", json=wish)).status_code == 403
        assert (await http.post("/api/v1/command", json=wish, headers={"x-tbms-csrf": "x"})).status_code == 403
        assert (await http.post("/api/v1/command", json=wish, headers=headers | FAR)).status_code == 200
        assert system.master.asked[-1]["params"]["who"] == "Anna from 127.0.0.1"
        assert (await http.put("/api/v1/settings", json={"text": ""}, headers=headers)).status_code == 200
        assert system.master.asked[-1]["params"]["author"] == "Anna from this computer"
        assert (await http.request("DELETE", "/api/v1/session", json={})).status_code == 200
        assert (await http.post("/api/v1/command", json=wish, headers=headers)).status_code == 401

    play(tmp_path, scene)


def test_passwords_are_changed_and_other_sessions_end(tmp_path: Path) -> None:
    someone(tmp_path)

    async def scene(system: Running) -> None:
        http = system.http
        async with httpx.AsyncClient(base_url=http.base_url, trust_env=False) as other:
            old = await log_in(other)
            headers = await log_in(http)
            url = "/api/v1/session/password"
            for wish, status in (
                ({"old": "wrong", "new": PASSWORD + "2"}, 401), ({"old": PASSWORD, "new": "short"}, 422),
                ({"old": PASSWORD, "new": PASSWORD + "2"}, 200),
            ):  # fmt: skip
                assert (await http.put(url, json=wish, headers=headers)).status_code == status
            assert (await other.put(url, json={"old": PASSWORD, "new": PASSWORD}, headers=old)).status_code == 401
            assert (await http.get("/api/v1/people")).status_code == 200
            await log_in(other, password=PASSWORD + "2")

    play(tmp_path, scene)


def test_people_are_added_changed_and_removed_by_an_installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    someone(tmp_path)

    async def scene(system: Running) -> None:
        http, url = system.http, "/api/v1/people"
        headers = await log_in(http)
        wish = {"role": "operator", "password": PASSWORD}
        answer = await http.put(f"{url}/Ben Ü", json=wish, headers=headers)
        assert answer.json()["people"][1] == {"name": "Ben Ü", "role": "operator"}
        assert (await http.put(f"{url}/Carl", json={"role": "viewer"}, headers=headers)).status_code == 422
        assert (await http.delete(f"{url}/Anna", headers=headers | {"content-length": "0"})).status_code == 409
        async with httpx.AsyncClient(base_url=http.base_url, trust_env=False) as ben:
            own = await log_in(ben, "Ben Ü")
            assert (await ben.post("/api/v1/command", json={"kind": "acknowledge"}, headers=own)).status_code == 200
            refused = await ben.put("/api/v1/settings", json={"text": ""}, headers=own)
            assert refused.json()["error"] == "Ben Ü is operator; this needs the role installer."
            assert (await ben.get(url)).status_code == 403
            await http.put(f"{url}/Ben Ü", json={"role": "viewer"}, headers=headers)
            assert (await ben.post("/api/v1/command", json={"kind": "acknowledge"}, headers=own)).status_code == 403
            await http.put(f"{url}/Ben Ü", json={"role": "viewer", "password": PASSWORD + "x"}, headers=headers)
            assert (await ben.get("/api/v1/session")).json()["name"] == ""

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        assert (await http.request("DELETE", f"{url}/Ben Ü", json={}, headers=headers)).json()["people"] == [
            {"name": "Anna", "role": "installer"}
        ]
        monkeypatch.setattr(registering, "replace_file", full)
        answer = await http.put(f"{url}/Dora", json=wish, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (503, "It cannot be kept: No space left on device.")

    play(tmp_path, scene)


def test_without_the_first_person_there_is_no_second(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        wish = {"role": "installer", "password": PASSWORD}
        assert (await system.http.put("/api/v1/people/Anna", json=wish)).status_code == 409

    play(tmp_path, scene)


def test_guessing_is_slowed_down(tmp_path: Path) -> None:
    someone(tmp_path)

    async def scene(system: Running) -> None:
        wish = {"name": "Anna", "password": "wrong password"}
        answers = [await system.http.post("/api/v1/session", json=wish) for _ in range(7)]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
        assert answers[-1].headers["retry-after"]
        assert answers[0].json()["error"] == "Name or password is wrong."

    play(tmp_path, scene)


OWN = {
    ("GET", "/api/v1/session"), ("POST", "/api/v1/session"), ("DELETE", "/api/v1/session"),
    ("POST", "/api/v1/session/first"),
}  # how one comes in and goes out  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "command": {"kind": "acknowledge"}, "password": {"old": "x", "new": "x"}, "Eve": {"role": "viewer"},
    "test": {"receiver": "A"}, "dry-run": {"range": {}},
}  # fmt: skip


async def answers(http: httpx.AsyncClient, headers: dict[str, str]) -> dict[tuple[str, str], int]:
    """The status of every route of the document for this asker."""
    document = (await http.get("/api/v1/openapi.json")).json()
    found = {}
    for path, methods in document["paths"].items():
        for method in map(str.upper, methods):
            if (method, path) not in OWN:
                address = path.replace("{subject}", "load_contactor").replace("{name}", "Eve").replace("{number}", "1")
                wish = BODIES.get(address.rpartition("/")[2], {})
                found[method, path] = (await http.request(method, address, json=wish, headers=headers)).status_code
    return found


def test_a_stranger_sees_nothing(tmp_path: Path) -> None:
    someone(tmp_path)

    async def scene(system: Running) -> None:
        found = await answers(system.http, FAR)
        assert set(found.values()) == {401}, found
        with pytest.raises(InvalidStatus):
            await connect(system.live, additional_headers=FAR, proxy=None)

    play(tmp_path, scene)


INSTALLER = {
    ("PUT", "/api/v1/settings"), ("POST", "/api/v1/settings/rollback"), ("PUT", "/api/v1/alerts"),
    ("GET", "/api/v1/people"), ("PUT", "/api/v1/people/{name}"), ("DELETE", "/api/v1/people/{name}"),
}  # fmt: skip
OPERATOR = {("POST", "/api/v1/command"), ("POST", "/api/v1/settings/check"), ("POST", "/api/v1/alerts/test"),
            ("POST", "/api/v1/ranges/dry-run"), ("POST", "/api/v1/events/{number}/acknowledge")}  # fmt: skip


@pytest.mark.parametrize(
    ("role", "refused"), [(Role.VIEWER, INSTALLER | OPERATOR), (Role.OPERATOR, INSTALLER), (Role.INSTALLER, set())]
)
def test_every_route_has_its_least_role(tmp_path: Path, role: Role, refused: set[tuple[str, str]]) -> None:
    someone(tmp_path, ("Anna", Role.INSTALLER), ("Ben", role))

    async def scene(system: Running) -> None:
        found = await answers(system.http, FAR | await log_in(system.http, "Ben"))
        assert {place for place, status in found.items() if status == 403} == refused
        answered = {place for place, status in found.items() if status == 401}
        assert answered == {("PUT", "/api/v1/session/password")}  # the old password is wrong

    play(tmp_path, scene)


def test_the_network_is_listened_to_only_with_a_password(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--socket", str(tmp_path / "s"), "--host", "0.0.0.0", "--port", "1"]  # noqa: S104 - refused, that is the test
    assert entry.main(asked) == 2
    assert "until a password exists" in capsys.readouterr().err
    someone(tmp_path)
    assert entry.main([*asked, "--tls-cert", "x.pem"]) == 2
    assert "belong together" in capsys.readouterr().err


def test_the_names_of_this_computer() -> None:
    found = entry.names(["Boat.example"])
    assert "boat.example" in found
    assert all(name == name.lower() for name in found)
    assert any(name.endswith(".local") for name in found)


def test_on_a_network_numbers_are_answered_and_foreign_names_are_not(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        for host, status in (("192.0.2.3:80", 200), ("[2001:db8::1]", 200), ("boat.local", 200), ("evil.example", 421)):
            answer = await system.http.get("/api/v1/session", headers={"host": host})
            assert answer.status_code == status, host

    async def whole() -> None:
        async with running(tmp_path, hosts=["boat.local"]) as system:
            await scene(system)

    asyncio.run(whole())


def test_over_tls_with_an_own_certificate(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    try:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", str(key), "-out", str(cert)],
            check=True, capture_output=True,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("openssl is not installed, so no certificate can be made")
    someone(tmp_path)

    async def scene(system: Running) -> None:
        await log_in(system.http)
        cookie = next(iter(system.http.cookies.jar))
        assert cookie.secure
        assert json.loads((await system.http.get("/api/v1/session")).text)["name"] == "Anna"

    async def whole() -> None:
        async with running(tmp_path, tls=(cert, key)) as system:
            await scene(system)

    asyncio.run(whole())
