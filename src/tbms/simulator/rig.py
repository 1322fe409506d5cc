"""The boat on the bench: the world, and the nodes with their real program wired into it."""

from collections.abc import Callable, Sequence
from random import Random

from tbms.model.sample import CELLS_PER_NODE, OUTPUTS
from tbms.model.units import Second
from tbms.simulator.hardware import Hardware
from tbms.simulator.remote import Remote
from tbms.simulator.trouble import Troubles
from tbms.slave.node import CLOCK_MASK, Node
from tbms.twin.readings import Readings
from tbms.twin.sensors import Sensors
from tbms.twin.world import BOARD_POWER, SLEEP_POWER, Controls, World
from tbms.wire.frames import seal, sealed
from tbms.wire.registers import BASE_ADDRESS, CHARGE_COIL, IDENTITY, LOAD_COIL, OUTPUT_BITS, PRE_CHARGE

TURNAROUND = 0.001  # s from the last bit of a request to the first of its answer
BROWN_OUT = 6.0  # V of the boards' 12 V supply below which their controllers reset
LONGEST = 60.0  # s of one step of the world
LIVE = 0.5  # of the pack's voltage: a charge bus that a charger feeds
WATCHDOG = 1.0  # s after which a hung program is reset


Start = Callable[[int, Hardware, int], Node | Remote]
"""Begins a node's program: address, hardware, ms."""


class Slot:
    """One node in its place: hardware and program, or no program while it has no supply.

    number: its place on the bus, whatever address it may claim. hung: since when its program stands still.
    asleep: until when it sleeps at the latest, None while it is awake.
    """

    def __init__(self, hardware: Hardware, now: Second, start: Start) -> None:
        self.number = hardware.address
        self.hardware = hardware
        self._start = start
        self.node: Node | Remote | None = start(self.number, hardware, milliseconds(now))
        self.hung: Second | None = None
        self.asleep: Second | None = None
        self.was_reset = False
        self.heard = False

    def stop(self) -> None:
        """The program ends, the pins fall."""
        if isinstance(self.node, Remote):
            self.node.close()
        self.node = None
        self.hardware.dead()

    def power(self, on: bool, reset: bool, now: Second) -> None:
        """Follow the supply; a reset acts once."""
        died = isinstance(self.node, Remote) and self.node.dead
        if not on or died or (reset and not self.was_reset):
            self.stop()
        self.was_reset = reset
        if on and self.node is None:
            self.node = self._start(self.number, self.hardware, milliseconds(now))

    def doze(self, called: bool, now: Second) -> bool:
        """Whether it sleeps now: once its program asked for it, until its time is over or something calls it."""
        if self.node is not None and self.node.sleep:
            self.asleep = now + 60.0 * self.node.sleep
            self.stop()
            self.hardware.doze()
        elif self.asleep is not None and (called or now >= self.asleep):
            self.asleep = None
        return self.asleep is not None

    def hang(self, hung: bool, now: Second) -> bool:
        """Whether the program stands still now: its pins stay as they are until the watchdog bites."""
        if not hung:
            if self.hung is not None and isinstance(self.node, Remote):
                self.node.thaw()
            self.hung = None
            return False
        if self.hung is None:
            self.hung = now
            if isinstance(self.node, Remote):
                self.node.freeze()
        if self.node is not None and now - self.hung >= WATCHDOG:
            self.stop()
        return True


