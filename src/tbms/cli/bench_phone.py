"""How long a phone on a weak line waits for the first page: Chromium made slow, the page fetched anew each time."""

import statistics
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from tbms.cli.bench import Row
from tbms.cli.shots import SIZES, browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SLOWER = 4  # times slower than this CPU
LINE = {
    # "slow 4G" as Lighthouse has it: 1.6 and 0.75 Mbit/s, 150 ms there and back
    "offline": False,
    "latency": 150.0,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 0.75e6 / 8,
}
VISITS = 5
USABLE = "main:not(.stale) .percent"  # the first figure, live
SEEN = """window.seen = new Promise((tell) =>
  new MutationObserver((_, observer) => {
    if (!document.querySelector("%s")) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => tell(performance.now())));
  }).observe(document, { subtree: true, childList: true, attributes: true }));"""
"""In the page itself, by its own clock since the address was given: the frame with that figure has been drawn."""
WAITED = "Promise.race([window.seen, new Promise((_, give_up) => setTimeout(give_up, 60000))])"
BAR = 2.5  # s


def rows(port: int, quick: bool) -> Iterator[Row]:
    """From the request to a first page with live figures: median of some visits, nothing kept from the one before."""
    try:
        with browser() as window:
            waits = sorted(_visit(window, port) for _ in range(1 if quick else VISITS))
    except click.ClickException as problem:
        click.echo(f"the first page on a phone is not measured: {problem.message}", err=True)
        return
    more = {"worst": waits[-1], "visits": len(waits)}
    yield Row("first page live on a slow phone", statistics.median(waits), "s", BAR, more=more)


def _visit(window: "Browser", port: int) -> float:
    width, height = SIZES["phone"]
    context = window.new_context(viewport={"width": width, "height": height}, is_mobile=True, has_touch=True)
    page = context.new_page()
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", LINE)
    line.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.add_init_script(SEEN % USABLE)
    page.goto(f"http://127.0.0.1:{port}/", wait_until="commit")
    seen: float = page.evaluate(WAITED)
    context.close()
    return seen / 1000.0
