"""The two contactors: open, pre_charge, closed, opening, latched; each change with its cause."""

from typing import NamedTuple

from tbms.model.snapshot import ContactorPhase
from tbms.settings.compiled import ContactorRules

OPEN_TIME = 0.1  # s: a contactor without auxiliary contact counts as open after this long without its coil


class Contactor(NamedTuple):
    """Where one contactor is.

    since: when it came there, s. cause: why. allowed: since when it may close without a break, None if it may not.
    hold: how long that must last before it closes. tries: pre-charges in a row that failed.
    """

    phase: ContactorPhase = ContactorPhase.OPEN
    since: float = 0.0
    cause: str = "start: waiting for a full, valid set of measurements"
    allowed: float | None = None
    hold: float = 0.0
    tries: int = 0


class Wish(NamedTuple):
    """What is wanted of a contactor now, and what is seen of it.

    permitted: it may be closed. latched: only a person may lift what forbids it. cause: why it may not be closed.
    live: there are switches; without (recorded data) it is taken to follow at once. powered: its loop is closed.
    pre_charge: it has a pre-charge relay. feedback: auxiliary contact. gap: pack less bus voltage, V, None if unknown.
    calm: no more current than a charged bus draws.
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


def _to(contactor: Contactor, phase: ContactorPhase, now: float, cause: str, hold: float = 0.0) -> Contactor:
    return Contactor(phase, now, cause, None, hold, contactor.tries)


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
    if wish.pre_charge and wish.live:
        return _to(contactor, ContactorPhase.PRE_CHARGE, now, "permitted: charging the bus first")
    return _to(contactor, ContactorPhase.CLOSED, now, "permitted")


def _charging_bus(contactor: Contactor, wish: Wish, now: float, rules: ContactorRules, slack: float) -> Contactor:
    """Pre-charge: ends when bus and pack agree, or fails."""
    if not wish.permitted:
        return _to(contactor, ContactorPhase.OPEN, now, wish.cause, rules.reclose_delay)
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


def advance(contactor: Contactor, wish: Wish, now: float, slack: float, rules: ContactorRules) -> Contactor:
    """The contactor after this moment; the same object when nothing changed. At most one change a step."""
    phase = contactor.phase
    if phase is ContactorPhase.CLOSED:
        if wish.permitted:
            return contactor
        if wish.live:
            return _to(contactor, ContactorPhase.OPENING, now, wish.cause)
        after = ContactorPhase.LATCHED if wish.latched else ContactorPhase.OPEN
        return _to(contactor, after, now, wish.cause, rules.reclose_delay)
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
    return contactor._replace(hold=hold, tries=0 if person else contactor.tries)
