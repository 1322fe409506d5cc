"""Keeps a history to its quota: the oldest raw rows go first, roll-ups stay for ever."""

from collections.abc import Callable
from pathlib import Path

from tbms.store.history.files import paths, troubles
from tbms.store.history.month import HOURS_A_DAY, Month

KEPT_DAYS = 2  # of the newest month: raw rows that stay whatever the quota


def size_of(folder: Path) -> int:
    """Bytes that all files of a history take."""
    return sum(path.stat().st_size for path in folder.glob("*.db*"))


def keep_to(folder: Path, quota: int, month: Callable[[str], Month]) -> int:
    """Drop raw rows until the files fit; month gives one by name, for writing. Blocks dropped; raises HistoryError."""
    dropped = 0
    with troubles(folder):
        files = [path for path in paths(folder) if path.stem == path.name[:7]]
        for path in files:
            if size_of(folder) <= quota:
                break
            dropped += _drop(month(path.stem), newest=path == files[-1], excess=size_of(folder) - quota)
    return dropped


def _drop(month: Month, newest: bool, excess: int) -> int:
    """Drop a month's raw rows, of the newest one the oldest days only, and give their room back to the disk."""
    days = month.select(f"SELECT hour / {HOURS_A_DAY}, count(*), sum(length(data)) FROM block GROUP BY 1 ORDER BY 1")  # noqa: S608 - a constant
    if newest:
        days = days[:-KEPT_DAYS]
    count, freed, end_day = 0, 0, 0
    for day, blocks, size in days:
        if newest and freed > excess:
            break
        count, freed, end_day = count + blocks, freed + size, day + 1
    if count:
        with month.change():
            month.database.execute("DELETE FROM block WHERE hour < ?", (end_day * HOURS_A_DAY,))
        month.tidy()
    return count
