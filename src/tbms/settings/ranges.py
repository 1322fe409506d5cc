"""The owner's ranges: what they may say, checked and compiled into limits."""

from collections.abc import Iterator
from math import inf
from typing import NamedTuple, TypeGuard

from tbms.model.fault import Ring
from tbms.model.limit import Limit, Place, Protection
from tbms.model.sample import OUTPUTS
from tbms.settings.manage import Condition, Range
from tbms.settings.rules import RangeRule, Rules, Source
from tbms.settings.schema import Schema

Problem = tuple[tuple[str | int, ...], str]
"""The key to blame and the sentence without its place."""

INPUTS = 4  # digital inputs of the base board
DAY = 86400.0  # s
LEVELS = {"warn": 1, "limit": 2, "cut": 3}
"""Rings as numbers, for limits on the alarm level."""


class Kind(NamedTuple):
    """A measure that ranges can look at. low, high: believable figures. count: of numbered places."""

    words: str
    unit: str
    low: float = -inf
    high: float = inf
    spread: bool = False  # lowest, highest, average, spread or a cell
    switch: int = 0


KINDS = {
    "cell_voltage": Kind("cell", "V", 0.0, 5.0, spread=True),
    "pack_voltage": Kind("pack", "V", 0.0, 80.0),
    "current": Kind("current", "A", -1e4, 1e4),
    "power": Kind("power", "W", -1e6, 1e6),
    "soc": Kind("state of charge", "", 0.0, 1.0),
    "soh": Kind("state of health", "", 0.0, 1.5),
    "temperature": Kind("cell", "°C", -60.0, 120.0, spread=True),
    "resistance": Kind("cell", "Ω", 0.0, 1.0, spread=True),
    "board_temperature": Kind("board temperature", "°C", -60.0, 150.0),
    "supply": Kind("supply", "V", 0.0, 80.0),
    "input": Kind("input", "", switch=INPUTS),
    "output": Kind("output", "", switch=OUTPUTS),
    "alarm": Kind("alarm level", ""),
    "time_of_day": Kind("time of day", ""),
}

PLACED = {
    # measure: what lowest and highest are called, for people
    "cell_voltage": {"lowest": "lowest cell", "highest": "highest cell", "average": "mean cell", "spread": "spread"},
    "temperature": {
        "lowest": "coldest cell", "highest": "hottest cell", "average": "mean temperature", "spread": "spread",
    },
    "resistance": {
        "lowest": "lowest resistance", "highest": "highest resistance", "average": "mean resistance",
        "spread": "spread of resistance",
    },
}  # fmt: skip


def clock(text: str) -> float | None:
    """HH:MM as s since midnight; None where it is no time."""
    hours, colon, minutes = text.partition(":")
    if not colon or not (hours.isdigit() and minutes.isdigit()) or len(minutes) != 2:
        return None
    seconds = int(hours) * 3600.0 + int(minutes) * 60.0
    return seconds if seconds < DAY and int(minutes) < 60 else None


def _number(value: object) -> TypeGuard[float]:
    return isinstance(value, float | int)


def _figures(asked: Condition, kind: Kind) -> Iterator[tuple[str, str]]:
    """What is wrong with start and stop of a measure with figures."""
    bounds = f"{kind.low:g} to {kind.high:g} {kind.unit}".strip()
    for key in ("start", "stop", "quiet_start", "quiet_stop"):
        value = getattr(asked, key)
        if value is None:
            if key in ("start", "stop"):
                yield key, f"is missing: {asked.measure} needs a number, {bounds}"
        elif not (_number(value) and kind.low <= value <= kind.high) and (key, value) != ("quiet_start", "off"):
            shown = f'"{value}"' if isinstance(value, str) else f"{value:g}"
            yield key, f"= {shown}: must be {bounds}"
    start, stop = asked.start, asked.stop
    if not (_number(start) and _number(stop)):
        return
    if start == stop:
        yield "stop", f"= {stop:g}: must differ from start, or it would chatter"
    if asked.quiet_stop is None and not _number(asked.quiet_start):
        return
    low, high = asked.quiet_start, asked.quiet_stop
    low, high = start if not _number(low) else low, stop if high is None else high
    if (low > high) is not (start > stop) or low == high:
        side = "below" if start > stop else "above"
        key = "quiet_stop" if asked.quiet_stop is not None else "quiet_start"
        yield key, f"= {getattr(asked, key):g}: in quiet hours stop ({high:g}) must be {side} start ({low:g})"


