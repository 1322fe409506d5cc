"""`tbms person`."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tbms.cli.person import person
from tbms.monitor.people import register as registering
from tbms.monitor.people.register import Register, Role

PASSWORD = "correct horse"  # noqa: S105 - of nobody


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes in a millisecond."""
    monkeypatch.setattr(registering, "COST", 16)


def said(folder: Path, *words: str, typed: str = f"{PASSWORD}\n{PASSWORD}\n") -> tuple[int, str]:
    done = CliRunner().invoke(person, [*words, "--data-dir", str(folder)], input=typed)
    return done.exit_code, done.output


def test_people_come_and_go(tmp_path: Path) -> None:
    assert said(tmp_path, "add", "Anna", "--role", "viewer")[1].endswith("the first person must be an installer\n")
    status, text = said(tmp_path, "add", "Anna")
    assert (status, text.splitlines()[-1]) == (0, "Anna is installer.")
    assert PASSWORD not in text
    assert said(tmp_path, "add", "Anna")[0] == 1
    assert said(tmp_path, "add", "Ben")[1].endswith("Ben is viewer.\n")
    assert said(tmp_path, "list") == (0, "Anna: installer\nBen: viewer\n")
    assert said(tmp_path, "password", "Ben", typed="another one\nanother one\n")[0] == 0
    assert Register(tmp_path / "people.json").check("Ben", "another one")
    assert said(tmp_path, "password", "Carl")[0] == 1
    assert said(tmp_path, "add", "Carl", typed="short\nshort\n")[1].endswith("a password has 8 to 200 characters\n")
    assert said(tmp_path, "remove", "Ben") == (0, "Ben is removed.\n")
    assert said(tmp_path, "remove", "Ben")[0] == 1
    assert Register(tmp_path / "people.json").people()["Anna"].role is Role.INSTALLER


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "people.json").write_text("rubbish")
    assert "is damaged and lets nobody in" in said(tmp_path, "list")[1]
