"""Versions of the settings file, and files that are replaced whole or not at all."""

import os
from pathlib import Path

import pytest

from tbms.store import versions as module
from tbms.store.replace import replace_file
from tbms.store.versions import Versions


def test_versions_are_numbered_and_kept(tmp_path: Path) -> None:
    kept = Versions(tmp_path / "settings")
    assert kept.newest() is None
    assert kept.all() == []
    first = kept.add(1.0, "Anna", ["a 1 -> 2"], "a = 2\n")
    second = kept.add(2.0, "Ben", [], "a = 2 # Ü\n")
    assert Versions(tmp_path / "settings").all() == [first, second]
    assert kept.newest() == second
    assert second.version == 2
    kept.remove(second)
    assert kept.newest() == first


def test_only_the_newest_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEEP", 3)
    kept = Versions(tmp_path)
    for number in range(6):
        kept.add(float(number), "x", [], str(number))
    assert [each.text for each in kept.all()] == ["3", "4", "5"]


@pytest.mark.parametrize("data", [b"", b"rubbish\n", b"00000000 {}\n"])
def test_a_damaged_version_harms_no_other(tmp_path: Path, data: bytes) -> None:
    kept = Versions(tmp_path)
    good = kept.add(1.0, "x", [], "good")
    (tmp_path / "000002.json").write_bytes(data)
    (tmp_path / "notes.json").write_text("mine")
    assert kept.all() == [good]
    assert kept.newest() == good
    assert kept.add(2.0, "x", [], "next").version == 3


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "boat.toml"
    path.write_text("old")
    path.chmod(0o600)
    replace_file(path, b"new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(path, b"newer")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_every_moment_of_a_replacement_leaves_one_of_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "boat.toml"
    path.write_text("old")
    seen = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)

        def looked(*given: object, real: object = real) -> None:
            seen.append(path.read_text())
            assert callable(real)
            real(*given)
            seen.append(path.read_text())

        monkeypatch.setattr(os, name, looked)
    replace_file(path, b"new")
    assert seen == ["old", "old", "old", "new", "new", "new"]


def test_what_root_writes_belongs_to_whom_the_folder_belongs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "fchown", lambda _file, user, group: given.append((user, group)))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    replace_file(tmp_path / "people.json", b"[]")
    assert given == []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    replace_file(tmp_path / "people.json", b"[]")
    assert given == [((tmp_path / "people.json").stat().st_uid, (tmp_path / "people.json").stat().st_gid)]
    replace_file(tmp_path / "settings.toml", b"")
    assert given[1:] == [(tmp_path.stat().st_uid, tmp_path.stat().st_gid)]


def test_a_link_in_the_way_leads_nobody_out_of_the_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("not ours")
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / ".people.json.part").symlink_to(outside)
    replace_file(folder / "people.json", b"[]")
    assert outside.read_text() == "not ours"
    assert (folder / "people.json").read_text() == "[]"
    assert not (folder / "people.json").is_symlink()
