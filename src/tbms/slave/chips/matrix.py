"""The active balancer: a matrix of switches that joins one donor and one receiver to a converter.

The word of outputs has a donor switch for each cell from bit 0 on and, above them, a receiver switch for each.
Two donors, two receivers, or one cell on both sides would short cells, so no such word is ever written.
"""

from tbms.slave.chips.port import DeviceError, Refused, Stamp, elapsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Outputs(Protocol):
        """The switches' drivers, set together."""

        def set(self, word: int) -> None:
            """Close the switches whose bits are set and open all others; DeviceError when that failed."""


DEAD_MS = (
    20  # all switches open at least so long between two pairs: slowest opening of an optical switch 5 ms, fourfold
)
LEASE_MS = 2000  # an order that is not repeated so long is withdrawn
LONGEST_RUN_MS = 600000  # at most 10 minutes a run (safety concept); a new one begins after the order was withdrawn


class Matrix:
    """Interlocked outputs of the balancer matrix.

    cells: 2..16. isolated: the converter is isolated; without isolation neighbours share a wire and may not be paired.
    donor, receiver: cells joined now, counted from 0; None while everything is open.
    """

    def __init__(self, outputs: "Outputs", cells: int, isolated: bool) -> None:
        self._outputs = outputs
        self._cells = cells
        self._isolated = isolated
        self._wish = 0
        self._word = -1  # unknown until the first opening succeeded
        self._ordered = Stamp()
        self._opened = Stamp()
        self._run = 0
        self._last = 0
        self.donor: int | None = None
        self.receiver: int | None = None

    def order(self, donor: int, receiver: int, now: int) -> None:
        """Wish this pair, and renew its lease; Refused, with everything opened, when the pair would short cells."""
        self._wish = 0
        if not self._allowed(donor, receiver):
            self.step(now)
            raise Refused("cells " + str(donor + 1) + " and " + str(receiver + 1) + " cannot be donor and receiver")
        self._wish = 1 << donor | 1 << (self._cells + receiver)
        self._ordered.renew(now)

    def withdraw(self, now: int) -> None:
        """Wish nothing; opens at once and permits a new run."""
        self._wish = 0
        self.step(now)
        self._run = 0

    def step(self, now: int) -> None:
        """Move on: open what must open, close what was ordered after its dead time. Called at least every 100 ms."""
        wish = self._target(now)
        if self._word == wish:
            return
        if self._word != 0:
            self._open(now)
        elif not self._opened.within(now, DEAD_MS):
            self._close(wish, now)

    def _allowed(self, donor: int, receiver: int) -> bool:
        if not 0 <= donor < self._cells or not 0 <= receiver < self._cells or donor == receiver:
            return False
        return self._isolated or abs(donor - receiver) > 1

    def _target(self, now: int) -> int:
        """The word that may stand now: the order, while its lease and the longest run last."""
        if self._word > 0:
            self._run += elapsed(now, self._last)
        self._last = now
        if not self._ordered.within(now, LEASE_MS):
            self._wish = 0
            self._run = 0
        return 0 if self._run >= LONGEST_RUN_MS else self._wish

    def _open(self, now: int) -> None:
        self._word = -1
        self.donor = None
        self.receiver = None
        self._outputs.set(0)
        self._word = 0
        self._opened.renew(now)

    def _close(self, wish: int, now: int) -> None:
        self._word = -1  # should the writing fail half way, the next step opens everything first
        try:
            self._outputs.set(wish)
        except DeviceError:
            self._open(now)
            raise
        self._word = wish
        for cell in range(self._cells):
            if wish >> cell & 1:
                self.donor = cell
            if wish >> (self._cells + cell) & 1:
                self.receiver = cell
