"""Make bench/thevenin_vectors.csv: a published solver's answer to the equations that the twin solves.

    python bench/thevenin_vectors.py > bench/thevenin_vectors.csv      (needs PyBaMM, which the product does not)

PyBaMM 26 (V. Sulzer et al., "Python Battery Mathematical Modelling (PyBaMM)", Journal of Open Research
Software 9 (2021) 14, BSD-3): pybamm.equivalent_circuit.Thevenin with two RC elements, IDAKLU at rtol 1e-8. One
280 Ah LFP cell with the parameters below (written into the file's head), three hours of a boat's current,
straight between knots 10 s apart. PyBaMM's own sign, discharge positive, is turned to ours.
"""

import random
import sys

import numpy as np
import pybamm

HOURS, KNOT = 3, 10.0
SOC, CAPACITY, AMBIENT = 0.62, 280.0, 25.0
R0, R1, TAU1, R2, TAU2 = 0.30e-3, 0.20e-3, 60.0, 0.25e-3, 1200.0
PER_KELVIN = 0.02  # R = R(25 °C) * exp(PER_KELVIN * (25 - T))
HEAT_CAPACITY, COOLING = 5400.0, 1.2
OCV = (
    (0.0, 2.60), (0.01, 2.85), (0.02, 2.98), (0.05, 3.13), (0.10, 3.205), (0.15, 3.225), (0.20, 3.245),
    (0.25, 3.262), (0.30, 3.277), (0.35, 3.283), (0.40, 3.286), (0.45, 3.288), (0.50, 3.290), (0.55, 3.293),
    (0.60, 3.297), (0.65, 3.306), (0.70, 3.325), (0.75, 3.331), (0.80, 3.332), (0.85, 3.333), (0.90, 3.334),
    (0.95, 3.336), (0.98, 3.346), (0.99, 3.370), (1.0, 3.450),
)  # fmt: skip


def profile() -> np.ndarray:
    """A, positive charges, at the knots: base load, fridge, clouded sun, kettle and motor bursts."""
    draw = random.Random(20251122)  # noqa: S311 - a profile, no secret
    values = []
    for k in range(int(HOURS * 3600 / KNOT) + 1):
        t = k * KNOT
        sun = 60.0 * np.sin(np.pi * t / (HOURS * 3600.0)) * (0.4 + 0.6 * draw.random())
        burst = 110.0 if k % 97 in range(60, 72) else 0.0
        values.append(round(float(sun - 5.0 - (8.0 if k % 60 < 20 else 0.0) - burst), 3))
    return np.array(values)


def parameters(time: np.ndarray, current: np.ndarray) -> pybamm.ParameterValues:
    """The cell, in PyBaMM's names (its elements ask in °C); a jig of endless mass is the ambient."""
    soc, volts = (np.array(x) for x in zip(*OCV, strict=True))

    def resistance(value: float) -> object:
        def at(t_cell: object, _current: object, _soc: object) -> object:
            return value * pybamm.exp(PER_KELVIN * (AMBIENT - t_cell))

        return at

    def capacitance(value: float, tau: float) -> object:
        def at(t_cell: object, _current: object, _soc: object) -> object:
            return tau / (value * pybamm.exp(PER_KELVIN * (AMBIENT - t_cell)))

        return at

    values = pybamm.ParameterValues("ECM_Example")
    values.update(
        {
            "Initial SoC": SOC,
            "Cell capacity [A.h]": CAPACITY,
            "Nominal cell capacity [A.h]": CAPACITY,
            "Current function [A]": pybamm.Interpolant(time, -current, pybamm.t),
            "Open-circuit voltage [V]": lambda s: pybamm.Interpolant(soc, volts, s),
            "Initial temperature [K]": AMBIENT + 273.15,
            "Ambient temperature [K]": AMBIENT + 273.15,
            "Cell thermal mass [J/K]": HEAT_CAPACITY,
            "Cell-jig heat transfer coefficient [W/K]": COOLING,
            "Jig thermal mass [J/K]": 1e12,
            "Jig-air heat transfer coefficient [W/K]": 1.0,
            "Entropic change [V/K]": 0.0,
            "Lower voltage cut-off [V]": 1.0,
            "Upper voltage cut-off [V]": 5.0,
            "R0 [Ohm]": resistance(R0),
            "R1 [Ohm]": resistance(R1),
            "C1 [F]": capacitance(R1, TAU1),
            "R2 [Ohm]": resistance(R2),
            "C2 [F]": capacitance(R2, TAU2),
            "Element-1 initial overpotential [V]": 0.0,
            "Element-2 initial overpotential [V]": 0.0,
        },
        check_already_exists=False,
    )
    return values


def main() -> None:
    """Solve and print."""
    current = profile()
    time = np.arange(len(current)) * KNOT
    model = pybamm.equivalent_circuit.Thevenin(options={"number of rc elements": 2})
    solver = pybamm.IDAKLUSolver(rtol=1e-8, atol=1e-10)
    simulation = pybamm.Simulation(model, parameter_values=parameters(time, current), solver=solver)
    solution = simulation.solve([0.0, time[-1]], t_interp=time)
    volts = solution["Voltage [V]"](time)
    warm = solution["Cell temperature [degC]"](time)
    print(f"# made by bench/thevenin_vectors.py with PyBaMM {pybamm.__version__}")
    print(f"# soc={SOC} capacity={CAPACITY} r0={R0} r1={R1} tau1={TAU1} r2={R2} tau2={TAU2}")
    print(f"# per_kelvin={PER_KELVIN} heat_capacity={HEAT_CAPACITY} cooling={COOLING} ambient={AMBIENT}")
    print("# ocv=" + " ".join(f"{z}:{u}" for z, u in OCV))
    print("time,current,voltage,temperature")
    for row in zip(time, current, volts, warm, strict=True):
        print("{:.0f},{:.3f},{:.6f},{:.4f}".format(*row))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
