"""Least, mean and greatest value of each minute and hour, and the time spent at each charge and temperature."""

import struct
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from tbms.store.history.block import HOUR_DS, Rows, Ticks, lasting, refuse_newer
from tbms.store.history.channels import TICKS, UNKNOWN, Layout
from tbms.store.history.codec import DamagedError

_HOURS = struct.Struct("<4sIHH")  # magic, CRC32 of the rest, records, columns
_MAGIC = b"TBR1"


@dataclass(frozen=True)
class Rollup:
    """Records of one length each, oldest first, all of the same columns.

    starts_ds: UTC, 0.1 s. covered_ds: time the rows spoke for. low, mean, high: shape (columns, records);
    of a mask: flags that always stood, that stood last, that ever stood.
    """

    starts_ds: Ticks
    covered_ds: Ticks
    low: NDArray[np.int16]
    mean: NDArray[np.int16]
    high: NDArray[np.int16]


@dataclass(frozen=True)
class Groups:
    """What groups of records come to: low and high as stored, mean not rounded, NaN where nothing was known."""

    low: NDArray[np.int16]
    mean: NDArray[np.float64]
    high: NDArray[np.int16]


def group(
    low: NDArray[np.int16],
    mean: NDArray[np.int16],
    high: NDArray[np.int16],
    weights: Ticks,
    starts: NDArray[np.intp],
) -> Groups:
    """Quantities of one channel, in groups that begin at `starts`; the mean is weighted with time."""
    known = mean != UNKNOWN
    if not known.all():
        weights = np.where(known, weights, 0)
        low = np.where(known, low, np.int16(32767))
    total = np.add.reduceat(weights, starts)
    summed = np.add.reduceat(mean * weights, starts)
    least = np.minimum.reduceat(low, starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = summed / total
    return Groups(np.where(total > 0, least, np.int16(UNKNOWN)), means, np.maximum.reduceat(high, starts))


def group_flags(
    low: NDArray[np.int16], mean: NDArray[np.int16], high: NDArray[np.int16], starts: NDArray[np.intp]
) -> Groups:
    """Flags of one mask: always (low), last (mean), ever (high); as floats NaN where nothing was known."""
    known = mean != UNKNOWN
    always = np.bitwise_and.reduceat(np.where(known, low, np.int16(32767)), starts)
    ever = np.bitwise_or.reduceat(np.where(known, high, np.int16(0)), starts)
    places = np.where(known, np.arange(len(mean)), -1)
    last = np.maximum.reduceat(places, starts)
    there = last >= 0
    means = np.where(there, mean[np.maximum(last, 0)].astype(np.float64), np.nan)
    unknown = np.int16(UNKNOWN)
    return Groups(np.where(there, always, unknown), means, np.where(there, ever, unknown))


def first_of_each(keys: NDArray[np.int64]) -> NDArray[np.intp]:
    """Where a new key begins, of keys that do not fall."""
    return np.flatnonzero(np.diff(keys, prepend=keys[:1] - 1))


def roll_up(layout: Layout, parts: list[Rows], length_ds: int) -> Rollup:
    """The records of `length_ds` that the rows of one layout come to."""
    labels = np.concatenate([part.labels_ds for part in parts])
    weights = np.concatenate([lasting(part.times_ds) for part in parts])
    values = np.concatenate([part.values for part in parts], axis=1)
    order = np.argsort(labels, kind="stable")
    labels, weights, values = labels[order], weights[order], np.ascontiguousarray(values[:, order])
    periods = labels // length_ds
    return _record(layout, (values, values, values), weights, periods, length_ds)


def combine(layout: Layout, parts: list[Rollup], length_ds: int) -> Rollup:
    """Longer records from shorter ones."""
    starts = np.concatenate([part.starts_ds for part in parts])
    order = np.argsort(starts, kind="stable")
    weights = np.concatenate([part.covered_ds for part in parts])[order]
    low, mean, high = (
        np.ascontiguousarray(np.concatenate([getattr(part, name) for part in parts], axis=1)[:, order])
        for name in ("low", "mean", "high")
    )
    return _record(layout, (low, mean, high), weights, starts[order] // length_ds, length_ds)


def _record(
    layout: Layout,
    values: tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.int16]],
    weights: Ticks,
    periods: NDArray[np.int64],
    length_ds: int,
) -> Rollup:
    starts = first_of_each(periods)
    shape = (len(layout.channels), len(starts))
    low, mean, high = np.empty(shape, np.int16), np.empty(shape, np.int16), np.empty(shape, np.int16)
    for place in range(shape[0]):
        own = values[0][place], values[1][place], values[2][place]
        done = group_flags(*own, starts) if place in layout.masks else group(*own, weights, starts)
        low[place], high[place] = done.low, done.high
        mean[place] = np.where(np.isnan(done.mean), UNKNOWN, np.rint(np.nan_to_num(done.mean))).astype(np.int16)
    return Rollup(periods[starts] * length_ds, np.add.reduceat(weights, starts), low, mean, high)


