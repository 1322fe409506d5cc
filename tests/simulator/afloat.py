"""The whole master on the simulated boat behind its serial bus, in virtual time: every frame, no waiting."""

import types
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.simulator.yard import Yard

from tbms.core import latches
from tbms.core.state import State
from tbms.drivers.node_bus import NodeBus, bus
from tbms.master.control import Control
from tbms.master.guards import configuration_of
from tbms.master.incident import Incident
from tbms.master.restore import reborn
from tbms.model.action import Actions
from tbms.model.event import Event, Phase
from tbms.model.sample import Sample
from tbms.model.snapshot import Snapshot
from tbms.settings import Settings
from tbms.simulator.line import MASTER
from tbms.simulator.trouble import TROUBLES, Trouble
from tbms.twin.inject import Injection

EPOCH = 1780000000.0  # s since 1970 at time 0
PATIENT = 1e9  # s of real time: only virtual time may run out
STEP = 0.02  # s between two passes of the nodes: half as fast as they are, in half the time


class Port:
    """The master's end of the line, as pyserial gives it; waiting for bytes lets the boat go on."""

    def __init__(self, yard: Yard) -> None:
        self._yard = yard
        self._heard = b""

    @property
    def in_waiting(self) -> int:
        self._heard += b"".join(self._yard.answers)
        self._yard.answers.clear()
        return len(self._heard)

    def read(self, size: int) -> bytes:
        end = self._yard.now + bus.TIMEOUT
        while not self.in_waiting and self._yard.now < end:
            self._yard.event(end)
        got, self._heard = self._heard[:size], self._heard[size:]
        return got

    def write(self, data: bytes) -> int:
        self._yard.line.send(MASTER, data, self._yard.now)
        return len(data)

    def close(self) -> None:
        pass


class Clock:
    """ports.Clock in the boat's time."""

    def __init__(self, yard: Yard) -> None:
        self._yard = yard

    def now(self) -> float:
        return self._yard.now

    def timestamp(self) -> float:
        return EPOCH + self._yard.now + self._yard.rig.world.effects.value["clock_jump"][0]

    def sleep_until(self, time: float) -> None:
        self._yard.run(time - self._yard.now)


class Plant:
    """The node bus; a test may change what it is told and what it gives."""

    problems: tuple[str, ...] = ()

    def __init__(self, nodes: NodeBus) -> None:
        self.nodes = nodes
        self.spoil: Callable[[Sample], Sample] = lambda sample: sample

    def exchange(self, actions: Actions) -> Sample:
        return self.spoil(self.nodes.exchange(actions))

    def sleep(self, minutes: int) -> None:
        self.nodes.sleep(minutes)

    def close(self) -> None:
        self.nodes.close()


