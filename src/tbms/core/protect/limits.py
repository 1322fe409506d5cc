"""The one mechanism: threshold, delay, release, hold and latch, for every place of every measure.

A protection that stands well inside its first ring costs one comparison: its watch is None. Beyond it, every ring
keeps one entry for each place that is counting, tripped or remembered; entries that do not change stay the same object.
"""

from typing import NamedTuple

from tbms.core.measure.reading import Reading
from tbms.model.limit import RETRIES, Latch, Limit, Protection

FORGET = 600.0  # s without a new trip after which used-up retries count no more (ten times the hold of a retry)


class Entry(NamedTuple):
    """One place in one ring.

    place: from 0. value: the newest beyond the threshold. crossed: when it went beyond, None if it is not.
    tripped: when the delay was over, None while counting. safe: since when it is at release without a break, or, for
    a remembered entry, when it cleared. tries: how often it has tripped. latched: only a person clears it.
    """

    place: int
    value: float
    crossed: float | None
    tripped: float | None = None
    safe: float | None = None
    tries: int = 0
    latched: bool = False


Entries = tuple[Entry, ...]
Watch = tuple[Entries, ...] | None
"""The entries of each ring of a protection; None when every ring is idle."""


class Change(NamedTuple):
    """A ring of a protection came or went at one place. value: what was measured then, None if unknown."""

    protection: Protection
    ring: int
    entry: Entry
    value: float | None
    came: bool
    by: str = ""


class Moment(NamedTuple):
    """When and how is judged: s; slack: half a period, by which delays may be short; charging: net, as measured."""

    now: float
    slack: float
    charging: bool


def beyond(limit: Limit, value: float) -> bool:
    """Strictly on the bad side of the threshold."""
    return value > limit.threshold if limit.above else value < limit.threshold


def released(limit: Limit, value: float) -> bool:
    """At the release or on its good side."""
    return value <= limit.release if limit.above else value >= limit.release


def _at(limit: Limit, reading: Reading, place: int) -> float | None:
    """Value of one place; a single value stands for every place, and one that stands in never calms."""
    values = reading.values
    if place >= len(values):
        return values[0] if values else None
    value = values[place]
    if place in reading.guessed and value is not None and not beyond(limit, value):
        return None
    return value


def _trip(limit: Limit, entry: Entry, value: float | None, now: float) -> Entry:
    tries = entry.tries + 1
    latched = limit.latch in (Latch.PERSON, Latch.INSTALLER) or (limit.latch is Latch.RETRIES and tries > RETRIES)
    seen = entry.value if value is None else value
    return entry._replace(value=seen, tripped=now, safe=None, tries=tries, latched=latched)


def _counting(limit: Limit, entry: Entry, value: float | None, moment: Moment) -> Entry | None:
    """An entry that has not tripped: what is unknown counts as still beyond, so that it cannot reset a delay."""
    if (value is None and not limit.pauses) or (value is not None and beyond(limit, value)):
        crossed = moment.now if entry.crossed is None and value is not None else entry.crossed
        if crossed is None:
            return entry
        if moment.now - crossed >= limit.delay - moment.slack:
            return _trip(limit, entry._replace(crossed=crossed), value, moment.now)
        return entry if crossed is entry.crossed else entry._replace(crossed=crossed)
    if not entry.tries:
        return None
    if entry.crossed is not None or entry.safe is None:
        return entry._replace(crossed=None, safe=moment.now)
    return None if moment.now - entry.safe >= FORGET else entry


def _standing(limit: Limit, entry: Entry, value: float | None, moment: Moment) -> Entry | None:
    """A tripped entry: it clears after its hold; what is unknown, or not fresh, starts the hold again."""
    if entry.latched:
        return entry
    if value is None or not released(limit, value) or (limit.needs_charging and not moment.charging):
        return entry if entry.safe is None else entry._replace(safe=None)
    safe = moment.now if entry.safe is None else entry.safe
    if moment.now - safe < limit.release_delay - moment.slack:
        return entry if safe is entry.safe else entry._replace(safe=safe)
    if limit.latch is Latch.RETRIES:
        return entry._replace(crossed=None, tripped=None, safe=moment.now)
    return None


def _advance(limit: Limit, entry: Entry, value: float | None, moment: Moment) -> Entry | None:
    judge = _counting if entry.tripped is None else _standing
    return judge(limit, entry, value, moment)


