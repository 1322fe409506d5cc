"""A synthetic year of a solar boat, one row a second: 16 LiFePO4 cells of 280 Ah, as a BMS would store it.

Sun with season and cloud, fridge, pump and inverter bursts, taper near full, polarisation, thermal lag.
Sensor noise is Gaussian, sigma 0.5 LSB before quantising on cell voltages (1 mV) and temperatures (0.1 °C),
0.7 LSB on current (10 mA); load ripple 2 %. Columns: v1..v16, t1..t16, voltage (10 mV), current (10 mA),
power (1 W), soc, soh (0.01 %), relays, alarms: 39 int16 a row, 78 B. Order-0 entropy of the changes: 8.4 B a row.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

CELLS = 16
CAPACITY = 280.0  # Ah
DAY = 86_400  # rows
STEP = 10  # s between the points at which slow quantities are computed
SOC_POINTS = np.array([0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0])
OCV_POINTS = np.array([2.6, 3.05, 3.18, 3.22, 3.26, 3.285, 3.292, 3.3, 3.325, 3.333, 3.336, 3.345, 3.37, 3.48])

Values = NDArray[np.float64]


class Boat:
    """The boat's slow state, carried from day to day; `day` gives the rows of the next day."""

    def __init__(self, seed: int = 1) -> None:
        self._random = np.random.default_rng(seed)
        self._number = 0
        self._soc = 0.7
        self._lag = [0.0, 0.0]
        self._warmth = 0.0
        self._capacity = 1 + 0.01 * self._random.standard_normal(CELLS)
        self._resistance = 0.0004 * (1 + 0.15 * self._random.standard_normal(CELLS))
        self._place = 0.6 * self._random.standard_normal(CELLS)  # K, where the cell sits
        self._shift = 0.004 * self._random.standard_normal(CELLS)  # SOC, cells are never quite level

    def day(self) -> NDArray[np.int16]:
        """The next 86,400 rows, shape (39, 86400)."""
        time = np.arange(DAY)
        sun, load = self._sun(time), self._load(time)
        current, soc = self._charge(sun - load)
        slow, fast = self._lags(current)
        self._number += 1
        return self._rows(current, soc, slow, fast, time, sun)

    def _sun(self, time: NDArray[np.int_]) -> Values:
        """Solar current, A."""
        season = 0.65 - 0.35 * np.cos(2 * np.pi * (self._number - 355) / 365)
        length = 8 + 8 * season  # h of daylight
        hours = time / 3600
        height = np.clip(np.cos((hours - 12.5) / length * np.pi), 0, None)
        height[np.abs(hours - 12.5) > length / 2] = 0
        knots = self._random.random(DAY // 120 + 2)
        cover = self._random.beta(1.2, 1.5)
        cloud = 1 - cover * np.clip(np.interp(time / 120, np.arange(len(knots)), knots) * 1.6 - 0.4, 0, 1)
        return np.asarray(60 * season * height**1.3 * cloud)

    def _load(self, time: NDArray[np.int_]) -> Values:
        """Consumers' current, A."""
        load = np.full(DAY, 0.9)
        period = self._random.integers(1500, 2400)
        load += 4.2 * ((time + self._random.integers(0, period)) % period < 0.38 * period)  # fridge
        for start in self._random.integers(6 * 3600, DAY - 900, 14):  # water pump
            load[start : start + self._random.integers(8, 70)] += 6.5
        for start in self._random.integers(6 * 3600, DAY - 1800, 4):  # inverter: kettle, oven, tools
            load[start : start + self._random.integers(60, 900)] += self._random.uniform(8, 35)
        load[19 * 3600 : 23 * 3600] += 3.1  # lights
        return np.asarray(load * (1 + 0.02 * self._random.standard_normal(DAY)))

    def _charge(self, net: Values) -> tuple[Values, Values]:
        """Current after the taper, A, and state of charge."""
        limits, charges = [], []
        for mean in net.reshape(-1, STEP).mean(axis=1).tolist():
            limit = 120.0 if self._soc < 0.97 else 120.0 * max(0.0, (1.0 - self._soc) / 0.03) ** 1.2
            limits.append(limit)
            charges.append(self._soc)
            self._soc = min(1.0, max(0.05, self._soc + min(mean, limit) * STEP / 3600 / CAPACITY))
        grid, time = np.arange(len(limits)) * STEP, np.arange(DAY)
        return np.minimum(net, np.interp(time, grid, limits)), np.interp(time, grid, charges)

    def _lags(self, current: Values) -> tuple[Values, Values]:
        """Current seen through the cell's two polarisation time constants (600 s, 40 s), A."""
        found: list[list[float]] = [[], []]
        for mean in current.reshape(-1, STEP).mean(axis=1).tolist():
            for lag, constant in enumerate((600.0, 40.0)):
                found[lag].append(self._lag[lag])
                self._lag[lag] += (mean - self._lag[lag]) * min(1.0, STEP / constant)
        grid, time = np.arange(DAY // STEP) * STEP, np.arange(DAY)
        return np.interp(time, grid, found[0]), np.interp(time, grid, found[1])

    def _temperature(self, current: Values, time: NDArray[np.int_]) -> Values:
        """Mean cell temperature, °C, following the cabin and the cells' own heat."""
        cabin = 16 - 8 * np.cos(2 * np.pi * (self._number - 30) / 365) + 4 * np.sin(2 * np.pi * (time / DAY - 0.4))
        heat = []
        for square in (current**2).reshape(-1, 600).mean(axis=1).tolist():
            heat.append(self._warmth)
            self._warmth += (square * 0.0025 - self._warmth) * 600 / 7200
        return np.asarray(cabin + np.interp(time, np.arange(len(heat)) * 600, heat))

    def _rows(
        self, current: Values, soc: Values, slow: Values, fast: Values, time: NDArray[np.int_], sun: Values
    ) -> NDArray[np.int16]:
        rows = np.empty((2 * CELLS + 7, DAY), np.int16)
        temperature = self._temperature(current, time)
        pack = np.zeros(DAY)
        for cell in range(CELLS):
            own = np.clip((soc + self._shift[cell]) / self._capacity[cell], 0, 1)
            ocv = np.interp(own, SOC_POINTS, OCV_POINTS)
            voltage = ocv + self._resistance[cell] * (current + 0.6 * slow + 0.4 * fast)
            pack += voltage
            rows[cell] = self._quantise(voltage, 0.001, 0.5)
            rows[CELLS + cell] = self._quantise(temperature + self._place[cell], 0.1, 0.5)
        rows[32] = self._quantise(pack, 0.01, 0.5)
        rows[33] = self._quantise(current, 0.01, 0.7)
        rows[34] = np.rint(rows[32].astype(float) * rows[33] * 1e-4)
        rows[35] = np.rint(soc * 10_000)
        rows[36] = 9_950 - self._number // 3
        rows[37] = 0b11_1100_0000 | (sun > 0.5).astype(np.int16) | (soc < 0.3).astype(np.int16) << 1
        rows[38] = (soc < 0.08).astype(np.int16)
        return rows

    def _quantise(self, values: Values, step: float, sigma: float) -> NDArray[np.int16]:
        noise = sigma * self._random.standard_normal(len(values), dtype=np.float32)
        return np.asarray(np.rint(values / step + noise), np.int16)


def days(count: int, seed: int = 1) -> Iterator[NDArray[np.int16]]:
    """`count` days from 1 January on, each of shape (39, 86400)."""
    boat = Boat(seed)
    for _ in range(count):
        yield boat.day()
