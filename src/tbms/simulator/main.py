"""The simulator process: a boat behind a serial port, in real time, until it is told to stop."""

import argparse
import contextlib
import os
import select
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from random import Random
from time import monotonic
from types import FrameType

from tbms.model.units import Second
from tbms.simulator.console import Console
from tbms.simulator.line import MASTER, Line
from tbms.simulator.remote import NoInterpreter, Remote, interpreter
from tbms.simulator.rig import Rig, Slot, Start
from tbms.simulator.sockets import Client, Listener, Port
from tbms.simulator.trace import Trace
from tbms.slave.node import Node
from tbms.twin.boat import boat
from tbms.twin.world import World

PASS = 0.01  # s: the nodes' pass and the world's step
PRIORITY = 5  # of 1..99: below the master's control loop
BABBLE = 12  # bytes of one burst of a babbling node


class Simulator:
    """World, nodes, line, port and control socket in one loop.

    directory: where the link `bus` to the port and the socket `simulator.sock` appear. start: begins a node's program.
    """

    def __init__(self, world: World, directory: Path, baud: int, start: Start = Node) -> None:
        now = monotonic()
        self.rig = Rig(world, now, start=start)
        self.line = Line(baud)
        self.trace = Trace()
        self.console = Console(self.rig, self.line, self.trace, monotonic)
        self.port = Port(directory / "bus")
        self.listener = Listener(directory / "simulator.sock")
        self.clients: list[Client] = []
        self.running = True
        self._next = now + PASS
        self._draw = Random(1)  # noqa: S311 - noise, no secret

    def run(self) -> None:
        """Serve until `running` is made false."""
        try:
            while self.running:
                self._wait()
                self.step(monotonic())
        finally:
            self.close()

    def _wait(self) -> None:
        """Until something comes or is due."""
        due = self.line.due()
        wake = self._next if due is None else min(due, self._next)
        writers = [client for client in self.clients if client.waiting]
        remotes = self.rig.remotes()
        readers: list[Port | Listener | Client | Remote] = [self.port, self.listener, *self.clients, *remotes]
        ready, writable, _ = select.select(readers, writers, [], max(0.0, wake - monotonic()))
        for client in writable:
            client.flush()
        for source in ready:
            if isinstance(source, Client):
                if not source.serve(self.console.answer):
                    source.close()
                    self.clients.remove(source)
            elif isinstance(source, Listener):
                self.clients += source.accept()
            elif isinstance(source, Remote):
                self._answered(remotes[source], source.replies())
            else:
                self.line.send(MASTER, self.port.read(), monotonic())

    def _answered(self, slot: Slot, reply: bytes) -> None:
        """What a node's process says goes onto the line, unless its plug is out."""
        if reply and not self.rig.cut(slot):
            for number, data, start in self.rig.answer(slot, reply, monotonic()):
                self.line.send(number, data, start)

    def step(self, now: Second) -> None:
        """Deliver what has arrived on the line by `now`, and let world and nodes go on when a pass is due."""
        for frame in self.line.arrived(now):
            self._deliver(frame.source, frame.data, frame.end)
        if now < self._next:
            return
        self._next = max(self._next + PASS, now)
        self._noise(now)
        self.rig.tick(now)
        self.console.tick(now)
        self.trace.look(self.rig, now)

    def _deliver(self, source: int, data: bytes, now: Second) -> None:
        if source != MASTER:
            self.port.write(data)
        for number, reply, start in self.rig.hear(source, data, now):
            self.line.send(number, reply, start)
        if source == MASTER:
            self.trace.command(self.rig, now)

    def _noise(self, now: Second) -> None:
        """Give the line the faults that are present now."""
        troubles = self.rig.troubles
        self.line.bit_errors = troubles.level("bit_errors", now)
        self.line.lost_bytes = troubles.level("lost_bytes", now)
        self.line.lost_frames = troubles.level("lost_frames", now)
        for slot in self.rig.slots:
            if self._draw.random() < troubles.level("babble", now, slot.number):
                self.line.send(slot.number, self._draw.randbytes(BABBLE), now)

    def close(self) -> None:
        """End the nodes and remove what others see."""
        self.rig.close()
        for client in self.clients:
            client.close()
        self.listener.close()
        self.port.close()


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="tbms.simulator", description="A simulated boat behind a serial port.")
    parser.add_argument("--dir", type=Path, default=Path(".run"), help="where bus and simulator.sock appear")
    parser.add_argument("--cells", type=int, choices=range(1, 17), default=16, metavar="1..16")
    parser.add_argument("--capacity", type=float, default=280.0, help="Ah")
    parser.add_argument("--soc", type=float, default=0.6, help="at start, 0..1")
    parser.add_argument("--temperature", type=float, default=22.0, help="°C")
    parser.add_argument("--hour", type=float, default=8.0, help="time of day at start")
    parser.add_argument("--seed", type=int, default=1, help="of cell spread, weather and noise")
    parser.add_argument("--baud", type=int, default=115200)
    parser.add_argument("--bus", choices=("separate", "common"), default="separate", help="how it is wired")
    parser.add_argument("--nodes", choices=("python", "micropython"), default="python", help="what runs the nodes")
    return parser.parse_args(arguments)


def like_hardware() -> None:
    """Real boards share their processor with nobody: run before ordinary programs where that is permitted."""
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the simulator; prints the port's path once it is there."""
    given = options(arguments)
    try:
        start: Start = Node
        if given.nodes == "micropython":
            interpreter()
            start = partial(Remote, folder=given.dir)
    except NoInterpreter as problem:
        print(problem, file=sys.stderr)
        return 2
    given.dir.mkdir(parents=True, exist_ok=True)
    world = boat(
        given.cells,
        given.capacity,
        soc=given.soc,
        temperature=given.temperature,
        seed=given.seed,
        clock=given.hour * 3600.0,
        common=given.bus == "common",
    )
    simulator = Simulator(world, given.dir, given.baud, start)

    def end(_: int, __: FrameType | None) -> None:
        simulator.running = False

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    print(f"bus: {given.dir / 'bus'} -> {simulator.port.device}", flush=True)
    like_hardware()
    simulator.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
