"""A simulated boat under a real control process, as the benches drive it: simulator, control, and the API's pipe."""

import json
import select
import socket
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from tbms.cli.processes import Child, start, stop
from tbms.cli.run import AURORA
from tbms.master.link import ApiEnd, pair

CONTACTORS = ("charge_contactor", "load_contactor")
START = 20.0  # s that a process may take to appear on a busy machine


class RigError(click.ClickException):
    """The system under the bench did not do what it must; one sentence."""


class Rig:
    """One boat. Used as a context: everything is ended with it.

    snapshot: the newest, as the API gets it. samples: all since they were last cleared, each with the snapshot that
    was made of it as "shown".
    """

    def __init__(self, simulator: Sequence[str] = ()) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tbms")
        self.folder = Path(self._folder.name)
        self._children: list[Child] = []
        self._link: ApiEnd | None = None
        self._end: socket.socket | None = None
        self.snapshot: dict[str, Any] = {}
        self.samples: list[dict[str, Any]] = []
        self._simulator = start(
            "the simulator", "tbms.simulator", ["--dir", str(self.folder), *simulator], first=True, quiet=True
        )
        self._console = self._connect(self.folder / "simulator.sock")
        self._answers = self._console.makefile("rb")

    def __enter__(self) -> "Rig":
        return self

    def __exit__(self, *_: object) -> None:
        self.end_control()
        self._answers.close()
        self._console.close()
        stop([self._simulator])
        self._folder.cleanup()

    def _connect(self, path: Path) -> socket.socket:
        until = time.monotonic() + START
        while time.monotonic() < until and not self._simulator.ended:
            console = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                console.connect(str(path))
            except OSError:
                console.close()
                time.sleep(0.02)
            else:
                return console
        raise RigError("the simulator did not start")

    def start_control(self, overrides: Sequence[str]) -> None:
        """Begin a control process with the simulated boat's settings and these changes."""
        self.end_control()
        control, self._end = pair()
        changes = [f'bus.port="{self.folder / "bus"}"', 'bus.parity="none"', *overrides]
        arguments = [part for change in changes for part in ("--set", change)]
        arguments += ["--data-dir", str(self.folder), "--settings", str(AURORA), "--simulated", "--forget"]
        arguments += ["--link-fd", str(control.fileno())]
        child = start("control", "tbms.cli.run_control", arguments, (control.fileno(),), first=True, quiet=True)
        control.close()
        self._children = [child]
        self._link = ApiEnd(self._end)
        self.snapshot, self.samples = {}, []

    def end_control(self) -> None:
        """End it as a person would."""
        stop(self._children)
        self._children = []
        if self._end:
            self._end.close()
        self._end = self._link = None

    def kill_control(self) -> None:
        """End it as nobody should: it can do nothing more."""
        for child in self._children:
            child.process.kill()

    def ask(self, op: str, **more: Any) -> dict[str, Any]:
        """Ask the simulator; its answer, or RigError."""
        self._console.sendall(json.dumps({"op": op, **more}).encode() + b"\n")
        reply: dict[str, Any] = json.loads(self._answers.readline() or b"{}")
        if not reply.get("ok"):
            raise RigError(f"the simulator refused {op}: {reply.get('error')}")
        return reply

    def until(self, what: str, done: Callable[[], object], within: float) -> None:
        """Take in what control sends until `done`; RigError after `within` s, saying `what` was awaited."""
        end = time.monotonic() + within
        while not done():
            left = end - time.monotonic()
            if left <= 0.0 or self._link is None or self._link.closed:
                raise RigError(f"{what}: not within {within:g} s; {self._standing()}")
            self._take(left)

    def _standing(self) -> str:
        """How the system stands, for whoever must find out why."""
        shown = self.snapshot
        if not shown:
            return "control has told nothing"
        faults = ", ".join(f"{f['id']} {f['ring']} {f['cell'] or ''}".rstrip() for f in shown["faults"]) or "no fault"
        contactors = (f"{name} {shown[name]['phase']} ({shown[name]['cause']})" for name in CONTACTORS)
        return f"{faults}; {'; '.join(contactors)}"

    def spend(self, seconds: float) -> None:
        """Let time pass, taking in what control sends."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0.0:
            self._take(left)

    def _take(self, within: float) -> None:
        assert self._link is not None  # noqa: S101 - only between start and end of control
        select.select([self._link], [], [], within)
        for kind, message in self._link.receive():
            if kind == "S":
                self.snapshot = json.loads(message)
                if self.samples and self.samples[-1]["time"] == self.snapshot["time"]:
                    self.samples[-1]["shown"] = self.snapshot
            elif kind == "M":
                self.samples.append(json.loads(message))
