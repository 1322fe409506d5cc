"""The owner's ranges: conditions are limits like any other; what they add up to starts and stops a run."""

from enum import StrEnum
from math import inf
from typing import NamedTuple

from tbms.core.manage import words
from tbms.core.manage.scene import DAY, Scene, read, within
from tbms.core.measure.reading import Reading
from tbms.core.protect.limits import Change, Moment, Watch, judge, restart_holds
from tbms.model.limit import Protection
from tbms.settings.rules import RangeRule, Rules


class Stage(StrEnum):
    """Where a range is."""

    OFF = "off"
    WARM_UP = "warm_up"
    ON = "on"
    COOL_DOWN = "cool_down"


class Run(NamedTuple):
    """One range at work.

    since: when this stage began. started: when the run began; both s, on the core's clock. rested: when it last ended,
    or when counting towards an exercise began. cause: why it is there. exercise: nothing but time asks for this run.
    """

    stage: Stage = Stage.OFF
    since: float = -inf
    started: float = -inf
    rested: float | None = None
    cause: str = "its conditions do not hold"
    exercise: bool = False


class Ranges(NamedTuple):
    """All ranges.

    watches: of every condition. runs: of every range. due: clock at which one of them must be looked at again, s.
    quiet: quiet hours, None while the wall clock is not set. unknown: places of the sources that were unknown.
    """

    watches: tuple[Watch, ...]
    runs: tuple[Run, ...]
    due: float = -inf
    quiet: bool | None = None
    unknown: tuple[int, ...] = ()


class Asked(NamedTuple):
    """What the conditions of one range say now. lost: one of them is unknown, and that ends a run at once."""

    wanted: bool
    cause: str
    lost: bool


def initial(rules: Rules) -> Ranges:
    """At a boot: nothing runs, nothing counts."""
    return Ranges((None,) * len(rules.limits), (Run(),) * len(rules.ranges))


def _held(before: tuple[Watch, ...], after: tuple[Watch, ...], rules: Rules, gone: frozenset[int]) -> tuple[Watch, ...]:
    """Conditions whose measure is unknown neither count on nor trip: dropped where unknown means off, else kept."""
    watches = list(after)
    for rule in rules.ranges:
        for place in range(rule.first, rule.last):
            if rules.limits[place].measure in gone:
                watches[place] = before[place] if rule.unknown == "hold" else None
    same = all(one is other for one, other in zip(watches, before, strict=True))
    return before if same else tuple(watches)


def _stands(watch: Watch) -> bool:
    return watch is not None and any(entry.tripped is not None for entry in watch[0])


def _asked(
    rule: RangeRule, limits: tuple[Protection, ...], watches: tuple[Watch, ...], readings: tuple[Reading, ...]
) -> Asked:
    """Its conditions joined; the cause names those that decided."""
    hold, miss, lost = [], [], False
    for place in range(rule.first, rule.last):
        limit, watch = limits[place], watches[place]
        value = readings[limit.measure].highest
        if value is None and rule.unknown == "on":
            hold.append(f"{limit.words} unknown")
        elif watch is not None and _stands(watch):
            hold.append(words.began(limit, watch[0][0]))
        else:
            lost = lost or value is None
            miss.append(words.ended(limit, value))
    wanted = not miss if rule.every else bool(hold)
    return Asked(wanted, " and ".join(hold if wanted else miss), lost and not wanted and rule.unknown == "off")


def _exercise(rule: RangeRule, run: Run, quiet: bool | None, now: float) -> bool:
    """It has rested too long, and nobody sleeps."""
    if rule.exercise_every is None or quiet is not False:
        return False
    return now - (run.rested or 0.0) >= rule.exercise_every


def _resting(rule: RangeRule, run: Run, asked: Asked, now: float, slack: float, quiet: bool | None) -> Run:
    if now - run.since < rule.minimum_off - slack:
        return run
    exercise = not asked.wanted and _exercise(rule, run, quiet, now)
    if not asked.wanted and not exercise:
        return run
    days = (rule.exercise_every or 0.0) / DAY
    cause = f"exercise: no run for {days:g} days" if exercise else asked.cause
    return Run(Stage.WARM_UP if rule.warm_up else Stage.ON, now, now, now, cause, exercise)


