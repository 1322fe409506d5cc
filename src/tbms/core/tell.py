"""Events: every transition with its cause, in words."""

from typing import TypedDict

from tbms.core.measure.measured import Measured
from tbms.core.protect.contactors import Contactor
from tbms.core.protect.limits import Change
from tbms.core.protect.verdict import figure, where, words
from tbms.model.command import Command
from tbms.model.event import Event, EventKind, Phase
from tbms.model.fault import Fault, Ring, Severity
from tbms.model.limit import Measure, Place
from tbms.model.snapshot import ContactorPhase


def fault(change: Change, measured: Measured) -> Event:
    """A ring came or went at one place."""
    protection, entry = change.protection, change.entry
    ring, limit = protection.rings[change.ring]
    severity = Severity.ALARM if ring is Ring.CUT else Severity.WARNING
    number = entry.place + 1
    return Event(
        measured.time,
        measured.timestamp,
        EventKind.FAULT,
        protection.id,
        Phase.CAME if change.came else Phase.WENT,
        severity if change.came else Severity.INFO,
        cell=number if protection.place is Place.CELL else None,
        value=(entry.value if change.value is None else change.value) if protection.unit else None,
        limit=(limit.threshold if change.came else limit.release) if protection.unit else None,
        unit=protection.unit,
        cause=words(protection, change.ring, entry) + _guard(change, measured) if change.came else _went(change),
        ring=ring,
    )


def _guard(change: Change, measured: Measured) -> str:
    """What a node's own guard says about a loop that it opened."""
    place = change.entry.place
    if change.protection.measure not in (Measure.CHARGE_LOOP, Measure.DISCHARGE_LOOP) or place >= len(measured.nodes):
        return ""
    names = measured.nodes[place].guard
    return f" ({', '.join(names)})" if names else ""


def _went(change: Change) -> str:
    """'cell 3 3.44 V ≤ 3.45 V for 5.0 s', or who cleared it."""
    protection, limit = change.protection, change.protection.rings[change.ring][1]
    subject = where(protection, change.entry.place) or protection.words
    if change.by:
        return f"{subject}: cleared by {change.by}"
    if not protection.unit or change.value is None:
        return f"{subject}: well for {limit.release_delay:.1f} s"
    sign = "≤" if limit.above else "≥"
    shown = f"{figure(change.value, protection.unit)} {sign} {figure(limit.release, protection.unit)}"
    return f"{subject} {shown} for {limit.release_delay:.1f} s"


def contactor(name: str, before: Contactor, after: Contactor, measured: Measured, why: Fault | None) -> Event:
    """A contactor changed its phase; why: the fault that decided, None where none did."""
    alarm = before.phase is ContactorPhase.CLOSED or after.phase is ContactorPhase.LATCHED
    return Event(
        measured.time,
        measured.timestamp,
        EventKind.CONTACTOR,
        name,
        Phase.CHANGED,
        Severity.ALARM if alarm else Severity.INFO,
        value=str(after.phase),
        cause=f"{before.phase} -> {after.phase} ({after.cause})",
        **_decided(why),
    )


def limp_ended(measured: Measured) -> Event:
    """What the master holds against the loads counts again."""
    cause = "limp home has ended: every limit counts again"
    return Event(
        *(measured.time, measured.timestamp, EventKind.COMMAND, "limp_home", Phase.WENT, Severity.WARNING), cause=cause
    )


class _Fields(TypedDict, total=False):
    rule: str
    cell: int | None
    figure: float | None
    limit: float | None
    unit: str


def _decided(why: Fault | None) -> _Fields:
    """The fault that decided, as fields of an event."""
    if why is None:
        return {}
    return {"rule": why.id, "cell": why.cell, "figure": why.value, "limit": why.limit, "unit": why.unit}


def output(number: int, on: bool, cause: str, measured: Measured, why: Fault | None) -> Event:
    """An output was switched; number from 1; why: as for a contactor."""
    return Event(
        measured.time,
        measured.timestamp,
        EventKind.OUTPUT,
        f"output_{number}",
        Phase.CHANGED,
        Severity.INFO,
        value="on" if on else "off",
        cause=cause,
        **_decided(why),
    )


def command(asked: Command, answer: str, measured: Measured) -> Event:
    """A command was carried out, or why it was refused."""
    who = asked.who or "somebody"
    return Event(
        measured.time,
        measured.timestamp,
        EventKind.COMMAND,
        str(asked.kind),
        Phase.CHANGED,
        Severity.INFO,
        value=asked.value or None,
        cause=f"{who}: {answer}",
    )
