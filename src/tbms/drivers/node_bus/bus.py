"""The nodes on their serial line, as the master's plant (ports.Plant): Modbus RTU by pymodbus."""

import logging
import os
import struct
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from typing import NoReturn

from pymodbus.exceptions import ConnectionException, ModbusIOException
from pymodbus.pdu import ModbusPDU

from tbms.drivers.node_bus.client import Client
from tbms.model.action import Actions
from tbms.model.bus import NodeCounters
from tbms.model.sample import CELLS_PER_NODE, NodeReport, Sample, SwitchReport
from tbms.model.units import Second
from tbms.ports import Corrupt, DeviceError, NotReady, Refused, Timeout
from tbms.wire import registers as wire
from tbms.wire.configuration import configuration
from tbms.wire.fields import Block
from tbms.wire.frames import BROADCAST
from tbms.wire.reading import Reading, firmware, stranger

TIMEOUT: Second = 0.02  # a node answers within 1 ms; the rest is the frame and a slow adapter
SILENCE: Second = 0.002  # after a broadcast, which nobody answers (MODBUS over Serial Line: at least 3.5 characters)
PASSES: Second = 0.05  # in which every node has made a pass under what it was told last
PROBE: Second = 1.0  # between two looks for an absent node or port
MISSES = 3  # time-outs in a row before a node counts as absent and is set up anew
SLOW: Second = 0.008  # beyond line time, even at best; more is an adapter's own timer
SURE = 20  # answers before that is judged
BITS = 11  # of one byte on the line
log = logging.getLogger(__name__)


@dataclass
class _Node:
    """One node as the master knows it.

    probe: not looked for before. due: its limits have changed. firmware: of its program.
    agrees: it gave back the limits in force; None before that was tried. reading: the newest, unless it is too old.
    began: when its program did.
    """

    address: int
    cells: int
    counters: NodeCounters = field(default_factory=NodeCounters)
    ready: bool = False
    due: bool = False
    firmware: str | None = None
    agrees: bool | None = None
    online: bool = False
    misses: int = 0
    probe: Second = -inf
    began: Second = 0.0
    problem: str = ""
    reading: Reading = field(default_factory=Reading)
    measured: Second = -inf
    measured_temperature: Second = -inf


