"""The figures that hold: what the owner set, completed by the chemistry's defaults for this capacity and cell count."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tbms.model.fault import Ring
from tbms.model.limit import Latch
from tbms.settings.chemistry import CHEMISTRIES, Figures
from tbms.settings.schema import Schema
from tbms.settings.table import KINDS, Kind

RINGS = (Ring.WARN, Ring.LIMIT, Ring.CUT)
LADDER = ("warn", "limit", "cut", "guard", "afe")
"""Rings and layers from the first that is met to the last."""

DELAYS = {"warn": "warn_delay", "limit": "limit_delay", "cut": "delay", "guard": "guard_delay", "afe": "afe_delay"}
"""The key of each rung's delay."""

PEAKS = {"overcurrent_charge": 1.0 / 0.7, "overcurrent_discharge": 2.0 / 1.2}
"""How far the default peak cut lies above the cut (the table's own ratio): it follows a cut that is raised."""

RATINGS = ("fuse", "cable", "shunt")
"""Parts that bound every current ring."""

RATED = ("overcurrent_charge", "overcurrent_charge_peak", "overcurrent_discharge", "overcurrent_discharge_peak")

HYSTERESIS = {"V": 0.006, "A": 0.05, "°C": 0.0, "K": 0.1, "K/min": 0.1, "%": 0.1}
"""Share of a threshold between it and its own release, where the protection's release does not lie inside the ring."""

HYSTERESIS_KELVIN = 1.0
"""The same for temperatures: a share of a temperature in °C means nothing."""


@dataclass(frozen=True, slots=True)
class Rungs:
    """The resolved figures of one protection, as the owner writes them; None where a rung is off.

    explicit: the keys that the owner set.
    """

    kind: Kind
    value: dict[str, float | None]
    delay: dict[str, float]
    release: float
    release_delay: float
    latch: Latch
    explicit: frozenset[str]

    @property
    def direction(self) -> float:
        """+1 where a greater figure as set is worse, -1 where a smaller one is."""
        return 1.0 if self.kind.above or self.kind.sign < 0 else -1.0


def _scale(kind: Kind, schema: Schema) -> float:
    return {"": 1.0, "cells": float(schema.pack.cells), "capacity": schema.pack.capacity}[kind.scale]


def base(kind: Kind, figures: Figures, scale: float) -> Rungs:
    """The chemistry's own figures, scaled; delays that the table leaves out are those of the rung before."""
    value = {rung: None if (v := getattr(figures, rung)) is None else round(v * scale, 6) for rung in LADDER}
    guard_delay = figures.delay if figures.guard_delay is None else figures.guard_delay
    delay = {
        "warn": figures.warn_delay,
        "limit": figures.limit_delay,
        "cut": figures.delay,
        "guard": guard_delay,
        "afe": guard_delay if figures.afe_delay is None else figures.afe_delay,
    }
    release = round((figures.release or 0.0) * scale, 6)
    return Rungs(kind, value, delay, release, figures.release_delay, figures.latch, frozenset())


def _inwards(default: Rungs, value: dict[str, float | None], explicit: frozenset[str]) -> None:
    """Make defaults give way to what was set further out; they keep their distance and only ever move inwards."""
    firm = {name for name in LADDER if name in explicit}
    for place in reversed(range(len(LADDER))):
        name, own = LADDER[place], value[LADDER[place]]
        if name in explicit or own is None:
            continue
        for outer in LADDER[place + 1 :]:
            given = value[outer]
            if outer in firm and given is not None and default.direction * (own - given) >= 0:
                value[name] = round(given - default.direction * _distance(default, name, outer, given), 6)
                firm.add(name)
                break


def _distance(default: Rungs, inner: str, outer: str, given: float) -> float:
    """How far apart two rungs are by default, or 5 % where the outer one has no default."""
    near, far = default.value[inner], default.value[outer]
    return 0.05 * abs(given) if near is None or far is None else abs(far - near)


def resolve(kind: Kind, given: Mapping[str, Any], default: Rungs) -> Rungs:
    """The figures of one protection from those set and the defaults."""
    explicit = frozenset(given)
    value = {r: default.value[r] if r not in given else None if given[r] == "off" else given[r] for r in LADDER}
    _inwards(default, value, explicit)
    delay = {rung: given.get(DELAYS[rung], default.delay[rung]) for rung in LADDER}
    release = given.get("release", default.release)
    cut, usual = value["cut"], default.value["cut"]
    if "release" not in given and cut is not None and usual is not None and default.direction * (cut - release) <= 0:
        release = round(cut - (usual - release), 6)
    return Rungs(
        kind,
        value,
        delay,
        release,
        given.get("release_delay", default.release_delay),
        Latch(given.get("latch", default.latch)),
        explicit,
    )


def _peak(parent: Rungs, default: Rungs) -> Rungs:
    """The default of a peak over-current: it follows a cut that was raised."""
    cut, usual = parent.value["cut"], default.value["cut"]
    if cut is None or usual is None:
        return default
    return replace(default, value={**default.value, "cut": max(usual, round(cut * PEAKS[parent.kind.id], 6))})


def rating(schema: Schema) -> tuple[str, float] | None:
    """The weakest of fuse, cable and shunt: its key and what it bears, A; None where none is given."""
    given = {name: getattr(schema.pack, name) for name in RATINGS}
    known = {name: value for name, value in given.items() if value is not None}
    return min(known.items(), key=lambda item: item[1]) if known else None


def _rated(default: Rungs, schema: Schema) -> Rungs:
    """Default current rings, all made smaller so that the outermost is what the weakest part bears."""
    weakest, cut = rating(schema), default.value["cut"]
    if default.kind.id not in RATED or weakest is None or cut is None or cut <= weakest[1]:
        return default
    share = weakest[1] / cut
    smaller = {name: None if value is None else round(value * share, 6) for name, value in default.value.items()}
    return replace(default, value=smaller, release=round(default.release * share, 6))


def ladders(schema: Schema) -> dict[str, Rungs]:
    """Every protection with the figures that hold."""
    figures = CHEMISTRIES[schema.pack.chemistry].figures
    found: dict[str, Rungs] = {}
    for kind in KINDS:
        default = base(kind, figures[kind.id], _scale(kind, schema))
        parent = found.get(kind.id.removesuffix("_peak"))
        if parent is not None:
            default = _peak(parent, default)
        default = _rated(default, schema)
        given = getattr(schema.protect, kind.id).model_dump(exclude_none=True)
        found[kind.id] = resolve(kind, given, default)
    return found


def ring_release(rungs: Rungs, threshold: float) -> float:
    """The release of one ring: the protection's where that lies inside the ring, else a small hysteresis inside it."""
    if rungs.direction * (threshold - rungs.release) > 0:
        return rungs.release
    kelvin = HYSTERESIS_KELVIN if rungs.kind.unit == "°C" else 0.0
    return threshold - rungs.direction * (kelvin + HYSTERESIS[rungs.kind.unit] * abs(threshold))