def minutes_as_rows(layout: int, minutes: Rollup) -> Rows:
    """Minutes in the form that a block packs: mean - low, mean, high - mean of every channel and the time covered.

    Modulo 2^16; the differences are small and need less room than what they are taken from.
    """
    covered = np.minimum(minutes.covered_ds, 32767).astype(np.int16)[None]
    values = np.concatenate([minutes.mean - minutes.low, minutes.mean, minutes.high - minutes.mean, covered])
    return Rows(layout, 0, 0, True, minutes.starts_ds, values)


def minutes_from_rows(rows: Rows, count: int) -> Rollup:
    """The minutes of `count` channels that `minutes_as_rows` made rows of."""
    below, mean, above = rows.values[:count], rows.values[count : 2 * count], rows.values[2 * count : 3 * count]
    return Rollup(rows.times_ds, rows.values[-1].astype(np.int64), mean - below, mean, mean + above)


def pack_hours(hours: Rollup) -> bytes:
    """A day's hours, plain: what a year's view reads."""
    starts = (hours.starts_ds // HOUR_DS).astype(np.int32)
    covered = np.minimum(hours.covered_ds // TICKS, 32767).astype(np.int16)[None]
    values = np.concatenate([hours.low, hours.mean, hours.high, covered])
    body = starts.tobytes() + np.ascontiguousarray(values, "<i2").tobytes()
    head = struct.pack("<HH", len(starts), len(hours.low))
    return _MAGIC + struct.pack("<I", crc32(head + body)) + head + body


@lru_cache(400)
def unpack_hours(data: bytes) -> Rollup:
    """The hours of a day; raises DamagedError where they are not what was written.

    A year of days is kept: whoever looks at it looks again and again. So nobody can change what is given.
    """
    if len(data) < _HOURS.size:
        raise DamagedError("the hours are cut off")
    refuse_newer(data, _MAGIC, "the roll-up")
    magic, check, records, columns = _HOURS.unpack_from(data)
    if magic != _MAGIC or check != crc32(data[8:]):
        raise DamagedError("the hours are damaged")
    starts = np.frombuffer(data, "<i4", records, _HOURS.size).astype(np.int64) * HOUR_DS
    values = np.frombuffer(data, "<i2", records * (3 * columns + 1), _HOURS.size + 4 * records)
    values = values.reshape(3 * columns + 1, records)
    covered = values[-1].astype(np.int64) * TICKS
    starts.flags.writeable = covered.flags.writeable = False
    return Rollup(starts, covered, values[:columns], values[columns : 2 * columns], values[2 * columns : 3 * columns])


def spent(layout: Layout, rows: Rows) -> Counter[tuple[int, int]]:
    """Time (0.1 s) at each state of charge (whole percent) and mean cell temperature (whole °C)."""
    places = [place for place, channel in enumerate(layout.channels) if channel.unit == "°C"]
    if "soc" not in layout.index or not places:
        return Counter()
    soc = rows.values[layout.index["soc"]]
    warmth = rows.values[places]
    known = warmth != UNKNOWN
    count = known.sum(axis=0)
    there = (soc != UNKNOWN) & (count > 0)
    if not there.any():
        return Counter()
    weights = lasting(rows.times_ds)[there]
    mean = (np.where(known, warmth, 0).sum(axis=0)[there] / count[there]) * layout.channels[places[0]].step
    percent = np.rint(soc[there] * layout.channels[layout.index["soc"]].step * 100).astype(np.int64)
    degrees = np.rint(mean).astype(np.int64)
    keys, where = np.unique(percent * 65_536 + degrees + 32_768, return_inverse=True)
    sums = np.bincount(where, weights=weights).astype(np.int64)
    pairs = ((key // 65_536, key % 65_536 - 32_768) for key in keys.tolist())
    return Counter(dict(zip(pairs, sums.tolist(), strict=True)))
