"""The page Ranges: a rule is read, changed, tried out and saved."""

import re

import pytest
from playwright.sync_api import expect
from tests.monitor.fake import SETTINGS
from tests.web.conftest import Boat, Open
from tests.web.looking import AXE, axe
from tests.web.test_pages import at

from tbms.settings import load
from tbms.settings.form import filled

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TEXT = """[[outputs]]
name = "Charger"
role = "charger_enable"

[[outputs]]
name = "Heater"

[[outputs]]
name = "Fan"
role = "fan"

[[ranges]]
name = "Hot water"
when = [{ measure = "soc", start = 0.72, stop = 0.65, delay = 60 }]
outputs = [2]
"""


@pytest.fixture(autouse=True)
def ruled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A boat with one rule."""
    settings = SETTINGS["get"] | {"text": TEXT, "settings": filled(load("boat.toml", (), TEXT))}
    monkeypatch.setitem(SETTINGS, "get", settings)


def test_a_rule_is_changed_tried_out_and_saved(visit: Open, boat: Boat) -> None:
    page = at(visit, "ranges")
    rule = page.get_by_role("article", name="Hot water")
    expect(rule).to_contain_text(re.compile("state of charge above 72.%, until 65.% → Heater"))
    rule.get_by_role("button", name="Change").click()
    rule.get_by_label("starts at %").fill("75")
    rule.get_by_label("starts at %").press("Tab")
    rule.get_by_role("button", name="Fan").click()
    expect(rule).to_contain_text(re.compile("above 75.%.*Heater, Fan"))
    page.get_by_role("button", name="Try it on the last 30 days").click()
    expect(page.get_by_text(re.compile(r"would have run \d+ ×, [\d.]+ h"))).to_be_visible(timeout=20_000)
    expect(page.locator(".plot .run").first).to_be_visible()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert axe(page) == []
    boat.asked()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").get_by_text("Saved and in force.")).to_be_visible()
    (asked,) = [each for each in boat.asked() if "author" in each]
    assert asked["changes"]["ranges"] == [
        {"name": "Hot water", "when": [{"measure": "soc", "start": 0.75, "stop": 0.65, "delay": 60}], "outputs": [2, 3]}
    ]


def test_a_new_rule_is_built_as_a_sentence(visit: Open, boat: Boat) -> None:
    page = at(visit, "ranges", "phone")
    page.get_by_role("button", name="Add a rule").click()
    rule = page.get_by_role("article", name="New rule")
    rule.get_by_label("When").select_option("cell_voltage")
    rule.get_by_label("which").select_option("lowest")
    expect(rule).to_contain_text(re.compile("cell voltage \\(lowest\\) below 3.1.V, until 3.3.V"))
    rule.get_by_role("button", name="One more condition").click()
    rule.get_by_label("It runs when").select_option("any")
    expect(rule).to_contain_text(" or state of charge")
    rule.get_by_label("and tells as").select_option("alarm")
    expect(rule).to_contain_text(re.compile("→ .*, Alarm"))
    page.get_by_role("button", name="Remove New rule").click()
    expect(rule).to_have_count(0)


def test_what_does_not_fit_is_said_while_it_is_built(visit: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    problems = {"problems": ["ranges[1].stop: no"], "differences": [], "applies": "nothing"}
    monkeypatch.setitem(SETTINGS, "check", problems)
    page = at(visit, "ranges")
    page.get_by_role("button", name="Change").click()
    page.get_by_label("stops at %").fill("90")
    page.get_by_label("stops at %").press("Tab")
    expect(page.get_by_label("To be mended first")).to_contain_text("ranges[1].stop: no")
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