def _words(asked: Condition, kind: Kind) -> Iterator[tuple[str, str]]:
    """What is wrong with a condition on a switch, on the alarm level or on the time of day."""
    for key in ("quiet_start", "quiet_stop"):
        if getattr(asked, key) not in (None, "off"):
            yield key, f'= {getattr(asked, key):g}: {asked.measure} takes none but quiet_start = "off"'
    if asked.measure == "time_of_day":
        times = {key: clock(str(getattr(asked, key))) for key in ("start", "stop")}
        for key in [key for key, time in times.items() if time is None]:
            yield key, f'= "{getattr(asked, key)}": must be a time of day, "HH:MM"'
        if times["start"] is not None and times["start"] == times["stop"]:
            yield "stop", f'= "{asked.stop}": must differ from start'
        return
    choices = ("on", "off") if kind.switch else tuple(LEVELS)
    if asked.start not in choices and not (kind.switch and asked.start is None):
        yield "start", f"= {asked.start}: must be " + " or ".join(f'"{word}"' for word in choices)
    if asked.stop is not None:
        yield "stop", f"= {asked.stop}: {asked.measure} needs none"


def _place(asked: Condition, kind: Kind, cells: int) -> Iterator[tuple[str, str]]:
    count = cells if kind.spread else kind.switch
    if isinstance(asked.of, int) and count and asked.of > count:
        yield "of", f"= {asked.of}: must be 1 to {count}"
    elif not count and asked.of is not None:
        yield "of", f"= {asked.of}: {asked.measure} has only one value"
    elif kind.switch and not isinstance(asked.of, int):
        yield "of", f"must be the number of the {asked.measure}, 1 to {kind.switch}"


def _condition(asked: Condition, schema: Schema) -> Iterator[tuple[str, str]]:
    if asked.measure is None:
        yield "measure", f"is missing: must be one of {', '.join(KINDS)}"
        return
    kind = KINDS[asked.measure]
    yield from _place(asked, kind, schema.pack.cells)
    yield from _figures(asked, kind) if kind.high < inf else _words(asked, kind)
    if asked.measure == "temperature" and schema.sensors.temperature == "none":
        yield "measure", '= "temperature": sensors.temperature is "none", so there is nothing to look at'
    for key in ("delay", "stop_delay"):
        if getattr(asked, key) < schema.loop.period:
            yield (
                key,
                f"= {getattr(asked, key):g} s: must be {schema.loop.period:g} to 86400 s (loop.period is the shortest)",
            )


def _driven(asked: Range, schema: Schema) -> Iterator[tuple[str, str]]:
    """What is wrong with the outputs that a range names."""
    for key in ("outputs", "warm_outputs", "inhibit"):
        for number in getattr(asked, key):
            if number > len(schema.outputs) or schema.outputs[number - 1].role == "unused":
                yield key, f"= {getattr(asked, key)}: output {number} is unused; give it a role in outputs[{number}]"
    both = {*asked.outputs, *asked.warm_outputs} & {*asked.inhibit} | {*asked.outputs} & {*asked.warm_outputs}
    for number in sorted(both):
        yield "outputs", f"= {asked.outputs}: output {number} is named twice, for two different things"
    if not (asked.outputs or asked.warm_outputs or asked.inhibit or asked.profile) and asked.alarm == "none":
        yield "outputs", "is missing: the range drives no output, no alarm and no charge profile"


