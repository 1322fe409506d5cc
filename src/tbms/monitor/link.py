"""The line to the master: newline-delimited JSON-RPC 2.0 over its Unix socket, opened again by itself."""

import asyncio
import itertools
import json
import logging
from pathlib import Path
from typing import Any, Protocol

from tbms.model.patch import Json, merge

LINE = 1 << 20  # bytes of the longest answer taken; a full snapshot of 16 cells has about 8 kB
ANSWER = 3.0  # s within which the master must answer a question
BACKOFF = (0.2, 0.5, 1.0, 2.0)  # s between two attempts, the last one for ever
SUBSCRIPTION = 0  # id of the first request of a connection
UNAVAILABLE = -32001  # the master's own code for "not now"
QUEUED = 32  # questions under way at once; more are refused rather than kept

log = logging.getLogger(__name__)


class MasterError(Exception):
    """The master did not do what was asked; the text is one sentence for a person."""


class Unreachable(MasterError):  # noqa: N818 - a state of the line, as the page shows it
    """There is no line to the master, or it did not answer in time."""


class Refused(MasterError):  # noqa: N818 - the master's own word
    """The master understood and said no."""


class Garbled(Exception):  # noqa: N818 - what came over the line
    """What came over the line is not the protocol."""


class Receiver(Protocol):
    """Who is told of the newest snapshot."""

    def update(self, snapshot: Json) -> None:
        """A newer snapshot is here."""

    def lost(self) -> None:
        """The line is down."""


class MasterLink:
    """Keeps one connection to the master's API socket, subscribed to its state."""

    def __init__(self, socket: Path, receiver: Receiver) -> None:
        self._socket = socket
        self._receiver = receiver
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._ids = itertools.count(1)
        self._state: Json = {}
        self._seq: int | None = None

    async def run(self) -> None:
        """Stay connected, for ever; every loss is told to the receiver and logged once."""
        attempt, said = 0, ""
        while True:
            try:
                await self._session()
            except (OSError, EOFError, Garbled) as problem:
                self._receiver.lost()
                attempt = 0 if self._seq is not None else attempt + 1
                if str(problem) != said:
                    said = str(problem)
                    log.warning("no line to the master at %s: %s", self._socket, said)
            finally:
                self._drop()
            await asyncio.sleep(BACKOFF[min(attempt, len(BACKOFF) - 1)])

    async def call(self, method: str, params: Json | None = None, within: float | None = None) -> Any:
        """The master's answer to one question, within so many seconds (ANSWER); raises Unreachable or Refused."""
        if self._writer is None or len(self._waiting) >= QUEUED:
            raise Unreachable("The monitor cannot reach the master now.")
        number = next(self._ids)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self._send(self._writer, number, method, params)
            async with asyncio.timeout(within or ANSWER):
                return await answer
        except (TimeoutError, OSError) as problem:
            raise Unreachable(f"The master did not answer '{method}' in time.") from problem
        finally:
            self._waiting.pop(number, None)

    async def _session(self) -> None:
        reader, writer = await asyncio.open_unix_connection(self._socket, limit=LINE)
        self._seq = None
        self._writer = writer
        self._send(writer, SUBSCRIPTION, "subscribe", {})
        while True:
            try:
                line = await reader.readline()
            except ValueError as problem:
                raise Garbled(f"a line is longer than {LINE} bytes") from problem
            if not line.endswith(b"\n"):
                raise EOFError("the master closed the line")
            self._take(_parse(line))

    def _take(self, message: Json) -> None:
        if message.get("method") == "state":
            self._news(message.get("params"))
            return
        number, error = message.get("id"), message.get("error")
        if number == SUBSCRIPTION and error is not None:
            raise Garbled(f"the master refused the subscription: {_sentence(error)}")
        waiting = self._waiting.get(number) if isinstance(number, int) else None
        if waiting is None or waiting.done():
            return
        if error is not None:
            waiting.set_exception(_failure(error))
        else:
            waiting.set_result(message.get("result"))

    def _news(self, params: object) -> None:
        """Take a full state, or a merge patch that follows the newest one."""
        if not isinstance(params, dict) or not isinstance(seq := params.get("seq"), int):
            raise Garbled("a state comes without its number")
        full, patch = params.get("full"), params.get("patch")
        if isinstance(full, dict):
            self._state = full
        elif isinstance(patch, dict) and self._seq is not None and seq == self._seq + 1:
            self._state = merge(self._state, patch)
        else:
            raise Garbled(f"state {seq} does not follow {self._seq}")
        self._seq = seq
        self._receiver.update(self._state)

    def _send(self, writer: asyncio.StreamWriter, number: int, method: str, params: Json | None) -> None:
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}}
        writer.write(json.dumps(request, separators=(",", ":")).encode() + b"\n")

    def _drop(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Unreachable("The line to the master broke."))
                waiting.exception()
        self._waiting.clear()


def _parse(line: bytes) -> Json:
    try:
        message = json.loads(line)
    except ValueError as problem:
        raise Garbled("a line is not JSON") from problem
    if not isinstance(message, dict):
        raise Garbled("a line is not a JSON object")
    return message


def _failure(error: object) -> MasterError:
    code = error.get("code") if isinstance(error, dict) else None
    return Unreachable(_sentence(error)) if code == UNAVAILABLE else Refused(_sentence(error))


def _sentence(error: object) -> str:
    """The master's message as a sentence."""
    text = error.get("message") if isinstance(error, dict) else None
    if not isinstance(text, str) or not text:
        return "The master refused."
    return text[0].upper() + text[1:].rstrip(".") + "."
