"""The page fits every screen, language and person: themes, long words, few cells, screen readers, no mouse."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.monitor import scenes
from tests.web.conftest import SIZES, Boat, Open
from tests.web.looking import AXE, axe, figure, live, resized, unbroken

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_theme_and_language_are_chosen_and_remembered(visit: Open) -> None:
    page = live(visit("kiosk").go())
    assert page.evaluate("document.documentElement.dataset.theme") == "night"
    page.get_by_role("link", name="More").click()
    page.get_by_role("link", name="Diagnostics").click()
    page.get_by_role("button", name="Display").click()
    page.get_by_role("button", name="Red").click()
    page.get_by_role("button", name="Deutsch").click()
    page.get_by_role("button", name="Fertig").click()
    page.get_by_role("link", name="Übersicht").click()
    page.reload()
    live(page)
    expect(page.locator(".word").first).to_have_text("entlädt")
    expect(figure(page, "Spannung")).to_have_text("52,99")
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dataset.theme]") == ["de", "red"]
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(0, 0, 0)"
    unbroken(page)


@pytest.mark.parametrize("language", ["en", "fr", "de", "es"])
def test_long_words_fit(visit: Open, boat: Boat, language: str) -> None:
    boat.show(replace(scenes.long_names(), acknowledged=True, speed=60.0))
    page = visit("wide", language=language).go()
    expect(page.locator(".banner.alarm")).to_be_visible()
    for _ in resized(page):
        expect(page.locator(".percent")).to_be_visible()


def test_four_cells_fit_as_well_as_sixteen(visit: Open, boat: Boat) -> None:
    boat.show(scenes.calm(4))
    page = live(visit("wide").go())
    for _ in resized(page):
        expect(page.locator(".cells ol li")).to_have_count(4)


LOOKS: list[tuple[str, str, Any, str]] = [
    ("wide", "night", scenes.calm(), "all well"),
    ("wide", "day", scenes.alarmed(), "Cell voltage too high"),
    ("phone", "red", scenes.warned(), "Too warm to charge"),
    ("phone", "day", scenes.unknown(), "A measuring node is silent"),
    ("kiosk", "night", scenes.warned(), "Cell 7 42.4 °C > 42.0 °C"),
    ("kiosk", "red", scenes.alarmed(), "Cell voltage too high"),
]


def test_axe_finds_nothing(visit: Open, boat: Boat) -> None:
    page = live(visit("wide").go())
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for size, theme, scene, words in LOOKS:
        boat.show(scene)
        page.set_viewport_size({"width": SIZES[size][0], "height": SIZES[size][1]})
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        expect(page.get_by_text(words).last).to_be_attached()
        assert axe(page) == [], (size, theme)


def test_axe_finds_nothing_in_the_display_sheet_and_on_a_stale_page(visit: Open, boat: Boat) -> None:
    page = live(visit("phone", "day").go())
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.get_by_role("button", name="Display").click()
    assert axe(page) == []
    page.keyboard.press("Escape")
    boat.sink()
    expect(page.locator("main.stale")).to_be_attached()
    assert axe(page) == []


def test_no_mouse_is_needed(visit: Open) -> None:
    page = live(visit("wide").go())
    reached = []
    for _ in range(10):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.getAttribute('aria-label') ?? ''"))
    assert "Display" in reached
    assert "Stop, hold 2 s" in reached
