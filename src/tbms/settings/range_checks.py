"""What the owner's ranges may not say, in sentences."""

from collections.abc import Iterator
from math import inf
from typing import TypeGuard

from tbms.settings.manage import Condition, Range
from tbms.settings.measures import KINDS, Kind, clock
from tbms.settings.schema import Schema

Problem = tuple[tuple[str | int, ...], str]
"""The key to blame and the sentence without its place."""


def number(value: object) -> TypeGuard[float]:
    """Whether a setting is a figure and no word."""
    return isinstance(value, float | int)


def _figures(asked: Condition, kind: Kind) -> Iterator[tuple[str, str]]:
    """What is wrong with start and stop of a measure with figures."""
    bounds = f"{kind.low:g} to {kind.high:g} {kind.unit}".strip()
    for key in ("start", "stop", "quiet_start", "quiet_stop"):
        value = getattr(asked, key)
        if value is None:
            if key in ("start", "stop"):
                yield key, f"is missing: {asked.measure} needs a number, {bounds}"
        elif not (number(value) and kind.low <= value <= kind.high) and (key, value) != ("quiet_start", "off"):
            shown = f'"{value}"' if isinstance(value, str) else f"{value:g}"
            yield key, f"= {shown}: must be {bounds}"
    start, stop = asked.start, asked.stop
    if not (number(start) and number(stop)):
        return
    if start == stop:
        yield "stop", f"= {stop:g}: must differ from start, or it would chatter"
    if asked.quiet_stop is None and not number(asked.quiet_start):
        return
    low, high = asked.quiet_start, asked.quiet_stop
    low, high = start if not number(low) else low, stop if high is None else high
    if (low > high) is not (start > stop) or low == high:
        side = "below" if start > stop else "above"
        key = "quiet_stop" if asked.quiet_stop is not None else "quiet_start"
        yield key, f"= {getattr(asked, key):g}: in quiet hours stop ({high:g}) must be {side} start ({low:g})"


def _words(asked: Condition, kind: Kind) -> Iterator[tuple[str, str]]:
    """What is wrong with a condition on what is no figure: a switch, a level, a state, the time of day."""
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
    if asked.start not in kind.choices and not (kind.switch and asked.start is None):
        yield "start", f"= {asked.start}: must be " + " or ".join(f'"{word}"' for word in kind.choices)
    if asked.stop is not None:
        yield "stop", f"= {asked.stop}: {asked.measure} needs none"


def _place(asked: Condition, kind: Kind, cells: int) -> Iterator[tuple[str, str]]:
    count = cells if kind.spread else kind.switch
    if isinstance(asked.of, int) and count:
        if asked.of > count:
            yield "of", f"= {asked.of}: must be 1 to {count}"
    elif kind.switch:
        yield "of", f"must be the number of the {asked.measure}, 1 to {kind.switch}"
    elif asked.of is not None and not kind.of:
        yield "of", f"= {asked.of}: {asked.measure} has only one value"
    elif asked.of is not None and asked.of not in kind.of:
        yield "of", f"= {asked.of}: {asked.measure} has " + " or ".join(f'"{word}"' for word in kind.of)


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
