"""Asking the running master on its socket."""

import json
import socket
from pathlib import Path
from typing import Any

ANSWER = 5.0  # s
LONGEST = 1 << 20  # bytes of an answer


class NoMaster(Exception):  # noqa: N818 - not a failure: the answer is that none runs
    """Nobody answers."""


class Refused(Exception):  # noqa: N818 - the master's own word
    """What the master does not do; its sentence."""


def ask(data_dir: Path, method: str, within: float = ANSWER, **params: Any) -> Any:
    """The running master's result. Raises NoMaster where none answers in time, Refused where it says no."""
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(within)
        try:
            line.connect(str(data_dir / "tbms.sock"))
            line.sendall(json.dumps(request).encode() + b"\n")
            with line.makefile("rb") as answers:
                reply: dict[str, Any] = json.loads(answers.readline(LONGEST))
        except (OSError, ValueError):
            raise NoMaster from None
    if "error" in reply:
        raise Refused(str(reply["error"]["message"]))
    return reply["result"]
