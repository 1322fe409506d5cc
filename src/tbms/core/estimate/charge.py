"""State of charge: counted at every sample, corrected by the voltage every 20 s of battery time.

See docs/estimation.md for the method, its sources, and what it knows and does not.
"""

from math import exp, sqrt
from typing import NamedTuple

from tbms.core.estimate import hypotheses, traits
from tbms.core.estimate import polarisation as polar
from tbms.core.estimate.hypotheses import SIZE, Drift, Guess
from tbms.core.estimate.ocv import Blend, Curve, look
from tbms.core.estimate.polarisation import Polarisation
from tbms.core.estimate.traits import Traits
from tbms.core.estimate.zero import NEWS, Seen

_START_SPACING = 0.05  # SOC: between the first guesses
_START_SPREAD = 0.6  # of the spacing: standard deviation of each
_TOLD_WEIGHT = 0.3  # how far a told state of charge is believed where nobody says how sure it is
_TOLD_SPREAD = 0.07  # SOC: and how near it is then expected to be
_FLOWING = 0.02  # C: above it current flows at the start
_SPLIT_AT = 4  # guesses: so few are left when bad shunts begin to be considered
_AGE = 172800.0  # s: over which an error of the curve is forgotten at rest
_STEEP = 1.0  # V per unit of SOC: beyond it the open-circuit curve moves too fast to learn resistance
_STEEP_REACH = 0.01  # SOC


class Window(NamedTuple):
    """Sums since the last correction: s, SOC moved and through, V less polarisation, V of it, A now and past."""

    time: float = 0.0
    moved: float = 0.0
    through: float = 0.0
    rest: float = 0.0
    polarised: float = 0.0
    currents: tuple[float, float, float] = (0.0, 0.0, 0.0)
    samples: int = 0
    rough: float = 0.0
    gap: bool = False


class Flow(NamedTuple):
    """A step of the current: SOC moved, s, A now; rough: square of the SOC that may have moved unseen in between.

    gap: so long that the cell's history is lost.
    """

    moved: float
    dt: float
    current: float
    rough: float
    gap: bool = False


class Charge(NamedTuple):
    """What is known of the charge of one cell (or of the mean cell of a pack).

    soc: counted since the last correction, 0..1. sigma: its standard deviation at that correction.
    place: in the hysteresis gap by the current's history, -1..1. split: bad shunts are being considered.
    surprise: squared standard deviations by which the best guess missed the last voltage.
    """

    soc: float
    sigma: float
    guesses: tuple[Guess, ...]
    place: float
    polarisation: Polarisation
    window: Window
    split: bool
    surprise: float = 0.0


def _diagonal(deviations: tuple[float, ...]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(deviations[i] ** 2 if i == j else 0.0 for j in range(SIZE)) for i in range(SIZE))


def seed(
    told: float | None, sigma: float | None, kind: Traits, c_rate: float, zero: Seen | None = None
) -> tuple[Guess, ...]:
    """First guesses all over the range, more where a state of charge was told.

    c_rate: current now, C. zero: error of the shunt as it is known, None where it is not.
    """
    flowing = abs(c_rate) >= _FLOWING
    sign = (1.0 if c_rate > 0.0 else -1.0) if flowing else 0.0
    place = traits.PLACE_FLOWING if flowing else (0.0, traits.PLACE_UNKNOWN)
    shape = traits.SHAPE_SPREAD
    relax = traits.RELAX_START + traits.RELAX_FLOWING * abs(c_rate)
    others = (place[1], 1.0, shape, shape, traits.SETTLE_SPREAD, relax)
    error = Seen(0.0, traits.OFFSET**2) if zero is None else zero
    mean = (error.offset, sign * place[0], 0.0, 0.0, 0.0, kind.settle, 0.0)
    count = round(1.0 / _START_SPACING) + 1
    near = _TOLD_SPREAD if sigma is None else max(_START_SPACING / 2, sigma)
    believed = 0.0 if told is None else _TOLD_WEIGHT if sigma is None else 0.9
    bells = [0.0 if told is None else exp(-0.5 * ((i / (count - 1) - told) / near) ** 2) for i in range(count)]
    total = sum(bells) or 1.0
    spread = _diagonal((_START_SPREAD * _START_SPACING, sqrt(error.variance), *others))
    return tuple(
        Guess((1.0 - believed) / count + believed * bell / total, (i / (count - 1), *mean), spread)
        for i, bell in enumerate(bells)
    )


