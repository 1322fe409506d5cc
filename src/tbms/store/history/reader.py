"""Reads a history while it is written: files stay open, and rows not yet sealed are part of it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import RLock

from tbms.store.history.block import HOUR_DS, Rows
from tbms.store.history.channels import TICKS, Layout
from tbms.store.history.files import HistoryError, paths, paths_between
from tbms.store.history.month import Entry, Month

OPEN_FILES = 60  # five years of months


class Reader:
    """All of a folder's months for reading, from any thread (one at a time).

    troubles: one sentence for each file or block that could not be read, newest last, each once.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = RLock()
        self.troubles: dict[str, None] = {}
        self._open: dict[Path, Month] = {}
        self._tail: tuple[Rows, ...] = ()
        self._tail_layouts: dict[int, Layout] = {}

    def close(self) -> None:
        """Let go of all files."""
        with self.lock:
            for month in self._open.values():
                month.close()
            self._open.clear()

    def show_tail(self, rows: Sequence[Rows], layouts: dict[int, Layout]) -> None:
        """Rows that are not sealed yet, to be read as if they were."""
        self._tail_layouts = dict(layouts)
        self._tail = tuple(rows)

    def tail(self, start_ds: int, end_ds: int) -> list[Rows]:
        """Rows not sealed yet with labels from start up to, without, end."""
        return [found for rows in self._tail if len(found := cut(rows, start_ds, end_ds))]

    def layout(self, key: int, month: Month | None = None) -> Layout:
        """The columns of a key, from the tail or from a month."""
        if key in self._tail_layouts or month is None:
            return self._tail_layouts[key]
        return month.layout(key)

    def mark(self, boot: int) -> int:
        """Time (0.1 s of its clock) of the newest sealed row of a boot; -1 where there is none."""
        found = [-1]
        for path in paths(self.folder):
            try:
                found.append(self.month(path).last_of_boot(boot))
            except HistoryError as trouble:
                self.troubles[str(trouble)] = None
        return max(found)

    def months(self, start_ds: int, end_ds: int) -> Iterator[Month]:
        """The months that may hold times in the range; one that cannot be used is told in `troubles`."""
        for path in paths_between(self.folder, start_ds, end_ds):
            try:
                yield self.month(path)
            except HistoryError as trouble:
                self.troubles[str(trouble)] = None

    def newest_layout(self) -> Layout | None:
        """The columns of the newest rows; None in an empty history."""
        if self._tail:
            return self._tail_layouts[self._tail[-1].layout]
        for path in reversed(paths(self.folder)):
            try:
                month = self.month(path)
                found = month.select("SELECT layout FROM hours ORDER BY day DESC, rowid DESC LIMIT 1")
                if found:
                    return month.layout(found[0][0])
            except HistoryError as trouble:
                self.troubles[str(trouble)] = None
        return None

    def extent(self) -> tuple[int, int] | None:
        """Labels (0.1 s) of the first and the last hour that hold anything; None in an empty history."""
        hours = [hour for rows in self._tail for hour in (rows.labels_ds[0] // HOUR_DS, rows.labels_ds[-1] // HOUR_DS)]
        for path in paths(self.folder):
            try:
                month = self.month(path)
                for first, last in month.select("SELECT min(day), max(day) FROM hours"):
                    if first is not None:
                        hours += [first * 24, last * 24 + 23]
            except HistoryError as trouble:
                self.troubles[str(trouble)] = None
        return (int(min(hours)) * HOUR_DS, (int(max(hours)) + 1) * HOUR_DS) if hours else None

    def entries(self, month: Month, start_ds: int, end_ds: int) -> list[Entry]:
        """The month's blocks that may hold labels in the range."""
        try:
            return month.entries(start_ds // HOUR_DS, -(-end_ds // HOUR_DS))
        except HistoryError as trouble:
            self.troubles[str(trouble)] = None
            return []

    def trend(self, name: str, start: float, end: float) -> list[tuple[float, float]]:
        """A slow quantity (`History.note`) from start to end (UTC, s): times and values."""
        query = "SELECT time, value FROM trend WHERE name = ? AND time >= ? AND time < ? ORDER BY time"
        with self.lock:
            months = self.months(round(start * TICKS), round(end * TICKS))
            return [(found[0], found[1]) for month in months for found in month.select(query, name, start, end)]

    def damaged(self, path: Path, what: str, problem: Exception) -> None:
        """Note something in a file that cannot be read."""
        self.troubles[f"{path.name}: {what}: {problem}; nothing else is lost"] = None

    def month(self, path: Path) -> Month:
        """An open file of the folder; raises HistoryError where it cannot be used."""
        if path not in self._open:
            while len(self._open) >= OPEN_FILES:
                self._open.pop(next(iter(self._open))).close()
            self._open[path] = Month(path)
        return self._open[path]


def cut(rows: Rows, start_ds: int, end_ds: int) -> Rows:
    """The rows with labels from start up to, without, end."""
    labels = rows.labels_ds
    start, stop = labels.searchsorted([start_ds, end_ds])
    return rows.part(int(start), int(stop))
