"""`tbms replay`: recorded data through the very same core, open loop."""

import csv
import gzip
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

import click

from tbms import settings as settings_room
from tbms.core.state import State
from tbms.core.step import step
from tbms.drivers.recorded import Recording
from tbms.master.incident import SUFFIX, again, read
from tbms.model.event import Event
from tbms.model.fault import Fault, Ring
from tbms.model.sample import Sample
from tbms.ports import DeviceError
from tbms.settings.chemistry import CHEMISTRIES
from tbms.settings.compiled import Settings
from tbms.settings.problems import SettingsError

TOLD_EVERY = 2000  # rows between two looks at the progress


class Problem(click.ClickException):
    """What a person can mend; exit status 2."""

    exit_code = 2


def _say(text: str) -> None:
    click.echo(text, err=True)


def _cells(recording: Recording, settings: Settings) -> list[str]:
    """Overrides that fit the settings to what the file has; each is said."""
    more = []
    given = "cells" in settings.schema.pack.model_fields_set
    if recording.cells and given and recording.cells != settings.cells:
        raise Problem(
            f"{recording.path}, line 1, column v{min(recording.cells, settings.cells) + 1}: expected v1 to "
            f"v{settings.cells} as pack.cells = {settings.cells}, found {recording.cells} voltage columns"
        )
    if recording.cells and not given:
        more.append(f"pack.cells={recording.cells}")
        _say(f"pack.cells is not set: {recording.cells}, as there are v1 to v{recording.cells}")
    if not recording.sensors:
        more.append("sensors.temperature=none")
        _say("no temperature column: sensors.temperature=none, the temperature rules are left out")
    return more


def _guess(recording: Recording, first: Sample, settings: Settings) -> list[str]:
    """How many cells a pack voltage may be of, where nobody says."""
    if recording.cells or "cells" in settings.schema.pack.model_fields_set or first.pack_voltage is None:
        return []
    nominal = CHEMISTRIES[settings.chemistry].nominal
    cells = min(16, max(1, round(first.pack_voltage / nominal)))
    _say(f"pack.cells is not set: taken as {cells}, as the pack has {first.pack_voltage:g} V at first")
    return [f"pack.cells={cells}"]


def _first(recording: Recording) -> Sample | None:
    """The first row of the file, undivided."""
    again = Recording(recording.path)
    try:
        return next(again.samples(recording.cells or 1), None)
    finally:
        again.close()


def _settings(recording: Recording, file: Path | None, overrides: Sequence[str]) -> Settings:
    """The settings for this recording."""
    settings = settings_room.load(file, overrides)
    more = _cells(recording, settings)
    first = _first(recording)
    if first is not None:
        more += _guess(recording, first, settings)
    if more:
        settings = settings_room.load(file, [*overrides, *more])
    if recording.sensors > settings.cells:
        raise Problem(
            f"{recording.path}, line 1, column t{settings.cells + 1}: expected at most one temperature for each of "
            f"{settings.cells} cells, found {recording.sensors}"
        )
    if not recording.cells and settings.cells > 1:
        _say(f"one voltage column: the pack voltage is divided evenly over {settings.cells} cells")
    return settings


@contextmanager
def _written(path: Path | None) -> Iterator[IO[str] | None]:
    """A text file that appears under its name only when it is whole; gzip by its ending; None for no path."""
    if path is None:
        yield None
        return
    part = path.with_name(path.name + ".part")
    try:
        raw = part.open("wb")
    except OSError as problem:
        raise Problem(f"{path} cannot be written: {problem.strerror}") from None
    try:
        with raw:
            packed = gzip.GzipFile("", "wb", 6, raw, mtime=0) if path.suffix == ".gz" else raw
            with TextIOWrapper(packed, encoding="utf-8", newline="") as text:
                yield text
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def faults_text(faults: Sequence[Fault]) -> str:
    """Faults at the cut ring, and those without rings, as id:cell or id, joined by semicolons."""
    names = [
        fault.id if fault.cell is None else f"{fault.id}:{fault.cell}" for fault in faults if fault.ring is Ring.CUT
    ]
    return ";".join(dict.fromkeys(names))


