"""History, Events, Outputs, More and System, each used as a person would; and what holds for every page."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from tests.campaign import CAMPAIGN
from tests.monitor import scenes
from tests.web.conftest import SIZES, Boat, Open
from tests.web.looking import AXE, axe, resized, unbroken

from tbms.cli.shots import PAGES

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def at(visit: Open, place: str, size: str = "wide", **more: str) -> Page:
    """The page of this name, with live values."""
    visited = visit(size, **more)
    visited.page.goto(f"{visited.address}/#/{place}")
    expect(visited.page.locator("main:not(.stale) .page").last).to_be_visible()
    return visited.page


def test_the_tabs_lead_everywhere(visit: Open) -> None:
    page = at(visit, "", "kiosk")
    for name in ("Cells", "History", "Events", "Outputs", "Health", "More", "Overview"):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.locator("nav [aria-current]")).to_have_text(name)
        for link in page.locator("nav a").all():
            box = link.bounding_box()
            assert box
            assert box["height"] >= 56
            assert box["width"] >= 44


def test_health_names_what_stands_out_and_what_to_do(visit: Open, boat: Boat) -> None:
    page = at(visit, "health")
    expect(page.get_by_label("State of health")).to_contain_text(
        re.compile(r"98%\s*274.2 ± 1.9 Ah of 280 Ah\s*18.5 equivalent")
    )
    odd = page.get_by_label("What stands out")
    expect(odd).to_contain_text(re.compile(r"Cell 12 has more resistance than the others\.\s*Clean and tighten the"))
    expect(odd).to_contain_text("Cell 7 is empty before the others.")
    expect(page.locator(".bars li")).to_have_count(16)
    expect(page.locator(".bars li.odd")).to_have_text(re.compile(r"12\s*0\.39"))
    expect(page.get_by_label("Its life so far")).to_contain_text(re.compile(r"Discharged\s*5166.2 Ah · 268.9"))
    new = replace(
        scenes.HEALTH, capacity=None, soh=None, resistance=(None,) * 16, slow=(None,) * 16,
        steps=(0,) * 16, weak=(), joints=(),
    )  # fmt: skip
    boat.show(replace(scenes.calm(), health=new))
    expect(page.get_by_text("Not measured yet: it takes one full charge")).to_be_visible()
    expect(odd).to_contain_text("so far there were 0")
    boat.show(replace(scenes.calm(), health=replace(scenes.HEALTH, weak=(), joints=())))
    expect(odd).to_contain_text("Nothing stands out.")
    boat.show(replace(scenes.calm(), health=new))
    expect(page.locator(".bars b").first).to_have_text("–")


def test_more_leads_to_every_page_and_back(visit: Open) -> None:
    page = at(visit, "more", "kiosk")
    names = page.locator("main a b").all_inner_texts()
    assert names == ["Ranges", "Alerts", "Settings", "People", "Panel", "Diagnostics"]
    for name in names:
        link = page.get_by_role("link", name=re.compile(f"^{name}"))
        box = link.bounding_box()
        assert box
        assert box["height"] >= 56
        link.focus()
        page.keyboard.press("Enter")
        expect(page.locator("nav [aria-current]")).to_have_text("More")
        expect(page.locator("main .page").last).to_be_visible()
        expect(page.locator("main a b")).to_have_count(0)
        page.go_back()
        expect(page.locator("main a b")).to_have_count(len(names))


def test_history_is_zoomed_remembered_and_exported(visit: Open) -> None:
    page = at(visit, "history")
    expect(page.locator("canvas")).to_be_visible()
    expect(page.locator("dt")).to_have_text(["Charge", "Power"])
    expect(page.get_by_text("3 events.")).to_be_visible()
    page.get_by_role("button", name="Cell voltages").click()
    expect(page.locator("dt")).to_have_text(["Charge", "Power", "Cell voltages"])
    box = page.locator(".u-over").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
    expect(page.locator("dd").nth(2)).to_contain_text("V")
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 3 / 4, box["y"] + 60, steps=3)
    page.mouse.up()
    expect(page.get_by_role("button", name="Dates")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("From")).to_have_value(re.compile("2026-06-15T0[12]:.."))
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    text = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert text[0].startswith("time,soc,power,v1,v2")
    assert 2100 < len(text) < 2220
    page.get_by_role("button", name="Zoom out").click()
    expect(page.get_by_role("button", name="24 h")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.locator("dt")).to_have_text(["Charge", "Power", "Cell voltages"])


def test_a_time_without_records_says_so(visit: Open) -> None:
    page = at(visit, "history/1700000000")
    expect(page.get_by_text("Nothing was recorded in this time.")).to_be_visible()
    for name in ("Charge", "Power"):
        page.get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_text("Choose at least one curve.")).to_be_visible()


def test_the_last_minutes_move(visit: Open) -> None:
    page = at(visit, "history", "phone")
    page.get_by_role("button", name="10 min").click()
    expect(page.locator("canvas")).to_be_visible()
    page.get_by_role("button", name="Earlier").click()
    expect(page.get_by_role("button", name="Dates")).to_have_attribute("aria-pressed", "true")


def test_events_are_searched_filtered_and_led_to_the_curves(visit: Open) -> None:
    page = at(visit, "events")
    rows = page.locator("li:has(time)")
    expect(rows).to_have_count(8)
    expect(rows.first).to_contain_text("Cell heater: on set by hand")
    expect(rows.nth(2)).to_contain_text("Alarm Cell voltage too high")
    expect(rows.nth(2)).to_contain_text("Cell 12 · 3.662 V · limit 3.650 V")
    expect(rows.nth(5)).to_contain_text("seen 08:43 by Anna")
    page.get_by_label("Search").fill("cell 12")
    expect(rows).to_have_count(2)
    page.get_by_label("Search").fill("Too warm")
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="Warning").click()
    expect(rows).to_have_count(1)
    page.get_by_label("Search").fill("nothing of the kind")
    expect(page.get_by_text("Nothing like this has happened.")).to_be_visible()
    page.get_by_label("Search").fill("")
    page.get_by_role("button", name="Warning").click()
    page.get_by_label("All subjects").select_option("contactor")
    expect(rows).to_have_count(2)
    page.get_by_role("link", name="Show in the history, 11:30").click()
    expect(page.locator("canvas")).to_be_visible()
    expect(page.get_by_label("From")).to_have_value("2026-06-15T11:00")


def test_a_late_answer_to_an_earlier_question_is_not_shown(visit: Open) -> None:
    page, held = at(visit, "events"), list[Route]()
    rows = page.locator("li:has(time)")
    page.get_by_label("Search").fill("cell 12")
    expect(rows).to_have_count(2)
    everything = re.compile(r"/api/v1/events\?limit=\d+$")
    page.route(everything, lambda route: held.append(route))
    with page.expect_request(everything):
        page.get_by_label("Search").fill("")
    page.get_by_label("All subjects").select_option("contactor")
    held[0].continue_()
    page.unroute(everything)
    expect(page.get_by_text("The master has started")).to_have_count(0)
    expect(rows).to_have_count(2)


def test_an_event_of_a_contactor_opens_to_what_stood_before_and_after(visit: Open) -> None:
    page = at(visit, "events", "phone")
    expect(page.get_by_text("Before and after")).to_have_count(1)  # older events have none
    expect(page.get_by_role("table")).to_have_count(0)
    page.get_by_text("Before and after").click()
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows.filter(has_text="current")).to_have_text(re.compile(r"46\.2.A\s*0\.1.A"))
    expect(rows.filter(has_text="highest cell")).to_contain_text("3.662 V · Cell 12")
    expect(rows.filter(has_text="Charge contactor")).to_have_text(re.compile(r"closed\s*open"))
    expect(rows.filter(has_text="outputs on")).to_contain_text("none")


def test_an_output_is_turned_by_hand_for_a_while(visit: Open, boat: Boat) -> None:
    page = at(visit, "outputs", "kiosk")
    generator = page.get_by_role("article", name="Generator")
    expect(generator).to_contain_text("lowest cell 3.287 V > 3.175 V")
    expect(generator).to_contain_text("starts a generator · the relay reports the same")
    generator.get_by_role("button", name="By hand").click()
    generator.get_by_role("button", name="15 min").click()
    boat.commanded()
    generator.get_by_role("button", name="On, hold 2 s").focus()
    page.keyboard.down("Enter")
    expect(generator.get_by_text("Asked; the master decides.")).to_be_visible()
    page.keyboard.up("Enter")
    assert boat.commanded() == [
        {"kind": "output", "target": 2, "value": "on", "duration": 900.0, "who": "somebody from this computer"}
    ]
    heater = page.get_by_role("article", name="Cell heater")
    heater.get_by_role("button", name="By hand").click()
    heater.get_by_role("button", name="Automatic again").click()
    expect(heater.get_by_text("Asked; the master decides.")).to_be_visible()
    assert boat.commanded()[0]["value"] == "auto"


def test_the_panel_says_what_light_and_buzzer_mean(visit: Open, boat: Boat) -> None:
    page = at(visit, "panel")
    expect(page.locator(".now")).to_contain_text("short green flashes: connected, nothing is wrong")
    expect(page.get_by_text("The buzzer is silent.")).to_be_visible()
    expect(page.locator("dl dt")).to_have_count(6)
    shown = scenes.calm()
    assert shown.panel
    boat.show(replace(shown, panel=replace(shown.panel, led="pre_alarm", buzzer="pre_alarm", emergency_stop=True)))
    expect(page.locator(".now")).to_contain_text("fast red: if this goes on, a contactor opens")
    expect(page.get_by_text("two short beeps a second")).to_be_visible()
    expect(page.get_by_text("The emergency stop is pressed.")).to_be_visible()
    with page.expect_response("**/api/v1/command"):
        page.locator(".light").get_by_role("button", name="Acknowledge").click()
    assert boat.commanded()[-1]["kind"] == "acknowledge"


def test_logs_and_lost_answers_are_told(visit: Open, boat: Boat) -> None:
    page = at(visit, "system")
    shown = scenes.calm()
    first, second, *others = shown.nodes
    first = replace(first, timeouts=3, corrupt=1, limits_agree=False)
    second = replace(second, online=False, age=7.04, limits_agree=None)
    boat.show(replace(shown, nodes=(first, second, *others)))
    node = page.locator(".node")
    expect(node.first).to_contain_text(re.compile(r"Answers lost\s*4"))
    expect(node.first).to_contain_text("none came 3, failed their check 1, too old 0, refused 0")
    expect(node.first).to_contain_text(re.compile(r"Its own limits\s*not as set"))
    expect(node.first).to_contain_text(re.compile(r"Its program\s*0\.1"))
    expect(node.nth(1)).to_contain_text(re.compile(r"Node 2\s*silent\s*Measured\s*7\.0 s ago"))
    expect(node.nth(1)).to_contain_text(re.compile(r"Its own limits\s*–"))
    expect(node.nth(2)).to_contain_text(re.compile(r"Its own limits\s*as set"))
    expect(page.locator(".layers li .alarm")).to_have_text(["on 3 of 4 nodes"] * 2)
    page.get_by_role("button", name="monitor", exact=True).click()
    expect(page.locator(".logs")).to_contain_text("Nothing has been written yet.")


def test_an_event_is_marked_as_seen(visit: Open) -> None:
    page = at(visit, "events")
    first = page.locator("li.alarm").first
    first.get_by_role("button", name="Seen").click()
    expect(first).to_contain_text(re.compile("seen .* by somebody from this computer"))
    expect(first.get_by_role("button", name="Seen")).to_have_count(0)


def test_the_system_is_told_in_words(visit: Open) -> None:
    page = at(visit, "system")
    expect(page.locator(".node")).to_have_count(4)
    expect(page.locator(".layers .good")).to_have_text(["stands guard"] * 3)
    expect(page.locator(".timing")).to_contain_text("Cycles lost")
    expect(page.locator(".timing")).to_contain_text(re.compile(r"Latest since the start\s*12\.6\sms"))
    expect(page.locator(".records")).to_contain_text("Everything is stored.")
    expect(page.locator(".records")).to_contain_text("boat.toml")


# words of all four languages are measured by test_access; here the longest, and in a campaign each
@pytest.mark.parametrize("language", ["en", "de", "fr", "es"] if CAMPAIGN else ["de"])
def test_every_page_fits_every_screen(visit: Open, language: str) -> None:
    page = at(visit, "", language=language)
    for place, needed in [*PAGES.values(), ("#/cells/7", "canvas")]:
        page.evaluate("place => { location.hash = place; }", place)
        expect(page.locator(needed).first).to_be_visible()
        for _ in resized(page):
            unbroken(page)


def test_axe_finds_nothing_on_any_page(visit: Open) -> None:
    page = at(visit, "")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    looks = zip(SIZES, ("day", "red", "night"), strict=True)
    for size, theme in looks:
        page.set_viewport_size({"width": SIZES[size][0], "height": SIZES[size][1]})
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        for place, needed in PAGES.values():
            page.evaluate("place => { location.hash = place; }", place)
            expect(page.locator(needed).first).to_be_visible()
            assert axe(page) == [], (size, place)


def test_a_lost_master_greys_every_page(visit: Open, boat: Boat) -> None:
    page = at(visit, "cells")
    boat.sink()
    expect(page.locator("main.stale")).to_be_attached()
    expect(page.locator(".age").first).to_be_visible()
    page.get_by_role("link", name="History").click()
    expect(page.locator("canvas")).to_be_visible()


def test_a_time_is_compared_with_the_one_before(visit: Open) -> None:
    page = at(visit, "history")
    expect(page.locator("canvas")).to_be_visible()
    page.get_by_role("button", name="10 min", exact=True).click()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/v1/history?" in request.url else None)
    page.get_by_role("button", name="with the time before").click()
    expect(page.get_by_text("Charge, earlier")).to_be_visible()
    starts = [float(re.findall(r"from=([0-9.]+)", url)[0]) for url in asked]
    assert any(late - early == pytest.approx(600, abs=1) for early in starts for late in starts)
    page.get_by_role("button", name="Cell voltages").click()
    expect(page.get_by_text("Cells are drawn for this time only.")).to_be_visible()
    page.get_by_role("button", name="a year ago").click()
    expect(page.get_by_text("Nothing was recorded in the time it is compared with.")).to_be_visible()
    expect(page.locator("canvas")).to_be_visible()
    page.get_by_role("button", name="Cell voltages").click()
    page.get_by_role("button", name="no comparison").click()
    expect(page.get_by_text("Charge, earlier")).to_have_count(0)
