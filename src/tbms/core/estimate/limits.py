"""What the cells can bear for 2, 10 and 60 s within voltage, charge and temperature, and how long they last.

Closed form of the resistances learned (Plett, Battery Management Systems vol. 2, chapter 6): the current at which the
voltage meets its limit when the horizon ends.
"""

from collections.abc import Sequence
from math import exp, log
from typing import NamedTuple

from tbms.core.estimate.ocv import Blend, look
from tbms.core.estimate.polarisation import FAST, SLOW, Polarisation
from tbms.settings.compiled import Settings

HORIZONS = (2.0, 10.0, 60.0)  # s
_REACH = 0.01  # SOC: over which the curve's slope is taken
_LEAST = 1e-6  # Ω: no cell has less
_COLD_STOP, _COLD_FULL = 0.0, 10.0  # °C: no charging below, full charging above
_HOT_FULL, _HOT_STOP = 45.0, 55.0  # °C: the same at the hot end
_MARGIN = 1.0  # standard deviations of the state of charge kept in hand
_NO_CEILING = 5.0  # V: where the owner removed the overvoltage limit
_STILL = 0.005  # C: slower than this nothing ends
_LONGEST = 14 * 86400.0  # s: beyond it a time says nothing
_TAIL = 0.05  # C: at which a charge ends
_TAIL_LEAST = 1.05  # times the tail: below it the charge has no falling part


class Bounds(NamedTuple):
    """Least and highest voltage of a cell (V), largest currents in either direction (A, magnitudes)."""

    low: float
    high: float
    charge: float
    discharge: float


class Power(NamedTuple):
    """Current that may flow for 2, 10 and 60 s, A, magnitudes."""

    charge: tuple[float, ...]
    discharge: tuple[float, ...]


class Pack(NamedTuple):
    """Charge of the weakest cells now: lowest and highest SOC, and the mean's standard deviation. capacity: Ah."""

    lowest: float
    highest: float
    sigma: float
    capacity: float


def bounds(settings: Settings) -> Bounds:
    """What the settings permit."""
    low, _, _, high = settings.cell_band()
    return Bounds(
        low or 0.0, high or _NO_CEILING, _most(settings, "overcurrent_charge"), _most(settings, "overcurrent_discharge")
    )


def _most(settings: Settings, protection: str) -> float:
    """Largest current that a protection lets pass for long, A."""
    rungs = settings.rungs[protection].value
    found = [value for value in (rungs["limit"], rungs["cut"]) if value is not None]
    return min(found, default=settings.valid_current)


def _warmth(temperatures: Sequence[float | None]) -> float:
    """Share of the charge current that temperature permits, 0..1."""
    known = [value for value in temperatures if value is not None]
    if not known:
        return 1.0
    cold = (min(known) - _COLD_STOP) / (_COLD_FULL - _COLD_STOP)
    hot = (_HOT_STOP - max(known)) / (_HOT_STOP - _HOT_FULL)
    return min(1.0, max(0.0, min(cold, hot)))


def _room(soc: float, limit: float, now: Polarisation, horizon: float, more: float, pack: Pack, curve: Blend) -> float:
    """Current (A, signed) that brings a cell at soc to `limit` V when the horizon ends; more: Ω of this cell."""
    r0, r1, r2 = now.resistances
    fast, slow = exp(-horizon / FAST), exp(-horizon / SLOW)
    past = r1 * fast * now.currents[0] + r2 * slow * now.currents[1]
    slope = (look(curve.middle, soc + _REACH) - look(curve.middle, soc - _REACH)) / (2.0 * _REACH)
    total = r0 + r1 * (1.0 - fast) + r2 * (1.0 - slow) + more + slope * horizon / 3600.0 / pack.capacity
    return (limit - look(curve.middle, soc) - past) / max(_LEAST, total)


def power(
    now: Polarisation, pack: Pack, more: float, temperatures: Sequence[float | None], bounds: Bounds, curve: Blend
) -> Power:
    """What may flow; more: Ω by which the worst cell's resistance is above the mean."""
    low, high = pack.lowest - _MARGIN * pack.sigma, pack.highest + _MARGIN * pack.sigma
    warmth = _warmth(temperatures)
    charge, discharge = [], []
    for horizon in HORIZONS:
        hours = horizon / 3600.0
        up = min(_room(high, bounds.high, now, horizon, more, pack, curve), (1.0 - high) * pack.capacity / hours)
        down = min(-_room(low, bounds.low, now, horizon, more, pack, curve), low * pack.capacity / hours)
        charge.append(warmth * min(bounds.charge, max(0.0, up)))
        discharge.append(min(bounds.discharge, max(0.0, down)))
    return Power(tuple(charge), tuple(discharge))


def times(mean: float, pack: Pack) -> tuple[float | None, float | None]:
    """Time to full and to empty at a mean current (A), s; None where it would not end.

    Full: constant current up to the knee, then a current that falls to the tail.
    """
    rate = abs(mean) / pack.capacity
    if rate < _STILL:
        return None, None
    if mean < 0.0:
        empty = pack.lowest / rate * 3600.0
        return None, empty if empty <= _LONGEST else None
    falling = 0.0
    if rate > _TAIL * _TAIL_LEAST:
        # a knee of 2 % SOC a C of current, left exponentially
        falling = 0.02 * log(rate / _TAIL) * 3600.0
    full = (1.0 - pack.highest) / rate * 3600.0 + falling
    return full if full <= _LONGEST else None, None
