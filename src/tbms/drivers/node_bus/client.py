"""The serial line as pymodbus serves it, without its polling."""

from pymodbus.client import ModbusSerialClient
from pymodbus.exceptions import ConnectionException

from tbms.model.units import Second
from tbms.ports import Corrupt
from tbms.wire.frames import sealed


class Client(ModbusSerialClient):
    """pymodbus's client, waiting for bytes instead of polling for them every millisecond.

    expected: bytes of the answer awaited. heard: what has come of it.
    """

    def __init__(self, port: str, baud: int, parity: str, timeout: Second) -> None:
        letter, trace = parity[0].upper(), self._trace
        super().__init__(port, baudrate=baud, parity=letter, timeout=timeout, retries=0, trace_packet=trace)
        self.heard = b""
        self.expected = 0

    def send(self, request: bytes, addr: tuple[str, int] | None = None) -> int:
        """Write one frame; one that pyserial gave up by the clock is lost like any other, the port is still there."""
        try:
            return super().send(request, addr)
        except ConnectionException:
            if self.socket is None:
                raise
            return len(request)

    def recv(self, size: int | None) -> bytes:
        """What has come, at least one byte unless the time is over."""
        if self.socket is None:
            raise ConnectionException("closed")
        try:
            first = bytes(self.socket.read(1))
            return first + bytes(self.socket.read(self.socket.in_waiting)) if first else b""
        except OSError:
            self.close()  # type: ignore[no-untyped-call]  # pymodbus
            raise ConnectionException("gone") from None

    def _trace(self, sending: bool, data: bytes) -> bytes:
        """Give up at once on an answer that is complete and wrong: the time-out would cost the other nodes theirs."""
        self.heard = b"" if sending else data
        exception = len(data) >= 5 and data[1] & 0x80 and sealed(data, 5)
        if not sending and len(data) >= self.expected and not sealed(data, self.expected) and not exception:
            raise Corrupt("an answer fails its check")
        return data