def _ring(
    protection: Protection, ring: int, entries: Entries, reading: Reading, moment: Moment, changes: list[Change]
) -> Entries:
    """The entries of one ring after this reading, the same object when nothing changed."""
    limit = protection.rings[ring][1]
    extreme = reading.highest if limit.above else reading.lowest
    crossing = extreme is not None and beyond(limit, extreme)
    if not entries and not crossing:
        return entries
    kept: list[Entry] = []
    for entry in entries:
        value = _at(limit, reading, entry.place)
        after = _advance(limit, entry, value, moment)
        was, now = entry.tripped is not None, after is not None and after.tripped is not None
        if was is not now:
            changes.append(Change(protection, ring, after if now and after else entry, value, now))
        if after is not None:
            kept.append(after)
    if crossing:
        places = {entry.place for entry in entries}
        for place, value in enumerate(reading.values):
            if value is not None and beyond(limit, value) and place not in places:
                after = _counting(limit, Entry(place, value, moment.now), value, moment)
                if after is not None and after.tripped is not None:
                    changes.append(Change(protection, ring, after, value, True))
                kept += [after] if after is not None else []
    same = len(kept) == len(entries) and all(map(_is, kept, entries))
    return entries if same else tuple(kept)


def _is(one: Entry, other: Entry) -> bool:
    return one is other


def _watch(protection: Protection, watch: Watch, reading: Reading, moment: Moment, changes: list[Change]) -> Watch:
    before = watch if watch is not None else ((),) * len(protection.rings)
    after = tuple(_ring(protection, ring, entries, reading, moment, changes) for ring, entries in enumerate(before))
    if not any(after):
        return None
    return before if watch is not None and all(map(_same, after, before)) else after


def _same(one: Entries, other: Entries) -> bool:
    return one is other


def judge(
    protections: tuple[Protection, ...], watches: tuple[Watch, ...], readings: tuple[Reading, ...], moment: Moment
) -> tuple[tuple[Watch, ...], list[Change]]:
    """Every protection against its reading: the new watches (the same object when nothing changed) and what changed."""
    changes: list[Change] = []
    fresh: list[Watch] | None = None
    for index, protection in enumerate(protections):
        reading = readings[protection.measure]
        watch = watches[index]
        if watch is None:
            above = protection.above
            extreme = reading.highest if above else reading.lowest
            if extreme is None or (extreme <= protection.outermost if above else extreme >= protection.outermost):
                continue
        after = _watch(protection, watch, reading, moment, changes)
        if after is not watch:
            if fresh is None:
                fresh = list(watches)
            fresh[index] = after
    return watches if fresh is None else tuple(fresh), changes


def restart_holds(watches: tuple[Watch, ...]) -> tuple[Watch, ...]:
    """All holds begun anew: across a gap nobody knows whether a value stayed at its release."""
    if not any(watches):
        return watches
    return tuple(
        watch
        and tuple(
            tuple(e if e.tripped is None or e.safe is None else e._replace(safe=None) for e in es) for es in watch
        )
        for watch in watches
    )


class Clearing(NamedTuple):
    """A person at the panel who clears what may be cleared. installer: and knows what only installers do."""

    who: str
    installer: bool = False


def clear(
    protections: tuple[Protection, ...], watches: tuple[Watch, ...], readings: tuple[Reading, ...], by: Clearing
) -> tuple[tuple[Watch, ...], list[Change]]:
    """What a person at the panel may clear: latched and retrying cuts, and cuts that wait for charging.

    Only where the value is known and no longer beyond the threshold.
    """
    changes: list[Change] = []
    after: list[Watch] = []
    for protection, watch in zip(protections, watches, strict=True):
        if watch is None:
            after.append(watch)
            continue
        reading = readings[protection.measure]
        rings = tuple(_cleared(protection, ring, entries, reading, by, changes) for ring, entries in enumerate(watch))
        after.append(rings if any(rings) else None)
    return tuple(after), changes


def _cleared(
    protection: Protection, ring: int, entries: Entries, reading: Reading, by: Clearing, changes: list[Change]
) -> Entries:
    limit = protection.rings[ring][1]
    if limit.latch is Latch.OFF and not limit.needs_charging:
        return entries
    if limit.latch is Latch.INSTALLER and not by.installer:
        return entries
    kept = []
    for entry in entries:
        value = _at(limit, reading, entry.place)
        if value is None or beyond(limit, value):
            kept.append(entry)
        elif entry.tripped is not None:
            changes.append(Change(protection, ring, entry, value, False, by.who))
    return tuple(kept)
