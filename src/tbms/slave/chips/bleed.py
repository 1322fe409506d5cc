"""Passive balancing as every chip that bleeds cells needs it: leased, limited in time, neighbours in turns."""

from tbms.slave.chips.cells import apart
from tbms.slave.chips.port import Stamp, elapsed

LEASE_MS = 2000  # a wish that is not repeated so long is void
LONGEST_RUN_MS = 600000  # at most 10 minutes a run (safety concept); a new one begins after a wish of 0 or a lapse
TURN_MS = 10000  # wished neighbours, which share a wire, bleed in turns of so long


class Bleed:
    """Which cells may bleed now. Cells are bits, the lowest cell bit 0."""

    def __init__(self) -> None:
        self._wished = Stamp()
        self.forget()

    def forget(self) -> None:
        """Wish nothing; a new run may begin."""
        self._wished.forget()
        self._cells = 0
        self._run = 0
        self._last = -1

    def wish(self, cells: int, now: int) -> None:
        """Wish these cells from now on, until it is repeated, changed, or its lease ends."""
        if not cells:
            self.forget()
            return
        self._cells = cells
        self._wished.renew(now)

    def target(self, known: int, now: int) -> int:
        """The cells to bleed now, of those whose voltage is known: no two neighbours, none after lease or run."""
        if not self._wished.within(now, LEASE_MS):
            self.forget()
            return 0
        if self._last >= 0:
            self._run += elapsed(now, self._last)
        self._last = now
        if self._run >= LONGEST_RUN_MS:
            return 0
        return apart(self._cells & known, self._run // TURN_MS & 1)
