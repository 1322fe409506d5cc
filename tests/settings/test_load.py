"""Reading settings: defaults, files, overrides, and everything that is wrong said at once."""

from pathlib import Path

import pytest

from tbms.settings import Settings, SettingsError, load
from tbms.settings.problems import keys
from tbms.settings.schema import Schema

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))


def problems(*overrides: str, path: Path | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(path, overrides)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def written(folder: Path, text: str) -> Path:
    path = folder / "boat.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("chemistry", ["lfp", "nmc", "lmo", "lto"])
@pytest.mark.parametrize("cells", [1, 4, 5, 16])
def test_the_defaults_of_every_chemistry_pass_every_check(chemistry: str, cells: int) -> None:
    settings = load(None, [f"pack.chemistry={chemistry}", f"pack.cells={cells}", "pack.capacity=2.05"])
    assert settings.chemistry == chemistry
    assert settings.nodes == (cells + 3) // 4


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_every_example_is_valid(path: Path) -> None:
    settings = load(path)
    assert settings.name != "TBMS"
    assert any(output.role == "charger_enable" for output in settings.outputs)


def test_there_are_four_examples() -> None:
    assert [path.stem for path in EXAMPLES] == ["boat-24v", "camper-12v", "site-48v", "van-12v-common"]


def test_the_defaults_are_those_of_the_coordinated_table() -> None:
    settings = load()
    rungs = settings.rungs["cell_overvoltage"]
    assert rungs.value == {"warn": 3.55, "limit": 3.6, "cut": 3.65, "guard": 3.75, "afe": 3.8}
    assert rungs.delay == {"warn": 5, "limit": 2, "cut": 1, "guard": 2, "afe": 3}
    assert (rungs.release, settings.rungs["cell_undervoltage"].release) == (3.45, 3.1)
    assert settings.rungs["overcurrent_discharge"].value["cut"] == pytest.approx(1.2 * 280)
    assert settings.rungs["overcurrent_discharge_peak"].delay["cut"] == 0.3
    assert settings.cell_band() == (2.6, 3.0, 3.55, 3.65)
    assert settings.hard_limits.guard["cell_undervoltage"].threshold == 2.5
    assert settings.hard_limits.guard["cell_undervoltage"].delay == 4
    assert settings.hard_limits.afe["overtemperature_charge"].threshold == 60
    assert settings.hard_limits.load_hold == 60
    assert "pack_overvoltage" not in settings.hard_limits.guard
    assert settings.period == 0.1
    assert settings.ocv == ()


def test_overrides_come_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, 'name = "Boat"\n[pack]\ncells = 8\ncapacity = 200\n[[outputs]]\nname = "a"\n')
    settings = load(path, ["pack.cells=4", "outputs[2].role=load", "outputs[1].name=b", "name=My boat"])
    assert (settings.cells, settings.capacity, settings.name) == (4, 200, "My boat")
    assert [(o.name, o.role) for o in settings.outputs[:3]] == [
        ("b", "general"),
        ("output", "load"),
        ("unused", "unused"),
    ]


def test_settings_are_read_from_a_name_too(tmp_path: Path) -> None:
    assert load(str(written(tmp_path, "[pack]\ncells = 4\n"))).cells == 4


def test_output_roles_know_their_safe_state_and_lease() -> None:
    settings = load(None, ["outputs[1].role=charger_enable", "outputs[2].role=alarm", "outputs[3].role=load"])
    assert [(o.safe, o.lease) for o in settings.outputs[:3]] == [(False, 0.5), (True, 2.0), (False, 2.0)]


