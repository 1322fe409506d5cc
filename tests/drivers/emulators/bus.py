"""Virtual time and a wire between a driver and an emulated chip, with the faults that wires have.

Runs on CPython and on MicroPython: plain classes and integers.
"""

from tbms.slave.chips.port import Timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Chip(Protocol):
        """An emulated chip."""

        def run(self, now: int) -> None: ...
        def read(self, register: int, count: int) -> bytes: ...
        def write(self, register: int, data: bytes) -> None: ...


BIT_TENTH_US = 25  # 400 kHz
FOREVER = -1


class Nak(Exception):  # noqa: N818 - the bus's own word
    """The chip did not acknowledge."""


class Clock:
    """Virtual time, µs since the start."""

    def __init__(self) -> None:
        self.us = 0

    def advance(self, us: int) -> None:
        self.us += us

    @property
    def ms(self) -> int:
        return self.us // 1000


class Noise:
    """Flips one bit in `one_in`, pseudo-randomly and repeatably."""

    def __init__(self, one_in: int, seed: int = 1) -> None:
        self.one_in = one_in
        self.state = seed

    def __call__(self, data: bytes) -> bytes:
        result = bytearray(data)
        for index in range(8 * len(result)):
            self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
            if (self.state >> 8) % self.one_in == 0:
                result[index >> 3] ^= 1 << (index & 7)
        return bytes(result)


class EmulatedPort:
    """The drivers' port, onto an emulated chip.

    nak: so many coming transfers are not acknowledged (FOREVER: none ever). lost_acknowledge: so many coming writes
    are carried out although the acknowledgement is lost. noise: what becomes of the bytes under way.
    transfers: counted, for tests of bounded retries.
    """

    def __init__(self, clock: Clock, chip: "Chip") -> None:
        self.clock = clock
        self.chip = chip
        self.nak = 0
        self.lost_acknowledge = 0
        self.noise: Callable[[bytes], bytes] | None = None
        self.transfers = 0

    def read(self, register: int, count: int) -> bytes:
        self._transfer(count + 3)
        data = self.chip.read(register, count)
        return self.noise(data) if self.noise else data

    def write(self, register: int, data: bytes) -> None:
        self._transfer(len(data) + 2)
        if self.noise:
            disturbed = self.noise(bytes([register]) + data)
            register, data = disturbed[0], disturbed[1:]
        try:
            self.chip.write(register, data)
        except Nak:
            raise Timeout("the emulated chip refuses") from None
        if self.lost_acknowledge:
            self.lost_acknowledge -= 1
            raise Timeout("the acknowledgement was lost")

    def pause(self, us: int) -> None:
        self.clock.advance(us)
        self.chip.run(self.clock.us)

    def _transfer(self, count: int) -> None:
        self.transfers += 1
        self.clock.advance(count * 9 * BIT_TENTH_US // 10)
        self.chip.run(self.clock.us)
        if self.nak:
            self.nak -= self.nak > 0
            raise Timeout("the emulated chip is silent")
