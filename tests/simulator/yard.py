"""A rig on its line in virtual time, with a master that speaks the register map and nothing else."""

import struct
from typing import Any

from tbms.simulator.line import MASTER, Line
from tbms.simulator.rig import Rig
from tbms.twin.boat import boat
from tbms.twin.inject import Injection
from tbms.wire.configuration import configuration
from tbms.wire.frames import Receiver, seal
from tbms.wire.reading import Reading
from tbms.wire.registers import BOTH, CONFIGURATION, CONTROL, MEASUREMENT, SLAVE_MEASUREMENT, permits_word

PASS = 0.01


class Yard:
    """permits, switches, balance: what the master asks for in every cycle of 100 ms; None: it is silent.

    step: s between two passes of the nodes. more: of the boat.
    """

    def __init__(self, cells: int = 8, soc: float = 0.6, step: float = PASS, **more: Any) -> None:
        self.step = step
        self.now = 100.0
        self.rig = Rig(boat(cells, soc=soc, **more), self.now)
        self.line = Line(115200)
        self.beat = 0
        self.permits: int | None = 0
        self.switches = 0
        self.balance = 0
        self.answers: list[bytes] = []
        self._pass = self.now + step
        self._speak = self.now

    @property
    def nodes(self) -> int:
        return len(self.rig.slots)

    def run(self, time: float) -> None:
        """Let time pass, frame by frame and pass by pass."""
        end = self.now + time
        while self.now < end - 1e-9:
            self.event(end)

    def event(self, end: float) -> None:
        """Go on to the next frame that has arrived or the next pass, at most to `end`."""
        self.now = min(self._pass, self.line.due() or self._pass, end)
        for frame in self.line.arrived(self.now):
            if frame.source != MASTER:
                self.answers.append(frame.data)
            for number, reply, start in self.rig.hear(frame.source, frame.data, frame.end):
                self.line.send(number, reply, start)
        if self.now >= self._pass:
            self._pass += self.step
            if self.permits is not None and self.now >= self._speak:
                self._speak = self.now + 0.1
                self.speak()
            self.rig.tick(self.now)

    def speak(self) -> None:
        self.beat += 1
        words = [self.beat, self.beat, permits_word(self.permits or 0), self.switches] + [self.balance] * self.nodes
        body = struct.pack(f">BBHHB{len(words)}H", 0, 16, CONTROL.start, len(words), 2 * len(words), *words)
        self.line.send(MASTER, seal(body), self.now)

    def ask(self, frame: bytes) -> list[bytes]:
        """Send a request between two cycles; all that comes back within 20 ms, frames or not."""
        self.answers = []
        self.line.send(MASTER, frame, self.now)
        self.run(0.02)
        return self.answers

    def read(self, address: int) -> Reading | None:
        """A node's measurement; None where no frame comes."""
        count = MEASUREMENT.size if address == 1 else SLAVE_MEASUREMENT
        receiver = Receiver()
        for data in self.ask(seal(struct.pack(">BBHH", address, 4, 0, count))):
            receiver.feed(data)
        frame = receiver.frame()
        return None if frame is None or len(frame) != 5 + 2 * count else Reading(frame[3:-2])

    def configure(self, **changes: int | None) -> None:
        for slot in self.rig.slots:
            image = bytes(configuration(changes))
            head = struct.pack(">BBHHB", slot.number, 16, CONFIGURATION.start, CONFIGURATION.size, len(image))
            self.ask(seal(head + image))

    def start(self, switches: int = 0, **changes: int | None) -> "Yard":
        """All nodes configured, permits given."""
        self.configure(**changes)
        self.run(0.5)
        self.permits, self.switches = BOTH, switches
        self.run(0.5)
        return self

    def inject(self, kind: str, where: int | str = 1, severity: float | None = None) -> None:
        self.rig.world.inject(Injection(kind, where, severity))
