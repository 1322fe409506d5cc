"""From permissions to switches: contactors, permits, outputs and panel, and an event for every change."""

from math import ceil, inf

from tbms.core import counters, tell
from tbms.core.commands import Orders
from tbms.core.manage import manage, outputs, panel
from tbms.core.manage.coils import Relays, energised, relays
from tbms.core.measure.measured import Measured
from tbms.core.measure.switches import lack, powered
from tbms.core.protect import contactors
from tbms.core.protect.common import Joined, Sight, joined
from tbms.core.protect.contactors import Contactor, Wish
from tbms.core.protect.verdict import Verdict, counting
from tbms.core.sleep import OPENED, announced
from tbms.core.state import State
from tbms.model.action import Actions
from tbms.model.event import Event
from tbms.model.fault import Fault
from tbms.model.sample import Sample, SwitchReport
from tbms.model.snapshot import ContactorPhase
from tbms.settings.compiled import OutputRole, Settings

CLOSING = frozenset({ContactorPhase.OPEN, ContactorPhase.PRE_CHARGE})  # from which a contactor closes


def switch(
    before: State,
    state: State,
    measured: Measured,
    sample: Sample,
    orders: Orders,
    settings: Settings,
    events: list[Event],
) -> State:
    """The state with contactors, permits, outputs and panel decided; events are added to the list.

    before: of the step before. state: of this one, as far as it is known.
    """
    wishes = _wishes(state, measured, sample, settings)
    faults = _faults(state)
    lent, mean = False, state.mean_current
    if settings.contactors.common:
        one = _one(state, wishes, sample.switches, orders, settings)
        fault, lent = faults[0 if one.charge else 1], one.lent
        charge = load = _contactor("load_contactor", state.load, one.wish, fault, orders, measured, settings, events)
        if load.phase is ContactorPhase.CLOSED is not state.load.phase:
            mean = 0.0  # what a charger gives that was let in is judged from then on
    else:
        charge = _contactor("charge_contactor", state.charge, wishes[0], faults[0], orders, measured, settings, events)
        load = _contactor("load_contactor", state.load, wishes[1], faults[1], orders, measured, settings, events)
    permits = _held(charge, wishes[0]), _held(load, wishes[1]) or lent
    actions, set_to = before.actions, before.relays
    if not _quiet(before, state, charge, load, permits) or measured.clock >= set_to.due - settings.period / 2:
        set_to = _relays(state, charge, load, measured, settings, events)
        actions = _actions(state, charge, load, permits, set_to, measured, settings)
    return state._replace(
        charge=charge,
        load=load,
        mean_current=mean,
        permit_charge_since=_since(state.permit_charge_since, permits[0], measured.clock),
        permit_discharge_since=_since(state.permit_discharge_since, permits[1], measured.clock),
        actions=actions,
        relays=set_to,
        counters=counters.closed(state.counters, (state.charge, state.load), (charge, load)),
    )


def _quiet(before: State, state: State, charge: Contactor, load: Contactor, permits: tuple[bool, bool]) -> bool:
    """Nothing that the actions depend on is another object than in the step before."""
    return (
        before.measured is not None
        and state.verdict is before.verdict
        and charge is before.charge
        and load is before.load
        and state.overrides is before.overrides
        and state.acknowledged is before.acknowledged
        and (state.valid_at is None) is (before.valid_at is None)
        and state.rest is before.rest
        and (state.limp is None) is (before.limp is None)
        and manage.quiet(before.managed, state.managed)
        and permits == (before.actions.permit_charge, before.actions.permit_discharge)
    )


def _one(
    state: State, wishes: tuple[Wish, Wish], switches: SwitchReport | None, orders: Orders, settings: Settings
) -> Joined:
    """What is wanted of the one contactor that both directions share."""
    fault = state.verdict.discharge_fault
    sight = Sight(
        state.clock,
        state.mean_current,
        inf if fault is None else fault.since,
        orders.person or (switches is not None and announced(switches)),
        orders.person,
    )
    return joined(state.load, *wishes, sight, settings.contactors)


