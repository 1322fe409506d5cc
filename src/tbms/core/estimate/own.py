"""A battery's own open-circuit curve, learned from whole ways between full and empty that the voltage proves.

The filter's opinion on the way is not used: a wrong charge would be taken for a shape of the curve, and come back. On a
way from one knee to the other the count is closed instead: what it misses at the second knee is given to the zero error
of the shunt (by time) and to the capacity (by charge), as far as either may be wrong. So the charge of every quiet
moment on the way is known to about 1 %, and what its voltage lies above the shipped curve is remembered by charge.
It is used only after another way has shown that it foretells the voltage better than the shipped curve.
"""

from math import log, sqrt
from typing import NamedTuple

from tbms.core.estimate import along, traits
from tbms.core.estimate.along import Taught
from tbms.core.estimate.capacity import EMPTY, FULL
from tbms.core.estimate.ocv import PLACES, Blend, Curve, Place, blend, look, prior, warm
from tbms.core.estimate.traits import Traits

_SURE = 0.008  # SOC: standard deviation of a proof; a curve hung between worse ones would be no better than shipped
_AGREED, _HALVINGS = 0.015, 6  # SOC, to 1/64 of it: the voltage alone must say the same, or the curve's end is another
_NEAR_FULL = 0.02  # V: below the end of the curve a battery without current is full
_END = 0.02  # SOC: below it the curve ends, so steeply that no difference between cells matters
_INSIDE = (0.10, 0.95)  # SOC: between the knees, which stay as shipped: they say what full and empty are
_QUIET = 4.0  # doubts of the curve: with more polarisation than this a moment is not quiet
_SHARE = 0.2  # of the polarisation: how wrong it may be
_NOISE = 0.002  # V: of a window
_MOST_HOURS = 72.0  # h: a longer way closes no count
_MOST_MISSED, _MISSED_SIGMAS = 0.1, 2.5  # SOC, standard deviations: which the count may miss at the second knee
_AXIS = 0.010  # SOC: of the charge on the way, one standard deviation
_OUTLIER = 4.0  # standard deviations: no cell of the kind is so
_LEAST_PLACES, _MOST_OUTLIERS = 8, 0.2  # places of a way that is believed; share of them that may be outliers
_FADE = 0.03  # of what a place knew before any way: forgotten with every way
_MOST_WAYS = 20  # more make it no surer of its temperature
_TOGETHER = 0.7  # of a way's score that stays for the next
_GOOD, _BAD, _HOPELESS = 0.1, 0.0, -1.0  # nats a place: used from there, no more, forgotten


class Proof(NamedTuple):
    """A knee that the voltage proved: SOC, its standard deviation."""

    soc: float
    sigma: float


class Heap(NamedTuple):
    """Quiet moments of one place on the way, weighted sums: V, SOC by count, h, place in the gap, V², °C; windows."""

    weight: float = 0.0
    volts: float = 0.0
    moved: float = 0.0
    hours: float = 0.0
    gap: float = 0.0
    doubt: float = 0.0
    heat: float = 0.0
    windows: float = 0.0


class Moment(NamedTuple):
    """A window: V without polarisation, of it (V), place in the gap, °C, SOC moved and h since the last one.

    claimed: SOC and sigma as estimated. capacity: its relative standard deviation.
    """

    volts: float
    over: float
    gap: float
    heat: float
    moved: float
    hours: float
    claimed: Proof
    capacity: float


class Own(NamedTuple):
    """taught, places: what is learned, from empty to full, and the curve it makes. heat: °C at which. ways: how many.

    score: how much better than the shipped curve it is, nats a place. used: it is in use. proof: the knee the way now
    began at. moved, hours: SOC and h since. heaps: of what is seen on it, by SOC counted.
    """

    taught: tuple[Taught, ...] = ()
    places: tuple[Place, ...] = ()
    heat: float = 25.0
    score: float = 0.0
    ways: int = 0
    used: bool = False
    proof: Proof | None = None
    moved: float = 0.0
    hours: float = 0.0
    heaps: tuple[tuple[int, Heap], ...] = ()


def cut(known: Own) -> Own:
    """The way is lost (a gap, a doubt): the next knee begins another."""
    return known if known.proof is None else known._replace(proof=None, moved=0.0, hours=0.0, heaps=())


def doubted(known: Own) -> Own:
    """The same where it may be another battery: what was learned counts as one way, which the next must confirm."""
    return Own(known.taught, known.places, known.heat, ways=min(1, known.ways))


