"""Rows from a CSV or Parquet file into a history; what is there already stays as it is."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from tbms.store.history.block import HOUR_DS, Rows, pieces
from tbms.store.history.channels import TICKS, Channel, Layout
from tbms.store.history.channels import layout as full_layout
from tbms.store.history.codec import DamagedError
from tbms.store.history.export import Step
from tbms.store.history.files import HistoryError, month_of
from tbms.store.history.month import Month
from tbms.store.history.parquet import from_parquet

IMPORTED = 0  # stands for the boot of rows whose boot nobody knows
PIECE = 3600  # rows read before they are stored
_EARLIEST, _LATEST = 1e8, 1e10  # 1973 to 2286: less is not a time in UTC


@dataclass(frozen=True)
class Outcome:
    """stored: rows put in; known: rows passed over because their time was there already."""

    stored: int
    known: int


def import_file(folder: Path, path: Path, step: Step = lambda rows: None) -> Outcome:
    """Bring a file in: `time` (UTC, s since 1970, or ISO 8601 with an offset) and any of the channels.

    Raises HistoryError where the file says something else: with line, column and what was expected.
    """
    read = from_parquet if path.suffix == ".parquet" else _from_csv
    stored = known = 0
    month: Month | None = None
    try:
        for names, columns in _renamed(read(path)):
            rows, layout = _rows(path, names, columns)
            for piece in pieces(rows):
                home = folder / f"{month_of(int(piece.labels_ds[0]))}.db"
                if month is None or month.path != home:
                    if month is not None:
                        month.close()
                    folder.mkdir(parents=True, exist_ok=True)
                    month = Month(home, writable=True)
                fresh = _fresh(month, piece)
                if len(fresh):
                    month.replace({layout.key: layout}, [], [fresh])
                stored, known = stored + len(fresh), known + len(piece) - len(fresh)
            step(len(rows))
    finally:
        if month is not None:
            month.close()
    return Outcome(stored, known)


def _renamed(batches: Iterable[tuple[list[str], list[list[Any]]]]) -> Iterator[tuple[list[str], list[list[Any]]]]:
    for names, columns in batches:
        if "time" not in names:
            raise HistoryError("the file has no column time (UTC, s since 1970 or ISO 8601)")
        yield names, columns


def _from_csv(path: Path) -> Iterator[tuple[list[str], list[list[Any]]]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file)
        names = [name.strip() for name in next(lines, [])]
        batch: list[list[Any]] = []
        for line in lines:
            if len(line) != len(names):
                raise HistoryError(
                    f"{path}, line {lines.line_num}: {len(line)} fields where the header has {len(names)}"
                )
            batch.append([_number(text, name, path, lines.line_num) for text, name in zip(line, names, strict=True)])
            if len(batch) == PIECE:
                yield names, [list(column) for column in zip(*batch, strict=True)]
                batch = []
        if batch or "time" not in names:
            yield names, [list(column) for column in zip(*batch, strict=True)]


def _number(text: str, name: str, path: Path, line: int) -> float | datetime | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    try:
        if name == "time":
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise HistoryError(f"{path}, line {line}, column {name}: '{text}' is not a number")


def _rows(path: Path, names: list[str], columns: list[list[Any]]) -> tuple[Rows, Layout]:
    channels = [channel for channel in _channels(path, names, columns) if channel is not None]
    labels = np.array([_label_ds(path, value) for value in columns[names.index("time")]], np.int64)
    by_name = dict(zip(names, columns, strict=True))
    values = np.array(
        [[channel.stored(None if v is None else float(v)) for v in by_name[channel.name]] for channel in channels],
        np.int16,
    )
    labels, places = np.unique(labels, return_index=True)
    layout = Layout(tuple(channels))
    return Rows(layout.key, IMPORTED, 0, True, labels, values[:, places]), layout


def _channels(path: Path, names: Sequence[str], columns: list[list[Any]]) -> list[Channel | None]:
    cells = max([1, *(int(name[1:]) for name in names if name[:1] in "vt" and name[1:].isdigit())])
    amps = [abs(float(v)) for v in (columns[names.index("current")] if "current" in names else []) if v is not None]
    known = full_layout(cells, max([300.0, *amps]))
    strange = [name for name in names if name != "time" and name not in known.index]
    if strange or len(names) < 2 or len(set(names)) < len(names):
        usual = "time and any of v1.., t1.., voltage, current, power, soc, soh, relays, alarms, each once"
        raise HistoryError(f"{path}: the columns must be {usual}, not {', '.join(strange or names)}")
    return [known.channels[known.index[name]] for name in names if name != "time"]


def _label_ds(path: Path, value: object) -> int:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise HistoryError(f"{path}: the time {value} has no offset from UTC (+00:00)")
        value = value.timestamp()
    if not isinstance(value, (int, float)) or not _EARLIEST <= value <= _LATEST:
        raise HistoryError(f"{path}: time must be UTC in s since 1970, not {value}")
    return round(value * TICKS)


def _fresh(month: Month, rows: Rows) -> Rows:
    """Those rows whose time is not in the month yet."""
    hour = int(rows.labels_ds[0]) // HOUR_DS
    there = []
    for entry in month.entries(hour, hour + 1):
        try:
            block = month.block(entry.id)
        except DamagedError:
            continue
        there.append(block.times_ds + block.offset_ds)
    keep = ~np.isin(rows.labels_ds, np.concatenate(there)) if there else np.full(len(rows), True)
    return Rows(rows.layout, rows.boot, rows.offset_ds, rows.settled, rows.times_ds[keep], rows.values[:, keep])
