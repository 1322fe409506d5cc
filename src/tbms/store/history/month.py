"""One month of history in its database file: sealed blocks, their roll-ups, the time spent, each change at once."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tbms.store.history.block import DAY_DS, HOUR_DS, MINUTE_DS, Block, Rows, pack
from tbms.store.history.channels import Layout
from tbms.store.history.codec import DamagedError
from tbms.store.history.files import HistoryError, connect, troubles
from tbms.store.history.rollup import (
    Rollup,
    combine,
    minutes_as_rows,
    minutes_from_rows,
    pack_hours,
    roll_up,
    spent,
    unpack_hours,
)

HOURS_A_DAY = DAY_DS // HOUR_DS
_COLUMNS = "id, hour, boot, offset_ds, first_ds, last_ds, settled, rows, layout"


@dataclass(frozen=True)
class Entry:
    """A block as the table knows it, without its data. hour: since 1970, UTC."""

    id: int
    hour: int
    boot: int
    offset_ds: int
    first_ds: int
    last_ds: int
    settled: bool
    rows: int
    layout: int


class Month:
    """One database file; every method raises HistoryError where the file cannot be used."""

    def __init__(self, path: Path, writable: bool = False) -> None:
        self.path = path
        self._layouts: dict[int, Layout] = {}
        with troubles(path):
            self.database = connect(path, writable)

    def close(self) -> None:
        """Let go of the file."""
        self.database.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Everything within happens at once or not at all, and is on disk at the end."""
        with troubles(self.path):
            self.database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.database.execute(
                    "INSERT INTO meta VALUES('revision', 1) ON CONFLICT(key) DO UPDATE SET value = value + 1"
                )
                self.database.execute("COMMIT")
            except BaseException:
                if self.database.in_transaction:
                    self.database.execute("ROLLBACK")
                raise

    def tidy(self) -> None:
        """Give unused room in the file back to the disk."""
        with troubles(self.path):
            self.database.execute("VACUUM")
            self.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def select(self, query: str, *values: object) -> list[tuple[int, ...]]:
        """All rows that a query gives."""
        with troubles(self.path):
            return self.database.execute(query, values).fetchall()

    def revision(self) -> int:
        """Counts the changes of the file."""
        found = self.select("SELECT value FROM meta WHERE key = 'revision'")
        return found[0][0] if found else 0

    def layout(self, key: int) -> Layout:
        """The columns of a key; raises HistoryError where they are not stored."""
        if key not in self._layouts:
            for _, text in self.select("SELECT key, text FROM layout WHERE key = ?", key):
                self._layouts[key] = Layout.parse(str(text))
        if key not in self._layouts:
            raise HistoryError(f"{self.path} has lost the list of channels {key:08x}")
        return self._layouts[key]

    def last_of_boot(self, boot: int) -> int:
        """Time (0.1 s of its clock) of the boot's last sealed row; -1 where there is none."""
        found = self.select("SELECT last_ds FROM mark WHERE boot = ?", _signed(boot))
        return found[0][0] if found else -1

    def entries(self, start_hour: int, end_hour: int) -> list[Entry]:
        """The blocks of hours from start up to, without, end, in order of time."""
        return self._entries("hour >= ? AND hour < ?", start_hour, end_hour)

    def unsettled(self, boot: int) -> list[Entry]:
        """The boot's blocks that were taken before its clock was set."""
        return self._entries("boot = ? AND settled = 0", _signed(boot))

    def holds(self, rows: Rows) -> bool:
        """A block with just these rows under this clock is here."""
        origin = _signed(rows.boot), rows.offset_ds, int(rows.times_ds[0]), int(rows.times_ds[-1])
        hour = int(rows.labels_ds[0]) // HOUR_DS
        where = "hour = ? AND boot = ? AND offset_ds = ? AND first_ds = ? AND last_ds = ?"
        return bool(self._entries(where, hour, *origin))

    def _entries(self, where: str, *values: object) -> list[Entry]:
        query = f"SELECT {_COLUMNS} FROM block WHERE {where} ORDER BY hour, first_ds + offset_ds"  # noqa: S608 - constants
        found = []
        for number, hour, boot, offset_ds, first_ds, last_ds, settled, rows, layout in self.select(query, *values):
            boot &= (1 << 64) - 1
            found.append(Entry(number, hour, boot, offset_ds, first_ds, last_ds, bool(settled), rows, layout))
        return found

    def block(self, number: int) -> Block:
        """A block by its id; raises DamagedError where it is not what was written."""
        try:
            found = self.database.execute("SELECT data FROM block WHERE id = ?", (number,)).fetchone()
        except sqlite3.Error as problem:
            raise DamagedError(f"it cannot be read from {self.path.name} ({problem})") from None
        if found is None:
            raise DamagedError("it is gone")
        return Block(found[0])

    def minutes(self, day: int) -> list[tuple[int, Block]]:
        """The minutes of a day (since 1970) by layout, as blocks; raises DamagedError."""
        return [(key, Block(data)) for key, data in self._rollups("minutes", day)]

    def hours(self, start_day: int, end_day: int) -> list[tuple[int, Rollup]]:
        """The hours of days from start up to, without, end, by layout; damaged days are left out."""
        found = []
        with troubles(self.path):
            for key, data in self.database.execute(
                "SELECT layout, data FROM hours WHERE day >= ? AND day < ? ORDER BY day", (start_day, end_day)
            ):
                try:
                    found.append((int(key), unpack_hours(data)))
                except DamagedError:
                    continue
        return found

    def _rollups(self, table: str, day: int) -> list[tuple[int, bytes]]:
        try:
            return self.database.execute(f"SELECT layout, data FROM {table} WHERE day = ?", (day,)).fetchall()  # noqa: S608 - two constant names
        except sqlite3.Error as problem:
            raise DamagedError(f"{table} cannot be read from {self.path.name} ({problem})") from None

    def replace(self, layouts: dict[int, Layout], removed: Iterable[Entry], added: Iterable[Rows]) -> None:
        """Take blocks out and put rows in (each within one hour and one block), with all that follows from it."""
        removed, added = list(removed), list(added)
        hours = {entry.hour for entry in removed} | {int(rows.labels_ds[0]) // HOUR_DS for rows in added}
        with self.change():
            dropped = {hour for hour in hours if not self.entries(hour, hour + 1)}
            change: Counter[tuple[int, int]] = Counter()
            for entry in removed:
                change.subtract(self._spent(entry))
                self.database.execute("DELETE FROM block WHERE id = ?", (entry.id,))
            for rows in added:
                self._keep_layout(layouts[rows.layout])
                change.update(spent(layouts[rows.layout], rows))
                self._insert(rows)
            for day in sorted({hour // HOURS_A_DAY for hour in hours}):
                self._rebuild(day, hours, dropped)
            self._spend(change)

    def _spent(self, entry: Entry) -> Counter[tuple[int, int]]:
        try:
            return spent(self.layout(entry.layout), self.block(entry.id).unpack())
        except DamagedError:
            return Counter()

    def _keep_layout(self, layout: Layout) -> None:
        self.database.execute("INSERT OR IGNORE INTO layout VALUES(?, ?)", (layout.key, layout.text))
        self._layouts[layout.key] = layout

    def _insert(self, rows: Rows) -> None:
        first_ds, last_ds = int(rows.times_ds[0]), int(rows.times_ds[-1])
        hour = int(rows.labels_ds[0]) // HOUR_DS
        self.database.execute(
            "INSERT INTO block(hour, boot, offset_ds, first_ds, last_ds, settled, rows, layout, data)"
            " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                hour, _signed(rows.boot), rows.offset_ds, first_ds, last_ds, rows.settled, len(rows), rows.layout,
                pack(rows),
            ),
        )  # fmt: skip
        self.database.execute(
            "INSERT INTO mark VALUES(?, ?) ON CONFLICT(boot) DO UPDATE SET last_ds = max(last_ds, excluded.last_ds)",
            (_signed(rows.boot), last_ds),
        )

    def _spend(self, change: Counter[tuple[int, int]]) -> None:
        self.database.executemany(
            "INSERT INTO spent VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET time_ds = time_ds + excluded.time_ds",
            [(*key, time_ds) for key, time_ds in change.items() if time_ds],
        )

    def _rebuild(self, day: int, hours: set[int], dropped: set[int]) -> None:
        """The roll-ups of some hours of a day from their blocks; where raw rows were dropped, what is there counts."""
        parts: dict[int, list[Rows]] = {}
        keep = set(dropped)
        for entry in self.entries(day * HOURS_A_DAY, (day + 1) * HOURS_A_DAY):
            if entry.hour not in hours:
                continue
            try:
                parts.setdefault(entry.layout, []).append(self.block(entry.id).unpack())
            except DamagedError:
                keep.add(entry.hour)
        stored = {key for (key,) in self.select("SELECT layout FROM minutes WHERE day = ?", day)}
        for key in sorted(stored | set(parts)):
            layout = self.layout(key)
            minutes = [roll_up(layout, parts[key], MINUTE_DS)] if key in parts else []
            gone = list(hours - keep)
            minutes += [_pick(old, ~np.isin(old.starts_ds // HOUR_DS, gone)) for old in self._day_minutes(day, layout)]
            self.store_rollups(day, layout, [part for part in minutes if len(part.starts_ds)])

    def _day_minutes(self, day: int, layout: Layout) -> list[Rollup]:
        """The minutes of a day as stored, or made again from the blocks where what is stored is damaged."""
        try:
            found = [block for key, block in self.minutes(day) if key == layout.key]
            if any(block.damaged() for block in found):
                raise DamagedError("a channel is damaged")
        except DamagedError:
            return self.minutes_from_blocks(day, layout)
        return [minutes_from_rows(block.unpack(), len(layout.channels)) for block in found]

    def minutes_from_blocks(self, day: int, layout: Layout) -> list[Rollup]:
        """The minutes that the blocks of a day come to, of one layout."""
        parts = []
        for entry in self.entries(day * HOURS_A_DAY, (day + 1) * HOURS_A_DAY):
            if entry.layout == layout.key:
                with suppress(DamagedError):
                    parts.append(self.block(entry.id).unpack())
        return [roll_up(layout, parts, MINUTE_DS)] if parts else []

    def store_rollups(self, day: int, layout: Layout, parts: list[Rollup]) -> None:
        """Put the minutes of a day, and the hours they come to, in place of those stored."""
        for table in ("minutes", "hours"):
            self.database.execute(f"DELETE FROM {table} WHERE day = ? AND layout = ?", (day, layout.key))  # noqa: S608 - two constant names
        if parts:
            minutes = combine(layout, parts, MINUTE_DS)
            data = pack(minutes_as_rows(layout.key, minutes))
            hours = pack_hours(combine(layout, [minutes], HOUR_DS))
            self.database.execute("INSERT INTO minutes VALUES(?, ?, ?)", (day, layout.key, data))
            self.database.execute("INSERT INTO hours VALUES(?, ?, ?)", (day, layout.key, hours))


def _pick(part: Rollup, chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Rollup:
    low, mean, high = part.low[:, chosen], part.mean[:, chosen], part.high[:, chosen]
    return Rollup(part.starts_ds[chosen], part.covered_ds[chosen], low, mean, high)


def _signed(boot: int) -> int:
    """A number of 64 bits as SQLite stores it."""
    return boot - (1 << 64) if boot >= 1 << 63 else boot
