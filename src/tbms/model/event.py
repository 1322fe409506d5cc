"""What happened, with its cause: the log that can always answer "why?"."""

from dataclasses import dataclass
from enum import StrEnum

from tbms.model.fault import Ring, Severity
from tbms.model.units import Second


class EventKind(StrEnum):
    """Which part of the house speaks."""

    FAULT = "fault"
    CONTACTOR = "contactor"
    OUTPUT = "output"
    RANGE = "range"
    CHARGE = "charge"
    BALANCE = "balance"
    COMMAND = "command"
    DATA = "data"
    ESTIMATE = "estimate"
    SYSTEM = "system"


class Phase(StrEnum):
    """came and went belong together; changed stands alone."""

    CAME = "came"
    WENT = "went"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the log.

    id: without gaps for the life of the system, given by the store (0 before).
    boot: counts the master's starts, given by the store. time: monotonic within the boot. timestamp: UTC.
    key: what it is about (a fault id, a contactor, an output). cell, value, limit, unit: as in Fault.
    cause: one sentence or a key that says why, in words an owner understands.
    ring: of a fault; None for everything else. rule: of a contactor or an output, the fault that decided, whose are
    then cell, limit and unit; empty where none did. figure: what was measured of that fault.
    """

    time: Second
    timestamp: Second
    kind: EventKind
    key: str
    phase: Phase
    severity: Severity
    cell: int | None = None
    value: float | str | None = None
    limit: float | None = None
    unit: str = ""
    cause: str = ""
    id: int = 0
    boot: int = 0
    ring: Ring | None = None
    rule: str = ""
    figure: float | None = None
