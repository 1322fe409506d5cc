"""One step of the core: from a sample to actions, as one pure function of its arguments."""

from collections.abc import Sequence
from typing import NamedTuple

from tbms.core import counters, estimate, glance, sleep, tell
from tbms.core.commands import LIMP_TIME, Orders, obey
from tbms.core.look import look
from tbms.core.manage import manage, outputs, panel
from tbms.core.manage.scene import Scene, midnight
from tbms.core.measure.measured import Measured, measure
from tbms.core.measure.reading import CALM
from tbms.core.measure.switches import Drive
from tbms.core.protect.limits import Change, Clearing, Moment, Watch, clear, judge, restart_holds
from tbms.core.protect.verdict import Verdict, verdict
from tbms.core.sleep import Contactors
from tbms.core.state import State
from tbms.core.switching import switch
from tbms.model.action import Actions
from tbms.model.command import Command
from tbms.model.event import Event
from tbms.model.limit import Measure
from tbms.model.sample import Sample
from tbms.settings.compiled import Settings

LOOP_GRACE = 1.0  # s: nodes follow a permit within two cycles; a slow bus needs a few more
MEAN_TIME = 60.0  # s: over which the mean current is taken


class Outcome(NamedTuple):
    """What one step gives: the memory for the next, what to do, and what happened."""

    state: State
    actions: Actions
    events: tuple[Event, ...]


def step(state: State, sample: Sample, commands: Sequence[Command], settings: Settings) -> Outcome:
    """Judge a sample and decide; never raises. commands: asked since the step before, in order."""
    slack = settings.period / 2
    before = None if state.measured is None else state.measured.time
    seen = look(state, measure(sample, before, state.clock, _drive(state, settings), settings), sample, settings)
    measured = seen.measured
    button, pressed = _button(state, sample, measured.clock, slack)
    orders, events = _orders(state, (*commands, pressed) if pressed else commands, measured)
    mean, given = _mean(state.mean_current, measured), state.managed.balancing.charge
    watches, changes = _limits(state, measured, mean, orders, slack, settings)
    estimated, told = estimate.update(state.estimate, measured, measured.dt, settings, given)
    events += [*(tell.fault(change, measured) for change in changes), *told]
    valid_at, count = _valid(state, measured, orders, settings)
    limp = _limp(state, orders, measured, slack, events)
    judged_now = _judged(state, watches, limp, settings)
    judged = state._replace(
        measured=measured,
        clock=measured.clock,
        valid_at=valid_at,
        valid_count=count,
        mean_current=mean,
        estimate=estimated,
        watches=watches,
        verdict=judged_now,
        counters=_counted(state, measured, sample, judged_now),
        asleep_since=state.asleep_since if sample.asleep_charge is None else None,
        stopped=orders.stopped,
        overrides=outputs.expire(orders.overrides, measured.clock),
        acknowledged=orders.acknowledged and not any(change.came for change in changes),
        button=button,
        trend=seen.trend,
        checked=seen.checked,
        limp=limp,
        rest=sleep.advance(state.rest, Contactors(state.charge, state.load), measured, sample, settings.sleep, events),
    )
    managed = manage.advance(state.managed, _scene(judged, measured, sample, settings), settings, events)
    seen_all = judged.acknowledged and not manage.louder(state.managed, managed, settings)
    judged = judged._replace(managed=managed, acknowledged=seen_all)
    decided = switch(state, judged, measured, sample, orders, settings, events)
    return Outcome(decided, decided.actions, tuple(glance.seen(events, state, decided)) if events else ())


def _counted(state: State, measured: Measured, sample: Sample, judged: Verdict) -> counters.Counters:
    """The battery's life so far; with it what was drawn asleep, once the boards have told."""
    known, since, charge = state.counters, state.asleep_since, sample.asleep_charge
    if since is not None and charge is not None:
        known = counters.slept(known, measured, since, charge, sample.awake)
    return counters.flowed(known, measured, judged, measured.dt, state.actions)


