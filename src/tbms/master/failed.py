"""What is shown and said after something unforeseen: nothing is permitted, nothing is claimed to be known."""

from dataclasses import replace

from tbms.model.event import Event, EventKind, Phase
from tbms.model.fault import Fault, Ring, Severity
from tbms.model.snapshot import Activity, ContactorPhase, ContactorSnapshot, Snapshot

KEY = "internal_error"


def failed(last: Snapshot, time: float, timestamp: float, since: float, problem: str) -> Snapshot:
    """The snapshot after a failure at `since`: contactors latched, outputs off, measurements unknown."""
    cause = f"{problem}; restart the master"
    contactor = ContactorSnapshot(ContactorPhase.LATCHED, None, cause, since)
    fault = Fault(KEY, Ring.CUT, None, None, None, None, "", since, latched=True)
    return replace(
        last,
        time=time,
        timestamp=timestamp,
        activity=Activity.UNKNOWN,
        voltage=None,
        current=None,
        power=None,
        time_to_full=None,
        time_to_empty=None,
        lowest=None,
        highest=None,
        spread=None,
        stale=time - last.time if last.stale is None else time - last.time + last.stale,
        cell=tuple(
            replace(cell, voltage=None, temperature=None, age=cell.age + time - last.time) for cell in last.cell
        ),
        may_charge=False,
        may_discharge=False,
        charge_contactor=contactor,
        load_contactor=contactor,
        outputs=tuple(replace(output, on=False, feedback=None, cause=cause) for output in last.outputs),
        faults=(*(fault for fault in last.faults if fault.id != KEY), fault),
        acknowledged=False,
    )


def event(time: float, timestamp: float, problem: str) -> Event:
    """The failure, for the log."""
    return Event(time, timestamp, EventKind.SYSTEM, KEY, Phase.CAME, Severity.ALARM, cause=problem)
