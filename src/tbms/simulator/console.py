"""The simulator's control socket: one JSON object a line in, one out."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from tbms.model.units import Second
from tbms.simulator.line import Line
from tbms.simulator.remote import Remote
from tbms.simulator.rig import Rig
from tbms.simulator.trace import Trace, Watch
from tbms.simulator.trouble import TROUBLES, Trouble
from tbms.slave.node import Node
from tbms.twin.faults import FAULTS
from tbms.twin.inject import Injection
from tbms.twin.sources import reports

LONGEST = 65536  # bytes of one line
PRESSES = ("button", "emergency_stop", "engine", "shore")


class Console:
    """Carries out what a line asks; every answer has `ok`, and `error` with one sentence where it is false."""

    def __init__(self, rig: Rig, line: Line, trace: Trace, clock: Callable[[], Second]) -> None:
        self.rig, self.line, self.trace, self.clock = rig, line, trace, clock
        self._releases: dict[str, Second] = {}
        self._operations: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "inject": self._inject,
            "clear": self._clear,
            "list": self._list,
            "press": self._press,
            "trace": self._trace,
            "state": self._state,
            "sources": self._sources,
        }

    def answer(self, text: bytes) -> bytes:
        """The answer to one line."""
        try:
            asked = json.loads(text)
            if not isinstance(asked, dict) or asked.get("op") not in self._operations:
                raise ValueError(f'a request is {{"op": NAME, ...}} with one of {", ".join(self._operations)}')
            result = self._operations[asked["op"]]({key: value for key, value in asked.items() if key != "op"})
            reply = {"ok": True, "time": self.clock(), **result}
        except (ValueError, TypeError, KeyError, IndexError) as problem:
            reply = {"ok": False, "error": str(problem)}
        return json.dumps(reply, ensure_ascii=False).encode() + b"\n"

    def tick(self, now: Second) -> None:
        """Let go of what was pressed for a time."""
        for name, end in list(self._releases.items()):
            if now >= end:
                del self._releases[name]
                setattr(self.rig.world, name, False)

    def _inject(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        kind = asked.get("kind")
        if kind in TROUBLES:
            trouble = Trouble.of(asked)
            self.rig.troubles.inject(trouble, self.clock())
            return {"name": trouble.label}
        if kind not in FAULTS:
            raise ValueError(f"no fault is called {kind!r}; known are {', '.join([*FAULTS, *TROUBLES])}")
        injection = Injection.of(asked)
        self.rig.world.inject(injection)
        return {"name": injection.label}

    def _clear(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        name = asked.get("name")
        names = self._names() if name is None else [str(name)]
        cleared = [each for each in names if self.rig.troubles.clear(each) or self.rig.world.clear(each)]
        if name is not None and not cleared:
            raise ValueError(f"no fault named {name!r} is active; active: {', '.join(self._names()) or 'none'}")
        return {"cleared": cleared}

    def _names(self) -> list[str]:
        return [*self.rig.world.schedule.active, *self.rig.troubles.names()]

    def _list(self, _: Mapping[str, Any]) -> dict[str, Any]:
        world = {
            kind: {"place": str(line.place), "unit": line.unit, "typical": line.typical, "shows": line.shows}
            for kind, line in FAULTS.items()
        }
        bus = {
            kind: {
                "place": "node" if line.node else "bus",
                "unit": line.unit,
                "typical": line.typical,
                "shows": line.shows,
            }
            for kind, line in TROUBLES.items()
        }
        return {"active": self._names(), "known": world | bus}

    def _press(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Press or release: what, down (default true), hold: s after which it is let go."""
        what = asked.get("what")
        if what not in PRESSES:
            raise ValueError(f"what is one of {', '.join(PRESSES)}, not {what!r}")
        down = bool(asked.get("down", True))
        setattr(self.rig.world, what, down)
        self._releases.pop(what, None)
        if down and "hold" in asked:
            self._releases[what] = self.clock() + float(asked["hold"])
        return {}

    def _trace(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """watch: [..] starts anew; otherwise give what was recorded, and with stop: true end."""
        if "watch" in asked:
            self.trace.start([Watch(each) for each in asked["watch"]], self.clock())
            return {}
        if asked.get("stop"):
            self.trace.stop()
        return {"records": list(self.trace.records)}

    def _sources(self, _: Mapping[str, Any]) -> dict[str, Any]:
        """What the chargers tell of themselves, on cables of their own."""
        told = reports(self.rig.world)
        return {"sources": [{"name": s.name, "kind": s.kind, "power": s.power, "state": s.state} for s in told]}

    def _state(self, _: Mapping[str, Any]) -> dict[str, Any]:
        world, nodes = self.rig.world, []
        for slot in self.rig.slots:
            node, hardware = slot.node, slot.hardware
            errors = {} if node is None else counted(node)
            shows = {"led": hardware.led, "buzzer": hardware.buzzer}
            asleep = slot.asleep is not None
            nodes.append(
                {"charge": hardware.charge, "discharge": hardware.discharge, "asleep": asleep, **shows, **errors}
            )
        return {
            "world_time": world.time,
            "cell_voltages": list(world.pack.voltages),
            "temperatures": list(world.pack.temperatures),
            "soc": list(world.pack.soc),
            "current": world.current if math.isfinite(world.current) else None,
            "contacts": {switch.name: switch.closed for switch in world.switches},
            "outputs": list(self.rig.controls.outputs),
            "emergency_stop": world.emergency_stop,
            "collisions": self.line.collisions,
            "nodes": nodes,
        }


def counted(node: Node | Remote) -> dict[str, Any]:
    """Frames and errors of a node, and what its process says of its memory."""
    return (
        node.report
        if isinstance(node, Remote)
        else {
            "frames": node.server.frames,
            "errors": node.server.receiver.errors,
        }
    )
