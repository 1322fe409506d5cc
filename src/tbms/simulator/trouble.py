"""Faults of the bus and of whole nodes that the world's own table does not know, switched while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import inf
from typing import Any

from tbms.model.units import Second


@dataclass(frozen=True, slots=True)
class TroubleKind:
    """One line of the table. unit: of the severity. node: `where` is a node's address. shows: what one sees of it."""

    unit: str
    typical: float
    node: bool
    shows: str


TROUBLES: dict[str, TroubleKind] = {
    "bit_errors": TroubleKind("fraction of bits", 1e-3, False, "CRC errors on all nodes, now and then a lost cycle"),
    "lost_bytes": TroubleKind("fraction of bytes", 0.005, False, "short frames, CRC errors"),
    "lost_frames": TroubleKind("fraction of frames", 0.05, False, "time-outs; a lost broadcast shows as an old latch"),
    "line_cut": TroubleKind("on/off", 1.0, True, "this node and all behind it hear and say nothing"),
    "late_answers": TroubleKind("s", 0.03, True, "answers after the master's time-out, into the next one's"),
    "babble": TroubleKind("fraction of time", 1.0, True, "the node talks without being asked: collisions"),
    "node_off": TroubleKind("on/off", 1.0, True, "no supply: no answer, both loops open"),
    "node_reset": TroubleKind("on/off", 1.0, True, "starts anew: both loops open until it is configured again"),
    "wrong_address": TroubleKind("address", 1.0, True, "answers as another node: collisions, its own cells missing"),
    "wrong_map": TroubleKind("version", 2.0, True, "says that its register map is another version"),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One fault of the bus.

    severity: None takes the typical one. start: s from the injection on. duration: s from the start on.
    """

    kind: str
    where: int = 1
    severity: float | None = None
    start: Second = 0.0
    duration: Second = inf
    name: str = ""

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> "Trouble":
        """From a table of plain values; ValueError names what is wrong."""
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(table) - set(known))
        if unknown:
            raise ValueError(f"a bus fault knows no {', '.join(unknown)}; it knows {', '.join(known)}")
        numbers = (table.get("where", 1), table.get("severity", 1.0), table.get("start", 0), table.get("duration", 0))
        if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in numbers):
            raise ValueError("where, severity, start and duration of a bus fault are numbers")
        return cls(**table)

    @property
    def label(self) -> str:
        """The name it is cleared by."""
        return self.name or (f"{self.kind}:{self.where}" if TROUBLES[self.kind].node else self.kind)

    @property
    def level(self) -> float:
        """Its severity."""
        return TROUBLES[self.kind].typical if self.severity is None else self.severity


class Troubles:
    """All that is wrong with the bus now."""

    def __init__(self, nodes: int) -> None:
        self.nodes = nodes
        self._listed: dict[str, tuple[Trouble, Second]] = {}

    def inject(self, trouble: Trouble, now: Second) -> None:
        """Put it on the list, in place of one of the same name; ValueError when there is no such node."""
        if TROUBLES[trouble.kind].node and trouble.where not in range(1, self.nodes + 1):
            raise ValueError(f"{trouble.kind}: the node is a number from 1 to {self.nodes}, not {trouble.where}")
        self._listed[trouble.label] = (trouble, now + trouble.start)

    def clear(self, name: str) -> bool:
        """Take it off the list; False when none has this name."""
        return self._listed.pop(name, None) is not None

    def active(self, now: Second) -> list[Trouble]:
        """Those that are present now."""
        return [fault for fault, start in self._listed.values() if start <= now < start + fault.duration]

    def level(self, kind: str, now: Second, node: int | None = None) -> float:
        """Severity of a kind now, 0 when well; for one node, or the highest of all."""
        found = (f.level for f in self.active(now) if f.kind == kind and node in (None, f.where))
        return max(found, default=0.0)

    def names(self) -> list[str]:
        """The names of all on the list."""
        return list(self._listed)
