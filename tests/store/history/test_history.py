import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.history.helpers import LAYOUT, LAYOUTS, START, everything, rows, values

from tbms.store.history.block import HOUR_DS, Rows
from tbms.store.history.channels import TICKS
from tbms.store.history.files import HistoryError, month_of, paths, spell
from tbms.store.history.history import EARLIEST_DS, History, unsealed
from tbms.store.history.month import Month
from tbms.store.history.query import query
from tbms.store.history.quota import size_of
from tbms.store.history.reader import Reader
from tbms.store.history.stream import stream
from tbms.store.journal_reader import JournalReader
from tbms.store.measurements import MeasurementJournal

DAY = 86_400


def month_rows(folder: Path, what: str = "block") -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for path in paths(folder):
        with closing(sqlite3.connect(path)) as database:
            found += database.execute(f"SELECT * FROM {what}").fetchall()  # noqa: S608
    return found


def check_rows(folder: Path | Reader, count: int, step: float = 1.0, first: int = 0) -> None:
    labels, stored = everything(folder)
    assert labels.tolist() == [round((START + n * step) * TICKS) for n in range(first, first + count)]
    assert (stored == values(first, count)).all()


def test_only_hours_that_are_over_are_sealed(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add([rows(0, 9000)], LAYOUTS)
    assert history.seal() == 2
    assert history.seal() == 0
    assert [part[7] for part in month_rows(tmp_path)] == [3600, 3600]
    check_rows(history.reader, 9000)
    history.close()
    check_rows(tmp_path, 9000)


def test_the_months_are_files_of_their_own(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add([rows(0, 32 * 24 * 6, step=600)], LAYOUTS)
    history.close()
    assert history.problem is None
    assert [path.name for path in paths(tmp_path)] == ["2030-01.db", "2030-02.db"]
    check_rows(tmp_path, 32 * 24 * 6, step=600)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_replaying_any_parts_again_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("history")
    history = History(folder)
    end = 0
    for _ in range(data.draw(st.integers(1, 8))):
        start = data.draw(st.integers(0, end))
        length = data.draw(st.integers(1, 400))
        new = history.add([rows(start, length, step=30)], LAYOUTS)
        assert new == max(0, start + length - end)
        end = max(end, start + length)
        action = data.draw(st.sampled_from(["nothing", "seal", "seal all", "restart", "crash"]))
        if action == "seal":
            history.seal()
        elif action == "seal all":
            history.seal(everything=True)
        elif action in ("restart", "crash"):
            history.close(seal=action == "restart")
            history = History(folder)
            history.add([rows(0, end, step=30)], LAYOUTS)
    history.close()
    check_rows(folder, end, step=30)
    weights = sum(int(part[2]) for part in month_rows(folder, "spent") if isinstance(part[2], int))
    assert abs(weights) <= end * 150
    assert query(history.reader, START, START + end * 30, ["v1"], 1).level in ("raw", "minute", "hour")


def test_roll_ups_of_an_hour_sealed_in_parts_are_those_of_the_whole(tmp_path: Path) -> None:
    whole, parts = History(tmp_path / "whole"), History(tmp_path / "parts")
    whole.add([rows(0, 3600)], LAYOUTS)
    whole.close()
    for first in range(0, 3600, 450):
        parts.add([rows(first, 450)], LAYOUTS)
        parts.seal(everything=True)
    parts.close()
    for level in ("minutes", "hours"):
        assert month_rows(tmp_path / "whole", level) == month_rows(tmp_path / "parts", level)
    assert len(month_rows(tmp_path / "parts")) == 8


def test_a_boot_whose_clock_was_set_late_is_labelled_again_also_where_sealed(tmp_path: Path) -> None:
    history = History(tmp_path)
    wrong = START - 40 * DAY - 1234
    history.add([rows(0, 8000, start=wrong, settled=False)], LAYOUTS)
    assert history.seal() > 0
    assert [path.name for path in paths(tmp_path)] == ["2029-11.db"]
    history.add([rows(8000, 100)], LAYOUTS)
    check_rows(history.reader, 8100)
    history.close()
    assert history.problem is None
    check_rows(tmp_path, 8100)
    with closing(sqlite3.connect(tmp_path / "2029-11.db")) as old:
        assert old.execute("SELECT count(*) FROM minutes").fetchone() == (0,)
        assert old.execute("SELECT sum(abs(time_ds)) FROM spent").fetchone() in [(0,), (None,)]


def test_a_clock_set_late_is_noticed_after_a_restart(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add([rows(0, 5000, start=START - 3000, settled=False)], LAYOUTS)
    history.close()
    history = History(tmp_path)
    history.add([rows(0, 5000, start=START - 3000, settled=False), rows(5000, 10)], LAYOUTS)
    history.close()
    check_rows(tmp_path, 5010)


def test_rows_of_an_impossible_clock_wait_for_it_and_then_follow_what_is_known(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add([rows(0, 3600)], LAYOUTS)
    history.seal(everything=True)
    history.add([rows(0, 20_000, boot=2, start=0, step=4, settled=False)], LAYOUTS)
    assert history.seal() == 0
    history.add([rows(20_000, 2000, boot=2, start=0, step=4, settled=False)], LAYOUTS)
    assert history.seal() > 20
    labels, _ = everything(history.reader)
    assert labels.min() >= EARLIEST_DS
    assert labels.max() < (START + 3 * DAY) * TICKS
    history.add([rows(22_000, 10, boot=2, start=START + 10 * DAY, step=4)], LAYOUTS)
    history.close()
    labels, stored = everything(tmp_path)
    expected = np.concatenate([START + np.arange(3600), START + 10 * DAY + np.arange(22_010) * 4]) * TICKS
    assert (labels == expected).all()
    assert (stored[:, 3600:] == values(0, 22_010)).all()


def test_a_settled_clock_that_jumps_moves_nothing_that_was(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add([rows(0, 4000), rows(4000, 100, start=START - 7200), rows(4100, 100, start=START + 7200)], LAYOUTS)
    history.close()
    labels, stored = everything(tmp_path)
    expected = [START + n + (0 if n < 4000 else -7200 if n < 4100 else 7200) for n in range(4200)]
    assert sorted(labels.tolist()) == sorted(label * TICKS for label in expected)
    assert stored.shape[1] == 4200


def test_local_time_and_daylight_saving_play_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        autumn = 1_919_293_200 - 7200  # 2030-10-27: 02:00 to 03:00 local comes twice
        history = History(tmp_path)
        history.add([rows(0, 500, start=autumn, step=30)], LAYOUTS)
        history.close()
        labels, _ = everything(tmp_path)
        assert (np.diff(labels) == 300).all()
        assert len(labels) == 500
        assert spell(autumn * TICKS).endswith("UTC")
        assert month_of(START * TICKS) == "2030-01"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_journal_goes_in_and_is_shown_before_it_is_sealed(tmp_path: Path) -> None:
    journal = MeasurementJournal(tmp_path / "measurements", LAYOUT, boot=3, file_bytes=1 << 17)
    history, reader = History(tmp_path / "history"), JournalReader(tmp_path / "measurements")
    for number in range(5000):
        journal.append(number, START + number, values(number, 1)[:, 0].tolist())
        if number % 1000 == 999:
            journal.flush()
            assert history.take(reader.read(), reader.layouts) == 1000
            history.seal()
    check_rows(history.reader, 5000)
    history.close(seal=False)
    other = Reader(tmp_path / "history")
    other.show_tail(*unsealed(other, tmp_path / "measurements"))
    check_rows(other, 5000)
    again = History(tmp_path / "history")
    replay = JournalReader(tmp_path / "measurements")
    assert again.take(replay.read(), replay.layouts) == 1400
    again.close()
    check_rows(tmp_path / "history", 5000)


def limit_pages(month: Month, pages: int | None) -> None:
    month.database.execute(f"PRAGMA max_page_count={pages or 1 << 30}")


def test_a_full_disk_is_told_nothing_is_lost_and_sealing_goes_on_later(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add([rows(0, 3700)], LAYOUTS)
    history.seal()
    month = history._month("2030-01")
    limit_pages(month, month.select("PRAGMA page_count")[0][0])
    history.add([rows(3700, 7000)], LAYOUTS)
    assert history.seal() == 0
    assert "the disk is full" in (history.problem or "")
    check_rows(history.reader, 10_700)
    limit_pages(month, None)
    assert history.seal() == 1
    assert not history.problem
    history.close()
    check_rows(tmp_path, 10_700)


def test_a_read_only_card_is_told_and_can_be_read(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add([rows(0, 3700)], LAYOUTS)
    history.seal()
    history._month("2030-01").database.execute("PRAGMA query_only=1")
    history.add([rows(3700, 4000)], LAYOUTS)
    assert history.seal() == 0
    assert "read-only" in (history.problem or "")
    check_rows(history.reader, 7700)
    history._month("2030-01").database.execute("PRAGMA query_only=0")
    history.close()
    check_rows(tmp_path, 7700)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    history = History(tmp_path / "file" / "history")
    history.add([rows(0, 3700)], LAYOUTS)
    assert history.seal() == 0
    assert "cannot be used" in (history.problem or "")
    check_rows(history.reader, 3700)


def test_a_ruined_file_is_set_aside_and_sealing_goes_on(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add([rows(0, 3700)], LAYOUTS)
    history.close()
    ruined = tmp_path / "2030-01.db"
    data = ruined.read_bytes()
    ruined.write_bytes(b"\xff" * 5000 + data[5000:])
    history = History(tmp_path)
    history.add([rows(3700, 7000)], LAYOUTS)
    history.close()
    assert [path.name for path in paths(tmp_path)] == ["2030-01.1.db", "2030-01.db"]
    assert any("set aside as 2030-01.1.db" in text for text in history.reader.troubles)
    labels, _ = everything(tmp_path)
    assert len(labels) == 7000


def test_damage_in_one_channel_leaves_the_others_and_minutes_stand_in_for_a_lost_hour(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add([rows(0, 3 * 3600)], LAYOUTS)
    history.close()
    with closing(sqlite3.connect(tmp_path / "2030-01.db")) as database:
        for number, place in ((1, 10), (2, -3)):
            (data,) = database.execute("SELECT data FROM block WHERE id = ?", (number,)).fetchone()
            damaged = bytearray(data)
            damaged[place] ^= 1
            database.execute("UPDATE block SET data = ? WHERE id = ?", (bytes(damaged), number))
        database.commit()
    reader = Reader(tmp_path)
    view = query(reader, START, START + 3 * 3600, ["v1", "alarms"], 1080)
    assert np.isnan(view.curves["v1"].mean[:360]).sum() == 300  # one minute in six columns is there
    assert not np.isnan(view.curves["v1"].mean[360:]).any()
    assert np.isnan(view.curves["alarms"].mean[360:720]).sum() >= 300
    assert not np.isnan(view.curves["alarms"].mean[720:]).any()
    texts = list(reader.troubles)
    assert any("2030-01.db: the hour from 2030-01-01 00:00 UTC" in text for text in texts)
    assert any("2030-01.db: alarms in the hour from 2030-01-01 01:00 UTC" in text for text in texts)
    assert all("nothing else is lost" in text for text in texts)


def test_the_quota_takes_the_oldest_rows_and_leaves_the_roll_ups(tmp_path: Path) -> None:
    history = History(tmp_path, quota=600_000)
    for day in range(0, 70, 5):
        history.add([rows(day * 1440, 7200, step=60)], LAYOUTS)
        history.seal()
    assert history.problem is None
    assert size_of(tmp_path) < 700_000
    history.close()
    labels, _ = everything(tmp_path)
    assert labels[0] > (START + 20 * DAY) * TICKS
    assert labels[-1] == (START + (70 * 1440 - 1) * 60) * TICKS
    view = query(history.reader, START, START + 70 * DAY, ["v1"], 70)
    assert not np.isnan(view.curves["v1"].mean).any()
    assert not np.isnan(query(history.reader, START, START + 3600, ["v1"], 3600).curves["v1"].mean).all()


def test_slow_quantities_are_kept(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.note(START, {"resistance_1": 0.0004, "capacity": 279.5})
    history.note(START + 3600, {"capacity": 279.4})
    assert history.reader.trend("capacity", START, START + DAY) == [(START, 279.5), (START + 3600, 279.4)]


def test_memory_is_bounded_while_nothing_can_be_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tbms.store.history.history.MOST_WAITING", 3000)
    history = History(tmp_path)
    for boot in range(1, 8):
        history.add([rows(0, 1000, boot=boot, start=START + boot * 1000)], LAYOUTS)
    assert sum(map(len, history._tail)) == 3000


def test_the_reader_serves_more_months_than_it_keeps_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tbms.store.history.reader.OPEN_FILES", 2)
    history = History(tmp_path)
    history.add([rows(0, 200, step=DAY)], LAYOUTS)
    history.close()
    reader = Reader(tmp_path)
    assert len(everything(reader)[0]) == 200
    assert len(reader._open) == 2
    assert reader.extent() == (START * TICKS, (START + 200 * DAY) * TICKS)


def test_an_hour_split_by_another_boot_keeps_both(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add([rows(0, 1000), rows(0, 1000, boot=2, start=START + 1500)], LAYOUTS)
    history.seal()
    assert len(month_rows(tmp_path)) == 1  # the older boot is over, the newer goes on
    history.close()
    assert len(everything(tmp_path)[0]) == 2000


def test_a_folder_without_files_is_an_empty_history(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "nowhere")
    assert reader.extent() is None
    assert reader.newest_layout() is None
    with pytest.raises(HistoryError, match="cannot be used"):
        Month(tmp_path / "2030-01.db")
    assert os.listdir(tmp_path) == []


def test_rows_of_two_layouts_live_side_by_side(tmp_path: Path) -> None:
    small = type(LAYOUT)(LAYOUT.channels[:2])
    history = History(tmp_path)
    fewer = Rows(small.key, 5, (START + 1800) * TICKS, True, np.arange(100, dtype=np.int64) * 10, values(0, 100, 2))
    history.add([rows(0, 1800)], LAYOUTS)
    history.add([fewer], {small.key: small})
    history.close()
    view = query(history.reader, START, START + 3600, ["v1", "v2"], 60)
    assert np.isnan(view.curves["v1"].mean).sum() == 28
    labels, stored = everything(tmp_path)
    assert len(labels) == 1900
    assert (stored[2:, 1800:] == -32768).all()
    assert HOUR_DS == 36_000


def test_rows_are_sealed_in_the_order_of_a_boot_whatever_its_clock_does(tmp_path: Path) -> None:
    history = History(tmp_path)
    parts = [
        rows(0, 1000, step=3),
        rows(1000, 1000, step=3, start=START - 10_800),
        rows(2000, 1500, step=3, start=START - 7200),
    ]
    history.add(parts, LAYOUTS)
    history.seal()
    history.close(seal=False)
    history = History(tmp_path)
    history.add(parts, LAYOUTS)
    history.close()
    assert len(everything(tmp_path)[0]) == 3500


def test_an_export_under_way_neither_misses_nor_repeats_what_is_sealed_meanwhile(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add([rows(0, 10_000)], LAYOUTS)
    history.seal()
    tables = stream(history.reader, 0, 1 << 50, LAYOUT.names)
    labels = [next(tables).labels_ds]
    history.seal(everything=True)
    labels += [table.labels_ds for table in tables]
    assert np.concatenate(labels).tolist() == [(START + n) * TICKS for n in range(10_000)]
