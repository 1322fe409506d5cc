from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbms.model.event import Event, EventKind, Glance, Phase
from tbms.model.fault import Severity
from tbms.model.snapshot import ContactorPhase
from tbms.store.events import EventReader, EventStore, segments
from tbms.store.plain import event_from

CAME = Event(
    12.5, 1.7e9, EventKind.FAULT, "cell_overvoltage", Phase.CAME, Severity.ALARM, 3, 3.66, 3.65, "V", "because"
)

CLOSED = ContactorPhase.CLOSED
GLANCE = Glance(53.21, -112.4, 0.581, 3.312, 11, 3.338, 12, 21.4, 23.1, CLOSED, CLOSED, (1, 2, 3, 4))


def ids(folder: Path, after: int = 0, limit: int = 10_000) -> list[int]:
    return [values["id"] for values in EventReader(folder).after(after, limit)]


def filled(folder: Path, count: int = 5) -> bytes:
    """A log of `count` events; the bytes of its only file."""
    store = EventStore(folder)
    store.append([replace(CAME, cause=f"number {n}") for n in range(count)])
    store.close()
    return segments(folder)[0].read_bytes()


def test_an_event_comes_back_as_it_went(tmp_path: Path) -> None:
    store = EventStore(tmp_path)
    (stored,) = store.append([CAME])
    assert (stored.id, stored.boot) == (1, 1)
    assert [event_from(values) for values in EventReader(tmp_path).after(0, 10)] == [stored]
    store.close()


def test_only_what_was_switched_carries_how_the_battery_stood(tmp_path: Path) -> None:
    store = EventStore(tmp_path)
    store.append([CAME])
    plain_size = segments(tmp_path)[0].stat().st_size
    store.append([replace(CAME, before=GLANCE, after=GLANCE)])
    store.close()
    fault, switched = EventReader(tmp_path).after(0, 10)
    assert not {"before", "after"} & fault.keys()
    assert event_from(switched).before == event_from(switched).after == GLANCE
    assert segments(tmp_path)[0].stat().st_size < 2 * plain_size + 490, "bytes: kept for life"


def test_nothing_to_append_writes_nothing(tmp_path: Path) -> None:
    store = EventStore(tmp_path)
    assert store.append([]) == ()
    assert segments(tmp_path)[0].stat().st_size == 0
    store.close()


def test_ids_and_boots_go_on_over_restarts_and_rotation(tmp_path: Path) -> None:
    for boot in range(1, 6):
        store = EventStore(tmp_path, segment_bytes=500)
        assert store.boot == boot
        for _ in range(4):
            store.append([CAME])
        store.close()
    assert ids(tmp_path) == list(range(1, 21))
    assert len(segments(tmp_path)) > 3
    assert ids(tmp_path, after=7, limit=3) == [8, 9, 10]


def test_size_is_bounded_and_ids_survive_it(tmp_path: Path) -> None:
    store = EventStore(tmp_path, segment_bytes=300, keep=3)
    for _ in range(40):
        store.append([CAME])
    kept = ids(tmp_path)
    assert len(segments(tmp_path)) == 3
    assert kept == list(range(kept[0], 41))
    assert kept[0] > 1
    store.close()
    for path in segments(tmp_path)[:-1]:
        path.unlink()
    again = EventStore(tmp_path)
    assert again.next_id == 41
    again.close()


def test_a_reader_follows_a_writer(tmp_path: Path) -> None:
    reader, seen = EventReader(tmp_path), 0
    store = EventStore(tmp_path, segment_bytes=400)
    for number in range(1, 30):
        store.append([CAME])
        new = reader.after(seen, 100)
        assert [values["id"] for values in new] == [number]
        seen = number
    assert reader.newest() == 29
    assert reader.after(29, 10) == []
    assert EventReader(tmp_path / "none").newest() == 0
    store.close()


def test_a_log_torn_at_any_byte_loses_only_what_was_not_written(tmp_path: Path) -> None:
    whole = filled(tmp_path / "whole")
    ends = [number + 1 for number, byte in enumerate(whole) if byte == 10]
    folder = tmp_path / "torn"
    folder.mkdir()
    path = folder / "000000000001.events"
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        complete = sum(cut >= end - 1 for end in ends)  # the line feed itself may be missing
        store = EventStore(folder)
        (new,) = store.append([CAME])
        store.close()
        assert new.id == complete + 1, f"cut at byte {cut}"
        assert ids(folder) == list(range(1, complete + 2)), f"cut at byte {cut}"


def test_one_damaged_byte_anywhere_costs_at_most_two_events_and_no_id(tmp_path: Path) -> None:
    whole = filled(tmp_path / "whole")
    folder = tmp_path / "damaged"
    folder.mkdir()
    path = folder / "000000000001.events"
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x41
        path.write_bytes(damaged)
        store = EventStore(folder)
        (new,) = store.append([CAME])
        store.close()
        kept = ids(folder)
        assert kept == sorted(set(kept)), f"byte {place}"
        assert len(kept) >= 4, f"byte {place}"
        assert new.id == kept[-1] >= 5, f"byte {place}"


@settings(max_examples=60, deadline=None)
@given(tail=st.binary(max_size=300))
def test_any_rubbish_at_the_end_is_survived(tmp_path_factory: pytest.TempPathFactory, tail: bytes) -> None:
    folder = tmp_path_factory.mktemp("rubbish")
    whole = filled(folder)
    segments(folder)[0].write_bytes(whole + tail)
    store = EventStore(folder)
    (new,) = store.append([CAME])
    store.close()
    assert ids(folder) == [1, 2, 3, 4, 5, new.id]
    assert 6 <= new.id <= 6 + tail.count(b"\n") + tail.count(b'{"id":')


def test_a_full_disk_keeps_the_log_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    store = EventStore(tmp_path)
    store.append([CAME])
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", lambda file, data, offset: len(data) // 2)
        with pytest.raises(OSError, match="No space left"):
            store.append([CAME])
    (next_one,) = store.append([CAME])
    assert next_one.id == 2
    assert ids(tmp_path) == [1, 2]
    store.close()


def test_the_newest_events_across_files(tmp_path: Path) -> None:
    log = EventStore(tmp_path, segment_bytes=600)
    for number in range(20):
        log.append([replace(CAME, time=float(number))])
    log.close()
    reader = EventReader(tmp_path)
    assert [each["id"] for each in reader.recent(7)] == [14, 15, 16, 17, 18, 19, 20]
    assert [each["id"] for each in reader.recent(100)] == list(range(1, 21))
    assert EventReader(tmp_path / "nothing").recent(5) == []
