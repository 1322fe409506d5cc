"""A served API with a test at its other end."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tbms.master.api import Address, serve
from tbms.master.cabinet import Cabinet
from tbms.master.feed import Feed
from tbms.master.link import ApiEnd, ControlEnd, pair
from tbms.master.methods import Shop
from tbms.settings import load
from tbms.settings.change import judged
from tbms.settings.form import filled
from tbms.store.events import EventReader
from tbms.store.versions import FOLDER, Versions

TEXT = """format = 2
name = "Aurora"  # after the boat

[pack]
cells = 4
capacity = 100
"""


@dataclass
class Line:
    """One client's end: requests and answers, notifications put aside."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    told: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0

    async def read(self) -> dict[str, Any]:
        line = await asyncio.wait_for(self.reader.readline(), 5)
        return dict(json.loads(line)) if line else {}

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        self.count += 1
        self.send({"jsonrpc": "2.0", "id": self.count, "method": method, "params": params})
        while True:
            message = await self.read()
            if "method" not in message:
                return message
            self.told.append(message)

    @property
    def transport(self) -> asyncio.Transport:
        """To stop and go on reading."""
        transport = self.writer.transport
        assert isinstance(transport, asyncio.Transport)
        return transport

    def send(self, value: Any) -> None:
        self.raw(json.dumps(value).encode() + b"\n")

    def raw(self, data: bytes) -> None:
        self.writer.write(data)


@dataclass
class Running:
    """A served API with the test as its control process."""

    control: ControlEnd
    folder: Path
    shop: Shop
    tcp: int

    @asynccontextmanager
    async def client(self, tcp: bool = False) -> AsyncIterator[Line]:
        if tcp:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.tcp, limit=1 << 20)
        else:
            reader, writer = await asyncio.open_unix_connection(self.folder / "tbms.sock", limit=1 << 20)
        try:
            yield Line(reader, writer)
        finally:
            writer.close()

    async def publish(self, state: dict[str, Any]) -> None:
        """Send a snapshot and wait until the API has it."""
        seq = self.shop.feed.seq
        self.control.publish(state)
        while self.shop.feed.seq == seq:
            await asyncio.sleep(0)


def cabinet(path: Path, text: str = TEXT) -> Cabinet:
    """The settings of a small boat, judged in this process."""
    path.write_text(text, encoding="utf-8")
    plain = filled(load(path))
    return Cabinet(path, text, plain, Versions(path.parent / FOLDER), partial(judged, path, ()))


@asynccontextmanager
async def running(folder: Path, token: str = "") -> AsyncIterator[Running]:
    control, api = pair()
    shop = Shop(Feed(), ApiEnd(api), EventReader(folder / "events"), cabinet(folder / "boat.toml"), token)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    task = asyncio.create_task(serve(shop, Address(folder / "tbms.sock", ("127.0.0.1", port) if token else None)))
    while not (folder / "tbms.sock").exists():
        await asyncio.sleep(0)
        if task.done():
            task.result()
    try:
        yield Running(ControlEnd(control), folder, shop, port)
    finally:
        control.close()
        await asyncio.wait_for(task, 5)
        api.close()
