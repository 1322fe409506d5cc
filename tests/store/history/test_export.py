import csv
import io
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from tests.store.history.helpers import FOR_EVER, LAYOUT, LAYOUTS, START, everything, rows, values

from tbms.store.history.block import Rows
from tbms.store.history.channels import MASK, UNKNOWN
from tbms.store.history.export import to_csv
from tbms.store.history.files import HistoryError
from tbms.store.history.history import History
from tbms.store.history.importing import import_file
from tbms.store.history.parquet import to_parquet
from tbms.store.history.reader import Reader
from tbms.store.history.stream import rows_between, stream

COUNT = 5000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("history")
    history = History(folder)
    history.add([rows(0, COUNT)], LAYOUTS)
    history.close()
    return folder


def exported(folder: Path, names: tuple[str, ...] = LAYOUT.names) -> bytes:
    reader, file = Reader(folder), io.BytesIO()
    assert rows_between(reader, *FOR_EVER) == to_csv(stream(reader, *FOR_EVER, names), names, file)
    return file.getvalue()


def test_csv_has_every_value_and_nothing_where_unknown(folder: Path) -> None:
    lines = list(csv.reader(io.StringIO(exported(folder).decode())))
    assert lines[0] == ["time", *LAYOUT.names]
    assert len(lines) == COUNT + 1
    for number in range(0, COUNT, 37):
        line = lines[number + 1]
        assert line[0] == str(START + number)
        for channel, text, stored in zip(LAYOUT.channels, line[1:], values(number, 1)[:, 0].tolist(), strict=True):
            assert text == ("" if stored == UNKNOWN else f"{stored * channel.step:.{channel.decimals}f}")


def test_times_between_seconds_have_a_decimal(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add([rows(0, 3, step=0.5)], LAYOUTS)
    history.close()
    lines = exported(tmp_path, ("v1",)).decode().splitlines()
    assert [line.partition(",")[0] for line in lines] == ["time", f"{START}", f"{START}.5", f"{START + 1}"]


def test_negative_values_and_ranges(tmp_path: Path) -> None:
    part = Rows(LAYOUT.key, 1, START * 10, True, np.arange(3, dtype=np.int64) * 10, values(0, 3).copy())
    part.values[0] = (-32767, -1, 32767)
    history = History(tmp_path)
    history.add([part], LAYOUTS)
    history.close()
    lines = exported(tmp_path, ("v1", "nothing")).decode().splitlines()
    assert [line.split(",")[1:] for line in lines[1:]] == [["-32.767", ""], ["-0.001", ""], ["32.767", ""]]


def test_an_export_comes_back_exactly_and_only_once(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_bytes(exported(folder))
    home = tmp_path / "history"
    assert import_file(home, file).stored == COUNT
    again = import_file(home, file)
    assert (again.stored, again.known) == (0, COUNT)
    labels, stored = everything(home)
    assert labels.tolist() == [(START + n) * 10 for n in range(COUNT)]
    assert (stored == values(0, COUNT)).all()


def test_an_import_fills_the_gaps_of_a_history(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_bytes(exported(folder))
    history = History(tmp_path / "history")
    history.add([rows(1000, 500), rows(3000, 2000)], LAYOUTS)
    history.close()
    done = import_file(tmp_path / "history", file)
    assert (done.stored, done.known) == (COUNT - 2500, 2500)
    labels, _ = everything(tmp_path / "history")
    assert sorted(labels.tolist()) == [(START + n) * 10 for n in range(COUNT)]


def test_other_programs_files_come_in_too(tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text(
        "\ufeffcurrent,time,v1\n-500.5,2030-01-01T01:00:00+01:00,3.3\n,2030-01-01T00:00:10Z,\n3,1893456020.5,3.4\n",
        encoding="utf-8",
    )
    assert import_file(tmp_path / "history", file).stored == 3
    reader = Reader(tmp_path / "history")
    lines = exported(tmp_path / "history", ("v1", "current")).decode().splitlines()
    assert lines[1:] == [f"{START},3.300,-500.50", f"{START + 10},,", f"{START + 20}.5,3.400,3.00"]
    assert reader.newest_layout() is not None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column time"),
        ("v1\n3.3\n", "no column time"),
        ("time,v1\n", "None"),
        ("time,speed,v1\n1893456000,1,2\n", "not speed"),
        ("time,v1,v1\n1893456000,1,2\n", "each once"),
        ("time\n1893456000\n", "the columns must be"),
        ("time,v1\n1893456000,3.3\n1893456001,abc\n", "line 3, column v1: 'abc' is not a number"),
        ("time,v1\n1893456000,3.3,5\n", "line 2: 3 fields where the header has 2"),
        ("time,v1\n12.5,3.3\n", "must be UTC in s since 1970, not 12.5"),
        ("time,v1\n2030-01-01T00:00:00,3.3\n", "no offset from UTC"),
        ("time,v1\nyesterday,3.3\n", "line 2, column time: 'yesterday'"),
        ("time,v1\n,3.3\n", "not None"),
    ],
)
def test_a_file_that_says_something_else_is_told_where(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text)
    if words == "None":
        assert import_file(tmp_path / "history", file).stored == 0
        return
    with pytest.raises(HistoryError) as caught:
        import_file(tmp_path / "history", file)
    assert words in str(caught.value)


def test_parquet_without_pyarrow_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(HistoryError, match=r"pip install .*tbms\[export\]"):
        to_parquet([], LAYOUT.channels, tmp_path / "x.parquet")
    (tmp_path / "x.parquet").write_bytes(b"")
    with pytest.raises(HistoryError, match="pyarrow, which is not installed"):
        import_file(tmp_path, tmp_path / "x.parquet")


def test_parquet_has_every_value_and_comes_back(folder: Path, tmp_path: Path) -> None:
    parquet = import_module("pyarrow.parquet")
    reader, file = Reader(folder), tmp_path / "export.parquet"
    assert to_parquet(stream(reader, *FOR_EVER, LAYOUT.names), LAYOUT.channels, file) == COUNT
    table = parquet.read_table(file)
    assert table.column_names == ["time", *LAYOUT.names]
    times = table.column("time").to_pylist()
    assert times[0] == datetime.fromtimestamp(START, UTC)
    for place, channel in enumerate(LAYOUT.channels):
        column = table.column(channel.name).to_pylist()
        step = 1 if channel.unit == MASK else channel.step
        for number in range(0, COUNT, 53):
            stored = int(values(number, 1)[place, 0])
            assert (
                column[number] is None if stored == UNKNOWN else float(column[number]) == pytest.approx(stored * step)
            )
    assert import_file(tmp_path / "history", file).stored == COUNT
    assert (everything(tmp_path / "history")[1] == values(0, COUNT)).all()


def test_a_full_card_is_told_of_a_parquet_file(folder: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        to_parquet(stream(Reader(folder), *FOR_EVER, LAYOUT.names), LAYOUT.channels, Path("/dev/full"))
