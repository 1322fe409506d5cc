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


def test_each_stands_with_its_own_delay_and_what_it_forbids() -> None:
    """Two may share id, measure and words: one forbids charging at once, the other discharging after ten minutes."""
    blocks = [block.partition("\n\n") for block in text().split("; its cut forbids ")[1:]]
    tables = {(number, words.rstrip(".")): table.split("\n\n")[0] for number, (words, _, table) in enumerate(blocks)}
    discharge = [table for (_, words), table in tables.items() if words == "discharge" and "after 600 s" in table]
    assert len(discharge) == len(["unguarded_time", "stuck_sensor"])
    assert any("> 3 / 600 s" in table for (_, words), table in tables.items() if words == "discharge")
    for (_, words), table in tables.items():
        assert "600 s" not in table or words == "discharge"


def test_what_a_charger_is_given_is_said() -> None:
    patient = {p.id for p in load().protections if p.grace}
    told = {part.partition("\n")[0] for part in text().split("\n## ") if "a charger has 3 s to stop" in part}
    assert told == patient
