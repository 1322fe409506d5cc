"""The pipe between control and API: bounded, in whole messages, and never able to hold up control."""

import json
import socket
from typing import Any

from tbms.model.sample import Sample
from tbms.store.plain import encode

MESSAGE_BYTES = 131_072  # a snapshot of 16 cells has some 6 kB
MEASURED = ("time", "timestamp", "current", "pack_voltage", "cell_voltages", "temperatures")
COMMANDS_A_CYCLE = 8  # more wait in the pipe for the next cycle


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends that keep the borders of messages and refuse, not wait, when they are full."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setblocking(False)
    return ends


class ControlEnd:
    """Control's side: what cannot be sent at once is dropped and counted, never waited for."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end
        self.dropped = 0

    def publish(self, snapshot: Any) -> None:
        """Offer the newest snapshot."""
        self._send(b"S" + encode(snapshot))

    def measured(self, sample: Sample) -> None:
        """Offer the newest sample: what was measured, before anything is judged."""
        self._send(b"M" + encode({name: getattr(sample, name) for name in MEASURED}))

    def acknowledge(self, number: int, refusal: str = "") -> None:
        """Tell the API what became of a command: taken (no refusal), or why not."""
        self._send(b"A" + encode({"number": number, "refusal": refusal}))

    def requests(self) -> list[dict[str, Any]]:
        """What the API asks, a bounded number a cycle; rubbish is dropped and counted."""
        found = []
        for _ in range(COMMANDS_A_CYCLE):
            message = _receive(self._end)
            if not message:
                break
            try:
                request = json.loads(message)
            except (ValueError, RecursionError):
                request = None
            if isinstance(request, dict):
                found.append(request)
            else:
                self.dropped += 1
        return found

    def _send(self, message: bytes) -> None:
        try:
            self._end.send(message)
        except OSError:  # full, or nobody at the other end
            self.dropped += 1


class ApiEnd:
    """The API's side."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end
        self.closed = False

    def fileno(self) -> int:
        """For an event loop to wait on."""
        return self._end.fileno()

    def ask(self, request: dict[str, Any]) -> bool:
        """Pass a request on; False when the pipe is full or control is gone."""
        try:
            self._end.send(encode(request))
        except OSError:
            return False
        return True

    def receive(self) -> list[tuple[str, bytes]]:
        """All messages that wait: ("S", a snapshot), ("M", a sample) or ("A", an acknowledgement), as JSON."""
        found = []
        while message := _receive(self._end):
            found.append((chr(message[0]), message[1:]))
        self.closed = self.closed or message is not None
        return found


def _receive(end: socket.socket) -> bytes | None:
    """One message; None when none waits, empty when the other end is closed."""
    try:
        return end.recv(MESSAGE_BYTES)
    except BlockingIOError:
        return None
    except OSError:
        return b""
