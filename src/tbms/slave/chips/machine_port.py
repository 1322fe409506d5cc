"""Chips on the buses of a microcontroller: `machine.I2C` and `machine.SPI` as the drivers' port."""

import time

from tbms.slave.chips.port import Timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class I2C(Protocol):
        """As `machine.I2C` and `machine.SoftI2C`."""

        def readfrom_mem(self, address: int, register: int, count: int) -> bytes:
            """Write the register, repeat the start, read."""

        def writeto_mem(self, address: int, register: int, data: bytes) -> None:
            """Write register and data."""

    class SPI(Protocol):
        """As `machine.SPI`."""

        def write_readinto(self, sent: bytes, received: bytearray) -> None:
            """Exchange as many bytes as both buffers have."""

    class Pin(Protocol):
        """As `machine.Pin`: the chip's select line, low while it listens."""

        def value(self, level: int) -> None:
            """Drive the line."""


def pause(us: int) -> None:
    """Wait at least so many µs."""
    time.sleep(us / 1000000)


class MachineI2C:
    """A chip at this 7-bit address."""

    def __init__(self, bus: "I2C", address: int) -> None:
        self._bus = bus
        self._address = address

    def read(self, register: int, count: int) -> bytes:
        """`count` bytes from `register` on."""
        try:
            return self._bus.readfrom_mem(self._address, register, count)
        except OSError:
            raise Timeout("no answer from the chip at 0x" + f"{self._address:02X}") from None

    def write(self, register: int, data: bytes) -> None:
        """Write the bytes from `register` on."""
        try:
            self._bus.writeto_mem(self._address, register, data)
        except OSError:
            raise Timeout("no answer from the chip at 0x" + f"{self._address:02X}") from None

    def pause(self, us: int) -> None:
        """Wait at least so many µs."""
        pause(us)


class MachineSPI:
    """A chip of TI's INA229 kind, behind this select line: first byte register << 2, bit 0 set for reading.

    SPI mode 1 (idle low, sampled on the falling edge), at most 10 MHz.
    """

    def __init__(self, bus: "SPI", select: "Pin") -> None:
        self._bus = bus
        self._select = select

    def read(self, register: int, count: int) -> bytes:
        """`count` bytes of one register."""
        return self._exchange(bytes((register << 2 | 1,)) + bytes(count))[1:]

    def write(self, register: int, data: bytes) -> None:
        """Write one register."""
        self._exchange(bytes((register << 2,)) + data)

    def pause(self, us: int) -> None:
        """Wait at least so many µs."""
        pause(us)

    def _exchange(self, sent: bytes) -> bytes:
        received = bytearray(len(sent))
        self._select.value(0)
        try:
            self._bus.write_readinto(sent, received)
        finally:
            self._select.value(1)
        return bytes(received)