def after(known: Own, now: Moment, curve: Curve, made: Blend, kind: Traits) -> Own:
    """After a window; made: the curve at the battery's temperature."""
    quiet = abs(now.over) <= _QUIET * kind.doubt
    knee = _knee(now, made, kind) if quiet else None
    if knee is not None:
        return _arrived(known, knee, now, curve._replace(own=()), kind)
    begun = known.proof
    if begun is None:
        return known
    known = known._replace(moved=known.moved + now.moved, hours=known.hours + now.hours)
    soc = begun.soc + known.moved
    if known.hours > _MOST_HOURS or not -0.5 < soc < 1.5:
        return cut(known)
    return known._replace(heaps=_heaped(known, now, int(soc * PLACES // 1))) if quiet else known


def _knee(now: Moment, made: Blend, kind: Traits) -> Proof | None:
    """The knee that this moment proves: its voltage alone, or the estimate where the voltage alone says the same.

    Where the curve ends, charging and discharging end: that is what full and empty mean, however the cell differs.
    """
    soc, sigma = now.claimed
    volts = now.volts - now.gap * kind.settle * look(made.half_gap, 1.0 if soc > 0.5 else 0.0)
    if volts > look(made.middle, 1.0) - _NEAR_FULL:
        return Proof(min(1.0, _place(made, volts, 1.0)), traits.AXIS_FULL)
    if volts < look(made.middle, _END):
        return Proof(_place(made, volts, 0.0), traits.AXIS_EMPTY)
    if sigma > _SURE or EMPTY < soc < FULL:
        return None
    return now.claimed if abs(_place(made, volts, soc) - soc) < _AGREED else None


def _place(made: Blend, volts: float, soc: float) -> float:
    """The SOC of the curve nearest to soc at which it lies at these volts; as far as it is looked for."""
    low, high = soc - 2.0 * _AGREED, soc + 2.0 * _AGREED
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if look(made.middle, middle) < volts else (low, middle)
    return (low + high) / 2.0


def _heaped(known: Own, now: Moment, key: int) -> tuple[tuple[int, Heap], ...]:
    """The heaps with one more moment."""
    doubt = _NOISE**2 + (_SHARE * now.over) ** 2
    old, weight = dict(known.heaps).get(key, Heap()), 1.0 / doubt
    new = (1.0, now.volts, known.moved, known.hours, now.gap, doubt, now.heat, doubt)  # a window counts as one
    more = Heap(*[value + weight * each for value, each in zip(old, new, strict=True)])
    return (*(each for each in known.heaps if each[0] != key), (key, more))


def _arrived(known: Own, knee: Proof, now: Moment, curve: Curve, kind: Traits) -> Own:
    """At a knee: a way from the other one teaches; within a visit its outermost proof begins the next."""
    before = known.proof
    fresh = known._replace(proof=knee, moved=0.0, hours=0.0, heaps=())
    if before is None:
        return fresh
    if abs(before.soc - knee.soc) > 0.5:
        return _taught(fresh, _seen(known, (before, knee), now.capacity, curve, kind), curve, kind)
    further = abs(knee.soc - 0.5) >= abs(before.soc - 0.5)
    return fresh if further or known.heaps else known


class Look(NamedTuple):
    """What a way shows of one place: V above the shipped curve, its variance, place in the gap, °C."""

    place: int
    above: float
    variance: float
    gap: float
    heat: float


class _Closed(NamedTuple):
    """A count closed between two knees: what is added at its start, over its time, over its charge; SOC."""

    start: float
    time: float
    charge: float

    def added(self, time: float, charge: float) -> float:
        """What is added where these shares of time and charge have passed, SOC."""
        return self.start + self.time * time + self.charge * charge


def _closed(known: Own, ends: tuple[Proof, Proof], capacity: float) -> _Closed | None:
    """Who bears what the count misses, each as far as it may be wrong; None where that is more than they can."""
    missed = ends[1].soc - ends[0].soc - known.moved
    zero, size = (traits.OFFSET * known.hours) ** 2, (capacity * known.moved) ** 2
    total = zero + size + ends[0].sigma ** 2 + ends[1].sigma ** 2
    if abs(missed) > min(_MOST_MISSED, _MISSED_SIGMAS * sqrt(total)):
        return None
    share = missed / total
    return _Closed(-share * ends[0].sigma ** 2, share * zero, share * size)


def _seen(known: Own, ends: tuple[Proof, Proof], capacity: float, curve: Curve, kind: Traits) -> list[Look]:
    """What a way shows, its count closed; nothing where it misses too much."""
    closed, found = _closed(known, ends, capacity), []
    if closed is None:
        return []
    for _, heap in known.heaps:
        volts, moved, hours, gap, doubt, heat = (value / heap.weight for value in heap[1:7])
        time, charge = hours / known.hours, moved / known.moved
        soc = ends[0].soc + moved + closed.added(time, charge)
        if not _INSIDE[0] < soc < _INSIDE[1]:
            continue
        made = blend(curve, heat)
        slope = (look(made.middle, soc + 0.02) - look(made.middle, soc - 0.02)) / 0.04
        unsure = (closed.time + closed.charge) * (time - charge)
        above = volts - look(made.middle, soc) - gap * kind.settle * look(made.half_gap, soc)
        variance = (0.5 * kind.doubt) ** 2 + doubt / sqrt(heap.windows) + slope * slope * (_AXIS**2 + unsure**2)
        found.append(Look(min(PLACES - 1, int(soc * PLACES)), above, variance, gap, heat))
    return found


def _taught(known: Own, looks: list[Look], curve: Curve, kind: Traits) -> Own:
    """After a way: what was known judged by it, then learned."""
    seen = len(looks)
    looks = [each for each in looks if not _odd(curve, each)]
    if len({each.place for each in looks}) < _LEAST_PLACES or len(looks) < (1.0 - _MOST_OUTLIERS) * seen:
        return known
    if known.ways:
        gain = sum(_gain(known, curve, each) for each in looks) / len(looks)
        score = gain if known.ways == 1 else _TOGETHER * known.score + (1.0 - _TOGETHER) * gain
        if score < _HOPELESS:
            return Own(proof=known.proof)
        known = known._replace(score=score, used=score > (_BAD if known.used else _GOOD))
    ways = min(_MOST_WAYS, known.ways + 1)
    heat = known.heat + (sum(each.heat for each in looks) / len(looks) - known.heat) / ways
    learned = [along.faded(each, 1.0 - _FADE) for each in known.taught or (Taught(),) * PLACES]
    for each in looks:
        fresh = prior(curve, each.place)
        _, far = _foretold(warm(fresh._replace(mm=0.0, gg=0.0), fresh, each.heat - heat), each)
        learned[each.place] = along.taught(learned[each.place], each.gap, each.above, each.variance + far)
    places = along.curve_of(learned, curve, kind.doubt_length)
    return known._replace(taught=tuple(learned), places=places, heat=heat, ways=ways)


def _foretold(place: Place, each: Look) -> tuple[float, float]:
    """What a place foretells of a look, and its variance, V²."""
    return place.middle + each.gap * place.gap, place.mm + 2.0 * each.gap * place.mg + each.gap**2 * place.gg


def _odd(curve: Curve, each: Look) -> bool:
    """No cell of this kind lies so far from the shipped curve."""
    _, variance = _foretold(prior(curve, each.place), each)
    return each.above**2 > _OUTLIER**2 * (variance + each.variance)


def _gain(known: Own, curve: Curve, each: Look) -> float:
    """How much better than the shipped curve the battery's own foretold a look, nats."""
    fresh = prior(curve, each.place)
    mean, variance = _foretold(warm(known.places[each.place], fresh, each.heat - known.heat), each)
    _, shipped = _foretold(fresh, each)
    variance, shipped = variance + each.variance, shipped + each.variance
    better = each.above**2 / shipped + log(shipped) - (each.above - mean) ** 2 / variance - log(variance)
    return 0.5 * better


def furthest(known: Own) -> float:
    """How far the battery's own curve lies from the shipped one at most, V, charging or discharging."""
    return max(abs(place.middle) + abs(place.gap) for place in known.places)


def mark(curve: Curve) -> float:
    """What tells one shipped curve from another, V: what was learned belongs to the curve it was learned beside."""
    return round(sum(curve.middle[0]) + sum(curve.half_gap[0]), 6)


def kept(taught: tuple[Taught, ...], known: tuple[float, float, int, bool], curve: Curve, kind: Traits) -> Own:
    """What was learned as it was before a restart; known: heat, score, ways, used. curve: as shipped."""
    return Own(taught, along.curve_of(taught, curve, kind.doubt_length), *known)