def _held(contactor: Contactor, wish: Wish) -> bool:
    """The loop is permitted; it holds a contactor that waits for the current to fall."""
    return wish.permitted or (contactor.phase is ContactorPhase.CLOSED and contactor.ending is not None)


def _since(since: float | None, given: bool, clock: float) -> float | None:
    return None if not given else clock if since is None else since


def _contactor(
    name: str,
    before: Contactor,
    wish: Wish,
    fault: Fault | None,
    orders: Orders,
    measured: Measured,
    settings: Settings,
    events: list[Event],
) -> Contactor:
    asked = contactors.release(before, orders.person) if orders.close else before
    after = contactors.advance(asked, wish, measured.clock, settings.period / 2, settings.contactors)
    if after.phase is not before.phase:
        events.append(tell.contactor(name, before, after, measured, None if wish.permitted else fault))
    return after


def _faults(state: State) -> tuple[Fault | None, Fault | None]:
    """The faults that decide about charging and discharging; none where a person has stopped the battery."""
    return (None, None) if state.stopped else (state.verdict.charge_fault, state.verdict.discharge_fault)


def _why(state: State, cause: str, settings: Settings) -> str:
    """Why a contactor may not be closed."""
    if state.stopped:
        return f"stopped by {state.stopped}"
    if state.rest.asleep:
        return "asleep: the battery is nearly empty, and a charger wakes it"
    return cause or f"waiting for {settings.contactors.ready_samples} full, valid sets of measurements"


def _wishes(state: State, measured: Measured, sample: Sample, settings: Settings) -> tuple[Wish, Wish]:
    """What is wanted of the charge and of the load contactor, and what is seen of them."""
    judged, switches = state.verdict, sample.switches
    live = switches is not None
    ready = not measured.live or state.valid_count >= settings.contactors.ready_samples
    charge, load = ready and state.may_charge, ready and state.may_discharge
    charge_cause = "" if charge else _why(state, judged.charge_cause, settings)
    load_cause = "" if load else _why(state, judged.discharge_cause, settings)
    stopped = bool(state.stopped)
    supply = powered(sample.nodes)
    seen = _seen(switches, settings)
    gap, calm = _bus(state, measured, switches, settings)
    counted, store = _counted(state, settings), lack(switches, settings.contactors.store_voltage)
    return (
        Wish(
            *(charge, stopped or judged.latched_charge, charge_cause, live, supply[0], False, seen[0], None, True),
            measured.current,
            0.0 if stopped else judged.grace,
            counted[0] or store or _blocked(measured, switches, settings),
        ),
        Wish(
            *(load, stopped or judged.latched_discharge, load_cause, live, supply[1], True, seen[1], gap, calm),
            measured.current,
            blocked=counted[1] or store,
        ),
    )


def _counted(state: State, settings: Settings) -> tuple[str, str]:
    """Why neither contactor is to be closed just now: only asked where one may close and something is counted."""
    if CLOSING.isdisjoint((state.charge.phase, state.load.phase)) or not any(state.watches):
        return "", ""
    return counting(settings.protections, state.watches, state.limp is not None)


def _blocked(measured: Measured, switches: SwitchReport | None, settings: Settings) -> str:
    """Why the charge contactor may not close on its bus now; a bus that is not measured blocks nothing."""
    bus = None if switches is None else switches.charge_bus_voltage
    pack = measured.pack_voltage
    if bus is None or pack is None or bus - pack <= settings.contactors.close_voltage:
        return ""
    return f"charge bus {bus - pack:.0f} V above the pack"


def _seen(switches: SwitchReport | None, settings: Settings) -> tuple[bool | None, bool | None]:
    """Auxiliary contacts, where they are wired."""
    if switches is None or not settings.contactors.feedback:
        return None, None
    return switches.charge_contactor, switches.load_contactor


