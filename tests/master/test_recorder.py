import threading
from pathlib import Path

import pytest

from tbms.master import recorder as module
from tbms.master.recorder import Recorder
from tbms.model.event import Event, EventKind, Phase
from tbms.model.fault import Severity
from tbms.store.events import EventReader, EventStore
from tbms.store.memory import Memory

EVENT = Event(1.0, 2.0, EventKind.SYSTEM, "start", Phase.CHANGED, Severity.INFO)


def keys(folder: Path) -> list[int]:
    return [values["id"] for values in EventReader(folder / "events").after(0, 100_000)]


def test_events_and_values_are_on_disk_after_the_end(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    for _ in range(5):
        recorder.write([EVENT, EVENT])
    recorder.remember({"soc": 0.4})
    recorder.remember({"soc": 0.5})
    recorder.write([])
    assert recorder.close()
    assert keys(tmp_path) == list(range(1, 11))
    assert Memory(tmp_path).load() == {"soc": 0.5}


def test_a_disk_that_refuses_is_said_and_nothing_is_lost_when_it_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.01)
    refused, works = threading.Event(), threading.Event()
    append = EventStore.append

    def failing(store: EventStore, events: tuple[Event, ...]) -> tuple[Event, ...]:
        if not works.is_set():
            refused.set()
            raise OSError(28, "No space left on device")
        return append(store, events)

    monkeypatch.setattr(EventStore, "append", failing)
    recorder = Recorder(tmp_path)
    recorder.write([EVENT] * 3)
    assert refused.wait(5)
    recorder.write([EVENT])
    works.set()
    assert recorder.close()
    assert keys(tmp_path) == [1, 2, 3, 4]
    assert recorder.failing == ""
    assert recorder.lost == 0


def test_a_folder_that_cannot_be_made_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    recorder = Recorder(tmp_path / "file")
    recorder.write([EVENT])
    assert recorder.close()
    assert recorder.failing


def test_a_disk_that_hangs_costs_events_but_no_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LAST", 0.05)
    hangs, goes_on = threading.Event(), threading.Event()
    append = EventStore.append

    def hanging(store: EventStore, events: tuple[Event, ...]) -> tuple[Event, ...]:
        hangs.set()
        goes_on.wait(10)
        return append(store, events)

    monkeypatch.setattr(EventStore, "append", hanging)
    recorder = Recorder(tmp_path)
    recorder.write([EVENT])
    assert hangs.wait(5)
    for _ in range(module.QUEUED + 50):
        recorder.write([EVENT])
        recorder.remember({})
    assert recorder.lost >= 50
    assert not recorder.close()
    goes_on.set()
    recorder._thread.join(5)
