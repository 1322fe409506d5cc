"""All events for life: copied from the master as they happen, searched, newest first."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from tbms.model.patch import Json, clean
from tbms.monitor.link import MasterError, MasterLink

PERIOD = 1.0  # s between two questions to the master
AT_ONCE = 500

log = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS event(
  id INTEGER PRIMARY KEY, timestamp REAL NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, severity TEXT NOT NULL,
  phase TEXT NOT NULL, body TEXT NOT NULL, words TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS seen(id INTEGER PRIMARY KEY, timestamp REAL NOT NULL, who TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS event_time ON event(timestamp);
CREATE INDEX IF NOT EXISTS event_seen ON event(id) WHERE kind = 'command' AND key = 'acknowledge';
"""
SEEN = """(SELECT body FROM event AS seen WHERE seen.id > event.id AND seen.kind = 'command'
  AND seen.key = 'acknowledge' ORDER BY seen.id LIMIT 1)"""


@dataclass(frozen=True)
class Search:
    """What is looked for; an empty part asks for nothing.

    keys: taken even where the words are not found in them (a page knows them in its own language).
    start, end: UTC, s. before_id: to go on with older ones.
    """

    words: str = ""
    keys: Sequence[str] = ()
    severities: Sequence[str] = ()
    kinds: Sequence[str] = ()
    start: float | None = None
    end: float | None = None
    before_id: int | None = None
    limit: int = 50


class Archive:
    """The events' own database; `trouble` says why it cannot be used, empty when it can."""

    def __init__(self, path: Path, link: MasterLink) -> None:
        self._path, self._link = path, link
        self._lock = Lock()
        self._database: sqlite3.Connection | None = None
        self.trouble = ""

    async def run(self) -> None:
        """Copy what is new, for ever."""
        while True:
            more = False
            with suppress(MasterError):
                more = await self._copy()
            if not more:
                await asyncio.sleep(PERIOD)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._database:
                self._database.close()
            self._database = None

    async def search(self, asked: Search) -> list[Json]:
        """Events that match, newest first, each with `acknowledged` where a person saw it. Raises OSError."""
        return await asyncio.to_thread(self._search, asked)

    async def acknowledge(self, number: int, who: str, now: float) -> bool:
        """Note that a person has seen this event; False where there is none. The first one counts.

        Raises OSError, also where it could be noted in memory only: what is told as kept is kept.
        """
        return await asyncio.to_thread(self._acknowledge, number, who, now)

    def _acknowledge(self, number: int, who: str, now: float) -> bool:
        with self._lock:
            if not self._select("SELECT 1 FROM event WHERE id = ?", number):
                return False
            if not self._select("SELECT file FROM pragma_database_list WHERE name = 'main'")[0][0]:
                raise OSError("the events are in memory only")
            try:
                with self._opened() as database:
                    database.execute("INSERT OR IGNORE INTO seen VALUES(?, ?, ?)", (number, now, who))
            except sqlite3.Error as problem:
                raise OSError(str(problem)) from problem
        return True

    async def _copy(self) -> bool:
        """Take the next events; True when there may be more at once."""
        try:
            last = await asyncio.to_thread(self._last)
            found = await self._link.call("events", {"after_id": last, "limit": AT_ONCE})
            events = found.get("events") if isinstance(found, dict) else None
            if not events:
                return False
            await asyncio.to_thread(self._add, [event for event in events if isinstance(event, dict)])
        except OSError as problem:
            self._failed(problem)
            return False
        return len(events) >= AT_ONCE

    def _failed(self, problem: Exception) -> None:
        if not self.trouble:
            log.warning("events cannot be kept: %s", problem)
        self.trouble = f"events cannot be kept in {self._path}: {problem}; the master holds the newest ones"

    def _last(self) -> int:
        with self._lock:
            found = self._select("SELECT max(id) FROM event")
        return int(found[0][0] or 0)

    def _add(self, events: list[Json]) -> None:
        rows = [
            (
                event["id"], event["timestamp"], event["kind"], event["key"], event["severity"], event["phase"],
                json.dumps(clean(event), separators=(",", ":")), _words(event),
            )
            for event in events
        ]  # fmt: skip
        with self._lock:
            try:
                with self._opened() as database:
                    database.executemany("INSERT OR IGNORE INTO event VALUES(?, ?, ?, ?, ?, ?, ?, ?)", rows)
            except sqlite3.Error as problem:
                raise OSError(str(problem)) from problem

    def _search(self, asked: Search) -> list[Json]:
        tests, values = _said(asked)
        for column, allowed in (("severity", asked.severities), ("kind", asked.kinds)):
            if allowed:
                tests.append(f"{column} IN ({','.join('?' * len(allowed))})")
                values += allowed
        for test, value in (("timestamp >= ?", asked.start), ("timestamp < ?", asked.end), ("id < ?", asked.before_id)):
            if value is not None:
                tests.append(test)
                values.append(value)
        where = f"WHERE {' AND '.join(tests)}" if tests else ""
        one = "(SELECT json_object('timestamp', timestamp, 'cause', who) FROM seen WHERE seen.id = event.id)"
        order = f"SELECT body, {SEEN}, {one} FROM event {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - own column names
        with self._lock:
            found = self._select(order, *values, asked.limit)
        return [_seen(json.loads(body), seen, one) for body, seen, one in found]

    def _select(self, order: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._opened().execute(order, values).fetchall()
        except sqlite3.Error as problem:
            raise OSError(str(problem)) from problem

    def _opened(self) -> sqlite3.Connection:
        """The database; where it cannot be used, one in memory, filled from the master's own log."""
        if self._database is None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._database = _database(self._path)
            except (OSError, sqlite3.Error) as problem:
                self._failed(problem)
                self._database = _database(Path(":memory:"))
        return self._database


def _database(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, check_same_thread=False)
    try:
        database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;" + SCHEMA)
    except sqlite3.Error:
        database.close()
        raise
    return database


def _words(event: Json) -> str:
    """All that a search may find, in small letters, numbers as they are."""
    cell = [f"cell {event['cell']}"] if event.get("cell") else []
    named = str(event["key"]).replace("_", " ")
    return " ".join([named, str(event["key"]), str(event.get("cause", "")), str(event.get("value", "")), *cell]).lower()


def _said(asked: Search) -> tuple[list[str], list[object]]:
    """All the words, or one of the keys."""
    words = asked.words.lower().split()
    if not words:
        return [], []
    said = " AND ".join(["words LIKE ? ESCAPE '!'"] * len(words))
    keys = f" OR key IN ({','.join('?' * len(asked.keys))})" if asked.keys else ""
    return [f"({said}{keys})"], [*(f"%{_escaped(word)}%" for word in words), *asked.keys]


def _escaped(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _seen(event: Json, seen: str | None, one: str | None) -> Json:
    """The event, and who saw it: by itself, or at the panel or a page with all that stood."""
    together = seen if event["kind"] == "fault" and event["phase"] != "went" else None
    found = one or together
    if found is None:
        return event
    by = json.loads(found)
    return event | {"acknowledged": {"timestamp": by["timestamp"], "cause": by.get("cause", "")}}
