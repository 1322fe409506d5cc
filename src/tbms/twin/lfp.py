"""LiFePO4 cells: numbers fitted to measured cells, and how they become a 280 Ah cell.

Fitted (bench/fit_lfp.py does it again) to the A123 cell of the ESC toolbox (G. Plett, University of Colorado;
batterysim/esctoolbox-python), measured capacity 2.05 Ah, at 25, 45 and -5 °C:

* OCV: mean of the slow charge and discharge curves at 25 °C, moved by what the dynamic run at 25 °C asks for
  (-28..+9 mV, most below 20 %, where the two tests count SOC 1 % apart).
* hysteresis: half the gap of the slow curves at 50 % (34, 27, 66 mV at 25, 45, -5 °C) less the ohmic drop.
* R0 at six SOC, R1 (20 s), R2 (400 s): least squares on the dynamic runs. One temperature factor for all
  three: R0 at 50 % is 9.7, 7.7, 29.4 mΩ at 25, 45, -5 °C; ln R over 1/T is straight between and beyond.

Scaled to the large cell:

* R0 to 0.20 mΩ, the ohmic resistance of a measured large-format LFP cell (impedance at 25 °C, 20-95 %:
  0.195-0.200 mΩ where z_imag crosses zero; repository CccLeo, in the data notes). R1 by the same factor, as both sit
  in electrodes and foils. R2, diffusion, by the ratio of the capacities: 50.1 mΩ * 2.05 / 280 = 0.367 mΩ.
* SOC 0 and 1 of the large cell stand at 0.5 and 98.5 % of the small one: an owner's cell is full at 3.45 V
  with a tail current, not after 6 h at 3.6 V.
* Mass 5.4 kg of 1000 J/(kg K); 1.2 W/K to the air of a closed locker; leakage 2 % a month; charging
  efficiency 0.998: general knowledge of such cells, not measured here.
"""

from math import exp, log

from tbms.twin.cell import Cell
from tbms.twin.curve import Curve, Grid

OCV = (
    (0.000, 2.2000), (0.005, 2.4942), (0.010, 2.6270), (0.015, 2.7341), (0.020, 2.7969), (0.030, 2.8873),
    (0.040, 2.9498), (0.050, 2.9979), (0.075, 3.0955), (0.100, 3.1656), (0.150, 3.2135), (0.200, 3.2365),
    (0.250, 3.2537), (0.300, 3.2667), (0.350, 3.2818), (0.400, 3.2952), (0.450, 3.3014), (0.500, 3.3056),
    (0.550, 3.3080), (0.600, 3.3121), (0.650, 3.3170), (0.700, 3.3232), (0.750, 3.3352), (0.800, 3.3407),
    (0.850, 3.3503), (0.900, 3.3612), (0.920, 3.3617), (0.940, 3.3655), (0.950, 3.3703), (0.960, 3.3808),
    (0.965, 3.3890), (0.970, 3.4005), (0.975, 3.4167), (0.980, 3.4392), (0.985, 3.4703), (0.990, 3.5149),
    (0.995, 3.5431), (1.000, 3.5577),
)  # fmt: skip
"""(SOC, V) of the A123 cell at 25 °C."""

RESISTANCE_TEMPERATURE = ((-5.0, 3.04), (25.0, 1.0), (45.0, 0.79))
"""(°C, factor on R0, R1, R2)."""

HYSTERESIS_TEMPERATURE = ((-20.0, 2.3), (-5.0, 1.75), (25.0, 1.0), (45.0, 0.78), (60.0, 0.7))
"""(°C, factor); the ends continue what was measured between."""

RESISTANCE_SOC = ((0.03, 1.40), (0.10, 1.07), (0.20, 1.06), (0.50, 1.0), (0.80, 0.98), (0.98, 0.92))
"""(SOC, factor on R0, R1, R2)."""

A123_CAPACITY = 2.0495  # Ah, measured at 25 °C
A123_R0, A123_R1, A123_R2 = 9.66e-3, 9.20e-3, 50.1e-3  # Ω at 25 °C, 50 %
TAU1, TAU2 = 20.0, 400.0  # s
HALF_GAP, GAMMA = 0.016, 20.0  # V at 25 °C; per unit SOC

LARGE_CAPACITY = 280.0  # Ah
LARGE_R0 = 0.20e-3  # Ω, measured on a large-format cell, see above
EMPTY, FULL = 0.005, 0.985  # SOC of the A123 cell at which the large cell counts as empty and full
BELOW, ABOVE = 60.0, 12.0  # V per unit SOC beyond empty (to 0 V at -4 %) and full (lithium goes elsewhere: slower)
KELVIN = 273.15


def arrhenius(points: tuple[tuple[float, float], ...], low: float = -30.0, high: float = 80.0) -> Curve:
    """A factor over °C that is straight as ln(factor) over 1/T through (°C, factor) points, also beyond them."""
    x = [1.0 / (t + KELVIN) for t, _ in points]
    y = [log(f) for _, f in points]

    def at(celsius: float) -> float:
        z = 1.0 / (celsius + KELVIN)
        i = next((i for i in range(1, len(x) - 1) if z >= x[i]), len(x) - 1)
        return exp(y[i] + (z - x[i]) * (y[i - 1] - y[i]) / (x[i - 1] - x[i]))

    steps = round((high - low) / 2.5)
    return Curve.of((low + 2.5 * k, at(low + 2.5 * k)) for k in range(steps + 1))


def a123() -> Cell:
    """The measured small cell itself."""
    return Cell(
        ocv=Grid.of([z for z, _ in OCV], [u for _, u in OCV], BELOW, ABOVE),
        capacity=A123_CAPACITY,
        r0=A123_R0,
        r1=A123_R1,
        tau1=TAU1,
        r2=A123_R2,
        tau2=TAU2,
        hysteresis=HALF_GAP,
        gamma=GAMMA,
        efficiency=0.9945,  # closes the ampere-hours of the measured test
        leakage=0.0,
        link=0.0,
        heat_capacity=75.0,
        cooling=0.15,
        r_temperature=arrhenius(RESISTANCE_TEMPERATURE),
        hysteresis_temperature=Curve.of(HYSTERESIS_TEMPERATURE),
        r_soc=Curve.of(RESISTANCE_SOC),
    )


def lfp280() -> Cell:
    """A 280 Ah prismatic cell with its aluminium link."""
    span = FULL - EMPTY
    stretched = [(EMPTY, Curve.of(OCV)(EMPTY)), *(p for p in OCV if EMPTY < p[0] <= FULL)]
    return Cell(
        ocv=Grid.of([(z - EMPTY) / span for z, _ in stretched], [u for _, u in stretched], BELOW, ABOVE),
        capacity=LARGE_CAPACITY,
        r0=LARGE_R0,
        r1=A123_R1 * LARGE_R0 / A123_R0,
        tau1=TAU1,
        r2=A123_R2 * A123_CAPACITY / LARGE_CAPACITY,
        tau2=TAU2,
        hysteresis=HALF_GAP,
        gamma=GAMMA,
        efficiency=0.998,
        leakage=0.008,
        link=20e-6,
        heat_capacity=5400.0,
        cooling=1.2,
        r_temperature=arrhenius(RESISTANCE_TEMPERATURE),
        hysteresis_temperature=Curve.of(HYSTERESIS_TEMPERATURE),
        r_soc=Curve.of(RESISTANCE_SOC),
    )
