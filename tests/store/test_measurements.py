import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.history.helpers import LAYOUT, START, value

from tbms.store.frame import Frame, Origin, pack_rows, parse, walk
from tbms.store.history.channels import TICKS, layout
from tbms.store.history.intake import rows_of, rows_of_all
from tbms.store.journal_reader import JournalReader
from tbms.store.measurements import NAMES, WAITING, MeasurementJournal, boot_name, clock_settled

COLUMNS = len(LAYOUT.channels)
SMALL = 8192


def row(number: int, relays: int = 0) -> tuple[int, ...]:
    return (*(value(number, column) for column in range(COLUMNS - 2)), relays, 0)


def write(journal: MeasurementJournal, first: int, count: int, step: float = 1.0) -> None:
    for number in range(first, first + count):
        journal.append(number * step, START + number * step, row(number))


def journal(folder: Path, **more: int) -> MeasurementJournal:
    return MeasurementJournal(folder, LAYOUT, **({"boot": 7, "file_bytes": SMALL} | more))


def numbers(frames: list[Frame]) -> list[int]:
    """Times of all rows, s, of frames whose values are what they should be."""
    found = []
    for frame in frames:
        rows = rows_of(frame, LAYOUT)
        for place, time in enumerate((rows.times_ds // TICKS).tolist()):
            assert tuple(rows.values[:-2, place].tolist()) == row(time)[:-2]
            found.append(time)
    return found


def test_ten_rows_make_a_frame(tmp_path: Path) -> None:
    writer = journal(tmp_path)
    write(writer, 0, 9)
    assert writer.acknowledged == 0
    write(writer, 9, 1)
    assert writer.acknowledged == 10
    write(writer, 10, 5)
    assert numbers(JournalReader(tmp_path).read()) == list(range(10))
    writer.close()
    assert numbers(JournalReader(tmp_path).read()) == list(range(15))


def test_a_relay_edge_is_on_disk_at_once(tmp_path: Path) -> None:
    writer = journal(tmp_path)
    writer.append(0, START, row(0))
    writer.append(1, START + 1, row(1, relays=4))
    assert writer.acknowledged == 2


def test_rare_rows_wait_a_minute_at_most(tmp_path: Path) -> None:
    writer = journal(tmp_path)
    for number in range(1, 13):
        writer.append(number * 10, START + number * 10, row(number * 10))
        assert writer.acknowledged == number // 6 * 6


def test_the_files_are_full_size_from_the_start(tmp_path: Path) -> None:
    journal(tmp_path)
    for name in NAMES:
        status = (tmp_path / name).stat()
        assert status.st_size == SMALL
        assert status.st_blocks * 512 >= SMALL


def test_48_hours_fit_a_file_as_sized(tmp_path: Path) -> None:
    frame = pack_rows(
        Origin(1, 2, 3, 4, 5, True), range(10), [[3300 + (n * 7 + c * 5) % 4 for c in range(39)] for n in range(10)]
    )
    assert len(frame) / 10 < 6 + 39


def test_the_oldest_rows_give_way_and_a_whole_file_is_always_there(tmp_path: Path) -> None:
    writer = journal(tmp_path)
    write(writer, 0, 5000)
    kept = numbers(JournalReader(tmp_path).read())
    assert kept[-1] == 4999
    assert kept == list(range(kept[0], 5000))
    assert len(kept) > 600
    generations = {frame.generation for frame in JournalReader(tmp_path).read()}
    assert len(generations) == 2
    assert min(generations) > 3


def test_a_new_start_goes_on_where_the_last_ended(tmp_path: Path) -> None:
    for start in range(0, 2000, 77):
        writer = journal(tmp_path)
        write(writer, start, 77)
        writer.close()
    kept = numbers(JournalReader(tmp_path).read())
    assert kept == list(range(kept[0], 26 * 77))
    frames = JournalReader(tmp_path).read()
    assert [frame.sequence for frame in frames[1:]] == [frame.next_sequence for frame in frames[:-1]]


@settings(max_examples=25, deadline=None)
@given(lengths=st.lists(st.integers(0, 300), min_size=1, max_size=8))
def test_a_follower_gets_every_row_once(tmp_path_factory: pytest.TempPathFactory, lengths: list[int]) -> None:
    folder = tmp_path_factory.mktemp("journal")
    writer, reader = journal(folder), JournalReader(folder)
    got: list[int] = []
    for length in lengths:
        write(writer, len(got), length)
        writer.flush()
        got += numbers(reader.read())
        assert got == list(range(len(got)))
    assert len(got) == sum(lengths)


def test_a_follower_left_behind_starts_again(tmp_path: Path) -> None:
    writer, reader = journal(tmp_path), JournalReader(tmp_path)
    write(writer, 0, 100)
    assert len(numbers(reader.read())) == 100
    write(writer, 100, 4000)
    kept = numbers(reader.read())
    assert kept == list(range(kept[0], 4100))


def test_rows_after_a_number_can_be_asked_for_in_portions(tmp_path: Path) -> None:
    writer, reader = journal(tmp_path), JournalReader(tmp_path)
    write(writer, 0, 500)
    after, got = 0, list[int]()
    while portion := reader.after(after, limit=7):
        got += numbers(portion)
        after = portion[-1].next_sequence - 1
    assert got == list(range(500))
    assert numbers(reader.after(495)) == list(range(490, 500))
    write(writer, 500, 10)
    assert numbers(reader.after(500)) == list(range(500, 510))
    assert numbers(reader.after(10**9))[-1] == 509  # another journal's number: all that is here


def test_every_damaged_byte_costs_one_frame_at_most(tmp_path: Path) -> None:
    writer = journal(tmp_path)
    write(writer, 0, 60)
    writer.close()
    path = tmp_path / NAMES[0]
    whole = path.read_bytes()
    used = max(end for end, _ in walk(whole))
    for place in range(0, used, 3):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        path.write_bytes(bytes(damaged))
        frames = JournalReader(tmp_path).read()
        got = numbers(frames)
        assert len(got) >= 50
        assert got == sorted(got)
        writer = journal(tmp_path)
        write(writer, 1000, 10)
        writer.close()
        assert numbers(JournalReader(tmp_path).read())[-10:] == list(range(1000, 1010))


def test_a_torn_last_frame_is_written_over(tmp_path: Path) -> None:
    writer = journal(tmp_path)
    write(writer, 0, 40)
    path = tmp_path / NAMES[0]
    whole = path.read_bytes()
    ends = [end for end, _ in walk(whole)]
    for cut in range(ends[-2], ends[-1]):
        path.write_bytes(whole[:cut] + bytes(len(whole) - cut))
        assert numbers(JournalReader(tmp_path).read()) == list(range(30))
        again = journal(tmp_path)
        write(again, 30, 10)
        again.close()
        assert numbers(JournalReader(tmp_path).read()) == list(range(40))


def test_damage_while_following_is_stepped_over(tmp_path: Path) -> None:
    writer, reader = journal(tmp_path), JournalReader(tmp_path)
    write(writer, 0, 10)
    assert len(reader.read()) == 1
    write(writer, 10, 30)
    path = tmp_path / NAMES[0]
    data = bytearray(path.read_bytes())
    starts = [end - len(frame.data) for end, frame in walk(bytes(data))]
    data[starts[-3] + 60] ^= 0xFF
    path.write_bytes(bytes(data))
    assert numbers(reader.read()) == list(range(20, 40))
    assert reader.skipped > 50


def test_a_clock_that_is_set_changes_the_offset_from_then_on(tmp_path: Path) -> None:
    writer = journal(tmp_path)
    for number in range(20):
        late = 500 if number >= 7 else 0
        writer.append(number, START + number + late + 0.04 * (number % 3), row(number), settled=number >= 7)
    writer.close()
    frames = JournalReader(tmp_path).read()
    offsets = [(frame.rows, frame.offset_ds / TICKS - START, frame.settled) for frame in frames]
    assert offsets == [(7, 0, False), (3, 500, True), (10, 500, True)]
    assert len(rows_of_all(frames, {LAYOUT.key: LAYOUT})) == 2


def test_small_jitter_does_not_leave_the_grid(tmp_path: Path) -> None:
    writer = journal(tmp_path)
    for number in range(60):
        time = 5.05 + number + 0.01 * (number % 5) - 0.02
        writer.append(time, START + time, row(number))
    writer.close()
    times = [rows_of(frame, LAYOUT).times_ds for frame in JournalReader(tmp_path).read()]
    steps = {int(b - a) for part in times for a, b in pairwise(part)}
    assert steps == {10}


def test_a_clock_that_runs_backwards_is_another_clock(tmp_path: Path) -> None:
    writer = journal(tmp_path)
    write(writer, 1000, 5)
    write(writer, 0, 5)
    writer.append(4, START + 4, row(4))
    writer.close()
    frames = JournalReader(tmp_path).read()
    assert [frame.rows for frame in frames] == [1, 4, 6]
    assert frames[1].boot == 7 != frames[2].boot
    assert rows_of(frames[2], LAYOUT).times_ds.tolist()[-2:] == [40, 41]


def test_another_pack_has_another_layout(tmp_path: Path) -> None:
    write(writer := journal(tmp_path), 0, 20)
    writer.close()
    bigger = MeasurementJournal(tmp_path, layout(4), boot=8, file_bytes=2 * SMALL)
    bigger.append(0, START, (1,) * len(layout(4).channels))
    bigger.close()
    reader = JournalReader(tmp_path)
    frames = reader.read()
    assert set(reader.layouts.values()) == {LAYOUT, layout(4)}
    assert len(rows_of_all(frames, reader.layouts)) == 2
    assert (tmp_path / NAMES[1]).stat().st_size == 2 * SMALL


def test_a_long_gap_ends_a_frame(tmp_path: Path) -> None:
    writer = journal(tmp_path)
    writer.append(0, START, row(0))
    writer.append(1, START + 1, row(1))
    writer.append(90_000, START + 90_000, row(90_000))
    writer.close()
    assert numbers(JournalReader(tmp_path).read()) == [0, 1, 90_000]


def test_a_disk_that_refuses_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    blocked = tmp_path / "folder"
    blocked.write_text("a file where the folder should be")
    writer = journal(blocked)
    write(writer, 0, 100)
    assert "cannot be stored" in (writer.problem or "")
    assert writer.acknowledged == 0
    blocked.unlink()
    write(writer, 100, 20)
    assert writer.problem is None
    assert numbers(JournalReader(blocked).read()) == list(range(120))


def test_an_hour_is_kept_while_the_disk_refuses(tmp_path: Path) -> None:
    blocked = tmp_path / "folder"
    blocked.write_text("a file where the folder should be")
    writer = journal(blocked)
    write(writer, 0, WAITING + 50)
    assert writer.lost == 50
    blocked.unlink()
    writer.close()
    assert writer.acknowledged == WAITING


def test_a_failed_write_is_repeated_at_the_same_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = journal(tmp_path)
    write(writer, 0, 10)
    for error in (OSError(5, "Input/output error"), None):
        with monkeypatch.context() as patch:
            if error:
                patch.setattr(os, "fdatasync", lambda file, error=error: (_ for _ in ()).throw(error))
            else:
                patch.setattr(os, "pwrite", lambda file, data, place: 0)
            write(writer, 10 if error else 20, 10)
        assert "cannot be stored" in (writer.problem or "")
        assert writer.acknowledged == 10
    write(writer, 30, 20)
    assert writer.problem is None
    assert numbers(JournalReader(tmp_path).read()) == list(range(50))


def test_an_empty_folder_has_no_rows(tmp_path: Path) -> None:
    assert JournalReader(tmp_path).read() == []
    assert JournalReader(tmp_path).after(0) == []


def test_frames_of_an_unknown_layout_are_left_out(tmp_path: Path) -> None:
    write(writer := journal(tmp_path), 0, 20)
    writer.close()
    assert rows_of_all(JournalReader(tmp_path).read(), {}) == []


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200))
def test_foreign_bytes_are_no_frames(data: bytes) -> None:
    assert parse(b"\xb5\x4d" + data) is None
    assert list(walk(data)) == []


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(st.tuples(*[st.integers(-32768, 32767)] * 3), min_size=1, max_size=10),
    steps=st.lists(st.integers(1, 65_535), min_size=9, max_size=9),
)
def test_any_rows_come_back_from_a_frame(rows: list[tuple[int, ...]], steps: list[int]) -> None:
    columns = type(LAYOUT)(LAYOUT.channels[:3])
    times = [5 + sum(steps[:place]) for place in range(len(rows))]
    frame = parse(pack_rows(Origin(9, columns.key, 1, 2**64 - 1, -5, True), times, rows))
    assert frame is not None
    after = rows_of(frame, columns)
    assert (after.boot, after.offset_ds, after.settled) == (2**64 - 1, -5, True)
    assert after.times_ds.tolist() == times
    assert [tuple(column) for column in after.values.T.tolist()] == rows


def test_the_machine_has_a_boot_and_a_clock() -> None:
    assert boot_name() == boot_name() or boot_name() > 0
    assert clock_settled() in (True, False)
