"""Log-in and people, as an owner meets them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from tests.web.conftest import Boat, Open
from tests.web.looking import AXE, axe
from tests.web.test_pages import at

from tbms.monitor.people import register as registering
from tbms.monitor.people.register import Register, Role

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSWORD = "correct horse"  # noqa: S105 - of nobody


@pytest.fixture(autouse=True)
def nobody(boat: Boat, monkeypatch: pytest.MonkeyPatch) -> Iterator[Register]:
    """A boat without people, before and after."""
    monkeypatch.setattr(registering, "COST", 16)
    path = boat.folder / "people.json"
    yield Register(path)
    path.unlink(missing_ok=True)


def test_the_first_password_another_person_and_out_again(visit: Open) -> None:
    page = at(visit, "people")
    expect(page.get_by_text("No password exists")).to_be_visible()
    first = page.get_by_role("form", name="The first password")
    first.get_by_label("Name").fill("Anna")
    first.get_by_label("Password").fill(PASSWORD)
    first.get_by_label("The same once more").fill("another one")
    first.get_by_role("button").click()
    expect(page.get_by_text("The two passwords differ.")).to_be_visible()
    first.get_by_label("The same once more").fill(PASSWORD)
    first.get_by_role("button").click()
    expect(page.get_by_text("Anna · installer")).to_be_visible()
    add = page.get_by_role("form", name="Add a person")
    add.get_by_label("Name").fill("Ben")
    add.get_by_label("Password").fill(PASSWORD)
    add.get_by_label("Role").select_option("operator")
    add.get_by_role("button").click()
    expect(page.get_by_label("Role of Ben")).to_have_value("operator")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert axe(page) == []
    page.get_by_label("Role of Ben").select_option("viewer")
    expect(page.get_by_role("status").get_by_text("Ben is kept.")).to_be_visible()
    page.get_by_role("button", name="Remove Ben").click()
    expect(page.get_by_label("Role of Ben")).to_have_count(0)
    expect(page.get_by_role("button", name="Remove Anna")).to_be_disabled()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("form", name="Log in")).to_be_visible()


def test_a_wrong_password_is_told_and_a_change_needs_a_log_in(visit: Open, boat: Boat, nobody: Register) -> None:
    nobody.put("Anna", Role.INSTALLER, PASSWORD)
    visited = visit("phone")
    page = visited.page
    page.goto(f"{visited.address}/#/settings")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").get_by_text("Log in first: this needs a password.")).to_be_visible()
    page.goto(f"{visited.address}/#/people")
    form = page.get_by_role("form", name="Log in")
    form.get_by_label("Name").fill("Anna")
    form.get_by_label("Password").fill("wrong password")
    form.get_by_role("button").click()
    expect(page.get_by_role("alert").get_by_text("Name or password is wrong.")).to_be_visible()
    form.get_by_label("Password").fill(PASSWORD)
    form.get_by_role("button").click()
    expect(page.get_by_text("Anna · installer")).to_be_visible()
    page.goto(f"{visited.address}/#/settings")
    boat.asked()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").get_by_text("Saved and in force.")).to_be_visible()
    assert {"author": "Anna from this computer"} in boat.asked()
    visited.amiss.clear()  # the browser logs the 401s


def test_a_stranger_is_asked_who_he_is(visit: Open, nobody: Register) -> None:
    nobody.put("Anna", Role.INSTALLER, PASSWORD)
    visited = visit("wide", extra_http_headers={"x-forwarded-for": "192.0.2.7"})
    page = visited.page
    page.goto(visited.address)
    form = page.get_by_role("form", name="Log in")
    form.get_by_label("Name").fill("Anna")
    form.get_by_label("Password").fill(PASSWORD)
    form.get_by_role("button").click()
    expect(page.locator("main:not(.stale) .percent")).to_be_visible()
    visited.amiss.clear()  # the browser logs the refused line
