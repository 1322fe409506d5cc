"""The node bus over a real pseudo-terminal: values, ages, absent and rubbish nodes, and how it all comes back."""

import os
import statistics
import struct
import time
from collections.abc import Iterator
from functools import partial

import pytest
import serial
from pymodbus.exceptions import ConnectionException
from tests.simulator.live import Live, live

from tbms.drivers.node_bus import NodeBus, control_words
from tbms.drivers.node_bus.bus import _Node, _report
from tbms.model.action import ALL_OFF, Actions, Buzzer, Led
from tbms.model.sample import Sample
from tbms.ports import NotReady, Timeout
from tbms.slave.registers import FIRMWARE
from tbms.wire import registers as wire
from tbms.wire.registers import CHARGER_ENABLE, permits_word

PERIOD = 0.05  # twice as fast as the master, so that the tests are short
CLOSED = Actions(permit_charge=True, permit_discharge=True, charge_contactor=True, load_contactor=True)


@pytest.fixture
def simulated() -> Iterator[Live]:
    with live() as running:
        yield running


@pytest.fixture
def bus(simulated: Live) -> Iterator[NodeBus]:
    bus = NodeBus(simulated.bus, parity="none", cells=simulated.cells)
    yield bus
    bus.close()


def cycles(bus: NodeBus, count: int, actions: Actions = ALL_OFF) -> Sample:
    """So many exchanges at their pace; the last sample."""
    for _ in range(count):
        began = time.monotonic()
        sample = bus.exchange(actions)
        time.sleep(max(0.0, began + PERIOD - time.monotonic()))
    return sample


def until(bus: NodeBus, what: str, count: int = 40, actions: Actions = ALL_OFF) -> Sample:
    """Exchange until all nodes are online, or one is not; the sample."""
    for _ in range(count):
        sample = cycles(bus, 1, actions)
        online = all(node.online for node in sample.nodes)
        if online is (what == "online"):
            return sample
    raise AssertionError(f"never {what}: {bus.problems}")


def test_words_of_a_control_write() -> None:
    actions = Actions(True, False, True, outputs=(False, True) * 3, balance=(5,), led=Led.OK, buzzer=Buzzer.ALARM)
    assert control_words(7, actions, 3) == [7, 7, permits_word(1), 0b10_001_001_101010, 5, 0, 0]


def test_a_full_sample(bus: NodeBus, simulated: Live) -> None:
    sample = until(bus, "online")
    assert bus.problems == ()
    state = simulated.ask(op="state")
    assert sample.cell_voltages == pytest.approx(state["cell_voltages"], abs=0.01)
    assert sample.temperatures == pytest.approx(state["temperatures"], abs=2.0)
    assert sample.current == pytest.approx(state["current"], abs=1.0)
    assert sample.pack_voltage == pytest.approx(sum(state["cell_voltages"]), abs=0.2)
    assert abs(sample.time - time.monotonic()) < 0.2
    for number, node in enumerate(sample.nodes, 1):
        assert node.address == number
        assert node.age < 0.3
        assert node.temperature_age < 0.6
        assert node.guard == ()
        assert None not in (node.charge_loop, node.discharge_loop)
        assert node.supply == 12.0
        assert (node.firmware, node.limits_agree) == (f"{FIRMWARE >> 8}.{FIRMWARE & 0xFF}", True)
    assert sample.switches is not None
    assert sample.switches.charge_contactor is False
    assert sample.switches.outputs == (False,) * 6


def test_actions_reach_the_world(simulated: Live) -> None:
    bus = NodeBus(simulated.bus, parity="none", cells=8, changes={"output_2": CHARGER_ENABLE, "output_3": 7})
    until(bus, "online")
    cycles(bus, 4)
    wanted = Actions(True, True, True, True, False, (False, True, True, False, False, False))
    cycles(bus, 6, wanted)
    sample = cycles(bus, 1, wanted)
    assert sample.switches is not None
    assert (sample.switches.charge_contactor, sample.switches.load_contactor) == (True, True)
    assert sample.switches.outputs == wanted.outputs
    bus.close()
    time.sleep(0.6)  # a master that has gone: the charger's lease is the shortest
    state = simulated.ask(op="state")
    assert state["outputs"][:3] == [False, False, True]


def test_no_temperature_sensors(simulated: Live) -> None:
    bus = NodeBus(simulated.bus, parity="none", cells=8, temperatures=False)
    sample = until(bus, "online")
    assert sample.temperatures == ()
    bus.close()


