"""`tbms why load_contactor`: why it stands as it does, from the running master or from its log alone."""

import json
import socket
from pathlib import Path
from typing import Any

import click

from tbms.core.why import SUBJECTS
from tbms.core.why import why as reason
from tbms.store.events import EventReader

LOOKED_THROUGH = 2000  # events
ANSWER = 5.0  # s
LONGEST = 1 << 20  # bytes of an answer


@click.command()
@click.argument("subject", type=click.Choice(SUBJECTS), metavar="SUBJECT")
@click.option("--data-dir", type=click.Path(path_type=Path), default=Path(".run"), show_default=True)
def why(subject: str, data_dir: Path) -> None:
    """Say why SUBJECT (load_contactor, charge_contactor, output_1 .. output_6) is open or closed, on or off."""
    answer = _asked(data_dir / "tbms.sock", subject)
    if answer is None:
        answer = reason(subject, None, EventReader(data_dir / "events").recent(LOOKED_THROUGH)).sentence
    click.echo(answer)


def _asked(path: Path, subject: str) -> str | None:
    """The running master's sentence; None where none answers."""
    request = {"jsonrpc": "2.0", "id": 1, "method": "why", "params": {"subject": subject}}
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(ANSWER)
        try:
            line.connect(str(path))
            line.sendall(json.dumps(request).encode() + b"\n")
            with line.makefile("rb") as answers:
                reply: dict[str, Any] = json.loads(answers.readline(LONGEST))
        except (OSError, ValueError):
            return None
    return str(reply["result"]["sentence"]) if "result" in reply else None