def _optional(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _event(event: Event, number: int) -> str:
    return json.dumps(asdict(event) | {"id": number}, ensure_ascii=False)


def _run(
    recording: Recording, settings: Settings, soc: float | None, out: IO[str], events: IO[str] | None, tell: Any
) -> None:
    """Every row through the core."""
    writer = csv.writer(out, lineterminator="\n")
    resistances = [f"r{cell}" for cell in range(1, settings.cells + 1)]
    writer.writerow(
        ["time", "soc", "soc_sigma", "may_charge", "may_discharge", "faults", "capacity", "soh", *resistances]
    )
    state = State.initial(settings, soc)
    verdict, faults, number = state.verdict, "", 0
    blank = [""] * settings.cells
    for row, sample in enumerate(recording.samples(settings.cells)):
        state, _, happened = step(state, sample, (), settings)
        if state.verdict is not verdict:
            verdict = state.verdict
            faults = faults_text(verdict.faults)
        known = state.estimate
        writer.writerow(
            (
                f"{sample.time:.15g}",
                f"{known.soc:.6f}",
                f"{known.soc_sigma:.6f}",
                int(state.may_charge),
                int(state.may_discharge),
                faults,
                _optional(known.capacity),
                _optional(known.soh),
                *([_optional(value) for value in known.resistance] or blank),
            )
        )
        for event in happened if events is not None else ():
            number += 1
            print(_event(event, number), file=events)
        if tell is not None and row % TOLD_EVERY == 0:
            tell.update(int(1000 * recording.read) - tell.pos)


def _incident(path: Path) -> None:
    """Run an incident again; exit status 1 and the first difference where the core of today decides otherwise."""
    try:
        incident = read(path)
    except (OSError, ValueError, SettingsError) as problem:
        raise Problem(str(problem)) from None
    click.echo(f"{len(incident.turns)} steps up to and after: {incident.cause}")
    for number, (turn, events) in enumerate(again(incident), 1):
        for event in turn.events:
            click.echo(f"{turn.sample.time:12.1f} s  {event.kind} {event.key} {event.phase}: {event.cause}")
        if events != turn.events:
            said = "; ".join(f"{event.key} {event.phase}: {event.cause}" for event in events) or "nothing"
            click.echo(f"step {number}: today's core says instead: {said}", err=True)
            sys.exit(1)
    click.echo("the core decides the same as then")


@click.command()
@click.argument("source", metavar="INPUT", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--settings", "file", type=click.Path(path_type=Path), help="Settings (TOML); else the defaults.")
@click.option("--out", type=click.Path(path_type=Path), help="CSV to write, one line per input line.")
@click.option("--events", type=click.Path(path_type=Path), help="Events to write, one JSON object a line.")
@click.option("--initial-soc", "soc", type=click.FloatRange(0.0, 1.0), help="State of charge at the start, 0..1.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="One setting, over those of the file.")
def replay(
    source: Path,
    file: Path | None,
    out: Path | None,
    events: Path | None,
    soc: float | None,
    overrides: tuple[str, ...],
) -> None:
    """Run recorded data through the core: what it would have permitted, and the state of charge.

    INPUT is a CSV file, or an incident file of the master, which needs no option and must decide as it did then.
    """
    if source.name.endswith(SUFFIX):
        _incident(source)
        return
    if out is None:
        raise click.UsageError("--out is needed: the CSV to write")
    try:
        recording = Recording(source)
        try:
            settings = _settings(recording, file, overrides)
            bar: Any = (
                click.progressbar(length=1000, label=source.name, file=sys.stderr)
                if sys.stderr.isatty()
                else nullcontext()
            )
            with _written(out) as output, _written(events) as log, bar as tell:
                assert output is not None  # noqa: S101 - asked for above
                _run(recording, settings, soc, output, log, tell)
        finally:
            recording.close()
    except SettingsError as problem:
        raise Problem("\n       ".join(problem.problems)) from None
    except DeviceError as problem:
        raise Problem(str(problem)) from None
