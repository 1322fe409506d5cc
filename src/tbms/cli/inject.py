"""`tbms inject FAULT`: switch a fault of the simulated boat on or off while it runs."""

import json
import socket
from pathlib import Path
from typing import Any

import click

ANSWER_TIME = 5.0  # s


@click.command()
@click.argument("fault")
@click.argument("name", required=False)
@click.option("--cell", "--node", "--where", "where", help="Cell, node, contactor, charger ... that it sits in.")
@click.option("--severity", type=float, help="In the fault's own unit (see `tbms inject list`).")
@click.option("--start", type=float, help="Begin after so many seconds.")
@click.option("--ramp", type=float, help="Seconds from nothing to full severity.")
@click.option("--duration", type=float, help="End after so many seconds.")
@click.option("--share", type=float, help="Part of the time it is present, in spells; 1 is always.")
@click.option("--when", help="Wait first: charge_contactor_opens, soc_below:0.2, ...")
@click.option("--data-dir", type=click.Path(path_type=Path), default=Path(".run"), show_default=True)
def inject(fault: str, name: str | None, data_dir: Path, **given: Any) -> None:
    r"""Inject FAULT into the running simulated boat.

    \b
    tbms inject list             all faults, and those that are active
    tbms inject clear [NAME]     end one fault, or all
    tbms inject open_wire --cell 3 --duration 10
    tbms inject press button|emergency_stop|engine|shore
    tbms inject release emergency_stop
    """
    path = data_dir / "simulator.sock"
    if fault == "list":
        _show(ask(path, {"op": "list"}))
    elif fault == "clear":
        cleared = ask(path, {"op": "clear"} | ({"name": name} if name else {}))["cleared"]
        click.echo(f"cleared: {', '.join(cleared) or 'nothing was active'}")
    elif fault in ("press", "release"):
        ask(path, {"op": "press", "what": name, "down": fault == "press"})
        click.echo(f"{fault}ed: {name}" if fault == "press" else f"released: {name}")
    else:
        parts = {key: value for key, value in given.items() if value is not None}
        if "where" in parts:
            parts["where"] = int(parts["where"]) if parts["where"].isdigit() else parts["where"]
        click.echo(f"injected: {ask(path, {'op': 'inject', 'kind': fault} | parts)['name']}")


def ask(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    """One question to the simulator's control socket; a refusal is a sentence for the user."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_TIME)
            connection.connect(str(path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as lines:
                answer: dict[str, Any] = json.loads(lines.readline())
    except (OSError, ValueError):
        raise click.ClickException(f"no simulator answers at {path}: is `make run` running?") from None
    if not answer["ok"]:
        raise click.ClickException(answer["error"])
    return answer


def _show(answer: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("fault", "where", "unit", "typical", "shows")
    for name, line in answer["known"].items():
        table.add_row(name, line["place"], line["unit"], f"{line['typical']:g}", line["shows"])
    console = Console()
    console.print(table)
    console.print(f"active: {', '.join(answer['active']) or 'none'}")
