"""The two wires between all devices: half duplex, paced at the baud rate, and as bad as one wants."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tbms.model.units import Second

BITS = 11  # of one byte on the line: start, eight data, parity (or a second stop), stop
MASTER = 0  # source of what the master sends


@dataclass(slots=True)
class Frame:
    """Bytes on the line. source: MASTER or the number of a node. They have arrived only at `end`.

    spoilt: another one was on the line at the same time.
    """

    source: int
    data: bytes
    start: Second
    end: Second
    spoilt: bool = False


class Line:
    """What is under way, and what noise does to it.

    bit_errors: part of bits that flip. lost_bytes, lost_frames: part of bytes and of frames that vanish.
    collisions: frames spoilt so far.
    """

    def __init__(self, baud: int, seed: int = 1) -> None:
        self.byte_time = BITS / baud
        self.bit_errors = self.lost_bytes = self.lost_frames = 0.0
        self.collisions = 0
        self._under_way: list[Frame] = []
        self._draw = random.Random(seed)  # noqa: S311 - a simulation, no secret

    def send(self, source: int, data: bytes, start: Second) -> None:
        """Put bytes on the line at `start`, behind what the same source has under way."""
        start = max([start, *(other.end for other in self._under_way if other.source == source)])
        frame = Frame(source, data, start, start + len(data) * self.byte_time)
        for other in self._under_way:
            if frame.start < other.end and other.start < frame.end:
                self.collisions += 2 - frame.spoilt - other.spoilt
                frame.spoilt = other.spoilt = True
        self._under_way.append(frame)

    def due(self) -> Second | None:
        """When the next frame has arrived; None while the line is free."""
        return min((frame.end for frame in self._under_way), default=None)

    def arrived(self, now: Second) -> Sequence[Frame]:
        """Frames whose last bit has passed by `now`, in order, with what noise and collisions left of them."""
        done = sorted((frame for frame in self._under_way if frame.end <= now), key=lambda frame: frame.end)
        if not done:
            return ()
        self._under_way = [frame for frame in self._under_way if frame.end > now]
        for frame in done:
            frame.data = self._heard(frame)
        return [frame for frame in done if frame.data]

    def _heard(self, frame: Frame) -> bytes:
        """The frame's bytes as all others hear them."""
        draw = self._draw
        data = frame.data if draw.random() >= self.lost_frames else b""
        if frame.spoilt:
            data = bytes(byte & draw.randrange(256) for byte in data)
        if self.lost_bytes:
            data = bytes(byte for byte in data if draw.random() >= self.lost_bytes)
        return bytes(self._flip(byte) for byte in data) if self.bit_errors else data

    def _flip(self, byte: int) -> int:
        for bit in range(8):
            if self._draw.random() < self.bit_errors:
                byte ^= 1 << bit
        return byte
