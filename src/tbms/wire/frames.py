"""Frames of Modbus RTU, found by length and CRC rather than by silence alone."""

from tbms.wire.crc import crc16

READ_HOLDING = 3
READ_INPUT = 4
WRITE_ONE = 6
WRITE_MANY = 16
ENCAPSULATED = 43  # with MEI type 14: read device identification
DEVICE_IDENTIFICATION = 14
BROADCAST = 0

ILLEGAL_FUNCTION = 1
ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3
BUSY = 6  # not while a contactor may be closed

LONGEST = 256  # bytes of one frame (MODBUS over Serial Line V1.02, section 2.4)
SHORTEST = 4

_WAIT = 0
_NEVER = -1


def seal(body: bytes) -> bytes:
    """The body with its CRC behind it, ready for the line."""
    crc = crc16(body)
    return body + bytes((crc & 0xFF, crc >> 8))


def sealed(data: bytes | bytearray, size: int) -> bool:
    """Whether the first `size` bytes are a frame with the right CRC."""
    crc = crc16(data, 0, size - 2)
    return data[size - 2] == crc & 0xFF and data[size - 1] == crc >> 8


def request_size(data: bytes | bytearray, count: int) -> int:
    """Length of the request that begins here: 0 when more bytes are needed to tell, -1 when there is none."""
    function = data[1]
    if function in (1, 2, 3, 4, 5, 6):
        return 8
    if function in (15, WRITE_MANY):
        return 9 + data[6] if count > 6 else _WAIT
    return 7 if function == ENCAPSULATED else _NEVER


def response_size(data: bytes | bytearray, count: int) -> int:
    """Length of the response that begins here, as for request_size."""
    function = data[1]
    if function in (1, 2, 3, 4):
        return 5 + data[2]
    if function in (5, 6, 15, WRITE_MANY):
        return 8
    if function > 128:
        return 5
    return _identification_size(data, count) if function == ENCAPSULATED else _NEVER


def _identification_size(data: bytes | bytearray, count: int) -> int:
    place = 8  # behind address, function, type, code, conformity, more, next, number of objects
    if count < place:
        return _WAIT
    for _ in range(data[7]):
        if count < place + 2:
            return _WAIT
        place += 2 + data[place + 1]
    return place + 2


class Receiver:
    """Takes bytes as they come and gives whole frames, whoever they are meant for.

    errors: how many times bytes had to be thrown away to find a frame again.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self.errors = 0

    def feed(self, chunk: bytes) -> None:
        """Add what came from the line."""
        self.data.extend(chunk)

    def silence(self) -> None:
        """The line was quiet for so long that whatever is here will never be completed."""
        if self.data:
            self.errors += 1
            self.data = bytearray()

    def frame(self) -> bytes | None:
        """The next whole frame, its CRC checked; None until more bytes come."""
        lost = False
        found = None
        while len(self.data) >= SHORTEST:
            size = self._size()
            if size > 0:
                found = bytes(self.data[:size])
                self.data = self.data[size:]
                break
            if size == _WAIT:
                break
            lost = True
            self.data = self.data[1:]
        self.errors += lost
        return found

    def _size(self) -> int:
        """Length of the frame at the start: 0 while it may still be completed, -1 when there is none."""
        waiting = False
        for size in (request_size(self.data, len(self.data)), response_size(self.data, len(self.data))):
            if size == _WAIT or len(self.data) < size <= LONGEST:
                waiting = True
            elif 0 < size <= LONGEST and sealed(self.data, size):
                return size
        return _WAIT if waiting else _NEVER
