import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tbms.core.protect.limits import Entry
from tbms.core.sleep import Rest
from tbms.core.state import State
from tbms.master import control as module
from tbms.master.control import WAKING, Control, sentence
from tbms.master.link import ApiEnd, ControlEnd, pair
from tbms.master.recorder import Recorder
from tbms.master.restore import learned, reborn
from tbms.model.action import ALL_OFF, Actions
from tbms.model.event import Event, EventKind, Phase
from tbms.model.fault import Severity
from tbms.model.sample import Sample, SourceKind, SourceReport, SourceState
from tbms.ports import NotReady, Timeout
from tbms.settings import load
from tbms.store.events import EventReader
from tbms.store.memory import Memory
from tbms.twin.boat import boat
from tbms.twin.face import FastFace

SETTINGS = load(None, ["outputs[1].role=charger_enable", "outputs[4].role=load"])


class Plant:
    """The simulated boat, which can be made to fail; remembers what it was told."""

    problems: tuple[str, ...] = ()

    def __init__(self, face: FastFace) -> None:
        self.face = face
        self.fail: Exception | None = None
        self.told: list[Actions] = []
        self.closed = False

    def exchange(self, actions: Actions) -> Sample:
        self.told.append(actions)
        if self.fail:
            raise self.fail
        return self.face.exchange(actions)

    def close(self) -> None:
        self.closed = True


class Bench:
    """Control on the simulated boat in virtual time, with the API's end of the pipe."""

    def __init__(self, folder: Path) -> None:
        self.face = FastFace(boat())
        self.plant = Plant(self.face)
        ends = pair()
        self.ends = ends
        self.api = ApiEnd(ends[1])
        self.recorder = Recorder(folder)
        self.folder = folder
        self.shown: dict[str, Any] = {}
        self.acks: list[dict[str, Any]] = []
        self.control = Control(
            self.plant, self.face, SETTINGS, State.initial(SETTINGS), ControlEnd(ends[0]), self.recorder, simulated=True
        )

    def run(self, seconds: float, also: Callable[[], None] = lambda: None) -> None:
        """Let control cycle for so long, then stop it; `also` is called each cycle."""
        end = self.face.now() + seconds

        def stop() -> bool:
            also()
            self.look()
            return self.face.now() >= end - 1e-6

        self.control.run(stop)
        self.look()

    def look(self) -> None:
        for kind, message in self.api.receive():
            if kind == "S":
                self.shown = json.loads(message)
            elif kind == "A":
                self.acks.append(json.loads(message))

    def events(self) -> list[dict[str, Any]]:
        assert self.recorder.close()
        return EventReader(self.folder / "events").after(0, 10_000)

    def close(self) -> None:
        self.recorder.close()
        for end in self.ends:
            end.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def closed(actions: Actions) -> bool:
    return actions.load_contactor or actions.charge_contactor or any(actions.outputs)


def test_it_closes_after_a_full_valid_set_and_lets_go_at_the_end(bench: Bench) -> None:
    bench.run(8.0)
    assert not any(closed(actions) for actions in bench.plant.told[:10])
    assert bench.plant.told[-2].load_contactor
    assert bench.plant.told[-1] == ALL_OFF
    assert bench.plant.closed
    assert bench.shown["load_contactor"]["phase"] == "closed"
    assert bench.shown["loop"]["lost"] == 0
    assert [e["key"] for e in bench.events()][:: len(bench.events()) - 1] == ["start", "stop"]


def test_what_was_learned_is_saved_at_the_end(bench: Bench) -> None:
    bench.run(2.0)
    bench.recorder.close()
    saved = Memory(bench.folder).load()
    assert saved["soc"] == pytest.approx(bench.shown["soc"], abs=0.01)
    assert saved["soc_sigma"] > 0


