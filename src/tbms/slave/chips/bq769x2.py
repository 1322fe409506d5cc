"""How the BQ769x2 family is spoken to: CRC, direct commands, subcommands and data memory, with bounded retries.

Sources: TI SLUUBY2B (BQ76952 technical reference) sections 3 and 11, SLUAA11B (software development guide).
"""

import struct

from tbms.slave.chips.port import TRIES, Corrupt, DeviceError, Timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tbms.slave.chips.port import Port

ADDRESS = 0x08  # 7 bit, as delivered
SUBCOMMAND = 0x3E  # low byte, high byte; reads back the same when the chip has finished
BUFFER = 0x40  # 32 bytes
CHECKSUM = 0x60  # and the length behind it
OVERHEAD = 4  # the length counts code, checksum and itself too
LONGEST = 32
FIRST_WAIT_US = 50
POLL_US = 500
# CRC-8 of each high nibble: 16 bytes instead of 256, because a microcontroller keeps them in RAM.
_NIBBLES = b"\x00\x07\x0e\x09\x1c\x1b\x12\x15\x38\x3f\x36\x31\x24\x23\x2a\x2d"
POLLS = 20  # 10 ms: the slowest subcommand takes about 8.5 ms


def crc8(data: bytes, crc: int = 0) -> int:
    """CRC-8, polynomial 0x07, start 0."""
    table = _NIBBLES
    for byte in data:
        crc ^= byte
        crc = (crc << 4 & 0xFF) ^ table[crc >> 4]
        crc = (crc << 4 & 0xFF) ^ table[crc >> 4]
    return crc


def checksum(code: int, data: bytes) -> int:
    """What stands at 0x60: the inverted sum of the code's two bytes and the data."""
    return ~(sum(data) + (code & 0xFF) + (code >> 8)) & 0xFF


class Link:
    """One chip of the family.

    crc: the part is of the kind that adds a CRC to each byte, or was set so.
    errors: transfers that failed, since the start; each was tried up to three times before it was passed on.
    """

    def __init__(self, port: "Port", crc: bool = True, address: int = ADDRESS) -> None:
        self._port = port
        self._crc = crc
        self._address = address
        self.errors = 0

    def read(self, register: int, count: int) -> bytes:
        """`count` bytes of direct commands from `register` on."""
        left = TRIES
        while True:
            try:
                return self._read(register, count)
            except (Timeout, Corrupt):
                self.errors += 1
                left -= 1
                if not left:
                    raise

    def settled(self, register: int, count: int, close: "Callable[[bytes, bytes], bool]") -> bytes:
        """The same, read again until two readings in a row agree; Corrupt when they never do.

        The chip updates its registers while they are read, so a word may join the halves of two conversions,
        and without CRC a disturbed bit would pass.
        """
        last = self.read(register, count)
        for _ in range(TRIES):
            again = self.read(register, count)
            if close(last, again):
                return again
            self.errors += 1
            last = again
        raise Corrupt("registers from 0x" + hexadecimal(register) + " on read differently each time")

    def word(self, register: int) -> int:
        """A direct command of two bytes, 0..0xFFFF, read until it settles."""
        data = self.settled(register, 2, same)
        return data[0] | data[1] << 8

    def write(self, register: int, data: bytes) -> None:
        """Write direct commands from `register` on. For what may be written twice without harm."""
        left = TRIES
        while True:
            try:
                self.write_once(register, data)
                return
            except Timeout:
                self.errors += 1
                left -= 1
                if not left:
                    raise

    def write_once(self, register: int, data: bytes) -> None:
        """Write without trying again."""
        if self._crc:
            coded = bytearray((data[0], crc8(bytes((self._address << 1, register, data[0])))))
            for byte in data[1:]:
                coded.append(byte)
                coded.append(crc8(bytes((byte,))))
            data = bytes(coded)
        self._port.write(register, data)

    def toggle(self, code: int) -> None:
        """A subcommand whose repetition would undo it: sent once, whether or not it is acknowledged.

        The caller looks at what became of it.
        """
        try:
            self.write_once(SUBCOMMAND, struct.pack("<H", code))
        except Timeout:
            self.errors += 1

    def command(self, code: int) -> None:
        """A subcommand without data."""
        self.write(SUBCOMMAND, struct.pack("<H", code))

    def fetch(self, code: int, count: int) -> bytes:
        """`count` bytes that a subcommand, or the data memory from `code` on, holds; checked by length and sum."""
        left = TRIES
        while True:
            try:
                return self._fetch(code, count)
            except DeviceError:
                self.errors += 1
                left -= 1
                if not left:
                    raise

    def send(self, code: int, data: bytes) -> None:
        """Write a subcommand's data, or the data memory from `code` on."""
        self.write(SUBCOMMAND, struct.pack("<H", code) + data)
        self.write(CHECKSUM, bytes((checksum(code, data), len(data) + OVERHEAD)))

    def pause(self, us: int) -> None:
        """Wait at least so many µs."""
        self._port.pause(us)

    def _read(self, register: int, count: int) -> bytes:
        if not self._crc:
            return self._port.read(register, count)
        coded = self._port.read(register, 2 * count)
        start = crc8(bytes((self._address << 1, register, self._address << 1 | 1)))
        data = bytearray(count)
        for index in range(count):
            data[index] = coded[2 * index]
            if crc8(bytes((data[index],)), start) != coded[2 * index + 1]:
                raise Corrupt("a byte of register 0x" + hexadecimal(register) + " fails its CRC")
            start = 0
        return bytes(data)

    def _fetch(self, code: int, count: int) -> bytes:
        self.write(SUBCOMMAND, struct.pack("<H", code))
        self._port.pause(FIRST_WAIT_US)
        for _ in range(POLLS):
            if self.read(SUBCOMMAND, 2) == struct.pack("<H", code):
                break
            self._port.pause(POLL_US)
        else:
            raise Timeout("subcommand 0x" + hexadecimal(code) + " was not finished in 10 ms")
        seal = self.read(CHECKSUM, 2)
        size = seal[1] - OVERHEAD
        if not count <= size <= LONGEST:
            raise Corrupt("subcommand 0x" + hexadecimal(code) + " gives an impossible length")
        data = self.read(BUFFER, size)
        if checksum(code, data) != seal[0]:
            raise Corrupt("subcommand 0x" + hexadecimal(code) + " fails its checksum")
        return data[:count]


def same(one: bytes, other: bytes) -> bool:
    """Whether two readings are equal."""
    return one == other


def hexadecimal(number: int) -> str:
    """The number as its data sheet writes it, without prefix."""
    return f"{number:02X}"
