"""The nodes on their serial line, as the master's plant (ports.Plant): Modbus RTU by pymodbus."""

import logging
import os
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import NoReturn

from pymodbus.client import ModbusSerialClient
from pymodbus.exceptions import ConnectionException, ModbusIOException
from pymodbus.pdu import ModbusPDU

from tbms.model.action import Actions
from tbms.model.sample import CELLS_PER_NODE, OUTPUTS, NodeReport, Sample, SwitchReport
from tbms.model.units import Second
from tbms.ports import Corrupt, DeviceError, NotReady, Refused, Timeout
from tbms.wire import registers as wire
from tbms.wire.configuration import configuration
from tbms.wire.fields import Block, to_si
from tbms.wire.frames import BROADCAST, sealed

TIMEOUT: Second = 0.02  # a node answers within 1 ms; the rest is the frame and a slow adapter
SILENCE: Second = 0.002  # after a broadcast, which nobody answers (MODBUS over Serial Line: at least 3.5 characters)
PROBE: Second = 1.0  # between two looks for an absent node or port
MISSES = 3  # answers in a row that fail before a node counts as absent and is set up anew
SLOW: Second = 0.008  # beyond line time; more is an adapter's own timer
BITS = 11  # of one byte on the line
PARITY = {"even": "E", "odd": "O", "none": "N"}
CELLS = tuple(f"cell_{k + 1}" for k in range(wire.CELLS))
TEMPERATURES = tuple(f"temperature_{k + 1}" for k in range(wire.CELLS))


class _Client(ModbusSerialClient):
    """pymodbus's client, waiting for bytes instead of polling for them every millisecond.

    expected: bytes of the answer awaited. heard: what has come of it.
    """

    def __init__(self, port: str, baud: int, parity: str, timeout: Second) -> None:
        super().__init__(
            port, baudrate=baud, parity=PARITY[parity], timeout=timeout, retries=0, trace_packet=self._trace
        )
        self.heard = b""
        self.expected = 0

    def recv(self, size: int | None) -> bytes:
        """What has come, at least one byte unless the time is over."""
        if self.socket is None:
            raise ConnectionException("closed")
        try:
            first = bytes(self.socket.read(1))
            return first + bytes(self.socket.read(self.socket.in_waiting)) if first else b""
        except OSError:
            self.close()
            raise ConnectionException("gone") from None

    def _trace(self, sending: bool, data: bytes) -> bytes:
        """Give up at once on an answer that is complete and wrong: the time-out would cost the other nodes theirs."""
        self.heard = b"" if sending else data
        exception = len(data) >= 5 and data[1] & 0x80 and sealed(data, 5)
        if not sending and len(data) >= self.expected and not sealed(data, self.expected) and not exception:
            raise Corrupt("an answer fails its check")
        return data


@dataclass
class NodeCounters:
    """What became of the questions to one node since the start."""

    frames: int = 0  # answers accepted
    timeouts: int = 0
    crc_errors: int = 0  # answers that fail their check or are not what was asked
    stale: int = 0  # answers with an older latch than this cycle's
    refused: int = 0  # exceptions


@dataclass
class _Node:
    """What the master knows of one node. probe: not looked for before. image: this cycle's measurement."""

    address: int
    cells: int
    counters: NodeCounters = field(default_factory=NodeCounters)
    ready: bool = False
    misses: int = 0
    probe: Second = -inf
    problem: str = ""
    image: bytes | None = None
    measured: Second = -inf
    measured_temperature: Second = -inf

    @property
    def base(self) -> bool:
        return self.address == wire.BASE_ADDRESS


