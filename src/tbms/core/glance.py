"""The battery at one glance, kept with every change of a contactor or an output: how it stood before, and after."""

from collections.abc import Sequence
from dataclasses import replace

from tbms.core.state import State
from tbms.model.event import Event, EventKind, Glance

SWITCHED = (EventKind.CONTACTOR, EventKind.OUTPUT)


def seen(events: Sequence[Event], before: State, after: State) -> list[Event]:
    """The events of one step, with a glance at the steps before and after where something was switched."""
    if not any(event.kind in SWITCHED for event in events):
        return list(events)
    first, then = glance(before), glance(after)
    return [replace(event, before=first, after=then) if event.kind in SWITCHED else event for event in events]


def glance(state: State) -> Glance | None:
    """The state in short; None before anything was measured."""
    measured = state.measured
    if measured is None:
        return None
    low, high, warm = measured.lowest, measured.highest, [t for t in measured.temperatures if t is not None]
    return Glance(
        voltage=_short(measured.pack_voltage, 2),
        current=_short(measured.current, 1),
        soc=round(state.soc, 3),
        lowest=_short(low, 3),
        lowest_cell=None if low is None else measured.voltages.index(low) + 1,
        highest=_short(high, 3),
        highest_cell=None if high is None else measured.voltages.index(high) + 1,
        coldest=_short(min(warm, default=None), 1),
        warmest=_short(max(warm, default=None), 1),
        charge_contactor=state.charge.phase,
        load_contactor=state.load.phase,
        outputs=tuple([number for number, on in enumerate(state.relays.on, 1) if on]),
    )


def _short(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits) + 0.0  # no minus zero
