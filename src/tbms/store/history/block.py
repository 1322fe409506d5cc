"""Rows in memory, and a sealed block of them: header, directory and one stream a channel, each with its check."""

import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from tbms.store.history.channels import TICKS, UNKNOWN
from tbms.store.history.codec import MOST_ROWS, DamagedError, Int16s, decode, encode
from tbms.store.newer import sentence

Ticks = NDArray[np.int64]

MAGIC = b"TBH1"
_HEADER = struct.Struct("<4sIQqqIHHHB")
# magic, layout, boot, offset, first time, step (0: the times are a stream), rows, columns, bytes of times, flags
_ENTRY = struct.Struct("<HHhhiI")  # bytes, known rows, min, max, sum of them, CRC32 of the stream
_CHECK = struct.Struct("<I")  # over header, times and directory
_SETTLED = 1
LONGEST_STEP_DS = 150  # 15 s: a value speaks for the time up to the next row, at most for this long
HOUR_DS = 3600 * TICKS
MINUTE_DS = 60 * TICKS
DAY_DS = 24 * HOUR_DS


@dataclass(frozen=True)
class Rows:
    """Some rows of one boot with one clock, oldest first.

    layout: key of the columns. boot, offset_ds, settled: as in the journal's Frame.
    times_ds: the boot's clock, rising, 0.1 s. values: shape (columns, rows).
    """

    layout: int
    boot: int
    offset_ds: int
    settled: bool
    times_ds: Ticks
    values: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.times_ds)

    @property
    def labels_ds(self) -> Ticks:
        """UTC of each row, 0.1 s since 1970."""
        return self.times_ds + self.offset_ds

    def part(self, start: int, stop: int) -> "Rows":
        """The rows from `start` up to, without, `stop`."""
        return replace(self, times_ds=self.times_ds[start:stop], values=self.values[:, start:stop])

    def after(self, time_ds: int) -> "Rows":
        """The rows later than a time of the boot's clock."""
        return self.part(int(self.times_ds.searchsorted(time_ds, side="right")), len(self))

    def same_origin(self, other: "Rows") -> bool:
        """The other rows can be joined to these."""
        own = (self.layout, self.boot, self.offset_ds, self.settled)
        return own == (other.layout, other.boot, other.offset_ds, other.settled)


def join(parts: Sequence[Rows]) -> Rows:
    """Parts of the same origin as one, in the order of time; a time that comes twice is kept once."""
    times = np.concatenate([part.times_ds for part in parts])
    values = np.concatenate([part.values for part in parts], axis=1)
    if len(times) > 1 and (np.diff(times) <= 0).any():
        times, places = np.unique(times, return_index=True)
        values = values[:, places]
    return replace(parts[0], times_ds=times, values=values)


def pieces(rows: Rows) -> Iterator[Rows]:
    """The rows cut at each full hour of their labels, and into what a block holds."""
    hours = rows.labels_ds // HOUR_DS
    cuts = [0, *(np.flatnonzero(np.diff(hours)) + 1).tolist(), len(rows)]
    for start, stop in pairwise(cuts):
        for first in range(start, stop, MOST_ROWS):
            yield rows.part(first, min(stop, first + MOST_ROWS))


def refuse_newer(data: bytes, magic: bytes, what: str) -> None:
    """Raise DamagedError with the right word where the data bears a later digit than this magic's own."""
    if data[:3] == magic[:3] and magic[3:] < data[3:4] <= b"9":
        raise DamagedError(sentence(what))


def lasting(times_ds: Ticks) -> Ticks:
    """For how long each row speaks, 0.1 s: up to the next one, at most 15 s; the last as long as the one before."""
    steps = np.minimum(np.diff(times_ds), LONGEST_STEP_DS)
    return np.append(steps, steps[-1] if len(steps) else TICKS)


