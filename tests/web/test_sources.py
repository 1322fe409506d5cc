"""What can be judged without a browser: colours, words, types, size of the bundle, the lock file."""

import dataclasses
import difflib
import gzip
import json
import re
from pathlib import Path

import pytest
from tests.web.conftest import STATIC, need

from tbms.core.estimate.resistance import SURE
from tbms.core.manage.scene import SOURCE_AGE
from tbms.model import fault, sample, snapshot
from tbms.settings import load
from tbms.settings.form import form, sections

WEB = Path(__file__).parents[2] / "web"
SETTINGS = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (WEB / "src/messages/settings").glob("*.json")
}
MESSAGES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (WEB / "src/messages").glob("*.json")}
BUDGET = 150 * 1024  # bytes, gzipped
INK = ("text", "muted", "good", "use", "sun", "info", "warning", "alarm")
GROUND = ("background", "panel")
LAZY = 10 * 1024  # bytes, gzipped: what a page fetches beside the bundle
THEMES = ("night", "day", "red")
TOLD = {"warm_up", "cool_down"}  # said in words where they are
SAME = {"time.", "range.", "battery.about", "cells.units", "severity.", "told."}


def tokens(theme: str) -> dict[str, str]:
    text = (WEB / "src/styles/tokens.css").read_text(encoding="utf-8")
    block = re.search(rf'\[data-theme="{theme}"\] \{{(.*?)\}}', text, re.DOTALL)
    assert block
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block.group(1)))


def luminance(colour: str) -> float:
    """Relative luminance, 0..1 (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1..21 (WCAG 2.2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


PAIRS = [*((ink, ground) for ink in INK for ground in GROUND), ("on-fill", "alarm-fill"), ("muted", "hatch")]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_every_text_can_be_read(theme: str, ink: str, ground: str) -> None:
    colours = tokens(theme)
    least = 4.4 if ground == "hatch" else 4.5  # the hatch is every other stripe of the panel
    assert contrast(colours[ink], colours[ground]) >= least


def test_the_red_theme_has_one_hue() -> None:
    for name, colour in tokens("red").items():
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        assert red == 0 or red > green >= blue * 0.8, name
        assert blue <= 200, name


def test_colours_are_said_only_in_the_tokens() -> None:
    for path in WEB.glob("src/**/*.svelte"):
        assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;\s])", path.read_text(encoding="utf-8")), path.name


@pytest.mark.parametrize("language", ["fr", "de", "es"])
def test_catalogues_have_the_same_keys_and_parameters(language: str) -> None:
    english, other = MESSAGES["en"], MESSAGES[language]
    assert list(other) == list(english)
    for key, sentence in english.items():
        assert other[key].strip(), key
        assert sorted(re.findall(r"\{\w+\}", other[key])) == sorted(re.findall(r"\{\w+\}", sentence)), key


@pytest.mark.parametrize("language", ["fr", "de", "es"])
def test_sentences_are_translated(language: str) -> None:
    same = [
        key
        for key, sentence in MESSAGES["en"].items()
        if MESSAGES[language][key] == sentence and " " in sentence and not any(key.startswith(start) for start in SAME)
    ]
    assert not same


def test_every_fault_has_a_name_and_a_remedy_in_every_language() -> None:
    known = {protection.id for protection in load(None, []).protections}
    for language, catalogue in MESSAGES.items():
        for key in known:
            assert f"fault.{key}" in catalogue, (language, key)
            assert f"todo.{key}" in catalogue, (language, key)


def test_every_word_of_a_protection_is_translated() -> None:
    for protection in load(None, []).protections:
        if protection.place.value == "pack" or not protection.unit:
            key = "cause." + re.sub(r"[^a-z0-9]+", "_", protection.words.lower()).strip("_")
            assert key in MESSAGES["en"], protection.words


def test_every_word_that_is_used_exists() -> None:
    used = set()
    for path in [*WEB.glob("src/**/*.svelte"), *WEB.glob("src/**/*.ts")]:
        used |= set(re.findall(r'\bt\(\s*"([\w.]+)"', path.read_text(encoding="utf-8")))
    assert used
    assert used <= set(MESSAGES["en"])


TYPES = {
    "Cell": snapshot.CellSnapshot,
    "Contactor": snapshot.ContactorSnapshot,
    "Output": snapshot.OutputSnapshot,
    "Node": sample.NodeReport,
    "Loop": snapshot.LoopSnapshot,
    "Range": snapshot.RangeSnapshot,
    "Charging": snapshot.ChargingSnapshot,
    "Balancing": snapshot.BalancingSnapshot,
    "ControlPanel": snapshot.PanelSnapshot,
    "Health": snapshot.HealthSnapshot,
    "Counters": snapshot.CountersSnapshot,
    "Snapshot": snapshot.Snapshot,
    "Fault": fault.Fault,
}


@pytest.mark.parametrize("name", TYPES)
def test_the_pages_know_the_fields_of_the_model(name: str) -> None:
    text = (WEB / "src/lib/snapshot.ts").read_text(encoding="utf-8")
    block = re.search(rf"interface {name} \{{(.*?)\n\}}", text, re.DOTALL)
    assert block
    assert set(re.findall(r"^\s+(\w+)\??:", block.group(1), re.MULTILINE)) == {
        field.name for field in dataclasses.fields(TYPES[name])
    }


ENUMS = {"Ring": fault.Ring, "Activity": snapshot.Activity, "Phase": snapshot.ContactorPhase}


@pytest.mark.parametrize("name", ENUMS)
def test_the_pages_know_the_words_of_the_model(name: str) -> None:
    text = (WEB / "src/lib/snapshot.ts").read_text(encoding="utf-8")
    line = re.search(rf"export type {name} = (.*);", text)
    assert line
    assert re.findall(r'"(\w+)"', line.group(1)) == [member.value for member in ENUMS[name]]


def test_the_page_waits_for_as_many_load_steps_as_the_core() -> None:
    page = (WEB / "src/pages/Health.svelte").read_text(encoding="utf-8")
    assert re.findall(r"const SURE = (\d+);", page) == [str(SURE)]


def test_a_charger_is_silent_on_the_page_when_it_is_for_the_rules() -> None:
    page = (WEB / "src/pages/System.svelte").read_text(encoding="utf-8")
    assert re.findall(r"const SILENT = (\d+);", page) == [f"{SOURCE_AGE:g}"]


def kept(key: str) -> str:
    """The place of a key's title in the catalogues: all protections share theirs."""
    return re.sub(r"^protect\.\w+\.", "protect.", key)


