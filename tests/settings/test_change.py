"""Changes of the settings file: comments kept, differences told, every problem at once."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.settings import SettingsError, load
from tbms.settings.change import Difference, Texts, changed, differences, judged
from tbms.settings.form import filled, form, sections
from tbms.settings.problems import keys

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))
TEXT = """# mine
format = 2
name = "Aurora"   # after the boat

[pack]
cells = 4  # one board
capacity = 100

[[outputs]]
name = "Charger"
role = "charger_enable"
"""
BOAT = Path("boat.toml")


def same(text: str) -> Texts:
    """The file holds what is in force."""
    return Texts(text, text)


def test_a_value_changes_and_every_comment_stays() -> None:
    after = changed(TEXT, {"name": "Borea", "protect.cell_overvoltage.cut": 3.6, "outputs[1].name": "Sun"})
    assert after.startswith('# mine\nformat = 2\nname = "Borea"   # after the boat\n')
    assert "cells = 4  # one board" in after
    data = tomllib.loads(after)
    assert data["protect"]["cell_overvoltage"] == {"cut": 3.6}
    assert data["outputs"] == [{"name": "Sun", "role": "charger_enable"}]


def test_null_takes_a_key_out() -> None:
    assert "capacity" not in changed(TEXT, {"pack.capacity": None})
    assert changed(TEXT, {"charge.tail": None, "name": "Aurora"}) == TEXT
    assert "outputs" not in tomllib.loads(changed(TEXT, {"outputs": None}))
    assert tomllib.loads(changed(TEXT, {"outputs[1]": None})).get("outputs", []) == []


def test_items_are_added_to_lists_that_are_there_and_to_new_ones() -> None:
    rule = {"name": "Fan", "when": [{"measure": "temperature", "start": 35, "stop": 27}], "outputs": [2]}
    data = tomllib.loads(changed(TEXT, {"outputs[2].name": "Fan", "outputs[2].role": "fan", "ranges[1]": rule}))
    assert data["outputs"][1] == {"name": "Fan", "role": "fan"}
    assert data["ranges"] == [rule]
    assert tomllib.loads(changed(TEXT, {"ranges": [rule, rule]}))["ranges"] == [rule, rule]


@pytest.mark.parametrize("key", ["name.x", "pack.cells.x", "outputs[70].name", "outputs[9]", "outputs.name"])
def test_a_key_that_cannot_be_reached_is_said(key: str) -> None:
    with pytest.raises(SettingsError, match=r"cannot be set") as found:
        changed(TEXT, {key: 1, "name[2]": 1})
    assert len(found.value.problems) == 2


def test_text_that_is_no_toml_is_said() -> None:
    assert judged(BOAT, [], same(""), "a = = 1").problems[0].startswith("boat.toml: not valid TOML")
    assert judged(BOAT, [], same("a = = 1"), None, {"name": "x"}).problems[0].startswith("not valid TOML")


def test_what_follows_a_changed_figure_is_told_too() -> None:
    found = judged(BOAT, [], same(TEXT), None, {"protect.cell_overvoltage.cut": 3.6})
    assert found.applies == "now"
    assert Difference("protect.cell_overvoltage.cut", 3.65, 3.6) in found.differences
    assert Difference("protect.cell_overvoltage.warn", 3.55, 3.5) in found.differences  # defaults move inwards
    assert str(found.differences[0]) == "protect.cell_overvoltage.warn 3.55 -> 3.5"
    assert found.settings
    assert found.settings["protect"]["cell_overvoltage"]["cut"] == 3.6


def test_what_shapes_the_core_waits_for_the_next_start() -> None:
    assert judged(BOAT, [], same(TEXT), None, {"pack.capacity": 200}).applies == "restart"
    assert judged(BOAT, [], same(TEXT), None, {"bus.port": "/dev/x"}).applies == "restart"
    common = {"contactors.bus": "common", "outputs": [{"name": "Sun", "role": "charger_enable"}]}
    assert judged(BOAT, [], same(TEXT), None, common).applies == "restart"
    assert judged(BOAT, [], same(TEXT), None, {"outputs[1].name": "Sun"}).applies == "now"
    assert judged(BOAT, [], same(TEXT), TEXT + "# only a comment\n").applies == "nothing"


def test_every_problem_is_said_at_once_with_its_line() -> None:
    found = judged(
        BOAT, [], same(TEXT), TEXT.replace("cells = 4", "cells = 99").replace("capacity = 100", "capacity = -1")
    )
    assert len(found.problems) == 2
    assert all("boat.toml line" in problem for problem in found.problems)
    assert found.differences == ()


def test_what_the_command_line_sets_stays_above_the_file() -> None:
    found = judged(BOAT, ["pack.capacity=50"], same(TEXT), None, {"pack.capacity": 200})
    assert (found.applies, found.differences) == ("nothing", ())


def test_a_broken_old_file_makes_everything_new() -> None:
    found = judged(BOAT, [], same("cells = = 1"), TEXT)
    assert found.problems == ()
    assert Difference("pack.cells", None, 4) in found.differences


def test_an_item_that_is_gone_is_told_with_its_keys() -> None:
    found = list(differences({"outputs": [{"name": "a"}]}, {"outputs": []}))
    assert [str(each) for each in found] == ['outputs[1].name "a" -> unset']


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_no_change_leaves_every_example_as_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert changed(text, {}) == text


@given(
    st.dictionaries(st.text(max_size=12), st.none() | st.booleans() | st.integers() | st.text(max_size=5), max_size=4)
)
def test_whatever_is_asked_there_is_a_text_or_a_sentence(changes: dict[str, Any]) -> None:
    found = judged(BOAT, [], same(TEXT), None, changes)
    assert found.problems or load(BOAT, [], found.text).cells == 4


def test_a_form_knows_every_key() -> None:
    known = {entry["key"]: entry for entry in form()}
    assert list(known) == [key for key, _ in keys()]
    cut = known["protect.cell_overvoltage.cut"]
    assert (cut["kind"], cut["unit"], cut["low"], cut["high"], cut["choices"]) == ("number", "V", 0.5, 5.0, ["off"])
    assert known["contactors.feedback"]["kind"] == "switch"
    assert known["pack.cells"]["kind"] == "whole"
    assert known["bus.baud"]["choices"][0] == 9600
    assert known["ranges[].outputs"]["kind"] == "list"
    assert known["pack.chemistry"]["kind"] == "choice"
    assert known["name"]["kind"] == "text"
    assert (known["pack.fuse"]["low"], known["pack.fuse"]["high"]) == (0.0, 10_000.0)
    assert sections()["pack"] == "cells, fuse, cables and shunt"


def test_filled_settings_have_every_default_that_is_used() -> None:
    plain = filled(load(BOAT, [], TEXT))
    assert plain["protect"]["cell_overvoltage"]["warn"] == 3.55
    assert plain["protect"]["resistance_spread"]["cut"] == "off"
    assert plain["charge"]["tail"] == 5.0
    assert None not in plain["balance"].values()
    assert plain["pack"]["fuse"] is None
    assert filled(load(BOAT, ["charge.tail=3"], TEXT))["charge"]["tail"] == 3.0


def test_while_a_change_waits_for_a_start_all_others_wait_with_it() -> None:
    waiting = changed(TEXT, {"pack.capacity": 200})
    found = judged(BOAT, [], Texts(waiting, TEXT), None, {"name": "Borea"})
    assert found.applies == "restart"
    assert [str(each) for each in found.differences] == ['name "Aurora" -> "Borea"']
    back = judged(BOAT, [], Texts(waiting, TEXT), TEXT)
    assert back.applies == "nothing"  # what is in force stays in force
    assert back.differences
