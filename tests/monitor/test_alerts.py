"""Alerts: who is told of what and when (in virtual time), how messages travel, and the way out over a real line."""

import asyncio
import json
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.monitor.running import Running
from tests.monitor.test_app import play

from tbms.monitor.alerts import post as posting
from tbms.monitor.alerts import service, words
from tbms.monitor.alerts.book import KEPT, Book, Heartbeat, Quiet, Receiver, Rule, load, masked, save, unmasked
from tbms.monitor.alerts.post import Message, Post, late
from tbms.monitor.alerts.send import beat, send, usable
from tbms.monitor.alerts.service import Alerts
from tbms.monitor.alerts.watch import Notice, Seen, Standing, joined, look, quiet
from tbms.monitor.live import Live

STATIC = Path(__file__).parents[2] / "src" / "tbms" / "monitor" / "static"
ANNA, BEN = Receiver(name="Anna", url="ntfy://ntfy.sh/a"), Receiver(name="Ben", url="ntfy://ntfy.sh/b", language="de")
NOON = 12 * 60


def fault(ring: str = "cut", cell: int | None = 3, **more: Any) -> dict[str, Any]:
    return {"id": "cell_overvoltage", "ring": ring, "cell": cell, "since": 100.0, "value": 3.66, "unit": "V"} | more


def book(**changes: Any) -> Book:
    rule = {"severity": "alarm", "receivers": ("Anna",)} | changes
    more = {name: rule.pop(name) for name in ("quiet", "heartbeat") if name in rule}
    return Book(receivers=(ANNA, BEN), rules=(Rule(**rule),), **more)


class Days:
    """A monitor's looks, one after the other."""

    def __init__(self, kept: Book) -> None:
        self.book, self.now, self.minute = kept, 1e9, NOON
        self.known: dict[str, Standing] = {}
        self.faults: list[dict[str, Any]] = []
        self.acknowledged = False
        self.silent: float | None = None

    def after(self, seconds: float) -> list[tuple[str, str]]:
        """Look again so much later; who is told what."""
        self.now += seconds
        snapshot = {"time": 200.0, "faults": self.faults, "acknowledged": self.acknowledged}
        self.known, notices = look(self.known, Seen(self.now, self.minute, snapshot, self.silent), self.book)
        return [(notice.receiver, notice.kind) for notice in notices]


def test_an_alarm_is_told_once_and_its_end_after_a_minute() -> None:
    days = Days(book())
    assert days.after(0) == []
    days.faults = [fault()]
    assert days.after(2) == [("Anna", "came")]
    assert days.after(7200) == []
    days.faults = []
    assert days.after(2) == []
    days.faults = [fault()]
    assert days.after(30) == []  # it flickers: the same fault
    days.faults = []
    days.after(2)
    assert days.after(60) == [("Anna", "over")]
    assert days.known == {}


def test_a_warning_is_told_only_where_it_is_asked_for_and_again_when_it_gets_worse() -> None:
    days = Days(book())
    days.faults = [fault("warn")]
    assert days.after(2) == []
    days.faults = [fault("cut")]
    assert days.after(2) == [("Anna", "came")]
    days = Days(book(severity="warning"))
    days.faults = [fault("limit")]
    assert days.after(2) == [("Anna", "came")]
    days.faults = [fault("cut")]
    assert days.after(2) == [("Anna", "came")]
    days.faults = [fault("warn")]
    assert days.after(2) == []


def test_it_is_repeated_until_somebody_acknowledges() -> None:
    days = Days(book(repeat=600))
    days.faults = [fault()]
    assert days.after(0) == [("Anna", "came")]
    assert days.after(599) == []
    assert days.after(1) == [("Anna", "again")]
    days.acknowledged = True
    assert days.after(600) == []


