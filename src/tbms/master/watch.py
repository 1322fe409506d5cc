"""How well the loop keeps its time."""

from collections import deque
from math import ceil

from tbms.model.snapshot import LoopSnapshot

WINDOW = 600.0  # s over which jitter is judged
LATEST = 0.9  # of a period: a cycle that can begin so late still runs, a later one is lost
EVERY = 50  # cycles between two sums: sorting 6000 figures takes a millisecond


class LoopWatch:
    """Counts cycles, lost cycles and how late each began.

    late: of this cycle, s. worst: of all. period: of the loop, s. A cycle is lost when it could not begin before the
    next one was almost due.
    """

    def __init__(self, period: float) -> None:
        self.period = period
        self.cycles = 0
        self.lost = 0
        self.late = self.worst = 0.0
        self._late: deque[float] = deque(maxlen=max(1, round(WINDOW / period)))
        self._busy: deque[float] = deque(maxlen=max(1, round(10.0 / period)))
        self._p99: float | None = None

    def began(self, late: float) -> None:
        """A cycle begins `late` s after its absolute time."""
        self.cycles += 1
        self.late, self.worst = late, max(self.worst, late)
        self._late.append(late)
        if self.cycles % EVERY == 0:
            self._p99 = percentile(self._late, 0.99)

    def ended(self, due: float, now: float, busy: float) -> float:
        """The cycle due at `due` took `busy` s and ended at `now`; gives when the next one is due."""
        self._busy.append(busy)
        following = due + self.period
        if now - following <= LATEST * self.period:
            return following
        skipped = ceil((now - following) / self.period - LATEST)
        self.lost += skipped
        return following + skipped * self.period

    def snapshot(self) -> LoopSnapshot:
        """The figures as the API gives them."""
        busy = sum(self._busy) / (len(self._busy) * self.period) if self._busy else None
        return LoopSnapshot(self.period, self.cycles, self.lost, self._p99, busy, self.worst)


def percentile(values: "deque[float]", share: float) -> float:
    """The value below which `share` (0..1) of the values lie; values must not be empty."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]
