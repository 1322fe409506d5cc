"""The log of events on disk: appended, checked, read back by id, bounded in size."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tbms.model.event import Event, EventKind, Phase
from tbms.model.fault import Severity
from tbms.store.newer import sentence
from tbms.store.plain import encode, plain
from tbms.store.record import damaged_records, pack, unpack
from tbms.store.replace import sync_folder

SEGMENT_BYTES = 1 << 20  # about 4000 events: a file is read back in some 30 ms
SEGMENTS = 64  # 64 MB, about 250,000 events; the monitor keeps them for life
_SUFFIX = ".events"
FORMAT = 1  # of an event; one that says none is of format 1. id and boot are in every format


def segments(folder: Path) -> list[Path]:
    """The files of a log, oldest first; each is named by the id of its first event."""
    return sorted(path for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdigit())


def records(path: Path, offset: int = 0) -> Iterator[tuple[int, bytes, dict[str, Any] | None]]:
    """Each line of a file from `offset`: where it ends, its bytes, its event as a dict (None: damaged)."""
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            offset += len(line)
            yield offset, line, _event(line)


def _event(line: bytes) -> dict[str, Any] | None:
    values = unpack(line)
    if values is None or not isinstance(values.get("id"), int) or not isinstance(values.get("boot"), int):
        return None
    told = values.get("format", 1)
    return _newer(values) if isinstance(told, int) and told > FORMAT else values


def _newer(values: dict[str, Any]) -> dict[str, Any]:
    """What stands for an event of a newer format; as it was written it is kept within."""
    time, timestamp = (values.get(name) for name in ("time", "timestamp"))
    stand_in = Event(
        float(time) if isinstance(time, int | float) else 0.0,
        float(timestamp) if isinstance(timestamp, int | float) else 0.0,
        EventKind.SYSTEM,
        "newer",
        Phase.CHANGED,
        Severity.INFO,
        cause=sentence("this event"),
        id=values["id"],
        boot=values["boot"],
    )
    told: dict[str, Any] = plain(stand_in)
    return told | {"written": values}


@dataclass(frozen=True)
class _Ending:
    """How a file ends: next free id, newest boot in it (0: none), bytes to keep, line feed missing."""

    next_id: int
    boot: int
    size: int
    unterminated: bool


def _ending(path: Path) -> _Ending:
    """Judge a file's end: a torn last record is cut off, a damaged one keeps its number."""
    next_id, boot, size, unterminated = int(path.stem), 0, 0, False
    for end, line, values in records(path):
        unterminated = not line.endswith(b"\n")
        if values is not None:
            next_id, boot = max(next_id, values["id"] + 1), max(boot, values["boot"])
        else:
            whole = damaged_records(line) - (1 if unterminated else 0)
            next_id += whole
            if unterminated and not whole:
                return _Ending(next_id, boot, size, False)
        size = end
    return _Ending(next_id, boot, size, unterminated)


class EventStore:
    """Writes the log; the only writer of its folder. Opening it begins a new boot.

    Ids run without gaps for the life of the folder, also over a torn or damaged end.
    Raises OSError where the folder cannot be written.
    """

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES, keep: int = SEGMENTS) -> None:
        self.folder = folder
        self._segment_bytes = segment_bytes
        self._keep = keep
        folder.mkdir(parents=True, exist_ok=True)
        self._next_id, boot = 1, 0
        self._file, self._size = self._reopen()
        for path in reversed(segments(folder)):
            boot = _ending(path).boot
            if boot:
                break
        self.boot = boot + 1

    @property
    def next_id(self) -> int:
        """Id of the next event to be appended, from 1."""
        return self._next_id

    def append(self, events: Sequence[Event]) -> tuple[Event, ...]:
        """Store events with ids and boot, on disk when it returns; all of them or none (OSError)."""
        if not events:
            return ()
        if self._size >= self._segment_bytes:
            self._rotate()
        stored = tuple(replace(event, id=self._next_id + number, boot=self.boot) for number, event in enumerate(events))
        data = b"".join(pack(_body(event)) for event in stored)
        self._write(data)
        self._next_id += len(stored)
        self._size += len(data)
        return stored

    def close(self) -> None:
        """Let go of the file; everything appended is on disk already."""
        os.close(self._file)

    def _write(self, data: bytes) -> None:
        try:
            if os.pwrite(self._file, data, self._size) < len(data):
                raise OSError(28, "No space left on device", str(self.folder))
            os.fdatasync(self._file)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise

    def _reopen(self) -> tuple[int, int]:
        existing = segments(self.folder)
        if not existing:
            return self._create(1), 0
        ending = _ending(existing[-1])
        file = os.open(existing[-1], os.O_RDWR | os.O_CLOEXEC)
        os.ftruncate(file, ending.size)
        if ending.unterminated:
            os.pwrite(file, b"\n", ending.size)
        os.fsync(file)
        self._next_id = ending.next_id
        return file, ending.size + ending.unterminated

    def _rotate(self) -> None:
        new = self._create(self._next_id)
        os.close(self._file)
        self._file, self._size = new, 0
        for old in segments(self.folder)[: -self._keep]:
            old.unlink()

    def _create(self, first_id: int) -> int:
        path = self.folder / f"{first_id:012d}{_SUFFIX}"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        sync_folder(self.folder)
        return file


def _body(event: Event) -> bytes:
    """The event with its id first, as `damaged_records` looks for; without the glances that most events do not have."""
    rest = encode(replace(event, id=0)).replace(b',"id":0', b"", 1)
    return b'{"id":%d,%b' % (event.id, rest.replace(b',"before":null,"after":null}', b"}")[1:])


class EventReader:
    """Reads a log while its writer appends; keeps its place, so that following it is cheap."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._place: tuple[int, Path | None, int] = (0, None, 0)  # after this id: this file, this offset

    def after(self, after_id: int, limit: int) -> list[dict[str, Any]]:
        """At most `limit` events with ids above `after_id`, in order, as `plain` writes them.

        Damaged records and a half-written last one are left out. An id that is not there any
        more (bounded size) is skipped over: the answer begins with the oldest event kept.
        """
        found: list[dict[str, Any]] = []
        for path, offset in self._way(after_id):
            for end, line, values in records(path, offset):
                if values is None or not line.endswith(b"\n"):
                    continue
                if values["id"] > after_id:
                    found.append(values)
                    self._place = (values["id"], path, end)
                if len(found) >= limit:
                    return found
        return found

    def newest(self) -> int:
        """Id of the newest event on disk, 0 before the first."""
        for path in reversed(segments(self._folder)):
            ids = [values["id"] for _, _, values in records(path) if values]
            if ids:
                return int(max(ids))
        return 0

    def recent(self, limit: int) -> list[dict[str, Any]]:
        """The newest events, at most `limit`, oldest first."""
        found: list[dict[str, Any]] = []
        for path in reversed(segments(self._folder)):
            whole = [values for _, line, values in records(path) if values is not None and line.endswith(b"\n")]
            found = whole[-(limit - len(found)) :] + found
            if len(found) >= limit:
                break
        return found

    def _way(self, after_id: int) -> list[tuple[Path, int]]:
        paths = segments(self._folder)
        known_id, known_path, known_offset = self._place
        if known_path in paths and known_id == after_id:
            start = paths.index(known_path)
            return [(known_path, known_offset), *((path, 0) for path in paths[start + 1 :])]
        later = [path for path in paths if int(path.stem) > after_id + 1]
        return [(path, 0) for path in paths[max(0, len(paths) - len(later) - 1) :]]