def test_what_was_learned_is_saved_every_minute(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    saves: list[float] = []
    monkeypatch.setattr(bench.recorder, "remember", lambda values: saves.append(bench.face.now()))
    bench.run(130.0)
    assert saves[:2] == [pytest.approx(60.0, abs=0.2), pytest.approx(120.0, abs=0.2)]


def test_nothing_reachable_is_said_once_and_nothing_closes_until_it_comes(bench: Bench) -> None:
    bench.plant.fail = NotReady("serial port /dev/ttyX is not there; waiting for it")

    def also() -> None:
        if bench.face.now() > 20.0:
            bench.plant.fail = None

    bench.run(40.0, also)
    missing = [a for a in bench.plant.told[:200] if closed(a)]
    assert not missing
    assert bench.shown["load_contactor"]["phase"] == "closed"
    told = [e for e in bench.events() if e["key"] == "bus"]
    assert [(e["phase"], e["cause"]) for e in told] == [
        ("came", "serial port /dev/ttyX is not there; waiting for it"),
        ("went", "the nodes can be reached again"),
    ]


def test_what_a_person_should_mend_is_said_once_a_minute(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.plant.problems = ("node 3 has register map 2, this master knows 1: update one of them",)
    bench.run(100.0)
    assert [r.getMessage() for r in caplog.records].count(bench.plant.problems[0]) == 2


def test_while_nothing_answers_the_state_says_so(bench: Bench) -> None:
    bench.plant.fail = NotReady("no port")
    bench.run(WAKING + 1.0)
    assert bench.shown["voltage"] is None
    assert not bench.shown["may_charge"]
    assert not bench.shown["may_discharge"]
    assert {node["online"] for node in bench.shown["nodes"]} == {False}
    assert bench.shown["faults"]


def test_a_bus_lost_in_mid_run_opens_within_the_age_limit(bench: Bench) -> None:
    def also() -> None:
        if bench.face.now() > 10.0:
            bench.plant.fail = Timeout("no answer")

    bench.run(12.0, also)
    lost_at = next(i for i, a in enumerate(bench.plant.told) if i > 80 and not a.load_contactor)
    assert lost_at <= 108
    assert bench.shown["cell"][0]["voltage"] is None
    assert bench.shown["nodes"][0]["age"] > 1.0


@pytest.mark.parametrize("where", ["step", "exchange"])
def test_the_unforeseen_opens_everything_for_good_and_the_loop_goes_on(
    bench: Bench, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Any = getattr(module, "step")  # noqa: B009 - control's own name for it

    def also() -> None:
        now = bench.face.now()
        broken = 10.0 <= now <= 10.5
        if where == "exchange":
            bench.plant.fail = ZeroDivisionError("division by zero") if broken else None
            return

        def step(*arguments: Any) -> Any:
            if broken:
                raise ZeroDivisionError("division by zero")
            return real(*arguments)

        monkeypatch.setattr(module, "step", step)

    bench.run(20.0, also)
    assert bench.plant.told[95].load_contactor
    assert all(actions == ALL_OFF for actions in bench.plant.told[104:])
    shown = bench.shown
    assert shown["time"] == pytest.approx(20.0, abs=0.2)
    assert shown["load_contactor"]["phase"] == shown["charge_contactor"]["phase"] == "latched"
    assert "ZeroDivisionError: division by zero" in shown["load_contactor"]["cause"]
    assert not shown["may_charge"]
    assert shown["voltage"] is None
    assert [f["id"] for f in shown["faults"]].count("internal_error") == 1
    assert [e["key"] for e in bench.events()].count("internal_error") == 1


def test_commands_are_taken_refused_and_never_local(bench: Bench) -> None:
    bench.api.ask({"number": 0, "kind": "output", "target": 4, "value": "off", "who": "page", "local": True})
    bench.api.ask({"number": 1, "kind": "explode"})
    bench.run(10.0)
    assert bench.acks == [{"number": 0, "refusal": ""}, {"number": 1, "refusal": "this is no command"}]
    assert bench.shown["outputs"][3] == bench.shown["outputs"][3] | {"on": False, "override": True}


def test_the_network_stops_and_cannot_close_again(bench: Bench) -> None:
    asked = iter([(10.0, "stop"), (12.0, "close")])
    due = [next(asked)]

    def also() -> None:
        if bench.face.now() >= due[0][0]:
            bench.api.ask({"number": 1, "kind": due[0][1], "who": "page", "local": True})
            due[0] = next(asked, (1e9, ""))

    bench.run(20.0, also)
    assert bench.plant.told[95].load_contactor
    assert not any(actions.load_contactor for actions in bench.plant.told[105:])
    assert any("refused" in e["cause"] for e in bench.events() if e["kind"] == "command")


def test_after_a_failure_commands_are_refused_with_the_reason(bench: Bench) -> None:
    def also() -> None:
        bench.plant.fail = RuntimeError("odd") if 5.0 <= bench.face.now() < 5.2 else None
        if 6.0 <= bench.face.now() < 6.1:
            bench.api.ask({"number": 9, "kind": "close"})

    bench.run(8.0, also)
    assert "RuntimeError: odd" in bench.acks[-1]["refusal"]


def test_nothing_is_learned_from_an_unknown_charge(bench: Bench) -> None:
    bench.run(1.0)
    shown = bench.control._shown
    assert shown is not None
    state = bench.control._state
    assert learned(replace(shown, soc=None), state, SETTINGS) == {}
    assert learned(replace(shown, soc_sigma=float("inf")), state, SETTINGS) == {}


def test_what_was_learned_and_counted_goes_on_after_a_restart(bench: Bench) -> None:
    bench.run(30.0)
    shown, state = bench.control._shown, bench.control._state
    assert shown is not None
    values = json.loads(json.dumps(learned(shown, state, SETTINGS), allow_nan=False))
    back = reborn(State.initial(bench.control._settings), values, bench.control._settings, shown.timestamp, 0.0)
    assert back.counters == state.counters
    assert back.counters.time > 20.0
    assert back.estimate.parts.ohmic == state.estimate.parts.ohmic


def test_since_when_it_sleeps_is_kept_until_what_was_drawn_is_counted(bench: Bench) -> None:
    bench.run(1.0)
    shown, awake = bench.control._shown, bench.control._state
    assert shown is not None
    assert learned(shown, awake, SETTINGS)["asleep"] is None
    sleeping = awake._replace(actions=Actions(sleep=12))
    kept = learned(shown, sleeping, SETTINGS)
    later = reborn(State.initial(SETTINGS), kept, SETTINGS, shown.timestamp + 3600.0, 50.0)
    assert later.asleep_since == 50.0 - 3600.0
    again = learned(replace(shown, timestamp=shown.timestamp + 3610.0), later._replace(clock=60.0), SETTINGS)
    assert again["asleep"] == kept["asleep"]
    assert reborn(State.initial(SETTINGS), {}, SETTINGS, shown.timestamp, 50.0).asleep_since is None


def test_an_event_is_one_line_with_its_figures() -> None:
    event = Event(
        1.0, 2.0, EventKind.FAULT, "cell_overvoltage", Phase.CAME, Severity.ALARM, 3, 3.6612, 3.65, "V", "why"
    )
    assert sentence(event) == "fault cell_overvoltage came cell 3 3.661 V against 3.65 V: why"
    plain = replace(event, cell=None, value="open", limit=None, unit="", cause="")
    assert sentence(plain) == "fault cell_overvoltage came open"


def go(bench: Bench, seconds: float) -> None:
    """Cycles for so long, without a beginning or an end."""
    began = bench.face.now()
    for cycle in range(1, round(10 * seconds) + 1):
        bench.face.sleep_until(began + cycle / 10)
        bench.control.cycle()
        bench.look()


def change(bench: Bench, text: str, live: bool = True) -> str:
    """Ask control to take settings over; its refusal."""
    bench.acks.clear()
    assert bench.api.ask({"kind": "settings", "number": 7, "text": text, "live": live, "note": "version 2 by Anna"})
    go(bench, 0.3)
    (ack,) = bench.acks
    assert ack["number"] == 7
    return str(ack["refusal"])


def changeable(bench: Bench) -> Bench:
    outputs = ["outputs[1].role=charger_enable", "outputs[4].role=load"]
    bench.control._reload = lambda text: load(None, outputs, text)
    go(bench, 8.0)
    return bench


def test_settings_are_taken_over_with_the_contactors_closed(bench: Bench) -> None:
    changeable(bench)
    bench.plant.told.clear()
    assert change(bench, 'name = "Borea"\n[protect.cell_overvoltage]\ncut = 3.62') == ""
    assert bench.shown["name"] == "Borea"
    assert len(bench.plant.told) == 3
    assert all(actions.load_contactor for actions in bench.plant.told)
    told = [event for event in bench.events() if event["key"] == "settings"]
    assert [event["cause"] for event in told] == ["version 2 by Anna"]


def test_changed_limits_reach_the_nodes(bench: Bench) -> None:
    configured: list[Any] = []
    bench.plant.configure = configured.append  # type: ignore[attr-defined]
    changeable(bench)
    assert change(bench, 'name = "Borea"') == ""
    assert configured == []
    assert change(bench, "[protect.cell_overvoltage]\nguard = 3.7\ncut = 3.6") == ""
    assert [each["overvoltage"] for each in configured] == [3700]


def test_what_would_open_a_contactor_is_refused(bench: Bench) -> None:
    changeable(bench)
    before = bench.control._settings
    refusal = change(bench, "[protect.undertemperature_charge]\ncut = 26")
    assert "a contactor would open at once" in refusal
    assert bench.control._settings is before


def test_what_cannot_be_read_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    changeable(bench)
    assert "no such key" in change(bench, "nme = 1")

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "adopt", broken)
    assert "cannot take these settings over while it runs (ZeroDivisionError)" in change(bench, 'name = "x"')
    bench.control._reload = None
    assert change(bench, 'name = "x"') == "the settings of this run cannot be changed"


def test_what_is_for_the_next_start_is_only_told(bench: Bench) -> None:
    changeable(bench)
    before = bench.control._settings
    assert change(bench, "[pack]\ncells = 4", live=False) == ""
    assert bench.control._settings is before
    assert "settings" in [event["key"] for event in bench.events()]


def test_a_cycle_that_begins_late_says_so_in_its_sample(bench: Bench) -> None:
    go(bench, 4.0)
    bench.control.watch.began(0.7)
    go(bench, 0.1)
    assert "loop_overrun" in [event["key"] for event in bench.events()]


def test_what_is_latched_is_kept_at_once_and_learned_values_with_it(bench: Bench) -> None:
    changeable(bench)
    bench.control._kept["counters"] = {"time": 5.0}
    assert bench.api.ask({"kind": "stop", "number": 1, "who": "Anna"})
    go(bench, 0.3)
    assert bench.recorder.close()
    values = Memory(bench.folder).load()
    assert values["latches"] == {"stopped": "Anna", "latched": []}
    assert values["counters"]["time"] > 5.0


def test_another_shape_is_never_taken_over_while_it_runs(bench: Bench) -> None:
    changeable(bench)
    for text in ("[pack]\ncells = 8", "[pack]\ncapacity = 100", "[loop]\nperiod = 0.2"):
        assert change(bench, text) == "these settings come into force at a start only"
    assert bench.shown["cells"] == 16


@pytest.mark.parametrize("request_", [{}, {"live": True}, {"live": True, "text": 5}, {"live": False}, {"number": "x"}])
def test_a_request_that_is_none_ends_nothing(bench: Bench, request_: dict[str, Any]) -> None:
    changeable(bench)
    assert bench.api.ask({"kind": "settings", "number": 3} | request_)
    go(bench, 0.3)
    assert bench.plant.told[-1].load_contactor


def test_an_incident_under_way_is_kept_when_settings_change(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    changeable(bench)
    bench.control._minutes._cut = Event(1.0, 2.0, EventKind.FAULT, "weld", Phase.CAME, Severity.ALARM, cause="odd")
    frozen: list[Any] = []
    monkeypatch.setattr(bench.recorder, "freeze", frozen.append)
    assert change(bench, 'name = "Borea"') == ""
    assert [incident.cause for incident in frozen] == ["odd"]


def test_a_second_latch_is_kept_at_once_too(bench: Bench) -> None:
    changeable(bench)
    protections = bench.control._settings.protections
    places = {each.id: place for place, each in enumerate(protections)}
    for count, name in enumerate(("temperature_rate", "weld"), 1):
        entry = Entry(0, 1.0, 0.0, 0.0, None, 1, True)
        watches = list(bench.control._state.watches)
        watches[places[name]] = tuple((entry,) for _ in protections[places[name]].rings)
        bench.control._state = bench.control._state._replace(watches=tuple(watches))
        bench.control._save()
        assert len({each[0] for each in bench.control._kept["latches"]["latched"]}) == count


def test_what_a_person_should_know_of_a_start_is_an_alarm_in_the_log(bench: Bench) -> None:
    bench.control._warning = "the settings file cannot be used"
    bench.run(1.0)
    bench.recorder.close()
    told = next(e for e in EventReader(bench.folder / "events").recent(50) if e["key"] == "settings")
    assert (told["severity"], told["cause"]) == ("alarm", "the settings file cannot be used")


class Dozing(Plant):
    """A boat whose boards can sleep; silent: the bus is gone by then."""

    slept = 0
    silent = False

    def sleep(self, minutes: int) -> None:
        if self.silent:
            raise NotReady("gone")
        self.slept = minutes


@pytest.mark.parametrize("silent", [False, True])
def test_the_loop_ends_when_everything_sleeps(bench: Bench, monkeypatch: pytest.MonkeyPatch, silent: bool) -> None:
    plant = Dozing(bench.face)
    plant.silent = silent
    monkeypatch.setattr(bench.control, "_plant", plant)
    bench.run(5.0)
    state = bench.control._state
    bench.control._state = state._replace(rest=Rest(state.clock, asleep=True, dark=True))
    bench.run(60.0)
    assert bench.control.asleep
    assert plant.slept == (0 if silent else 360)
    assert plant.told[-1] == ALL_OFF
    assert plant.closed
    assert bench.face.now() < 10.0
    bench.recorder.close()
    assert EventReader(bench.folder / "events").recent(1)[-1]["cause"] == "the master sleeps; everything is open"


def test_what_chargers_tell_reaches_the_sample_and_the_state(bench: Bench) -> None:
    class Cable:
        def reports(self) -> tuple[SourceReport, ...]:
            return (SourceReport("mppt", SourceKind.SOLAR, 0.3, 420.0, SourceState.BULK),)

    bench.control._sources = Cable()
    bench.run(1.0)
    assert bench.shown["sources"] == [{"name": "mppt", "kind": "solar", "age": 0.3, "power": 420.0, "state": "bulk"}]