def one_by_one(wanted: set[str], there: set[str]) -> list[str]:
    """What is not translated, with the translation of the nearest older text, and what nobody asks for any more."""
    near = {text: difflib.get_close_matches(text, there - wanted, 1, 0.4) for text in wanted - there}
    lacking = [f"not translated: {text!r}, see {old}" for text, old in near.items()]
    return lacking + [f"not used any more: {text!r}" for text in there - wanted]


@pytest.mark.parametrize("language", ["fr", "de", "es"])
def test_every_setting_is_called_and_explained_in_every_language(language: str) -> None:
    titles = {kept(entry["key"]) for entry in form()} | set(sections())
    texts = {entry["help"] for entry in form()} | set(sections().values())
    permitted = " ".join(re.sub(r'"[^"]*"', "", entry["permitted"]) for entry in form())
    phrases = set(re.findall(r"a whole number|more than|a number|text|\bto\b|\bor\b|true|false", permitted))
    choices = {word for entry in form() for word in entry["choices"] if isinstance(word, str)}
    catalogue = SETTINGS[language]
    assert one_by_one(titles, set(catalogue["titles"])) == []
    assert one_by_one(texts, set(catalogue["texts"])) == []
    assert one_by_one(phrases | choices, set(catalogue["words"])) == []
    assert all(text.strip() for part in catalogue.values() for text in part.values())
    assert [text for text, other in catalogue["texts"].items() if text == other and " " in text] == []


def test_a_changed_text_of_a_setting_tells_which_translation_to_look_at() -> None:
    changed = one_by_one({"the contactor opens at once", "people are told"}, {"the contactor opens", "people are told"})
    assert changed == [
        "not translated: 'the contactor opens at once', see ['the contactor opens']",
        "not used any more: 'the contactor opens'",
    ]


def test_words_of_the_settings_file_stay_as_they_are_in_translations() -> None:
    words = set(re.findall(r"[a-z]+_[a-z_]+", " ".join(SETTINGS["de"]["texts"])))
    assert words
    for language, catalogue in SETTINGS.items():
        for english, text in catalogue["texts"].items():
            for word in words & set(re.findall(r"[a-z]+_[a-z_]+", english)) - TOLD:
                assert word in text, (language, english)


def test_every_protection_that_can_be_set_has_a_name() -> None:
    for key in {entry["key"].split(".")[1] for entry in form() if entry["key"].startswith("protect.")}:
        assert f"fault.{key}" in MESSAGES["en"]


def weight(path: Path) -> int:
    return len(gzip.compress(path.read_bytes()))


def test_the_bundle_is_small_and_stands_alone() -> None:
    need((STATIC / "index.html").is_file(), "the pages are not built (make web), so there is no bundle to weigh")
    files = [path for path in STATIC.rglob("*") if path.is_file()]
    loaded = [path for path in files if path.parent.name != "messages"]  # those are the alerts'; no page asks for them
    first = (STATIC / "index.html").read_text(encoding="utf-8")
    later = [path for path in loaded if path.parent.name == "assets" and path.name not in first]
    assert {path.name.split("-")[0] for path in later} == set(SETTINGS)
    assert all(weight(path) <= LAZY for path in later)
    assert sum(map(weight, set(loaded) - set(later))) <= BUDGET
    assert not any(b"messages/" in path.read_bytes() for path in loaded)
    for path in files:
        text = path.read_text(encoding="utf-8", errors="replace")  # pictures, too
        found = set(re.findall(r"https?://[\w.-]+", text))
        assert found <= {"http://www.w3.org", "https://svelte.dev"}, path.name  # name spaces, and Svelte's messages


def test_the_lock_has_integrity_and_no_address() -> None:
    packages = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    own = packages.pop("")
    assert own["engines"]["node"] == "^20.19 || >=22.12"
    assert all(
        "resolved" not in package and package["integrity"].startswith("sha512-") for package in packages.values()
    )
    assert all(re.fullmatch(r"[\d.]+", version) for version in own["devDependencies"].values()), "exact versions"
