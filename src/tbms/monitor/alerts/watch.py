"""What must be told now: faults that came, stand unacknowledged, or went; a pure function of state and time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tbms.monitor.alerts.book import Book, Rule

Severity = Literal["warning", "alarm"]
GONE = 60.0  # s a fault must stay away to be told as over: one that flickers is one fault
SILENT = 60.0  # s without the master after which that is an alarm of its own
MOST = 100  # faults that are followed at once
SILENCE = "silence"
"""Key of the alarm that the master is silent."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A fault that stands. fault: as in the snapshot. since: UTC, s. told: when each receiver was told last, UTC, s.

    gone: since when it stands no more, None while it does. escalated: the second receivers have been told.
    """

    fault: dict[str, Any]
    severity: Severity
    since: float
    told: dict[str, float] = field(default_factory=dict)
    gone: float | None = None
    escalated: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing one receiver is to be told. kind: came, again, escalated or over."""

    receiver: str
    kind: Literal["came", "again", "escalated", "over"]
    standing: Standing


@dataclass(frozen=True, slots=True)
class Seen:
    """What the monitor sees. now: UTC, s. minute: of the local day. silent: s without the master, None when live."""

    now: float
    minute: int
    snapshot: Mapping[str, Any] | None
    silent: float | None = None


def key(fault: Mapping[str, Any]) -> str:
    """What makes two faults the same one."""
    return f"{fault['id']}/{fault.get('cell') or ''}/{fault.get('node') or ''}"


def look(known: Mapping[str, Standing], seen: Seen, book: Book) -> tuple[dict[str, Standing], list[Notice]]:
    """The faults that stand after this look, and what is to be told to whom."""
    standing = _followed(known, seen)
    notices: list[Notice] = []
    after: dict[str, Standing] = {}
    acknowledged = bool(seen.snapshot and seen.snapshot.get("acknowledged")) and seen.silent is None
    for name, each in standing.items():
        if seen.silent is None and each.gone is not None and seen.now - each.gone >= GONE:
            notices += [Notice(receiver, "over", each) for receiver in each.told if book.receiver(receiver)]
            continue
        after[name] = each if each.gone is not None else _told(each, seen, book, acknowledged, notices)
    return after, notices


def _followed(known: Mapping[str, Standing], seen: Seen) -> dict[str, Standing]:
    """What stood, what came and what went; of what cannot be seen nothing is said."""
    after, present = dict(known), _now(seen)
    for name, (fault, severity, since) in present.items():
        before = after.get(name)
        if before is None and len(after) < MOST:
            after[name] = Standing(fault, severity, since)
        elif before is not None:
            worse = severity == "alarm" and before.severity == "warning"
            after[name] = Standing(fault, severity, before.since) if worse else replace(before, fault=fault, gone=None)
    if seen.silent is not None:
        return after
    return {
        name: each if name in present or each.gone is not None else replace(each, gone=seen.now)
        for name, each in after.items()
    }


def _now(seen: Seen) -> dict[str, tuple[dict[str, Any], Severity, float]]:
    """The faults of this moment: as told, how serious, since when."""
    if seen.silent is not None:
        late = seen.silent >= SILENT
        return {SILENCE: ({"id": SILENCE}, "alarm", seen.now - seen.silent)} if late else {}
    snapshot = seen.snapshot or {}
    found: dict[str, tuple[dict[str, Any], Severity, float]] = {}
    for fault in snapshot.get("faults") or ():
        age = max(0.0, snapshot.get("time", 0.0) - fault.get("since", 0.0))
        found[key(fault)] = (dict(fault), "alarm" if fault.get("ring") == "cut" else "warning", seen.now - age)
    return found


def _told(each: Standing, seen: Seen, book: Book, acknowledged: bool, notices: list[Notice]) -> Standing:
    """The fault after everybody has been told who must be told now."""
    for rule in book.rules:
        if rule.severity == "alarm" and each.severity != "alarm":
            continue
        waits = each.severity == "warning" and quiet(book, seen.minute)
        for receiver in () if waits else rule.receivers:
            kind = _kind(each.told.get(receiver), rule, seen.now, acknowledged)
            if kind:
                each = _noted(each, receiver, kind, seen.now, notices)
        if _escalates(each, rule, seen.now, acknowledged):
            for receiver in rule.escalate_to:
                each = _noted(each, receiver, "escalated", seen.now, notices)
            each = replace(each, escalated=True)
    return each


def _kind(told: float | None, rule: Rule, now: float, acknowledged: bool) -> Literal["came", "again"] | None:
    if told is None:
        return "came"
    again = rule.repeat is not None and not acknowledged and now - told >= rule.repeat
    return "again" if again else None


def _escalates(each: Standing, rule: Rule, now: float, acknowledged: bool) -> bool:
    if rule.escalate_after is None or each.escalated or acknowledged or not each.told:
        return False
    return now - each.since >= rule.escalate_after


def _noted(
    each: Standing,
    receiver: str,
    kind: Literal["came", "again", "escalated"],
    now: float,
    notices: list[Notice],
) -> Standing:
    notices.append(Notice(receiver, kind, each))
    return replace(each, told={**each.told, receiver: now})


def quiet(book: Book, minute: int) -> bool:
    """Whether a minute of the local day lies in the quiet hours, which may span midnight."""
    if book.quiet is None:
        return False
    begin, end = (_minutes(time) for time in (book.quiet.begin, book.quiet.end))
    return begin <= minute < end if begin <= end else minute >= begin or minute < end


def _minutes(text: str) -> int:
    return 60 * int(text[:2]) + int(text[3:])


def joined(notices: Iterable[Notice]) -> dict[str, list[Notice]]:
    """By receiver: what comes at once is one message."""
    found: dict[str, list[Notice]] = {}
    for notice in notices:
        found.setdefault(notice.receiver, []).append(notice)
    return found
