"""Rows as Parquet, written and read with pyarrow, an optional extra."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbms.store.history.block import DAY_DS
from tbms.store.history.channels import MASK, TICKS, UNKNOWN, Channel
from tbms.store.history.export import Step
from tbms.store.history.files import HistoryError
from tbms.store.history.stream import Table

_WIDEST = 9  # decimal digits that fit the 32 bits of a value
_MS_A_TICK = 1000 // TICKS


def to_parquet(tables: Iterable[Table], channels: Sequence[Channel], path: Path, step: Step = lambda rows: None) -> int:
    """Write `time` (UTC) and the channels as decimals of the resolution stored, a row group a day. How many rows.

    Raises HistoryError where pyarrow is not installed.
    """
    arrow, parquet = _pyarrow()
    schema = arrow.schema(
        [("time", arrow.timestamp("ms", tz="UTC")), *((channel.name, _type(arrow, channel)) for channel in channels)]
    )
    encodings = dict.fromkeys(schema.names, "DELTA_BINARY_PACKED")  # measured: smallest for these values
    count, written = 0, Future[None]()
    written.set_result(None)
    with parquet.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=False, column_encoding=encodings,
        store_decimal_as_integer=True, store_schema=False,
    ) as writer, ThreadPoolExecutor(1) as beside:  # fmt: skip
        for day in _days(tables):
            table = _arrow_table(arrow, schema, day, channels)
            written.result()  # one day is packed while the next is read
            written = beside.submit(writer.write_table, table, row_group_size=DAY_DS // TICKS)
            count += len(table)
            step(len(table))
        written.result()
    return count


def from_parquet(path: Path) -> Iterator[tuple[list[str], list[list[Any]]]]:
    """The columns of a Parquet file in pieces: their names, and for each its values (None: unknown)."""
    _, parquet = _pyarrow()
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=3600):
            columns = [batch.column(number).to_pylist() for number in range(batch.num_columns)]
            yield list(batch.schema.names), columns


def _pyarrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise HistoryError(
            'Parquet needs the package pyarrow, which is not installed: pip install "tbms[export]" (CSV needs nothing)'
        ) from None


def _days(tables: Iterable[Table]) -> Iterator[list[Table]]:
    """Tables of one day together."""
    group: list[Table] = []
    for table in tables:
        if group and group[0].labels_ds[0] // DAY_DS != table.labels_ds[0] // DAY_DS:
            yield group
            group = []
        group.append(table)
    if group:
        yield group


def _type(arrow: Any, channel: Channel) -> Any:
    return arrow.int16() if channel.unit == MASK else arrow.decimal32(_WIDEST, channel.decimals)


def _arrow_table(arrow: Any, schema: Any, day: list[Table], channels: Sequence[Channel]) -> Any:
    times = np.concatenate([table.labels_ds for table in day]) * _MS_A_TICK
    columns = [arrow.array(times, schema.field("time").type)]
    for number, channel in enumerate(channels):
        stored = np.concatenate([table.values[number] for table in day])
        known = stored != UNKNOWN
        scales = [_scale(table.channels[number], channel) for table in day]
        values: NDArray[np.int32] | NDArray[np.int16] = stored
        if channel.unit != MASK:
            counts = [len(table.labels_ds) for table in day]
            values = stored.astype(np.int32) * np.repeat(np.array(scales, np.int32), counts)
        missing = int(len(stored) - known.sum())
        valid = arrow.py_buffer(np.packbits(known, bitorder="little")) if missing else None
        buffers = [valid, arrow.py_buffer(np.ascontiguousarray(values))]
        columns.append(arrow.Array.from_buffers(schema.field(number + 1).type, len(stored), buffers, missing))
    return arrow.Table.from_arrays(columns, schema=schema)


def _scale(stored: Channel, wanted: Channel) -> int:
    """A stored integer times this is the value in units of the last decimal."""
    return round(stored.step * 10**wanted.decimals) if stored.name else 0
