"""Looking after a history: check, figures, compacting, backup while it runs."""

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tbms.store.history.block import DAY_DS, HOUR_DS, join, pieces
from tbms.store.history.codec import DamagedError
from tbms.store.history.export import Step
from tbms.store.history.files import HistoryError, paths, spell, troubles
from tbms.store.history.month import HOURS_A_DAY, Entry, Month
from tbms.store.history.rollup import unpack_hours

ALL_HOURS = (-(1 << 40), 1 << 40)
_WASTE = 0.1  # of a file unused: worth the writing that tidying costs


@dataclass(frozen=True)
class Figures:
    """One month: rows, blocks and what takes how many bytes."""

    name: str
    rows: int
    blocks: int
    raw_bytes: int
    minute_bytes: int
    hour_bytes: int
    file_bytes: int


def check(folder: Path, step: Step = lambda files: None) -> Iterator[str]:
    """One sentence for everything that is not what was written; nothing is changed."""
    for path in paths(folder):
        try:
            month = Month(path)
            try:
                yield from _check_month(month)
            finally:
                month.close()
        except HistoryError as trouble:
            yield f"{trouble}; the other months are not touched"
        step(1)


def _check_month(month: Month) -> Iterator[str]:
    name = month.path.name
    for found in month.select("PRAGMA quick_check(5)"):
        if str(found[0]) != "ok":
            yield f"{name}: the database file is damaged: {str(found[0]).strip()}"
    for entry in month.entries(*ALL_HOURS):
        what = f"{name}: the hour from {spell(entry.hour * HOUR_DS)}"
        try:
            lost = month.block(entry.id).damaged()
        except DamagedError as problem:
            yield f"{what} ({entry.rows} rows): {problem}; its minutes and all other hours are not touched"
            continue
        for place in lost:
            yield f"{what}: {_name(month, entry, place)} is damaged; its other channels are whole"
    yield from _check_rollups(month)


def _name(month: Month, entry: Entry, place: int) -> str:
    try:
        return month.layout(entry.layout).names[place]
    except (HistoryError, IndexError):
        return f"channel {place + 1}"


def _check_rollups(month: Month) -> Iterator[str]:
    for (day,) in month.select("SELECT DISTINCT day FROM minutes UNION SELECT day FROM hours"):
        if not _rollups_whole(month, day):
            when = spell(day * DAY_DS)[:10]
            yield f"{month.path.name}: the roll-ups of {when} are damaged; compact makes them again from its rows"


def _rollups_whole(month: Month, day: int) -> bool:
    try:
        for _, block in month.minutes(day):
            if block.damaged():
                return False
        for (data,) in month.database.execute("SELECT data FROM hours WHERE day = ?", (day,)):
            unpack_hours(data)
    except (DamagedError, sqlite3.Error):
        return False
    return True


def figures(folder: Path) -> Iterator[Figures]:
    """The figures of each month; raises HistoryError."""
    for path in paths(folder):
        month = Month(path)
        try:
            rows, blocks, raw = month.select(
                "SELECT coalesce(sum(rows), 0), count(*), coalesce(sum(length(data)), 0) FROM block"
            )[0]
            minutes, hours = (
                month.select(f"SELECT coalesce(sum(length(data)), 0) FROM {table}")[0][0]  # noqa: S608 - two constant names
                for table in ("minutes", "hours")
            )
            size = sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))
            yield Figures(path.stem, rows, blocks, raw, minutes, hours, size)
        finally:
            month.close()


def compact(folder: Path, step: Step = lambda files: None) -> tuple[int, int]:
    """Join part-hour blocks, mend damaged roll-ups from rows, give unused room back. Blocks fewer, days mended."""
    fewer = mended = 0
    for path in paths(folder):
        month = Month(path, writable=True)
        try:
            for (day,) in month.select("SELECT DISTINCT day FROM minutes UNION SELECT day FROM hours"):
                mended += not _rollups_whole(month, day) and _mend(month, day)
            fewer += sum(_join_hour(month, list(own)) for _, own in groupby(_parts(month), _origin))
            pages, free = (month.select(f"PRAGMA {what}")[0][0] for what in ("page_count", "freelist_count"))
            if free > _WASTE * pages:
                month.tidy()
        finally:
            month.close()
        step(1)
    return fewer, mended


def _parts(month: Month) -> list[Entry]:
    return sorted(month.entries(*ALL_HOURS), key=lambda entry: (_origin(entry), entry.first_ds))


def _origin(entry: Entry) -> tuple[int, int, int, bool, int]:
    return entry.hour, entry.boot, entry.offset_ds, entry.settled, entry.layout


def _join_hour(month: Month, entries: list[Entry]) -> int:
    """Blocks of one hour and origin as one; left alone where one of them is damaged. How many fewer."""
    if len(entries) < 2:
        return 0
    try:
        blocks = [month.block(entry.id) for entry in entries]
    except DamagedError:
        return 0
    if any(block.damaged() for block in blocks):
        return 0
    joined = list(pieces(join([block.unpack() for block in blocks])))
    if len(joined) >= len(entries):
        return 0
    month.replace({entries[0].layout: month.layout(entries[0].layout)}, entries, joined)
    return len(entries) - len(joined)


def _mend(month: Month, day: int) -> bool:
    """The roll-ups of a day again from its rows; False where its rows are gone."""
    mended = False
    with month.change():
        for key in {entry.layout for entry in month.entries(day * HOURS_A_DAY, (day + 1) * HOURS_A_DAY)}:
            layout = month.layout(key)
            month.store_rollups(day, layout, month.minutes_from_blocks(day, layout))
            mended = True
    return mended


def backup(folder: Path, target: Path, step: Step = lambda files: None) -> int:
    """Copy every month that changed since the last backup to `target`, while the history is written. How many."""
    copied = 0
    with troubles(target):
        target.mkdir(parents=True, exist_ok=True)
        for path in paths(folder):
            copied += _backup_month(path, target / path.name)
            step(1)
    return copied


def _backup_month(path: Path, target: Path) -> bool:
    source = Month(path)
    try:
        if target.exists():
            old = Month(target)
            same = old.revision() == source.revision()
            old.close()
            if same:
                return False
        part = target.with_suffix(".part")
        part.unlink(missing_ok=True)
        copy = sqlite3.connect(part)
        source.database.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        copy.close()
        file = os.open(part, os.O_RDONLY)
        os.fsync(file)
        os.close(file)
        part.replace(target)
    finally:
        source.close()
    return True
