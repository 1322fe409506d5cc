"""The cells in series: electrical, hysteresis and heat state of all, advanced together in one loop of floats."""

from collections.abc import Sequence
from dataclasses import replace
from math import exp

from tbms.model.units import Ampere, Celsius, Ohm, Second, Volt
from tbms.twin.cell import Cell
from tbms.twin.curve import GRID, MARGIN

CONDUCTION = 2.0  # W/K between neighbouring cells: a 200 x 170 mm face, 3 mm of insulation and tray
REVIEW = 5.0  # s between looks at temperature and SOC for new resistances: far faster than either moves
REVIEW_KELVIN = 0.1  # temperature step that is worth new resistances: 0.3 % of R
REVIEW_SOC = 0.005  # SOC step that is worth new resistances


class Pack:
    """4 to 16 cells (or any number) in series, cell 1 at the negative end.

    voltages: of each cell between its sense wires, its link included, at the end of the last step.
    soc: 0..1, may leave it in abuse. hysteresis: -1..1. drain: A out of each cell that does not come
    through the pack terminals (leakage is added to it). heat: extra W in each cell.
    ambient: °C around the cells. conduction: W/K between neighbours.
    """

    def __init__(self, cells: Sequence[Cell], soc: float | Sequence[float] = 0.5, temperature: Celsius = 25.0) -> None:
        self.count = len(cells)
        self.base = tuple(cells)
        self.cells = list(cells)
        self.soc = [soc] * self.count if isinstance(soc, int | float) else list(soc)
        if len(self.soc) != self.count:
            raise ValueError(f"{self.count} cells need as many SOC values, got {len(self.soc)}")
        self.hysteresis = [0.0] * self.count
        self.v1 = [0.0] * self.count
        self.v2 = [0.0] * self.count
        self.drain = [0.0] * self.count
        self.heat = [0.0] * self.count
        self.warmth = [0.0] * self.count  # the part of `heat` that faults set
        self.shifted = [0.0] * self.count  # SOC that a fault has added so far
        self.ambient = temperature
        self.conduction = CONDUCTION
        self.current = 0.0
        self._temperature = [temperature] * (self.count + 1)  # one more, equal to the last: no neighbour above
        self._dt = 0.0
        self._reviewed = 0.0
        self._at = [(temperature, z) for z in self.soc]  # temperature and SOC of the constants in use
        self._constants = [(0.0,) * 16] * self.count
        self._emf = self._resistance = 0.0
        self._grids = [(cell.ocv.value, cell.ocv.slope) for cell in cells]
        self._top = len(cells[0].ocv.value) - 1
        self.voltages = self.at_current(0.0)
        self.voltage = sum(self.voltages)

    @property
    def temperatures(self) -> list[Celsius]:
        """Of each cell, °C."""
        return self._temperature[: self.count]

    def set_temperature(self, k: int, temperature: Celsius) -> None:
        """Put cell k (from 0) at a temperature."""
        self._temperature[k] = temperature
        if k == self.count - 1:
            self._temperature[self.count] = temperature
        self._dt = 0.0

    def change(self, k: int, **fields: object) -> None:
        """Replace parameters of cell k (from 0) from now on."""
        self.cells[k] = replace(self.cells[k], **fields)  # type: ignore[arg-type]  # names are checked by replace
        self._grids[k] = (self.cells[k].ocv.value, self.cells[k].ocv.slope)
        self._dt = 0.0

    def shift(self, k: int, soc: float) -> None:
        """Add to the SOC of cell k (from 0) at once, as if it had been charged elsewhere."""
        self.soc[k] += soc
        self._dt = 0.0

    def at_current(self, current: Ampere) -> list[Volt]:
        """Cell voltages that this state would show at another current (no time passes)."""
        found = []
        for k, cell in enumerate(self.cells):
            factor, m = self._factors(k)
            internal = cell.ocv(self.soc[k]) + m * self.hysteresis[k] + self.v1[k] + self.v2[k]
            own = current - self.drain[k] - cell.leakage
            found.append(internal + cell.r0 * factor * own + cell.link * current)
        return found

    def forecast(self, dt: Second) -> tuple[Volt, Ohm]:
        """(E, R) such that the pack stands at E + R I after `dt` at current I: what a circuit solver needs."""
        if dt != self._dt:
            self._retime(dt)
        return self._emf, self._resistance

    def _factors(self, k: int) -> tuple[float, Volt]:
        """Factor on the resistances of cell k, and half its hysteresis gap, at its present temperature and SOC."""
        cell = self.cells[k]
        warm = self._temperature[k]
        factor = cell.r_temperature(warm) * cell.r_soc(self.soc[k])
        return factor, cell.hysteresis * cell.hysteresis_temperature(warm)

    def _retime(self, dt: Second) -> None:
        """Constants and forecast for a new step length, or after something changed from outside."""
        self._dt = dt
        self._reviewed = 0.0
        self._emf = self._resistance = 0.0
        for k in range(self.count):
            self._refresh(k)
            a1, b1, _, a2, b2, _, r0, link, _, kd, _, m, leak, *_ = self._constants[k]
            value, slope = self._grids[k]
            x = (self.soc[k] + MARGIN) * GRID
            j = min(max(int(x), 0), self._top)
            own = r0 + b1 + b2 + slope[j] * GRID * kd
            rest = value[j] + (x - j) * slope[j] + m * self.hysteresis[k] + a1 * self.v1[k] + a2 * self.v2[k]
            self._emf += rest - (self.drain[k] + leak) * own
            self._resistance += own + link

    def _refresh(self, k: int) -> None:
        """Constants of cell k for the step length in use, at its temperature and SOC."""
        cell, dt = self.cells[k], self._dt
        factor, m = self._factors(k)
        a1, a2 = exp(-dt / cell.tau1), exp(-dt / cell.tau2)
        r1, r2 = cell.r1 * factor, cell.r2 * factor
        per_ampere = dt / (3600.0 * cell.capacity)
        self._at[k] = (self._temperature[k], self.soc[k])
        self._constants[k] = (
            *(a1, r1 * (1.0 - a1), 1.0 / r1 if r1 else 0.0),
            *(a2, r2 * (1.0 - a2), 1.0 / r2 if r2 else 0.0),
            *(cell.r0 * factor, cell.link),
            *(per_ampere * cell.efficiency, per_ampere, cell.gamma * per_ampere, m),
            *(cell.leakage, cell.cooling, self.conduction, dt / cell.heat_capacity),
        )

    def _review(self) -> None:
        """New constants for the cells whose temperature or SOC has moved enough to matter."""
        self._reviewed = 0.0
        for k in range(self.count):
            warm, z = self._at[k]
            if abs(self._temperature[k] - warm) > REVIEW_KELVIN or abs(self.soc[k] - z) > REVIEW_SOC:
                self._refresh(k)

    # One loop for everything that a cell does, at the very limit of a screen, on purpose: a call a cell would
    # cost more than its arithmetic, and this loop decides how fast the whole simulated world runs. RC elements
    # and hysteresis are exact for a steady current; heat is explicit Euler (60 s are far below its time
    # constant of an hour). RC elements heat by V²/R, what they dissipate (PyBaMM takes I V: up to 0.1 K off).
    def advance(self, dt: Second, current: Ampere) -> None:
        """Let `dt` s pass at a steady `current` (A, positive charges) through the terminals."""
        if dt != self._dt:
            self._retime(dt)
        soc, hysteresis, v1s, v2s, warm = self.soc, self.hysteresis, self.v1, self.v2, self._temperature
        drain, heat, voltages, grids = self.drain, self.heat, self.voltages, self._grids
        ambient, top, square = self.ambient, self._top, current * current
        k, total, emf, resistance, below = 0, 0.0, 0.0, 0.0, warm[0]
        for a1, b1, w1, a2, b2, w2, r0, link, kc, kd, g, m, leak, cool, conduct, kt in self._constants:
            i = current - drain[k] - leak
            h = hysteresis[k]
            if i > 0.0:
                z = soc[k] + kc * i
                h = 1.0 - (1.0 - h) * exp(-g * i)
            else:
                z = soc[k] + kd * i
                h = (1.0 + h) * exp(g * i) - 1.0
            soc[k] = z
            hysteresis[k] = h
            v1 = v1s[k] = a1 * v1s[k] + b1 * i
            v2 = v2s[k] = a2 * v2s[k] + b2 * i
            value, slope = grids[k]
            x = (z + MARGIN) * GRID
            j = int(x)
            if not 0 <= j <= top:
                j = 0 if j < 0 else top
            u = value[j] + (x - j) * slope[j] + m * h
            v = voltages[k] = u + v1 + v2 + r0 * i + link * current
            total += v
            own = r0 + b1 + b2 + slope[j] * GRID * kd
            emf += u + a1 * v1 + a2 * v2 + (i - current) * own
            resistance += own + link
            t = warm[k]
            q = r0 * i * i + v1 * v1 * w1 + v2 * v2 * w2 + link * square + heat[k]
            warm[k] = t + kt * (q - cool * (t - ambient) + conduct * (below + warm[k + 1] - t - t))
            below = t
            k += 1
        warm[k] = warm[k - 1]
        self._advanced(dt, current, total, emf, resistance)

    def _advanced(self, dt: Second, current: Ampere, total: Volt, emf: Volt, resistance: Ohm) -> None:
        """Keep what the loop has summed up; new constants now and then."""
        self.voltage, self.current, self._emf, self._resistance = total, current, emf, resistance
        self._reviewed += dt
        if self._reviewed >= REVIEW:
            self._review()
