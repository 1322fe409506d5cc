"""The two contactors: open, pre_charge, closed, opening, latched; each change with its cause."""

from math import inf
from typing import NamedTuple

from tbms.model.snapshot import ContactorPhase
from tbms.settings.compiled import ContactorRules

CALM_CURRENT = 5.0  # A: a charger that gives so little has stopped (degradation table)
FUSE_TIME = 3.0  # s: above the breaking current the fuse is waited for, then it opens all the same
HOUR = 3600.0  # s: over which closings are counted
OPEN_TIME = 0.1  # s: a contactor without auxiliary contact counts as open after this long without its coil


class Contactor(NamedTuple):
    """Where one contactor is.

    since: when it came there, s; -inf: it has been so from the start. cause: why. allowed: since when it may close
    without a break, None if it may not. hold: how long that must last before it closes. tries: pre-charges in a row
    that failed. ending: since when a closed one waits for the current to fall, None if it does not. closings: when it
    closed, as far as it counts.
    """

    phase: ContactorPhase = ContactorPhase.OPEN
    since: float = -inf
    cause: str = "start: waiting for a full, valid set of measurements"
    allowed: float | None = None
    hold: float = 0.0
    tries: int = 0
    ending: float | None = None
    closings: tuple[float, ...] = ()


class Wish(NamedTuple):
    """What is wanted of a contactor now, and what is seen of it.

    permitted: it may be closed. latched: only a person may lift what forbids it. cause: why it may not be closed.
    live: there are switches; without (recorded data) it is taken to follow at once. powered: its loop is closed.
    pre_charge: it has a pre-charge relay. feedback: auxiliary contact. gap: pack less bus voltage, V, None if unknown.
    calm: no more current than a charged bus draws. current: A, None if unknown. grace: how long it may wait for the
    current to fall, s. blocked: why it may not close now though permitted, empty if it may. stopped: A, a charger that
    gives no more has stopped.
    """

    permitted: bool
    latched: bool
    cause: str
    live: bool
    powered: bool
    pre_charge: bool
    feedback: bool | None
    gap: float | None
    calm: bool
    current: float | None = None
    grace: float = 0.0
    blocked: str = ""
    stopped: float = CALM_CURRENT


def _to(contactor: Contactor, phase: ContactorPhase, now: float, cause: str, hold: float = 0.0) -> Contactor:
    closings = contactor.closings
    if phase is ContactorPhase.CLOSED:
        closings = (*[time for time in closings if now - time < HOUR], now)
    return Contactor(phase, now, cause, None, hold, contactor.tries, None, closings)


def _resting(contactor: Contactor, wish: Wish, now: float, slack: float) -> Contactor:
    """Open: closes when it has been permitted for its hold."""
    if not wish.permitted:
        if wish.latched:
            return _to(contactor, ContactorPhase.LATCHED, now, wish.cause)
        if contactor.allowed is None and contactor.cause == wish.cause:
            return contactor
        return contactor._replace(allowed=None, cause=wish.cause)
    if contactor.allowed is None:
        contactor = contactor._replace(allowed=now)
    if not wish.powered or (contactor.allowed is not None and now - contactor.allowed < contactor.hold - slack):
        return contactor
    if wish.blocked:
        return contactor if contactor.cause == wish.blocked else contactor._replace(cause=wish.blocked)
    if wish.pre_charge and wish.live:
        return _to(contactor, ContactorPhase.PRE_CHARGE, now, "permitted: charging the bus first")
    return _to(contactor, ContactorPhase.CLOSED, now, "permitted")


