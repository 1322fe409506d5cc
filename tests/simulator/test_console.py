import json
from typing import Any

import pytest
from tests.simulator.yard import Yard

from tbms.simulator.console import Console
from tbms.simulator.trace import Trace
from tbms.wire.registers import CHARGE_COIL, LOAD_COIL


class Desk:
    """The console of a yard, and its trace."""

    def __init__(self) -> None:
        self.yard = Yard().start(CHARGE_COIL | LOAD_COIL)
        self.trace = Trace()
        self.console = Console(self.yard.rig, self.yard.line, self.trace, lambda: self.yard.now)

    def ask(self, **request: Any) -> dict[str, Any]:
        reply: dict[str, Any] = json.loads(self.console.answer(json.dumps(request).encode()))
        return reply

    def run(self, time: float) -> None:
        for _ in range(round(time / 0.01)):
            self.yard.run(0.01)
            self.console.tick(self.yard.now)
            self.trace.look(self.yard.rig, self.yard.now)
            self.trace.command(self.yard.rig, self.yard.now)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_faults_of_the_world_and_of_the_bus(desk: Desk) -> None:
    assert desk.ask(op="inject", kind="voltage_offset", where=3, severity=0.1)["name"] == "voltage_offset:3"
    assert desk.ask(op="inject", kind="bit_errors")["name"] == "bit_errors"
    assert desk.ask(op="inject", kind="babble", where=2, name="noisy")["name"] == "noisy"
    answer = desk.ask(op="list")
    assert answer["active"] == ["voltage_offset:3", "bit_errors", "noisy"]
    assert answer["known"]["bit_errors"]["place"] == "bus"
    assert answer["known"]["open_wire"]["place"] == "lead"
    assert desk.ask(op="clear", name="noisy")["cleared"] == ["noisy"]
    assert desk.ask(op="clear")["cleared"] == ["voltage_offset:3", "bit_errors"]
    assert desk.ask(op="list")["active"] == []


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"op": "inject", "kind": "nonsense"}, "no fault is called 'nonsense'"),
        ({"op": "inject", "kind": "babble", "where": 9}, "the node is a number from 1 to 2"),
        ({"op": "inject", "kind": "babble", "colour": 1}, "knows no colour"),
        ({"op": "inject", "kind": "babble", "severity": "much"}, "are numbers"),
        ({"op": "inject", "kind": "open_wire", "where": 99}, "lead is a number from 0 to 8"),
        ({"op": "clear", "name": "ghost"}, "no fault named 'ghost'"),
        ({"op": "press", "what": "horn"}, "what is one of button"),
        ({"op": "trace", "watch": [{"what": "smell"}]}, "what is one of cell_voltage"),
        ({"op": "trace", "watch": [{"what": "current"}]}, "either above or below"),
        ({"op": "dance"}, "a request is"),
        ([1], "a request is"),
    ],
)
def test_a_wrong_request_is_answered_in_words(desk: Desk, request_: Any, words: str) -> None:
    reply = json.loads(desk.console.answer(json.dumps(request_).encode()))
    assert reply["ok"] is False
    assert words in reply["error"]


def test_no_json_at_all(desk: Desk) -> None:
    assert json.loads(desk.console.answer(b"hello"))["ok"] is False


def test_pressing_and_letting_go(desk: Desk) -> None:
    world = desk.yard.rig.world
    desk.ask(op="press", what="button", hold=0.5)
    desk.run(0.3)
    held = [world.button]
    desk.run(0.3)
    assert [*held, world.button] == [True, False]
    desk.ask(op="press", what="emergency_stop")
    desk.run(1.0)
    held = [world.emergency_stop]
    desk.ask(op="press", what="emergency_stop", down=False)
    assert [*held, world.emergency_stop] == [True, False]


def test_the_state_can_be_seen(desk: Desk) -> None:
    state = desk.ask(op="state")
    assert state["contacts"] == {"charge": True, "load": True, "pre_charge": False}
    assert len(state["cell_voltages"]) == 8
    assert [node["charge"] for node in state["nodes"]] == [True, True]
    desk.yard.inject("supply_dip", severity=9.0)
    desk.run(0.1)
    assert desk.ask(op="state")["nodes"][0]["led"] == "off"


def test_a_trace_tells_crossing_command_and_contact_in_order(desk: Desk) -> None:
    cell = {"what": "cell_voltage_read", "cell": 2, "above": 4.0, "name": "high"}
    warm = {"what": "cell_temperature", "cell": 1, "below": -50}
    assert desk.ask(op="trace", watch=[cell, warm, {"what": "current", "above": 1e6}])["ok"]
    desk.run(0.2)
    desk.yard.inject("voltage_offset", 2, 1.0)
    injected = desk.yard.now
    desk.run(0.3)
    desk.yard.permits = 0
    told = desk.yard.now
    desk.run(0.3)
    records = desk.ask(op="trace", stop=True)["records"]
    (crossing,) = [r for r in records if r["what"] == "crossing"]
    assert crossing["name"] == "high"
    assert crossing["value"] > 4.0
    assert injected - 0.011 <= crossing["time"] <= injected + 0.011
    off = [r for r in records if not r.get("on", True) and r["time"] >= told]
    assert {"command", "loop", "contact", "coil"} <= {r["what"] for r in off}
    command = next(r for r in off if r["what"] == "command" and r["name"] == "permit_charge")
    contact = next(r for r in off if r["what"] == "contact" and r["name"] == "charge")
    assert told <= command["time"] < contact["time"] <= told + 0.2
    desk.run(0.1)
    assert len(desk.ask(op="trace")["records"]) == len(records)


@pytest.mark.parametrize("what", ["cell_voltage", "cell_temperature_read", "current"])
def test_every_quantity_can_be_watched(desk: Desk, what: str) -> None:
    desk.ask(op="trace", watch=[{"what": what, "above": -1000}])
    desk.run(0.05)
    assert [r["what"] for r in desk.ask(op="trace")["records"]].count("crossing") == 1


def test_chargers_tell_of_themselves(desk: Desk) -> None:
    told = {source.pop("kind"): source for source in desk.ask(op="sources")["sources"]}
    assert told["solar"] == {"name": "solar", "power": 0.0, "state": "off"}
    assert set(told) == {"solar", "alternator", "shore"}
