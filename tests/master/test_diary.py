import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.monitor import scenes

from tbms.master.diary import Diary
from tbms.model.snapshot import Activity, Snapshot
from tbms.store.frame import Frame
from tbms.store.history.channels import layout
from tbms.store.history.intake import rows_of_all
from tbms.store.journal_reader import JournalReader
from tbms.store.measurements import boot_name
from tbms.store.plain import plain


def kept(folder: Path, seen: list[Snapshot]) -> tuple[list[Frame], JournalReader]:
    diary = Diary(folder)
    for snapshot in seen:
        diary.take(plain(snapshot))
    diary.close()
    assert diary.problem is None
    reader = JournalReader(folder)
    return reader.read(), reader


def later(snapshot: Snapshot, by: float, **changes: Any) -> Snapshot:
    return replace(snapshot, time=snapshot.time + by, timestamp=snapshot.timestamp + by, **changes)


def test_a_row_a_second_with_what_was_measured(tmp_path: Path) -> None:
    frames, reader = kept(tmp_path, [later(scenes.calm(4), tick / 10) for tick in range(100)])
    rows = rows_of_all(frames, reader.layouts)
    assert sum(map(len, rows)) == 10
    columns = layout(4, 560.0)
    assert rows[0].layout == columns.key
    assert rows[0].values[columns.index["v1"]][0] == 3312
    assert rows[0].values[columns.index["soc"]][0] == 7600


def test_after_a_minute_of_rest_a_row_every_ten_seconds(tmp_path: Path) -> None:
    resting = replace(scenes.calm(4), activity=Activity.RESTING)
    busy = [scenes.calm(4)]
    frames, _ = kept(tmp_path, busy + [later(resting, second) for second in range(1, 161)])
    assert sum(frame.rows for frame in frames) == 1 + 60 + 10


def test_a_turned_switch_is_written_at_once(tmp_path: Path) -> None:
    calm = scenes.calm(4)
    off = tuple(replace(output, on=False) for output in calm.outputs)
    frames, reader = kept(
        tmp_path, [calm, later(calm, 0.1), later(calm, 0.2, outputs=off), later(calm, 0.3, outputs=off)]
    )
    rows = rows_of_all(frames, reader.layouts)
    assert list(rows[0].times_ds - rows[0].times_ds[0]) == [0, 2]


def test_a_virtual_clock_has_a_boot_of_its_own(tmp_path: Path) -> None:
    real = replace(scenes.calm(4), time=time.monotonic())
    frames, _ = kept(tmp_path / "real", [real])
    assert frames[0].boot == boot_name()
    virtual = replace(scenes.calm(4), time=time.monotonic() + 1e6)
    first, _ = kept(tmp_path / "virtual", [virtual])
    both, _ = kept(tmp_path / "virtual", [virtual])
    assert len({first[0].boot, boot_name(), both[-1].boot}) == 3


def test_a_refusing_disk_is_told_and_nothing_raises(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    diary = Diary(tmp_path / "file")
    diary.take(plain(scenes.calm(4)))
    diary.close()
    assert diary.problem
    assert "cannot be stored" in diary.problem


def test_what_is_no_whole_snapshot_is_passed_over(tmp_path: Path) -> None:
    diary = Diary(tmp_path)
    diary.take({"time": 1.0})
    diary.take(plain(scenes.calm(4)) | {"cell": [{}]})
    diary.close()
    assert diary.problem
    assert "cannot be kept" in diary.problem
