"""What a battery has gone through in its life: charge, energy, hours, closings, time in each ring."""

from typing import Any, NamedTuple

from tbms.core.measure.measured import Measured
from tbms.core.protect.contactors import Contactor
from tbms.core.protect.verdict import Verdict
from tbms.model.action import Actions
from tbms.model.fault import Ring
from tbms.model.snapshot import ContactorPhase

HOUR = 3600.0  # s
DEPTH = {Ring.WARN: 1, Ring.LIMIT: 2, Ring.CUT: 3}
GAP = 60.0  # s: what flowed in a longer step is not known


class Counters(NamedTuple):
    """charge_in, charge_out: Ah; energy_in, energy_out: Wh; time: s of operation; all never negative.

    charge_closings, load_closings: of the contactors. warn, limit, cut: s in which this was the deepest ring standing.
    own_closed, own_open, own_asleep: Wh that boards and coils drew with a contactor closed, with none, and asleep, as
    far as it was measured; own_closed_time, own_open_time, own_asleep_time: s in which it was.
    """

    charge_in: float = 0.0
    charge_out: float = 0.0
    energy_in: float = 0.0
    energy_out: float = 0.0
    time: float = 0.0
    charge_closings: int = 0
    load_closings: int = 0
    warn: float = 0.0
    limit: float = 0.0
    cut: float = 0.0
    own_closed: float = 0.0
    own_closed_time: float = 0.0
    own_open: float = 0.0
    own_open_time: float = 0.0
    own_asleep: float = 0.0
    own_asleep_time: float = 0.0


def flowed(known: Counters, measured: Measured, judged: Verdict, dt: float, done: Actions) -> Counters:
    """After dt s at what is measured now; current A (positive charges), unknown counts nothing.

    done: what was asked of the boards meanwhile.
    """
    if dt <= 0.0:
        return known
    charge_in, charge_out, energy_in, energy_out, time, charge_closings, load_closings, warn, limit, cut, *own = known
    current, voltage = measured.current, measured.pack_voltage
    if current and dt <= GAP:
        charge, energy = current * dt / HOUR, 0.0 if voltage is None else current * voltage * dt / HOUR
        if current > 0.0:
            charge_in, energy_in = charge_in + charge, energy_in + energy
        else:
            charge_out, energy_out = charge_out - charge, energy_out - energy
    if judged.faults:
        deepest = max(DEPTH[fault.ring] for fault in judged.faults)
        warn, limit, cut = warn + dt * (deepest == 1), limit + dt * (deepest == 2), cut + dt * (deepest == 3)
    time += dt
    if measured.own is not None and voltage is not None and dt <= GAP:
        place = 4 if done.sleep else 0 if done.charge_contactor or done.load_contactor else 2
        own[place] += measured.own * voltage * dt / HOUR
        own[place + 1] += dt
    return Counters(
        charge_in, charge_out, energy_in, energy_out, time, charge_closings, load_closings, warn, limit, cut, *own
    )


def slept(known: Counters, measured: Measured, since: float, charge: float, awake: float) -> Counters:
    """After the boards slept from `since` (s, core's clock) until `awake` s ago and drew so much, Ah.

    Nothing is counted where that cannot be: asleep less is drawn than awake, or a clock was wrong.
    """
    time = measured.clock - since - awake
    if measured.own is None or measured.pack_voltage is None or not 0.0 < charge * HOUR <= measured.own * time:
        return known
    energy = known.own_asleep + charge * measured.pack_voltage
    return known._replace(own_asleep=energy, own_asleep_time=known.own_asleep_time + time)


def closed(known: Counters, before: tuple[Contactor, Contactor], after: tuple[Contactor, Contactor]) -> Counters:
    """After both contactors (charge, load) were decided."""
    charge, load = (
        now is not then and now.phase is ContactorPhase.CLOSED and then.phase is not ContactorPhase.CLOSED
        for then, now in zip(before, after, strict=True)
    )
    if not (charge or load):
        return known
    return known._replace(charge_closings=known.charge_closings + charge, load_closings=known.load_closings + load)


def restored(values: Any) -> Counters:
    """The counters that were saved by their names; what is missing or no count begins at zero."""
    if not isinstance(values, dict):
        return Counters()
    found = {}
    for name, zero in Counters()._asdict().items():
        value = values.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0.0 <= value < 1e15:
            found[name] = type(zero)(value)
    return Counters(**found)