def _ends(rule: RangeRule, run: Run, asked: Asked, now: float, slack: float) -> str:
    """Why a run ends now; empty while it goes on."""
    ran = now - run.started
    if asked.lost and not run.exercise:
        return asked.cause
    if rule.maximum_on is not None and ran >= rule.maximum_on - slack:
        return f"ran for {rule.maximum_on:g} s, the longest allowed"
    if asked.wanted or ran < rule.minimum_on - slack:
        return ""
    if run.exercise:
        return "exercise ended" if ran >= rule.exercise_time - slack else ""
    return asked.cause


def _running(rule: RangeRule, run: Run, asked: Asked, now: float, slack: float) -> Run:
    cause = _ends(rule, run, asked, now, slack)
    if cause:
        cool = rule.cool_down and run.stage is Stage.ON
        return run._replace(stage=Stage.COOL_DOWN if cool else Stage.OFF, since=now, rested=now, cause=cause)
    if run.stage is Stage.WARM_UP and now - run.since >= rule.warm_up - slack:
        return run._replace(stage=Stage.ON, since=now)
    return run


def _advance(rule: RangeRule, run: Run, asked: Asked, now: float, slack: float, quiet: bool | None) -> Run:
    """One range after this moment; the same object when nothing changed."""
    if run.stage is Stage.OFF:
        run = run if run.rested is not None else run._replace(rested=now)
        return _resting(rule, run, asked, now, slack, quiet)
    if run.stage is Stage.COOL_DOWN:
        over = now - run.since >= rule.cool_down - slack
        return run._replace(stage=Stage.OFF, since=now, rested=now) if over else run
    return _running(rule, run, asked, now, slack)


def _due(rule: RangeRule, run: Run, clock: float) -> float:
    """When time alone may change this range next, s; what has passed asks for nothing by itself."""
    times = [run.since + rule.minimum_off] if run.stage is Stage.OFF else [run.started + rule.minimum_on]
    if run.stage is Stage.OFF and rule.exercise_every is not None:
        times.append((run.rested or 0.0) + rule.exercise_every)
    elif run.stage is Stage.COOL_DOWN:
        times.append(run.since + rule.cool_down)
    elif run.stage is not Stage.OFF:
        times += [run.since + rule.warm_up, run.started + (rule.exercise_time if run.exercise else 0.0)]
        times.append(inf if rule.maximum_on is None else run.started + rule.maximum_on)
    return min([time for time in times if time > clock], default=inf)


class Look(NamedTuple):
    """What ranges see of one moment. clock: of the core, s. midnight: as in Scene. fresh: no gap lies before it.

    readings: one for each source.
    """

    clock: float
    midnight: float | None
    fresh: bool
    readings: tuple[Reading, ...]


def advance(state: Ranges, scene: Scene, slack: float, rules: Rules) -> Ranges:
    """All ranges after this moment; the same object when nothing changed."""
    look = Look(scene.clock, scene.midnight, scene.measured.fresh, read(scene, rules.sources))
    return follow(state, look, slack, rules)


def follow(state: Ranges, look: Look, slack: float, rules: Rules) -> Ranges:
    """All ranges after such a look; the same object when nothing changed."""
    clock, midnight, fresh, readings = look
    quiet = None if midnight is None else rules.quiet is not None and within(rules.quiet, midnight)
    limits = rules.quiet_limits if quiet else rules.limits
    unknown = tuple([place for place, reading in enumerate(readings) if reading.highest is None])
    before = state.watches if fresh else restart_holds(state.watches)
    watches, changes = judge(limits, before, readings, Moment(clock, slack, False))
    if unknown:
        watches = _held(before, watches, rules, frozenset(unknown))
    if not _news(state, changes, unknown, quiet) and clock < state.due - slack:
        return state if watches is state.watches else state._replace(watches=watches)
    runs = tuple(
        [
            _advance(rule, run, _asked(rule, limits, watches, readings), clock, slack, quiet)
            for rule, run in zip(rules.ranges, state.runs, strict=True)
        ]
    )
    due = min([_due(rule, run, clock) for rule, run in zip(rules.ranges, runs, strict=True)], default=inf)
    if all(one is other for one, other in zip(runs, state.runs, strict=True)):
        runs = state.runs
    return Ranges(watches, runs, due, quiet, unknown)


def _news(state: Ranges, changes: list[Change], unknown: tuple[int, ...], quiet: bool | None) -> bool:
    return bool(changes) or unknown != state.unknown or quiet is not state.quiet


def active(run: Run) -> bool:
    """The range is at work in any stage."""
    return run.stage is not Stage.OFF
