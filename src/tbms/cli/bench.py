"""`tbms bench NAME`: measure on this machine, print a table or JSON, exit 1 when a bar does not hold."""

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import click

BENCHES = {
    # name: (module:function, what it measures)
    "step": ("tbms.cli.bench_step:rows", "time of one core.step() for 4, 8 and 16 cells"),
    "twin": ("tbms.cli.bench_twin:rows", "speed of the simulated world, alone and with the core"),
    "latency": ("tbms.cli.bench_latency:rows", "fault to command, per protection, over the paced serial line"),
    "loop": ("tbms.cli.bench_loop:rows", "start jitter and lost cycles of the running system, also under flood"),
    "failsafe": ("tbms.cli.bench_failsafe:rows", "what the nodes do when the master dies or stands still"),
    "soc": ("tbms.cli.bench_soc:rows", "state of charge and its claimed uncertainty on measured cells"),
    "monitor": ("tbms.cli.bench_monitor:rows", "memory and CPU of the monitor, and what a crowd of pages does"),
    "ninety": ("tbms.cli.bench_ninety:rows", "three months off the grid: charge with a bad shunt, what is named when"),
    "history": (
        "tbms.cli.bench_history:rows",
        "the lifetime history: size, bytes written, queries, exports",
    ),
}


WIDTH = 180  # columns of a table that is read in a file or a note


@dataclass(frozen=True)
class Row:
    """One measured figure against its bar.

    value: None when nothing could be measured: no bar holds then.
    bar: the figure to reach in `unit`, None where a figure is only reported.
    at_most: the bar is an upper bound (else a lower one).
    more: further figures, for the JSON form and as extra columns.
    """

    case: str
    value: float | None
    unit: str
    bar: float | None = None
    at_most: bool = True
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """The bar is met, or there is none."""
        if self.bar is None:
            return True
        if self.value is None:
            return False
        return self.value <= self.bar if self.at_most else self.value >= self.bar

    def as_json(self) -> dict[str, Any]:
        """The row as the JSON form prints it."""
        return {
            "case": self.case,
            "value": self.value,
            "unit": self.unit,
            "bar": self.bar,
            "holds": self.holds,
        } | self.more


def _table(name: str, rows: list[Row]) -> None:
    from rich.console import Console
    from rich.table import Table

    extra = list(dict.fromkeys(key for row in rows for key in row.more))
    table = Table(title=f"tbms bench {name}")
    table.add_column("case", no_wrap=True)
    for heading in ("value", "unit", "bar", *extra):
        table.add_column(heading, justify="right")
    table.add_column("holds")
    for row in rows:
        sign = "≤" if row.at_most else "≥"
        bar = "" if row.bar is None else f"{sign} {row.bar:g}"
        table.add_row(
            row.case,
            "unknown" if row.value is None else f"{row.value:.4g}",
            row.unit,
            bar,
            *(_cell(row.more.get(key)) for key in extra),
            "yes" if row.holds else "NO",
        )
    Console(width=max(WIDTH, Console().width)).print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@click.command()
@click.argument("name", type=click.Choice(sorted(BENCHES)), required=False)
@click.option("--list", "list_names", is_flag=True, help="Print the names of all benchmarks.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@click.option("--quick", is_flag=True, help="Fewer runs, for a look; the published figures come without it.")
def bench(name: str | None, list_names: bool, as_json: bool, quick: bool) -> None:
    """Run one benchmark; exit status 1 when a bar does not hold."""
    if name is None or list_names:
        for known, (_, what) in BENCHES.items():
            click.echo(known if list_names else f"{known:10s} {what}")
        return
    module, _, attribute = BENCHES[name][0].partition(":")
    bench_module = import_module(module)
    measure: Callable[[bool], Iterable[Row]] = getattr(bench_module, attribute)
    notes: Callable[[], Iterable[str]] = getattr(bench_module, "notes", tuple)
    rows = list(measure(quick))
    if as_json:
        found = {"bench": name, "rows": [row.as_json() for row in rows], "notes": list(notes())}
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _table(name, rows)
        for line in notes():
            click.echo(line)
    if not all(row.holds for row in rows):
        sys.exit(1)