def _charging_bus(contactor: Contactor, wish: Wish, now: float, rules: ContactorRules, slack: float) -> Contactor:
    """Pre-charge: ends when bus and pack agree, or fails."""
    if not wish.permitted or wish.blocked:
        return _to(contactor, ContactorPhase.OPEN, now, wish.cause or wish.blocked, rules.reclose_delay)
    if wish.gap is not None and abs(wish.gap) < rules.pre_charge_voltage and wish.calm:
        closed = _to(contactor, ContactorPhase.CLOSED, now, f"bus within {abs(wish.gap):.2f} V of the pack")
        return closed._replace(tries=0)
    if now - contactor.since < rules.pre_charge_timeout - slack:
        return contactor
    missing = "bus voltage unknown" if wish.gap is None else f"bus {wish.gap:.1f} V below the pack"
    cause = f"pre-charge failed: {missing} after {rules.pre_charge_timeout:g} s; is a load switched on?"
    failed = _to(contactor, ContactorPhase.OPEN, now, cause, rules.pre_charge_lockout)
    return failed._replace(tries=contactor.tries + 1)


def _opening(contactor: Contactor, wish: Wish, now: float, rules: ContactorRules, slack: float) -> Contactor:
    """The coil is off: it waits for the auxiliary contact."""
    if wish.feedback or (wish.feedback is None and now - contactor.since < OPEN_TIME - slack):
        latched = wish.latched and now - contactor.since >= rules.feedback_delay - slack
        return _to(contactor, ContactorPhase.LATCHED, now, wish.cause) if latched else contactor
    if wish.latched:
        return _to(contactor, ContactorPhase.LATCHED, now, contactor.cause)
    return _to(contactor, ContactorPhase.OPEN, now, contactor.cause, rules.reclose_delay)


def _closed(contactor: Contactor, wish: Wish, now: float, slack: float, rules: ContactorRules) -> Contactor:
    """Closed: opens when it is not permitted, where allowed only once the current has fallen."""
    if wish.permitted:
        return contactor if contactor.ending is None else contactor._replace(ending=None)
    if not wish.live:
        after = ContactorPhase.LATCHED if wish.latched else ContactorPhase.OPEN
        return _to(contactor, after, now, wish.cause, rules.reclose_delay)
    ending = now if contactor.ending is None else contactor.ending
    patience, cause = _patience(wish, rules)
    if now - ending < patience - slack:
        return contactor if contactor.ending is not None else contactor._replace(ending=ending, cause=cause)
    return _to(contactor, ContactorPhase.OPENING, now, wish.cause)


def _patience(wish: Wish, rules: ContactorRules) -> tuple[float, str]:
    """How long to wait before opening, s, and why."""
    current = wish.current
    if current is None:
        return 0.0, ""
    if rules.breaking_current is not None and abs(current) > rules.breaking_current:
        return FUSE_TIME, f"{wish.cause}; {abs(current):.0f} A is more than it can break: waiting for the fuse"
    if wish.grace and current >= wish.stopped:
        return wish.grace, f"{wish.cause}; waiting for the charger to stop"
    return 0.0, ""


def advance(contactor: Contactor, wish: Wish, now: float, slack: float, rules: ContactorRules) -> Contactor:
    """The contactor after this moment; the same object when nothing changed. At most one change a step."""
    phase = contactor.phase
    if phase is ContactorPhase.CLOSED:
        return _closed(contactor, wish, now, slack, rules)
    if phase is ContactorPhase.OPEN:
        return _resting(contactor, wish, now, slack)
    if phase is ContactorPhase.PRE_CHARGE:
        return _charging_bus(contactor, wish, now, rules, slack)
    if phase is ContactorPhase.OPENING:
        return _opening(contactor, wish, now, rules, slack)
    if wish.latched:
        return contactor
    return _to(contactor, ContactorPhase.OPEN, now, wish.cause or "released by a person", rules.reclose_delay)


def release(contactor: Contactor, person: bool) -> Contactor:
    """Asked to close: without its hold, but never before the pause of a failed pre-charge; a person gives new tries."""
    hold = contactor.hold if contactor.tries else 0.0
    if person:
        return contactor._replace(hold=hold, tries=0, closings=())
    return contactor._replace(hold=hold)
