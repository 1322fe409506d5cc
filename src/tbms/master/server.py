"""The API's sockets: many clients, each bounded in line length, rate, patience and memory."""

import asyncio
import logging
import time
from collections.abc import Callable

from tbms.master.feed import Feed
from tbms.master.methods import Desk
from tbms.master.rpc import (
    INVALID_REQUEST,
    LINE_BYTES,
    NO_TOKEN,
    UNAVAILABLE,
    Request,
    RpcError,
    answer,
    failure,
    notification,
    parse,
)

CLIENTS = 32  # each costs at most about 1 MB
RATE = 50.0  # requests a second and client, above a burst; more simply wait
BURST = 100.0
BAD_LINES = 20  # in a row: whoever sends them does not speak this protocol
BACKLOG_BYTES = 262_144  # unread output of a subscriber before it misses snapshots
PATIENCE = 10.0  # s that a client may leave its output unread

log = logging.getLogger("tbms.api")


class Rate:
    """A token bucket: `wait` gives how long to hold back the next request, s."""

    def __init__(self, now: float) -> None:
        self._tokens, self._at = BURST, now

    def wait(self, now: float) -> float:
        """Take one token at monotonic time `now`; 0 when there was one."""
        self._tokens = min(BURST, self._tokens + (now - self._at) * RATE) - 1.0
        self._at = now
        return max(0.0, -self._tokens / RATE)


class Subscription:
    """Sends each new snapshot to one client, or a full one after it fell behind."""

    def __init__(self, feed: Feed, writer: asyncio.StreamWriter) -> None:
        self._feed = feed
        self._writer = writer
        self._sent = 0
        self._behind_since: float | None = None
        self.tell()

    def tell(self) -> None:
        """Called after each snapshot: send, skip or drop; never waits."""
        transport = self._writer.transport
        if not self._feed.seq or transport.is_closing():
            return
        if transport.get_write_buffer_size() > BACKLOG_BYTES:
            now = time.monotonic()
            self._behind_since = self._behind_since or now
            if now - self._behind_since > PATIENCE:
                log.warning("a subscriber did not read for %g s and is dropped", PATIENCE)
                transport.abort()
            return
        self._behind_since = None
        follows = self._sent and self._sent == self._feed.seq - 1
        change = {"patch": self._feed.patch} if follows else {"full": self._feed.full}
        self._writer.write(notification("state", seq=self._feed.seq, **change))
        self._sent = self._feed.seq


class Client:
    """One connection. trusted: came over the Unix socket, whose file mode says who may."""

    def __init__(self, desk: Desk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, trusted: bool) -> None:
        self._desk, self._reader, self._writer = desk, reader, writer
        self._trusted = trusted
        self._rate = Rate(time.monotonic())
        self._bad = 0
        self._subscription: Callable[[], None] | None = None

    async def serve(self) -> None:
        """Answer line by line until the client leaves or wears out its welcome."""
        try:
            while self._bad < BAD_LINES and (line := await self._line()):
                await asyncio.sleep(self._rate.wait(time.monotonic()))
                await self._send(await self._reply(line))
        except OSError:  # it left, or (TimeoutError) it does not read
            self._writer.transport.abort()
        finally:
            if self._subscription:
                self._desk.shop.feed.changed.remove(self._subscription)
            self._writer.close()

    async def _line(self) -> bytes:
        """The next line; empty at the end, or when it is too long to be a request."""
        try:
            return await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            return b""
        except asyncio.LimitOverrunError:
            problem = RpcError(INVALID_REQUEST, f"a line is longer than {LINE_BYTES} bytes; the connection ends")
            await self._send(failure(problem))
            return b""

    async def _reply(self, line: bytes) -> bytes:
        try:
            request = parse(line)
        except RpcError as problem:
            self._bad += 1
            return failure(problem)
        self._bad = 0
        try:
            self._admit(request)
            result = answer(request.number, await self._desk.serve(request))
        except RpcError as problem:
            return failure(RpcError(problem.code, problem.message, request.number)) if request.known else b""
        if request.method == "hello":
            self._trusted = True
        if request.method == "subscribe":
            self._writer.write(result)
            self._subscribe()
            return b""
        return result if request.known else b""

    def _admit(self, request: Request) -> None:
        if not self._trusted and request.method != "hello":
            raise RpcError(NO_TOKEN, "over TCP the first request must be `hello` with the token")

    def _subscribe(self) -> None:
        if self._subscription:
            self._desk.shop.feed.changed.remove(self._subscription)
        self._subscription = Subscription(self._desk.shop.feed, self._writer).tell
        self._desk.shop.feed.changed.append(self._subscription)

    async def _send(self, data: bytes) -> None:
        if data:
            self._writer.write(data)
            await asyncio.wait_for(self._writer.drain(), PATIENCE)


class Server:
    """Listens on a Unix socket and, where asked, on TCP; at most CLIENTS at once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._clients: set[asyncio.Task[None]] = set()

    def listener(self, trusted: bool) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        """What asyncio calls with each new connection."""

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if len(self._clients) >= CLIENTS:
                writer.write(failure(RpcError(UNAVAILABLE, f"{CLIENTS} clients are connected already; try later")))
                writer.close()
                return
            client = Client(self._desk, reader, writer, trusted)
            task = asyncio.get_running_loop().create_task(client.serve())
            self._clients.add(task)
            task.add_done_callback(self._done)

        return connected

    def end(self) -> None:
        """Let every client go."""
        for task in self._clients:
            task.cancel()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._clients.discard(task)
        problem = None if task.cancelled() else task.exception()
        if problem:
            log.error("a client's request failed: %r", problem, exc_info=problem)
