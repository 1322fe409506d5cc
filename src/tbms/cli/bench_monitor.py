"""`tbms bench monitor`: memory, CPU and first page with a year stored; what a crowd does to it and the master."""

import asyncio
import os
import socket
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import websockets

from tbms.cli import bench_phone, bench_year
from tbms.cli.bench import Row
from tbms.cli.bench_history import DAY, POINTS, SHOWN, START
from tbms.cli.bench_loop import READY, _port, _wait
from tbms.cli.master import ask
from tbms.cli.processes import Child, start, stop

SECONDS = 20.0  # of each part; the crowd's is three times as long
QUICK = 6.0
SETTLE = 5.0  # s until every process has its libraries and the boat its contactors
CROWD = 200  # open pages
REQUESTS = 500  # a second
LINES = 20  # connections that share the requests
VIEWS = (90, 1, 365)  # days that are looked at, one view after the other
LOOK = 0.5  # s that a person looks at each
ROUTES = ("/api/v1/state", "/api/v1/events?limit=50", "/api/v1/history/channels", "/")
MASTER = ("tbms.cli.run_control", "tbms.cli.run_api")
MONITOR = "tbms.monitor"


@dataclass
class Crowd:
    """What a crowd of pages and requests saw. errors: answers that were not 200, lines that broke."""

    messages: int = 0
    answers: int = 0
    errors: int = 0


def rows(quick: bool) -> Iterable[Row]:
    """The running system on the simulated boat, a year behind it: two pages, five that look back, a phone, a crowd."""
    seconds = QUICK if quick else SECONDS
    with tempfile.TemporaryDirectory(prefix="tbms") as folder:
        port, path = _port(), Path(folder) / "tbms.sock"
        stored = bench_year.lay(Path(folder), quick)
        system = start("tbms run", "tbms.cli.main", ["run", "--data-dir", folder, "--port", str(port)], quiet=True)
        try:
            _wait(path)
            _answers(port)
            time.sleep(SETTLE)
            pids = _processes(system)
            yield from _quiet(pids, port, seconds, stored)
            yield from bench_phone.rows(port, quick)
            yield from _crowded(path, port, seconds if quick else 3 * seconds)
        finally:
            stop([system], patience=30.0)


def _answers(port: int) -> None:
    """Wait until the monitor takes connections."""
    until = time.monotonic() + READY
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 2.0).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


def _quiet(pids: dict[str, int], port: int, seconds: float, stored: dict[str, int]) -> Iterable[Row]:
    counted = [pids[name] for name in (*MASTER, MONITOR)]
    before = sum(map(_cpu, counted))
    seen = asyncio.run(_visit(port, 2, 0, seconds))
    busy = (sum(map(_cpu, counted)) - before) / seconds
    yield Row("CPU of master and monitor, 2 pages", 100 * busy, "% of a core", 15, more={"messages": seen.messages})
    looks = asyncio.run(_look_back(port, 5, seconds))
    yield Row("memory of the monitor, 5 pages", _memory(pids[MONITOR]), "MB", 120, more=stored | {"views": looks})


def _crowded(path: Path, port: int, seconds: float) -> Iterable[Row]:
    before = _loop(path)
    seen = asyncio.run(_visit(port, CROWD, REQUESTS, seconds))
    after = _loop(path)
    more = {"messages": seen.messages, "answers": seen.answers, "per_second": round(seen.answers / seconds)}
    yield Row(f"{CROWD} pages and {REQUESTS} requests/s: errors", seen.errors, "errors", 0, more=more)
    yield Row("the same: lost cycles of the master", after["lost"] - before["lost"], "cycles", 0)
    yield Row("the same: start jitter p99", after["jitter_p99"], "s", 0.020)


def _loop(path: Path) -> dict[str, Any]:
    state: Any = ask(path.parent, "state")
    loop: dict[str, Any] = state["state"]["loop"]
    return loop


async def _visit(port: int, pages: int, requests: int, seconds: float) -> Crowd:
    """Open so many pages and ask so many times a second, for so long."""
    crowd, end = Crowd(), time.monotonic() + seconds
    tasks = [_page(port, crowd, end) for _ in range(pages)]
    if requests:
        tasks += [_line(port, crowd, end, requests / LINES) for _ in range(LINES)]
    for problem in await asyncio.gather(*tasks, return_exceptions=True):
        crowd.errors += isinstance(problem, BaseException)
    return crowd


async def _look_back(port: int, pages: int, seconds: float) -> int:
    """So many live pages, each looking through the stored year for so long; how many views they had."""
    crowd, end = Crowd(), time.monotonic() + seconds
    looking = [_view(port, number, end) for number in range(pages)]
    found = await asyncio.gather(*(_page(port, crowd, end) for _ in range(pages)), *looking)
    return sum(views for views in found if views)


async def _view(port: int, number: int, end: float) -> int:
    """One page that looks at a year, at a quarter and at a day of it, again and again."""
    views = 0
    while time.monotonic() < end:
        days = VIEWS[(number + views) % len(VIEWS)]
        start = START + (number + views) % 7 * DAY
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        path = f"/api/v1/history?from={start}&to={start + days * DAY}&points={POINTS}&channels={','.join(SHOWN)}"
        writer.write(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n".encode())
        if await _status(reader) != 200:
            raise click.ClickException(f"the monitor refused {path}")
        writer.close()
        views += 1
        await asyncio.sleep(LOOK)
    return views


async def _page(port: int, crowd: Crowd, end: float) -> None:
    async with websockets.connect(f"ws://127.0.0.1:{port}/api/v1/live", proxy=None, open_timeout=30) as page:
        while (left := end - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    await page.recv()
            except TimeoutError:
                return
            crowd.messages += 1


async def _line(port: int, crowd: Crowd, end: float, rate: float) -> None:
    """One connection that asks at absolute times; one that is late catches up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    due, number = time.monotonic(), 0
    while due < end:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        writer.write(f"GET {ROUTES[number % len(ROUTES)]} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n".encode())
        crowd.errors += await _status(reader) != 200
        crowd.answers += 1
        due, number = due + 1 / rate, number + 1
        if time.monotonic() > end:
            break
    writer.close()


async def _status(reader: asyncio.StreamReader) -> int:
    """Read one whole answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next(int(line.partition(":")[2]) for line in head.split("\r\n") if line.startswith("content-length"))
    await reader.readexactly(length)
    return int(head.split(" ", 2)[1])


def _processes(system: Child) -> dict[str, int]:
    """The processes that the system started, by their modules."""
    found: dict[str, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if parent == system.process.pid:
            found |= {word: int(entry.name) for word in words if word.startswith("tbms.")}
    return found


def _cpu(pid: int) -> float:
    """CPU time used so far, s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> float:
    """Resident memory, MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
