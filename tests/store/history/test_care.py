import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.store.history.helpers import LAYOUTS, START, everything, rows

from tbms.store.history import care
from tbms.store.history.files import HistoryError, paths
from tbms.store.history.history import History


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two months; the first hour of the first was sealed in four parts."""
    history = History(tmp_path / "history")
    for first in range(0, 3600, 900):
        history.add([rows(first, 900)], LAYOUTS)
        history.seal(everything=True)
    history.add([rows(3600, 7200), rows(31 * 24 * 360, 400, step=10)], LAYOUTS)
    history.close()
    assert history.problem is None
    return tmp_path / "history"


def change(folder: Path, query: str, *values: object) -> None:
    with closing(sqlite3.connect(folder / "2030-01.db")) as database, database:
        database.execute(query, values)


def flip(data: bytes, place: int) -> bytes:
    damaged = bytearray(data)
    damaged[place] ^= 1
    return bytes(damaged)


def flip_in(folder: Path, table: str, where: str, place: int) -> None:
    with closing(sqlite3.connect(folder / "2030-01.db")) as database, database:
        (data,) = database.execute(f"SELECT data FROM {table} WHERE {where}").fetchone()  # noqa: S608
        database.execute(f"UPDATE {table} SET data = ? WHERE {where}", (flip(data, place),))  # noqa: S608


def test_what_is_whole_has_no_findings(folder: Path) -> None:
    assert list(care.check(folder)) == []


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda f: flip_in(f, "block", "id = 5", 3), "the hour from 2030-01-01 01:00 UTC (3600 rows)"),
        (lambda f: flip_in(f, "block", "id = 5", -1), "alarms is damaged; its other channels are whole"),
        (lambda f: flip_in(f, "minutes", "rowid > 0", -1), "the roll-ups of 2030-01-01 are damaged"),
        (lambda f: flip_in(f, "hours", "rowid > 0", -1), "the roll-ups of 2030-01-01 are damaged"),
        (lambda f: change(f, "DELETE FROM layout"), "None"),
    ],
)
def test_damage_is_found_and_said(folder: Path, damage: Callable[[Path], None], words: str) -> None:
    before, _ = everything(folder)
    damage(folder)
    found = list(care.check(folder))
    if words == "None":
        assert found == []
    else:
        assert len(found) == 1
        assert words in found[0]
        assert found[0].startswith("2030-01.db: ")
    assert len(before) == 11_200


def test_a_ruined_file_is_one_finding_and_the_others_are_checked(folder: Path) -> None:
    (folder / "2030-01.db").write_bytes(b"no database at all" * 1000)
    found = list(care.check(folder))
    assert len(found) == 1
    assert "is damaged" in found[0]
    assert "the other months are not touched" in found[0]


def test_a_page_overwritten_in_the_file_is_found(folder: Path) -> None:
    path = folder / "2030-01.db"
    data = bytearray(path.read_bytes())
    for page in range(4, len(data) // 1024, 3):
        data[page * 1024 : page * 1024 + 200] = b"\xaa" * 200
    path.write_bytes(bytes(data))
    assert list(care.check(folder))
    labels, _ = everything(folder)
    assert (labels >= (START + 31 * 86_400) * 10).sum() == 400


def test_compacting_joins_parts_and_loses_nothing(folder: Path) -> None:
    before = everything(folder)
    assert care.compact(folder) == (3, 0)
    after = everything(folder)
    assert (before[0] == after[0]).all()
    assert (before[1] == after[1]).all()
    assert care.compact(folder) == (0, 0)
    assert list(care.check(folder)) == []


@pytest.mark.parametrize("table", ["minutes", "hours"])
def test_compacting_mends_roll_ups_from_rows(folder: Path, table: str) -> None:
    with closing(sqlite3.connect(folder / "2030-01.db")) as database:
        before = database.execute(f"SELECT data FROM {table}").fetchall()  # noqa: S608
    flip_in(folder, table, "rowid > 0", 30)
    assert care.compact(folder)[1] == 1
    assert list(care.check(folder)) == []
    with closing(sqlite3.connect(folder / "2030-01.db")) as database:
        assert database.execute(f"SELECT data FROM {table}").fetchall() == before  # noqa: S608


@pytest.mark.parametrize("place", [3, -1])
def test_compacting_leaves_damaged_parts_alone(folder: Path, place: int) -> None:
    flip_in(folder, "block", "id = 2", place)
    assert care.compact(folder)[0] == 0
    assert len(list(care.check(folder))) == 1


def test_roll_ups_without_rows_cannot_be_mended(folder: Path) -> None:
    flip_in(folder, "minutes", "rowid > 0", 3)
    change(folder, "DELETE FROM block")
    assert care.compact(folder)[1] == 0
    assert len(list(care.check(folder))) == 1


def test_roll_ups_damaged_within_a_day_are_made_again_with_the_next_hour(folder: Path) -> None:
    flip_in(folder, "minutes", "rowid > 0", 30)
    history = History(folder)
    history.add([rows(10_800, 600, boot=2)], LAYOUTS)
    history.close()
    assert history.problem is None
    assert list(care.check(folder)) == []


def test_the_figures_add_up(folder: Path) -> None:
    january, february = care.figures(folder)
    assert (january.name, january.rows, january.blocks) == ("2030-01", 10_800, 6)
    assert (february.name, february.rows) == ("2030-02", 400)
    assert january.file_bytes > january.raw_bytes + january.minute_bytes + january.hour_bytes > 10_000


def test_a_backup_while_it_is_written_is_whole_and_copies_only_what_changed(folder: Path, tmp_path: Path) -> None:
    history = History(folder)
    history.add([rows(0, 4000, boot=9, start=START + 31 * 86_400 + 50_000)], LAYOUTS)
    history.seal()
    target = tmp_path / "backup"
    assert care.backup(folder, target) == 2
    history.close()
    assert care.backup(folder, target) == 1
    assert care.backup(folder, target) == 0
    assert sorted(path.name for path in target.iterdir()) == ["2030-01.db", "2030-02.db"]
    assert list(care.check(target)) == []
    assert (everything(target)[0] == everything(folder)[0]).all()


def test_a_backup_to_a_place_that_cannot_be_written_says_so(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryError, match="cannot be used"):
        care.backup(folder, tmp_path / "file" / "backup")
    assert len(paths(folder)) == 2
