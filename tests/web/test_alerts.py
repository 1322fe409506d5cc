"""The page Alerts: somebody is told, tested, and removed again."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import expect
from tests.web.conftest import Open
from tests.web.looking import AXE, axe
from tests.web.test_pages import at

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def telephone() -> Iterator[HTTPServer]:
    """A server on loopback that takes every message."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_receiver_is_set_up_tested_and_removed(visit: Open, telephone: HTTPServer) -> None:
    page = at(visit, "alerts")
    expect(page.get_by_text("Nobody is told")).to_be_visible()
    page.get_by_role("button", name="Add a receiver").click()
    page.get_by_label("Name", exact=True).fill("Anna")
    page.get_by_label("Name", exact=True).press("Tab")
    page.get_by_label("Address", exact=True).fill(f"ntfy://127.0.0.1:{telephone.server_port}/boat")
    expect(page.get_by_role("button", name="Send a test")).to_be_disabled()  # what is tested is what is saved
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("Address", exact=True)).to_have_value("ntfy://…")
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_role("status").get_by_text("Anna has taken the test.")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("delivered")).to_be_visible()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert axe(page) == []
    page.get_by_role("button", name="Remove Anna").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nobody is told")).to_be_visible()


def test_an_address_that_is_none_is_told(visit: Open) -> None:
    visited = visit("phone")
    page = visited.page
    page.goto(f"{visited.address}/#/alerts")
    page.get_by_role("button", name="Add a receiver").click()
    page.get_by_label("Address", exact=True).fill("nonsense")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("main").get_by_role("status")).to_contain_text("this address is not understood")
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("Nobody is told")).to_be_visible()
    visited.amiss.clear()  # the browser logs the 422
