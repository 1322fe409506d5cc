"""Everything that is wished within what protection permits: ranges, charging, balancing; one step of all of them."""

from typing import NamedTuple

from tbms.core.manage import ranges
from tbms.core.manage.effects import IDLE, Effects, effects
from tbms.core.manage.ranges import Ranges, Run, Stage
from tbms.core.manage.scene import Scene
from tbms.model.event import Event, EventKind, Phase
from tbms.model.fault import Severity
from tbms.settings.compiled import Settings
from tbms.settings.rules import RangeRule


class Managed(NamedTuple):
    """What management remembers. effects: of the ranges, the same object while none of them changes."""

    ranges: Ranges
    effects: Effects = IDLE


def initial(settings: Settings) -> Managed:
    """At a boot."""
    return Managed(ranges.initial(settings.rules))


def _told(number: int, rule: RangeRule, before: Run, after: Run, scene: Scene) -> Event:
    """A range began, went on to its next stage, or ended; number from 1."""
    phase = {Stage.OFF: Phase.WENT}.get(after.stage, Phase.CHANGED)
    severity = {"alarm": Severity.ALARM, "warning": Severity.WARNING}.get(rule.alarm, Severity.INFO)
    began = before.stage is Stage.OFF
    stage = str(after.stage).replace("_", " ")
    return Event(
        scene.measured.time,
        scene.measured.timestamp,
        EventKind.RANGE,
        f"range_{number}",
        Phase.CAME if began else phase,
        severity if began else Severity.INFO,
        value=stage,
        cause=f"{rule.name}: {after.cause}",
    )


def advance(state: Managed, scene: Scene, settings: Settings, events: list[Event]) -> Managed:
    """Management after this moment; the same object when nothing changed. Events are added to the list."""
    rules, before = settings.rules, state.ranges
    if not rules.ranges:
        return state
    after = ranges.advance(before, scene, settings.period / 2, rules)
    if after is before:
        return state
    if after.runs is before.runs:
        return state._replace(ranges=after)
    for number, (rule, old, new) in enumerate(zip(rules.ranges, before.runs, after.runs, strict=True), 1):
        if old.stage is not new.stage:
            events.append(_told(number, rule, old, new, scene))
    return state._replace(ranges=after, effects=effects(rules, after.runs))
