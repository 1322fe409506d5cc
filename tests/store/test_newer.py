"""Files of a newer program, made by today's writers with a later format: told as that, never harmed, never lost."""

import gzip
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.history.helpers import LAYOUT, LAYOUTS, everything, rows
from tests.store.test_events import CAME
from tests.store.test_measurements import SMALL, journal, numbers, write

from tbms.cli.run_control import _remembered
from tbms.core import latches
from tbms.core.state import State
from tbms.master.incident import FORMAT as INCIDENT
from tbms.master.incident import read
from tbms.model.event import EventKind
from tbms.settings import load
from tbms.store import frame, measurements
from tbms.store import memory as memory_module
from tbms.store.events import EventReader, EventStore, segments
from tbms.store.history import block, files, rollup
from tbms.store.history.care import check
from tbms.store.history.codec import DamagedError
from tbms.store.history.files import HistoryError, paths
from tbms.store.history.history import History
from tbms.store.history.month import Month
from tbms.store.journal_reader import JournalReader
from tbms.store.measurements import NAMES
from tbms.store.memory import Memory
from tbms.store.newer import SUFFIX
from tbms.store.plain import encode, event_from
from tbms.store.record import pack

UPDATE = "was written by a newer TBMS: update this one"


def save_as(monkeypatch: pytest.MonkeyPatch, number: int, memory: Memory, values: dict[str, object]) -> None:
    with monkeypatch.context() as newer:
        newer.setattr(memory_module, "FORMAT", number)
        memory.save(values)


def test_a_memory_without_a_format_is_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "memory-a").write_bytes(pack(encode({"generation": 4, "values": {"soc": 0.5}})))
    memory = Memory(tmp_path)
    assert (memory.load(), memory.newer) == ({"soc": 0.5}, "")
    memory.save({"soc": 0.6})
    assert Memory(tmp_path).load() == {"soc": 0.6}


def test_a_newer_memory_is_told_and_put_aside_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(tmp_path)
    memory.save({"soc": 0.1})  # b
    save_as(monkeypatch, 2, memory, {"soc": 0.2})  # a
    theirs = (tmp_path / "memory-a").read_bytes()
    older = Memory(tmp_path)
    assert older.newer == f"{tmp_path / 'memory'} {UPDATE}"
    assert older.load() == {"soc": 0.1}
    assert (tmp_path / "memory-a").read_bytes() == theirs
    older.save({"soc": 0.3})
    assert (tmp_path / f"memory-a{SUFFIX}").read_bytes() == theirs
    again = Memory(tmp_path)
    assert (again.load(), again.newer) == ({"soc": 0.3}, "")


def test_both_copies_may_be_newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(tmp_path)
    for soc in (0.1, 0.2):
        save_as(monkeypatch, 2, memory, {"soc": soc})
    older = Memory(tmp_path)
    assert older.load() == {}
    assert older.newer
    older.save({"soc": 0.3})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["memory-a.newer", "memory-b", "memory-b.newer"]
    assert Memory(tmp_path).load() == {"soc": 0.3}


def test_a_newer_copy_that_an_older_program_has_overtaken_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory(tmp_path)
    save_as(monkeypatch, 2, memory, {"soc": 0.1})
    memory.save({"soc": 0.2})
    assert (Memory(tmp_path).newer, Memory(tmp_path).load()) == ("", {"soc": 0.2})


def test_the_master_stays_stopped_where_it_cannot_know_what_was_latched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory(tmp_path)
    memory.save({"soc": 0.1, "latches": latches.NONE})
    assert _remembered(tmp_path) == ({"soc": 0.1, "latches": latches.NONE}, "")
    save_as(monkeypatch, 2, memory, {"soc": 0.2})
    remembered, told = _remembered(tmp_path)
    assert remembered["soc"] == 0.1
    assert told == f"{tmp_path / 'memory'} {UPDATE}; the battery is stopped until the reset button is held"
    settings = load()
    assert latches.restored(remembered["latches"], State.initial(settings), settings).stopped == "a newer TBMS"


def test_newer_events_are_told_and_keep_their_numbers(tmp_path: Path) -> None:
    store = EventStore(tmp_path)
    store.append([CAME])
    store.close()
    (path,) = segments(tmp_path)
    strange = {"id": 2, "format": 2, "boot": 5, "time": 1.5, "what": {"is": "new"}}
    written = path.read_bytes() + pack(encode(strange))
    path.write_bytes(written)
    found = EventReader(tmp_path).after(0, 10)
    assert [each["id"] for each in found] == [1, 2]
    told = event_from(found[1])
    assert (told.kind, told.key, told.cause) == (EventKind.SYSTEM, "newer", f"this event {UPDATE}")
    assert (told.boot, told.time, told.timestamp, found[1]["written"]) == (5, 1.5, 0.0, strange)
    again = EventStore(tmp_path)
    assert path.read_bytes() == written
    assert (again.next_id, again.boot) == (3, 6)
    again.append([replace(CAME, cause="after it")])
    again.close()
    assert [each["id"] for each in EventReader(tmp_path).recent(10)] == [1, 2, 3]


