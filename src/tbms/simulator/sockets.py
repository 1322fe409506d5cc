"""The operating system's side of the simulator: a pseudo-terminal and a control socket, neither of which blocks."""

import os
import socket
import tty
from collections.abc import Callable
from pathlib import Path

from tbms.simulator.console import LONGEST


class Port:
    """The master's end of the bus: a pty, with a link to it at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd, self._other = os.openpty()  # the other end stays open: a master may come and go
        tty.setraw(self._other)
        os.set_blocking(self.fd, False)
        self.device = os.ttyname(self._other)
        link = path.with_name(f".{path.name}.{os.getpid()}")
        link.symlink_to(self.device)
        link.replace(path)

    def fileno(self) -> int:
        """For select."""
        return self.fd

    def read(self) -> bytes:
        """What the master has sent."""
        try:
            return os.read(self.fd, 4096)
        except (BlockingIOError, OSError):
            return b""

    def write(self, data: bytes) -> None:
        """Give the master what came over the line; what nobody fetches is lost, as on a wire."""
        try:
            os.write(self.fd, data)
        except BlockingIOError:
            return

    def close(self) -> None:
        """Remove the link, if it is still ours, and the pty."""
        if self.path.is_symlink() and os.readlink(self.path) == self.device:
            self.path.unlink()
        os.close(self.fd)
        os.close(self._other)


class Client:
    """One connection to the control socket."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        connection.setblocking(False)
        self._in = b""
        self._out = b""

    def fileno(self) -> int:
        """For select."""
        return self.connection.fileno()

    @property
    def waiting(self) -> bool:
        """There is something to send."""
        return bool(self._out)

    def serve(self, answer: Callable[[bytes], bytes]) -> bool:
        """Read what is there and answer whole lines; False when the client has gone or talks nonsense."""
        try:
            chunk = self.connection.recv(LONGEST)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._in += chunk
        while b"\n" in self._in:
            line, self._in = self._in.split(b"\n", 1)
            self._out += answer(line)
        return self.flush() and bool(chunk) and len(self._in) <= LONGEST

    def flush(self) -> bool:
        """Send what the other side takes; False when it has gone."""
        try:
            self._out = self._out[self.connection.send(self._out) :] if self._out else b""
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Hang up."""
        self.connection.close()


class Listener:
    """The control socket itself, at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        self._socket.listen(8)
        self._socket.setblocking(False)

    def fileno(self) -> int:
        """For select."""
        return self._socket.fileno()

    def accept(self) -> list[Client]:
        """The new connection, if it is still there."""
        try:
            return [Client(self._socket.accept()[0])]
        except OSError:
            return []

    def close(self) -> None:
        """Stop listening and remove the socket."""
        self._socket.close()
        self.path.unlink(missing_ok=True)
