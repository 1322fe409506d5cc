"""When what is measured, what was set and what is estimated cannot all be true: told as events, never hidden.

A disagreement does not say which of the three is wrong; its cause names what to check, most likely first.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tbms.core.estimate import promises
from tbms.core.estimate.cells import Cell, lead
from tbms.core.estimate.charge import Charge, Window
from tbms.core.estimate.hypotheses import Guess
from tbms.core.estimate.leak import Rates
from tbms.core.estimate.middle import median
from tbms.core.estimate.ocv import Blend
from tbms.core.estimate.promises import Promises, Step
from tbms.core.estimate.resistance import GROWTH, SURE, Part, Resistances, growth
from tbms.core.estimate.traits import Traits
from tbms.core.measure.measured import Measured
from tbms.model.event import Event, EventKind, Phase
from tbms.model.fault import Severity

_JUMP = 0.05  # C: a step of the current from which its sign is judged
_SIGN_STEPS = 20.0  # steps: over which the sign is averaged
_REVERSED, _UPRIGHT = -0.4, 0.2  # mean of the sign (1: voltage follows current): told, and well again
_SHORT, _LONG = 8.0, 60.0  # windows: over which surprises are averaged
_SURPRISED, _OFTEN = 9.0, 2.6  # squared standard deviations: too much over the short and over the long time
_MOST_SURPRISE = 40.0  # one window counts no more than this
_ODD_OFFSET, _ODD_SHAPE, _ODD_SOC = 0.035, 3.0, 0.03  # C, standard deviations, SOC beyond 0..1: no battery is so
_ODD_WINDOWS = 3  # in a row before it is told
_CALM_WINDOWS = 9  # in a row before it is over; twice as many every further time
_FORGIVEN = 360.0  # windows in which half of a doubt is forgotten: two hours
_MOST_TIMES = 9
_EARLY = 0.035  # SOC: the first cell to be empty is weak if it is so much before the median cell
_EARLY_TOO = 0.08  # SOC: the same for a cell that is not the first, and for one whose capacity is only inferred
_INFERRED = 0.012  # SOC: standard deviation that an inferred capacity needs: both knees have been seen
_EARLY_OVER = 0.01  # SOC: and well again below this
_SIGMAS = 3.0  # standard deviations that a finding needs
_GROWN = 0.25  # of the median resistance: so much more is told
_ALIKE = 0.12  # of the median: slow parts that differ less are alike
_JOINT_SIGMAS = 5.0  # standard deviations that a joint needs: many steps are judged in a life
_GROWTH_SIGMAS = 2.0  # the same for growth: most of a deviation is common to all cells, and growth is against them
_SMALL, _SIZED = 0.06, 0.008  # of the capacity: so much less is told; standard deviation that both knees leave
_UNEXPLAINED = "no state of charge explains voltage and current: check chemistry, capacity, current sensor, cell wires"
_LEAKS = 0.004  # SOC a day beyond the others: a harmed cell; sound ones differ by a tenth of that


class Doubts(NamedTuple):
    """sign: mean agreement of voltage steps with current steps, -1..1.

    short, long: mean surprise, squared standard deviations. odd, calm: windows in a row. times: how often it was told.
    reversed, disagrees: told. early: cells told to be empty first. joints: cells told to have a bad joint.
    leaks: cells told to lose charge by themselves.
    small: cells told to hold less than the others. promises: of the settings.
    asked: whether its chemistry is right was asked.
    """

    sign: float = 1.0
    short: float = 1.0
    long: float = 1.0
    odd: int = 0
    calm: int = 0
    times: int = 0
    reversed: bool = False
    disagrees: bool = False
    early: frozenset[int] = frozenset()
    joints: frozenset[int] = frozenset()
    leaks: frozenset[int] = frozenset()
    small: frozenset[int] = frozenset()
    promises: Promises = Promises()
    asked: bool = False


def event(
    at: Measured,
    key: str,
    phase: Phase,
    cause: str,
    cell: int | None = None,
    number: float | None = None,
    unit: str = "",
) -> Event:
    """An event of the estimator; cell 1-based."""
    severity = Severity.INFO if phase is Phase.WENT or key in ("soc", "capacity", "own_curve") else Severity.WARNING
    return Event(at.time, at.timestamp, EventKind.ESTIMATE, key, phase, severity, cell, number, unit=unit, cause=cause)


def stepped(known: Doubts, step: Step, curve: Blend, soc: float, at: Measured) -> tuple[Doubts, list[Event]]:
    """After a step of current and voltage, where the battery stands at `soc`."""
    kept = known.promises
    ohms = promises.stepped(kept.ohms, step, curve, soc)
    known = known if ohms is kept.ohms else known._replace(promises=kept._replace(ohms=ohms))
    if abs(step.current) < _JUMP or step.voltage == 0.0:
        return known, []
    agrees = 1.0 if (step.current > 0.0) == (step.voltage > 0.0) else -1.0
    sign = known.sign + (agrees - known.sign) / _SIGN_STEPS
    if not known.reversed and sign < _REVERSED:
        cause = "voltage falls where the current says charging: the current sensor is the wrong way round"
        return known._replace(sign=sign, reversed=True), [event(at, "current_reversed", Phase.CAME, cause)]
    if known.reversed and sign > _UPRIGHT:
        cause = "voltage follows the current again"
        return known._replace(sign=sign, reversed=False), [event(at, "current_reversed", Phase.WENT, cause)]
    return known._replace(sign=sign), []


def _odd(best: Guess, short: float, long: float) -> bool:
    """The best guess needs a battery that does not exist, or misses the voltage too often."""
    soc, offset, *_ = best.mean
    shape = max(abs(best.mean[4]), abs(best.mean[5]))
    outside = max(-soc, soc - 1.0)
    strange = abs(offset) > _ODD_OFFSET or shape > _ODD_SHAPE or outside > _ODD_SOC
    return strange or short > _SURPRISED or long > _OFTEN


def surprised(known: Doubts, best: Guess, surprise: float, at: Measured) -> tuple[Doubts, list[Event]]:
    """After a window that the best guess missed by `surprise` squared standard deviations."""
    seen = min(_MOST_SURPRISE, surprise)
    short, long = known.short + (seen - known.short) / _SHORT, known.long + (seen - known.long) / _LONG
    odd = known.odd + 1 if known.promises.broken or _odd(best, short, long) else 0
    calm = 0 if odd else known.calm + 1
    known = known._replace(short=short, long=long, odd=odd, calm=calm)
    if not known.disagrees and odd >= _ODD_WINDOWS:
        told = event(
            at, "estimate_disagrees", Phase.CAME, known.promises.broken or _UNEXPLAINED, number=short**0.5, unit="σ"
        )
        return known._replace(disagrees=True, times=min(_MOST_TIMES, known.times + 1)), [told]
    if known.disagrees and calm >= _CALM_WINDOWS * 2 ** (known.times - 1):
        told = event(at, "estimate_disagrees", Phase.WENT, "the estimate explains the voltage again")
        return known._replace(disagrees=False), [told]
    return known, []


def judged(
    known: Doubts, after: Charge, window: Window, curve: Blend, kind: Traits, at: Measured
) -> tuple[Doubts, list[Event]]:
    """After a window: whether settings, voltage and current can all be true; after: as the charge is estimated now."""
    known, asked = _asked(
        known._replace(promises=promises.kept(known.promises, after, window, curve, kind)), window, at
    )
    known, told = surprised(known, max(after.guesses), after.surprise, at)
    return known, [*asked, *told]


def _asked(known: Doubts, window: Window, at: Measured) -> tuple[Doubts, list[Event]]:
    """Whether the chemistry is right, asked at once and until the battery has shown it."""
    if known.promises.unproven and not known.asked:
        volts = window.rest / max(1, window.samples)
        cause = f"at {volts:.2f} V this chemistry is nearly empty and another is not: check that the right one is set; "
        cause += "no state of charge is claimed until the battery has shown which it is"
        return known._replace(asked=True), [event(at, "chemistry_doubtful", Phase.CAME, cause, number=volts, unit="V")]
    if known.asked and promises.proven(known.promises.steep):
        cause = "the battery behaves as its chemistry demands"
        return known._replace(asked=False), [event(at, "chemistry_doubtful", Phase.WENT, cause)]
    return known, []


def lost(known: Doubts) -> bool:
    """Nothing that is estimated may be believed now."""
    return known.disagrees or known.reversed or known.promises.unproven


def doubt(known: Doubts) -> float:
    """Share of not knowing anything that is left of a disagreement, 0..1: what was told once may have had a cause.

    Whatever made voltage and current contradict each other (a capacity ten times too large, say) rarely mends itself:
    each further time it is forgotten more slowly.
    """
    if lost(known):
        return 1.0
    return 0.5 ** (known.calm / (_FORGIVEN * known.times)) if known.times else 0.0


class _Finding(NamedTuple):
    """What is found of one cell. came: why it is to be told, empty where it is not; went: the same of its end."""

    key: str
    came: str
    went: str
    number: float


_Findings = Iterable[_Finding | None]
"""One a cell, cell 1 first; None: of that cell nothing can be said."""


def _followed(standing: frozenset[int], found: _Findings, at: Measured) -> tuple[frozenset[int], list[Event]]:
    """The cells of which something is told after this look, and the events of those that came and went."""
    told, stands = [], set(standing)
    for cell, each in enumerate(found, start=1):
        if each is None:
            continue
        if each.came and cell not in stands:
            stands.add(cell)
            told.append(event(at, each.key, Phase.CAME, f"cell {cell} {each.came}", cell, each.number))
        elif each.went and cell in stands:
            stands.remove(cell)
            told.append(event(at, each.key, Phase.WENT, f"cell {cell} {each.went}", cell, each.number))
    return (frozenset(stands) if told else standing), told


def weighed(known: Doubts, cells: Sequence[Cell], soc: float, at: Measured) -> tuple[Doubts, list[Event]]:
    """Which cells will be empty first, from how they differ; soc: of the mean cell."""
    early, told = _followed(known.early, _weighed(cells, soc), at)
    return known._replace(early=early) if told else known, told


def _weighed(cells: Sequence[Cell], soc: float) -> Iterator[_Finding]:
    leads = [lead(cell, soc) for cell in cells]
    middle, first = median(ahead for ahead, _ in leads), min(ahead for ahead, _ in leads)
    for (ahead, sigma), cell in zip(leads, cells, strict=True):
        behind = middle - ahead
        short = abs(soc * cell.mean[1]) > abs(cell.mean[0])
        least = _EARLY if ahead == first and not short else _EARLY_TOO
        sure = behind > _SIGMAS * sigma and (sigma < _INFERRED or not short)
        what = "holds less than the others" if short else "stands lower than the others"
        came = f"{what}: it is empty {100 * behind:.0f} % before them" if sure and behind > least else ""
        yield _Finding("weak_cell", came, "is level with the others" if behind < _EARLY_OVER else "", behind)


def sized(known: Doubts, cells: Sequence[Cell], at: Measured) -> tuple[Doubts, list[Event]]:
    """Which cells hold less than the others: seen at both knees, or it would not be sure."""
    small, told = _followed(known.small, _sized(cells), at)
    return known._replace(small=small) if told else known, told


def _sized(cells: Sequence[Cell]) -> Iterator[_Finding]:
    middle = median(cell.mean[1] for cell in cells)
    for cell in cells:
        faster, sigma = cell.mean[1] - middle, cell.spread[1][1] ** 0.5
        less = faster / (1.0 + faster)
        came = f"holds {100 * less:.0f} % less than the others" if less > _SMALL and sigma < _SIZED else ""
        yield _Finding("small_cell", came, "holds as much as the others" if less < _SMALL / 2.0 else "", less)


def _excess(parts: Sequence[Part | None]) -> list[float | None]:
    """By how much each part lies above the median, relative to it; None where that is not sure."""
    means = [part.mean for part in parts if part is not None]
    if len(means) < len(parts) or len(means) < 3:
        return [None] * len(parts)
    middle = median(means)
    found: list[float | None] = []
    for part in parts:
        sure = part is not None and part.steps >= SURE and middle > 0.0
        above = part.mean - middle if part is not None else 0.0
        found.append(
            above / middle
            if sure and part is not None and above > _JOINT_SIGMAS * part.variance**0.5
            else 0.0
            if sure
            else None
        )
    return found


def joined(known: Doubts, parts: Resistances, at: Measured) -> tuple[Doubts, list[Event]]:
    """Which links or cells have grown resistant: a link grows in its ohmic part alone."""
    joints, told = _followed(known.joints, _joined(parts), at)
    return known._replace(joints=joints) if told else known, told


def _joined(parts: Resistances) -> Iterator[_Finding | None]:
    for above, later, grown in zip(_excess(parts.ohmic), _excess(parts.slow), _grown(parts), strict=True):
        if above is None or later is None:
            yield None
            continue
        more, came = max(above / _GROWN, grown / GROWTH), ""
        if more > 1.0:
            how = f"{100 * above:.0f} % more ohmic resistance than the others"
            if above <= _GROWN:
                how = f"{100 * grown:.0f} % more ohmic resistance than it used to, measured against the others"
            came = f"shows {how}: {'the cell itself' if later > _ALIKE else 'a connection beside it'}"
        went = "has the resistance of the others again" if more < 0.5 else ""
        yield _Finding("cell_resistance" if came and later > _ALIKE else "connection", came, went, above)


def _grown(parts: Resistances) -> list[float]:
    """Growth of each ohmic part that is sure; 0 where it is not."""
    middle = median(part.mean for part in parts.ohmic if part is not None) if any(parts.ohmic) else 0.0
    return [
        more
        if more is not None and part is not None and abs(more) * middle > _GROWTH_SIGMAS * part.variance**0.5
        else 0.0
        for more, part in zip(growth(parts), parts.ohmic, strict=True)
    ]


def leaking(known: Doubts, found: Rates | None, at: Measured) -> tuple[Doubts, list[Event]]:
    """Which cells lose charge by themselves faster than the others."""
    leaks, told = _followed(known.leaks, () if found is None else _leaking(found), at)
    return known._replace(leaks=leaks) if told else known, told


def _leaking(found: Rates) -> Iterator[_Finding]:
    for lost in found.lost:
        sure = lost > max(_LEAKS, _SIGMAS * found.sigma)
        came = f"loses {100 * lost:.1f} % a day by itself, more than the others" if sure else ""
        yield _Finding("self_discharge", came, "loses no more than the others again" if lost < _LEAKS / 2 else "", lost)