class NodeBus:
    """All nodes of one line.

    port: device. baud: bits/s. parity: even, odd or none. cells: in series, four a node.
    changes: fields of the nodes' configuration that differ from the usual one, in wire units (wire.configuration).
    temperatures: the cells have sensors. timeout: wait for one answer. clock: monotonic time.
    counters: what became of the questions, by address. cycle: s the last exchange took.
    A lost answer leaves the values before it with their growing age; beyond sample_age of the configuration
    they are None.
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
        self.byte_time = BITS / baud
        self.cycle: Second = 0.0
        self._client = Client(port, baud, parity, timeout)
        count = -(-cells // CELLS_PER_NODE)
        self._nodes = [_Node(i + 1, min(CELLS_PER_NODE, cells - CELLS_PER_NODE * i)) for i in range(count)]
        self.counters = {node.address: node.counters for node in self._nodes}
        self.configure(changes or {})
        self._beat = int(clock() * 10) & 0xFFFF  # a new master does not repeat the last beat of the one before
        self._opened: Second = -inf
        self._fastest: Second = inf

    @property
    def problems(self) -> tuple[str, ...]:
        """What a person should mend, one sentence each."""
        slow = f"the serial adapter adds {1000 * self._fastest:.0f} ms to an answer: set its latency timer to 1 ms"
        late = sum(each.frames for each in self.counters.values()) > SURE and self._fastest > SLOW
        return (slow,) * late + tuple(node.problem for node in self._nodes if node.problem)

    def exchange(self, actions: Actions) -> Sample:
        """Renew every lease, latch all nodes at one instant and read them; NotReady while there is no port."""
        began = self.clock()
        self._open(began)
        try:
            latched = self._broadcast(actions)
            for node in self._nodes:
                node.online = node.ready and self._attempt(node, self._read)
                if latched - node.measured > self._hold:
                    node.reading = Reading()
            self._look_for_one(began)
        except ConnectionException:
            self._gone()
        self.cycle = self.clock() - began
        return self._sample(latched)

    def configure(self, changes: Mapping[str, int | None]) -> None:
        """Bring a changed configuration to the nodes, one a cycle; they go on under the one before until then."""
        self.changes = dict(changes)
        self._hold = wire.CONFIGURATION.number(configuration(self.changes), "sample_age") / 1000
        for node in self._nodes:
            node.due, node.probe, node.agrees = node.ready, -inf, False if node.ready else node.agrees

    def sleep(self, minutes: int) -> None:
        """Broadcast that all boards sleep, at most so long; they do once they have seen that nothing is permitted."""
        time.sleep(PASSES)
        place = wire.SERVICE.start + wire.SERVICE.places["sleep_minutes"][0] // 2
        try:
            self._client.write_register(place, minutes, device_id=BROADCAST, no_response_expected=True)
        except ConnectionException:
            self._gone()
        time.sleep(8 * self.byte_time + SILENCE)

    def close(self) -> None:
        """Let go of the port; the leases run out by themselves."""
        self._client.close()  # type: ignore[no-untyped-call]  # pymodbus

    def _open(self, now: Second) -> None:
        if not self._client.connected and now - self._opened >= PROBE:
            self._opened = now
            with suppress(OSError):  # gone again while it was being set up
                self._client.connect()
        if not self._client.connected:
            why = "cannot be opened (in use, or not permitted)" if os.path.exists(self.port) else "is not there"
            raise NotReady(f"serial port {self.port} {why}; waiting for it")

    def _gone(self) -> NoReturn:
        self.close()
        for node in self._nodes:
            node.ready, node.probe = False, -inf
        raise NotReady(f"serial port {self.port} has gone; waiting for it")

    def _broadcast(self, actions: Actions) -> Second:
        """The control write to all nodes; gives the time at which they latch."""
        self._beat = self._beat + 1 & 0xFFFF
        words = control_words(self._beat, actions, len(self._nodes))
        length = (9 + 2 * len(words)) * self.byte_time
        self._client.write_registers(wire.CONTROL.start, words, device_id=BROADCAST, no_response_expected=True)
        latched = self.clock() + length
        time.sleep(length + SILENCE)
        return latched

    def _attempt(self, node: _Node, what: Callable[[_Node], None]) -> bool:
        try:
            what(node)
        except DeviceError as problem:
            if isinstance(problem, Refused) and str(problem) != node.problem:
                log.error("%s", problem)
            node.problem = str(problem)
            node.misses = node.misses + 1 if isinstance(problem, Timeout) else 0
            node.ready = node.ready and node.misses < MISSES
            node.probe = node.probe if isinstance(problem, Timeout | Refused) else self.clock()
            return False
        node.misses, node.problem = 0, ""
        return True

    def _look_for_one(self, now: Second) -> None:
        """Give one of the nodes that are not ready, or have an older one, its configuration."""
        waiting = [node for node in self._nodes if (node.due or not node.ready) and now >= node.probe]
        for node in sorted(waiting, key=lambda each: each.probe)[:1]:
            node.probe = now + PROBE
            done = self._attempt(node, self._set_up)
            node.ready, node.due = done or (node.due and node.ready), node.due and not done

    def _set_up(self, node: _Node) -> None:
        address, client = node.address, self._client
        identity = self._input(node, wire.IDENTITY, wire.IDENTITY.size)
        node.firmware = firmware(identity)
        node.began = self.clock() - wire.IDENTITY.number(identity, "uptime")
        if problem := stranger(address, identity):
            raise Refused(problem)
        node.agrees, fitted = False, (1 << node.cells) - 1
        changes = {"cells": fitted, "temperatures": fitted if self.temperatures else 0, **self.changes}
        start, count = wire.CONFIGURATION.start, wire.CONFIGURATION.size
        words = list(struct.unpack(f">{count}H", configuration(changes)))
        self._ask(node, 8, lambda: client.write_registers(start, words, device_id=address))
        read = client.read_holding_registers
        if self._ask(node, 5 + 2 * count, lambda: read(start, count=count, device_id=address)) != words:
            raise Refused(f"node {address} does not give back the configuration written to it")
        node.agrees = True

    def _read(self, node: _Node) -> None:
        """The measurement that one node latched in this cycle."""
        base = node.address == wire.BASE_ADDRESS
        image = self._input(node, wire.MEASUREMENT, wire.MEASUREMENT.size if base else wire.SLAVE_MEASUREMENT)
        now, reading = self.clock(), Reading(image)
        if reading.latch != self._beat:
            node.counters.stale += 1
            raise Corrupt(f"node {node.address} answers with an older measurement")
        if not reading.configured:
            node.ready = node.agrees = False
            raise NotReady(f"node {node.address} has started anew and waits for its configuration")
        age, temperature_age = reading.si("voltage_age"), reading.si("temperature_age")
        node.reading = reading
        node.measured = -inf if age is None else now - age
        node.measured_temperature = -inf if temperature_age is None else now - temperature_age

    def _input(self, node: _Node, block: Block, count: int) -> bytes:
        read, address = self._client.read_input_registers, node.address
        began = self.clock()
        words = self._ask(node, 5 + 2 * count, lambda: read(block.start, count=count, device_id=address))
        self._fastest = min(self._fastest, self.clock() - began - (13 + 2 * count) * self.byte_time)
        return struct.pack(f">{count}H", *words)

    def _ask(self, node: _Node, length: int, request: Callable[[], ModbusPDU]) -> list[int]:
        """One question and its answer's registers. length: bytes of the answer."""
        client, counters = self._client, node.counters
        client.expected = length
        try:
            answer = request()
        except (ModbusIOException, Corrupt):
            counters.crc_errors += bool(client.heard)
            counters.timeouts += not client.heard
            kind, words = (Corrupt, "gives no answer that passes its check") if client.heard else (Timeout, "is silent")
            raise kind(f"node {node.address} {words}") from None
        if answer.isError():
            counters.refused += 1
            raise Refused(f"node {node.address} refuses what this master asks (exception {answer.exception_code})")
        counters.frames += 1
        return list(answer.registers)

    def _row(self, name: str) -> tuple[float | None, ...]:
        return tuple(value for node in self._nodes for value in node.reading.row(name, node.cells))

    def _sample(self, latched: Second) -> Sample:
        base = self._nodes[0].reading
        stop, button, inputs = base.panel()
        buses = base.si("charge_bus_voltage"), base.si("load_bus_voltage")
        return Sample(
            time=latched,
            timestamp=time.time(),
            current=base.si("current"),
            cell_voltages=self._row("cell"),
            temperatures=self._row("temperature") if self.temperatures else (),
            pack_voltage=base.si("pack_voltage"),
            nodes=tuple(_report(node, latched) for node in self._nodes),
            switches=SwitchReport(
                *(*base.contacts(), base.outputs(), *buses, stop, button, inputs, base.si("store_voltage"))
            ),
            own_current=base.si("own_current"),
            asleep_charge=base.si("asleep_charge"),
            awake=latched - self._nodes[0].began,
        )


def control_words(beat: int, actions: Actions, nodes: int) -> list[int]:
    """CONTROL for so many nodes; the beat is heartbeat and latch at once."""
    permits = wire.CHARGE * actions.permit_charge | wire.DISCHARGE * actions.permit_discharge
    coils = (actions.charge_contactor, actions.load_contactor, actions.pre_charge)
    switches = wire.switches_word(actions.outputs, coils, str(actions.led), str(actions.buzzer))
    balance = (*actions.balance, *(0,) * nodes)[:nodes]
    return [beat, beat, wire.permits_word(permits), switches, *balance]


def _report(node: _Node, now: Second) -> NodeReport:
    reading, ages = node.reading, (max(0.0, now - node.measured), max(0.0, now - node.measured_temperature))
    held, own = (reading.charge_held, reading.discharge_held), (reading.si("board_temperature"), reading.si("supply"))
    kept = node.counters
    lost = kept.timeouts, kept.crc_errors, kept.stale, kept.refused
    agrees = None if node.misses >= MISSES else node.agrees
    return NodeReport(node.address, node.online, *ages, *held, reading.guard, *own, *lost, node.firmware, agrees)
