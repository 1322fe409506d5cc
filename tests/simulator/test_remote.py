"""Nodes as MicroPython processes on the simulator's bus, under the master's own driver."""

import time
from collections.abc import Callable, Iterator

import pytest
from tests.simulator.live import Live, live
from tests.tools import tool

from tbms.drivers.node_bus import NodeBus
from tbms.model.action import Actions
from tbms.model.sample import Sample
from tbms.simulator import remote
from tbms.simulator.main import main
from tbms.simulator.remote import NoInterpreter, Remote

PATIENCE = 40.0  # s for anything to happen on a busy machine
PERIOD = 0.1
LATE = 0.2  # s that an answer may take when four interpreters share a core with all the other tests


class Master:
    """Exchanges in the master's rhythm."""

    def __init__(self, boat: Live) -> None:
        self.boat = boat
        self.bus = NodeBus(boat.bus, 115200, "none", boat.cells, timeout=LATE)
        self.sample: Sample | None = None

    def until(self, done: Callable[[Sample], object], permit: bool = True) -> Sample:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            began = time.monotonic()
            sample = self.bus.exchange(Actions(permit_charge=permit, permit_discharge=permit, load_contactor=permit))
            if done(sample):
                return sample
            time.sleep(max(0.0, began + PERIOD - time.monotonic()))
        pytest.fail("it did not happen")


def whole(sample: Sample) -> bool:
    return all(node.online for node in sample.nodes) and None not in sample.cell_voltages


def closed(sample: Sample) -> bool:
    return whole(sample) and all(node.charge_loop and node.discharge_loop for node in sample.nodes)


@pytest.fixture(scope="module")
def boat() -> Iterator[Live]:
    tool("micropython")
    with live(8, Remote) as running:
        yield running


@pytest.fixture
def master(boat: Live) -> Iterator[Master]:
    master = Master(boat)
    master.until(whole, permit=False)
    master.until(closed)
    yield master
    boat.ask(op="clear")
    master.bus.close()


@pytest.mark.slow
def test_the_real_interpreter_measures_guards_and_closes(master: Master) -> None:
    sample = master.until(lambda s: s.switches and s.switches.load_contactor)
    state = master.boat.ask(op="state")
    for shown, true in zip(sample.cell_voltages, state["cell_voltages"], strict=True):
        assert shown == pytest.approx(true, abs=0.01)
    assert state["contacts"]["load"]
    assert [node["charge"] for node in state["nodes"]] == [True, True]
    master.until(lambda _: all("free" in node for node in master.boat.ask(op="state")["nodes"]))
    for node in master.boat.ask(op="state")["nodes"]:
        assert node["free"] > 50_000
        assert node["frames"] > 0


@pytest.mark.slow
def test_a_process_that_hangs_drops_its_loops_and_is_started_anew(master: Master) -> None:
    master.boat.ask(op="inject", kind="node_hang", where=2)
    master.until(lambda s: not s.nodes[1].online)
    state = master.boat.ask(op="state")
    assert not state["nodes"][1]["charge"]
    assert not state["contacts"]["charge"]
    master.boat.ask(op="clear", name="node_hang:2")
    master.until(whole, permit=False)
    master.until(closed)


@pytest.mark.slow
def test_a_process_that_has_ended_is_started_anew(master: Master) -> None:
    node = master.boat.simulator.rig.slots[0].node
    assert isinstance(node, Remote)
    node._process.kill()
    master.until(lambda s: not s.nodes[0].online)
    master.until(whole, permit=False)
    master.until(closed)


@pytest.mark.slow
def test_the_guard_in_the_interpreter_acts_alone(master: Master) -> None:
    master.boat.ask(op="inject", kind="voltage_offset", where=6, severity=0.6)
    sample = master.until(lambda s: "cell_overvoltage" in s.nodes[1].guard)
    assert not sample.nodes[1].charge_loop
    assert sample.nodes[1].discharge_loop


def test_without_an_interpreter_it_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def absent() -> str:
        raise NoInterpreter("there is no MicroPython here")

    monkeypatch.setattr("tbms.simulator.main.interpreter", absent)
    assert main(["--nodes", "micropython"]) == 2
    assert "there is no MicroPython here" in capsys.readouterr().err


def test_where_the_interpreter_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/micropython")
    assert remote.interpreter() == "/usr/bin/micropython"
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(NoInterpreter, match="there is no MicroPython here"):
        remote.interpreter()