def test_without_an_answer_others_are_told_once() -> None:
    days = Days(book(escalate_after=900, escalate_to=("Ben",)))
    days.faults = [fault()]
    days.after(0)
    assert days.after(600) == []
    assert days.after(300) == [("Ben", "escalated")]
    assert days.after(3600) == []
    days.acknowledged, days.faults = True, [fault(), fault(cell=4)]
    assert days.after(2) == [("Anna", "came")]
    assert days.after(3600) == []


@pytest.mark.parametrize(
    ("minute", "told"), [(22 * 60, []), (5 * 60, []), (7 * 60, [("Anna", "came")]), (NOON, [("Anna", "came")])]
)
def test_in_quiet_hours_warnings_wait_and_alarms_do_not(minute: int, told: list[tuple[str, str]]) -> None:
    days = Days(book(severity="warning", quiet=Quiet(begin="22:00", end="07:00")))
    days.minute, days.faults = minute, [fault("warn")]
    assert days.after(0) == told
    days.faults = [fault("cut", 4)]
    assert ("Anna", "came") in days.after(1)
    days.minute, days.faults = NOON, [fault("warn"), fault("cut", 4)]
    assert days.after(3600) == ([] if told else [("Anna", "came")])


def test_quiet_hours_within_a_day() -> None:
    kept = book(quiet=Quiet(begin="13:00", end="14:30"))
    assert [quiet(kept, minute) for minute in (779, 780, 869, 870)] == [False, True, True, False]
    assert not quiet(book(), 780)


def test_a_silent_master_is_an_alarm_and_hides_nothing() -> None:
    days = Days(book())
    days.faults = [fault()]
    days.after(0)
    days.silent, days.faults = 30.0, []
    assert days.after(30) == []
    days.silent = 61.0
    assert days.after(31) == [("Anna", "came")]
    assert len(days.known) == 2
    days.silent, days.faults = None, [fault()]
    assert days.after(2) == []
    assert days.after(61) == [("Anna", "over")]
    assert list(days.known) == ["cell_overvoltage/3/"]


def test_many_faults_are_one_message_and_are_bounded() -> None:
    days = Days(book())
    days.faults = [fault(cell=cell) for cell in range(500)]
    days.now += 1
    days.known, notices = look(days.known, Seen(days.now, NOON, {"time": 200.0, "faults": days.faults}), days.book)
    ((_, each),) = joined(notices).items()
    assert len(each) == 100
    assert len(words.body(each, days.now, {}).splitlines()) == words.LINES + 1


@given(
    st.lists(
        st.tuples(
            st.lists(
                st.tuples(st.sampled_from(["warn", "cut"]), st.integers(1, 3)), max_size=3, unique_by=lambda x: x[1]
            ),
            st.booleans(),
            st.none() | st.floats(0, 200),
            st.floats(0, 2000),
        ),
        max_size=30,
    )
)
def test_nobody_is_told_more_often_than_asked(
    scenes: list[tuple[list[tuple[str, int]], bool, float | None, float]],
) -> None:
    days = Days(book(severity="warning", repeat=600, escalate_after=900, escalate_to=("Ben",)))
    came: dict[tuple[str, str], float] = {}
    for faults, acknowledged, silent, wait in scenes:
        days.faults = [fault(ring, cell) for ring, cell in faults]
        days.acknowledged, days.silent = acknowledged, silent
        before = {name: dict(each.told) for name, each in days.known.items()}
        days.after(wait)
        for name, each in days.known.items():
            for receiver, when in each.told.items():
                last = before.get(name, {}).get(receiver)
                if last is not None and when != last and receiver == "Anna":
                    assert when - last >= 600 or each.since >= last or each.severity == "alarm"
                came[name, receiver] = when


def test_a_book_must_fit_together() -> None:
    with pytest.raises(ValidationError, match="no receiver 'Carl'"):
        Book(receivers=(ANNA,), rules=(Rule(receivers=("Carl",)),))
    with pytest.raises(ValidationError, match="same name"):
        Book(receivers=(ANNA, ANNA))
    with pytest.raises(ValidationError, match="belong together"):
        Book(receivers=(ANNA,), rules=(Rule(receivers=("Anna",), escalate_after=100),))
    with pytest.raises(ValidationError):
        Heartbeat(url="file:///etc/passwd")


