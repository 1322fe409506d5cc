"""The database files of a history, one a month of UTC, and what their troubles mean in words."""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from tbms.store.history.channels import TICKS
from tbms.store.newer import sentence

FORMAT = 1  # of a database file, its user_version; one that says none (0) is of format 1
PAGE_BYTES = 1024  # of the database: an hour's block ends in a part-used page, so small pages waste least
_LATEST = 253_402_300_799  # s, end of the year 9999
_NAME = re.compile(r"\d{4,}-\d\d(\.\d+)?\.db")

SCHEMA = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
CREATE TABLE layout(key INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE block(
  id INTEGER PRIMARY KEY, hour INTEGER NOT NULL, boot INTEGER NOT NULL, offset_ds INTEGER NOT NULL,
  first_ds INTEGER NOT NULL, last_ds INTEGER NOT NULL, settled INTEGER NOT NULL, rows INTEGER NOT NULL,
  layout INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX block_hour ON block(hour);
CREATE INDEX block_unsettled ON block(boot) WHERE settled = 0;
CREATE TABLE minutes(day INTEGER, layout INTEGER, data BLOB NOT NULL, UNIQUE(day, layout));
CREATE TABLE hours(day INTEGER, layout INTEGER, data BLOB NOT NULL, UNIQUE(day, layout));
CREATE TABLE mark(boot INTEGER PRIMARY KEY, last_ds INTEGER NOT NULL);
CREATE TABLE spent(
  soc_percent INTEGER, temperature INTEGER, time_ds INTEGER NOT NULL, PRIMARY KEY(soc_percent, temperature)
) WITHOUT ROWID;
CREATE TABLE trend(time INTEGER, name TEXT, value REAL, PRIMARY KEY(time, name)) WITHOUT ROWID;
"""


class HistoryError(Exception):
    """The history cannot do what was asked; the text is one sentence for a person."""


class NewerError(HistoryError):
    """A newer program has written the file: it is whole, and is not touched."""


def explain(problem: Exception, path: Path) -> HistoryError:
    """What a database's or the system's error means."""
    text = str(problem).lower()
    if "full" in text or "no space" in text:
        return HistoryError(f"the disk is full: {path} cannot grow; what is not stored yet is kept and tried again")
    if "readonly" in text or "read-only" in text:
        return HistoryError(f"{path} cannot be written: the card or folder is read-only; nothing stored is touched")
    if "malformed" in text or "not a database" in text:
        return HistoryError(f"{path} is damaged ({problem})")
    if "locked" in text:
        return HistoryError(f"{path} is in use by another program; try again")
    return HistoryError(f"{path} cannot be used: {problem}")


@contextmanager
def troubles(path: Path) -> Iterator[None]:
    """Turn database and system errors into HistoryError."""
    try:
        yield
    except (sqlite3.Error, OSError) as problem:
        raise explain(problem, path) from problem


def month_of(label_ds: int) -> str:
    """The month (UTC) of a time in 0.1 s since 1970, as 2027-03."""
    moment = datetime.fromtimestamp(min(max(label_ds // TICKS, 0), _LATEST), UTC)
    return f"{moment.year:04d}-{moment.month:02d}"


def spell(label_ds: int) -> str:
    """A time in 0.1 s since 1970 for people, UTC."""
    return datetime.fromtimestamp(min(max(label_ds // TICKS, 0), _LATEST), UTC).strftime("%Y-%m-%d %H:%M UTC")


def paths(folder: Path) -> list[Path]:
    """The database files of a folder, oldest month first; also those set aside as damaged (2027-03.1.db)."""
    return sorted(path for path in folder.glob("*.db") if _NAME.fullmatch(path.name))


def paths_between(folder: Path, start_ds: int, end_ds: int) -> list[Path]:
    """The files that may hold times from start to end."""
    first, last = month_of(start_ds), month_of(end_ds)
    return [path for path in paths(folder) if first <= path.name[:7] <= last]


def connect(path: Path, writable: bool) -> sqlite3.Connection:
    """A connection; writable: the file is made if absent, and a change is on disk when it is done."""
    if writable:
        if not path.exists():
            _create(path)
        database = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        # NORMAL instead of FULL lost everything in a power cut, three times of three
        _understood(database, path)
        return _tried(
            database, "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA journal_size_limit=1048576", _ANY
        )
    for mode in ("mode=ro", "mode=ro&immutable=1"):  # immutable: a card that cannot be written has no shared memory
        database = sqlite3.connect(
            f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=10, isolation_level=None, check_same_thread=False
        )
        with suppress(sqlite3.OperationalError):
            _understood(database, path)
            return _tried(database, _ANY)
    raise sqlite3.OperationalError("unable to open database file")


def _understood(database: sqlite3.Connection, path: Path) -> None:
    """Raises NewerError, with the file closed, where its format is not known here."""
    try:
        (told,) = database.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error:
        database.close()
        raise
    if told > FORMAT:
        database.close()
        raise NewerError(sentence(str(path)))


_ANY = "SELECT 1 FROM block LIMIT 1"


def _tried(database: sqlite3.Connection, *statements: str) -> sqlite3.Connection:
    """The connection after these statements; closed where one fails."""
    try:
        for statement in statements:
            database.execute(statement).fetchone()
    except sqlite3.Error:
        database.close()
        raise
    return database


def _create(path: Path) -> None:
    """Make an empty file under another name first: whoever opens it finds it whole, also after a power cut."""
    fresh = path.with_name(f"{path.name}-new")
    fresh.unlink(missing_ok=True)
    database = sqlite3.connect(fresh, isolation_level=None)
    try:
        database.execute(f"PRAGMA page_size={PAGE_BYTES}")
        database.executescript(f"BEGIN;{SCHEMA}PRAGMA user_version={FORMAT};COMMIT;")
        database.execute("PRAGMA journal_mode=WAL")
    finally:
        database.close()
    for name in (fresh, path.parent):
        _sync(name)
    fresh.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