def test_one_lost_answer_leaves_the_values_with_their_age(bus: NodeBus, simulated: Live) -> None:
    until(bus, "online")
    simulated.ask(op="inject", kind="frames_lost", where=2, severity=1.0)
    sample = until(bus, "offline")
    assert sample.cell_voltages[4] is not None
    assert 0 < sample.nodes[1].age < 0.3
    assert "node 2 is silent" in bus.problems
    assert sample.nodes[1].limits_agree, "one lost answer is no other limit"
    assert bus.counters[2].timeouts > 0
    sample = cycles(bus, 14)
    assert sample.cell_voltages[4:] == (None,) * 4
    assert sample.temperatures[4:] == (None,) * 4
    assert (sample.nodes[1].charge_loop, sample.nodes[1].limits_agree) == (None, None)
    assert sample.nodes[1].age > 0.5
    assert None not in sample.cell_voltages[:4]
    simulated.ask(op="clear")
    sample = until(bus, "online")
    assert None not in sample.cell_voltages
    assert not bus.problems


@pytest.mark.slow
def test_an_absent_node_is_looked_for_once_a_second(bus: NodeBus, simulated: Live) -> None:
    simulated.ask(op="inject", kind="node_off", where=2)
    time.sleep(0.05)
    cycles(bus, 20)
    asked = bus.counters[2].timeouts
    began = time.monotonic()
    cycles(bus, 44)
    assert bus.counters[2].timeouts - asked <= (time.monotonic() - began) / 1.0 + 1


def test_rubbish_is_counted_and_never_believed(bus: NodeBus, simulated: Live) -> None:
    until(bus, "online")
    simulated.ask(op="inject", kind="frames_corrupt", where=1, severity=1.0)
    sample = until(bus, "offline")
    assert bus.counters[1].crc_errors > 0
    assert "node 1 gives no answer that passes its check" in bus.problems
    sample = cycles(bus, 12)
    assert sample.current is None
    assert sample.pack_voltage is None
    assert sample.switches is not None
    assert sample.switches.load_contactor is None
    assert sample.switches.emergency_stop is None
    simulated.ask(op="clear")
    until(bus, "online")


def test_on_a_noisy_line_no_wrong_value_is_accepted(bus: NodeBus, simulated: Live) -> None:
    until(bus, "online")
    simulated.ask(op="inject", kind="bit_errors", severity=0.002)
    simulated.ask(op="inject", kind="lost_bytes", severity=0.005)
    simulated.ask(op="inject", kind="babble", where=2, severity=0.1)
    for _ in range(25):
        sample = cycles(bus, 1)
        assert all(value is None or 3.2 < value < 3.4 for value in sample.cell_voltages)
        assert all(value is None or 15 < value < 30 for value in sample.temperatures)
        assert sample.current is None or abs(sample.current) < 20
    assert sum(counters.crc_errors for counters in bus.counters.values()) > 0
    simulated.ask(op="clear")
    until(bus, "online", 60)


def test_an_answer_to_an_older_cycle_is_not_taken_for_new(bus: NodeBus, simulated: Live) -> None:
    until(bus, "online")
    simulated.ask(op="inject", kind="lost_frames", severity=0.15)
    for _ in range(200):
        cycles(bus, 1)
        if sum(counters.stale for counters in bus.counters.values()):
            break
    else:
        pytest.fail("no answer with an older latch came")
    simulated.ask(op="clear")
    until(bus, "online", 60)


def test_a_node_that_starts_anew_gets_its_configuration_again(bus: NodeBus, simulated: Live) -> None:
    until(bus, "online")
    simulated.ask(op="inject", kind="node_reset", where=2)
    until(bus, "offline")
    sample = until(bus, "online")
    assert sample.nodes[1].guard == ()


def test_another_register_map_is_refused_in_words(bus: NodeBus, simulated: Live) -> None:
    simulated.ask(op="inject", kind="wrong_map", where=2, severity=9)
    time.sleep(0.05)
    sample = cycles(bus, 6)
    assert [node.online for node in sample.nodes] == [True, False]
    assert f"node 2 has register map 9, this master knows {wire.VERSION}: update one of them" in bus.problems
    assert sample.nodes[1].limits_agree is None
    assert sample.cell_voltages[4:] == (None,) * 4


def test_limits_that_a_node_refuses(simulated: Live) -> None:
    bus = NodeBus(simulated.bus, parity="none", cells=8, changes={"overvoltage": 4500})
    sample = cycles(bus, 4)
    assert not any(node.online for node in sample.nodes)
    assert sample.nodes[0].limits_agree is False
    assert "node 1 refuses what this master asks (exception 3)" in bus.problems
    assert bus.counters[1].refused > 0
    bus.close()


