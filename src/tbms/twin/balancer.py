"""Balancers: what they draw from a cell, and where it goes."""

from collections.abc import Sequence
from typing import Literal

from tbms.model.units import Ampere, Fraction
from tbms.twin.pack import Pack


class Balancer:
    """Passive: a bleed resistor across the cell. Active: a converter from the cell into the whole pack.

    current: A drawn from a cell by its balancer. efficiency: of the active converter.
    """

    def __init__(
        self,
        kind: Literal["passive", "active"] = "passive",
        current: Ampere = 0.15,
        efficiency: Fraction = 0.9,
    ) -> None:
        self.kind, self.current, self.efficiency = kind, current, efficiency
        self.working: tuple[bool, ...] = ()
        self._touched = False

    def work(self, pack: Pack, balance: tuple[bool, ...], shorts: Sequence[float]) -> None:
        """Set what leaves each cell besides the pack current; shorts: S inside each cell, by a fault."""
        busy = any(balance) or any(shorts)
        self.working = balance
        if not busy and not self._touched:
            return
        self._touched = busy
        back = 0.0
        if self.kind == "active" and busy:
            given = sum(v for v, on in zip(pack.voltages, balance, strict=False) if on) * self.current
            back = self.efficiency * given / max(pack.voltage, 1.0)
        for k in range(pack.count):
            drain = -back
            if k < len(balance) and balance[k]:
                drain += self.current
            leak = shorts[k] * pack.voltages[k]
            pack.drain[k] = drain + leak
            pack.heat[k] = pack.warmth[k] + leak * pack.voltages[k]