class NodeBus:
    """All nodes of one line.

    port: device. baud: bits/s. parity: even, odd or none. cells: in series, four a node.
    changes: fields of the nodes' configuration that differ from the usual one, in wire units (wire.configuration).
    temperatures: the cells have sensors. timeout: wait for one answer. clock: monotonic time.
    cycle: s the last exchange took.
    """

    def __init__(
        self,
        port: str,
        baud: int = 115200,
        parity: str = "even",
        cells: int = 16,
        changes: Mapping[str, int | None] | None = None,
        *,
        temperatures: bool = True,
        timeout: Second = TIMEOUT,
        clock: Callable[[], Second] = time.monotonic,
    ) -> None:
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # what it would say is counted here
        self.port, self.clock, self.temperatures = port, clock, temperatures
        self.changes = dict(changes or {})
        self.byte_time = BITS / baud
        self.cycle: Second = 0.0
        self._client = _Client(port, baud, parity, timeout)
        count = -(-cells // CELLS_PER_NODE)
        self._nodes = [_Node(i + 1, min(CELLS_PER_NODE, cells - CELLS_PER_NODE * i)) for i in range(count)]
        self._beat = int(clock() * 10) & 0xFFFF  # a new master does not repeat the last beat of the one before
        self._opened: Second = -inf
        self._slow = ""

    @property
    def counters(self) -> dict[int, NodeCounters]:
        """What became of the questions, by address."""
        return {node.address: node.counters for node in self._nodes}

    @property
    def problems(self) -> tuple[str, ...]:
        """What a person should mend, one sentence each."""
        return tuple(text for text in (self._slow, *(node.problem for node in self._nodes)) if text)

    def exchange(self, actions: Actions) -> Sample:
        """Renew every lease, latch all nodes at one instant and read them; NotReady while there is no port."""
        began = self.clock()
        self._open(began)
        try:
            latched = self._broadcast(actions)
            for node in self._nodes:
                node.image = None
                if node.ready:
                    self._attempt(node, self._read)
            self._look_for_one(began)
        except ConnectionException:
            self._gone()
        self.cycle = self.clock() - began
        return self._sample(latched)

    def close(self) -> None:
        """Let go of the port; the leases run out by themselves."""
        self._client.close()

    def _open(self, now: Second) -> None:
        if self._client.connected:
            return
        if now - self._opened >= PROBE:
            self._opened = now
            if self._client.connect():
                return
        if not os.path.exists(self.port):
            raise NotReady(f"serial port {self.port} is not there; waiting for it")
        raise NotReady(f"serial port {self.port} cannot be opened (in use, or not permitted); trying again")

    def _gone(self) -> NoReturn:
        self._client.close()
        for node in self._nodes:
            node.ready, node.probe = False, -inf
        raise NotReady(f"serial port {self.port} has gone; waiting for it")

    def _broadcast(self, actions: Actions) -> Second:
        """The control write to all nodes; gives the time at which they latch."""
        self._beat = self._beat + 1 & 0xFFFF
        words = _control(self._beat, actions, len(self._nodes))
        length = (9 + 2 * len(words)) * self.byte_time
        self._client.write_registers(wire.CONTROL.start, words, device_id=BROADCAST, no_response_expected=True)
        latched = self.clock() + length
        time.sleep(length + SILENCE)
        return latched

    def _attempt(self, node: _Node, what: Callable[[_Node], None]) -> bool:
        """Do something with a node; a failure is remembered in words."""
        try:
            what(node)
        except DeviceError as problem:
            node.misses += 1
            node.problem = str(problem)
            node.ready = node.ready and node.misses < MISSES
            return False
        node.misses, node.problem = 0, ""
        return True

    def _look_for_one(self, now: Second) -> None:
        """Give one of the nodes that are not ready its configuration."""
        waiting = [node for node in self._nodes if not node.ready and now >= node.probe]
        if waiting:
            node = min(waiting, key=lambda each: each.probe)
            node.probe = now + PROBE
            node.ready = self._attempt(node, self._set_up)

    def _set_up(self, node: _Node) -> None:
        began = self.clock()
        who = self._input(node, wire.IDENTITY, wire.IDENTITY.size)
        spent = self.clock() - began - (13 + 2 * wire.IDENTITY.size) * self.byte_time
        slow = f"the serial adapter adds {1000 * spent:.0f} ms to every answer: set its latency timer to 1 ms"
        self._slow = slow if spent > SLOW else ""
        version, kind = wire.IDENTITY.number(who, "version"), wire.IDENTITY.number(who, "kind")
        if version != wire.VERSION:
            known = f"this master knows {wire.VERSION}: update one of them"
            raise Refused(f"node {node.address} has version {version} of the register map, {known}")
        if (kind == wire.BASE) != node.base:
            raise Refused(f"node {node.address} is {'no' if node.base else 'a'} base board: check the addresses")
        fitted = (1 << node.cells) - 1
        usual: dict[str, int | None] = {"cells": fitted, "temperatures": fitted if self.temperatures else 0}
        image = bytes(configuration(usual | self.changes))
        words = list(struct.unpack(f">{wire.CONFIGURATION.size}H", image))
        start, client = wire.CONFIGURATION.start, self._client
        self._ask(node, 8, lambda: client.write_registers(start, words, device_id=node.address))
        back = self._ask(
            node,
            5 + len(image),
            lambda: client.read_holding_registers(start, count=len(words), device_id=node.address),
        )
        if back != words:
            raise Refused(f"node {node.address} does not give back the configuration written to it")

    def _read(self, node: _Node) -> None:
        """This cycle's measurement of one node."""
        block = wire.MEASUREMENT
        image = self._input(node, block, block.size if node.base else wire.SLAVE_MEASUREMENT)
        now = self.clock()
        if block.number(image, "latch") != self._beat:
            node.counters.stale += 1
            raise Corrupt(f"node {node.address} answers with an older measurement")
        if block.number(image, "guard") & wire.guard_bit("unconfigured"):
            node.ready, node.probe = False, -inf
            raise NotReady(f"node {node.address} has started anew and waits for its configuration")
        node.image = image
        age, temperature_age = (to_si("ms", block.get(image, key)) for key in ("voltage_age", "temperature_age"))
        node.measured = -inf if age is None else now - age
        node.measured_temperature = -inf if temperature_age is None else now - temperature_age

    def _input(self, node: _Node, block: Block, count: int) -> bytes:
        words = self._ask(
            node,
            5 + 2 * count,
            lambda: self._client.read_input_registers(block.start, count=count, device_id=node.address),
        )
        return struct.pack(f">{count}H", *words)

    def _ask(self, node: _Node, length: int, request: Callable[[], ModbusPDU]) -> list[int]:
        """One question and its answer's registers. length: bytes of the answer."""
        client, counters = self._client, node.counters
        client.expected = length
        try:
            answer = request()
        except (ModbusIOException, Corrupt):
            if client.heard:
                counters.crc_errors += 1
                raise Corrupt(f"node {node.address} answers, but its answers fail their check") from None
            counters.timeouts += 1
            raise Timeout(f"node {node.address} does not answer") from None
        if answer.isError():
            counters.refused += 1
            raise Refused(f"node {node.address} refuses what this master asks (exception {answer.exception_code})")
        counters.frames += 1
        return list(answer.registers)

    def _sample(self, latched: Second) -> Sample:
        base = self._nodes[0].image
        volts, warm = (
            tuple(value for node in self._nodes for value in _values(node, names)) for names in (CELLS, TEMPERATURES)
        )
        return Sample(
            time=latched,
            timestamp=time.time(),
            current=_si(base, "current"),
            cell_voltages=volts,
            temperatures=warm if self.temperatures else (),
            pack_voltage=_si(base, "pack_voltage"),
            nodes=tuple(_report(node, latched) for node in self._nodes),
            switches=_switches(base),
        )


def _control(beat: int, actions: Actions, nodes: int) -> list[int]:
    """Words of CONTROL: the beat is heartbeat and latch at once."""
    permits = wire.CHARGE * actions.permit_charge | wire.DISCHARGE * actions.permit_discharge
    coils = (actions.charge_contactor, actions.load_contactor, actions.pre_charge)
    balance = (*actions.balance, *(0,) * nodes)[:nodes]
    switches = wire.switches_word(actions.outputs, coils, str(actions.led), str(actions.buzzer))
    return [beat, beat, wire.permits_word(permits), switches, *balance]


def _si(image: bytes | None, name: str) -> float | None:
    """A field of a measurement in SI; None where the node or the value is missing."""
    return None if image is None else to_si(wire.MEASUREMENT.places[name][1], wire.MEASUREMENT.get(image, name))


def _values(node: _Node, names: tuple[str, ...]) -> tuple[float | None, ...]:
    return tuple(_si(node.image, name) for name in names[: node.cells])


def _report(node: _Node, now: Second) -> NodeReport:
    image = node.image
    status = 0 if image is None else wire.MEASUREMENT.number(image, "status")
    guard = 0 if image is None else wire.MEASUREMENT.number(image, "guard")
    return NodeReport(
        address=node.address,
        online=image is not None,
        age=max(0.0, now - node.measured),
        temperature_age=max(0.0, now - node.measured_temperature),
        charge_loop=None if image is None else bool(status & wire.CHARGE_HELD),
        discharge_loop=None if image is None else bool(status & wire.DISCHARGE_HELD),
        guard=wire.guard_names(guard),
        board_temperature=_si(image, "board_temperature"),
        supply=_si(image, "supply"),
    )


def _switches(base: bytes | None) -> SwitchReport:
    """What the base board reports; nothing is known while it does not answer."""
    if base is None:
        return SwitchReport(None, None, None, (), None, None, None)
    io = wire.MEASUREMENT.number(base, "io")
    known = not io & wire.IO_NO_FEEDBACK
    return SwitchReport(
        charge_contactor=bool(io & wire.CHARGE_COIL) if known else None,
        load_contactor=bool(io & wire.LOAD_COIL) if known else None,
        pre_charge=bool(io & wire.PRE_CHARGE),
        outputs=tuple(bool(io >> index & 1) for index in range(OUTPUTS)),
        charge_bus_voltage=_si(base, "charge_bus_voltage"),
        load_bus_voltage=_si(base, "load_bus_voltage"),
        emergency_stop=bool(io & wire.IO_STOP),
        button=bool(io & wire.IO_BUTTON),
        inputs=tuple(bool(io >> wire.IO_INPUT_SHIFT + index & 1) for index in range(wire.IO_INPUTS)),
    )
