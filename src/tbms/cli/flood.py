"""Clients that mean harm: what the API must bear without the control loop noticing."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

HUGE = 4_000_000  # bytes of a request without an end
WAIT = 2.0  # s for a connection or an answer before the next try


def _request(method: str, **params: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n"


def garbage() -> Iterator[bytes]:
    """Lines that are nothing."""
    return cycle((b"\x00\xff rubbish\n" * 50, b"[" * 5000 + b"\n", b'{"jsonrpc":"2.0","method":5}\n' * 50))


def huge() -> Iterator[bytes]:
    """Requests that never end."""
    return cycle((b'{"jsonrpc":"2.0","method":"state","params":{"x":"' + b"x" * HUGE,))


def greedy() -> Iterator[bytes]:
    """Lawful requests, as costly as they may be, as fast as they go, their answers left unread."""
    text = "\n".join(f"[unknown_{number}]" for number in range(3000))
    return cycle(
        (_request("events", limit=1000), _request("samples", limit=600), _request("settings.check", text=text))
    )


def subscriptions() -> Iterator[bytes]:
    """Subscriptions again and again, never read."""
    return cycle((_request("subscribe") * 20,))


KINDS: tuple[Callable[[], Iterator[bytes]], ...] = (garbage, huge, greedy, subscriptions)


def flood(path: Path, kind: int, seconds: float, clients: int = 5) -> int:
    """Keep `clients` connections busy with one kind of harm for so long; gives how many bytes the API took."""
    end, sent = time.monotonic() + seconds, 0
    lines: dict[int, tuple[socket.socket, Iterator[bytes]]] = {}
    while time.monotonic() < end:
        for place in range(clients):
            if place not in lines and (line := _connect(path)):
                lines[place] = (line, KINDS[kind]())
        for place, (line, data) in list(lines.items()):
            try:
                sent += line.send(next(data))
            except BlockingIOError:
                continue
            except OSError:
                line.close()
                del lines[place]
        time.sleep(0.001)
    for line, _ in lines.values():
        line.close()
    return sent


def _connect(path: Path) -> socket.socket | None:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.settimeout(WAIT)
    try:
        line.connect(str(path))
    except OSError:
        line.close()
        return None
    line.setblocking(False)
    return line
