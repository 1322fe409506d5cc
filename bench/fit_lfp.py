"""Fit the twin's LFP cell to measured A123 runs: prints the numbers of src/tbms/twin/lfp.py.

    python bench/fit_lfp.py ../shared/data/a123

Needs the measured data beside the repository (batterysim/esctoolbox-python, from G. Plett's ESC toolbox,
which asks not to be redistributed; only the numbers fitted here are shipped). Per temperature: the mean of
the slow charge and discharge curves is the first OCV; hysteresis is half their gap at 50 %, less the ohmic
drop; then least squares on the dynamic run (true SOC, 2..98.5 %) for R0 at six SOC, R1 (20 s), R2 (400 s)
and a correction of the OCV at 15 SOC (held small: the counts of slow and dynamic test differ by 1 %).
"""

import csv
import gzip
import sys
from pathlib import Path

import numpy as np

CAPACITY = {"+25": 2.0495, "+45": 2.0433, "-5": 2.0631}  # Ah, measured
HALF_GAP = {"+25": 0.016, "+45": 0.0125, "-5": 0.028}  # V, see above
GAMMA, TAU1, TAU2 = 20.0, 20.0, 400.0  # best of 10..160, 5..50 s, 100..800 s on the three runs together
R0_NODES = np.array([0.03, 0.1, 0.2, 0.5, 0.8, 0.98])
OCV_NODES = np.array([0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
CALM = 30.0  # weight that holds the OCV correction small against 36,000 samples
TABLE = [0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, *np.arange(0.1, 0.901, 0.05), 0.92, 0.94]
TABLE += [0.95, 0.96, 0.965, 0.97, 0.975, 0.98, 0.985, 0.99, 0.995, 1.0]
ENDS = {0.0: 2.20, 0.005: 2.50, 0.995: 3.545, 1.0: 3.560}  # V, where only one branch was measured; 1: rested, run start


def columns(path: Path) -> dict[str, np.ndarray]:
    """A gzip CSV as columns; empty fields become NaN."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    data = np.array([[float(x) if x else np.nan for x in row] for row in rows[1:]])
    return {name: data[:, i] for i, name in enumerate(rows[0])}


def mean_branch(folder: Path, name: str, soc: np.ndarray) -> np.ndarray:
    """Mean of the slow charge and discharge curves."""
    slow = columns(folder / f"ocv_{name}C.csv.gz")
    mean = (slow["charge"] + slow["discharge"]) / 2
    known = ~np.isnan(mean)
    z = np.concatenate([slow["soc"][known], list(ENDS)])
    u = np.concatenate([mean[known], list(ENDS.values())])
    order = np.argsort(z)
    return np.interp(soc, z[order], u[order])


def filtered(current: np.ndarray, tau: float) -> np.ndarray:
    """The current as a resistor of an RC element sees it."""
    a, x, out = np.exp(-1.0 / tau), 0.0, np.empty_like(current)
    for k, i in enumerate(current):
        x = a * x + (1.0 - a) * i
        out[k] = x
    return out


def turned(current: np.ndarray, capacity: float) -> np.ndarray:
    """The hysteresis state, from 1 (after a charge)."""
    a, s, h = np.exp(-np.abs(current) * GAMMA / 3600.0 / capacity), np.sign(current), 1.0
    out = np.empty_like(current)
    for k in range(len(current)):
        h = a[k] * h + (1.0 - a[k]) * s[k]
        out[k] = h
    return out


def hats(x: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Straight-line interpolation as a matrix."""
    return np.stack([np.interp(x, nodes, row) for row in np.eye(len(nodes))], axis=1)


def fit(folder: Path, name: str) -> tuple[np.ndarray, float]:
    """R0 at its nodes, R1, R2 (Ω), OCV correction at its nodes (V); and the RMSE from 10 to 95 % (V)."""
    run = columns(folder / f"dynamic_{name}C.csv.gz")
    current, soc = run["current"], run["soc"]
    rest = run["voltage"] - mean_branch(folder, name, soc) - HALF_GAP[name] * turned(current, CAPACITY[name])
    slow = np.stack([filtered(current, TAU1), filtered(current, TAU2)], axis=1)
    matrix = np.concatenate([current[:, None] * hats(soc, R0_NODES), slow, hats(soc, OCV_NODES)], axis=1)
    used = (soc >= 0.02) & (soc <= 0.985)
    others = len(R0_NODES) + 2
    calm = np.hstack([np.zeros((len(OCV_NODES), others)), CALM * np.eye(len(OCV_NODES))])
    right = np.concatenate([rest[used], np.zeros(len(OCV_NODES))])
    found = np.linalg.lstsq(np.vstack([matrix[used], calm]), right, rcond=None)[0]
    judged = (soc >= 0.1) & (soc <= 0.95)
    return found, float(np.sqrt(np.mean((rest - matrix @ found)[judged] ** 2)))


def main() -> None:
    """Print every number."""
    folder = Path(sys.argv[1])
    for name in CAPACITY:
        found, rmse = fit(folder, name)
        r0, r1, r2 = found[:6] * 1e3, found[6] * 1e3, found[7] * 1e3
        print(f"{name} °C: R0 {np.round(r0, 2)} mΩ, R1 {r1:.2f}, R2 {r2:.1f} mΩ; RMSE {rmse * 1e3:.1f} mV")
        if name == "+25":
            z = np.array(sorted(TABLE))
            u = mean_branch(folder, name, z) + np.interp(z, OCV_NODES, found[8:])
            print("\n".join(f"({a:.3f}, {b:.4f})," for a, b in zip(z, u, strict=True)))


if __name__ == "__main__":
    main()
