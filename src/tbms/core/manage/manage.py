"""Everything that is wished within what protection permits: ranges, charging, balancing; one step of all of them."""

from typing import NamedTuple

from tbms.core.manage import balance, charge_cycle, ranges
from tbms.core.manage.balance import Balancing
from tbms.core.manage.charge_cycle import Charging
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
    charging: Charging
    balancing: Balancing
    effects: Effects = IDLE


def initial(settings: Settings) -> Managed:
    """At a boot."""
    return Managed(ranges.initial(settings.rules), charge_cycle.initial(settings), balance.initial(settings))


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


def _ranges(state: Managed, scene: Scene, settings: Settings, events: list[Event]) -> tuple[Ranges, Effects]:
    """The ranges after this moment, and what they add up to."""
    rules, before = settings.rules, state.ranges
    if not rules.ranges:
        return before, state.effects
    after = ranges.advance(before, scene, settings.period / 2, rules)
    if after.runs is before.runs:
        return after, state.effects
    for number, (rule, old, new) in enumerate(zip(rules.ranges, before.runs, after.runs, strict=True), 1):
        if old.stage is not new.stage:
            events.append(_told(number, rule, old, new, scene))
    return after, effects(rules, after.runs)


def advance(state: Managed, scene: Scene, settings: Settings, events: list[Event]) -> Managed:
    """Management after this moment; the same object when nothing changed. Events are added to the list."""
    after, total = _ranges(state, scene, settings, events)
    charging = charge_cycle.advance(state.charging, scene, total.profile, settings, events)
    balancing = balance.advance(state.balancing, scene, settings, events)
    if after is state.ranges and charging is state.charging and balancing is state.balancing:
        return state
    return Managed(after, charging, balancing, total)


def quiet(before: Managed, after: Managed) -> bool:
    """Nothing of it that drives a switch has changed."""
    return before is after or (
        before.effects is after.effects
        and before.charging.resting == after.charging.resting
        and before.balancing.words is after.balancing.words
    )


def louder(before: Managed, after: Managed, settings: Settings) -> bool:
    """A range with an alarm has begun: what was acknowledged before sounds again."""
    if before.effects is after.effects:
        return False
    runs = zip(settings.rules.ranges, before.ranges.runs, after.ranges.runs, strict=True)
    return any(rule.alarm != "none" and ranges.active(new) and not ranges.active(old) for rule, old, new in runs)
