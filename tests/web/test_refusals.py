"""Why the master refuses settings: each of its sentences has a form in every catalogue of the page."""

import json
import re
from pathlib import Path

import pytest

from tbms.settings import SettingsError, load

HERE = Path(__file__).parent
WEB = HERE.parents[1] / "web" / "src"
SOURCE = (WEB / "lib" / "meanings.svelte.ts").read_text(encoding="utf-8")
FORM = re.compile(re.findall(r"const REFUSAL = /(.+)/;", SOURCE)[0])
CATALOGUES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (WEB / "messages/settings").glob("*")}
OTHERS = (
    'protect.cell_overvoltage.cut = "high": must be 0.5 to 5 V or "off" (boat.toml line 3)',
    "nme: no such key; the nearest is name (boat.toml line 1)",
    "pack.fuse is missing: a real battery needs it, in A, before anything closes (boat.toml)",
    'contactors.feedback = false: must be true with contactors.bus = "common" (boat.toml line 4)',
)


def wrong() -> list[str]:
    with pytest.raises(SettingsError) as found:
        load(HERE / "wrong.toml")
    return found.value.problems


def said(sentence: str, refusals: dict[str, str]) -> list[str]:
    """The forms of its parts; a part without one fails."""
    found = FORM.match(sentence)
    assert found, sentence
    parts = re.split(r"(?<=^is missing): |(?<=, which) ", found[3])
    return [next((form for form in refusals if re.search(form, part)), f"none for: {part}") for part in parts]


@pytest.mark.parametrize("language", ["de", "es", "fr"])
def test_every_refusal_has_a_form_in_every_language(language: str) -> None:
    refusals = CATALOGUES[language]["refusals"]
    sentences = [*wrong(), *OTHERS]
    assert len(sentences) > 30
    found = {sentence: said(sentence, refusals) for sentence in sentences}
    assert [form for forms in found.values() for form in forms if form.startswith("none")] == []
    general = [sentence for sentence, forms in found.items() if "^must be (.+)$" in forms]
    assert all(re.search(r"must be (a |true|\d)", sentence) for sentence in general), general


@pytest.mark.parametrize("language", ["de", "es", "fr"])
def test_no_part_of_a_refusal_is_lost(language: str) -> None:
    for form, text in CATALOGUES[language]["refusals"].items():
        groups = re.compile(form).groups
        assert {int(number) for number in re.findall(r"\$(\d)", text)} == set(range(1, groups + 1)), form
    assert set(CATALOGUES[language]["refusals"]) == set(CATALOGUES["de"]["refusals"])
