"""What happened, with its cause: the log that can always answer "why?"."""

from dataclasses import dataclass, field
from enum import StrEnum

from tbms.model.fault import Ring, Severity
from tbms.model.snapshot import ContactorPhase
from tbms.model.units import Ampere, Celsius, Fraction, Second, Volt


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
class Glance:
    """The battery in short, at one moment; None is unknown.

    voltage, current: of the pack. lowest, highest: cell voltages. lowest_cell, highest_cell: which cells those are,
    from 1. coldest, warmest: of the cells. charge_contactor, load_contactor: as the master has them. outputs: the
    numbers of those that are on.
    """

    voltage: Volt | None
    current: Ampere | None
    soc: Fraction
    lowest: Volt | None
    lowest_cell: int | None
    highest: Volt | None
    highest_cell: int | None
    coldest: Celsius | None
    warmest: Celsius | None
    charge_contactor: ContactorPhase
    load_contactor: ContactorPhase
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the log.

    id: without gaps for the life of the system, given by the store (0 before).
    boot: counts the master's starts, given by the store. time: monotonic within the boot. timestamp: UTC.
    key: what it is about (a fault id, a contactor, an output). cell, value, limit, unit: as in Fault.
    cause: one sentence or a key that says why, in words an owner understands.
    ring: of a fault; None for everything else. rule: of a contactor or an output, the fault that decided, whose are
    then cell, limit and unit; empty where none did. figure: what was measured of that fault.
    before, after: of a contactor or an output, the battery in the sample before, and in the one that decided, with what
    was decided; None for everything else and in older logs. They tell no two events apart.
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
    before: Glance | None = field(default=None, compare=False)
    after: Glance | None = field(default=None, compare=False)
