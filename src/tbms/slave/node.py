"""One node: measurement, guard, permission, outputs and bus, a pass at a time."""

from tbms.slave.board import Board
from tbms.slave.guard import AFE, FORBIDS_DISCHARGE, FOREVER_MS, INVALID_VOLTAGE, Guard
from tbms.slave.limits import Limits
from tbms.slave.outputs import Balancer, Outputs
from tbms.slave.permission import Heartbeat, Permission
from tbms.slave.registers import Registers
from tbms.slave.server import Server
from tbms.wire.registers import (
    BUZZER_SHIFT,
    CONTROL,
    IDENTITY,
    LED_SHIFT,
    LEDS,
    guard_bit,
    permits_bits,
)

CLOCK_MASK = (1 << 30) - 1  # time.ticks_ms of MicroPython wraps here
HEARTBEAT = guard_bit("heartbeat")
UNBALANCED = FORBIDS_DISCHARGE | INVALID_VOLTAGE | AFE  # faults under which no cell is balanced


class Node:
    """The whole firmware of one node, over its board.

    renewed: a control write came since the last pass, so the next one should follow at once.
    measured, guarded: the board was read, the guard has judged it; for the watchdog, which withdraws both.
    address: 1 base board, 2.. slaves. Times are ms of a clock that may wrap at 2**30; `step` must run every PASS_MS.
    """

    def __init__(self, address: int, board: Board, now: int) -> None:
        self.board = board
        self.now = now
        self.uptime = 0
        self.limits = Limits()
        self.heartbeat = Heartbeat()
        self.guard = Guard(board, self.limits)
        self.permission = Permission(self.limits, self.heartbeat)
        self.outputs = Outputs(self.limits, self.heartbeat)
        self.balancer = Balancer(board, self.limits, self.heartbeat)
        self.registers = Registers(address, board, self.limits, self.guard)
        self.server = Server(address, self.registers)
        self.tripped = 0
        self.renewed = False
        self.measured = self.guarded = False

    @property
    def sleep(self) -> int:
        """Minutes for which it shall sleep now; 0: not asked, or something is permitted."""
        return 0 if self.permission.closed else self.registers.sleep

    def receive(self, chunk: bytes) -> bytes:
        """Take bytes from the line and give what to send; a control write acts at the next step."""
        reply = self.server.receive(chunk)
        if self.registers.fresh:
            self.registers.fresh = False
            self.renewed = True
            self._control()
        return reply

    def _control(self) -> None:
        """A control write: renew the leases if its heartbeat is new, and latch."""
        registers = self.registers
        control = registers.control
        if self.heartbeat.beat(CONTROL.number(control, "heartbeat")):
            self.permission.permits = permits_bits(CONTROL.number(control, "permits"))
            self.outputs.wanted = CONTROL.number(control, "switches")
            self.balancer.wanted = registers.balance_word()
        registers.latch()

    def step(self, now: int) -> None:
        """One pass: measure, guard, permit, drive, and bring the registers up to date. now: ms, wraps."""
        dt = (now - self.now) & CLOCK_MASK
        self.now = now
        self.renewed = False
        self.server.step(dt)
        self.heartbeat.step(dt)
        self.board.measure(now)
        self.measured = True
        forbidden = self.guard.step(dt)
        self.guarded = True
        self._drive(forbidden, dt)
        self._report(dt)

    def _drive(self, forbidden: int, dt: int) -> None:
        board, permission = self.board, self.permission
        board.loops(permission.step(forbidden, self._calm()))
        stopped = board.emergency_stop
        if board.base:
            board.switches(self.outputs.step(permission.closed, stopped, self._current(), board.load_contact))
        board.balance(self.balancer.step(not self.guard.faults & UNBALANCED, dt))
        self._panel(dt)

    def _calm(self) -> bool:
        """The current is known, now, and small enough for a contactor to open without wear."""
        current = self._current()
        return current is not None and abs(current) < self.limits.open_current

    def _current(self) -> int | None:
        """Through the battery now, mA, but for what the boards themselves drain; None if unknown or old."""
        current, age = self.board.current_ma, self.board.current_age
        if current is None or age is None or age > self.limits.sample_age:
            return None
        return current if current >= 0 else min(0, current + max(0, self.board.own_ma or 0))

    def _panel(self, dt: int) -> None:
        registers, wanted = self.registers, self.outputs.wanted
        registers.identify = max(0, registers.identify - dt)
        led = LEDS.index("alarm") if self._silent() else min(wanted >> LED_SHIFT & 7, len(LEDS) - 1)
        if registers.identify and registers.identify // 250 % 2:
            led = LEDS.index("warning")
        self.board.panel(led, 0 if self._silent() else wanted >> BUZZER_SHIFT & 3)

    def _silent(self) -> bool:
        return self.heartbeat.runs and self.heartbeat.older(self.limits.heartbeat)

    def _report(self, dt: int) -> None:
        permission, registers, server = self.permission, self.registers, self.server
        faults = self.guard.faults | (HEARTBEAT if self.heartbeat.older(self.limits.heartbeat) else 0)
        registers.locked = permission.closed != 0
        registers.step(dt, permission.held | permission.closed << 2, faults, self.outputs.energised)
        if registers.clear:
            registers.clear = False
            self.tripped = self.guard.cell = server.frames = server.exceptions = server.receiver.errors = 0
        self.tripped |= faults
        self.uptime = min(self.uptime + dt, FOREVER_MS)
        identity = registers.identity
        IDENTITY.put(identity, "uptime", self.uptime // 1000)
        IDENTITY.put(identity, "frames", server.frames)
        IDENTITY.put(identity, "crc_errors", min(server.receiver.errors, 0xFFFF))
        IDENTITY.put(identity, "exceptions", min(server.exceptions, 0xFFFF))
        IDENTITY.put(identity, "tripped", self.tripped)
        IDENTITY.put(identity, "tripped_cell", self.guard.cell)
