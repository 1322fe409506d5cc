"""New settings in a running core: what stands stays, and nothing opens only because a figure was changed."""

from dataclasses import replace

from tbms.core.manage.effects import effects
from tbms.core.manage.manage import Managed
from tbms.core.manage.ranges import Ranges, Run
from tbms.core.protect.limits import Entries, Watch, beyond
from tbms.core.protect.verdict import figure, verdict, where
from tbms.core.state import State
from tbms.model.fault import Ring
from tbms.model.limit import Limit, Protection
from tbms.settings.compiled import OutputRole, Settings
from tbms.settings.rules import Rules, Source


def reshaped(old: Settings, new: Settings) -> bool:
    """What the core's memory is made for differs: that begins anew, at a start (settings.change.AT_START)."""
    return _shape(old) != _shape(new)


def _shape(of: Settings) -> tuple[object, ...]:
    return of.chemistry, of.cells, of.capacity, of.ocv, of.period, of.temperature, of.contactors.common


def at_once(state: State, old: Settings, new: Settings) -> list[str]:
    """The cuts of new settings that the battery of this moment would trip though it does not trip the old ones."""
    if state.measured is None:
        return []
    before = {name(each): cut(each) for each in old.protections}
    found = (_trips(state, each, before.get(name(each))) for each in new.protections)
    return [sentence for sentence in found if sentence]


def _trips(state: State, protection: Protection, earlier: Limit | None) -> str:
    """What the worst place would trip, in words; empty where none would, or stands beyond the earlier cut already."""
    limit, unit = cut(protection), protection.unit
    if limit is None or not unit or state.measured is None:
        return ""
    values = state.measured.readings[protection.measure].values
    known = [(value, place) for place, value in enumerate(values) if value is not None]
    worst = (max if limit.above else min)(known, default=None)
    if worst is None or not beyond(limit, worst[0]) or (earlier is not None and beyond(earlier, worst[0])):
        return ""
    value, place = worst
    return (
        f"{protection.id}: {where(protection, place) or protection.words} stands at {figure(value, unit)}, beyond the "
        f"cut of {figure(limit.threshold, unit)}; a contactor would open at once"
    )


def cut(protection: Protection) -> Limit | None:
    """The limit that opens a contactor; None where there is none."""
    forbids = protection.forbids_charge or protection.forbids_discharge
    return dict(protection.rings).get(Ring.CUT) if forbids else None


def adopt(state: State, old: Settings, new: Settings) -> State:
    """The state under new settings: what counts, stands or is latched goes on wherever it still has a meaning.

    old and new must have the same shape.
    """
    watches = _carried(state.watches, old.protections, new.protections)
    overrides = tuple(
        override if _same_duty(before, after) else None
        for override, before, after in zip(state.overrides, old.outputs, new.outputs, strict=True)
    )
    return state._replace(
        watches=watches,
        verdict=verdict(new.protections, watches, state.limp is not None),
        overrides=overrides,
        relays=state.relays._replace(due=state.clock, boot=old.outputs != new.outputs),  # decided anew in the next step
        managed=_managed(state.managed, old, new),
        checked=0,
    )


def _same_duty(before: OutputRole, after: OutputRole) -> bool:
    """An output is still the one that a person has switched by hand."""
    return (before.name, before.role) == (after.name, after.role)


def _carried(watches: tuple[Watch, ...], old: tuple[Protection, ...], new: tuple[Protection, ...]) -> tuple[Watch, ...]:
    """The watch of each new protection: the entries of every ring that it still has."""
    known = {name(each): (each, watch) for each, watch in zip(old, watches, strict=True) if watch is not None}
    return tuple(_rings(*known[name(each)], each) if name(each) in known else None for each in new)


def name(protection: Protection) -> tuple[str, int, bool, bool]:
    """What makes two protections the same: one fault may be judged by several measures, and forbid in several ways."""
    return protection.id, protection.measure, protection.forbids_charge, protection.forbids_discharge


def _rings(before: Protection, watch: Watch, after: Protection) -> Watch:
    entries: dict[Ring, Entries] = {ring: kept for (ring, _), kept in zip(before.rings, watch or (), strict=True)}
    rings = tuple(entries.get(ring, ()) for ring, _ in after.rings)
    return rings if any(rings) else None


def _managed(state: Managed, old: Settings, new: Settings) -> Managed:
    """A range that still has its name goes on in its stage; its conditions too, where they are the same."""
    known = {name: place for place, name in enumerate(old.rules.names())}
    runs: list[Run] = []
    watches: list[Watch] = []
    for rule, called in zip(new.rules.ranges, new.rules.names(), strict=True):
        place = known.get(called)
        runs.append(Run() if place is None else state.ranges.runs[place])
        first, last = (0, 0) if place is None else (old.rules.ranges[place].first, old.rules.ranges[place].last)
        same = _conditions(old.rules, first, last) == _conditions(new.rules, rule.first, rule.last)
        watches += state.ranges.watches[first:last] if same else [None] * (rule.last - rule.first)
    kept = tuple(runs)
    return state._replace(ranges=Ranges(tuple(watches), kept), effects=effects(new.rules, kept))


def _conditions(rules: Rules, first: int, last: int) -> list[tuple[Source, Protection]]:
    """What some conditions look at and where they begin and end; the place of a source means nothing by itself."""
    return [(rules.sources[each.measure], replace(each, measure=0)) for each in rules.limits[first:last]]
