"""All rows of a stretch of time in order, a table of an hour at a time: what exports and re-imports go by."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tbms.store.history.block import HOUR_DS, Rows, Ticks
from tbms.store.history.channels import UNKNOWN, Channel, Layout
from tbms.store.history.codec import DamagedError, Int16s
from tbms.store.history.files import HistoryError, spell
from tbms.store.history.month import Entry
from tbms.store.history.reader import Reader, cut


@dataclass(frozen=True)
class Table:
    """Some rows. labels_ds: UTC, 0.1 s. channels and values: one a column, UNKNOWN where nothing is known."""

    labels_ds: Ticks
    channels: tuple[Channel, ...]
    values: list[Int16s]


def stream(reader: Reader, start_ds: int, end_ds: int, names: Sequence[str]) -> Iterator[Table]:
    """The rows from start to end, oldest first; damage is told in the reader's `troubles` and left unknown.

    What is sealed meanwhile is neither missed nor given twice; other threads may use the reader in between.
    """
    with reader.lock:
        tail = reader.tail(start_ds, end_ds)
        months = reader.months(start_ds, end_ds)
        sealed = [(month.path, entry) for month in months for entry in reader.entries(month, start_ds, end_ds)]
    for path, entry in sealed:
        with reader.lock:
            table = _block(reader, path, entry, (start_ds, end_ds), names)
        if table is not None and len(table.labels_ds):
            yield table
    for rows in tail:
        layout = reader.layout(rows.layout)
        yield _table(rows, layout, names, [place for place, _ in _places(layout, names)])


def rows_between(reader: Reader, start_ds: int, end_ds: int) -> int:
    """How many rows `stream` will give, whole hours counted."""
    months = reader.months(start_ds, end_ds)
    sealed = sum(entry.rows for month in months for entry in reader.entries(month, start_ds, end_ds))
    return sealed + sum(map(len, reader.tail(start_ds, end_ds)))


def _places(layout: Layout, names: Sequence[str]) -> list[tuple[int, str]]:
    return [(layout.index[name], name) for name in names if name in layout.index]


def _block(reader: Reader, path: Path, entry: Entry, span: tuple[int, int], names: Sequence[str]) -> Table | None:
    what = f"the hour from {spell(entry.hour * HOUR_DS)}"
    try:
        month = reader.month(path)
        layout = month.layout(entry.layout)
        block = month.block(entry.id)
    except (DamagedError, HistoryError) as problem:
        reader.damaged(path, what, problem)
        return None
    places = [place for place, _ in _places(layout, names)]
    for place in block.damaged(places):
        reader.damaged(path, f"{layout.names[place]} in {what}", DamagedError("its stream is damaged"))
    return _table(cut(block.unpack(places), *span), layout, names, list(range(len(places))))


def _table(rows: Rows, layout: Layout, names: Sequence[str], columns: list[int]) -> Table:
    """The rows' columns under the names asked for; a name that this layout lacks is unknown."""
    there = {name: column for (_, name), column in zip(_places(layout, names), columns, strict=True)}
    unknown = np.full(len(rows), UNKNOWN, np.int16)
    values = [rows.values[there[name]] if name in there else unknown for name in names]
    lacking = Channel("", "", 1.0)
    channels = tuple(layout.channels[layout.index[name]] if name in there else lacking for name in names)
    return Table(rows.labels_ds, channels, values)
