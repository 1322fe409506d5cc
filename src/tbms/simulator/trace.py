"""A record of what physically happened and of what the nodes were told, in CLOCK_MONOTONIC seconds."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from tbms.model.units import Second
from tbms.simulator.rig import Rig, outputs
from tbms.slave.node import Node
from tbms.wire.registers import CHARGE, CHARGE_COIL, DISCHARGE, LOAD_COIL, PRE_CHARGE

LONGEST = 100_000  # records kept

QUANTITIES = ("cell_voltage", "cell_temperature", "current", "cell_voltage_read", "cell_temperature_read")


class Watch:
    """One threshold to look for: the first time that a quantity passes it.

    what: one of QUANTITIES; those ending in _read are what the sensors give, the others the truth.
    cell: 1-based. above or below: V, °C or A.
    """

    def __init__(self, table: Mapping[str, Any]) -> None:
        if table.get("what") not in QUANTITIES:
            raise ValueError(f"what is one of {', '.join(QUANTITIES)}, not {table.get('what')!r}")
        if ("above" in table) == ("below" in table):
            raise ValueError("a watch has either above or below")
        self.what: str = table["what"]
        self.cell = int(table.get("cell", 1))
        self.sign = 1 if "above" in table else -1
        self.threshold = float(table["above"] if "above" in table else table["below"])
        self.name: str = table.get("name") or f"{self.what}:{self.cell}"
        self.passed = False

    def look(self, rig: Rig) -> float | None:
        """The value, when it has just passed the threshold for the first time."""
        value = self._value(rig)
        if self.passed or self.sign * value <= self.sign * self.threshold:
            return None
        self.passed = True
        return value

    def _value(self, rig: Rig) -> float:
        if self.what == "current":
            return rig.world.current
        read = self.what.endswith("_read")
        if self.what.startswith("cell_voltage"):
            return (rig.readings.cell_voltages if read else rig.world.pack.voltages)[self.cell - 1]
        return (rig.readings.temperatures if read else rig.world.pack.temperatures)[self.cell - 1]


class Trace:
    """Records while it runs: crossing, command, output, loop, contact; each with its time.

    A crossing lies between two looks at the world; the earlier of them is recorded, so that no delay looks shorter
    than it was.
    """

    def __init__(self) -> None:
        self.records: deque[dict[str, Any]] = deque(maxlen=LONGEST)
        self.watches: list[Watch] = []
        self.runs = False
        self._last: dict[str, Any] = {}
        self._looked: Second = 0.0

    def start(self, watches: list[Watch], now: Second) -> None:
        """Forget everything, and record from now on."""
        self.records.clear()
        self.watches = watches
        self._last = {}
        self._looked = now
        self.runs = True

    def stop(self) -> None:
        """Record nothing more."""
        self.runs = False

    def look(self, rig: Rig, now: Second) -> None:
        """Compare the world and the nodes with what was seen before."""
        if not self.runs:
            return
        for watch in self.watches:
            value = watch.look(rig)
            if value is not None:
                self._put(self._looked, "crossing", name=watch.name, value=value)
        world = rig.world
        for switch in world.switches:
            self._changed(now, "contact", switch.name, switch.closed)
        self._changed(now, "loop", "charge", rig.controls.charge_loop)
        self._changed(now, "loop", "discharge", rig.controls.discharge_loop)
        driven = rig.slots[0].hardware.driven
        for index, on in enumerate(outputs(driven)):
            self._changed(now, "output", str(index + 1), on)
        for name, coil in (("charge", CHARGE_COIL), ("load", LOAD_COIL), ("pre_charge", PRE_CHARGE)):
            self._changed(now, "coil", name, bool(driven & coil))
        self._looked = now

    def command(self, rig: Rig, now: Second) -> None:
        """Note what the base board's program now holds as the master's word, where it has changed."""
        node = rig.slots[0].node
        if not self.runs or not isinstance(node, Node):  # what a process of its own was told, it keeps to itself
            return
        permits, wanted = node.permission.permits, node.outputs.wanted
        self._changed(now, "command", "permit_charge", bool(permits & CHARGE))
        self._changed(now, "command", "permit_discharge", bool(permits & DISCHARGE))
        for name, coil in (("charge", CHARGE_COIL), ("load", LOAD_COIL), ("pre_charge", PRE_CHARGE)):
            self._changed(now, "command", name, bool(wanted & coil))
        for index, on in enumerate(outputs(wanted)):
            self._changed(now, "command", f"output_{index + 1}", on)

    def _changed(self, now: Second, what: str, name: str, on: bool) -> None:
        key = f"{what} {name}"
        if self._last.get(key) is not on:
            self._last[key] = on
            self._put(now, what, name=name, on=on)

    def _put(self, now: Second, what: str, **more: Any) -> None:
        self.records.append({"time": now, "what": what, **more})
