"""What current does to the voltage beyond the open circuit: three resistances, learned from normal life.

Voltage over the open circuit = R0 I + R1 I(10 s) + R2 I(100 s) + a share of their sum x I(1200 s), where I(t) is the
current through a first-order low pass. R0, R1, R2 are found by recursive least squares on high-passed signals, so that
neither the open-circuit curve nor hysteresis is taken for resistance.
"""

from math import exp, sqrt
from typing import NamedTuple

FAST, SLOW, SLOWEST = 10.0, 100.0, 1200.0  # s: time constants of the low passes
_BASE = 120.0  # s: what is slower than this is no resistance
_SHARES = (0.4, 0.2, 0.4)  # of the resistance a chemistry is expected to have
_SPREAD = 0.5  # of it, one standard deviation of each part at first
_WANDER = 0.2  # of it, in 10 h: resistances change with temperature and charge
_WANDER_TIME = 36000.0  # s
_ALIKE_TIME = 30.0  # s: errors of the model are alike for so long
_SLOWEST_SHARE = 0.1  # of the sum: what 20 minutes add
_RESIDUAL = 0.004**2  # V²: at first
_LEAST_RESIDUAL = 1e-6  # V²
_RESIDUAL_TIME, _RESIDUAL_MOST = 300.0, 0.01  # s, share a step: over which residuals are averaged
_OUTLIER = 3.0  # standard deviations: beyond it an error counts no more
_COLD = 0.03  # per K: growth of resistance below 25 °C (A123: 40, 120 mΩ at 25, -5 °C)

Three = tuple[float, float, float]


class Polarisation(NamedTuple):
    """Low-passed currents (A), their slow bases (V, A, A, A; None before the first), resistances (Ω).

    doubt: covariance of the resistances, Ω². residual: mean square error of the high-passed voltage, V². prior: Ω.
    """

    currents: Three
    base: tuple[float, float, float, float] | None
    resistances: Three
    doubt: tuple[Three, Three, Three]
    residual: float
    prior: float

    def voltage(self, current: float) -> float:
        """Voltage that the current's history makes now, V."""
        r0, r1, r2 = self.resistances
        fast, slow, slowest = self.currents
        return r0 * current + r1 * fast + r2 * slow + _SLOWEST_SHARE * (r0 + r1 + r2) * slowest

    def variance(self, currents: Three) -> float:
        """Variance of that voltage through the resistances, V²; currents: now, fast, slow."""
        a, b, c = currents
        (paa, pab, pac), (_, pbb, pbc), (_, _, pcc) = self.doubt
        return a * a * paa + b * b * pbb + c * c * pcc + 2.0 * (a * b * pab + a * c * pac + b * c * pbc)


def start(resistance: float, capacity: float, temperature: float, current: float) -> Polarisation:
    """Before the first voltage: resistance as R x capacity at 25 °C (Ω Ah), half of the current's history guessed."""
    prior = resistance / capacity * exp(_COLD * (25.0 - temperature))
    doubt = (_SPREAD * prior) ** 2
    half = current / 2.0
    return Polarisation(
        (half, half, half),
        None,
        (_SHARES[0] * prior, _SHARES[1] * prior, _SHARES[2] * prior),
        ((doubt, 0.0, 0.0), (0.0, doubt, 0.0), (0.0, 0.0, doubt)),
        _RESIDUAL,
        prior,
    )


def passed(known: Polarisation, current: float, dt: float) -> Polarisation:
    """After dt s at a current, nothing learned."""
    fast, slow, slowest = known.currents
    return known._replace(
        currents=(
            fast + (1.0 - exp(-dt / FAST)) * (current - fast),
            slow + (1.0 - exp(-dt / SLOW)) * (current - slow),
            slowest + (1.0 - exp(-dt / SLOWEST)) * (current - slowest),
        )
    )


def begun(known: Polarisation, over: float, current: float, dt: float) -> Polarisation:
    """After a gap of dt s, in which the mean current of before is taken to have flowed on; the base begins anew."""
    known = passed(known, known.currents[2], dt)
    return known._replace(base=(over, current, known.currents[0], known.currents[1]))


def step(known: Polarisation, over: float, current: float, dt: float, learn: bool) -> Polarisation:
    """After dt s at a current (A), over: voltage above the open circuit, V; learn: it may teach resistances."""
    known = passed(known, current, dt)
    inputs = (current, known.currents[0], known.currents[1])
    if known.base is None:
        return known._replace(base=(over, *inputs))
    share = 1.0 - exp(-dt / _BASE)
    base = known.base
    moved = (
        base[0] + share * (over - base[0]),
        base[1] + share * (inputs[0] - base[1]),
        base[2] + share * (inputs[1] - base[2]),
        base[3] + share * (inputs[2] - base[3]),
    )
    known = known._replace(base=moved)
    if not learn:
        return known
    high = (inputs[0] - moved[1], inputs[1] - moved[2], inputs[2] - moved[3])
    return _learned(known, over - moved[0], high, dt)


def shifted(known: Polarisation, volts: float) -> Polarisation:
    """The same after the open-circuit voltage under it was corrected upwards by so much."""
    if known.base is None:
        return known
    return known._replace(base=(known.base[0] - volts, *known.base[1:]))


def _learned(known: Polarisation, over: float, inputs: Three, dt: float) -> Polarisation:
    """One step of robust recursive least squares."""
    x, y, z = inputs
    r0, r1, r2 = known.resistances
    rows = known.doubt
    g0, g1, g2 = (row[0] * x + row[1] * y + row[2] * z for row in rows)
    explained = x * g0 + y * g1 + z * g2
    error = over - r0 * x - r1 * y - r2 * z
    most = _OUTLIER * sqrt(known.residual + max(0.0, explained))
    error = min(most, max(-most, error))
    square = min(error * error, _OUTLIER * _OUTLIER * known.residual)
    residual = known.residual + min(_RESIDUAL_MOST, dt / _RESIDUAL_TIME) * (square - known.residual)
    total = max(0.0, explained) + max(residual, _LEAST_RESIDUAL) * max(1.0, _ALIKE_TIME / dt)
    k0, k1, k2 = g0 / total, g1 / total, g2 / total
    more = (_WANDER * known.prior) ** 2 * dt / _WANDER_TIME
    (a, b, c), (_, d, e), (_, _, f) = rows
    b, c, e = b - k0 * g1, c - k0 * g2, e - k1 * g2
    return known._replace(
        resistances=(max(0.0, r0 + k0 * error), max(0.0, r1 + k1 * error), max(0.0, r2 + k2 * error)),
        doubt=((a - k0 * g0 + more, b, c), (b, d - k1 * g1 + more, e), (c, e, f - k2 * g2 + more)),
        residual=residual,
    )
