"""A stretch of time as so many pixel columns: least, mean and greatest value of each channel in each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tbms.store.history.block import DAY_DS, HOUR_DS, MINUTE_DS, Block, Rows, Ticks, lasting
from tbms.store.history.channels import MASK, TICKS, UNKNOWN, Channel, Layout
from tbms.store.history.codec import DamagedError, Int16s
from tbms.store.history.files import HistoryError, spell
from tbms.store.history.month import Entry, Month
from tbms.store.history.reader import Reader
from tbms.store.history.rollup import Rollup, group, group_flags

MOST_POINTS = 20_000


@dataclass(frozen=True)
class Curve:
    """One channel: values in its unit per pixel column, NaN where nothing is known.

    Of a mask: low = flags that always stood, mean = that stood last, high = that ever stood.
    """

    channel: Channel
    low: NDArray[np.float64]
    mean: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """What a query gives. times: UTC at which the columns begin, s; level: raw, minute or hour."""

    times: NDArray[np.float64]
    level: str
    curves: dict[str, Curve]


@dataclass(frozen=True)
class _Piece:
    """A channel's records of one length in order: when each begins, for how long it speaks, its values."""

    starts_ds: Ticks
    weights: Ticks
    low: Int16s
    mean: Int16s
    high: Int16s


def level_for(start_ds: int, end_ds: int, points: int) -> str:
    """The coarsest level that still gives each pixel column a record of its own."""
    pixel_ds = (end_ds - start_ds) / points
    return "raw" if pixel_ds < MINUTE_DS else "minute" if pixel_ds < HOUR_DS else "hour"


def query(reader: Reader, start: float, end: float, channels: Sequence[str], points: int) -> View:
    """Channels (by name, all of one unit of the newest layout) from start to end (UTC, s) in `points` columns.

    Raises HistoryError for an empty range, an unknown channel or more than MOST_POINTS columns.
    """
    start_ds, end_ds = round(start * TICKS), round(end * TICKS)
    if end_ds <= start_ds or not 1 <= points <= MOST_POINTS:
        raise HistoryError(f"a view needs an end after its start and 1 to {MOST_POINTS} points")
    with reader.lock:
        known = reader.newest_layout()
        if known is None:
            raise HistoryError("the history is empty")
        strange = [name for name in channels if name not in known.index]
        if strange:
            raise HistoryError(f"no channel {', '.join(strange)}; there are {', '.join(known.names)}")
        level = level_for(start_ds, end_ds, points)
        pieces = _collect(reader, start_ds, end_ds, list(channels), level)
    edges = start_ds + (end_ds - start_ds) * np.arange(points) / points
    plotter = _Plotter(start_ds, end_ds, points, _LENGTHS[level])
    curves = {name: plotter.curve(known.channels[known.index[name]], pieces[name]) for name in channels}
    return View(edges / TICKS, level, curves)


_LENGTHS = {"raw": 1, "minute": MINUTE_DS, "hour": HOUR_DS}
_Pieces = dict[str, list[_Piece]]