def test_addresses_are_kept_and_never_shown(tmp_path: Path) -> None:
    whole = Book(receivers=(ANNA, Receiver(name="C", url="x")), heartbeat=Heartbeat(url="https://hc.example/secret"))
    path = tmp_path / "alerts" / "alerts.json"
    save(path, whole)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load(path) == whole
    shown = masked(whole)
    assert "ntfy.sh" not in shown.model_dump_json()
    assert "secret" not in shown.model_dump_json()
    assert [each.url for each in shown.receivers] == [f"ntfy://{KEPT}", KEPT]
    assert unmasked(shown, whole) == whole
    with pytest.raises(ValueError, match="its address is missing"):
        unmasked(Book(receivers=(Receiver(name="New", url=f"ntfy://{KEPT}"),)), whole)
    with pytest.raises(ValueError, match="sign of life"):
        unmasked(Book(heartbeat=Heartbeat(url=KEPT)), Book())
    assert load(tmp_path / "none.json") == Book()
    path.write_text("{")
    with pytest.raises(ValueError, match="damaged"):
        load(path)


def message(number: int, receiver: str = "Anna", made: float = 0.0) -> Message:
    return Message(receiver, f"t{number}", "b", made)


def test_messages_outlive_a_restart_and_a_lost_line(tmp_path: Path) -> None:
    path = tmp_path / "post.json"
    kept = Post(path)
    kept.put([message(1), message(2), message(3, "Ben")])
    kept.standing = {"a": Standing(fault(), "alarm", 1.0, {"Anna": 2.0})}
    for one in kept.due(0.0):
        kept.done(one, "no line", 0.0)
    assert kept.due(29.0) == []
    kept.keep()
    again = Post(path)
    assert (again.standing, again.waiting) == (kept.standing, kept.waiting)
    assert [one.title for one in again.due(30.0)] == ["t1", "t3"]  # one at a time for each
    for one in again.due(30.0):
        again.done(one, "", 30.0)
    assert [one.title for one in again.due(30.0)] == ["t2"]


def test_pauses_grow_and_what_is_old_is_given_up(tmp_path: Path) -> None:
    kept = Post(tmp_path / "post.json")
    kept.put([message(1)])
    now, pauses = 0.0, []
    while kept.due(now):
        kept.done(kept.waiting[0], "no line", now)
        if kept.waiting[0].next > posting.AGE:
            break
        pauses.append(kept.waiting[0].next - now)
        now = kept.waiting[0].next
    assert pauses[:8] == [30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1800.0, 1800.0]
    assert kept.due(posting.AGE + 1) == []
    assert (kept.waiting, kept.dropped) == ([], 1)
    kept.done(message(1), "", now)  # given up while it was under way
    assert late(message(1), 500.0).body == "b"
    assert late(message(1), 7200.0).body == "b\n[+120 min]"


def test_the_queue_is_bounded_and_a_damaged_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "post.json"
    kept = Post(path)
    kept.put(message(number) for number in range(posting.MOST + 5))
    assert (len(kept.waiting), kept.dropped, kept.waiting[0].title) == (posting.MOST, 5, "t5")
    kept.keep()
    for damage in (b"{", b"[]", b'{"standing": {"a": {}}, "waiting": [], "dropped": 0}', b"\xff"):
        path.write_bytes(damage)
        assert "damaged" in Post(path).trouble

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(posting, "replace_file", full)
    kept.put([message(1)])
    kept.keep()
    assert "No space left" in kept.trouble