def journal_of(folder: Path, monkeypatch: pytest.MonkeyPatch, first: int, count: int) -> None:
    """Rows that a newer program adds: the same frames under another letter."""
    with monkeypatch.context() as newer:
        newer.setattr(frame, "MAGIC", b"\xb5N")
        newer.setattr(measurements, "newer", lambda data: False)
        writer = journal(folder)
        write(writer, first, count)
        writer.close()


def test_a_newer_journal_is_told_and_put_aside_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal_of(tmp_path, monkeypatch, 0, 60)
    theirs = [(tmp_path / name).read_bytes() for name in NAMES]
    reader = JournalReader(tmp_path)
    assert reader.read() == []
    assert reader.trouble == f"{tmp_path / NAMES[0]} {UPDATE}"
    writer = journal(tmp_path)
    write(writer, 60, 20)
    writer.close()
    assert writer.problem is None
    assert (tmp_path / f"{NAMES[0]}{SUFFIX}").read_bytes() == theirs[0]
    again = JournalReader(tmp_path)
    assert numbers(again.read()) == list(range(60, 80))
    assert again.trouble == ""


def test_a_damaged_letter_makes_no_newer_journal(tmp_path: Path) -> None:
    writer = journal(tmp_path)
    write(writer, 0, 60)
    writer.close()
    path = tmp_path / NAMES[0]
    path.write_bytes(b"\xb5N" + path.read_bytes()[2:])
    again = journal(tmp_path)
    write(again, 60, 10)
    again.close()
    assert not list(tmp_path.glob(f"*{SUFFIX}"))
    assert path.stat().st_size == SMALL
    reader = JournalReader(tmp_path)
    assert numbers(reader.read())[-1] == 69
    assert reader.trouble == ""


def test_blocks_and_roll_ups_of_a_later_letter_are_not_called_damaged() -> None:
    data = block.pack(rows(0, 10))
    assert len(block.Block(data)) == 10
    with pytest.raises(DamagedError, match=f"the block {UPDATE}"):
        block.Block(b"TBH2" + data[4:])
    with pytest.raises(DamagedError, match="damaged"):
        block.Block(b"TBH0" + data[4:])
    hours = rollup.pack_hours(rollup.roll_up(LAYOUT, [rows(0, 10)], block.HOUR_DS))
    rollup.unpack_hours(hours)
    with pytest.raises(DamagedError, match=f"the roll-up {UPDATE}"):
        rollup.unpack_hours(b"TBR2" + hours[4:])


def seal(folder: Path, first: int, count: int) -> History:
    history = History(folder)
    history.add([rows(first, count)], LAYOUTS)
    history.close()
    return history


def test_a_newer_month_is_told_put_aside_and_stays_part_of_the_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        newer.setattr(files, "FORMAT", 2)
        seal(tmp_path, 0, 3600)
    (path,) = paths(tmp_path)
    theirs = path.read_bytes()
    for writable in (False, True):
        with pytest.raises(HistoryError, match=UPDATE):
            Month(path, writable)
    assert list(check(tmp_path)) == [f"{path} {UPDATE}; the other months are not touched"]
    assert path.read_bytes() == theirs
    history = seal(tmp_path, 3600, 3600)
    assert history.problem is None
    aside = path.with_name(f"{path.stem}.1.db")
    assert aside.read_bytes() == theirs
    assert any(UPDATE in trouble for trouble in history.reader.troubles)
    labels, _ = everything(tmp_path)
    assert len(labels) == 3600
    with monkeypatch.context() as newer:
        newer.setattr(files, "FORMAT", 2)
        labels, _ = everything(tmp_path)
        assert len(labels) == 7200  # the newer program finds all of it


def test_a_month_that_says_no_format_is_of_the_first(tmp_path: Path) -> None:
    seal(tmp_path, 0, 100)
    (path,) = paths(tmp_path)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (files.FORMAT,)
        database.execute("PRAGMA user_version=0")
    seal(tmp_path, 100, 100)
    assert len(everything(tmp_path)[0]) == 200
    assert paths(tmp_path) == [path]


def test_an_incident_of_a_newer_program_is_told(tmp_path: Path) -> None:
    path = tmp_path / "incident.jsonl.gz"
    for said, sentence in ((f"{INCIDENT[:-1]}9", f"it {UPDATE}"), ("a diary", "it is no incident file")):
        path.write_bytes(gzip.compress(json.dumps({"format": said}).encode()))
        with pytest.raises(ValueError, match=sentence):
            read(path)
