"""Rows as CSV."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tbms.store.history.channels import TICKS, UNKNOWN
from tbms.store.history.stream import Table

Step = Callable[[int], None]
"""Called after each table with the number of its rows (a progress bar)."""

_DIGITS = 10  # of seconds since 1970, good until 2286


def to_csv(tables: Iterable[Table], names: Sequence[str], file: BinaryIO, step: Step = lambda rows: None) -> int:
    """Write `time` (UTC, s since 1970) and the channels in their units, empty where unknown. How many rows."""
    file.write((",".join(["time", *names]) + "\n").encode())
    count = 0
    for table in tables:
        # every field has a fixed width and is filled up with NULs, which are then taken out in one go
        fields = [_times(table.labels_ds)]
        for channel, values in zip(table.channels, table.values, strict=True):
            fields.append(_texts(channel.step, channel.decimals)[values.view(np.uint16)])
        fields.append(np.full((len(table.labels_ds), 1), ord("\n"), np.uint8))
        file.write(np.concatenate(fields, axis=1).tobytes().translate(None, b"\0"))
        count += len(table.labels_ds)
        step(len(table.labels_ds))
    return count


def _times(labels_ds: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Seconds in digits, and a decimal where it is not 0."""
    powers = 10 ** np.arange(_DIGITS - 1, -1, -1)
    text = np.zeros((len(labels_ds), _DIGITS + 2), np.uint8)
    text[:, :_DIGITS] = labels_ds[:, None] // TICKS // powers % 10 + ord("0")
    part = labels_ds % TICKS
    text[:, _DIGITS] = np.where(part > 0, ord("."), 0)
    text[:, _DIGITS + 1] = np.where(part > 0, part + ord("0"), 0)
    return text


@lru_cache(maxsize=16)
def _texts(step: float, decimals: int) -> NDArray[np.uint8]:
    """The field of every stored value, by the value modulo 2^16: a comma and the number, or the comma alone."""
    texts = [f",{stored * step:.{decimals}f}" for stored in (*range(32768), *range(-32768, 0))]
    texts[UNKNOWN % 65536] = ","
    table = np.array(texts, dtype="S")
    return table.view(np.uint8).reshape(len(texts), -1)
