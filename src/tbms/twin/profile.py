"""Day profiles: sun and loads over a day, made from a seed or read from a file."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import inf

from tbms.model.units import Second

DAY = 86400.0


class Profile:
    """A value over the time of day, repeated every `period`; steps, or straight lines between points."""

    def __init__(
        self, times: Sequence[Second], values: Sequence[float], *, period: Second = DAY, linear: bool = False
    ) -> None:
        if not times or len(times) != len(values) or times[0] != 0.0:
            raise ValueError("a profile needs as many times as values, the first at 0")
        if any(b <= a for a, b in pairwise(times)) or times[-1] >= period:
            raise ValueError("the times of a profile must rise strictly and stay below its period")
        self.times, self.values, self.period, self.linear = tuple(times), tuple(values), period, linear
        self._ends = (*self.times[1:], period)
        self._from = self._until = inf
        self._value = self._slope = 0.0

    @classmethod
    def constant(cls, value: float) -> "Profile":
        """The same all day."""
        return cls((0.0,), (value,))

    def __call__(self, time: Second) -> float:
        """The value at simulated `time`, s since midnight of the first day."""
        if not self._from <= time < self._until:
            self._find(time)
        return self._value + (time - self._from) * self._slope

    def _find(self, time: Second) -> None:
        """Remember the piece that `time` is in: the next question is nearly always about the same one."""
        midnight = time // self.period * self.period
        i = bisect_right(self.times, time - midnight) - 1
        self._from = midnight + self.times[i]
        self._until = midnight + self._ends[i]
        self._value, self._slope = self.values[i], 0.0
        if self.linear:
            after = self.values[(i + 1) % len(self.values)]
            self._slope = (after - self._value) / (self._until - self._from)
