"""`tbms shots`: pictures of the pages, taken with a real browser from the running system."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGES = {
    # name: (address below the monitor's, what must be there)
    "overview": ("#/", ".panel.outputs"),
    "cells": ("#/cells", "tbody tr"),
    "history": ("#/history", "canvas"),
    "events": ("#/events", "li time"),
    "outputs": ("#/outputs", "article"),
    "health": ("#/health", ".bars li"),
    "more": ("#/more", "ul.page a"),
    "ranges": ("#/ranges", "article, .none"),
    "alerts": ("#/alerts", ".receivers p"),
    "settings": ("#/settings", "details"),
    "people": ("#/people", ".roles dt"),
    "panel": ("#/panel", ".now"),
    "system": ("#/system", ".records .good, .records .warning"),
}
SIZES = {"kiosk": (480, 320), "phone": (390, 844), "wide": (1280, 800)}
THEMES = ("night", "day", "red")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
UP = 60.0  # s that the system may take to show its page
PATIENCE = 30.0  # s that a boat may take to be well, after a busy machine has held it up
SETTLE = 15.0  # s that the boat runs before it is pictured: pre-charge is over, the loads are on


@click.command()
@click.option("--address", help="A monitor that runs already, e.g. http://127.0.0.1:8480 (default: start one).")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/pictures"), help="Folder for the pictures.")
@click.option("--settle", type=click.FloatRange(0, 3600), default=SETTLE, help="Seconds the started boat runs first.")
def shots(address: str | None, out: Path, settle: float) -> None:
    """Picture every page at three sizes in three themes, from the running system."""
    out.mkdir(parents=True, exist_ok=True)
    with browser() as window:
        if address:
            take(window, address, out)
            return
        with system(settle) as own:
            take(window, own, out)


def take(window: "Browser", address: str, out: Path) -> None:
    """All pictures, one after the other."""
    for size, (width, height) in SIZES.items():
        for theme in THEMES:
            context = window.new_context(viewport={"width": width, "height": height}, locale="en")
            context.add_init_script(f"localStorage.setItem('tbms.theme', '{theme}')")
            page = context.new_page()
            for name, (place, needed) in PAGES.items():
                page.goto(f"{address.rstrip('/')}/{place}")
                page.wait_for_selector(f"main:not(.stale) {needed}", state="attached")
                _well(page)
                page.screenshot(path=out / f"{name}-{size}-{theme}.png")
                click.echo(f"{out / f'{name}-{size}-{theme}.png'}")
            context.close()


def _well(page: "Page") -> None:
    """Wait for a boat that is well; one that is not is pictured as it is, and told about."""
    from playwright.sync_api import TimeoutError as TooLate

    try:
        page.wait_for_selector(".status.well", timeout=PATIENCE * 1000)
    except TooLate:
        click.echo(f"not all is well on this boat after {PATIENCE:g} s; the picture shows it", err=True)


@contextmanager
def browser() -> Iterator["Browser"]:
    """Chromium without a window."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise click.ClickException("pictures need playwright, which `make test` installs") from None
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise click.ClickException("pictures need Chromium; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        try:
            window = playwright.chromium.launch(executable_path=path, args=["--disable-gpu", *_as_root()])
            yield window
            window.close()
        except Error as problem:
            raise click.ClickException(problem.message.splitlines()[0]) from None


def _as_root() -> list[str]:
    """Chromium refuses its sandbox to root, who is the only user of a container."""
    return ["--no-sandbox"] if os.geteuid() == 0 else []


@contextmanager
def system(settle: float) -> Iterator[str]:
    """The whole system on the simulated boat, in a folder of its own; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="tbms-shots-") as folder:
        command = [sys.executable, "-m", "tbms.cli.main", "run", "--port", str(port), "--data-dir", folder]
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)  # noqa: S603
        try:
            _wait(running, port)
            time.sleep(settle)
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()
            running.communicate()


def _wait(running: "subprocess.Popen[str]", port: int) -> None:
    until = time.monotonic() + UP
    while not _answers(port):
        if running.poll() is not None:
            _, said = running.communicate()
            raise click.ClickException(f"the system did not start: {said.strip()}")
        if time.monotonic() > until:
            raise click.ClickException(f"the page did not come up within {UP:g} s")
        time.sleep(0.1)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
