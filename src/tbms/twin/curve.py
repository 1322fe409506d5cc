"""Curves as data: straight lines between points, and the same on a uniform grid for the hot loop."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Curve:
    """y over x, straight between its points, level outside them.

    x must rise strictly.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y) or not self.x:
            raise ValueError("a curve needs as many x as y, and at least one")
        if any(b <= a for a, b in pairwise(self.x)):
            raise ValueError("the x of a curve must rise strictly")

    @classmethod
    def of(cls, points: Iterable[tuple[float, float]]) -> "Curve":
        """A curve through (x, y) points given in any order."""
        ordered = sorted(points)
        return cls(tuple(p[0] for p in ordered), tuple(p[1] for p in ordered))

    def __call__(self, x: float) -> float:
        """The value at x."""
        if x <= self.x[0]:
            return self.y[0]
        if x >= self.x[-1]:
            return self.y[-1]
        i = bisect_right(self.x, x)
        x0, y0 = self.x[i - 1], self.y[i - 1]
        return y0 + (x - x0) * (self.y[i] - y0) / (self.x[i] - x0)


LEVEL = Curve((0.0,), (1.0,))
"""A factor of 1 everywhere."""

GRID = 1000
"""Grid points per unit of SOC: 0.1 % is finer than any table we have."""

MARGIN = 0.10
"""SOC beyond empty and beyond full that the grid covers: an abused cell goes there."""


@dataclass(frozen=True, slots=True)
class Grid:
    """An open-circuit voltage over SOC, -MARGIN..1+MARGIN, for look-up without a search.

    value[j] is the voltage at SOC j / GRID - MARGIN, slope[j] its rise (V) to the next point.
    """

    value: tuple[float, ...]
    slope: tuple[float, ...]

    @classmethod
    def of(cls, soc: Sequence[float], voltage: Sequence[float], below: float, above: float) -> "Grid":
        """A grid of a table over SOC 0..1, continued with a slope (V per unit SOC) below and above it."""
        curve = Curve(tuple(soc), tuple(voltage))
        first, last = curve.x[0], curve.x[-1]
        values = []
        for j in range(round((1 + 2 * MARGIN) * GRID) + 1):
            z = j / GRID - MARGIN
            out = below * min(0.0, z - first) + above * max(0.0, z - last)
            values.append(curve(z) + out)
        rises = [b - a for a, b in pairwise(values)]
        return cls(tuple(values), (*rises, rises[-1]))

    def __call__(self, soc: float) -> float:
        """Voltage at `soc`; beyond the grid it goes on straight."""
        x = (soc + MARGIN) * GRID
        j = min(max(int(x), 0), len(self.value) - 1)
        return self.value[j] + (x - j) * self.slope[j]
