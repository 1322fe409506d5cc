"""Who may talk to the monitor: this machine's own pages and programs, until a password exists."""

from collections.abc import Iterable
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
BODY = 4096  # bytes; a command has fewer than 100
LONG = dict.fromkeys(("/api/v1/settings", "/api/v1/settings/check", "/api/v1/alerts"), 65_536)  # bytes; a whole file
HARMLESS = frozenset({"GET", "HEAD"})

HEADERS = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    """Refuses foreign hosts and origins and long bodies, and adds the security headers to every answer.

    hosts: names under which the monitor is reached. numbers: by any address in numbers, too, as on a network, where it
    may change at any time: only a name can be made to point elsewhere (DNS rebinding).

    A page of another site can reach a loopback address through the browser: its Origin, or the Host after
    DNS rebinding, gives it away. A program without a browser sends no Origin and is let in.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = LOOPBACK, numbers: bool = False) -> None:
        self._app = app
        self._hosts, self._numbers = frozenset(hosts), numbers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is allowed; answer the rest."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif reason := self._objection(scope):
            await _refuse(scope, receive, _headed(send), *reason)
        else:
            await self._app(scope, receive, _headed(send))

    def _objection(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name = _hostname(host)
        if name not in self._hosts and not (self._numbers and _number(name)):
            return 421, "The monitor answers only on this machine's own address."
        if scope["type"] == "http" and scope["method"] in HARMLESS:
            return None
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            return 403, "Only the monitor's own pages may do this."
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return 403, "Only the monitor's own pages may do this."
        if scope["type"] == "http":
            return _too_long(headers, LONG.get(scope["path"], BODY))
        return None


def _too_long(headers: Headers, most: int) -> tuple[int, str] | None:
    length = headers.get("content-length")
    if length is None or not length.isdigit():
        return 411, "The length of the request is missing."
    if int(length) > most:
        return 413, f"The request is longer than {most} bytes."
    return None


def _hostname(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def _number(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _headed(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name for name, _ in message["headers"]}
            extra = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            message["headers"] = [*message["headers"], *(pair for pair in extra if pair[0] not in present)]
        await send(message)

    return with_headers


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, sentence: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": sentence})
        return
    await JSONResponse({"error": sentence}, status)(scope, receive, send)
