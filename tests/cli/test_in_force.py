"""A settings file that cannot be used at a start: the last good version goes on."""

from pathlib import Path

import pytest

from tbms.cli.in_force import in_force
from tbms.settings import SettingsError
from tbms.store.versions import FOLDER, Versions

GOOD = 'name = "Aurora"\n'


@pytest.fixture
def boat(tmp_path: Path) -> Path:
    """A boat with three versions, of which the newest would not load any more."""
    versions = Versions(tmp_path / FOLDER)
    for number, text in enumerate((GOOD, GOOD.replace("Aurora", "Borea"), "protct = 1\n"), 1):
        versions.add(float(number), "Ann", [], text)
    path = tmp_path / "boat.toml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_a_good_file_is_used(boat: Path) -> None:
    begun = in_force(boat, [], boat.parent)
    assert (begun.settings.name, begun.text, begun.said) == ("Aurora", GOOD, "")
    assert in_force(None, ["name=Carina"], boat.parent).settings.name == "Carina"


@pytest.mark.parametrize("harm", ["torn", "wrong", "gone", "not text"])
def test_without_one_the_newest_good_version_goes_on(boat: Path, harm: str) -> None:
    if harm == "gone":
        boat.unlink()
    else:
        wrong = b"pack.cells = 99\nnme = 1\na = 1\nb = 2"
        boat.write_bytes({"torn": b"[pack", "wrong": wrong, "not text": b"\xff"}[harm])
    begun = in_force(boat, [], boat.parent)
    assert begun.settings.name == "Borea"
    assert begun.version == 2
    assert begun.said.startswith("the settings file cannot be used, so version 2, the last good one, is in force: ")
    assert begun.said.endswith("; and 1 more") is (harm == "wrong")


def test_where_no_version_is_good_it_is_refused(boat: Path) -> None:
    boat.write_text("[pack", encoding="utf-8")
    with pytest.raises(SettingsError, match="not valid TOML"):
        in_force(boat, [], boat.parent / "elsewhere")
    boat.write_text(GOOD, encoding="utf-8")
    with pytest.raises(SettingsError, match="nme"):
        in_force(boat, ["nme=1"], boat.parent)


def test_what_an_older_file_said_in_vain_is_told(boat: Path) -> None:
    boat.write_text(GOOD + "[protect.pack_overvoltage]\nguard = 58\n", encoding="utf-8")
    begun = in_force(boat, [], boat.parent)
    assert begun.said == ""
    assert begun.told[0].startswith("settings of an older format: protect.pack_overvoltage.guard = 58 is left out: ")
    boat.write_text(GOOD, encoding="utf-8")
    assert in_force(boat, [], boat.parent).told == []


def test_a_file_of_a_newer_format_is_left_where_it_is_and_the_version_before_goes_on(boat: Path) -> None:
    boat.write_text("format = 99\nname = 'Carina'\n", encoding="utf-8")
    begun = in_force(boat, [], boat.parent)
    assert (begun.settings.name, begun.version) == ("Borea", 2)
    assert "written by a newer TBMS, update this one" in begun.said
    assert boat.read_text(encoding="utf-8") == "format = 99\nname = 'Carina'\n"


RATED = """[pack]
fuse = 350
cable = 350
shunt = 500
[contactors]
breaking_current = 1000
"""


def test_a_real_battery_must_say_what_its_parts_bear(boat: Path) -> None:
    boat.write_text(RATED, encoding="utf-8")
    assert in_force(boat, [], boat.parent / "elsewhere", real=True).told == []
    boat.write_text(RATED.replace("cable = 350\n", "").replace("breaking_current = 1000\n", ""), encoding="utf-8")
    with pytest.raises(SettingsError) as found:
        in_force(boat, [], boat.parent / "elsewhere", real=True)
    needs = "is missing: a real battery needs it, in A, before anything closes"
    assert found.value.problems == [
        f"pack.cable {needs} ({boat} line 1)",
        f"contactors.breaking_current {needs} ({boat} line 4)",
    ]
    boat.write_text(GOOD, encoding="utf-8")
    assert in_force(boat, [], boat.parent / "elsewhere").told == []


def test_what_was_in_force_before_goes_on_without_them_and_it_is_told(boat: Path) -> None:
    begun = in_force(boat, [], boat.parent, real=True)
    assert (begun.settings.name, begun.said) == ("Aurora", "")
    (told,) = begun.told
    assert told.startswith("the next change of the settings must also give what is not known: ")
    assert all(name in told for name in ("pack.fuse", "pack.cable", "pack.shunt", "contactors.breaking_current"))
    boat.write_text('name = "Carina"\n', encoding="utf-8")
    begun = in_force(boat, [], boat.parent, real=True)
    assert (begun.settings.name, len(begun.refused), len(begun.told)) == ("Borea", 4, 1)
