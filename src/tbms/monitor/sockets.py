"""One open page: a full document, then patches, at the pace the page can take."""

import asyncio
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from tbms.monitor.live import Live

CLIENTS = 256  # open pages at once; one more is told to try again later
PATIENCE = 10.0  # s a page may take for one message before it is let go
TRY_LATER = 1013
TOO_SLOW = 1008


class Pages:
    """All open pages."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._open = 0

    async def serve(self, socket: WebSocket) -> None:
        """Keep one page up to date until it goes away."""
        await socket.accept()
        if self._open >= CLIENTS:
            await socket.close(TRY_LATER, "too many open pages")
            return
        self._open += 1
        sender = asyncio.create_task(self._send(socket))
        listener = asyncio.create_task(_drain(socket))
        try:
            await asyncio.wait((sender, listener), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._open -= 1
            for task in (sender, listener):
                task.cancel()
            await asyncio.gather(sender, listener, return_exceptions=True)

    async def _send(self, socket: WebSocket) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):
            have = self._live.seq
            text = self._live.full()
            while True:
                try:
                    async with asyncio.timeout(PATIENCE):  # wait_for could swallow the end of this task
                        await socket.send_text(text)
                except TimeoutError:
                    await socket.close(TOO_SLOW, "too slow")
                    return
                await self._live.newer(have)
                text, have = self._live.newest(have), self._live.seq


async def _drain(socket: WebSocket) -> None:
    """Read and forget what a page sends: the live line has one direction."""
    with suppress(WebSocketDisconnect, RuntimeError):
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass
