"""The two permission contacts of a node: held only while the guard, the heartbeat and the master all agree."""

from tbms.slave.guard import FOREVER_MS, PASS_MS
from tbms.slave.limits import Limits
from tbms.wire.registers import BOTH, CHARGE, DISCHARGE


class Heartbeat:
    """Whether the master lives: its counter must change.

    age: ms since it last did; runs: it has changed at least once since the node started.
    """

    def __init__(self) -> None:
        self.value = -1
        self.age = FOREVER_MS
        self.runs = False

    def beat(self, value: int) -> bool:
        """Take the counter of a control write; True when it is a new one."""
        fresh = self.value not in (-1, value)
        self.value = value
        if fresh:
            self.age = 0
            self.runs = True
        return fresh

    def step(self, dt: int) -> None:
        """Let dt ms pass."""
        self.age = min(self.age + dt, FOREVER_MS)

    def older(self, limit: int) -> bool:
        """The age reaches the limit before the next pass: nothing is ever held longer than its lease."""
        return self.age + PASS_MS >= limit


class Permission:
    """Both contacts, and the order in which they fall when the master is silent.

    permits: CHARGE and DISCHARGE as the master last wrote them. tripped: loops that stay open until their cause is
    gone *and* a living master has withdrawn its permit in between, so that nothing closes again by surprise.
    held: what the guard would permit; closed: the contacts.
    """

    def __init__(self, limits: Limits, heartbeat: Heartbeat) -> None:
        self.limits = limits
        self.heartbeat = heartbeat
        self.permits = 0
        self.tripped = BOTH
        self.held = 0
        self.closed = 0
        self.levels = 0

    def step(self, forbidden: int, calm: bool) -> int:
        """Decide one pass and give the levels of both pins.

        forbidden: loops the guard wants open. calm: the current is known and small enough to open the contactor.
        """
        forbidden |= self._silent(calm)
        withdrawn = 0 if self.heartbeat.older(self.limits.heartbeat) else ~self.permits & BOTH
        self.tripped = (self.tripped & ~withdrawn) | forbidden
        self.held = BOTH & ~self.tripped
        self.closed = self.held & self.permits
        self.levels = (self.levels ^ BOTH) & self.closed
        return self.levels

    def _silent(self, calm: bool) -> int:
        """Loops to open because the master is silent: charge at a small current or after a wait, discharge later."""
        limits, heartbeat = self.limits, self.heartbeat
        if not heartbeat.runs:
            return BOTH
        if not heartbeat.older(limits.heartbeat):
            return 0
        forbidden = CHARGE if calm or heartbeat.older(limits.open_wait) else 0
        return forbidden | (DISCHARGE if heartbeat.older(max(limits.load_hold, limits.heartbeat)) else 0)
