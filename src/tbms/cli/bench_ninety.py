"""`tbms bench ninety`: three months off the grid on the simulated boat: SOC with a bad shunt, and what is named when.

Core and world run in virtual time, in steps of 10 s; where a kettle is switched, every two hours, they run as finely as
resistance is learned. Every row begins with a boot: contactors open, the shunt's zero is read.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import click

from tbms.cli.bench import Row
from tbms.core.state import State
from tbms.core.step import step
from tbms.model.action import ALL_OFF
from tbms.model.event import Event, Phase
from tbms.settings import load
from tbms.twin.boat import boat
from tbms.twin.days import sun_day
from tbms.twin.face import FastFace
from tbms.twin.inject import Injection
from tbms.twin.pack import Pack
from tbms.twin.world import World

CELLS, CAPACITY = 16, 280.0
HOUR, DAY, PERCENT = 3600.0, 86400.0, 100.0
STEP, FINE, BOOT = 10.0, 0.5, 10.0  # s; BOOT: at the loop's own period, until the contactors are closed
KETTLE, EVERY, BOILS, AROUND = 2000.0, 2 * HOUR, 12.0, 4.0  # W, s, s, s looked at closely on either side
PANELS = 3000.0  # W: full every clear day
MONTH, ANCHORS = 28, (2, 6)  # days: in the first week of each 28 full twice, then three weeks never
SETTLED = 3 * DAY  # after the first full charge: before it nobody knows the state of charge
LOW, HIGH, FULL = 0.25, 0.70, 0.995  # state of charge between which the boat lives meanwhile
START = 0.6  # state of charge
HARD = 2500.0  # W of a boat that is emptied every day
EMPTY = 2.95  # V of the lowest cell
CELL = 5  # the one that is harmed
ROLES = (
    'outputs=[{name="Solar", role="charger_enable"}, {name="Alternator", role="charger_enable"}, '
    '{name="Shore", role="charger_enable"}, {name="Comfort", role="load"}, {name="Heater", role="heater"}]'
)
FINDINGS = (
    "connection", "cell_resistance", "weak_cell", "small_cell", "self_discharge", "current_reversed",
    "estimate_disagrees",
)  # fmt: skip

Habit = Callable[[World, float], None]
"""What people do with the boat: world and s since the start."""


def sunny(world: World, time: float) -> None:
    """Full every day by the sun."""


def sparse(world: World, time: float) -> None:
    """A cloudy coast: shore power between LOW and HIGH, twice in the first week of each month until full."""
    day, soc = time / DAY % MONTH, min(world.pack.soc)
    top = FULL if int(day) in ANCHORS else HIGH
    if soc < LOW or (int(day) in ANCHORS and day % 1.0 < 0.01):
        world.shore = True
    elif max(world.pack.soc) > top and day % 1.0 > 0.01:
        world.shore = False


def emptied(world: World, time: float) -> None:
    """From full to empty and back, again and again."""
    heavy = "heavy" in world.schedule.active
    if heavy and min(world.pack.voltages) < EMPTY:
        world.clear("heavy")
        world.shore = True
    elif not heavy and not world.shore:
        world.shore = min(world.pack.soc) < FULL - 0.1
        if not world.shore:
            world.inject(Injection("load_power", "base", HARD, name="heavy"))
    elif world.shore and max(world.pack.soc) > FULL and abs(world.current) < 0.03 * CAPACITY:
        world.shore = False


@dataclass(frozen=True)
class Life:
    """One story. days: how long. sun: W of the panels. habit: how the boat is used. faults: what happens to it."""

    days: float
    habit: Habit = sunny
    sun: float = PANELS
    faults: tuple[Injection, ...] = ()


class Lived(NamedTuple):
    """Pack's SOC once it has been full, percent: largest error, last error, share within two sigmas, mean sigma.

    told: what the estimator told, with its day.
    """

    worst: float
    end: float
    inside: float
    sigma: float
    told: list[tuple[float, Event]]

    def named(self, key: str, since: float) -> float:
        """Days from `since` until this was told of the harmed cell; infinite where it never was."""
        found = [day - since for day, event in self.told if event.key == key and event.cell == CELL and _came(event)]
        return min((day for day in found if day >= 0.0), default=float("inf"))

    def false(self, *right: str) -> list[str]:
        """What was found wrong beside what is; right: what may be told of the harmed cell."""
        found = [(day, event) for day, event in self.told if event.key in FINDINGS and _came(event)]
        return [f"{e.key} {e.cell or ''} day {day:.0f}" for day, e in found if e.cell != CELL or e.key not in right]


def _came(event: Event) -> bool:
    return event.phase is Phase.CAME


@dataclass
class Tally:
    """Errors of the pack's SOC, percent, looked at every hour."""

    worst: float = 0.0
    end: float = 0.0
    inside: int = 0
    count: int = 0
    sigma: float = 0.0
    told: list[tuple[float, Event]] = field(default_factory=list)

    def look(self, soc: float, sigma: float, true: float) -> None:
        """One hour more."""
        self.end = PERCENT * (soc - true)
        self.worst = max(self.worst, abs(self.end))
        self.inside += abs(soc - true) <= 2.0 * sigma
        self.sigma += PERCENT * sigma
        self.count += 1