def pack(rows: Rows) -> bytes:
    """The block of at most MOST_ROWS rows."""
    if not 0 < len(rows) <= MOST_ROWS:
        raise ValueError(f"a block holds 1 to {MOST_ROWS} rows, not {len(rows)}")
    steps = np.diff(rows.times_ds)
    regular = not len(steps) or bool((steps == steps[0]).all())
    step, times = (int(steps[:1].sum()), b"") if regular else (0, encode(_words(steps)))
    streams = [encode(np.ascontiguousarray(column)) for column in rows.values]
    header = _HEADER.pack(
        MAGIC, rows.layout, rows.boot, rows.offset_ds, int(rows.times_ds[0]), step, len(rows), len(streams),
        len(times), _SETTLED if rows.settled else 0,
    )  # fmt: skip
    entries = (_entry(column, stream) for column, stream in zip(rows.values, streams, strict=True))
    head = header + times + b"".join(entries)
    return head + _CHECK.pack(crc32(head)) + b"".join(streams)


def _words(steps: Ticks) -> Int16s:
    """The low words of all steps, then the high ones (which are 0 but for a gap of two hours)."""
    return np.concatenate([steps & 0xFFFF, steps >> 16]).astype(np.uint16).view(np.int16)


def _entry(column: Int16s, stream: bytes) -> bytes:
    known = column[column != UNKNOWN]
    low, high = (int(known.min()), int(known.max())) if len(known) else (UNKNOWN, UNKNOWN)
    return _ENTRY.pack(len(stream), len(known), low, high, int(known.sum(dtype=np.int64)), crc32(stream))


class Block:
    """A sealed block; raises DamagedError where its header or directory is not what was written."""

    def __init__(self, data: bytes) -> None:
        try:
            self._read(data)
        except (struct.error, ValueError) as problem:
            raise DamagedError(f"the block's header cannot be read ({problem})") from None

    def _read(self, data: bytes) -> None:
        refuse_newer(data, MAGIC, "the block")
        magic, self.layout, self.boot, self.offset_ds, first, step, rows, columns, length, flags = _HEADER.unpack_from(
            data
        )
        start = _HEADER.size + length + _ENTRY.size * columns
        (check,) = _CHECK.unpack_from(data, start)
        if magic != MAGIC or check != crc32(data[:start]):
            raise DamagedError("the block's header or directory is damaged")
        self.rows, self.settled, self._data = rows, bool(flags & _SETTLED), data
        self._directory = list(_ENTRY.iter_unpack(data[_HEADER.size + length : start]))
        self._starts = np.cumsum([start + _CHECK.size, *(entry[0] for entry in self._directory)]).tolist()
        steps = np.full(rows - 1, step, np.int64)
        if length:
            packed = data[_HEADER.size : _HEADER.size + length]
            words = decode(packed, 2 * (rows - 1)).view(np.uint16).astype(np.int64)
            steps = words[: rows - 1] | words[rows - 1 :] << 16
        self.times_ds: Ticks = np.cumsum(np.append(np.int64(first), steps))

    def __len__(self) -> int:
        return int(self.rows)

    @property
    def columns(self) -> int:
        """How many channels it holds."""
        return len(self._directory)

    def known(self, column: int) -> int:
        """In how many rows the channel was known."""
        return int(self._directory[column][1])

    def column(self, column: int) -> Int16s:
        """The values of one channel; raises DamagedError where its stream is not what was written."""
        data = self._stream(column)
        if crc32(data) != self._directory[column][5]:
            raise DamagedError("its stream is damaged")
        return decode(data, self.rows)

    def damaged(self, columns: Sequence[int] | None = None) -> list[int]:
        """Those of the channels (default: all) whose streams are not what was written."""
        chosen = range(self.columns) if columns is None else columns
        return [column for column in chosen if crc32(self._stream(column)) != self._directory[column][5]]

    def unpack(self, columns: Sequence[int] | None = None) -> Rows:
        """All rows, or these columns of them; a damaged channel is unknown throughout."""
        chosen = range(self.columns) if columns is None else columns
        values = np.full((len(chosen), self.rows), UNKNOWN, np.int16)
        for place, column in enumerate(chosen):
            with suppress(DamagedError):
                values[place] = self.column(column)
        return Rows(self.layout, self.boot, self.offset_ds, self.settled, self.times_ds, values)

    def _stream(self, column: int) -> bytes:
        return self._data[self._starts[column] : self._starts[column + 1]]
