"""`tbms history`: check, figures, compacting, export, import and backup of the lifetime history."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import click

from tbms.store.history.channels import TICKS, Channel
from tbms.store.history.files import HistoryError, paths, spell
from tbms.store.history.reader import Reader

_AGES = {"h": "hours", "d": "days", "w": "weeks"}


class Moment(click.ParamType[float]):
    """A time in UTC: 2027-03-28, 2027-03-28T12:00, with an offset, s since 1970, or an age (24h, 30d, 4w); in s."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds since 1970."""
        if isinstance(value, float):
            return value
        if found := re.fullmatch(r"(\d{1,5})([hdw])", value):
            return (datetime.now(UTC) - timedelta(**{_AGES[found[2]]: int(found[1])})).timestamp()
        if re.fullmatch(r"\d{9,}(\.\d+)?", value):
            return float(value)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"'{value}' is no time: 2027-03-28T12:00 (UTC), seconds since 1970, or an age as 24h, 30d, 4w")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


@click.group()
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=Path("/var/lib/tbms"),
    envvar="TBMS_DATA_DIR",
    show_default=True,
    help="Where the system keeps its data; the history is in its folder history.",
)
@click.pass_context
def history(ctx: click.Context, data_dir: Path) -> None:
    """The lifetime history: every measure of every cell, kept for life."""
    ctx.obj = data_dir / "history"


@history.command()
@click.pass_obj
def check(folder: Path) -> None:
    """Read everything and compare it with its checks; exit status 1 where something is damaged."""
    from tbms.store.history import care

    _existing(folder)
    with _said(), _progress("checking", len(paths(folder))) as step:
        findings = list(care.check(folder, step))
    for finding in findings:
        click.echo(finding)
    click.echo(
        f"{len(paths(folder))} months read: {_counted(len(findings), 'finding')}" if findings else "all is whole"
    )
    if findings:
        sys.exit(1)


@history.command()
@click.pass_obj
def stats(folder: Path) -> None:
    """How much is kept, month by month."""
    from rich.console import Console
    from rich.table import Table

    from tbms.store.history import care

    _existing(folder)
    table = Table("month", "rows", "blocks", "raw MB", "minutes MB", "hours MB", "file MB", "bytes a row")
    with _said():
        for month in care.figures(folder):
            sizes = (month.raw_bytes, month.minute_bytes, month.hour_bytes, month.file_bytes)
            a_row = f"{month.file_bytes / month.rows:.2f}" if month.rows else ""
            row = (f"{month.rows:,}", str(month.blocks), *(f"{size / 1e6:.2f}" for size in sizes), a_row)
            table.add_row(month.name, *row)
    Console(width=max(100, Console().width)).print(table)


@history.command()
@click.pass_obj
def compact(folder: Path) -> None:
    """Join part-hour blocks, mend damaged roll-ups from their rows, give unused room back."""
    from tbms.store.history import care

    _existing(folder)
    with _said(), _progress("compacting", len(paths(folder))) as step:
        fewer, mended = care.compact(folder, step)
    click.echo(f"{_counted(fewer, 'block')} joined, the roll-ups of {_counted(mended, 'day')} mended")