def _scene(state: State, measured: Measured, sample: Sample, settings: Settings) -> Scene:
    """What management looks at; state: judged."""
    inputs = sample.switches.inputs if sample.switches is not None else ()
    time = midnight(sample.timestamp, settings.rules.utc_offset)
    judged, charge, discharge = state.verdict, state.may_charge, state.may_discharge
    charging, wanted = state.managed.charging, charge and not judged.stop_charge
    return Scene(
        *(measured, state.estimate, judged, state.relays.on, inputs, time),
        charge=wanted,
        discharge=discharge and not judged.stop_discharge,
        trusted=charge or discharge,
        sources=sample.sources,
        stage=charging.stage if wanted and not charging.resting else "off",
        limp=state.limp is not None,
    )


def _drive(state: State, settings: Settings) -> Drive:
    """What the step before asked of the switches, for this sample to be judged by."""
    charge, discharge, clock = state.permit_charge_since, state.permit_discharge_since, state.clock
    return Drive(
        state.actions.charge_contactor,
        state.actions.load_contactor,
        charge is not None and clock - charge >= LOOP_GRACE,
        discharge is not None and clock - discharge >= LOOP_GRACE,
        state.valid_count >= settings.contactors.ready_samples,
        settings.contactors.feedback,
        state.load.tries >= settings.contactors.pre_charge_tries,
        settings.contactors.common,
    )


def _button(state: State, sample: Sample, clock: float, slack: float) -> tuple[panel.Press | None, Command | None]:
    """The press of the reset button as it goes on, and what it asks now."""
    switches = sample.switches
    if switches is None or not switches.button:
        return panel.button(False, False, state.button, clock, slack) if state.button else (None, None)
    return panel.button(True, switches.emergency_stop is True, state.button, clock, slack)


def _orders(state: State, commands: Sequence[Command], measured: Measured) -> tuple[Orders, list[Event]]:
    orders = Orders(state.stopped, state.acknowledged, state.overrides)
    events: list[Event] = []
    for asked in commands:
        orders, answer = obey(orders, asked, measured, state.verdict)
        events.append(tell.command(asked, answer, measured))
    return orders, events


def _limp(state: State, orders: Orders, measured: Measured, slack: float, events: list[Event]) -> float | None:
    """Until when it limps home, None while it does not; a person begins it, time or a stop ends it."""
    clock = measured.clock
    if orders.limp:
        return clock + LIMP_TIME
    if state.limp is None or (clock < state.limp - slack and not orders.stopped):
        return state.limp
    events.append(tell.limp_ended(measured))
    return None


def _judged(state: State, watches: tuple[Watch, ...], limp: float | None, settings: Settings) -> Verdict:
    """The verdict, summed up again only where something tripped, cleared, or limping home began or ended."""
    if watches is state.watches and (limp is None) is (state.limp is None):
        return state.verdict
    return verdict(settings.protections, watches, limp is not None)


def _mean(mean: float | None, measured: Measured) -> float | None:
    """The current over about a minute, A; unknown with the current."""
    if measured.current is None or mean is None:
        return measured.current
    share = measured.dt / MEAN_TIME
    return mean + (measured.current - mean) * (share if share < 1.0 else 1.0)


def _limits(
    state: State, measured: Measured, mean: float | None, orders: Orders, slack: float, settings: Settings
) -> tuple[tuple[Watch, ...], list[Change]]:
    """Every protection judged, then what a person clears."""
    charging = mean is not None and mean >= settings.contactors.reclose_current
    watches = state.watches if measured.fresh else restart_holds(state.watches)
    readings = measured.readings
    watches, changes = judge(settings.protections, watches, readings, Moment(measured.clock, slack, charging))
    if orders.person:
        # tries of a failed pre-charge and closings are a person's to give back
        given = (Measure.PRE_CHARGE, Measure.CHARGE_CYCLES, Measure.LOAD_CYCLES)
        by = Clearing(orders.close, orders.installer)
        readings = tuple(CALM if place in given else reading for place, reading in enumerate(readings))
        watches, cleared = clear(settings.protections, watches, readings, by)
        changes += cleared
    return watches, changes


def _valid(state: State, measured: Measured, orders: Orders, settings: Settings) -> tuple[float | None, int]:
    """When the newest full set came, and how many came in a row before the first closing."""
    needed = settings.contactors.ready_samples
    if orders.person:
        # a person at the panel takes the set as it is; what the limits forbid stays forbidden
        return measured.clock if state.valid_at is None else state.valid_at, needed
    if measured.complete:
        return measured.clock, min(needed, state.valid_count + 1)
    return state.valid_at, needed if state.valid_count >= needed else 0