def flat(curve: Blend, soc: float) -> bool:
    """The open-circuit voltage moves so slowly here that a step of the voltage is one of resistance."""
    reach = look(curve.middle, soc + _STEEP_REACH) - look(curve.middle, soc - _STEEP_REACH)
    return abs(reach) < 2.0 * _STEEP * _STEEP_REACH


def counted(known: Charge, flow: Flow, voltage: float, curve: Blend) -> Charge:
    """After a step of the current; now at `voltage` (V, of the cell)."""
    moved, dt, current = flow.moved, flow.dt, flow.current
    soc = known.soc + moved
    ocv = look(curve.middle, soc)
    if flow.gap:
        learned = polar.begun(known.polarisation, voltage - ocv, current, dt)
    else:
        learned = polar.step(known.polarisation, voltage - ocv, current, dt, flat(curve, soc))
    over = learned.voltage(current)
    window, (now, fast, slow) = known.window, known.window.currents
    return known._replace(
        soc=soc,
        polarisation=learned,
        window=Window(
            window.time + dt,
            window.moved + moved,
            window.through + abs(moved),
            window.rest + voltage - over,
            window.polarised + over,
            (now + current, fast + learned.currents[0], slow + learned.currents[1]),
            window.samples + 1,
            window.rough + flow.rough,
            window.gap or flow.gap,
        ),
    )


def offset(known: Charge) -> Seen:
    """Zero error of the current over all guesses, C (read less true), and its variance."""
    mean, sigma = hypotheses.moments(known.guesses, 1)
    return Seen(mean, sigma * sigma)


def zeroed(known: Charge, read: Seen) -> Charge:
    """After the zero error was read; the same where it is known better already.

    A shunt that nobody has judged yet may be a bad one: which it is, the reading decides.
    """
    if known.split and offset(known).variance <= NEWS * read.variance:
        return known
    judged = known.guesses if known.split else [part for guess in known.guesses for part in _bad_shunts(guess)]
    guesses = hypotheses.merged([hypotheses.observed(guess, 1, *read) for guess in judged])
    soc, sigma = hypotheses.moments(guesses)
    before, _ = hypotheses.moments(known.guesses)
    return known._replace(soc=known.soc + soc - before, sigma=sigma, guesses=guesses, split=True)


def _drift(known: Charge, doubt_length: float) -> Drift:
    """How the states move in a window."""
    window, (_, _, slowest) = known.window, known.polarisation.currents
    moved, time = window.moved, window.time
    gap = exp(-traits.REVERSAL * abs(moved))
    curve = exp(-abs(moved) / doubt_length - time / _AGE)
    relax = exp(-time / traits.RELAX_TIME)
    share = traits.RELAX_SHARE
    error = (
        traits.RELAX_FLOOR**2
        + (share * sum(known.polarisation.resistances) * slowest) ** 2
        + (share * window.polarised / max(1, window.samples)) ** 2
    )
    lost = 1.0 if window.gap else 0.0
    grow = (
        traits.GAIN**2 * window.through + (traits.CAPACITY * moved) ** 2 + traits.BETWEEN * window.rough,
        traits.OFFSET_WANDER * time / 3600.0,
        (1.0 - gap * gap) * traits.GAP_SPREAD**2 + lost * traits.BLIND_PLACE**2,
        1.0 - curve * curve,
        *(0.0, 0.0, 0.0),
        (1.0 - relax * relax) * error + lost * traits.BLIND_RELAX**2,
    )
    return Drift(moved, time / 3600.0, (1.0, 1.0, gap, curve, 1.0, 1.0, 1.0, relax), grow)


def _noise(known: Charge) -> float:
    """Variance of a window's mean voltage, V²."""
    window, learned = known.window, known.polarisation
    count = window.samples
    now, fast, slow = (value / count for value in window.currents)
    white = traits.NOISE**2 + min(learned.residual, 0.02**2) + (traits.NOISE_SHARE * window.polarised / count) ** 2
    return (white + learned.variance((now, fast, slow))) * traits.INFLATION