def test_all_problems_come_at_once_with_key_value_range_file_and_line(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """name = "x"
[pack]
cells = "sixteen"
capcity = 100
[protect.cell_overvoltage]
cut = 3.80
[protect]
cell_undervoltage = { cut = 9.0, warm = 3 }
[[outputs]]
name = "a"
[[outputs]]
name = "b"
role = "foo"
""",
    )
    where = str(path)
    assert problems(path=path) == [
        f'pack.cells = "sixteen": must be a whole number 1 to 16 ({where} line 3)',
        f"pack.capcity: no such key; the nearest is pack.capacity ({where} line 4)",
        f'protect.cell_undervoltage.cut = 9.0: must be 0.5 to 5 V or "off" ({where} line 8)',
        f"protect.cell_undervoltage.warm: no such key; the nearest is protect.cell_undervoltage.warn ({where} line 8)",
        f'outputs[2].role = "foo": must be "unused", "charger_enable", "load", "alarm", "heater", "generator", "fan", '
        f'"backup" or "general" ({where} line 13)',
        f"protect.cell_overvoltage.cut = 3.8 V: must be above limit (3.6 V) and below guard (3.75 V) ({where} line 6)",
    ]


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("pack.cells=17", "pack.cells = 17: must be a whole number 1 to 16 (--set)"),
        ("pack.cells=4.5", "pack.cells = 4.5: must be a whole number 1 to 16 (--set)"),
        ("pack.chemistry=lead", 'pack.chemistry = "lead": must be "lfp", "nmc", "lmo" or "lto" (--set)'),
        ("bus.baud=1200", "bus.baud = 1200: must be 9600, 19200, 38400, 57600 or 115200 (--set)"),
        ("pack.capacity=nan", "pack.capacity = NaN: must be 0.1 to 5000 Ah (--set)"),
        ("contactors.feedback=1", "contactors.feedback = 1: must be true or false (--set)"),
        ("name=", 'name = "": must be text (--set)'),
        ("charge.tail=0", "charge.tail = 0: must be more than 0 to 10000 A (--set)"),
        ("pack=3", "pack = 3: must be a table of keys (--set)"),
        ("outputs=3", "outputs = 3: must be a list of tables (--set)"),
        ("outputs[9].name=x", "outputs: at most 6 are possible (--set)"),
        ("pack.volt=3", "pack.volt: no such key; the nearest is pack.ocv (--set)"),
        ("pack", "--set pack: must be KEY=VALUE"),
        ("=3", "--set =3: must be KEY=VALUE"),
        ("name.x=3", "name: must be text (--set)"),
        ("outputs[1].nam=x", "outputs[1].nam: no such key; the nearest is outputs[1].name (--set)"),
        ("outputs[99].name=x", "--set outputs[99].name=x: outputs[99] is no table of keys"),
        (
            "protect.cell_overvoltage.cut=true",
            'protect.cell_overvoltage.cut = true: must be 0.5 to 5 V or "off" (--set)',
        ),
    ],
)
def test_each_kind_of_problem_is_a_sentence(override: str, sentence: str) -> None:
    found = problems(override)
    if override == "pack.volt=3":
        assert found[0].startswith("pack.volt: no such key; the nearest is ")
    elif override == "name.x=3":
        assert found[0].startswith("name = ")
    else:
        assert found == [sentence]


def test_a_value_on_the_way_that_is_no_table(tmp_path: Path) -> None:
    path = written(tmp_path, 'name = "x"\n')
    assert problems("name.x=3", path=path) == ["--set name.x=3: name is no table of keys"]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert problems(path=tmp_path / "none.toml") == [f"{tmp_path / 'none.toml'}: No such file or directory"]
    assert "not valid TOML" in problems(path=written(tmp_path, "[pack\ncells = 4"))[0]
    assert "line 1" in problems(path=tmp_path / "boat.toml")[0]
    (tmp_path / "boat.toml").write_bytes(b"\xff\xfe")
    assert "UTF-8" in problems(path=tmp_path / "boat.toml")[0]


def test_an_item_of_a_list_that_is_no_table(tmp_path: Path) -> None:
    found = problems(path=written(tmp_path, "outputs = [1, 2]\n"))
    assert found == [
        f"outputs[1] = 1: must be a list of tables ({tmp_path / 'boat.toml'} line 1)",
        f"outputs[2] = 2: must be a list of tables ({tmp_path / 'boat.toml'} line 1)",
    ]


def test_every_key_has_help_and_a_permitted_range() -> None:
    from tbms.settings.fields import permitted

    for key, field in keys():
        assert field.description, key
        assert permitted(field), key


def test_every_key_can_be_written_and_is_read(tmp_path: Path) -> None:
    settings = load(None, ["outputs[1].role=load"])
    given = settings.schema.model_dump(exclude_none=True)
    assert Schema.model_validate(given) == settings.schema


def test_settings_do_not_change() -> None:
    settings = load()
    with pytest.raises(AttributeError):
        settings.cells = 3  # type: ignore[misc]
    assert isinstance(settings, Settings)


def test_an_own_voltage_curve_is_read_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "curve.csv").write_text("soc,voltage\n1,3.4\n0,2.9\n0.5,\n", encoding="utf-8")
    settings = load(written(tmp_path, '[pack]\nocv = "curve.csv"\n'))
    assert [(p.soc, p.discharge, p.charge) for p in settings.ocv] == [(0.0, 2.9, 2.9), (1.0, 3.4, 3.4)]


@pytest.mark.parametrize(
    "text", ["", "soc,voltage\n0,3\n", "a,b\n1,2\n3,4\n", "soc,voltage\n0,x\n1,3\n", "soc,voltage\n0,3\n9,3\n"]
)
def test_what_is_no_voltage_curve_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "curve.csv").write_text(text, encoding="utf-8")
    found = problems(path=written(tmp_path, '[pack]\nocv = "curve.csv"\n'))
    assert found[0].startswith('pack.ocv = "curve.csv": ')
    assert found[0].endswith("line 2)")
    assert problems("pack.ocv=/nowhere.csv")[0].startswith('pack.ocv = "/nowhere.csv": No such file')


def test_a_bad_item_of_a_list_hides_no_other_problem() -> None:
    text = """[[outputs]]
[[outputs]]
[[ranges]]
when = [{ measure = "soc", start = 2.0, stop = 0.5 }]
outputs = [7, 1, 9]
"""
    with pytest.raises(SettingsError) as found:
        load("boat.toml", (), text)
    said = "\n".join(found.value.problems)
    assert "ranges[1].outputs[1] = 7: must be a whole number 1 to 6" in said
    assert "ranges[1].outputs[3] = 9" in said
    assert "ranges[1].when[1].start = 2" in said
    assert "{}" not in said
