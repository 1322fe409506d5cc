"""The node's side of Modbus RTU: functions 3, 4, 6, 16 and 43/14, broadcast and exceptions."""

import struct

from tbms.slave.registers import Registers
from tbms.wire.frames import (
    BROADCAST,
    DEVICE_IDENTIFICATION,
    ENCAPSULATED,
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    ILLEGAL_VALUE,
    READ_HOLDING,
    READ_INPUT,
    WRITE_MANY,
    WRITE_ONE,
    Receiver,
    request_size,
    seal,
)

SILENCE_MS = 15  # bytes of one frame never lie further apart, even across a slow pass of the node
MOST_READ = 125  # registers of one request (MODBUS Application Protocol V1.1b3, section 6.3)
BASIC, ONE_OBJECT = 1, 4  # read device identification: all basic objects, or one
BASIC_OBJECTS = 3


class Server:
    """Answers the frames meant for this node.

    address: 1..247. frames: meant for it, broadcasts included. exceptions: refused ones.
    """

    def __init__(self, address: int, registers: Registers) -> None:
        self.address = address
        self.registers = registers
        self.receiver = Receiver()
        self.frames = 0
        self.exceptions = 0
        self.quiet = 0
        self.last_write = b""

    def step(self, dt: int) -> None:
        """Let dt ms pass: after a silence, an unfinished frame is dropped."""
        self.quiet += dt
        if self.quiet >= SILENCE_MS:
            self.quiet = 0
            self.receiver.silence()

    def receive(self, chunk: bytes) -> bytes:
        """Take bytes from the line; what is to be sent now, b"" when there is nothing to say."""
        self.quiet = 0
        self.receiver.feed(chunk)
        reply = b""
        frame = self.receiver.frame()
        while frame is not None:
            reply = self._frame(frame)
            frame = self.receiver.frame()
        return reply

    def _frame(self, frame: bytes) -> bytes:
        """The answer to a frame, whoever it is for; an answer to an older frame is never sent late."""
        echo = frame == self.last_write
        self.last_write = b""
        meant = frame[0] == BROADCAST or frame[0] == self.address
        if not meant or len(frame) != request_size(frame, len(frame)):
            return b""
        if frame[1] == WRITE_ONE:
            # Function 6 is answered by its own copy: the copy of a second node with this address is no request.
            if echo:
                return b""
            self.last_write = frame
        self.frames += 1
        body = self._request(frame)
        if frame[0] == BROADCAST:
            return b""
        if isinstance(body, int):
            self.exceptions += 1
            body = bytes((frame[1] | 0x80, body))
        return seal(bytes((self.address,)) + body)

    def _request(self, frame: bytes) -> bytes | int:
        """Body of the answer, or the code of the exception."""
        function = frame[1]
        if function == READ_HOLDING or function == READ_INPUT:  # noqa: SIM109 - a tuple would be garbage
            return self._read(function, frame)
        if function == WRITE_ONE:
            start = struct.unpack_from(">H", frame, 2)[0]
            return self.registers.write(start, frame[4:6]) or frame[1:6]
        if function == WRITE_MANY:
            start, count, size = struct.unpack_from(">HHB", frame, 2)
            if count == 0 or size != 2 * count:
                return ILLEGAL_VALUE
            return self.registers.write(start, frame[7 : 7 + size]) or frame[1:6]
        return self._identify(frame) if function == ENCAPSULATED else ILLEGAL_FUNCTION

    def _read(self, function: int, frame: bytes) -> bytes | int:
        start, count = struct.unpack_from(">HH", frame, 2)
        if not 0 < count <= MOST_READ:
            return ILLEGAL_VALUE
        words = self.registers.read(function == READ_INPUT, start, count)
        return ILLEGAL_ADDRESS if words is None else bytes((function, 2 * count)) + words

    def _identify(self, frame: bytes) -> bytes | int:
        kind, code, wanted = frame[2], frame[3], frame[4]
        if kind != DEVICE_IDENTIFICATION:
            return ILLEGAL_FUNCTION
        if code not in (BASIC, ONE_OBJECT):
            return ILLEGAL_VALUE
        if wanted >= BASIC_OBJECTS:
            if code == ONE_OBJECT:
                return ILLEGAL_ADDRESS
            wanted = 0  # the standard: an unknown object of a stream begins at the first
        last = wanted + 1 if code == ONE_OBJECT else BASIC_OBJECTS
        body = bytes((ENCAPSULATED, DEVICE_IDENTIFICATION, code, 0x81, 0, 0, last - wanted))
        for index in range(wanted, last):
            text = self.registers.identification(index)
            body += bytes((index, len(text))) + text
        return body
