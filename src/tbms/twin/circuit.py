"""The operating point of everything that is connected to the pack: one node, solved every step."""

from collections.abc import Sequence
from math import inf

from tbms.model.units import Ampere, Ohm, Volt, Watt
from tbms.twin.charger import Charger

CLOSE_ENOUGH = 1e-5  # V, the residue at which the operating point is found: 2 mA into 5 mΩ
TRIES = 60  # a bisection of 100 V to CLOSE_ENOUGH takes 24


def solve(
    emf: Volt,
    resistance: Ohm,
    chargers: Sequence[Charger],
    power: Watt,
    conductance: float,
    drawn: Ampere,
    guess: Volt,
) -> Ampere:
    """Pack current (positive charges) at which pack, chargers and loads agree.

    emf, resistance: of the pack. power: of constant-power loads. conductance: S of resistive loads.
    drawn: A of fixed loads. Each charger's `current` is set to its part. The sum of all currents falls as
    the voltage rises, so there is one solution; Newton's steps are kept inside the bracket around it.
    """
    voltage, low, high = guess, -inf, inf
    current = 0.0
    for _ in range(TRIES):
        given, slope = 0.0, conductance
        for charger in chargers:
            part = (charger.setpoint - voltage) * charger.conductance
            if part >= charger.limit:
                part = charger.limit
            elif part <= 0.0:
                part = 0.0
            else:
                slope += charger.conductance
            charger.current = part
            given += part
        current = given - power / max(voltage, 1.0) - conductance * voltage - drawn
        miss = voltage - emf - resistance * current
        if -CLOSE_ENOUGH < miss < CLOSE_ENOUGH:
            break
        low, high = (low, voltage) if miss > 0.0 else (voltage, high)
        voltage -= miss / (1.0 + resistance * slope)
        if not low < voltage < high:
            voltage = (low + high) / 2.0
    return current