def _times(asked: Range, schema: Schema) -> Iterator[tuple[str, str]]:
    longest = asked.maximum_on
    if longest is not None and longest < max(asked.minimum_on, asked.warm_up, schema.loop.period):
        yield "maximum_on", f"= {longest:g} s: must be at least minimum_on, warm_up and loop.period"
    if longest is not None and asked.minimum_off < schema.loop.period:
        yield "minimum_off", f"= {asked.minimum_off:g} s: with maximum_on it must be at least one loop.period"
    if asked.warm_outputs and not asked.outputs:
        yield "outputs", "is missing: warm_outputs follow something that warms up"


def _range(asked: Range, place: int, schema: Schema) -> Iterator[Problem]:
    key: tuple[str | int, ...] = ("ranges", place)
    if not asked.when:
        yield (*key, "when"), "is missing: a range needs at least one condition"
    for number, condition in enumerate(asked.when):
        for name, sentence in _condition(condition, schema):
            yield (*key, "when", number, name), sentence
        if condition.measure == "output" and condition.of in (*asked.outputs, *asked.warm_outputs):
            yield (*key, "when", number, "of"), f"= {condition.of}: the range would look at its own output"
    for name, sentence in (*_driven(asked, schema), *_times(asked, schema)):
        yield (*key, name), sentence


def problems(schema: Schema) -> Iterator[Problem]:
    """Everything that contradicts something else in ranges and clock."""
    for place, asked in enumerate(schema.ranges):
        yield from _range(asked, place, schema)
    quiet = schema.clock
    if (quiet.quiet_from is None) is not (quiet.quiet_to is None) or (quiet.quiet_from and _empty(schema)):
        yield ("clock", "quiet_to"), "must be set with quiet_from, and differ from it"
    yield from _contrary(schema)


def _empty(schema: Schema) -> bool:
    return schema.clock.quiet_from == schema.clock.quiet_to


def _contrary(schema: Schema) -> Iterator[Problem]:
    """Two ranges with the same single condition that want opposite things of one output."""
    for place, asked in enumerate(schema.ranges):
        for other in schema.ranges[:place]:
            clash = {*asked.outputs, *asked.warm_outputs} & {*other.inhibit} | (
                {*asked.inhibit} & {*other.outputs, *other.warm_outputs}
            )
            if clash and [_core(c) for c in asked.when] == [_core(c) for c in other.when]:
                key = "outputs" if asked.outputs else "inhibit"
                sentence = f'contradicts the range "{other.name}": output {min(clash)} would be both on and off'
                yield ("ranges", place, key), sentence


def _core(asked: Condition) -> tuple[object, ...]:
    return asked.measure, asked.of, asked.start, asked.stop


def _source(asked: Condition) -> Source:
    measure = asked.measure or ""
    if measure == "time_of_day":
        return Source(measure, None, (clock(str(asked.start)) or 0.0, clock(str(asked.stop)) or 0.0))
    if isinstance(asked.of, int):
        return Source(measure, asked.of - 1)
    usual = {"cell_voltage": "lowest", "temperature": "highest", "resistance": "highest"}
    return Source(measure, asked.of or usual.get(measure))


def subject(source: Source) -> str:
    """What a condition looks at, in words: 'lowest cell', 'cell 3', 'input 1', 'state of charge'."""
    kind = KINDS[source.measure]
    if isinstance(source.of, int):
        return f"{kind.words} {source.of + 1}"
    return PLACED.get(source.measure, {}).get(source.of or "", kind.words)


def _bounds(asked: Condition, quiet: bool) -> tuple[float, float, bool]:
    """Threshold, release, and whether beyond means above."""
    if KINDS[asked.measure or ""].high < inf:
        start, stop = asked.start, asked.stop
        above = _number(start) and _number(stop) and start > stop
        if quiet and asked.quiet_start == "off":
            return (inf, inf, True) if above else (-inf, -inf, False)
        start = asked.quiet_start if quiet and _number(asked.quiet_start) else start
        stop = asked.quiet_stop if quiet and asked.quiet_stop is not None else stop
        return float(start or 0.0), float(stop or 0.0), above
    if quiet and asked.quiet_start == "off":
        return inf, inf, True
    if asked.measure == "alarm":
        level = LEVELS[str(asked.start)] - 0.5
        return level, level, True
    return 0.5, 0.5, asked.start != "off"


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