def usable(pack: Pack) -> float:
    """True state of charge of the pack: what its emptiest cell gives, of what lies between that and its fullest."""
    left = min(soc * cell.capacity for soc, cell in zip(pack.soc, pack.cells, strict=True))
    room = min((1.0 - soc) * cell.capacity for soc, cell in zip(pack.soc, pack.cells, strict=True))
    return left / (left + room)


def times(days: float, period: float) -> Iterator[float]:
    """When the core takes its steps, s."""
    time, end = 0.0, days * DAY
    while time < end:
        yield time
        since = (time + AROUND) % EVERY
        if time < BOOT:
            time += period
        elif since < BOILS + 3 * AROUND:
            time += FINE
        else:
            time += min(STEP, EVERY - since)


def live(life: Life, shown: bool = True) -> Lived:
    """Play a story through world and core."""
    settings = load(None, [f"pack.cells={CELLS}", f"pack.capacity={CAPACITY}", ROLES])
    sun = sun_day(life.sun, sky="clear")
    world = boat(CELLS, CAPACITY, soc=START, sun=sun, clock=8 * HOUR)
    for fault in life.faults:
        world.inject(fault)
    face, state, actions = FastFace(world), State.initial(settings, soc=START), ALL_OFF
    tally, hour = Tally(), 1.0
    with click.progressbar(length=round(life.days), label=f"{life.days:g} days", hidden=not shown) as progress:
        for time in times(life.days, settings.period):
            face.sleep_until(time)
            if time % EVERY < FINE:
                world.inject(Injection("load_power", "base", KETTLE, duration=BOILS, name=f"kettle {time:.0f}"))
            life.habit(world, time)
            state, actions, told = step(state, face.exchange(actions), (), settings)
            tally.told += [(time / DAY, event) for event in told if event.kind == "estimate"]
            if time >= hour * HOUR:
                hour += 1.0
                if time > SETTLED:
                    tally.look(state.estimate.soc, state.estimate.soc_sigma, usable(world.pack))
                progress.update(int(hour % 24.0 == 0.0))
    many = max(1, tally.count)
    return Lived(tally.worst, tally.end, tally.inside / many, tally.sigma / many, tally.told)


def _charge(days: float) -> Iterator[Row]:
    drift = Injection("shunt_offset", severity=0.3, start=HOUR, ramp=2.0 * DAY)
    found = live(Life(days, sparse, sun=0.1 * PANELS, faults=(drift,)))
    more = {
        "end %": round(found.end, 2),
        "mean sigma %": round(found.sigma, 2),
        "told": _list(found.false()),
    }
    yield Row(f"{days:g} days, shunt 0.3 A off: largest error of SOC", found.worst, "%", 5.0, more=more)
    yield Row("the same: inside ±2 σ", found.inside, "", 0.9, at_most=False)


def _shortfall(part: float) -> float:
    """What the harmed cell must lose to hold so much less than the others: cells of a batch are not alike."""
    cells = boat(CELLS, CAPACITY).pack.cells
    others = sum(cell.capacity for place, cell in enumerate(cells, 1) if place != CELL) / (CELLS - 1)
    return 1.0 - (1.0 - part) * others / cells[CELL - 1].capacity


def _list(words: list[str]) -> str:
    return "; ".join(words) or "-"


def _named(name: str, key: str, life: Life, since: float = 0.0, also: str = "") -> Row:
    """When the harmed cell was named by `key`; also: what else is true of it."""
    found = live(life)
    more = {"told": _list(found.false(key, also))}
    return Row(f"{name}: named within", found.named(key, since), "days", 7.0, more=more)


def rows(quick: bool) -> Iterator[Row]:
    """The figures against their bars; quick: a week where three months are asked."""
    days = 9.0 if quick else 90.0
    yield from _charge(days)
    wrong = live(Life(days)).false()
    yield Row(f"{days:g} healthy days: false alarms", len(wrong), "", 0.0, more={"told": _list(wrong)})
    link = Injection("loose_busbar", CELL, severity=100e-6)
    yield _named("a link 100 µΩ more", "connection", Life(8.0, faults=(link,)))
    if not quick:
        grown = Injection("loose_busbar", CELL, severity=40e-6, start=14 * DAY)
        yield _named("a link three times its own after 14 days", "connection", Life(22.0, faults=(grown,)), since=14.0)
    leak = Injection("self_discharge", CELL, severity=0.02 * CAPACITY / 24.0)
    yield _named("a cell that loses 2 % a day", "self_discharge", Life(8.0, faults=(leak,)))
    short = Injection("capacity_loss", CELL, severity=_shortfall(0.1))
    yield _named("a cell 10 % short", "small_cell", Life(8.0, emptied, sun=0.0, faults=(short,)), also="weak_cell")