@contextmanager
def http(status: int = 200) -> Iterator[tuple[int, list[tuple[str, bytes]]]]:
    """A real server on loopback that takes or refuses everything."""
    heard: list[tuple[str, bytes]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append((self.path, self.rfile.read(int(self.headers.get("content-length") or 0))))
            self.send_response(status)
            self.end_headers()

        do_GET = do_POST  # noqa: N815 - as above

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, heard
    finally:
        server.shutdown()
        server.server_close()


def test_a_message_goes_out_over_a_real_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert usable("ntfy://ntfy.sh/boat")
    assert not usable("nonsense")
    with http() as (port, heard):
        assert send(f"ntfy://127.0.0.1:{port}/boat", "Aurora: Alarm", "Cell 3") == ""
        assert beat(f"http://127.0.0.1:{port}/ping") == ""
    said = json.loads(heard[0][1])
    assert (said["topic"], said["title"], said["message"]) == ("boat", "Aurora: Alarm", "Cell 3")
    assert heard[1][0] == "/ping"
    with http(500) as (port, _):
        assert "not taken" in send(f"ntfy://127.0.0.1:{port}/secret", "t", "b")
        assert "not answered" in beat(f"http://127.0.0.1:{port}/ping")
    assert "not taken" in send(f"ntfy://127.0.0.1:{port}/secret", "t", "b")  # nobody listens any more
    assert "not understood" in send("nonsense", "t", "b")
    assert "not understood" in beat("file:///etc/passwd")
    assert "secret" not in "".join(capfd.readouterr())


def test_what_raises_inside_a_service_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import apprise

    def broken(*_: object, **__: object) -> bool:
        raise TypeError("secret")

    monkeypatch.setattr(apprise.Apprise, "notify", broken)
    assert send("ntfy://ntfy.sh/x", "t", "b") == "not taken (TypeError)"


class Clock:
    def __init__(self) -> None:
        self.now = 1.7e9

    def __call__(self) -> float:
        return self.now


def snapshot(live: Live, time: float, *faults: dict[str, Any]) -> None:
    live.update({"name": "Aurora", "time": time, "faults": list(faults), "acknowledged": False})
    live.publish()


@pytest.mark.skipif(not (STATIC / "messages/de.json").is_file(), reason="the pages are not built (make web)")
def test_from_a_fault_to_a_telephone(tmp_path: Path) -> None:
    async def scene() -> None:
        clock, live = Clock(), Live()
        with http() as (port, heard):
            kept = Book(
                receivers=(Receiver(name="A", url=f"ntfy://127.0.0.1:{port}/boat", language="de"),),
                rules=(Rule(receivers=("A",)),),
                heartbeat=Heartbeat(url=f"http://127.0.0.1:{port}/alive", every=60),
            )
            alerts = Alerts(tmp_path, STATIC, live, clock)
            alerts.change(kept)
            snapshot(live, 150.0, fault())
            await alerts.turn()
            await alerts.deliver()
            assert alerts.post.waiting == []
            assert alerts.test("A") == ""
            assert "no receiver" in alerts.test("B")
            await alerts.deliver()  # too soon for another sign of life
            clock.now += 61
            live.lost()
            live.publish()
            await alerts.turn()
            clock.now += 61
            await alerts.turn()
            await alerts.deliver()  # a dead master gives none
        paths = [path for path, _ in heard]
        assert paths.count("/alive") == 1
        said = [json.loads(body) for _, body in heard if body]
        assert said[0]["title"] == "Aurora: Alarm"
        assert said[0]["message"].startswith("Zellspannung zu hoch, Zelle 3: 3.66 V. ")
        assert said[1]["title"] == "Aurora: Probe"
        assert said[2]["message"].startswith("Der Master schweigt")
        assert Alerts(tmp_path, STATIC, live, clock).book == kept

    asyncio.run(scene())


def test_a_defect_is_said_and_alerts_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        alerts = Alerts(tmp_path, STATIC, Live())
        seen = asyncio.Event()
        calls = [0]

        def broken(*_: object) -> Any:
            calls[0] += 1
            if calls[0] > 1:
                seen.set()
            raise ZeroDivisionError

        monkeypatch.setattr(service, "look", broken)
        monkeypatch.setattr(service, "PERIOD", 0.0)
        task = asyncio.create_task(alerts.run())
        await asyncio.wait_for(seen.wait(), 5)
        assert "ZeroDivisionError" in alerts.trouble
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scene())


