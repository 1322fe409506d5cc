"""Faults over time: start, ramp, duration, severity, intermittency."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from math import inf, isfinite
from typing import Any

from tbms.model.units import Fraction, Second
from tbms.twin.faults import FAULTS, Effects


@dataclass(frozen=True, slots=True)
class Injection:
    """One fault: five parameters (start, ramp, duration, severity, intermittency) and where it sits.

    kind: a key of FAULTS. where: number or name, as the table's place says; for the pack leave it.
    severity: in the table's unit; None takes the typical one. start: s after the injection, or after `when`.
    ramp: s from nothing to full severity, 0 is a step. duration: s at which it ends after its start.
    share: part of the time it is present, 1 is always; spell: mean s of one presence; seed: of the spells.
    when: a happening to wait for first (HAPPENINGS, or soc_below:0.2, soc_above:0.9); empty is none.
    name: to clear it by; empty makes kind:where.
    """

    kind: str
    where: int | str = 1
    severity: float | None = None
    start: Second = 0.0
    ramp: Second = 0.0
    duration: Second = inf
    share: Fraction = 1.0
    spell: Second = 2.0
    seed: int = 0
    when: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        problems = list(_problems(self))
        if problems:
            raise ValueError("; ".join(problems))

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> "Injection":
        """From a table of plain values (TOML, JSON); ValueError names what is wrong."""
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(table) - known)
        if unknown:
            raise ValueError(f"unknown key {', '.join(unknown)} in a fault; known are {', '.join(sorted(known))}")
        if "kind" not in table:
            raise ValueError("a fault needs a kind")
        return cls(**table)

    @property
    def label(self) -> str:
        """The name it is cleared by."""
        return self.name or f"{self.kind}:{self.where}"

    @property
    def full(self) -> float:
        """Severity once the ramp is over."""
        return FAULTS[self.kind].typical if self.severity is None else self.severity


HAPPENINGS = (
    "charge_contactor_opens",
    "charge_contactor_closes",
    "load_contactor_opens",
    "load_contactor_closes",
    "charger_stops",
    "charger_starts",
)


def _problems(it: Injection) -> Iterable[str]:
    """What is wrong with an injection, one sentence each."""
    if it.kind not in FAULTS:
        yield f"no fault is called {it.kind!r}; known are {', '.join(FAULTS)}"
    for key in ("severity", "start", "ramp", "duration", "share", "spell"):
        value = getattr(it, key)
        if value is None and key == "severity":
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not (isfinite(value) or key == "duration"):
            yield f"{key} must be a number, not {value!r}"
        elif key != "severity" and value < 0.0:
            yield f"{key} must not be negative, is {value}"
        elif key == "share" and not 0.0 < value <= 1.0:
            yield f"share must be above 0 and at most 1, is {value}"
    head, _, level = it.when.partition(":")
    if it.when and it.when not in HAPPENINGS and not (head in ("soc_below", "soc_above") and _is_number(level)):
        yield f"no happening is called {it.when!r}; known are {', '.join(HAPPENINGS)}, soc_below:X, soc_above:X"


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False


class Active:
    """An injection at work: knows its level at any time, going forward."""

    def __init__(self, injection: Injection, index: int, time: Second) -> None:
        self.injection, self.index = injection, index
        self.began: Second | None = None if injection.when else time + injection.start
        self._random = random.Random(f"{injection.label}/{injection.seed}")  # noqa: S311 - a simulation, no secret
        self._present = True
        self._until = inf

    def happened(self, time: Second) -> None:
        """What it waited for came at `time`."""
        if self.began is None:
            self.began = time + self.injection.start

    def level(self, time: Second) -> float:
        """Severity in force at `time`; 0 before, after and between its spells."""
        it = self.injection
        if self.began is None or time < self.began or time >= self.began + it.duration:
            return 0.0
        if it.share < 1.0 and not self._spell(time):
            return 0.0
        grown = (time - self.began) / it.ramp if it.ramp > 0.0 else 1.0
        return it.full * min(1.0, grown)

    def _spell(self, time: Second) -> bool:
        """Whether an intermittent fault is present at `time`: spells and pauses drawn one after another."""
        if self._until == inf:
            self._until = self.began or 0.0
            self._present = False
        it = self.injection
        pause = it.spell * (1.0 - it.share) / it.share
        while self._until <= time:
            self._present = not self._present
            self._until += self._random.expovariate(1.0 / (it.spell if self._present else pause))
        return self._present


class Schedule:
    """All injections of a world, and their sum."""

    def __init__(self, effects: Effects) -> None:
        self.effects = effects
        self.active: dict[str, Active] = {}
        self._levels: dict[str, float] = {}

    def add(self, injection: Injection, time: Second) -> None:
        """Put a fault on the list; one of the same name is replaced. ValueError when its place is unknown."""
        index = self.effects.locate(injection.kind, injection.where)
        self.active[injection.label] = Active(injection, index, time)

    def remove(self, name: str) -> bool:
        """Take a fault off the list; False when none has this name."""
        found = self.active.pop(name, None)
        return found is not None

    def happened(self, what: str, time: Second) -> None:
        """Start what waited for this happening."""
        for active in self.active.values():
            if active.injection.when == what:
                active.happened(time)

    def soc(self, lowest: Fraction, highest: Fraction, time: Second) -> None:
        """Start what waited for an SOC."""
        for active in self.active.values():
            head, _, level = active.injection.when.partition(":")
            if (head == "soc_below" and lowest < float(level)) or (head == "soc_above" and highest > float(level)):
                active.happened(time)

    def update(self, time: Second) -> bool:
        """Bring the effects up to `time`; True when any severity changed."""
        levels = {name: active.level(time) for name, active in self.active.items()}
        if levels == self._levels:
            return False
        self._levels = levels
        totals: dict[str, dict[int, float]] = {}
        for name, level in levels.items():
            active = self.active[name]
            places = totals.setdefault(active.injection.kind, {})
            places[active.index] = places.get(active.index, 0.0) + level
        self.effects.put(totals)
        return True