def test_a_port_that_is_not_there() -> None:
    bus = NodeBus("/dev/tbms-no-such-port", parity="none")
    for _ in range(2):
        with pytest.raises(NotReady, match="serial port /dev/tbms-no-such-port is not there; waiting for it"):
            bus.exchange(ALL_OFF)
    bus.close()


def test_a_port_that_cannot_be_opened(tmp_path: os.PathLike[str]) -> None:
    bus = NodeBus(str(tmp_path), parity="none")
    with pytest.raises(NotReady, match="cannot be opened"):
        bus.exchange(ALL_OFF)


def test_a_port_that_goes_and_comes_back(bus: NodeBus, simulated: Live) -> None:
    until(bus, "online")
    simulated.stop()
    with pytest.raises(NotReady, match=r"serial port .* has gone; waiting for it"):
        cycles(bus, 5)
    with pytest.raises(NotReady, match="is not there"):
        bus.exchange(ALL_OFF)
    simulated.start()
    back = time.monotonic()
    while time.monotonic() - back < 3:
        try:
            bus.exchange(ALL_OFF)
            break
        except NotReady:
            time.sleep(PERIOD)
    until(bus, "online")


@pytest.mark.slow
def test_a_cycle_of_four_nodes_fits_into_its_period_comfortably() -> None:
    with live(16) as simulated:
        bus = NodeBus(simulated.bus, parity="none", cells=16)
        until(bus, "online")
        spent = []
        for _ in range(30):
            cycles(bus, 1)
            spent.append(bus.cycle)
        bus.close()
    assert statistics.median(spent) < 0.06, spent


def test_a_write_that_a_pause_made_late_is_a_lost_frame_and_no_dead_port(
    bus: NodeBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(_port: object, _data: bytes) -> int:
        raise serial.SerialTimeoutException("Write timeout")

    until(bus, "online")
    with monkeypatch.context() as patch:
        patch.setattr(serial.Serial, "write", late)
        assert not any(node.online for node in bus.exchange(ALL_OFF).nodes)
    assert all(node.online for node in cycles(bus, 3).nodes)


def test_changed_limits_reach_every_node_while_all_go_on(bus: NodeBus, simulated: Live) -> None:
    until(bus, "online")
    bus.configure({"overvoltage": 3700})
    for _ in range(10):
        sample = cycles(bus, 1)
        assert None not in sample.cell_voltages
        assert all(node.online for node in sample.nodes)
    start, count, read = wire.CONFIGURATION.start, wire.CONFIGURATION.size, bus._client.read_holding_registers
    for node in bus._nodes:
        words = bus._ask(node, 5 + 2 * count, partial(read, start, count=count, device_id=node.address))
        assert wire.CONFIGURATION.number(struct.pack(f">{count}H", *words), "overvoltage") == 3700


def test_changed_limits_are_written_to_each_node_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now, asked, deaf = [0.0], [], {2}
    bus = NodeBus("/nowhere", cells=8, clock=lambda: now[0])

    def set_up(node: _Node) -> None:
        asked.append(node.address)
        if node.address in deaf:
            raise Timeout("not now")
        node.agrees = True

    def look(times: int) -> list[int]:
        asked.clear()
        for _ in range(times):
            now[0] += 0.1
            bus._look_for_one(now[0])
        return asked

    monkeypatch.setattr(bus, "_set_up", set_up)
    for node in bus._nodes:
        node.ready = True
    assert look(20) == []
    bus.configure({"overvoltage": 3700})
    assert [_report(node, 0.0).limits_agree for node in bus._nodes] == [False, False]
    assert look(2) == [1, 2]
    assert [_report(node, 0.0).limits_agree for node in bus._nodes] == [True, False]
    assert all(node.ready for node in bus._nodes), "under the limits before, a node goes on"
    assert set(look(20)) == {2}
    deaf.clear()
    assert look(20) == [2]
    assert look(50) == []


def test_boards_that_are_told_to_sleep_do_so_once_nothing_is_permitted(bus: NodeBus, simulated: Live) -> None:
    until(bus, "online", actions=CLOSED)
    bus.exchange(ALL_OFF)
    bus.sleep(360)
    time.sleep(PERIOD)
    assert all(node["asleep"] for node in simulated.ask(op="state")["nodes"])
    simulated.ask(op="press", what="button")
    until(bus, "online")


def test_a_port_that_has_gone_cannot_be_told_to_sleep(bus: NodeBus, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise ConnectionException("gone")

    monkeypatch.setattr(bus._client, "write_register", gone)
    with pytest.raises(NotReady):
        bus.sleep(360)
