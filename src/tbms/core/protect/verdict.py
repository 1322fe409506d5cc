"""What the limits add up to: permissions, stops and the list of faults."""

from math import inf
from typing import NamedTuple

from tbms.core.protect.limits import Entry, Watch
from tbms.model.fault import Fault, Ring
from tbms.model.limit import Limit, Place, Protection

LIMPING = frozenset(
    {
        *("cell_undervoltage", "pack_undervoltage", "overtemperature_discharge", "undertemperature_discharge"),
        *("node_lost", "sample_age", "unguarded_time", "unguarded_voltage", "unguarded_temperature"),
        *("stuck_sensor", "sum_of_cells", "voltage_spread"),
    }
)
"""What limping home lifts for the loads: the master's limits and doubts behind which every node's own guard stands.

Never what nothing else watches (over-current, rate of rise), what a node or a person has opened, a harmed cell, or what
is wrong with the contactors themselves; and never anything for charging.
"""


class Verdict(NamedTuple):
    """may_charge, may_discharge: no cut forbids it.

    stop_charge, stop_discharge: a limit or cut ring asks chargers or loads to stop. latched_charge,
    latched_discharge: a cut that only a person clears. charge_cause, discharge_cause: the fault that forbids, or asks.
    charge_fault, discharge_fault: the same as a fault. faults: the deepest ring of every fault and place. grace: how
    long charging may take to stop, s. pre_alarm: a limit ring stands, beyond whose cut a contactor opens.
    """

    may_charge: bool = True
    may_discharge: bool = True
    stop_charge: bool = False
    stop_discharge: bool = False
    latched_charge: bool = False
    latched_discharge: bool = False
    charge_cause: str = ""
    discharge_cause: str = ""
    charge_fault: Fault | None = None
    discharge_fault: Fault | None = None
    faults: tuple[Fault, ...] = ()
    grace: float = 0.0
    pre_alarm: bool = False


WELL = Verdict()


def figure(value: float, unit: str) -> str:
    """A value as people read it: volts of a cell with two decimals at least, the rest short."""
    if unit == "V":
        text = f"{value:.3f}"
        return f"{text[:-1] if text.endswith('0') else text} V"
    return f"{value:.4g} {unit}"


def where(protection: Protection, place: int) -> str:
    """'cell 3', 'node 2', or nothing for the pack."""
    return "" if protection.place is Place.PACK else f"{protection.place} {place + 1}"


def words(protection: Protection, ring: int, entry: Entry, value: float | None = None) -> str:
    """Why a ring tripped: 'cell 3 3.66 V > 3.65 V for 1.0 s', 'node 2 does not answer'."""
    limit = protection.rings[ring][1]
    lasted = f" for {limit.delay:.1f} s" if limit.delay and protection.unit else ""
    return _beyond(protection, limit, entry.place, entry.value if value is None else value) + lasted


def _beyond(protection: Protection, limit: Limit, place: int, value: float) -> str:
    """'cell 3 3.66 V > 3.65 V', 'node 2 does not answer'."""
    named = where(protection, place)
    if not protection.unit:
        return f"{named} {protection.words}".strip()
    subject = named if protection.place is Place.CELL else f"{named} {protection.words}".strip()
    sign = ">" if limit.above else "<"
    return f"{subject} {figure(value, protection.unit)} {sign} {figure(limit.threshold, protection.unit)}"


def fault(protection: Protection, ring: int, entry: Entry) -> Fault:
    """The fault that a tripped entry stands for."""
    name, limit = protection.rings[ring]
    number = entry.place + 1
    return Fault(
        id=protection.id,
        ring=name,
        cell=number if protection.place is Place.CELL else None,
        node=number if protection.place is Place.NODE else None,
        value=entry.value if protection.unit else None,
        limit=limit.threshold if protection.unit else None,
        unit=protection.unit,
        since=entry.tripped or 0.0,
        latched=entry.latched,
    )


def counting(protections: tuple[Protection, ...], watches: tuple[Watch, ...], limping: bool = False) -> tuple[str, str]:
    """What stands beyond a cut whose delay is not over yet: words for charging and for discharging, empty if nothing.

    Nothing opens for it yet, but nothing is to be closed on it either. limping: as for the verdict.
    """
    found = ["", ""]
    for protection, watch in zip(protections, watches, strict=True):
        for ring, entries in enumerate(watch or ()):
            if protection.rings[ring][0] is not Ring.CUT:
                continue
            entry = next((each for each in entries if each.tripped is None and each.crossed is not None), None)
            for side, forbids in enumerate((protection.forbids_charge, protection.forbids_discharge)):
                if entry is not None and forbids and not found[side] and not _lifted(protection, side, limping):
                    found[side] = f"not yet: {_beyond(protection, protection.rings[ring][1], entry.place, entry.value)}"
    return found[0], found[1]


def _lifted(protection: Protection, side: int, limping: bool) -> bool:
    """Limping home lifts what this forbids the loads; charging is side 0."""
    return limping and side == 1 and protection.id in LIMPING


class _Sum:
    """Adds up tripped entries. limping: what that lifts is a fault, but forbids and asks loads nothing."""

    def __init__(self, limping: bool) -> None:
        self.limping = limping
        self.cut = [False, False]
        self.stop = [False, False]
        self.latched = [False, False]
        self.cause: list[str] = ["", ""]
        self.fault: list[Fault | None] = [None, None]
        self.grace = inf
        self.pre_alarm = False
        self.faults: dict[tuple[str, Place, int], Fault] = {}

    def add(self, protection: Protection, ring: int, entry: Entry) -> None:
        name = protection.rings[ring][0]
        deepest = fault(protection, ring, entry)
        known = self.faults.get((protection.id, protection.place, entry.place))
        if known is None or known.ring is not Ring.CUT:
            self.faults[(protection.id, protection.place, entry.place)] = deepest
        if name is Ring.WARN:
            return
        for side, forbids in enumerate((protection.forbids_charge, protection.forbids_discharge)):
            if not forbids or _lifted(protection, side, self.limping):
                continue
            if not self.cause[side] or (name is Ring.CUT and not self.cut[side]):
                self.cause[side], self.fault[side] = words(protection, ring, entry), deepest
            self.stop[side] = True
            self.pre_alarm = self.pre_alarm or (protection.rings[-1][0] is Ring.CUT and name is not Ring.CUT)
            if name is Ring.CUT and not side:
                self.grace = min(self.grace, protection.grace)
            self.cut[side] = self.cut[side] or name is Ring.CUT
            self.latched[side] = self.latched[side] or entry.latched


def verdict(protections: tuple[Protection, ...], watches: tuple[Watch, ...], limping: bool = False) -> Verdict:
    """The sum of all tripped entries. limping: somebody at the panel needs the loads to come home."""
    total = _Sum(limping)
    for protection, watch in zip(protections, watches, strict=True):
        for ring, entries in enumerate(watch or ()):
            for entry in entries:
                if entry.tripped is not None:
                    total.add(protection, ring, entry)
    if not total.faults:
        return WELL
    return Verdict(
        may_charge=not total.cut[0],
        may_discharge=not total.cut[1],
        stop_charge=total.stop[0],
        stop_discharge=total.stop[1],
        latched_charge=total.latched[0],
        latched_discharge=total.latched[1],
        charge_cause=total.cause[0],
        discharge_cause=total.cause[1],
        charge_fault=total.fault[0],
        discharge_fault=total.fault[1],
        faults=tuple(total.faults.values()),
        grace=total.grace if total.cut[0] else 0.0,
        pre_alarm=total.pre_alarm,
    )
