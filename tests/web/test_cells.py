"""The page Cells, used as a person would: a cell's own life, the table, balancing."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect
from tests.monitor import scenes
from tests.web.conftest import Boat, Open
from tests.web.test_pages import at

from tbms.model.snapshot import BalancingSnapshot

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_cell_has_a_life_of_its_own(visit: Open, boat: Boat) -> None:
    page = at(visit, "cells")
    page.get_by_role("link", name="Show the curve of cell 7").press("Enter")
    life = page.get_by_label("Cell 7 · last 24 h")
    expect(life.get_by_role("img", name="Cell 7, voltage")).to_be_visible()
    expect(life.locator(".now")).to_have_text(re.compile(r"3\.287\s*V\s*22\.9\s*°C"))
    expect(life).to_contain_text(re.compile(r"Resistance at 25 °C\s*0\.23\s*mΩ"))
    expect(life).to_contain_text("Cell 7 is empty before the others. Let the battery balance at a full charge")
    expect(page.locator("tr.chosen")).to_contain_text("3.287")
    boat.show(replace(scenes.calm(), cell=scenes.cells((3.3,) * 6 + (3.291,) + (3.3,) * 9)))
    expect(life.locator(".now")).to_contain_text("3.291")
    page.get_by_role("link", name="Next cell").click()
    expect(page.get_by_label("Cell 8 · last 24 h")).not_to_contain_text("empty before the others")
    page.get_by_role("link", name="Previous cell").click()
    page.get_by_role("link", name="Previous cell").click()
    expect(page.get_by_label("Cell 6 · last 24 h").get_by_role("img", name="Cell 6, voltage")).to_be_visible()
    page.go_back()
    expect(life).to_be_visible()
    page.get_by_role("link", name="All cells").click()
    expect(page.locator(".bars")).to_be_visible()
    page.locator("tbody tr").nth(11).click(position={"x": 200, "y": 12})  # anywhere on its line
    expect(page.get_by_label("Cell 12 · last 24 h")).to_contain_text("Clean and tighten the connections beside it")


def test_a_round_of_cells_ends_where_it_began(visit: Open) -> None:
    page = at(visit, "cells/16", "kiosk")
    page.get_by_role("link", name="Next cell").click()
    expect(page.get_by_label("Cell 1 · last 24 h")).to_be_visible()
    page.get_by_role("link", name="Previous cell").click()
    expect(page.get_by_label("Cell 16 · last 24 h")).to_be_visible()
    page.evaluate("location.hash = '#/cells/17'")  # an old bookmark of a longer battery
    expect(page.locator(".bars")).to_be_visible()


def test_the_table_tells_each_cell_against_the_others(visit: Open, boat: Boat) -> None:
    page = at(visit, "cells")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(16)
    expect(rows.nth(6)).to_have_text("73.287−2522.9lowest")
    expect(rows.nth(11)).to_contain_text("highest")
    expect(page.locator(".bars header")).to_contain_text("cell spread 44 mV · mean 3.312 V")
    boat.show(scenes.alarmed())
    expect(rows.nth(11).locator("td.alarm")).to_have_text("disconnected")
    expect(rows.nth(6).locator("td.warning")).to_have_text("warning")
    boat.show(scenes.unknown())
    expect(rows.nth(8)).to_contain_text(re.compile("^9–––unknown"))


def test_balancing_is_told_from_cell_to_cell(visit: Open, boat: Boat) -> None:
    page = at(visit, "cells")
    told = page.locator(".balancing")
    given = (0.0,) * 11 + (7260.0,) + (0.0,) * 4
    work = BalancingSnapshot(
        True, (12,), 7, given, tuple(5.0 * spent / 3600 for spent in given),
        "cell 12 3.462 V, cell 7 3.438 V: 24 mV apart",
    )  # fmt: skip
    boat.show(replace(scenes.calm(), balancing=work))
    expect(told).to_have_text(
        re.compile(r"Balancing\s*Cell 12 → cell 7\s*cell 12 3.462 V, cell 7 3.438 V: 24 mV apart")
    )
    boat.show(replace(scenes.calm(), balancing=replace(work, donors=(3, 12))))
    expect(told).to_contain_text("Cell 3, 12 → cell 7")
    boat.show(replace(scenes.calm(), balancing=replace(work, donors=())))
    expect(told).to_contain_text("Measures before it goes on")
    page.get_by_role("link", name="Show the curve of cell 12").click()
    expect(page.get_by_label("Cell 12 · last 24 h")).to_contain_text(
        re.compile(r"Given away by balancing\s*10\.08 Ah · 2\sh\s1\smin")
    )
    page.get_by_role("link", name="All cells").click()
    boat.show(replace(scenes.calm(), balancing=replace(work, on=False, donors=(), cause="nothing to do")))
    expect(told).to_have_text(re.compile(r"Balancing\s*At rest\s*nothing to do"))
