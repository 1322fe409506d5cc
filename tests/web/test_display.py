"""What a display is: its degrees, its rest at night, an app of its own, and light that moves only where it may."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.monitor import scenes
from tests.web.conftest import CHROMIUM, FLAGS, Boat, Open
from tests.web.test_pages import at

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_degrees_are_those_of_this_display(visit: Open) -> None:
    page = at(visit, "cells")
    expect(page.locator("thead")).to_contain_text("°C")
    before = float(page.locator("tbody tr").first.locator("td").nth(2).inner_text())
    page.get_by_role("button", name="Display").first.click()
    page.get_by_role("button", name="°F").click()
    page.keyboard.press("Escape")
    expect(page.locator("thead")).to_contain_text("°F")
    shown = float(page.locator("tbody tr").first.locator("td").nth(2).inner_text())
    assert shown == pytest.approx(before * 1.8 + 32, abs=0.1)
    page.reload()
    expect(page.locator("thead")).to_contain_text("°F")


def test_a_kiosk_that_nobody_touches_dims_and_an_alarm_wakes_it(visit: Open, boat: Boat) -> None:
    visited = visit("kiosk")
    page = visited.page
    # five minutes of the page are half a second here
    page.add_init_script("const real = setTimeout; window.setTimeout = (f, t) => real(f, t === 300000 ? 500 : t);")
    page.goto(f"{visited.address}/#/")
    page.reload()
    dark = page.locator(".dark")
    expect(dark).to_be_visible()
    page.mouse.click(400, 290)  # a tab lies there
    expect(dark).to_have_count(0)
    expect(page).to_have_url(re.compile(r"#/$"))
    expect(dark).to_be_visible()
    boat.show(scenes.alarmed())
    expect(dark).to_have_count(0)


def test_the_pages_can_be_installed_as_an_app(chromium: Browser, boat: Boat, tmp_path: Path) -> None:
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    own = chromium.browser_type.launch_persistent_context(tmp_path, executable_path=CHROMIUM, args=flags)
    try:
        page = own.new_page()
        page.goto(boat.address)
        expect(page.locator(".percent")).to_be_visible()
        asked = own.new_cdp_session(page)
        assert asked.send("Page.getInstallabilityErrors") == {"installabilityErrors": []}
        assert asked.send("Page.getAppManifest")["errors"] == []
        sign = page.request.get(f"{boat.address}/apple-touch-icon.png")
        assert (sign.headers["content-type"], sign.body()[:4]) == ("image/png", b"\x89PNG")
    finally:
        own.close()


@pytest.mark.parametrize(("motion", "seconds"), [("no-preference", "0.4s"), ("reduce", "0s")])
def test_the_light_flashes_as_at_the_panel_unless_that_is_unwelcome(
    visit: Open, boat: Boat, motion: str, seconds: str
) -> None:
    page = at(visit, "panel", reduced_motion=motion)
    shown = scenes.calm()
    assert shown.panel
    boat.show(replace(shown, panel=replace(shown.panel, led="pre_alarm")))
    expect(page.locator(".now")).to_contain_text("fast red")
    expect(page.locator(".now .lamp")).to_have_css("animation-duration", seconds)


def test_who_limps_home_sees_for_how_long(visit: Open, boat: Boat) -> None:
    page = at(visit, "panel")
    light = page.get_by_role("region", name="Light and buzzer now")
    expect(light).not_to_contain_text("Limping home")
    shown = scenes.calm()
    assert shown.panel
    boat.show(replace(shown, panel=replace(shown.panel, limp_home=432.0)))
    expect(light).to_contain_text(re.compile("Limping home: 7.min left."))


def test_stop_is_held_on_the_page_panel_and_closing_again_is_said_to_be_elsewhere(visit: Open, boat: Boat) -> None:
    page = at(visit, "panel", "kiosk")
    expect(
        page.get_by_text("After a stop or a latch only this button closes. No page and no network can.")
    ).to_be_visible()
    stop = page.get_by_role("button", name="Stop, hold 2 s")
    stop.focus()
    page.keyboard.down("Space")
    page.keyboard.up("Space")
    assert boat.commanded() == [], "a touch is no stop"
    page.keyboard.down("Space")
    expect(page.locator(".outcome").filter(has_text=re.compile("."))).to_be_visible()
    page.keyboard.up("Space")
    assert [each["kind"] for each in boat.commanded()] == ["stop"]
    expect(page.get_by_role("button", name=re.compile("close", re.IGNORECASE))).to_have_count(0)
