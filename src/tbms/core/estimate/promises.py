"""What the settings promise of a battery, held against what it does: resistance for its capacity, steepness near empty.

Both tell a wrong chemistry and a capacity ten times wrong long before any knee does, and neither needs to know the
state of charge. A filter cannot see them: to it, a curve that is steep near empty fits any voltage there.
"""

from math import exp, sqrt
from typing import NamedTuple

from tbms.core.estimate.charge import Charge, Window, flat
from tbms.core.estimate.ocv import Blend, look
from tbms.core.estimate.traits import Traits

_STEP = 0.02  # C: a smaller step of the current is not told from the sensor's noise
_LONGEST = 11.0  # s between two samples: longer and the open-circuit voltage moves as well
_COLD = 0.03  # per K: growth of resistance below 25 °C
_NOISE = 0.002  # V: of a step of the voltage
_SIGMAS = 3.0
_FOLLOWS = 0.7  # of the square of the voltage's steps: so much the current explains
_KEPT = 0.995  # of the memory that stays with every step
_STEEP = 0.8  # V per unit of SOC: a curve that is steeper is steep
_LOWER = 0.2  # SOC: below it a battery is nearly empty
_ELSEWHERE = 0.3  # SOC: and surely above this it is not
_PLATEAU = (3.2, 3.45)  # V: where LFP is flat, hysteresis and small currents included; what is lower is empty or cut
_REACH = 0.01  # SOC: over which the slope is taken
_LOOKS = 8  # places at which it is looked for, two standard deviations to either side
_WIDEST = 0.08  # SOC: standard deviation above which nobody claims anything
_FORETOLD = 0.1  # V: a change so large is worth a judgement
_ENOUGH = 2  # proofs: the first may be the fall from full of a battery whose curve is flat
_FLAT, _SHOWN = 0.3, 0.5  # of the change foretold: less was not there, more was


class Ohms(NamedTuple):
    """Sums over the steps of the current, C, and of the voltage, V, at 25 °C: product, square of each."""

    product: float = 0.0
    current: float = 0.0
    voltage: float = 0.0


class Step(NamedTuple):
    """Between two samples of the mean cell: change of current, C, and of voltage, V; s between them; °C."""

    current: float
    voltage: float
    dt: float
    temperature: float


def stepped(known: Ohms, step: Step, curve: Blend, soc: float) -> Ohms:
    """After a step; one where the curve is steep says little of resistance."""
    current, voltage, dt, temperature = step
    if abs(current) < _STEP or dt > _LONGEST or not flat(curve, soc):
        return known
    warm = voltage * exp(_COLD * (temperature - 25.0))
    product, square, volts = (_KEPT * each for each in known)
    return Ohms(product + warm * current, square + current * current, volts + warm * warm)


def resistive(known: Ohms, least: float, most: float) -> float:
    """Resistance x capacity (Ω Ah) where it is surely outside what is plausible; 0 where it is not.

    Too little is judged only where the voltage follows the current: a noisy current looks like no resistance.
    """
    if known.current <= 0.0:
        return 0.0
    found, sigma = known.product / known.current, _NOISE / sqrt(known.current)
    follows = known.product * known.product > _FOLLOWS * known.current * known.voltage
    outside = found - _SIGMAS * sigma > most or (0.0 < found + _SIGMAS * sigma < least and follows)
    return found if outside else 0.0


class Steep(NamedTuple):
    """proofs: stretches in a row that did what a steep curve demands. flat: one did not, and no proof came since.

    start: open-circuit voltage where the stretch began, V, None outside. foretold: least change of it since, V.
    """

    proofs: int = 0
    flat: bool = False
    start: float | None = None
    foretold: float = 0.0


_PROVEN = Steep(proofs=_ENOUGH)
"""A battery that stands where its curve is not steep, or did."""


def looked(known: Steep, curve: Blend, soc: float, sigma: float, moved: float, voltage: float, over: float) -> Steep:
    """After a window: claimed SOC and its sigma, SOC moved in it, mean voltage without polarisation, and of it (V)."""
    if known.proofs >= _ENOUGH:
        return known  # an empty battery that recovers after a load is flat for a while: what is proven stays so
    if sigma > _WIDEST:
        return known._replace(start=None)
    slope = _least(curve, soc, sigma)
    if slope < _STEEP or soc - 2.0 * sigma > _ELSEWHERE:
        return _PROVEN
    if soc > _LOWER:
        return known._replace(start=None)
    if known.start is None:
        return known._replace(start=voltage, foretold=0.0) if _elsewhere_flat(voltage) else known
    foretold = known.foretold + slope * moved
    if abs(foretold) < _FORETOLD:
        return known._replace(foretold=foretold)
    share, foreign = (voltage - known.start) / foretold, abs(over / foretold)
    still = abs(share) < _FLAT
    proofs = 0 if still else min(_ENOUGH, known.proofs + (share - foreign > _SHOWN))
    return Steep(proofs, still or (known.flat and proofs < _ENOUGH), voltage)


def _least(curve: Blend, soc: float, sigma: float) -> float:
    """The least slope of the curve (V per unit of SOC) within two standard deviations, in its lower part."""
    low, high = soc - 2.0 * sigma, min(_LOWER, soc + 2.0 * sigma)
    places = [low + (high - low) * place / _LOOKS for place in range(_LOOKS + 1)]
    return min((look(curve.middle, z + _REACH) - look(curve.middle, z - _REACH)) / (2.0 * _REACH) for z in places)


def _elsewhere_flat(voltage: float) -> bool:
    """A battery of another chemistry, or one fuller than it is thought to be, would rest at this voltage (V)."""
    return _PLATEAU[0] < voltage < _PLATEAU[1]


def proven(known: Steep) -> bool:
    """It was asked and has shown what its curve demands, or stood where that is flat."""
    return known.proofs >= _ENOUGH


def unproven(known: Steep, curve: Blend, soc: float, sigma: float, voltage: float) -> bool:
    """The battery is said to be nearly empty at a voltage at which others are flat, and has not shown that it is."""
    if proven(known) or sigma > _WIDEST or soc > _LOWER or not _elsewhere_flat(voltage):
        return False
    return _least(curve, soc, sigma) >= _STEEP


class Promises(NamedTuple):
    """broken: why one of them is, in words, else empty. unproven: it is said to be nearly empty, without proof."""

    ohms: Ohms = Ohms()
    steep: Steep = Steep()
    broken: str = ""
    unproven: bool = False


def kept(known: Promises, after: Charge, window: Window, curve: Blend, kind: Traits) -> Promises:
    """After a window: whether the battery does what its settings promise; after: its charge as estimated now."""
    count, broken = max(1, window.samples), ""
    voltage, over = window.rest / count, window.polarised / count
    steep = looked(known.steep, curve, after.soc, after.sigma, window.moved, voltage, over)
    found = resistive(known.ohms, *kind.ohmic)
    if found:
        least, most = (1000.0 * bound for bound in kind.ohmic)
        broken = f"resistance x capacity is {1000 * found:.3g} mΩ Ah, such cells have {least:.3g} to {most:.3g}: "
        broken += "check capacity and current sensor"
    elif steep.flat:
        broken = "a battery so empty falls and rises steeply, and this one does not: check chemistry and capacity"
    return Promises(known.ohms, steep, broken, unproven(steep, curve, after.soc, after.sigma, voltage))
