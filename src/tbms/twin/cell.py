"""One cell's parameters: everything that may differ from cell to cell."""

from dataclasses import dataclass, field

from tbms.model.units import Ampere, AmpereHour, Fraction, Ohm, Second, Volt
from tbms.twin.curve import LEVEL, Curve, Grid


@dataclass(frozen=True, slots=True)
class Cell:
    """A two-RC equivalent circuit with one hysteresis state and a lumped heat balance.

    ocv: open-circuit voltage, the mean of the charge and discharge branch.
    capacity: at SOC 0..1. r0, r1, r2: at 25 °C and 50 % SOC; tau1, tau2: of the RC elements.
    hysteresis: half the gap between the branches at 25 °C; gamma: how fast (per unit SOC) it turns.
    efficiency: of charging, 0.9..1. leakage: the cell discharges itself with this current.
    link: of the busbar and its contacts on the cell's positive side, inside the cell's two sense wires.
    heat_capacity: J/K. cooling: W/K to the surroundings. r_temperature, hysteresis_temperature: factor
    over °C; r_soc: factor over SOC (both 1 at 25 °C, 50 %).
    Source: G. Plett, J. Power Sources 134 (2004) 252-292 (enhanced self-correcting cell, 2 RC).
    """

    ocv: Grid
    capacity: AmpereHour = 280.0
    r0: Ohm = 0.20e-3
    r1: Ohm = 0.15e-3
    tau1: Second = 60.0
    r2: Ohm = 0.25e-3
    tau2: Second = 1200.0
    hysteresis: Volt = 0.015
    gamma: float = 80.0
    efficiency: Fraction = 0.998
    leakage: Ampere = 0.006
    link: Ohm = 20e-6
    heat_capacity: float = 5400.0
    cooling: float = 1.2
    r_temperature: Curve = field(default=LEVEL)
    hysteresis_temperature: Curve = field(default=LEVEL)
    r_soc: Curve = field(default=LEVEL)