class Log:
    """Link and recorder at once: what the master tells, kept at hand. asked: commands that wait."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.incidents: list[Incident] = []
        self.asked: list[dict[str, Any]] = []
        self.kept: dict[str, Any] = {}
        self.shown: Snapshot | None = None

    def publish(self, snapshot: Snapshot) -> None:
        self.shown = snapshot

    def measured(self, _: Sample) -> None:
        pass

    def acknowledge(self, number: int, refusal: str = "") -> None:
        pass

    def requests(self) -> list[dict[str, Any]]:
        taken, self.asked = self.asked, []
        return taken

    def write(self, events: Sequence[Event]) -> None:
        self.events += events

    def freeze(self, incident: Incident) -> None:
        self.incidents.append(incident)

    def remember(self, values: dict[str, Any]) -> None:
        self.kept = values


class Afloat:
    """Boat and master. world, log, plant: what a test looks at and changes."""

    def __init__(self, settings: Settings, monkeypatch: pytest.MonkeyPatch, **boat: Any) -> None:
        self.settings = settings
        boat = {"capacity": settings.capacity, "common": settings.contactors.common, **boat}
        self.yard = Yard(settings.cells, boat.pop("soc", 0.6), STEP, **boat)
        self.yard.permits = None  # the real master speaks
        self.world, self.clock = self.yard.rig.world, Clock(self.yard)
        time = types.SimpleNamespace(
            sleep=lambda seconds: self.yard.run(seconds), time=self.clock.timestamp, monotonic=self.clock.now
        )
        monkeypatch.setattr(bus, "time", time)
        self.log = Log()
        self.alive = False
        self.start()

    def start(self) -> None:
        """A master begins, with what the one before had kept at hand."""
        nodes = NodeBus(
            *("", 115200, "none", self.settings.cells, configuration_of(self.settings)),
            timeout=PATIENT,
            clock=self.clock.now,
        )
        nodes._client.socket = Port(self.yard)
        self.plant = Plant(nodes)
        state = State.initial(self.settings)
        if self.log.kept:
            state = latches.restored(self.log.kept.get("latches"), state, self.settings)
            state = reborn(state, self.log.kept, self.settings, self.clock.timestamp(), self.yard.now)
        log: Any = self.log
        self.control = Control(self.plant, self.clock, self.settings, state, log, log, kept=self.log.kept)
        self.alive, self._due = True, self.yard.now

    def kill(self) -> None:
        """The master says nothing any more."""
        self.alive = False

    def run(self, seconds: float) -> None:
        """Let so much time pass, cycle by cycle."""
        end = self.yard.now + seconds
        while self.alive and self._due < end - 1e-9:
            self.cycle()
        if self.yard.now < end:
            self.clock.sleep_until(end)

    def cycle(self) -> None:
        """One turn of the master's loop, as Control.run makes it."""
        self.clock.sleep_until(self._due)
        watch, began = self.control.watch, self.yard.now
        watch.began(began - self._due)
        self.control.cycle()
        self._due = watch.ended(self._due, self.yard.now, self.yard.now - began)
        if self.control.asleep:
            self.control._finish()
            self.alive = False

    def stall(self, seconds: float) -> None:
        """The master's machine stands still: its next cycle begins so late."""
        self.clock.sleep_until(self._due + seconds)

    def configure(self, fields: dict[str, int | None]) -> None:
        """Something on the bus writes a configuration into every node."""
        self.yard.configure(**fields)

    def until(self, what: Callable[[], object], within: float) -> bool:
        """Let time pass until it holds; whether it did within so many s."""
        end = self.yard.now + within
        while not what() and self.yard.now < end:
            self.run(self.settings.period)
        return bool(what())

    def sail(self) -> "Afloat":
        """Both contactors closed, everything well."""
        assert self.until(lambda: self.contacts == (True, True), 12.0), self.story
        self.run(1.0)
        return self

    def befall(self, kind: str, where: int | str = 1, severity: float | None = None, **more: Any) -> None:
        """A fault of the world or of the bus."""
        if kind in TROUBLES:
            self.yard.rig.troubles.inject(Trouble(kind, int(where), severity, **more), self.yard.now)
        else:
            self.world.inject(Injection(kind, where, severity, **more))

    def mend(self) -> None:
        """Every fault ends."""
        for name in list(self.world.schedule.active):
            self.world.clear(name)
        for name in self.yard.rig.troubles.names():
            self.yard.rig.troubles.clear(name)

    def press(self, seconds: float) -> None:
        """Somebody holds the reset button at the panel."""
        self.world.button = True
        self.run(seconds)
        self.world.button = False
        self.run(0.3)

    @property
    def contacts(self) -> tuple[bool, bool]:
        """Whether the charge and the load contactor are closed in the world."""
        return self.world.charge_contactor.closed, self.world.load_contactor.closed

    @property
    def outputs(self) -> tuple[bool, ...]:
        """The six relays as the base board drives them."""
        return self.yard.rig.controls.outputs

    def seen(self, key: str, phase: Phase, **more: Any) -> list[Event]:
        """Events so far about something; more: fields that must agree."""
        return [
            event
            for event in self.log.events
            if event.key == key
            and event.phase is phase
            and all(getattr(event, name) == value for name, value in more.items())
        ]

    @property
    def story(self) -> str:
        """For whoever must find out why a test failed."""
        return "\n".join(f"{e.time:8.2f} {e.key} {e.phase} {e.ring or ''} {e.value} {e.cause}" for e in self.log.events)


HURRIED = ((100.0, 4.0), (1.0, 1.0))
"""Delays from so many s on, and what becomes of them here: those of minutes still come last."""


def hurried(settings: Settings) -> Settings:
    """The same protections with no delay longer than 4 s and no release hold longer than 1 s.

    Their true lengths are proven to the period in tests/core/test_boundaries.py; here they would only be waited for.
    """

    def short(delay: float) -> float:
        return next((less for more, less in HURRIED if delay >= more), delay)

    protections = tuple(
        replace(
            protection,
            rings=tuple(
                (ring, replace(limit, delay=short(limit.delay), release_delay=min(limit.release_delay, 1.0)))
                for ring, limit in protection.rings
            ),
        )
        for protection in settings.protections
    )
    return replace(settings, protections=protections, checks=tuple(map(hash, protections)))
