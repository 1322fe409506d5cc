"""A scripted boat behind a real monitor, and a real Chromium to look at it with."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, expect, sync_playwright
from tests.monitor import past, scenes
from tests.monitor.running import Running, running

from tbms.model.snapshot import Snapshot

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
STATIC = Path(__file__).parents[2] / "src" / "tbms" / "monitor" / "static"
PATIENCE = 20.0  # s that a busy machine may take to draw what is waited for; what must be quick is measured by itself
TICK = 0.1  # s of boat time between two snapshots

T = TypeVar("T")


def need(there: bool, sentence: str) -> None:
    """Skip what cannot run here; in CI nothing may be skipped."""
    if there:
        return
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


class Boat:
    """The scripted master and the monitor, running in a thread of their own."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.folder = folder
        past.fill(folder)
        self._context = running(folder, STATIC)
        self.system: Running = self._do(self._context.__aenter__())
        self.system.master.events = past.EVENTS
        self.address = str(self.system.http.base_url)
        self._scene = scenes.calm()
        self._ticks = 0
        self.up = True
        self._moving = asyncio.run_coroutine_threadsafe(self._move(), self._loop)

    def show(self, scene: Snapshot) -> None:
        """Show this from now on; its time goes on by itself."""
        self._scene = scene

    def asked(self) -> list[dict[str, Any]]:
        """What was asked of the master since the last look, by whomever."""
        return [request["params"] for request in self._asked()]

    def commanded(self) -> list[dict[str, Any]]:
        """What a person commanded since the last look: nothing else asks so, however long it all takes."""
        return [request["params"] for request in self._asked() if request["method"] == "command"]

    def _asked(self) -> list[dict[str, Any]]:
        found = list(self.system.master.asked)
        self.system.master.asked.clear()
        return found

    def sink(self) -> None:
        """The master ends, its socket with it."""
        self.up = False
        self._do(self.system.master.stop())

    def raise_again(self) -> None:
        """The master is back."""
        if not self.up:
            self._do(self.system.master.start())
        self.up = True

    def close(self) -> None:
        """End everything."""
        self._moving.cancel()
        self._do(self._context.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _move(self) -> None:
        while True:
            if self.up:
                self._ticks += 1
                past = self._ticks * TICK
                scene = replace(self._scene, time=self._scene.time + past, timestamp=self._scene.timestamp + past)
                self.system.master.show(scene)
            await asyncio.sleep(TICK)

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


@pytest.fixture(scope="session")
def monitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boat]:
    need((STATIC / "index.html").is_file(), "the pages are not built (make web), so there is nothing to look at")
    boat = Boat(tmp_path_factory.mktemp("boat"))
    yield boat
    boat.close()


@pytest.fixture
def boat(monitor: Boat) -> Boat:
    """The boat, well and at anchor."""
    monitor.raise_again()
    monitor.show(scenes.calm())
    monitor.system.master.refusal = None
    monitor.asked()
    return monitor


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    need(Path(CHROMIUM).exists(), f"{CHROMIUM} is not installed, so no page can be looked at")
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    expect.set_options(timeout=1000 * PATIENCE)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        except Error as problem:
            need(False, f"{CHROMIUM} does not start here: {problem.message.splitlines()[0]}")
            raise
        yield browser
        browser.close()


SIZES = {"kiosk": (480, 320), "phone": (390, 844), "wide": (1280, 800)}


class Visit:
    """One browser window, and everything that was amiss while it was open."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.page: Page = context.new_page()
        self.amiss: list[str] = []
        self.address = address
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.amiss.append(str(error)))
        self.page.on("request", self._asked)
        self.page.set_default_timeout(1000 * PATIENCE)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.amiss.append(message.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(self.address):
            self.amiss.append(request.url)

    def go(self) -> Page:
        """Open the first page."""
        self.page.goto(self.address)
        return self.page


Open = Callable[..., Visit]


@pytest.fixture
def visit(chromium: Browser, boat: Boat) -> Iterator[Open]:
    """Opens windows: size, theme, language; each must end without an error and without a foreign request."""
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def opened(size: str = "wide", theme: str = "", language: str = "en", **more: Any) -> Visit:
        width, height = SIZES[size]
        context = chromium.new_context(
            viewport={"width": width, "height": height}, locale=language, timezone_id="Europe/Paris", **more
        )
        if theme:
            context.add_init_script(f"localStorage.setItem('tbms.theme', '{theme}')")
        contexts.append(context)
        visits.append(Visit(context, boat.address))
        return visits[-1]

    yield opened
    amiss = [line for visited in visits for line in visited.amiss]
    for context in contexts:
        context.close()
    assert not amiss
