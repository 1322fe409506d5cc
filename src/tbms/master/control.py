"""The loop: measure, decide, act, at absolute times; whatever happens, it goes on or lets go."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tbms.core import latches
from tbms.core.adopt import adopt, at_once, reshaped
from tbms.core.snapshot import snapshot
from tbms.core.state import State
from tbms.core.step import step
from tbms.master import failed, realtime
from tbms.master.absent import Absent
from tbms.master.commands import command
from tbms.master.guards import configuration_of
from tbms.master.incident import LastMinutes, Turn
from tbms.master.link import ControlEnd
from tbms.master.logs import Seldom
from tbms.master.recorder import Recorder
from tbms.master.restore import learned
from tbms.master.watch import LoopWatch
from tbms.model.action import ALL_OFF
from tbms.model.command import Command
from tbms.model.event import Event, EventKind, Phase
from tbms.model.fault import Severity
from tbms.model.sample import Sample
from tbms.model.snapshot import Snapshot
from tbms.ports import Clock, Configurable, DeviceError, Diagnosed, Plant, Sleeper, Sources
from tbms.settings.compiled import Settings
from tbms.settings.problems import SettingsError

SAVE_EVERY = 60.0  # s between two savings of learned values
WAKING = 3.0  # s that the nodes get to answer for the first time (one is set up a cycle) before anything is judged

LOOK_EVERY = 10  # cycles between two looks at what is wrong with the plant

log = logging.getLogger("tbms.control")


class Control:
    """One battery under control. Everything it is handed may fail; nothing it is handed may block but the plant.

    state: where the core begins. simulated, speed: as the snapshot tells them. period: of the loop, s, where it is
    not the settings' own (virtual time goes in longer steps). reload: settings from the text of a settings file, as
    they are read at a start; None where they cannot be changed. kept: what the run before had left. warning: what a
    person should know of this start, empty where nothing. sources: chargers that tell of themselves. asleep: the loop
    has ended because the battery is nearly empty; it begins anew when the boards wake.
    """

    def __init__(
        self,
        plant: Plant,
        clock: Clock,
        settings: Settings,
        state: State,
        link: ControlEnd,
        recorder: Recorder,
        simulated: bool = False,
        speed: float = 1.0,
        period: float | None = None,
        reload: Callable[[str], Settings] | None = None,
        kept: Mapping[str, Any] | None = None,
        warning: str = "",
        sources: Sources | None = None,
    ) -> None:
        self._plant, self._clock, self._settings = plant, clock, settings
        self._link, self._recorder, self._sources = link, recorder, sources
        self._simulated, self._speed, self._reload = simulated, speed, reload
        self._state = state
        self._actions = ALL_OFF
        self._minutes = LastMinutes(settings)
        self._absent = Absent(settings.cells, settings.cells if settings.temperature else 0)
        self._seldom = Seldom()
        self._unreachable = ""
        self._problem = ""
        self._problems: tuple[str, ...] = ()
        self._failed_at = 0.0
        self._shown: Snapshot | None = None
        self._kept = dict(kept or {})
        self._warning = warning
        self._judged = state.stopped, state.watches
        self._saved_at = self._began = clock.now()
        self._awake = self.asleep = False
        self.watch = LoopWatch(period or settings.period)

    def run(self, stop: Callable[[], bool]) -> None:
        """Cycle at absolute times until `stop`, or until all falls asleep, then let go of everything."""
        clock, watch = self._clock, self.watch
        self._say("start", Severity.INFO, "the master has started; everything is open")
        if self._warning:
            self._say("settings", Severity.ALARM, self._warning)
        due = clock.now()
        while not (stop() or self.asleep):
            clock.sleep_until(due)
            began = clock.now()
            watch.began(began - due)
            self.cycle()
            now = clock.now()
            realtime.tidy(watch.cycles)
            due = watch.ended(due, now, now - began)
        self._finish()

    def cycle(self) -> None:
        """One turn: leases renewed and everything read, decided, told."""
        sample = self._measure()
        asked = self._asked()
        if not self._problem and self._woken(sample):
            try:
                self._decide(sample, asked)
            except Exception as problem:  # noqa: BLE001 - whatever it is: let go, stay, say so
                self._fail(problem)
        if self._problem and self._shown:
            self._shown = failed.failed(
                self._shown, self._clock.now(), self._clock.timestamp(), self._failed_at, self._problem
            )
        if self._shown:
            self._link.publish(self._shown)
        self._save()
        if self.watch.cycles % LOOK_EVERY == 0:
            self._complain()

    def _measure(self) -> Sample:
        try:
            sample = self._plant.exchange(self._actions)
        except DeviceError as problem:
            self._lost(str(problem))
        except Exception as problem:  # noqa: BLE001 - as above: what cannot be foreseen must not end the loop
            self._fail(problem)
        else:
            told = self._sources.reports() if self._sources else sample.sources
            sample = replace(sample, late=self.watch.late, sources=told)
            self._absent.seen(sample)
            self._link.measured(sample)
            self._back()
            return sample
        return self._absent.sample(self._clock.now(), self._clock.timestamp())

    def _woken(self, sample: Sample) -> bool:
        """Everything has answered once, or has had its time; until then nothing is judged and nothing closes."""
        if not self._awake:
            full = None not in sample.cell_voltages and sample.current is not None
            self._awake = full or self._clock.now() - self._began >= WAKING
        return self._awake

    def _decide(self, sample: Sample, asked: list[Command]) -> None:
        before = self._state
        outcome = step(before, sample, asked, self._settings)
        self._state, self._actions = outcome.state, outcome.actions
        self.asleep = self._actions.sleep > 0 and isinstance(self._plant, Sleeper)
        self._tell(*outcome.events)
        if incident := self._minutes.took(before, Turn(sample, tuple(asked), outcome.events)):
            self._recorder.freeze(incident)
        self._shown = snapshot(
            self._state,
            sample,
            self._actions,
            self._settings,
            self.watch.snapshot(),
            simulated=self._simulated,
            speed=self._speed,
        )

    def _asked(self) -> list[Command]:
        """The commands that wait; each is acknowledged, taken or refused."""
        taken = []
        for request in self._link.requests():
            if request.get("kind") == "settings":
                self._answer(request, self._problem or self._adopt(request))
                continue
            read = command(request, self._clock.now())
            if isinstance(read, Command) and not self._problem:
                taken.append(read)
            self._answer(request, read if isinstance(read, str) else self._problem)
        return taken

    def _answer(self, request: dict[str, Any], refusal: str) -> None:
        if isinstance(request.get("number"), int):
            self._link.acknowledge(request["number"], refusal)

    def _adopt(self, request: dict[str, Any]) -> str:
        """Take over changed settings, or say why not; what is only for the next start is only told."""
        try:
            refusal = self._take_over(str(request["text"])) if request["live"] else ""
            note = self._note("settings", Phase.CHANGED, Severity.INFO, str(request["note"]))
        except SettingsError as problem:
            return str(problem)
        except Exception as problem:  # nothing has been taken over: go on as before
            log.error("settings are not taken over", exc_info=problem)
            return f"the master cannot take these settings over while it runs ({type(problem).__name__})"
        if not refusal:
            self._tell(note)
        return refusal

    def _take_over(self, text: str) -> str:
        if self._reload is None:
            return "the settings of this run cannot be changed"
        old, new = self._settings, self._reload(text)
        if reshaped(old, new):
            return "these settings come into force at a start only"
        if problems := at_once(self._state, old, new):
            return "; ".join(problems)
        state, limits = adopt(self._state, old, new), configuration_of(new)
        if isinstance(self._plant, Configurable) and limits != configuration_of(old):
            self._plant.configure(limits)
        if incident := self._minutes.ended():
            self._recorder.freeze(incident)
        self._settings, self._state, self._minutes = new, state, LastMinutes(new)
        return ""

    def _fail(self, problem: Exception) -> None:
        """Something unforeseen: everything off, for good, and the loop goes on."""
        self._actions = ALL_OFF
        if self._problem:
            if self._seldom.now("again", self._clock.now()):
                log.error("again, with everything off: %r", problem)
            return
        self._problem = (
            f"the master failed inside ({type(problem).__name__}: {problem}), opened everything and stays open"
        )
        self._failed_at = self._clock.now()
        log.critical("%s", self._problem, exc_info=problem)
        self._tell(failed.event(self._failed_at, self._clock.timestamp(), self._problem))

    def _lost(self, why: str) -> None:
        """Nothing can be reached: said at once, then once a minute."""
        seldom = self._seldom.now(why, self._clock.now())
        if not self._unreachable:
            self._tell(self._note("bus", Phase.CAME, Severity.ALARM, why))
        elif seldom:
            log.warning("%s", why)
        self._unreachable = why

    def _back(self) -> None:
        if self._unreachable:
            self._unreachable = ""
            self._tell(self._note("bus", Phase.WENT, Severity.INFO, "the nodes can be reached again"))

    def _say(self, key: str, severity: Severity, cause: str) -> None:
        self._tell(self._note(key, Phase.CHANGED, severity, cause))

    def _note(self, key: str, phase: Phase, severity: Severity, cause: str) -> Event:
        return Event(self._clock.now(), self._clock.timestamp(), EventKind.SYSTEM, key, phase, severity, cause=cause)

    def _tell(self, *events: Event) -> None:
        self._recorder.write(events)
        for event in events:
            level = logging.INFO if event.severity is Severity.INFO else logging.WARNING
            log.log(level, "%s", sentence(event))

    def _complain(self) -> None:
        """Say what a person should mend at the plant, once it has lasted from one look to the next."""
        found = self._plant.problems if isinstance(self._plant, Diagnosed) else ()
        for problem in found:
            if problem in self._problems and self._seldom.now(problem, self._clock.now()):
                log.warning("%s", problem)
        self._problems = found

    def _save(self) -> None:
        now = self._clock.now()
        if now - self._saved_at >= SAVE_EVERY or self._latched_anew():
            self._saved_at = now
            self._remember()

    def _latched_anew(self) -> bool:
        """What a person must lift has changed: that is kept at once."""
        judged = self._state.stopped, self._state.watches
        if judged == self._judged:
            return False
        self._judged = judged
        return bool(latches.saved(self._state, self._settings) != self._kept.get("latches", latches.NONE))

    def _remember(self) -> None:
        if self._shown and not self._problem:
            self._kept |= learned(self._shown, self._state, self._settings)
            self._kept["latches"] = latches.saved(self._state, self._settings)
            self._recorder.remember(dict(self._kept))

    def _finish(self) -> None:
        """The last acts: everything off, learned values saved, boards asleep where they are to be."""
        minutes, self._actions = self._actions.sleep, ALL_OFF
        self._measure()
        if self.asleep and isinstance(self._plant, Sleeper):
            with suppress(DeviceError):
                self._plant.sleep(minutes)
        self._plant.close()
        self._remember()
        why = "the master sleeps" if self.asleep else "the master was stopped"
        self._say("stop", Severity.INFO, f"{why}; everything is open")


def sentence(event: Event) -> str:
    """An event in one line: what, where, against what, why."""
    where = "" if event.cell is None else f" cell {event.cell}"
    value = f"{event.value:.4g}" if isinstance(event.value, float) else event.value
    figures = "" if value is None else f" {value}{event.unit and ' ' + event.unit}"
    against = "" if event.limit is None else f" against {event.limit:.4g} {event.unit}".rstrip()
    why = f": {event.cause}" if event.cause else ""
    return f"{event.kind} {event.key} {event.phase}{where}{figures}{against}{why}"
