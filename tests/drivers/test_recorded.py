"""Recorded CSV files as samples, and every way in which one can be malformed."""

import gzip
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tbms.drivers.recorded import Recording
from tbms.model.sample import Sample
from tbms.ports import Corrupt


def written(folder: Path, text: str, name: str = "day.csv") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def read(path: Path, cells: int = 1) -> list[Sample]:
    recording = Recording(path)
    try:
        return list(recording.samples(cells))
    finally:
        recording.close()


@pytest.mark.parametrize("name", ["day.csv", "day.csv.gz"])
def test_cells_and_spread_temperatures(tmp_path: Path, name: str) -> None:
    header = "time,current,v1,v2,v3,v4,v5,v6,t1,t2,t3,soc"
    path = written(tmp_path, f"{header}\n0,-65,1,2,3,4,5,6,22,23,24,0.5\n1.5,1,1,2,3,4,5,,,9,9,x\n", name)
    first, second = read(path, 6)
    assert (first.time, first.current) == (0.0, -65.0)
    assert [first.pack_voltage, first.switches] == [None, None]
    assert [*first.cell_voltages] == [1, 2, 3, 4, 5, 6]
    assert [*first.temperatures] == [22, 22, 23, 23, 24, 24]
    assert [*second.cell_voltages] == [1, 2, 3, 4, 5, None]
    assert [*second.temperatures] == [None, None, 9, 9, 9, 9]
    assert second.timestamp == 1.5


def test_a_pack_voltage_is_divided_and_kept(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufefftime, current ,voltage,temperature\n0,1,13.2,20\n1,,,\n\n2,nan,13.6,21\n")
    first, second, third = read(path, 4)
    assert first.cell_voltages == pytest.approx((3.3,) * 4)
    assert first.pack_voltage == 13.2
    assert [*first.temperatures] == [20] * 4
    assert [second.current, second.pack_voltage, *second.cell_voltages, *second.temperatures] == [None] * 10
    assert third.current != third.current


def test_cells_and_a_pack_voltage_are_both_kept(tmp_path: Path) -> None:
    sample = read(written(tmp_path, "v2,v1,voltage,current,time\n3.2,3.1,6.4,0,0\n"), 2)[0]
    assert (sample.cell_voltages, sample.pack_voltage, sample.temperatures) == ((3.1, 3.2), 6.4, ())


def test_the_share_read_grows_to_one(tmp_path: Path) -> None:
    recording = Recording(written(tmp_path, "time,current,voltage\n" + "".join(f"{k},0,3.3\n" for k in range(9000))))
    shares = [recording.read for _ in recording.samples(1)]
    assert shares == sorted(shares)
    assert shares[0] < 0.5
    assert shares[-1] == 1.0
    recording.close()


@pytest.mark.parametrize(
    ("text", "line", "column", "expected"),
    [
        ("", 1, "time", "expected a header with the column time, found nothing"),
        ("current,voltage\n", 1, "time", "expected a header with the column time, found current, voltage"),
        ("time,voltage\n", 1, "current", "expected a header with the column current"),
        ("time,current\n", 1, "voltage", "expected a column voltage (of the pack), or one for each cell"),
        ("time,current,v1,v3\n", 1, "v", "expected v1, v2, ... without a gap"),
        ("time,current,v1,t2\n", 1, "t", "expected t1, t2, ... without a gap"),
        ("time,time,current,v1\n", 1, "time", "expected this column once, found it twice"),
        ("time,current,v1\n0,1\n", 2, "", "expected 3 columns, found 2"),
        ("time,current,v1\n0,1,3,4\n", 2, "", "expected 3 columns, found 4"),
        ("time,current,v1\n0,1,3.3\n1,x,3.3\n", 3, "current", 'expected a number, found "x"'),
        ("time,current,v1\n0,1,3.3\n1,1,3.3V\n", 3, "v1", 'expected a number, found "3.3V"'),
        ("time,current,v1\n,1,3.3\n", 2, "time", 'expected a number of seconds, found ""'),
        ("time,current,v1\ninf,1,3.3\n", 2, "time", 'expected a number of seconds, found "inf"'),
        ("time,current,v1\n5,1,3.3\n5,1,3.3\n", 3, "time", "expected a time after 5 s, found 5"),
        ("time,current,v1\n5,1,3.3\n\n4.5,1,3.3\n", 4, "time", "expected a time after 5 s, found 4.5"),
    ],
)
def test_what_is_malformed_is_named_with_file_line_column(
    tmp_path: Path, text: str, line: int, column: str, expected: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(Corrupt) as caught:
        read(path)
    where = f"{path}, line {line}" + (f", column {column}" if column else "")
    assert str(caught.value).startswith(f"{where}: {expected}")


def test_damaged_files_are_named(tmp_path: Path) -> None:
    whole = gzip.compress(b"time,current,voltage\n" + b"".join(b"%d,0,3.3\n" % k for k in range(3000)))
    for name, data in (("cut.csv.gz", whole[:-900]), ("bad.csv.gz", whole[:60] + b"\0\0\0\0" + whole[64:])):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(Corrupt, match="damaged or cut short"):
            read(path)
    path = tmp_path / "text.csv"
    path.write_bytes(b"time,current,voltage\n0,1,3\xff\n")
    with pytest.raises(Corrupt, match="UTF-8"):
        read(path)
    path.write_bytes(b'time,current,voltage\n0,"' + b"1" * 200000 + b'",3\n')
    with pytest.raises(Corrupt, match="commas"):
        read(path)


@given(st.lists(st.lists(st.text('0123456789.,"\n eE-+naif', max_size=6), min_size=3, max_size=3), max_size=8))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_samples_or_a_sentence(tmp_path: Path, rows: list[list[str]]) -> None:
    path = written(tmp_path, "time,current,voltage\n" + "\n".join(",".join(row) for row in rows))
    try:
        samples = read(path)
    except Corrupt as problem:
        sentence = str(problem)
    else:
        sentence = f"{path}, line"
        assert all(before.time < after.time for before, after in pairwise(samples))
    assert sentence.startswith(f"{path}, line")
