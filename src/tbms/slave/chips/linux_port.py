"""Chips on the buses of a Linux computer: /dev/i2c-* by smbus2 and /dev/spidev* by spidev, imported only on use."""

import time

from tbms.slave.chips.port import NotReady, Timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SPI_HZ = 1000000  # slow beside the chip's 10 MHz: the wires of a small computer are long
SPI_MODE = 1


def module(name: str) -> "Any":
    """The module, or NotReady in words when this computer lacks it."""
    try:
        return __import__(name)
    except ImportError:
        raise NotReady("this computer has no module " + name + "; install it: pip install " + name) from None


class LinuxI2C:
    """The chip at this 7-bit address on /dev/i2c-<bus>; NotReady when module or bus is missing."""

    def __init__(self, bus: int, address: int) -> None:
        self._smbus2 = module("smbus2")
        self._address = address
        try:
            self._bus = self._smbus2.SMBus(bus)
        except OSError as problem:
            raise NotReady("/dev/i2c-" + str(bus) + " cannot be opened: " + str(problem)) from None

    def read(self, register: int, count: int) -> bytes:
        """`count` bytes from `register` on."""
        answer = self._smbus2.i2c_msg.read(self._address, count)
        self._transfer(self._smbus2.i2c_msg.write(self._address, (register,)), answer)
        return bytes(answer)

    def write(self, register: int, data: bytes) -> None:
        """Write the bytes from `register` on."""
        self._transfer(self._smbus2.i2c_msg.write(self._address, bytes((register,)) + data))

    def pause(self, us: int) -> None:
        """Wait at least so many µs."""
        time.sleep(us / 1000000)

    def close(self) -> None:
        """Let go of the bus."""
        self._bus.close()

    def _transfer(self, *messages: "Any") -> None:
        try:
            self._bus.i2c_rdwr(*messages)
        except OSError:
            raise Timeout("no answer from the chip at 0x" + f"{self._address:02X}") from None


class LinuxSPI:
    """A chip of TI's INA229 kind on /dev/spidev<bus>.<select>; NotReady when module or bus is missing."""

    def __init__(self, bus: int, select: int) -> None:
        self._bus = module("spidev").SpiDev()
        try:
            self._bus.open(bus, select)
        except OSError as problem:
            raise NotReady(
                "/dev/spidev" + str(bus) + "." + str(select) + " cannot be opened: " + str(problem)
            ) from None
        self._bus.max_speed_hz = SPI_HZ
        self._bus.mode = SPI_MODE

    def read(self, register: int, count: int) -> bytes:
        """`count` bytes of one register."""
        return bytes(self._bus.xfer2([register << 2 | 1] + [0] * count))[1:]

    def write(self, register: int, data: bytes) -> None:
        """Write one register."""
        self._bus.xfer2([register << 2] + list(data))  # noqa: RUF005 - the dialect has no [*a]

    def pause(self, us: int) -> None:
        """Wait at least so many µs."""
        time.sleep(us / 1000000)

    def close(self) -> None:
        """Let go of the bus."""
        self._bus.close()
