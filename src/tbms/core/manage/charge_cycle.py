"""Bulk, absorption, float; and when chargers rest: full, then off until low, up to high, full again every N days."""

from enum import StrEnum
from typing import NamedTuple

from tbms.core.manage import charge_limits
from tbms.core.manage.charge_limits import Limits, Ramp
from tbms.core.manage.scene import UNCERTAIN, Scene
from tbms.core.protect.verdict import Verdict
from tbms.model.event import Event, EventKind, Phase
from tbms.model.fault import Ring, Severity
from tbms.settings.compiled import Settings
from tbms.settings.energy import ChargeRules

REACHED = 0.005  # V below the absorption voltage that counts as reached: a charger's own tolerance
STAYS = 0.020  # V below it within which the tail current is judged
FALLEN = 0.100  # V below the held voltage at which the charger has gone
FALLEN_TIME = 60.0  # s: a passing load is no end of a charge


class ChargeStage(StrEnum):
    """Where a charge is."""

    BULK = "bulk"
    ABSORPTION = "absorption"
    FLOAT = "float"


class Charging(NamedTuple):
    """What charge management remembers; every time on the core's clock, s.

    since: of the stage. tail: since when the current is below the tail; fallen: the voltage below the held one; None
    while not. full_at: when the battery was full last, None if not since the start. profile: in force.
    resting: why chargers rest, empty while they do not.
    """

    limits: Limits
    stage: ChargeStage = ChargeStage.BULK
    since: float = 0.0
    tail: float | None = None
    fallen: float | None = None
    full_at: float | None = None
    profile: str = ""
    resting: str = ""

    @property
    def full(self) -> bool:
        """The battery has been filled and not been used much since: what an estimator may take as 100 %."""
        return self.stage is ChargeStage.FLOAT and self.full_at is not None and self.full_at >= self.since


def empty(verdict: Verdict) -> bool:
    """A cell is at its limit of undervoltage: what an estimator may take as empty."""
    return any(f.id == "cell_undervoltage" and f.ring is not Ring.WARN for f in verdict.faults)


def initial(settings: Settings) -> Charging:
    """At a boot: nothing is asked for, limits rise from zero."""
    rules = settings.charging
    return Charging(Limits(Ramp(settings.cells * rules.absorption), Ramp(0.0), Ramp(0.0)), profile=rules.profile)


def _since(then: float | None, holds: bool, now: float) -> float | None:
    return None if not holds else now if then is None else then


def _staged(state: Charging, scene: Scene, rules: ChargeRules, slack: float) -> Charging:
    """The stage after this moment; unknown values leave it as it is."""
    highest, current, now = scene.measured.highest, scene.measured.current, scene.clock
    if highest is None or current is None:
        return state
    if state.stage is ChargeStage.BULK:
        return _to(state, ChargeStage.ABSORPTION, now) if highest >= rules.absorption - REACHED else state
    held = rules.float_voltage if state.stage is ChargeStage.FLOAT else rules.absorption
    fallen = _since(state.fallen, highest < held - FALLEN, now)
    if fallen is not None and now - fallen >= FALLEN_TIME - slack:
        return _to(state, ChargeStage.BULK, now)
    if state.stage is ChargeStage.FLOAT:
        used = scene.estimate.soc_sigma <= UNCERTAIN and scene.estimate.soc < rules.rebulk_soc and not state.resting
        return _to(state, ChargeStage.BULK, now) if used and highest < held else _marked(state, None, fallen)
    tail = _since(state.tail, 0.0 <= current <= rules.tail and highest >= rules.absorption - STAYS, now)
    if tail is not None and now - tail >= rules.tail_time - slack:
        return _to(state, ChargeStage.FLOAT, now)._replace(full_at=now)
    if now - state.since >= rules.absorption_time - slack:
        return _to(state, ChargeStage.FLOAT, now)
    return _marked(state, tail, fallen)


def _to(state: Charging, stage: ChargeStage, now: float) -> Charging:
    return state._replace(stage=stage, since=now, tail=None, fallen=None)


def _marked(state: Charging, tail: float | None, fallen: float | None) -> Charging:
    same = tail == state.tail and fallen == state.fallen
    return state if same else state._replace(tail=tail, fallen=fallen)


def _rests(state: Charging, scene: Scene, rules: ChargeRules, profile: str) -> str:
    """Why chargers rest now, empty while they do not; an uncertain state of charge never lets them."""
    bounds, estimate = rules.profiles.get(profile), scene.estimate
    if bounds is None or estimate.soc_sigma > UNCERTAIN:
        return ""
    low, high = bounds
    rested = bool(state.resting) and state.profile == profile
    if profile == "cycle":
        due = state.full_at is None or scene.clock - state.full_at >= rules.full_every
        high = 1.0 if due else high
        rested = rested and not due
    if rested and estimate.soc > low:
        return state.resting
    ended = not rested and (state.full if high >= 1.0 else estimate.soc >= high)
    reached = "full" if high >= 1.0 else f"{100 * high:.0f} % reached"
    return f"profile {profile}: {reached}, rests until {100 * low:.0f} %" if ended else ""


def _rested(state: Charging, scene: Scene, profile: str, rules: ChargeRules, events: list[Event]) -> Charging:
    """Whether chargers rest; when they begin again, so does the charge."""
    resting = _rests(state, scene, rules, profile)
    if resting == state.resting and profile == state.profile:
        return state
    if bool(resting) is not bool(state.resting):
        cause = resting or f"profile {profile}: charging again"
        events.append(_event(scene, "charge_rest", Phase.CAME if resting else Phase.WENT, None, cause))
        state = state if resting else _to(state, ChargeStage.BULK, scene.clock)
    return state._replace(resting=resting, profile=profile)


def advance(state: Charging, scene: Scene, asked: str, settings: Settings, events: list[Event]) -> Charging:
    """Charge management after this moment; the same object when nothing changed.

    asked: profile that a range wants, or empty.
    """
    rules = settings.charging
    after = _rested(_staged(state, scene, rules, settings.period / 2), scene, asked or rules.profile, rules, events)
    if after.stage is not state.stage:
        events.append(_event(scene, "charge_stage", Phase.CHANGED, str(after.stage), _why(after, rules)))
    target = rules.float_voltage if after.stage is ChargeStage.FLOAT else rules.absorption
    limits = after.limits
    if after.stage is not state.stage:
        limits = limits._replace(cvl=Ramp(settings.cells * target))
    limits = charge_limits.advance(limits, scene, target, settings.cells, rules)
    return after if limits is after.limits else after._replace(limits=limits)


def _why(after: Charging, rules: ChargeRules) -> str:
    if after.stage is ChargeStage.BULK:
        return "a new charge"
    if after.stage is ChargeStage.ABSORPTION:
        return f"highest cell at {rules.absorption:.3f} V"
    if after.full:
        return f"full: current at most {rules.tail:.1f} A for {rules.tail_time:g} s"
    return f"absorption lasted {rules.absorption_time:g} s"


def _event(scene: Scene, key: str, phase: Phase, value: str | None, cause: str) -> Event:
    measured = scene.measured
    return Event(
        measured.time, measured.timestamp, EventKind.CHARGE, key, phase, Severity.INFO, value=value, cause=cause
    )
