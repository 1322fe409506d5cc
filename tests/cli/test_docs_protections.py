"""The generated page of protections: nothing is missing, and it says what the pages say."""

import json
from pathlib import Path

import pytest

from tbms.cli.docs_protections import text
from tbms.settings import load
from tbms.settings.advice import ADVICE
from tbms.settings.chemistry import CHEMISTRIES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_every_protection_has_its_section_and_its_advice(chemistry: str) -> None:
    written = text()
    for protection in load(None, [f"pack.chemistry={chemistry}"]).protections:
        assert f"\n## {protection.id}\n" in written
        assert ADVICE[protection.id] in written


def test_the_pages_give_the_same_advice() -> None:
    words = json.loads((ROOT / "web/src/messages/en.json").read_text(encoding="utf-8"))
    assert {key: words[f"todo.{key}"] for key in ADVICE} == ADVICE


def test_figures_are_those_of_the_table() -> None:
    written = text()
    assert "| LFP | > 3.55 / 5 s | > 3.6 / 2 s | > 3.65 / 1 s | 3.45 / 5 s | V |" in written
    assert "| all | > 3 / 30 s | – | > 10 / 10 s | 2 / 5 s, latched | K/min |" in written
