"""Plays a scenario: the twin's boat and the core, in virtual time."""

from dataclasses import dataclass, field

from tbms.core.state import State
from tbms.core.step import step
from tbms.model.action import ALL_OFF
from tbms.model.command import Command, CommandKind
from tbms.model.event import Event
from tbms.model.snapshot import ContactorPhase
from tbms.settings import Settings, load
from tbms.twin.scenario import SWITCHES, Deed, Expectation, Scenario, observe
from tbms.twin.world import World

FINE = 0.1  # s, the loop's own period
OUTPUTS = (
    '[{name="Solar", role="charger_enable"}, {name="Alternator", role="charger_enable"}, '
    '{name="Shore", role="charger_enable"}, {name="Comfort", role="load"}, {name="Heater", role="heater"}, '
    '{name="Horn", role="alarm"}]'
)


@dataclass
class Watched:
    """How far one expectation has come. met: seen as it should be. broken: why it can not hold any more."""

    expected: Expectation
    met: bool = False
    broken: str = ""

    def event(self, event: Event) -> None:
        it = self.expected
        if event.key != it.event or not it.after <= event.time <= it.by:
            return
        asked = {"phase": it.phase, "ring": it.ring, "cell": it.cell, "value": it.value}
        if any(value not in ("", None) and getattr(event, name) != value for name, value in asked.items()):
            return
        self.met = True
        if it.never:
            self.broken = f"came at {event.time:.1f} s: {event.cause}"

    def look(self, seen: dict[str, object], time: float) -> None:
        it = self.expected
        if not it.what or not it.after <= time <= it.by:
            return
        if it.what not in seen:
            self.broken = f"nothing is called {it.what}; known are {', '.join(seen)}"
            return
        holds = it.holds(seen[it.what])
        self.met = self.met or holds
        if (it.always and not holds) or (it.never and holds):
            self.broken = self.broken or f"was {seen[it.what]!r} at {time:.1f} s"

    @property
    def problem(self) -> str:
        if self.broken:
            return f"{self.expected.text}: {self.broken}"
        return "" if self.met or self.expected.never else f"{self.expected.text}: never seen"


@dataclass
class Played:
    """What came of a scenario."""

    world: World
    state: State
    events: list[Event] = field(default_factory=list)
    watched: list[Watched] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        return [watch.problem for watch in self.watched if watch.problem]

    @property
    def story(self) -> str:
        lines = [f"{e.time:9.1f} s  {e.key} {e.phase} {e.ring or ''} {e.cause}" for e in self.events]
        return "\n".join(lines)


def settings_of(scenario: Scenario) -> Settings:
    cells = scenario.boat.get("cells", 16)
    capacity = scenario.boat.get("capacity", 280.0)
    basis = [f"pack.cells={cells}", f"pack.capacity={capacity}", f"outputs={OUTPUTS}"]
    return load(None, [*basis, *scenario.settings])


def command(deed: Deed) -> Command:
    if deed.what.startswith("output_"):
        number = int(deed.what.removeprefix("output_"))
        return Command(CommandKind.OUTPUT, number, str(deed.value), "scenario", deed.local)
    return Command(CommandKind(deed.what), who="scenario", local=deed.local)


class Player:
    """One run of a scenario: the loop of the master, in virtual time."""

    def __init__(self, scenario: Scenario) -> None:
        self.face, self.settings = scenario.face(), settings_of(scenario)
        state = State.initial(self.settings, soc=scenario.boat.get("soc", 0.6))
        self.played = Played(self.face.world, state)
        self.played.watched = [Watched(expected) for expected in scenario.expectations]
        self.deeds, self.actions = list(scenario.deeds), ALL_OFF

    def run(self, scenario: Scenario) -> Played:
        for time in scenario.times():
            while self._moving() and self.face.now() + 1.5 * FINE < time:
                self._step(self.face.now() + FINE)
            self._step(time)
        return self.played

    def _moving(self) -> bool:
        """A contactor is on its way: long steps would see its pre-charge or its opening only when it is over."""
        state = self.played.state
        return any(c.phase in (ContactorPhase.PRE_CHARGE, ContactorPhase.OPENING) for c in (state.charge, state.load))

    def _step(self, time: float) -> None:
        self.face.sleep_until(time)
        sample = self.face.exchange(self.actions)
        self.played.state, self.actions, events = step(self.played.state, sample, self._do(time), self.settings)
        self.played.events += events
        _judge(self.played, events, time)

    def _do(self, time: float) -> list[Command]:
        """What people do now: switches at once, commands for the master."""
        commands = []
        while self.deeds and self.deeds[0].at <= time + 1e-9:
            deed = self.deeds.pop(0)
            if deed.what in SWITCHES:
                setattr(self.face.world, deed.what, deed.value)
            else:
                commands.append(command(deed))
        return commands


def play(scenario: Scenario) -> Played:
    return Player(scenario).run(scenario)


def _judge(played: Played, events: tuple[Event, ...], time: float) -> None:
    state = played.state
    seen: dict[str, object] = {
        **observe(played.world),
        "may_charge": state.may_charge,
        "may_discharge": state.may_discharge,
        "charge_phase": str(state.charge.phase),
        "load_phase": str(state.load.phase),
        "faults": ",".join(sorted({fault.id for fault in state.verdict.faults})),
        "estimated_soc": state.soc,
        "buzzer": str(state.actions.buzzer),
        **{f"output_{number}": on for number, on in enumerate(state.actions.outputs, 1)},
    }
    for watch in played.watched:
        watch.look(seen, time)
        for event in events:
            watch.event(event)
