"""What a bad line does: no wrong value is believed, nothing is held beyond its lease, and all comes back by itself."""

from collections.abc import Sequence

import pytest
from tests.campaign import seconds
from tests.simulator.yard import Yard

from tbms.model.units import Second
from tbms.simulator.line import MASTER
from tbms.simulator.trouble import Trouble
from tbms.wire.frames import seal
from tbms.wire.registers import BOTH, CHARGE_COIL, CHARGER_ENABLE, GENERAL, LOAD_COIL

CHARGER, OTHER = 1, 2  # bits of outputs 1 and 2
ON = CHARGE_COIL | LOAD_COIL | CHARGER | OTHER
LEASE = {CHARGER: 0.5, OTHER: 2.0}
SPREAD = 0.03  # V: all cells of the boat lie so close together
PASS = 0.012


class Watched(Yard):
    """A yard that notes when the base board heard a whole control write, and checks leases in every pass."""

    def __init__(self) -> None:
        super().__init__(cells=8)
        self.spoken = b""
        self.heard: Second = self.now
        self.longest = dict.fromkeys(LEASE, 0.0)
        self.wrong: list[float] = []
        self.believed = 0
        hear = self.rig.hear

        def listen(source: int, data: bytes, now: Second) -> list[tuple[int, bytes, Second]]:
            answers = hear(source, data, now)
            if source == MASTER and data == self.spoken and not self.rig.cut(self.rig.slots[0]):
                self.heard = now
            return answers

        self.rig.hear = listen  # type: ignore[method-assign]

    def speak(self) -> None:
        send = self.line.send

        def note(source: int, data: bytes, start: Second) -> None:
            self.spoken = data
            send(source, data, start)

        self.line.send = note  # type: ignore[method-assign]
        super().speak()
        self.line.send = send  # type: ignore[method-assign]

    def look(self) -> None:
        """Read both nodes, and hold what is believed against the truth."""
        driven = self.rig.slots[0].hardware.driven
        for bit in LEASE:
            if driven & bit:
                self.longest[bit] = max(self.longest[bit], self.now - self.heard)
        for address in (1, 2):
            reading = self.read(address)
            if reading is None or reading.latch != self.beat:
                continue
            self.believed += 1
            first = 4 * (address - 1)
            true: Sequence[float] = self.rig.world.pack.voltages[first : first + 4]
            for shown, real in zip(reading.row("cell", 4), true, strict=True):
                if shown is not None and abs(shown - real) > SPREAD:
                    self.wrong.append(shown)

    def live(self, time: Second) -> None:
        end = self.now + time
        while self.now < end:
            self.run(0.02)
            self.look()

    def again(self) -> None:
        """As a master does: withdraw, then permit."""
        self.permits = 0
        self.live(0.5)
        self.configure(output_1=CHARGER_ENABLE, output_2=GENERAL)
        self.permits = BOTH
        self.live(1.0)


def whole(yard: Watched) -> bool:
    return all(slot.hardware.charge and slot.hardware.discharge for slot in yard.rig.slots)


@pytest.fixture
def yard() -> Watched:
    yard = Watched()
    yard.start(ON, output_1=CHARGER_ENABLE, output_2=GENERAL)
    yard.live(0.3)
    assert whole(yard)
    assert yard.rig.controls.outputs[:2] == (True, True)
    return yard


CASES = [
    ("bit_errors", 1, 1e-3),
    ("bit_errors", 1, 1e-2),
    ("lost_bytes", 1, 0.01),
    ("lost_frames", 1, 0.5),
    ("wrong_address", 2, 1.0),
    ("babble", 2, 0.5),
    ("babble", 2, 1.0),
    ("line_cut", 1, 1.0),
    ("line_cut", 2, 1.0),
    ("late_answers", 2, 0.03),
]


def apply(yard: Watched) -> None:
    """Give the line what is present, as the simulator's loop does."""
    troubles, line = yard.rig.troubles, yard.line
    line.bit_errors = troubles.level("bit_errors", yard.now)
    line.lost_bytes = troubles.level("lost_bytes", yard.now)
    line.lost_frames = troubles.level("lost_frames", yard.now)


@pytest.mark.parametrize(("kind", "node", "severity"), CASES, ids=[f"{k}-{n}-{s:g}" for k, n, s in CASES])
def test_a_bad_line_is_survived(yard: Watched, kind: str, node: int, severity: float) -> None:
    yard.rig.troubles.inject(Trouble(kind, node, severity), yard.now)
    apply(yard)
    end = yard.now + seconds(8.0, 3600.0 if (kind, severity) == ("bit_errors", 1e-3) else 300.0)
    while yard.now < end:
        if kind == "babble":
            yard.line.send(node, seal(b"\x01\x04\x02\x10\x00")[: int(7 * severity)], yard.now)
        yard.run(0.02)
        yard.look()
    assert yard.wrong == []
    for bit, lease in LEASE.items():
        assert yard.longest[bit] <= lease + PASS
    yard.rig.troubles.clear(Trouble(kind, node).label)
    apply(yard)
    yard.again()
    before = yard.believed
    yard.live(1.0)
    assert yard.believed >= before + 20
    assert whole(yard)
    assert yard.rig.controls.outputs[:2] == (True, True)


def test_a_line_that_is_cut_leaves_nothing_on(yard: Watched) -> None:
    yard.rig.troubles.inject(Trouble("line_cut", 1), yard.now)
    yard.live(2.2)
    assert yard.rig.controls.outputs[:2] == (False, False)
    assert 0.35 < yard.longest[CHARGER] <= 0.5 + PASS
    assert 1.85 < yard.longest[OTHER] <= 2.0 + PASS
    yard.live(61.0)
    assert not any(slot.hardware.discharge for slot in yard.rig.slots)
