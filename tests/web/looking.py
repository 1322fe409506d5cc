"""How the browser tests look at a page: is it live, is it whole, does axe-core object?"""

import json
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from tests.web.conftest import SIZES

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"

CUT = """() => [...document.querySelectorAll('body *')].filter(element => {
    const style = getComputedStyle(element);
    return !element.closest('.hidden') && style.clipPath === 'none' && style.display !== 'inline'
        && element.children.length === 0 && element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1;
}).map(element => element.textContent)"""

OUTSIDE = """() => [...document.querySelectorAll('main *, header *, footer *')].filter(element => {
    const box = element.getBoundingClientRect();
    return element instanceof HTMLElement && box.width > 0 && !element.closest('.hidden')
        && (box.left < -1 || box.right > innerWidth + 1);
}).map(element => element.outerHTML.slice(0, 80))"""


def figure(page: Page, label: str) -> Locator:
    return page.locator(f"dl div:has(dt:text-is('{label}')) .value").first


def live(page: Page) -> Page:
    expect(page.locator("main:not(.stale)")).to_be_attached()
    expect(page.locator(".percent").first).to_be_visible()
    return page


def resized(page: Page) -> Iterator[str]:
    """The same page at each size in turn; nothing may be wider than the screen, no text cut."""
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        expect(page.locator(".frame.kiosk")).to_have_count(1 if size == "kiosk" else 0)
        yield size
        unbroken(page)


def unbroken(page: Page) -> None:
    """Nothing is wider than the screen, no text is cut."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(CUT) == []


def axe(page: Page) -> list[str]:
    """What axe-core objects to."""
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {json.dumps([node['html'][:120] for node in violation['nodes']])}"
        for violation in found["violations"]
    ]
