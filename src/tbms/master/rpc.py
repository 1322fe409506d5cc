"""JSON-RPC 2.0, one object a line: reading requests and writing answers, without any I/O."""

import json
from dataclasses import dataclass, field
from typing import Any, NoReturn

from tbms.store.plain import encode

LINE_BYTES = 65_536  # longest request; the longest lawful one is a settings file of some 20 kB

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
UNKNOWN_METHOD = -32601
INVALID_PARAMS = -32602
REFUSED = -32000
UNAVAILABLE = -32001
NO_TOKEN = -32002

ERRORS = {
    PARSE_ERROR: "the line is not JSON",
    INVALID_REQUEST: "the line is JSON, but no request (too long, a batch, no method)",
    UNKNOWN_METHOD: "no such method",
    INVALID_PARAMS: "a parameter is missing, unknown or out of its range",
    REFUSED: "understood, and not done; the message says why",
    UNAVAILABLE: "not now: the control process does not answer, or nothing has been measured yet",
    NO_TOKEN: "over TCP the first request must be `hello` with the right token",
}

type_of_id = str | int | float | None


class RpcError(Exception):
    """A request that is answered with an error: code and one sentence."""

    def __init__(self, code: int, message: str, number: type_of_id = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.number = number


@dataclass(frozen=True)
class Request:
    """One request. number: the client's id; known: it has one (else it is a notification)."""

    method: str
    params: dict[str, Any] = field(default_factory=dict)
    number: type_of_id = None
    known: bool = True


def parse(line: bytes) -> Request:
    """The request in a line; RpcError with a sentence for whatever else it is."""
    try:
        value = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise RpcError(PARSE_ERROR, "this line is not JSON") from None
    if not isinstance(value, dict):
        what = "batches are not taken: send one request a line" if isinstance(value, list) else "not an object"
        raise RpcError(INVALID_REQUEST, f"a request is one JSON object a line; {what}")
    number = value.get("id")
    if isinstance(number, bool) or not isinstance(number, type_of_id):
        raise RpcError(INVALID_REQUEST, "id must be a string, a number or null")
    method, params = value.get("method"), value.get("params", {})
    if value.get("jsonrpc") != "2.0" or not isinstance(method, str):
        raise RpcError(INVALID_REQUEST, 'a request has "jsonrpc":"2.0" and a "method"', number)
    if not isinstance(params, dict):
        raise RpcError(INVALID_PARAMS, "params must be an object: parameters are given by name", number)
    return Request(method, params, number, "id" in value)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def answer(number: type_of_id, result: Any) -> bytes:
    """The line that answers a request; `result` may be bytes of ready JSON."""
    ready = result if isinstance(result, bytes) else encode(result)
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}\n' % (encode(number), ready)


def failure(problem: RpcError) -> bytes:
    """The line that answers a request which was not served."""
    error = {"code": problem.code, "message": problem.message}
    return b'{"jsonrpc":"2.0","id":%b,"error":%b}\n' % (encode(problem.number), encode(error))


def notification(method: str, **params: Any) -> bytes:
    """A line that nobody asked for; a value may be bytes of ready JSON."""
    members = (
        b"%b:%b" % (encode(name), value if isinstance(value, bytes) else encode(value))
        for name, value in params.items()
    )
    return b'{"jsonrpc":"2.0","method":%b,"params":{%b}}\n' % (encode(method), b",".join(members))
