"""Resistance of every cell from the load steps of normal life: an ohmic part, and what five seconds add.

A step counts where current stood still on both sides of it for at least 0.2 s. All cells are taken at the same edge, so
that an error of the current falls on all of them alike. Values at 25 °C.
Source: Plett, Battery Management Systems vol. 2 (2015).
"""

from collections.abc import Sequence
from math import exp
from typing import NamedTuple

from tbms.core.estimate.middle import median

_STEP = 0.05  # C: a smaller step tells little
_STILL = 0.02  # C: current that moves less than this stands still
_SAME = 0.1  # of a step: how far current may move afterwards
_PLATEAU = 0.2  # s: on either side (design: nodes average over less than that)
_SUDDEN = 1.5  # s: longer between two samples and the edge is no edge
_FIVE = (4.0, 6.5)  # s after the edge: what counts as "after five seconds"
_NOISE = 0.0015  # V: of one sample
_MODEL = 0.05  # of the resistance: state of charge, direction and sampling change it by so much
_AGEING = 1e-4  # of the resistance, variance a step: old steps fade over some hundred
_COLD = 0.03  # per K below 25 °C
SURE = 8  # load steps before a resistance is judged
SETTLED = 100  # load steps before its usual place is known
GROWTH = 0.12  # of the median: so far from its usual place a cell has left it (temperature moves one by 6 %)
_MEMORY = 400  # load steps: over which each cell's usual place among the others is learned, weeks

Values = tuple[float | None, ...]


class Part(NamedTuple):
    """A resistance at 25 °C: mean and variance (Ω, Ω²), and from how many steps."""

    mean: float
    variance: float
    steps: int


class Edge(NamedTuple):
    """A step under way: V and A before it, V and A right after it, s since."""

    before: Values
    start: float
    after: Values
    current: float
    elapsed: float
    ohmic: bool


class Resistances(NamedTuple):
    """ohmic, slow: per cell, None until a step was seen; slow is what five seconds add.

    base: each ohmic part above the median, relative to it, as it usually is; learned: from how many steps.
    voltages, current: of the newest sample. still: s for which current has stood still. edge: a step under way.
    """

    ohmic: tuple[Part | None, ...]
    slow: tuple[Part | None, ...]
    voltages: Values = ()
    current: float = 0.0
    still: float = 0.0
    edge: Edge | None = None
    base: tuple[float, ...] = ()
    learned: int = 0


def none(cells: int) -> Resistances:
    """Before anything was measured."""
    return Resistances((None,) * cells, (None,) * cells)


def sure(parts: Sequence[Part | None]) -> Values:
    """Means of the parts that enough steps have shown to be judged, Ω; None for the rest."""
    return tuple([part.mean if part is not None and part.steps >= SURE else None for part in parts])


def step(known: Resistances, voltages: Values, current: float, dt: float, capacity: float, heat: float) -> Resistances:
    """After dt s: V per cell, A, capacity in Ah, temperature in °C."""
    if known.edge is not None:
        known = _followed(known, known.edge, voltages, current, dt, heat)
    jump = abs(current - known.current)
    edge, still = known.edge, known.still
    if edge is None and known.voltages and jump >= _STEP * capacity and dt <= _SUDDEN and still >= _PLATEAU:
        edge = Edge(known.voltages, known.current, voltages, current, 0.0, ohmic=False)
    still = still + dt if jump <= _STILL * capacity else 0.0
    return known._replace(voltages=voltages, current=current, still=still, edge=edge)


def _followed(known: Resistances, edge: Edge, voltages: Values, current: float, dt: float, heat: float) -> Resistances:
    """The step under way, some time later: taken, waited for or given up."""
    jump, elapsed = edge.current - edge.start, edge.elapsed + dt
    if abs(current - edge.current) > _SAME * abs(jump) or elapsed > _FIVE[1]:
        return known._replace(edge=None)
    if not edge.ohmic and elapsed >= _PLATEAU:
        known = _placed(known._replace(ohmic=_taken(known.ohmic, edge.before, edge.after, jump, heat)))
    if elapsed >= _FIVE[0]:
        known = known._replace(slow=_taken(known.slow, edge.after, voltages, jump, heat))
        return known._replace(edge=None)
    return known._replace(edge=edge._replace(elapsed=elapsed, ohmic=elapsed >= _PLATEAU))


def _places(known: Resistances) -> tuple[float, ...]:
    """Each ohmic part above the median, relative to it; () while one of them cannot be judged."""
    means = [value for value in sure(known.ohmic) if value is not None]
    middle = median(means) if means else 0.0
    return tuple(mean / middle - 1.0 for mean in means) if len(means) == len(known.ohmic) and middle > 0.0 else ()


def _placed(known: Resistances) -> Resistances:
    """Each cell's usual place learned from one more step; a cell that has left it does not take it along."""
    places = _places(known)
    if not places:
        return known
    learned = known.learned + 1
    if learned == 1:
        return known._replace(base=places, learned=1)
    share = 1.0 / min(learned, _MEMORY)
    base = tuple(
        usual + share * (now - usual) if learned < SETTLED or abs(now - usual) < GROWTH / 2.0 else usual
        for now, usual in zip(places, known.base, strict=True)
    )
    return known._replace(base=base, learned=learned)


def growth(known: Resistances) -> Values:
    """By how much each ohmic part has left its usual place, relative to the median; None before that is known."""
    places = _places(known) if known.learned >= SETTLED else ()
    if not places:
        return (None,) * len(known.ohmic)
    return tuple(now - usual for now, usual in zip(places, known.base, strict=True))


def _taken(
    parts: Sequence[Part | None], before: Values, after: Values, jump: float, heat: float
) -> tuple[Part | None, ...]:
    """Every cell's part after one more step of the current by `jump` A."""
    scale = exp(-_COLD * (25.0 - heat))
    found: list[Part | None] = []
    for part, low, high in zip(parts, before, after, strict=True):
        if low is None or high is None:
            found.append(part)
            continue
        found.append(_joined(part, (high - low) / jump * scale, 2.0 * (_NOISE / jump * scale) ** 2))
    return tuple(found)


def _joined(part: Part | None, value: float, noise: float) -> Part:
    """A part after one more value: a scalar Kalman filter."""
    noise += (_MODEL * value) ** 2
    if part is None:
        return Part(value, noise, 1)
    variance = part.variance + _AGEING * part.mean * part.mean
    gain = variance / (variance + noise)
    return Part(part.mean + gain * (value - part.mean), variance * (1.0 - gain), part.steps + 1)