def _bus(
    state: State, measured: Measured, switches: SwitchReport | None, settings: Settings
) -> tuple[float | None, bool]:
    """Pack less load bus, V, None if unknown; and whether no more flows than a charged bus draws.

    While a charge contactor of its own is closed the shunt shows the chargers too and says nothing of the bus.
    """
    bus = None if switches is None else switches.load_bus_voltage
    pack = measured.pack_voltage
    if pack is None and None not in measured.voltages:
        pack = sum(voltage for voltage in measured.voltages if voltage is not None)
    gap = None if bus is None or pack is None else pack - bus
    if not settings.contactors.common and state.charge.phase not in OPENED:
        return gap, True
    return gap, measured.current is not None and abs(measured.current) < settings.contactors.pre_charge_current


def _actions(
    state: State,
    charge: Contactor,
    load: Contactor,
    permits: tuple[bool, bool],
    set_to: Relays,
    measured: Measured,
    settings: Settings,
) -> Actions:
    """What to energise; the same object as before when nothing changes."""
    before = state.actions
    both = charge.phase is load.phase is ContactorPhase.CLOSED
    shown = panel.led(state.verdict, both, state.managed.effects.alarm)
    after = Actions(
        permit_charge=permits[0],
        permit_discharge=permits[1],
        charge_contactor=charge.phase is ContactorPhase.CLOSED,
        load_contactor=load.phase is ContactorPhase.CLOSED,
        pre_charge=load.phase is ContactorPhase.PRE_CHARGE,
        outputs=energised(set_to, measured.clock, settings.period / 2, settings.outputs),
        balance=state.managed.balancing.words,
        led=shown,
        buzzer=panel.buzzer(shown, state.acknowledged),
    )
    if state.rest.dark:
        after = Actions(sleep=ceil(settings.sleep.wake_time / 60.0))
    return before if after == before else after


def standing(state: State, charge: Contactor, load: Contactor, common: bool = False) -> outputs.Setting:
    """What the outputs' roles depend on: chargers only on a closed contactor that no limit spares.

    common: or on one that waits for a charger to show itself on the bus, where only discharging is forbidden.
    """
    judged = state.verdict
    wanted = common and charge.phase in CLOSING and state.may_charge and not state.may_discharge
    may_charge = (wanted or charge.phase is ContactorPhase.CLOSED) and not judged.stop_charge
    may_discharge = load.phase is ContactorPhase.CLOSED and not judged.stop_discharge
    return outputs.Setting(
        may_charge,
        may_discharge,
        not (judged.may_charge and judged.may_discharge) or state.limp is not None,
        judged.charge_cause or charge.cause,
        judged.discharge_cause or load.cause,
        f"stopped by {state.stopped}" if state.stopped else _emergency(judged),
        state.managed.charging.resting,
        "" if state.valid_at is not None else "waiting for a full, valid set of measurements",
    )


def _emergency(judged: Verdict) -> str:
    """The emergency stop is pressed, or latched: more than the battery has to stop."""
    return "emergency stop pressed" if any(fault.id == "emergency_stop" for fault in judged.faults) else ""


def decided(state: State, charge: Contactor, load: Contactor, settings: Settings) -> list[tuple[bool, str]]:
    """Each output: on or off, and why."""
    now, effects = standing(state, charge, load, settings.contactors.common), state.managed.effects
    return [
        outputs.decide(output, state.overrides[place], now, effects.wishes[place], _inhibited(state, place, output))
        for place, output in enumerate(settings.outputs)
    ]


def _inhibited(state: State, place: int, output: OutputRole) -> str:
    """Why a range keeps an output off; none keeps loads from who limps home."""
    return "" if state.limp is not None and output.role == "load" else state.managed.effects.inhibited[place]


def _relays(
    state: State,
    charge: Contactor,
    load: Contactor,
    measured: Measured,
    settings: Settings,
    events: list[Event],
) -> Relays:
    found = decided(state, charge, load, settings)
    on = tuple([wanted for wanted, _ in found])
    before = state.relays
    for number, (wanted, cause) in enumerate(found, 1):
        if wanted is not before.on[number - 1]:
            role = settings.outputs[number - 1].role
            side = {"charger_enable": 0, "load": 1}.get(role)
            why = None if wanted or side is None else _faults(state)[side]
            events.append(tell.output(number, wanted, cause, measured, why))
    return relays(before, on, measured.clock, settings.period / 2, settings.outputs)
