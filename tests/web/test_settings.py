"""The page Settings, used as an owner would: search, change, look at the difference, save, undo."""

import re

import pytest
from playwright.sync_api import expect
from tests.monitor.fake import SETTINGS
from tests.web.conftest import Boat, Open
from tests.web.looking import AXE, axe
from tests.web.test_pages import at

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_value_is_found_changed_looked_at_and_saved(visit: Open, boat: Boat) -> None:
    page = at(visit, "settings")
    page.get_by_label("Search").fill("cell overvoltage cut")
    cut = page.get_by_label("cut", exact=True)
    expect(cut).to_have_value("3.65")
    expect(page.get_by_text("the contactor opens")).to_be_visible()
    cut.fill("3.6")
    cut.press("Tab")
    expect(page.get_by_text("1 changed, not saved")).to_be_visible()
    page.get_by_role("button", name="See the difference").click()
    expect(page.get_by_role("row", name="name (follows)")).to_contain_text(re.compile("Aurora.*Borea"))
    expect(page.get_by_text("Takes effect at once")).to_be_visible()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert axe(page) == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").get_by_text("Saved and in force.")).to_be_visible()
    changes = {"protect.cell_overvoltage.cut": 3.6}
    asked = [each for each in boat.asked() if "changes" in each]
    assert asked == [{"changes": changes}, {"changes": changes, "version": 3, "author": "somebody from this computer"}]
    expect(page.get_by_text("not saved")).to_have_count(0)


def test_what_is_not_permitted_is_said_while_typing(visit: Open) -> None:
    page = at(visit, "settings")
    page.get_by_label("Search").fill("cell overvoltage cut")
    cut = page.get_by_label("cut", exact=True)
    for wrong in ("9", "high", "-1"):
        cut.fill(wrong)
        expect(page.get_by_text('0.5 to 5 V or "off"')).to_be_visible()
        expect(cut).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("button", name="See the difference")).to_have_count(0)
    cut.fill("off")
    cut.press("Tab")
    expect(page.get_by_text("1 changed")).to_be_visible()
    page.get_by_role("button", name="Leave cut as it was").click()
    expect(cut).to_have_value("3.65")
    expect(page.get_by_text("1 changed")).to_have_count(0)


OWN_WORDS = {
    "de": ("zellspannung hoch abschaltung", "Abschaltung", "das Schütz öffnet", '0.5 bis 5 V oder "off"'),
    "fr": ("tension haute coupure", "coupure", "le contacteur s’ouvre", '0.5 à 5 V ou "off"'),
    "es": ("tensión alta corte", "corte", "el contactor se abre", '0.5 a 5 V o "off"'),
}


@pytest.mark.parametrize("language", OWN_WORDS)
def test_settings_are_found_and_explained_in_the_language_of_the_display(visit: Open, language: str) -> None:
    search, title, text, permitted = OWN_WORDS[language]
    page = at(visit, "settings", language=language)
    page.get_by_role("searchbox").fill(search)
    cut = page.get_by_label(title, exact=True).first
    expect(cut).to_have_value("3.65")
    expect(page.get_by_text(text).first).to_have_attribute("lang", language)
    cut.fill("9")
    expect(page.get_by_text(permitted)).to_be_visible()
    page.get_by_role("searchbox").fill("chemistry")  # the word of the file finds it, too
    expect(page.get_by_role("option", name="LiFePO₄ (lfp)")).to_be_attached()


def test_texts_that_cannot_be_fetched_are_english(visit: Open) -> None:
    visited = visit("wide", language="de")
    page = visited.page
    page.route("**/assets/de-*.js", lambda route: route.abort())
    page.goto(f"{visited.address}/#/settings")
    page.get_by_role("searchbox").fill("cell overvoltage cut")
    expect(page.get_by_text("the contactor opens")).to_have_attribute("lang", "en")
    visited.amiss.clear()  # the browser logs the lost file


def test_every_problem_of_the_whole_file_is_shown(visit: Open, boat: Boat, monkeypatch: pytest.MonkeyPatch) -> None:
    problems = {"problems": ["boat.toml line 1: no", "boat.toml line 2: no"], "differences": [], "applies": "nothing"}
    monkeypatch.setitem(SETTINGS, "check", problems)
    page = at(visit, "settings")
    page.get_by_role("button", name="Whole file").click()
    text = page.get_by_label("boat.toml")
    expect(text).to_have_value('name = "Aurora"\n')
    text.fill("nme = 1")
    page.get_by_role("button", name="See the difference").click()
    expect(page.get_by_label("To be mended first").get_by_role("listitem")).to_have_count(2)
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_label("Search")).to_be_enabled()


def test_the_last_change_is_undone(visit: Open, boat: Boat) -> None:
    page = at(visit, "settings")
    expect(page.get_by_label("Earlier versions")).to_contain_text('name "Borea" -> "Aurora"')
    boat.asked()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").get_by_text("Saved and in force.")).to_be_visible()
    assert {"author": "somebody from this computer"} in boat.asked()


def test_a_refusal_is_told_and_nothing_is_lost(visit: Open, boat: Boat) -> None:
    visited = visit("phone")
    page = visited.page
    page.goto(f"{visited.address}/#/settings")
    page.get_by_label("Search").fill("name of the battery")
    page.get_by_label("name", exact=True).fill("Borea")
    page.get_by_label("name", exact=True).press("Tab")
    boat.system.master.refusal = {"code": -32000, "message": "a contactor would open at once"}
    page.get_by_role("button", name="See the difference").click()
    expect(page.get_by_role("status").get_by_text("A contactor would open at once.")).to_be_visible()
    expect(page.get_by_label("name", exact=True)).to_have_value("Borea")
    visited.amiss.clear()  # the browser logs the 409


def test_what_waits_for_the_next_start_is_said(visit: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SETTINGS, "get", SETTINGS["get"] | {"pending": True})
    page = at(visit, "settings")
    expect(page.get_by_text("waits for the next start of the master")).to_be_visible()


def test_an_emptied_field_means_the_default(visit: Open, boat: Boat) -> None:
    page = at(visit, "settings")
    page.get_by_label("Search").fill("name of the battery")
    page.get_by_label("name", exact=True).fill("")
    page.get_by_label("name", exact=True).press("Tab")
    page.get_by_role("button", name="See the difference").click()
    expect(page.get_by_text("Takes effect at once")).to_be_visible()
    assert {"changes": {"name": None}} in boat.asked()


REFUSED = [
    "protect.cell_overvoltage.cut = 3.65 V: must be above limit (3.7 V) and below guard (3.75 V) (boat.toml line 10)",
    "outputs[1].name: something new that nobody has translated",
]


def test_why_a_change_is_refused_is_told_in_the_language_of_the_display(
    visit: Open, boat: Boat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SETTINGS, "check", {"problems": REFUSED, "differences": [], "applies": "nothing"})
    page = at(visit, "settings", language="de")
    page.get_by_role("button", name="Ganze Datei").click()
    page.get_by_label("boat.toml").fill("nme = 1")
    page.get_by_role("button", name="Unterschied ansehen").click()
    refused = page.locator(".problems li")
    expect(refused.first).to_have_text(
        "Zellspannung zu hoch · Abschaltung = 3,65 V: muss über Grenze (3,7 V) und unter Wächter (3,75 V) liegen "
        "(boat.toml line 10)"
    )
    expect(refused.nth(1)).to_have_text(REFUSED[1])
    expect(refused.nth(1)).to_have_attribute("lang", "en")
