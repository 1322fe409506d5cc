"""A fault is; an event says that it came or went."""

from dataclasses import dataclass
from enum import StrEnum

from tbms.model.units import Second


class Ring(StrEnum):
    """The three nested thresholds of a protection (foxBMS: MOL, RSL, MSL)."""

    WARN = "warn"  # people are told
    LIMIT = "limit"  # chargers or loads are asked to stop
    CUT = "cut"  # the contactor opens


class Severity(StrEnum):
    """How much a person must care."""

    INFO = "info"
    WARNING = "warning"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong now.

    id: key of the protection, e.g. cell_overvoltage. ring: how deep; a fault without thresholds is at cut.
    cell: 1-based; None where the whole pack is meant. node: address, where a node is meant.
    value, limit: what was measured against what, in unit; None where there is no figure.
    since: monotonic time at which this ring tripped. latched: only a person may clear it.
    """

    id: str
    ring: Ring
    cell: int | None
    node: int | None
    value: float | None
    limit: float | None
    unit: str
    since: Second
    latched: bool = False
