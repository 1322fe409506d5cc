"""The firmware's main loop: a pass every 10 ms, the bus in between, garbage collected when there is time."""

from tbms.slave.guard import PASS_MS
from tbms.slave.node import CLOCK_MASK, Node
from tbms.slave.store import CONFIGURATION_FILE, load, save, save_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Port(Protocol):
        """The processor under the node: its clock, its line, its watchdog."""

        def now(self) -> int:
            """ms, wraps at 2**30 or later."""

        def read(self) -> bytes:
            """What has come over the line, b"" when nothing has."""

        def write(self, data: bytes) -> None:
            """Send; returns before the last bit has gone."""

        def wait(self, ms: int) -> None:
            """Until something comes over the line, at most so long."""

        def feed(self) -> None:
            """Restart the hardware watchdog."""

        def collect(self) -> None:
            """Collect garbage."""

        def restart(self) -> None:
            """Begin anew, as after a reset."""

        def sleep(self, ms: int) -> None:
            """Draw next to nothing for so long, or until the button or a charger's voltage wakes it."""


WATCHDOG_MS = 1000  # a program that stands still so long is reset; its charge pumps were empty long before
COLLECT_MS = 100  # once a cycle of the bus, so that no collection has much to do ...
IDLE_MS = 5  # ... and only while so much is left of a pass
MEASURED, GUARDED, LISTENED = 1, 2, 4
ALL = MEASURED | GUARDED | LISTENED


class Program:
    """One node's loop; `turn` for ever.

    folder: where limits, address and baud rate are kept. ran: tasks that have run since the watchdog was fed last; it
    is fed only when all of them have.
    """

    def __init__(self, node: Node, port: "Port", folder: str) -> None:
        self.node = node
        self.port = port
        self.ran = 0
        self.due = port.now()
        self.collected = self.due
        self.folder = folder
        stored = load(folder, CONFIGURATION_FILE)
        if stored is not None:
            node.limits.recall(stored)
            node.guard.configure()

    def turn(self) -> None:
        """Listen and answer, make a pass when it is due, use the time that is left."""
        node, port = self.node, self.port
        chunk = port.read()
        if chunk:
            reply = node.receive(chunk)
            if reply:
                port.write(reply)
        self.ran |= LISTENED
        now = port.now()
        late = (now - self.due) & CLOCK_MASK
        if node.renewed or late <= CLOCK_MASK >> 1:
            self.due = (self.due + PASS_MS) & CLOCK_MASK if late < PASS_MS else (now + PASS_MS) & CLOCK_MASK
            node.step(now)
            self.ran |= (MEASURED if node.measured else 0) | (GUARDED if node.guarded else 0)
            node.measured = node.guarded = False
        if self.ran == ALL:
            self.ran = 0
            port.feed()
            if node.registers.update is not None:
                node.registers.update.step(node.uptime, node.heartbeat.runs)
        self._rest(now)

    def _rest(self, now: int) -> None:
        """Idle until the next pass: garbage first, then wait for the line."""
        port = self.port
        if not self.node.permission.closed:
            self._serve()
        left = self._left(port.now())
        if left >= IDLE_MS and (now - self.collected) & CLOCK_MASK >= COLLECT_MS:
            self.collected = now
            port.collect()
            left = self._left(port.now())
        if left:
            port.wait(left)

    def _serve(self) -> None:
        """What takes long, or ends the program, is done only while nothing is permitted."""
        registers, port = self.node.registers, self.port
        if registers.unsaved:
            registers.unsaved = False
            save(self.folder, CONFIGURATION_FILE, self.node.limits.image)
            save_settings(self.folder, registers.address, 100 * registers.baud)
        if self.node.sleep:
            self.node.board.doze()
            port.sleep(60000 * self.node.sleep)
            registers.restart = True
        if registers.restart or (registers.update is not None and registers.update.done):
            port.restart()

    def _left(self, now: int) -> int:
        left = (self.due - now) & CLOCK_MASK
        return left if left <= PASS_MS else 0
