"""The owner's ranges, compiled into limits."""

from math import inf

from tbms.model.fault import Ring
from tbms.model.limit import Limit, Place, Protection
from tbms.settings.manage import Condition, Range
from tbms.settings.measures import DAY, KINDS, LEVELS, PLACED, STATES, clock
from tbms.settings.range_checks import number
from tbms.settings.rules import RangeRule, Rules, Source
from tbms.settings.schema import Schema


def _source(asked: Condition) -> Source:
    measure = asked.measure or ""
    if measure == "time_of_day":
        return Source(measure, None, (clock(str(asked.start)) or 0.0, clock(str(asked.stop)) or 0.0))
    if measure == "charger_state":
        return Source(measure, asked.of, state=str(asked.start))
    if isinstance(asked.of, int):
        return Source(measure, asked.of - 1)
    usual = {"cell_voltage": "lowest", "temperature": "highest", "resistance": "highest"}
    return Source(measure, asked.of or usual.get(measure))


def subject(source: Source) -> str:
    """What a condition looks at, in words: 'lowest cell', 'cell 3', 'input 1', 'solar charger in float'."""
    kind = KINDS[source.measure]
    if source.state:
        return f"{f'{source.of} charger' if source.of else kind.words} {STATES[source.state]}"
    if isinstance(source.of, int):
        return f"{kind.words} {source.of + 1}"
    return PLACED.get(source.measure, {}).get(source.of or "", kind.words)


def _bounds(asked: Condition, quiet: bool) -> tuple[float, float, bool]:
    """Threshold, release, and whether beyond means above."""
    if KINDS[asked.measure or ""].high < inf:
        start, stop = asked.start, asked.stop
        above = number(start) and number(stop) and start > stop
        if quiet and asked.quiet_start == "off":
            return (inf, inf, True) if above else (-inf, -inf, False)
        start = asked.quiet_start if quiet and number(asked.quiet_start) else start
        stop = asked.quiet_stop if quiet and asked.quiet_stop is not None else stop
        return float(start or 0.0), float(stop or 0.0), above
    if quiet and asked.quiet_start == "off":
        return inf, inf, True
    if asked.measure == "alarm":
        level = LEVELS[str(asked.start)] - 0.5
        return level, level, True
    return 0.5, 0.5, asked.start != "off" or asked.measure == "charger_state"


def _limit(asked: Condition, index: int, source: Source, quiet: bool) -> Protection:
    threshold, release, above = _bounds(asked, quiet)
    limit = Limit(threshold, above, asked.delay, release, asked.stop_delay)
    rings = ((Ring.WARN, limit),)
    unit = KINDS[source.measure].unit
    return Protection("range", index, Place.PACK, unit, subject(source), above, rings, False, False)


def _rule(asked: Range, first: int) -> RangeRule:
    def places(numbers: list[int]) -> tuple[int, ...]:
        return tuple(number - 1 for number in numbers)

    return RangeRule(
        name=asked.name,
        first=first,
        last=first + len(asked.when),
        every=asked.join == "all",
        outputs=places(asked.outputs),
        warm_outputs=places(asked.warm_outputs),
        inhibit=places(asked.inhibit),
        alarm=asked.alarm,
        profile=asked.profile or "",
        minimum_on=asked.minimum_on,
        minimum_off=asked.minimum_off,
        maximum_on=asked.maximum_on,
        warm_up=asked.warm_up if asked.warm_outputs else 0.0,
        cool_down=asked.cool_down,
        exercise_every=None if asked.exercise_days is None else asked.exercise_days * DAY,
        exercise_time=asked.exercise_time,
        unknown=asked.unknown,
    )


def compiled(schema: Schema) -> Rules:
    """All ranges of a schema that has passed every check."""
    sources: dict[Source, int] = {}
    ranges: list[RangeRule] = []
    limits: list[Protection] = []
    quiet_limits: list[Protection] = []
    for asked in schema.ranges:
        ranges.append(_rule(asked, len(limits)))
        for condition in asked.when:
            source = _source(condition)
            index = sources.setdefault(source, len(sources))
            day, quiet = (_limit(condition, index, source, hours) for hours in (False, True))
            limits.append(day)
            quiet_limits.append(day if quiet == day else quiet)
    hours = schema.clock
    begin, end = clock(hours.quiet_from or ""), clock(hours.quiet_to or "")
    quiet_hours = None if begin is None or end is None else (begin, end)
    offset = hours.utc_offset_hours * 3600.0
    return Rules(tuple(ranges), tuple(sources), tuple(limits), tuple(quiet_limits), quiet_hours, offset)