def corrected(known: Charge, curve: Blend, kind: Traits) -> Charge:
    """The window closed: every guess moved, looked at the voltage, weighed, merged."""
    window = known.window
    by = _drift(known, kind.doubt_length)
    place = min(1.0, max(-1.0, known.place + traits.REVERSAL * window.moved))
    guesses = list(hypotheses.narrowed([hypotheses.drift(guess, by) for guess in known.guesses]))
    surprise = known.surprise
    if window.samples:
        looked = [
            hypotheses.correct(guess, curve, place, window.rest / window.samples, _noise(known)) for guess in guesses
        ]
        guesses, surprise = [guess for guess, _ in looked], min(missed for _, missed in looked)
    merged = hypotheses.merged(guesses)
    split = known.split or len(merged) <= _SPLIT_AT
    if split and not known.split:
        merged = tuple(part for guess in merged for part in _bad_shunts(guess))
    soc, sigma = hypotheses.moments(merged)
    shift = look(curve.middle, soc) - look(curve.middle, known.soc)
    return known._replace(
        soc=soc,
        sigma=sigma,
        guesses=merged,
        place=place,
        polarisation=polar.shifted(known.polarisation, shift),
        window=Window(),
        split=split,
        surprise=surprise,
    )


def _bad_shunts(guess: Guess) -> tuple[Guess, Guess, Guess]:
    """The guess with a good shunt, and with one that reads far too low or too high."""
    size, spread = traits.OFFSET_BAD
    more = spread**2 - traits.OFFSET**2
    row = guess.spread[1]
    wide = (guess.spread[0], (row[0], row[1] + more, *row[2:]), *guess.spread[2:])
    weight = guess.weight * traits.OFFSET_TAIL / 2.0
    low, high = ((*guess.mean[:1], guess.mean[1] + sign * size, *guess.mean[2:]) for sign in (-1.0, 1.0))
    good = guess._replace(weight=guess.weight * (1.0 - traits.OFFSET_TAIL))
    return Guess(weight, low, wide), good, Guess(weight, high, wide)


def doubted(known: Charge, kind: Traits, share: float) -> Charge:
    """The same with a share of the weight given to guesses all over the range: anything may have happened."""
    settled = max(known.guesses)
    mean = (0.0, 0.0, 0.0, *settled.mean[4:7], 0.0)
    fresh = [guess._replace(weight=guess.weight * share) for guess in seed(None, None, kind, 0.0)]
    fresh = [guess._replace(mean=(guess.mean[0], *mean)) for guess in fresh]
    kept = [guess._replace(weight=guess.weight * (1.0 - share)) for guess in known.guesses]
    merged = (*kept, *fresh)
    soc, sigma = hypotheses.moments(merged)
    return known._replace(soc=soc, sigma=sigma, guesses=merged, split=False)


def unshaped(known: Charge, kind: Traits) -> Charge:
    """The same where the curve has become another: what the guesses held against the old one is forgotten."""
    spread = (1.0, traits.SHAPE_SPREAD, traits.SHAPE_SPREAD, traits.SETTLE_SPREAD)
    means = (0.0, 0.0, 0.0, kind.settle)
    return known._replace(guesses=tuple([hypotheses.forgot(guess, 3, means, spread) for guess in known.guesses]))


def begin(
    told: tuple[float | None, float | None],
    kind: Traits,
    capacity: float,
    temperature: float,
    current: float,
    zero: Seen | None = None,
) -> Charge:
    """Before the first correction: told SOC and its sigma (None: not known), Ah, °C, A, the shunt's zero error."""
    guesses = seed(*told, kind, current / capacity, zero)
    soc, sigma = hypotheses.moments(guesses)
    learned = polar.start(kind.resistance, capacity, temperature, current)
    return Charge(soc, sigma, guesses, 0.0, learned, Window(), split=False)


__all__ = ["Blend", "Charge", "Curve", "begin", "corrected", "counted"]
