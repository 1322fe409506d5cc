"""The owner's ranges as the core reads them: frozen, checked, every figure in the unit of its measure."""

from dataclasses import dataclass

from tbms.model.limit import Protection
from tbms.model.units import Second


@dataclass(frozen=True, slots=True)
class Source:
    """What a condition looks at.

    measure: as in settings. of: "lowest", "highest", "average", "spread", kind of a charger, or a place from 0; None
    where there is one. window: of the time of day, s since midnight, begin and end. state: of a charger.
    """

    measure: str
    of: str | int | None = None
    window: tuple[Second, Second] | None = None
    state: str = ""


@dataclass(frozen=True, slots=True)
class RangeRule:
    """One range.

    first, last: its conditions are rules.limits[first:last]. outputs, warm_outputs, inhibit: places from 0.
    alarm: "none", "warning" or "alarm". profile: empty for none. exercise_every: s, None for never.
    """

    name: str
    first: int
    last: int
    every: bool
    outputs: tuple[int, ...]
    warm_outputs: tuple[int, ...]
    inhibit: tuple[int, ...]
    alarm: str
    profile: str
    minimum_on: Second
    minimum_off: Second
    maximum_on: Second | None
    warm_up: Second
    cool_down: Second
    exercise_every: Second | None
    exercise_time: Second
    unknown: str


@dataclass(frozen=True, slots=True)
class Rules:
    """All ranges.

    sources: each measure that is looked at, once. limits, quiet_limits: every condition as a limit on a source, by day
    and in quiet hours, in the order of the ranges; the same object where nothing differs. quiet: s since local
    midnight, None for no quiet hours. utc_offset: s.
    """

    ranges: tuple[RangeRule, ...] = ()
    sources: tuple[Source, ...] = ()
    limits: tuple[Protection, ...] = ()
    quiet_limits: tuple[Protection, ...] = ()
    quiet: tuple[Second, Second] | None = None
    utc_offset: Second = 0.0

    def names(self) -> tuple[str, ...]:
        """What tells the ranges apart over a change or a restart: their names, numbered where several share one."""
        called = [rule.name for rule in self.ranges]
        return tuple(f"{name} {called[:place].count(name) + 1}" for place, name in enumerate(called))
