"""Settings files of older formats: read as what they meant, told what they said in vain, written with every comment."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.settings import SettingsError, load
from tbms.settings.change import Texts, changed, judged
from tbms.settings.load import notes
from tbms.settings.migrate import FORMAT, LAYERS, OLDEST, STEPS, UNJUDGED, migrate, rewritten

ROOT = Path(__file__).parents[2]
BOAT = Path("boat.toml")
OLD = """# my boat
name = "Aurora"   # after the dawn

[pack]
cells = 4
[protect.pack_overvoltage]
cut = 14.5  # the maker's word
guard = 15  # belt and braces
afe_delay = 3
[protect]
overcurrent_charge = { cut = 100, guard = "off" }
[protect.cell_overvoltage]
guard = 3.74  # this one is judged
"""
AN_OLD_COMMIT = "a7ad99b"  # the first with examples


def test_every_step_leads_to_the_next_format() -> None:
    assert sorted(STEPS) == list(range(OLDEST, FORMAT))


def test_an_older_file_means_what_it_meant_and_says_what_was_in_vain() -> None:
    settings = load(BOAT, (), OLD)
    assert settings.rungs["pack_overvoltage"].value["cut"] == 14.5
    assert settings.rungs["overcurrent_charge"].value["cut"] == 100
    assert settings.hard_limits.guard["cell_overvoltage"].threshold == 3.74
    assert [sentence.partition(" is left out: ")[0] for sentence in notes(BOAT, OLD)] == [
        "protect.pack_overvoltage.guard = 15",
        "protect.pack_overvoltage.afe_delay = 3",
        'protect.overcurrent_charge.guard = "off"',
    ]


def test_a_file_of_today_may_not_say_it() -> None:
    with pytest.raises(SettingsError, match=r"protect.pack_overvoltage.guard: no such key"):
        load(BOAT, (), f"format = {FORMAT}\n{OLD}")
    with pytest.raises(SettingsError, match=r"protect.pack_overvoltage.guard: no such key"):
        load(BOAT, ["protect.pack_overvoltage.guard=15"], OLD)


def test_problems_of_an_older_file_name_its_own_lines() -> None:
    with pytest.raises(SettingsError, match=r"cell_overvoltage.guard = 9: .*\(boat.toml line 13\)"):
        load(BOAT, (), OLD.replace("guard = 3.74", "guard = 9"))


def test_a_change_writes_the_present_format_and_keeps_every_comment() -> None:
    after = changed(OLD, {"name": "Borea"}, BOAT)
    assert after.startswith(f'format = {FORMAT}\n# my boat\nname = "Borea"   # after the dawn\n')
    assert "cut = 14.5  # the maker's word\n[protect]" in after
    assert "guard = 3.74  # this one is judged" in after
    assert notes(BOAT, after) == []
    found = judged(BOAT, [], Texts(OLD, OLD), None, {})
    assert (found.problems, found.differences, found.applies) == ((), (), "nothing")
    assert found.text == rewritten(OLD, "boat.toml")


def test_a_stated_older_format_is_rewritten_where_it_stands() -> None:
    assert rewritten("# a\nformat = 1 # b\nname = 'x'\n", "b") == f"# a\nformat = {FORMAT} # b\nname = 'x'\n"


@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        (FORMAT + 1, f"boat.toml: format = {FORMAT + 1}: written by a newer TBMS, update this one (it knows 1 to 2)"),
        (0, "boat.toml: format = 0: must be a whole number 1 to 2"),
        ("true", "boat.toml: format = true: must be a whole number 1 to 2"),
        ('"new"', 'boat.toml: format = "new": must be a whole number 1 to 2'),
        ("1.5", "boat.toml: format = 1.5: must be a whole number 1 to 2"),
        ("[1]", "boat.toml: format = [1]: must be a whole number 1 to 2"),
    ],
)
def test_an_unknown_format_is_one_clear_sentence(stated: int | str, sentence: str) -> None:
    text = f"format = {stated}\nkeys_of_tomorrow = 1\n"
    with pytest.raises(SettingsError) as caught:
        load(BOAT, (), text)
    assert caught.value.problems == [sentence]
    assert judged(BOAT, [], Texts(text, text), None, {"name": "x"}).problems == (sentence,)


@pytest.mark.parametrize("odd", ["protect = 3", "[protect]\npack_overvoltage = [1]", "[[protect.pack_overvoltage]]\n"])
def test_odd_tables_are_the_schemas_to_refuse(odd: str) -> None:
    with pytest.raises(SettingsError, match="must be a table of keys"):
        load(BOAT, (), odd)


@pytest.mark.parametrize("name", ["boat-24v", "camper-12v", "site-48v"])
def test_the_examples_of_an_older_commit_mean_the_same_before_and_after_they_are_rewritten(name: str) -> None:
    shown = subprocess.run(
        ["git", "-C", str(ROOT), "show", f"{AN_OLD_COMMIT}:examples/{name}.toml"], capture_output=True, check=False
    )
    if shown.returncode:
        pytest.skip("the history of this repository is not here")
    text = shown.stdout.decode()
    assert "format" not in tomllib.loads(text)
    after = rewritten(text, name)
    assert after == f"format = {FORMAT}\n{text}"
    assert load(BOAT, (), after) == load(BOAT, (), text)
    today = (ROOT / "examples" / f"{name}.toml").read_text(encoding="utf-8")
    present = load(
        BOAT, (), re.sub(r"(?m)^(fuse|cable|shunt) = .*\n", "", today)
    )  # demanded since; they bound currents
    for protection, rungs in load(BOAT, (), text).rungs.items():
        assert rungs == present.rungs[protection], protection


SECTIONS = st.dictionaries(
    st.sampled_from([*LAYERS, "cut", "release"]), st.floats(0.1, 90.0) | st.just("off") | st.integers(1, 9), max_size=5
)
FILES = st.dictionaries(st.sampled_from([*UNJUDGED, "cell_overvoltage"]), SECTIONS, max_size=4)


@given(FILES, st.sampled_from(["", "format = 1\n"]), st.booleans())
def test_what_is_read_and_what_is_written_are_the_same(
    protect: dict[str, dict[str, float | str]], head: str, inline: bool
) -> None:
    def said(values: dict[str, float | str], between: str) -> str:
        return between.join(f'{key} = "{v}"' if isinstance(v, str) else f"{key} = {v}" for key, v in values.items())

    if inline:
        rows = [f"{name} = {{ {said(values, ', ')} }} # {name}" for name, values in protect.items()]
        text = head + "name = 'x' # kept\n[protect]\n" + "\n".join(rows)
    else:
        rows = [f"[protect.{name}] # {name}\n{said(values, chr(10))}\n" for name, values in protect.items()]
        text = head + "name = 'x' # kept\n" + "\n".join(rows)
    read, written = tomllib.loads(text), rewritten(text, "boat")
    migrate(read, "boat")
    assert tomllib.loads(written) == read | {"format": FORMAT}
    assert rewritten(written, "boat") == written
    assert all(f"# {name}" in written for name in protect)
    assert "# kept" in written