def test_a_damaged_book_alerts_nobody_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "alerts.json").write_text("rubbish")
    alerts = Alerts(tmp_path, STATIC, Live())
    assert "damaged: nobody is alerted" in alerts.trouble
    alerts.change(book())
    assert alerts.trouble == ""


def test_without_catalogues_it_speaks_all_the_same(tmp_path: Path) -> None:
    each = Standing(fault(), "alarm", 0.0)
    assert words.catalogue(tmp_path, "en") == {}
    assert words.title("Aurora", [Notice("A", "came", each)], {}) == "Aurora: alarm"
    assert words.title("Aurora", [Notice("A", "over", each)], {}) == "Aurora: over"
    assert words.body([Notice("A", "again", each)], 600.0, {}) == "cell overvoltage, 3: 3.66 V (again, 10 min)."
    over = Notice("A", "over", Standing(fault(cell=None, value=None), "warning", 0.0))
    assert words.body([over], 600.0, {}) == "cell overvoltage: over"
    assert words.title("A", [Notice("A", "came", Standing(fault(), "warning", 0.0))], {}) == "A: warning"


URL = "/api/v1/alerts"


def test_alerts_are_set_up_over_http(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        assert (await system.http.get(URL)).json()["book"] == {
            "receivers": [], "rules": [], "quiet": None, "heartbeat": None,
        }  # fmt: skip
        with http() as (port, heard):
            wish = {"receivers": [{"name": "A", "url": f"ntfy://127.0.0.1:{port}/t"}], "rules": [{"receivers": ["A"]}]}
            answer = await system.http.put(URL, json=wish)
            assert answer.status_code == 200
            shown = answer.json()["book"]
            assert shown["receivers"][0]["url"] == f"ntfy://{KEPT}"
            assert (await system.http.put(URL, json=shown)).status_code == 200
            assert (await system.http.post(f"{URL}/test", json={"receiver": "A"})).json() == {"problem": ""}
            assert len(heard) == 1
        assert (await system.http.get(URL)).json()["last"]["A"]["problem"] == ""

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"receivers": [{"name": "A", "url": "nonsense"}]}, "A: this address is not understood"),
        ({"receivers": [{"name": "A", "url": f"ntfy://{KEPT}"}]}, "its address is missing"),
        ({"rules": [{"receivers": ["A"]}]}, "no receiver 'A'"),
        ({"heartbeat": {"url": "ftp://x"}}, "heartbeat.url"),
        ([], "valid"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(tmp_path: Path, wish: object, said: str) -> None:
    async def scene(system: Running) -> None:
        answer = await system.http.put(URL, json=wish)
        assert answer.status_code == 422
        assert said in answer.json()["error"]

    play(tmp_path, scene)


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(service, "save", full)

    async def scene(system: Running) -> None:
        answer = await system.http.put(URL, json={})
        assert (answer.status_code, answer.json()["error"]) == (
            507,
            "The alerts cannot be kept: No space left on device.",
        )

    play(tmp_path, scene)


def test_frost_is_told_as_frost_and_a_discharge_as_a_magnitude() -> None:
    for value, unit, said in ((-5.25, "°C", "-5.25 °C"), (-220.0, "A", "220 A")):
        each = Standing(fault(value=value, unit=unit, cell=None), "alarm", 0.0)
        assert said in words.body([Notice("A", "came", each)], 1.0, {})


def test_nothing_is_over_while_nobody_can_see_it() -> None:
    days = Days(book())
    days.faults = [fault()]
    days.after(0)
    days.faults = []
    days.after(2)
    days.silent = 10.0
    assert days.after(59) == []
    days.silent = 50.0
    assert days.after(40) == []
    days.silent = None
    assert days.after(2) == [("Anna", "over")]
