"""The lifetime history as its one writer keeps it: takes rows, seals hours, re-labels, keeps to a quota."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import count, groupby
from pathlib import Path

from tbms.store.frame import Frame
from tbms.store.history.block import DAY_DS, HOUR_DS, Rows, join, pieces
from tbms.store.history.channels import TICKS, Layout
from tbms.store.history.codec import DamagedError
from tbms.store.history.files import HistoryError, NewerError, explain, month_of, paths
from tbms.store.history.intake import rows_of_all
from tbms.store.history.month import Entry, Month
from tbms.store.history.quota import keep_to
from tbms.store.history.reader import Reader
from tbms.store.journal_reader import JournalReader

EARLIEST_DS = 1_767_225_600 * TICKS  # 2026-01-01: before it no clock of this system can have been right
RELABEL_DS = 5 * TICKS  # a smaller correction of the clock is followed from then on, without re-labelling
PATIENCE_DS = 24 * HOUR_DS  # rows of an impossible clock wait for it to be set; the journal holds twice as long
OPEN_TO_WRITE = 2  # months; their last closing folds the write-ahead log away
MOST_WAITING = 2 * 48 * 3600  # rows kept in memory while nothing can be sealed; the journal holds no more


class History:
    """Writes a history's folder; the only writer of it. Only `note` raises: see `problem`.

    quota: bytes that all files may take together; None: no limit. reader: everything, with rows not yet sealed.
    """

    def __init__(self, folder: Path, quota: int | None = None) -> None:
        self.folder = folder
        self.quota = quota
        self.problem: str | None = None
        self.reader = Reader(folder)
        self._layouts: dict[int, Layout] = {}
        self._tail: list[Rows] = []
        self._marks: dict[int, int] = {}
        self._clocks: dict[int, int] = {}
        self._provisional: dict[int, int] = {}
        self._months: dict[str, Month] = {}

    def close(self, seal: bool = True) -> None:
        """Seal everything (at a clean stop) and let go of the files."""
        if seal:
            self.seal(everything=True)
        for month in self._months.values():
            month.close()
        self._months.clear()
        self.reader.close()

    def take(self, frames: Iterable[Frame], layouts: dict[int, Layout]) -> int:
        """Take frames of the journal; rows that are here already are passed over. How many rows were new."""
        fresh = [frame for frame in frames if frame.last_ds > self.mark(frame.boot)]
        try:
            return self.add(rows_of_all(fresh, layouts), layouts)
        except DamagedError as trouble:
            self.problem = str(trouble)
            return 0

    def add(self, parts: Sequence[Rows], layouts: dict[int, Layout]) -> int:
        """Take rows, oldest first in each boot; those not later than what the boot has are passed over."""
        self._layouts.update(layouts)
        new = 0
        for part in parts:
            rows = part.after(self.mark(part.boot))
            if not len(rows):
                continue
            self._set_clock(rows)
            if self._tail and self._tail[-1].same_origin(rows):
                self._tail[-1] = join([self._tail[-1], rows])
            else:
                self._tail.append(rows)
            self._marks[rows.boot] = int(rows.times_ds[-1])
            new += len(rows)
        while sum(map(len, self._tail)) > MOST_WAITING and len(self._tail) > 1:
            del self._tail[0]
        self._show_tail()
        return new

    def mark(self, boot: int) -> int:
        """Time (0.1 s of its clock) of the newest row of a boot that is here; -1 before the first."""
        if boot not in self._marks:
            self._marks[boot] = self.reader.mark(boot)
        return self._marks[boot]

    def seal(self, everything: bool = False) -> int:
        """Seal the hours that are over, or everything; how many blocks. `problem` says why it could not."""
        sealed = 0
        with self.reader.lock:  # nobody shall see rows twice, sealed and not yet
            try:
                for (name, _), parts in groupby(self._due(everything), _home):
                    day = list(parts)
                    self._seal_day(name, day)
                    sealed += len(day)
                self.problem = None
            except HistoryError as trouble:
                self.problem = str(trouble)
            if sealed:
                self._show_tail()
        if sealed:
            self._keep_to_quota()
        return sealed

    def note(self, time: float, values: dict[str, float]) -> None:
        """Keep slow quantities (resistances, capacity) at a UTC time, s; raises HistoryError."""
        month = self._month(month_of(round(time * TICKS)))
        with month.change():
            month.database.executemany(
                "INSERT OR REPLACE INTO trend VALUES(?, ?, ?)",
                [(int(time), name, value) for name, value in values.items()],
            )

    def _due(self, everything: bool) -> list[Rows]:
        """Rows to seal, each within one hour and one block, oldest first.

        All but the hour that the newest rows are in; never later rows of a boot without the earlier ones,
        because the mark of what is sealed is one time a boot.
        """
        parts = [rows for part in self._tail if (rows := self._labelled(part, everything)) is not None]
        due = [piece for rows in parts for piece in pieces(rows)]
        return due if everything or not due or due[-1].boot != self._tail[-1].boot else due[:-1]

    def _labelled(self, rows: Rows, everything: bool) -> Rows | None:
        """The rows with a possible label; None while they should wait for the clock to be set."""
        if rows.settled or rows.labels_ds[0] >= EARLIEST_DS:
            return rows
        if rows.boot not in self._provisional:
            if not everything and rows.times_ds[-1] - rows.times_ds[0] < PATIENCE_DS:
                return None
            extent = self.reader.extent()
            follows = max(EARLIEST_DS, extent[1] if extent else 0)
            self._provisional[rows.boot] = follows - int(rows.times_ds[0])
        return replace(rows, offset_ds=self._provisional[rows.boot])

    def _show_tail(self) -> None:
        shown = (self._labelled(rows, everything=False) or rows for rows in self._tail)
        self.reader.show_tail(list(shown), self._layouts)

    def _seal_day(self, name: str, parts: list[Rows]) -> None:
        """Seal rows of one day at once."""
        try:
            self._month(name).replace(self._layouts, [], parts)
        except HistoryError as trouble:
            if "damaged" not in str(trouble) and not isinstance(trouble, NewerError):
                raise
            self._set_aside(name, str(trouble))
            self._month(name).replace(self._layouts, [], parts)
        for rows in parts:
            self._forget(rows)

    def _forget(self, sealed: Rows) -> None:
        """Take sealed rows out of the tail."""
        kept = []
        for rows in self._tail:
            left = rows.after(int(sealed.times_ds[-1])) if rows.boot == sealed.boot else rows
            if len(left):
                kept.append(left)
        self._tail = kept

    def _set_clock(self, rows: Rows) -> None:
        """When a clock was set late: give the boot's rows from before the label they should have had."""
        known = self._clocks.get(rows.boot)
        if known is not None and abs(known - rows.offset_ds) < RELABEL_DS:
            return
        self._clocks[rows.boot] = rows.offset_ds
        for place, old in enumerate(self._tail):
            if old.boot == rows.boot and not old.settled and abs(old.offset_ds - rows.offset_ds) >= RELABEL_DS:
                self._tail[place] = replace(old, offset_ds=rows.offset_ds, settled=rows.settled)
        if rows.labels_ds[0] >= EARLIEST_DS:
            self._relabel_sealed(rows)

    def _relabel_sealed(self, rows: Rows) -> None:
        """The same for what is sealed; where it fails it is tried again after the next start."""
        for path in paths(self.folder):
            try:
                for entry in self.reader.month(path).unsettled(rows.boot):
                    if abs(entry.offset_ds - rows.offset_ds) >= RELABEL_DS and path.stem == path.name[:7]:
                        self._move(path.stem, entry, rows)
            except (HistoryError, DamagedError) as trouble:
                self.problem = f"rows from before the clock was set keep their old time: {trouble}"

    def _move(self, name: str, entry: Entry, clock: Rows) -> None:
        """Store a block under another clock; first where it belongs, then away from where it was."""
        rows = self._month(name).block(entry.id).unpack()
        self._layouts[rows.layout] = self._month(name).layout(rows.layout)
        homes: dict[str, list[Rows]] = {}
        for piece in pieces(replace(rows, offset_ds=clock.offset_ds, settled=clock.settled)):
            homes.setdefault(month_of(int(piece.labels_ds[0])), []).append(piece)
        for home, own in homes.items():
            if home != name:
                missing = [piece for piece in own if not self._month(home).holds(piece)]
                self._month(home).replace(self._layouts, [], missing)
        self._month(name).replace(self._layouts, [entry], homes.get(name, []))

    def _set_aside(self, name: str, why: str) -> None:
        """Move a file out of the way that is damaged or a newer program's: what is in it stays part of the history."""
        self._months.pop(name).close() if name in self._months else None
        self.reader.close()
        number = next(n for n in count(1) if not (self.folder / f"{name}.{n}.db").exists())
        try:
            for suffix in ("", "-wal", "-shm"):
                old = self.folder / f"{name}.db{suffix}"
                if old.exists():
                    old.rename(self.folder / f"{name}.{number}.db{suffix}")
        except OSError as problem:
            raise explain(problem, self.folder) from None
        self.reader.troubles[f"{why}; it was set aside as {name}.{number}.db and a new file begun"] = None

    def _keep_to_quota(self) -> None:
        if self.quota is None:
            return
        try:
            keep_to(self.folder, self.quota, self._month)
        except HistoryError as trouble:
            self.problem = str(trouble)

    def _month(self, name: str) -> Month:
        if name not in self._months:
            path = self.folder / f"{name}.db"
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as problem:
                raise explain(problem, self.folder) from None
            while len(self._months) >= OPEN_TO_WRITE:
                self._months.pop(next(iter(self._months))).close()
            self._months[name] = Month(path, writable=True)
        return self._months[name]


def unsealed(reader: Reader, journal: Path) -> tuple[list[Rows], dict[int, Layout]]:
    """The journal's rows that a history does not hold yet, for a program that only reads; raises OSError."""
    frames = JournalReader(journal)
    marks: dict[int, int] = {}
    fresh = []
    for frame in frames.read():
        mark = marks.setdefault(frame.boot, reader.mark(frame.boot))
        if frame.last_ds > mark:
            fresh.append(frame)
    parts = rows_of_all(fresh, frames.layouts)
    return [part.after(marks[part.boot]) for part in parts], frames.layouts


def _home(rows: Rows) -> tuple[str, int]:
    """Month and day that rows belong to."""
    label_ds = int(rows.labels_ds[0])
    return month_of(label_ds), label_ds // DAY_DS
