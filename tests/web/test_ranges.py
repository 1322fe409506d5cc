"""The page Ranges: a rule is read, changed, tried out and saved."""

import re

import pytest
from playwright.sync_api import expect
from tests.monitor.fake import SETTINGS
from tests.web.conftest import Boat, Open
from tests.web.looking import AXE, axe
from tests.web.test_pages import at

from tbms.settings import load
from tbms.settings.change import changed
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


def test_a_rule_may_look_at_the_sun_and_at_a_charger(visit: Open, boat: Boat) -> None:
    page = at(visit, "ranges")
    rule = page.get_by_role("article", name="Hot water")
    rule.get_by_role("button", name="Change").click()
    rule.get_by_label(re.compile("^When")).select_option("solar_power")
    expect(rule).to_contain_text(re.compile("solar power above 150.W, until 60.W → Heater"))
    rule.get_by_role("button", name="One more condition").click()
    rule.get_by_label(re.compile("^When")).last.select_option("charger_state")
    expect(rule).to_contain_text("charger state is float →")
    rule.get_by_label("which").select_option("solar")
    rule.get_by_label("starts at").last.select_option("absorption")
    expect(rule).to_contain_text("and charger state (solar charger) is absorption →")
    boat.asked()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").get_by_text("Saved and in force.")).to_be_visible()
    (asked,) = [each for each in boat.asked() if "author" in each]
    (saved,) = asked["changes"]["ranges"]
    assert saved["when"] == [
        {"measure": "solar_power", "start": 150, "stop": 60, "delay": 60},
        {"measure": "charger_state", "of": "solar", "start": "absorption"},
    ]
    load("boat.toml", (), changed(TEXT, {"ranges": [saved]}))


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


WHOLE = {
    "name": "Generator", "join": "any", "outputs": [2], "warm_outputs": [3], "alarm": "warning", "profile": "ready",
    "minimum_on": 1800.0, "minimum_off": 600.0, "maximum_on": 14400.0, "warm_up": 120.0, "cool_down": 300.0,
    "exercise_days": 28.0, "exercise_time": 1200.0, "unknown": "hold", "when": [
        {"measure": "cell_voltage", "of": "lowest", "start": 3.175, "stop": 3.5, "delay": 30.0, "stop_delay": 60.0,
         "quiet_start": 3.05, "quiet_stop": 3.3},
        {"measure": "soc", "start": 0.2, "stop": 0.9, "quiet_start": "off"},
    ],
}  # fmt: skip


def test_a_rule_from_the_file_is_told_whole_and_loses_nothing_by_a_change(
    visit: Open, boat: Boat, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = SETTINGS["get"]["settings"]
    (rule,) = load("boat.toml", (), changed(TEXT, {"ranges": [WHOLE]})).schema.ranges
    kept = known | {"ranges": [rule.model_dump(mode="json")]}
    monkeypatch.setitem(SETTINGS, "get", SETTINGS["get"] | {"settings": kept})
    page = at(visit, "ranges", "kiosk")
    told = page.get_by_role("article", name="Generator")
    for part in (
        "below 3.175.V, until 3.5.V, in quiet hours: .*below 3.05.V, until 3.3.V or state of charge below 20.%",
        "until 90.%, not in quiet hours → Heater, Warning",
        "Fan after 2.min of warm-up, off 5.min before the end; charges as: ready; runs at least 30.min",
        "runs at most 4.h; rests at least 10.min; runs for 20.min after 28 days without a run; stays as it is while",
    ):
        expect(told).to_contain_text(re.compile(part))
    told.get_by_role("button", name="Change").click()
    told.get_by_text("More", exact=True).click()
    page.get_by_label("runs at least min").fill("45")
    page.get_by_label("runs at least min").press("Tab")
    boat.asked()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").get_by_text("Saved and in force.")).to_be_visible()
    (asked,) = [each for each in boat.asked() if "author" in each]
    assert asked["changes"]["ranges"] == [WHOLE | {"minimum_on": 2700}]


def test_what_is_seldom_needed_is_built_under_more(visit: Open, boat: Boat) -> None:
    page = at(visit, "ranges", "phone")
    rule = page.get_by_role("article", name="Hot water")
    rule.get_by_role("button", name="Change").click()
    expect(rule.get_by_label("in quiet hours")).to_have_count(0)
    rule.get_by_text("More", exact=True).click()
    rule.get_by_label("in quiet hours").select_option("off")
    expect(rule).to_contain_text("not in quiet hours")
    rule.get_by_label("in quiet hours").select_option("own")
    rule.get_by_label("starts quietly at %").fill("90")
    rule.get_by_label("starts quietly at %").press("Tab")
    expect(rule).to_contain_text(re.compile("in quiet hours: state of charge above 90.%"))
    rule.get_by_role("group", name="kept off meanwhile").get_by_role("button", name="Fan").click()
    rule.get_by_label("charge profile meanwhile").select_option("store")
    rule.get_by_label("exercise run after days").fill("14")
    rule.get_by_label("exercise run after days").press("Tab")
    expect(rule).to_contain_text("keeps off: Fan; charges as: store; runs for")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert axe(page) == []
    rule.get_by_label("When").select_option("temperature")
    expect(rule).not_to_contain_text("in quiet hours:")
    boat.asked()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").get_by_text("Saved and in force.")).to_be_visible()
    (asked,) = [each for each in boat.asked() if "author" in each]
    (found,) = asked["changes"]["ranges"]
    assert found["when"] == [{"measure": "temperature", "of": "highest", "start": 35, "stop": 27, "delay": 60}]
    assert (found["inhibit"], found["profile"], found["exercise_days"]) == ([3], "store", 14)