@history.command()
@click.option("--from", "start", type=Moment(), help="Begin (UTC); default: the first row.")
@click.option("--to", "end", type=Moment(), help="End (UTC), not included; default: the last row.")
@click.option("--channels", default="", help="Names or beginnings, by comma: v,current,soc. Default: all.")
@click.option("--format", "form", type=click.Choice(["csv", "parquet"]), help="Default: by the file's name.")
@click.argument("output", type=click.Path(dir_okay=False, allow_dash=True))
@click.pass_obj
def export(folder: Path, start: float | None, end: float | None, channels: str, form: str | None, output: str) -> None:
    """Write rows to OUTPUT (- for standard output) as CSV or Parquet."""
    from tbms.store.history.export import to_csv
    from tbms.store.history.parquet import to_parquet
    from tbms.store.history.stream import rows_between, stream

    _existing(folder)
    form = form or ("parquet" if output.endswith(".parquet") else "csv")
    if form == "parquet" and output == "-":
        raise click.UsageError("Parquet needs a file; only CSV can go to standard output")
    reader = _reader(folder)
    with _said():
        start_ds, end_ds = _range(reader, start, end)
        chosen = _choose(reader, channels)
        names = [channel.name for channel in chosen]
        tables = stream(reader, start_ds, end_ds, names)
        with _progress("exporting", rows_between(reader, start_ds, end_ds)) as step:
            if form == "parquet":
                rows = _whole_file(Path(output), lambda path: to_parquet(tables, chosen, path, step))
            elif output == "-":
                rows = to_csv(tables, names, sys.stdout.buffer, step)
            else:
                rows = _whole_file(Path(output), lambda path: _csv_file(path, lambda f: to_csv(tables, names, f, step)))
    for trouble in reader.troubles:
        click.echo(trouble, err=True)
    click.echo(f"{_counted(rows, 'row')} from {spell(start_ds)} to {spell(end_ds)}", err=True)


@history.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def import_(folder: Path, file: Path) -> None:
    """Bring rows in from FILE (CSV or Parquet); rows whose time is there already are passed over."""
    from tbms.store.history.importing import import_file

    with _said(), _progress("importing", None) as step:
        done = import_file(folder, file, step)
    click.echo(f"{_counted(done.stored, 'row')} stored, {done.known} were there already")


@history.command()
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def backup(folder: Path, target: Path) -> None:
    """Copy what changed since the last backup to the folder TARGET, also while the system runs."""
    from tbms.store.history import care

    _existing(folder)
    with _said(), _progress("copying", len(paths(folder))) as step:
        copied = care.backup(folder, target, step)
    click.echo(f"{_counted(copied, 'month')} copied to {target}, {len(paths(folder)) - copied} had not changed")


def _reader(folder: Path) -> Reader:
    """The history with the rows that the journal beside it holds and that are not sealed yet."""
    from tbms.store.history.history import unsealed

    reader = Reader(folder)
    try:
        reader.show_tail(*unsealed(reader, folder.parent / "measurements"))
    except (OSError, HistoryError) as trouble:
        click.echo(f"rows not sealed yet cannot be read: {trouble}", err=True)
    return reader


def _range(reader: Reader, start: float | None, end: float | None) -> tuple[int, int]:
    extent = reader.extent()
    if extent is None:
        raise HistoryError("the history is empty")
    start_ds = extent[0] if start is None else round(start * TICKS)
    end_ds = extent[1] if end is None else round(end * TICKS)
    if end_ds <= start_ds:
        raise HistoryError(f"the end, {spell(end_ds)}, must be after the start, {spell(start_ds)}")
    return start_ds, end_ds


def _choose(reader: Reader, wanted: str) -> list[Channel]:
    layout = reader.newest_layout()
    channels = layout.channels if layout else ()
    if not wanted:
        return list(channels)
    chosen = []
    for word in (word.strip() for word in wanted.split(",")):
        exact = [channel for channel in channels if channel.name == word]
        group = [channel for channel in channels if channel.name.rstrip("0123456789") == word]
        if not (exact or group):
            raise HistoryError(f"no channel '{word}'; there are {', '.join(channel.name for channel in channels)}")
        chosen += exact or group
    return list(dict.fromkeys(chosen))


def _whole_file(path: Path, write: Callable[[Path], int]) -> int:
    """Write beside the file and put it in place when it is whole."""
    part = path.with_name(f"{path.name}.part")
    try:
        rows = write(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return rows


def _csv_file(path: Path, write: Callable[[BinaryIO], int]) -> int:
    with path.open("wb") as file:
        return write(file)


def _existing(folder: Path) -> None:
    if not paths(folder):
        raise click.ClickException(f"there is no history in {folder}; say where it is: tbms history --data-dir DIR ...")


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


@contextmanager
def _said() -> Iterator[None]:
    """Troubles as one sentence."""
    try:
        yield
    except HistoryError as trouble:
        raise click.ClickException(str(trouble)) from None


@contextmanager
def _progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error, where a person looks at it."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)
