"""Logs beside the data: bounded, and never in the way."""

import logging
from pathlib import Path

import pytest

from tbms.store import log_files
from tbms.store.log_files import LogFile, tail


def said(file: LogFile, *lines: str) -> None:
    for line in lines:
        file.emit(logging.LogRecord("tbms", logging.WARNING, "", 0, line, None, None))


def test_the_newest_lines_are_read_back(tmp_path: Path) -> None:
    file = LogFile(tmp_path, "control")
    assert not (tmp_path / "logs").exists(), "nothing was said yet"
    said(file, "one", "two", "three")
    file.close()
    assert [line.rpartition(" ")[2] for line in tail(tmp_path, "control", 2)] == ["two", "three"]
    assert "WARNING" in tail(tmp_path, "control", 1)[0]
    assert tail(tmp_path, "api", 5) == []


def test_a_file_is_followed_by_the_next_and_few_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "SIZE", 200)
    file = LogFile(tmp_path, "control")
    said(file, *("a line of some length" for _ in range(50)))
    file.close()
    kept = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert kept == ["control.log", "control.log.1", "control.log.2", "control.log.3"]
    assert all(path.stat().st_size <= 200 for path in (tmp_path / "logs").iterdir())


def test_of_a_long_file_only_whole_lines_are_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "TAIL", 100)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "control.log").write_bytes(b"x" * 90 + b"\n" + b"\xff good\n" * 5)
    assert tail(tmp_path, "control", 100) == ["\ufffd good"] * 5


def test_a_folder_that_cannot_be_made_costs_lines_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    file = LogFile(tmp_path, "control")
    said(file, "lost")
    assert capsys.readouterr() == ("", "")
