"""Leased outputs, coils and balancers: whatever is not renewed falls to the safe state of its role."""

from tbms.slave.board import Board
from tbms.slave.limits import Limits
from tbms.slave.permission import Heartbeat
from tbms.wire.registers import (
    CELLS,
    CHARGE,
    CHARGE_COIL,
    CHARGER_ENABLE,
    COIL_SHIFT,
    COILS,
    GENERATOR,
    HEATER,
    LOAD_COIL,
    OUTPUTS,
    PRE_CHARGE,
    SAFE_ENERGISED,
)

BALANCE_RUN_MS = 600000  # one run of the balancer; the master must pause before the next


class Outputs:
    """Six relays and three coils of the base board.

    wanted: switches word of the last fresh control write. energised: driven now. path: coil of a common contactor.
    """

    def __init__(self, limits: Limits, heartbeat: Heartbeat) -> None:
        self.limits = limits
        self.heartbeat = heartbeat
        self.wanted = 0
        self.energised = 0
        self.path = 0

    def step(self, closed: int, stopped: bool, current: int | None, contact: bool | None) -> int:
        """The bits to drive in this pass.

        closed: this node's permission contacts. stopped: by the emergency stop. current: mA. contact: auxiliary.
        """
        fed = closed << COIL_SHIFT  # each coil by its own loop, a common one by either
        word = self.wanted & (self._way(fed, current, contact) if self.limits.common else fed)
        if fed & (COILS if self.limits.common else LOAD_COIL) and not self.heartbeat.older(self.limits.heartbeat):
            word |= self.wanted & PRE_CHARGE
        for index in range(OUTPUTS):
            if self._output(index, closed, stopped):
                word |= 1 << index
        self.energised = word
        return word

    def _way(self, fed: int, current: int | None, contact: bool | None) -> int:
        """The loop of the direction in which current flows (unknown: charges) holds it, so that its loss opens it.

        At next to none the other takes over from a closed contact. Opened, it stays so until the master lets go.
        """
        if not self.wanted & COILS:
            self.path = 0
        elif self.path and not self.energised & self.path:
            return 0
        elif current is None or current >= self.limits.open_current:
            self.path = CHARGE_COIL
        elif current <= -self.limits.open_current:
            self.path = LOAD_COIL
        elif not self.path or (contact and not fed & self.path):
            self.path = fed & LOAD_COIL or fed
        return fed & self.path

    def _output(self, index: int, closed: int, stopped: bool) -> bool:
        role = self.limits.roles[index] & 0xFF
        if stopped and role in (CHARGER_ENABLE, HEATER, GENERATOR):
            return False
        if role == CHARGER_ENABLE:
            held = closed & CHARGE and not self.heartbeat.older(self.limits.charger_lease)
        else:
            held = self.limits.configured and self.heartbeat.runs and not self.heartbeat.older(self.limits.lease)
        return self.wanted >> index & 1 == 1 if held else self.limits.roles[index] & SAFE_ENERGISED != 0


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
