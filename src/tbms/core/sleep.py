"""Deep discharge: before an empty battery is harmed, all that draws from it goes to sleep until a charger comes."""

from typing import NamedTuple

from tbms.core.measure.measured import Measured
from tbms.core.protect.contactors import Contactor
from tbms.core.protect.verdict import figure
from tbms.model.event import Event, EventKind, Phase
from tbms.model.fault import Severity
from tbms.model.sample import Sample, SwitchReport
from tbms.model.snapshot import ContactorPhase
from tbms.settings.compiled import SleepRules

LIVE = 0.5  # of the pack's voltage: a charge bus that a charger feeds (as the base board's own wake-up circuit)
DRAIN = 300.0  # s after which a bus that has not drained is fed by a charger
WAKE_INPUT = 4  # of the base board: wakes it (docs/hardware), for chargers that put no voltage on a dead bus
BUTTON, CHARGER = "the reset button", "a charger has come"
OPENED = (ContactorPhase.OPEN, ContactorPhase.LATCHED)


class Rest(NamedTuple):
    """Whether the battery sleeps.

    since: while awake, since when it has been empty with nothing to charge it, None if it is not; asleep, when it
    fell asleep; core's clock, s. asleep: everything is open. dark: the charge bus has drained, so that a charger's
    voltage on it is news: only then do the boards sleep, for that voltage wakes them.
    """

    since: float | None = None
    asleep: bool = False
    dark: bool = False


AWAKE = Rest()


class Contactors(NamedTuple):
    """How the two stand, as the step before left them."""

    charge: Contactor
    load: Contactor


def advance(
    rest: Rest, contactors: Contactors, measured: Measured, sample: Sample, rules: SleepRules, events: list[Event]
) -> Rest:
    """The rest after this moment; the same object when nothing changed.

    A charger on the charge bus, the reset button, or the time set wakes.
    """
    called = _called(contactors.charge, measured, sample)
    if rest.asleep:
        return _asleep(rest, called, contactors.charge, measured, rules, events)
    if called or not _empty(contactors.load, measured, rules):
        return rest if rest is AWAKE else AWAKE
    if rest.since is None:
        return Rest(measured.clock)
    if measured.clock - rest.since < rules.delay:
        return rest
    events.append(_event(measured, Phase.CAME, _cause(measured, rules)))
    return Rest(measured.clock, asleep=True)


def _asleep(
    rest: Rest, called: str, charge: Contactor, measured: Measured, rules: SleepRules, events: list[Event]
) -> Rest:
    lasted = measured.clock - (rest.since or 0.0)
    drained = rest.dark or lasted >= DRAIN or called != CHARGER
    if called and drained:
        events.append(_event(measured, Phase.WENT, f"awake: {called}"))
        return AWAKE
    if lasted >= rules.wake_time:
        events.append(_event(measured, Phase.WENT, "awake: time to look at the battery"))
        return AWAKE
    dark = rest.dark or (charge.phase in OPENED and not called)
    return rest if dark is rest.dark else rest._replace(dark=dark)


def _empty(load: Contactor, measured: Measured, rules: SleepRules) -> bool:
    """Loads are cut off, a cell stands low, and nothing charges: a battery whose cells are unknown does not sleep."""
    if rules.voltage is None or not measured.live or load.phase not in OPENED:
        return False
    known = [voltage for voltage in measured.voltages if voltage is not None]
    if not known or min(known) >= rules.voltage:
        return False
    # what cannot be seen to charge does not keep it awake: behind the open contactor a charger's bus is live, and wakes
    return measured.current is None or measured.current < rules.charging


def _called(charge: Contactor, measured: Measured, sample: Sample) -> str:
    """What wakes it or keeps it awake, in words; empty where nothing does.

    Behind a closed contactor the bus has the battery's own voltage: there only the current tells of a charger.
    """
    switches = sample.switches
    if switches is None:
        return ""
    if switches.button:
        return BUTTON
    if announced(switches):
        return f"input {WAKE_INPUT} is on"
    bus, pack = switches.charge_bus_voltage, measured.pack_voltage
    if charge.phase not in OPENED or bus is None or pack is None:
        return ""
    return CHARGER if bus > max(LIVE * pack, 1.0) else ""


def announced(switches: SwitchReport) -> bool:
    """An input says that a charger has power."""
    return len(switches.inputs) >= WAKE_INPUT and switches.inputs[WAKE_INPUT - 1]


def _cause(measured: Measured, rules: SleepRules) -> str:
    low = min(voltage for voltage in measured.voltages if voltage is not None)
    return (
        f"Everything sleeps and both contactors are open: cell {measured.voltages.index(low) + 1} {figure(low, 'V')} < "
        f"{figure(rules.voltage or 0.0, 'V')} with the loads cut off for {rules.delay / 60:.0f} min; a charger, the "
        f"reset button or {rules.wake_time / 3600:g} h wake it"
    )


def _event(measured: Measured, phase: Phase, cause: str) -> Event:
    severity = Severity.ALARM if phase is Phase.CAME else Severity.INFO
    return Event(measured.time, measured.timestamp, EventKind.SYSTEM, "sleep", phase, severity, cause=cause)
