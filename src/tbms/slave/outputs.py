"""Leased outputs, coils and balancers: whatever is not renewed falls to the safe state of its role."""

from tbms.slave.board import Board
from tbms.slave.limits import Limits
from tbms.slave.permission import Heartbeat
from tbms.wire.registers import (
    CELLS,
    CHARGE,
    CHARGE_COIL,
    CHARGER_ENABLE,
    DISCHARGE,
    GENERATOR,
    HEATER,
    LOAD_COIL,
    OUTPUTS,
    PRE_CHARGE,
    SAFE_ENERGISED,
)

BALANCE_RUN_MS = 600000  # one run of the balancer; the master must pause before the next
STOPPED = (CHARGER_ENABLE, HEATER, GENERATOR)  # roles that an emergency stop switches off


class Outputs:
    """Six relays and three coils of the base board.

    wanted: switches word of the last fresh control write. energised: what is driven now.
    """

    def __init__(self, limits: Limits, heartbeat: Heartbeat) -> None:
        self.limits = limits
        self.heartbeat = heartbeat
        self.wanted = 0
        self.energised = 0

    def step(self, closed: int, stopped: bool) -> int:
        """The bits to drive in this pass.

        closed: permission contacts of this node (CHARGE, DISCHARGE). stopped: the emergency stop is pressed.
        """
        word = 0
        for index in range(OUTPUTS):
            if self._output(index, closed, stopped):
                word |= 1 << index
        if closed & CHARGE:
            word |= self.wanted & CHARGE_COIL
        if closed & DISCHARGE:
            word |= self.wanted & LOAD_COIL
            if not self.heartbeat.older(self.limits.heartbeat):
                word |= self.wanted & PRE_CHARGE
        self.energised = word
        return word

    def _output(self, index: int, closed: int, stopped: bool) -> bool:
        limits = self.limits
        role = limits.roles[index] & 0xFF
        safe = limits.roles[index] & SAFE_ENERGISED != 0
        if stopped and role in STOPPED:
            return False
        if role == CHARGER_ENABLE:
            held = closed & CHARGE and not self.heartbeat.older(limits.charger_lease)
        else:
            held = limits.configured and self.heartbeat.runs and not self.heartbeat.older(limits.lease)
        return self.wanted >> index & 1 == 1 if held else safe


class Balancer:
    """The balance word of this node, cut down to what is safe.

    wanted: bits of the last fresh control write. run: ms since the present run began.
    """

    def __init__(self, board: Board, limits: Limits, heartbeat: Heartbeat) -> None:
        self.board = board
        self.limits = limits
        self.heartbeat = heartbeat
        self.wanted = 0
        self.run = 0

    def step(self, trusted: bool, dt: int) -> int:
        """The cells to bleed in this pass. trusted: no fault makes these measurements doubtful, no emergency stop."""
        limits = self.limits
        if not self.wanted:
            self.run = 0
        if not self.wanted or not trusted or not limits.configured or self.heartbeat.older(limits.lease):
            return 0
        self.run += dt
        if self.run >= BALANCE_RUN_MS:
            self.run = BALANCE_RUN_MS
            return 0
        word = 0
        for index in range(CELLS):
            value = self.board.cell_mv[index]
            if self.wanted >> index & 1 and value is not None and value >= limits.balance_minimum:
                word |= 1 << index
        return word
