import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.store.history.helpers import LAYOUT, LAYOUTS, START, rows, values

from tbms.cli.history import history as command
from tbms.store.history.history import History
from tbms.store.measurements import MeasurementJournal


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A sealed hour and a half, and ten minutes more in the journal only."""
    history = History(tmp_path / "history")
    history.add([rows(0, 5400, boot=3)], LAYOUTS)
    history.close()
    journal = MeasurementJournal(tmp_path / "measurements", LAYOUT, boot=3, file_bytes=1 << 16)
    for number in range(5000, 6000):
        journal.append(number, START + number, values(number, 1)[:, 0].tolist())
    journal.close()
    return tmp_path


def run(data_dir: Path, *arguments: object) -> Result:
    return CliRunner().invoke(command, ["--data-dir", str(data_dir), *map(str, arguments)])


def test_check_stats_and_compact(data_dir: Path) -> None:
    assert run(data_dir, "check").output == "all is whole\n"
    assert "5,400" in run(data_dir, "stats").output
    assert "0 blocks joined" in run(data_dir, "compact").output
    with closing(sqlite3.connect(data_dir / "history" / "2030-01.db")) as database, database:
        database.execute("UPDATE block SET data = substr(data, 1, 100) WHERE id = 1")
    done = run(data_dir, "check")
    assert done.exit_code == 1
    assert "2030-01-01 00:00 UTC" in done.output
    assert "1 months read: 1 finding" in done.output


def test_export_takes_a_range_channels_and_what_is_not_sealed(data_dir: Path) -> None:
    out = data_dir / "out.csv"
    done = run(data_dir, "export", "--from", "2030-01-01T00:10", "--channels", "v,soc", out)
    assert done.exit_code == 0
    assert "5,400 rows from 2030-01-01 00:10 UTC" in done.output
    lines = out.read_text().splitlines()
    assert lines[0] == "time,v1,v2,soc"
    assert lines[1].startswith(f"{START + 600},")
    assert lines[-1].startswith(f"{START + 5999},")
    assert len(lines) == 5401
    assert os.listdir(data_dir) == ["out.csv", "history", "measurements"] or not list(data_dir.glob("*.part"))


def test_export_to_standard_output(data_dir: Path) -> None:
    done = run(data_dir, "export", "--to", str(START + 5), "--channels", "v1", "-")
    assert done.stdout.splitlines()[:2] == ["time,v1", f"{START},"]
    assert len(done.stdout.splitlines()) == 6


def test_import_and_backup(data_dir: Path) -> None:
    out = data_dir / "out.csv"
    run(data_dir, "export", out)
    assert "600 rows stored, 5400 were there already" in run(data_dir, "import", out).output
    target = data_dir / "backup"
    assert "1 month copied" in run(data_dir, "backup", target).output
    assert "0 months copied" in run(data_dir, "backup", target).output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "--channels", "speed", "-"], "no channel 'speed'"),
        (["export", "--from", "soon", "-"], "'soon' is no time"),
        (["export", "--from", "2031-01-01", "--to", "2030-01-01", "-"], "must be after the start"),
        (["export", "--format", "parquet", "-"], "Parquet needs a file"),
        (["import", "nowhere.csv"], "does not exist"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(data_dir: Path, arguments: list[str], words: str) -> None:
    done = run(data_dir, *arguments)
    assert done.exit_code != 0
    assert words in done.output
    assert "Traceback" not in done.output


def test_ages_and_offsets_are_times(data_dir: Path) -> None:
    assert run(data_dir, "export", "--from", "1w", "--to", "1h", "-").exit_code == 0
    done = run(data_dir, "export", "--to", "2030-01-01T01:00:10+01:00", "--channels", "v1", "-")
    assert len(done.stdout.splitlines()) == 11


@pytest.mark.parametrize("name", ["check", "stats", "compact", "backup"])
def test_no_history_is_said(tmp_path: Path, name: str) -> None:
    done = run(tmp_path, name, *([tmp_path / "x"] if name == "backup" else []))
    assert done.exit_code == 1
    assert "there is no history" in done.output


def test_a_damaged_import_is_told(data_dir: Path) -> None:
    bad = data_dir / "bad.csv"
    bad.write_text("time,v1\n1893456000,x\n")
    done = run(data_dir, "import", bad)
    assert done.exit_code == 1
    assert "line 2, column v1" in done.output