def _collect(reader: Reader, start_ds: int, end_ds: int, names: list[str], level: str) -> _Pieces:
    pieces: _Pieces = {name: [] for name in names}
    for month in reader.months(start_ds, end_ds):
        if level == "hour":
            _hours(month, start_ds, end_ds, pieces)
        elif level == "minute":
            _minutes(reader, month, range(start_ds // DAY_DS, -(-end_ds // DAY_DS)), pieces, None)
        else:
            _raw(reader, month, start_ds, end_ds, pieces)
    for rows in reader.tail(start_ds, end_ds):
        _add_rows(rows, reader.layout(rows.layout), pieces)
    return pieces


def _hours(month: Month, start_ds: int, end_ds: int, pieces: _Pieces) -> None:
    found: dict[int, list[Rollup]] = {}
    for key, hours in month.hours(start_ds // DAY_DS, -(-end_ds // DAY_DS)):
        found.setdefault(key, []).append(hours)
    for key, parts in found.items():
        index = month.layout(key).index
        starts = np.concatenate([part.starts_ds for part in parts])
        weights = np.concatenate([part.covered_ds for part in parts])
        low = np.concatenate([part.low for part in parts], axis=1)
        mean = np.concatenate([part.mean for part in parts], axis=1)
        high = np.concatenate([part.high for part in parts], axis=1)
        for name, own in pieces.items():
            if name in index:
                place = index[name]
                own.append(_Piece(starts, weights, low[place], mean[place], high[place]))


def _minutes(reader: Reader, month: Month, days: range, pieces: _Pieces, hours: set[int] | None) -> None:
    """The stored minutes of days, or of some hours of them only."""
    for day in days:
        try:
            blocks = month.minutes(day)
        except DamagedError as problem:
            reader.damaged(month.path, f"the minutes of {spell(day * DAY_DS)[:10]}", problem)
            continue
        for key, block in blocks:
            chosen = None if hours is None else np.isin(block.times_ds // HOUR_DS, list(hours))
            _add_minutes(reader, month, block, month.layout(key), pieces, chosen)


def _add_minutes(
    reader: Reader, month: Month, block: Block, layout: Layout, pieces: _Pieces, chosen: NDArray[np.bool_] | None
) -> None:
    count = len(layout.channels)
    keep = slice(None) if chosen is None else chosen
    starts = block.times_ds[keep]
    for name, own in pieces.items():
        if name not in layout.index:
            continue
        place = layout.index[name]
        try:
            below, mean, above = (block.column(place + shift)[keep] for shift in (0, count, 2 * count))
            weights = block.column(3 * count)[keep].astype(np.int64)
        except DamagedError as problem:
            reader.damaged(month.path, f"the minutes of {name} from {spell(int(block.times_ds[0]))} on", problem)
            continue
        own.append(_Piece(starts, weights, mean - below, mean, mean + above))


def _raw(reader: Reader, month: Month, start_ds: int, end_ds: int, pieces: _Pieces) -> None:
    """Rows, and stored minutes for the hours whose rows are gone (by quota) or damaged."""
    entries = reader.entries(month, start_ds, end_ds)
    whole = {entry.hour for entry in entries if _add_block(reader, month, entry, (start_ds, end_ds), pieces)}
    missing = set(range(start_ds // HOUR_DS, -(-end_ds // HOUR_DS))) - whole
    days = {hour // 24 for hour in missing}
    if days:
        _minutes(reader, month, range(min(days), max(days) + 1), pieces, missing)


def _add_block(reader: Reader, month: Month, entry: Entry, span: tuple[int, int], pieces: _Pieces) -> bool:
    """Add a block's rows; False where the block as a whole cannot be read."""
    try:
        block = month.block(entry.id)
        layout = month.layout(entry.layout)
    except (DamagedError, HistoryError) as problem:
        reader.damaged(month.path, f"the hour from {spell(entry.hour * HOUR_DS)}", problem)
        return False
    labels = block.times_ds + block.offset_ds
    weights = lasting(block.times_ds)
    first, last = labels.searchsorted(span)
    labels, weights = labels[first:last], weights[first:last]
    for name, own in pieces.items():
        if name not in layout.index:
            continue
        try:
            values = block.column(layout.index[name])[first:last]
        except DamagedError as problem:
            reader.damaged(month.path, f"{name} in the hour from {spell(entry.hour * HOUR_DS)}", problem)
            continue
        own.append(_Piece(labels, weights, values, values, values))
    return True


def _add_rows(rows: Rows, layout: Layout, pieces: _Pieces) -> None:
    labels, weights = rows.labels_ds, lasting(rows.times_ds)
    for name, own in pieces.items():
        if name in layout.index:
            values = rows.values[layout.index[name]]
            own.append(_Piece(labels, weights, values, values, values))


@dataclass(frozen=True)
class _Columns:
    """Where records go: taken in this order (None: as they come), in groups that begin here, to these columns."""

    order: NDArray[np.intp] | slice
    weights: Ticks
    groups: NDArray[np.intp]
    places: NDArray[np.intp]


class _Plotter:
    """Puts records into pixel columns, each into the one in which it begins; channels share the work on times."""

    def __init__(self, start_ds: int, end_ds: int, points: int, length_ds: int) -> None:
        self._start_ds, self._points, self._length_ds = start_ds, points, length_ds
        self._edges = start_ds - (-np.arange(points + 1) * (end_ds - start_ds) // points)  # rounded up
        self._known: dict[tuple[int, ...], _Columns] = {}

    def curve(self, channel: Channel, pieces: list[_Piece]) -> Curve:
        """One channel's curve."""
        curve = Curve(channel, *(np.full(self._points, np.nan) for _ in range(3)))
        columns = self._columns(pieces)
        if not len(columns.groups):
            return curve
        mean = np.concatenate([piece.mean for piece in pieces])[columns.order]
        low = high = mean
        if any(piece.low is not piece.mean for piece in pieces):
            low = np.concatenate([piece.low for piece in pieces])[columns.order]
            high = np.concatenate([piece.high for piece in pieces])[columns.order]
        if channel.unit == MASK:
            done = group_flags(low, mean, high, columns.groups)
        else:
            done = group(low, mean, high, columns.weights, columns.groups)
        for target, values in ((curve.low, done.low), (curve.high, done.high)):
            target[columns.places] = np.where(values == UNKNOWN, np.nan, values * channel.step)
        curve.mean[columns.places] = done.mean * channel.step
        return curve

    def _columns(self, pieces: list[_Piece]) -> _Columns:
        key = tuple(id(piece.starts_ds) for piece in pieces)
        if key not in self._known:
            self._known[key] = self._sorted(pieces)
        return self._known[key]

    def _sorted(self, pieces: list[_Piece]) -> _Columns:
        if not pieces:
            nothing = np.empty(0, np.intp)
            return _Columns(slice(None), np.empty(0, np.int64), nothing, nothing)
        starts = np.concatenate([piece.starts_ds for piece in pieces])
        weights = np.concatenate([piece.weights for piece in pieces])
        before = (starts < self._start_ds) & (starts + self._length_ds > self._start_ds)
        starts = np.where(before, self._start_ds, starts)
        order: NDArray[np.intp] | slice = slice(None)
        if (np.diff(starts) < 0).any():
            order = np.argsort(starts, kind="stable")
            starts = starts[order]
        bounds = starts.searchsorted(self._edges)
        inside = slice(int(bounds[0]), int(bounds[-1]))
        order = inside if isinstance(order, slice) else order[inside]
        places = np.flatnonzero(np.diff(bounds))
        return _Columns(order, weights[order], bounds[places] - bounds[0], places)