class Rig:
    """World and nodes in step.

    readings: as the sensors give them now, true: the cells' own voltages. controls: what the boards do to the world.
    """

    def __init__(self, world: World, now: Second, sensors: Sensors | None = None, start: Start = Node) -> None:
        self.world = world
        self.cells = world.pack.count
        self.sensors = sensors or Sensors(self.cells)
        self.readings: Readings = self.sensors.read(world)
        self.now = now
        self.controls = Controls()
        nodes = -(-self.cells // CELLS_PER_NODE)
        self.slots = [Slot(Hardware(number + 1, self.cells, self._read), now, start) for number in range(nodes)]
        self.troubles = Troubles(nodes)
        self._draw = Random(nodes)  # noqa: S311 - faults by chance, no secret

    def _read(self) -> tuple[Readings, Sequence[float]]:
        return self.readings, self.world.pack.voltages

    def tick(self, now: Second) -> None:
        """Let the world go on to `now` under the present controls, then every node make one pass."""
        dt = now - self.now
        left = dt
        while left > 0:  # more than a moment only after the process was stopped for a while
            self.world.advance(min(left, LONGEST), self.controls)
            left -= LONGEST
        self.now = now
        self.readings = self.sensors.read(self.world)
        for slot in self.slots:
            slot.hardware.drain(dt)
            if slot.asleep is not None:
                slot.hardware.draw(dt * self.world.own / max(1.0, self.world.pack.voltage))
            self._power(slot)
            if self._runs(slot) and slot.node is not None:
                slot.node.step(milliseconds(now))
        asleep = sum(slot.asleep is not None for slot in self.slots) / len(self.slots)
        self.world.boards = BOARD_POWER + (SLEEP_POWER - BOARD_POWER) * asleep
        self.controls = self._wired()

    def _power(self, slot: Slot) -> None:
        index, now = slot.number - 1, self.now
        effects = self.world.effects.value
        off = self.troubles.level("node_off", now, slot.number) > 0 or self.readings.supply < BROWN_OUT
        asleep = slot.doze(self._called(slot), now)
        if not slot.hang(effects["node_hang"][index] > 0, now):
            slot.power(not (off or asleep), self.troubles.level("node_reset", now, slot.number) > 0, now)
        slot.hardware.converts = not effects["data_stale"][index]

    def _called(self, slot: Slot) -> bool:
        """Its wake pins: the button or a live charge bus for the base board, traffic on the bus for a slave."""
        readings = self.readings
        if slot.number == BASE_ADDRESS:
            return readings.button or readings.charge_bus_voltage > LIVE * readings.pack_voltage
        heard, slot.heard = slot.heard, False
        return heard

    def _runs(self, slot: Slot) -> bool:
        return slot.node is not None and slot.hung is None

    def _wired(self) -> Controls:
        """What all pins together do: loops are in series, coils and outputs hang on the base board."""
        base = self.slots[0].hardware.driven
        bled = [
            bool(slot.hardware.bled >> k & 1) for slot in self.slots for k in range(slot.hardware.fitted)
        ]  # cell 1 first
        return Controls(
            charge_contactor=bool(base & CHARGE_COIL),
            load_contactor=bool(base & LOAD_COIL),
            pre_charge=bool(base & PRE_CHARGE),
            outputs=outputs(base),
            charge_loop=all(slot.hardware.charge for slot in self.slots),
            discharge_loop=all(slot.hardware.discharge for slot in self.slots),
            balance=tuple(bled) if any(bled) else (),
        )

    def hear(self, source: int, data: bytes, now: Second) -> list[tuple[int, bytes, Second]]:
        """Give bytes from the line to all nodes but their source: answers as (source, bytes, start)."""
        answers = []
        for slot in self.slots:
            slot.heard = slot.heard or not self.cut(slot)
            if slot.node is None or slot.hung is not None or source == slot.number or self.cut(slot):
                continue
            if isinstance(slot.node, Remote):
                slot.node.readdress(self._strap(slot))
            else:
                slot.node.server.address = self._strap(slot) or slot.number
            reply = slot.node.receive(data)
            if reply:
                answers += self.answer(slot, reply, now)
            if slot.node.renewed:
                slot.node.step(milliseconds(max(now, self.now)))
        self.controls = self._wired()
        return answers

    def remotes(self) -> dict[Remote, Slot]:
        """The nodes that are processes of their own, and their places."""
        return {slot.node: slot for slot in self.slots if isinstance(slot.node, Remote)}

    def close(self) -> None:
        """End what runs outside."""
        for slot in self.slots:
            slot.stop()

    def cut(self, slot: Slot) -> bool:
        """Its wires are cut."""
        return any(t.kind == "line_cut" and t.where <= slot.number for t in self.troubles.active(self.now))

    def _strap(self, slot: Slot) -> int:
        """The address that its switch gives it, 0: its own."""
        return int(self.troubles.level("wrong_address", self.now, slot.number))

    def answer(self, slot: Slot, reply: bytes, now: Second) -> list[tuple[int, bytes, Second]]:
        """The reply as it comes onto the line, if it does."""
        effects, index = self.world.effects.value, slot.number - 1
        start = now + TURNAROUND + self.troubles.level("late_answers", now, slot.number)
        if self._chance(effects["frames_lost"][index]):
            return []
        if self._chance(effects["frames_corrupt"][index]):
            reply = bytes((reply[0], reply[1] ^ 0x40)) + reply[2:]
        if version := int(self.troubles.level("wrong_map", now, slot.number)):
            reply = _other_map(reply, version)
        answers = [(slot.number, reply, start)]
        if effects["duplicate_address"][index]:
            answers.append((-slot.number, reply[::-1], start))
        return answers

    def _chance(self, part: float) -> bool:
        return part > 0 and self._draw.random() < part


def milliseconds(now: Second) -> int:
    """A node's clock at `now`."""
    return round(now * 1000) & CLOCK_MASK


def outputs(word: int) -> tuple[bool, ...]:
    """The six relays of a switches word."""
    return tuple(bool(word & OUTPUT_BITS & 1 << index) for index in range(OUTPUTS))


def _other_map(reply: bytes, version: int) -> bytes:
    """The answer to a read of the whole identity, with another version in it; any other reply as it is."""
    if len(reply) != 5 + 2 * IDENTITY.size or not sealed(reply, len(reply)):
        return reply
    return seal(reply[:3] + version.to_bytes(2, "big") + reply[5:-2])
