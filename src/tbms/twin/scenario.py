"""Scenarios as TOML: how a boat begins, what befalls it, and what must be seen by when.

title = "a charger that does not stop"
why = "the contactor is the second way to end a charge"
duration = 600            # s
step = 0.1                # s between two samples
settings = ["protect.cell_overvoltage.delay=1.0"]

[boat]                    # arguments of twin.boat, and engine, shore, hour (of day), noise (1 is typical)
soc = 0.96
shore = true

[[fault]]                 # as twin.inject.Injection; start counts from the beginning
kind = "ignores_stop"
where = "shore"

[[do]]                    # at: s; what: a switch of the world, or stop, close, acknowledge, output_1..6
at = 60
what = "engine"
value = true

[[pace]]                  # other steps from a time on
at = 120
step = 1.0

[[expect]]                # an event (key; phase, cell, node, ring, value if given), or something watched
event = "cell_overvoltage"
ring = "cut"
by = 300
[[expect]]                # what: a name of `observe` or of the runner; is, above or below
what = "charge_contactor"
is = false
after = 300
always = true             # all the time from `after` to `by`, not just once
[[expect]]
event = "cell_undervoltage"
never = true
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from math import inf
from pathlib import Path
from typing import Any, TypeVar

from tbms.model.units import Second
from tbms.twin.boat import boat
from tbms.twin.days import day_from_file
from tbms.twin.face import FastFace
from tbms.twin.inject import Injection
from tbms.twin.sensors import Sensors
from tbms.twin.world import World

T = TypeVar("T")

SWITCHES = ("engine", "shore", "button", "emergency_stop")
"""What a `do` may set in the world; everything else goes to the master."""

COMMANDS = ("stop", "close", "acknowledge", *(f"output_{number}" for number in range(1, 7)))
"""What a `do` may ask of the master."""


FILES = {"sun_file": "sun", "load_file": "loads"}
"""Keys of [boat] that read a day, and the argument of twin.boat that takes it."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something a person does. at: s. what: one of SWITCHES or COMMANDS. value: true or false, or "on", "off",
    "auto" for an output. local: a command comes from the panel, not over the network.
    """  # noqa: D205 - the fields are the summary

    at: Second
    what: str
    value: bool | str = True
    local: bool = False


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must be seen between `after` and `by` (s): an event, or something watched (`what`).

    phase, cell, node, ring, value: of the event, where they matter. is_, above, below: of what is watched.
    always: all the time, not just once. never: not at all.
    """

    event: str = ""
    what: str = ""
    phase: str = ""
    ring: str = ""
    cell: int | None = None
    value: str | None = None
    is_: bool | str | float | None = None
    above: float | None = None
    below: float | None = None
    after: Second = 0.0
    by: Second = inf
    always: bool = False
    never: bool = False

    @property
    def text(self) -> str:
        """In one line, for a report."""
        parts = [
            f"{f.name.rstrip('_')}={getattr(self, f.name)!r}"
            for f in fields(self)
            if getattr(self, f.name) != f.default
        ]
        return ", ".join(parts)

    def holds(self, seen: object) -> bool:
        """Whether a watched value is as expected; an unknown one never is."""
        if self.is_ is not None:
            return seen == self.is_
        if not isinstance(seen, int | float):
            return False
        return (self.above is None or seen > self.above) and (self.below is None or seen < self.below)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One TOML file. paces: (s, step) in order of time, the first at 0. folder: where its own files are."""

    title: str
    why: str
    duration: Second
    paces: tuple[tuple[Second, Second], ...]
    settings: tuple[str, ...]
    boat: Mapping[str, Any]
    faults: tuple[Injection, ...]
    deeds: tuple[Deed, ...]
    expectations: tuple[Expectation, ...]
    folder: Path = Path()

    def face(self) -> FastFace:
        """A new boat at the beginning of the scenario, its faults armed, behind its fast face."""
        given = dict(self.boat)
        noise, hour = given.pop("noise", 1.0), given.pop("hour", 8.0)
        for key, name in FILES.items():
            if key in given:
                table = dict(given.pop(key))
                given[name] = day_from_file(self.folder / table.pop("path"), table.pop("column"), **table)
        pressed = {name: given.pop(name) for name in SWITCHES if name in given}
        world = boat(**given, clock=3600.0 * hour)
        for name, value in pressed.items():
            setattr(world, name, value)
        for fault in self.faults:
            world.inject(fault)
        return FastFace(world, Sensors(world.pack.count, given.get("seed", 1), noise=noise))

    def times(self) -> Iterator[Second]:
        """When a sample is taken, from 0 to the end."""
        time, count, began = 0.0, 0, 0.0
        paces = list(self.paces)
        step = paces.pop(0)[1]
        while time <= self.duration + 1e-9:
            yield time
            count += 1
            time = began + count * step
            if paces and time >= paces[0][0] - 1e-9:
                began, step = paces.pop(0)
                time, count = began, 0


def observe(world: World) -> dict[str, bool | float]:
    """What is true in the world now, under the names that a scenario may expect."""
    pack = world.pack
    return {
        "time": world.time,
        "charge_contactor": world.charge_contactor.closed,
        "load_contactor": world.load_contactor.closed,
        "pre_charge": world.pre_charge.closed,
        "current": pack.current,
        "pack_voltage": pack.voltage,
        "charge_bus_voltage": world.charge_bus.voltage,
        "load_bus_voltage": world.load_bus.voltage,
        "charge_bus_peak": world.charge_bus.peak,
        "highest_voltage": max(pack.voltages),
        "lowest_voltage": min(pack.voltages),
        "spread": max(pack.voltages) - min(pack.voltages),
        "soc": sum(pack.soc) / pack.count,
        "lowest_soc": min(pack.soc),
        "highest_soc": max(pack.soc),
        "hottest": max(pack.temperatures),
        "coldest": min(pack.temperatures),
        "supply": world.supply,
        **{f"{charger.name}_current": charger.current for charger in world.chargers},
        **{f"{load.name}_runs": load.running for load in world.loads},
    }


def load(path: Path) -> Scenario:
    """The scenario in a file; ValueError names the file and what is wrong."""
    try:
        return parse(tomllib.loads(path.read_text(encoding="utf-8")), path.parent)
    except (ValueError, TypeError) as problem:
        raise ValueError(f"{path.name}: {problem}") from None


def parse(table: Mapping[str, Any], folder: Path = Path()) -> Scenario:
    """The scenario in a TOML table; ValueError or TypeError says what is wrong."""
    known = {"title", "why", "duration", "step", "settings", "boat", "fault", "do", "pace", "expect"}
    if unknown := sorted(set(table) - known):
        raise ValueError(f"unknown key {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    paces = [(0.0, table.get("step", 1.0)), *((pace["at"], pace["step"]) for pace in table.get("pace", ()))]
    if any(step <= 0.0 for _, step in paces) or sorted(paces) != paces:
        raise ValueError("steps must be positive and their times must rise")
    return Scenario(
        title=table["title"],
        why=table.get("why", ""),
        duration=float(table["duration"]),
        paces=tuple(paces),
        settings=tuple(table.get("settings", ())),
        boat=table.get("boat", {}),
        faults=tuple(_each(table, "fault", Injection.of)),
        deeds=tuple(sorted(_each(table, "do", _deed), key=lambda deed: deed.at)),
        expectations=tuple(_each(table, "expect", _expectation)),
        folder=folder,
    )


def _each(table: Mapping[str, Any], key: str, make: Callable[[Mapping[str, Any]], T]) -> Iterator[T]:
    """Every entry of an array of tables, its number in any error."""
    for number, entry in enumerate(table.get(key, ()), 1):
        try:
            yield make(entry)
        except (ValueError, TypeError) as problem:
            raise ValueError(f"[[{key}]] number {number}: {problem}") from None


def _deed(table: Mapping[str, Any]) -> Deed:
    deed = Deed(**table)
    if deed.what not in SWITCHES + COMMANDS:
        raise ValueError(f"nobody can do {deed.what!r}; known are {', '.join(SWITCHES + COMMANDS)}")
    return deed


def _expectation(table: Mapping[str, Any]) -> Expectation:
    renamed = {("is_" if key == "is" else key): value for key, value in table.items()}
    expected = Expectation(**renamed)
    if bool(expected.event) == bool(expected.what):
        raise ValueError("expect either an event or a `what`")
    if expected.what and expected.is_ is expected.above is expected.below is None:
        raise ValueError(f"{expected.what} must have `is`, `above` or `below`")
    return expected
