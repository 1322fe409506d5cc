"""The monitor as it runs: real server, real sockets, a scripted master behind it."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import uvicorn
from tests.monitor.fake import FakeMaster

from tbms.monitor.app import create


class Running(NamedTuple):
    """What a test needs of it."""

    master: FakeMaster
    http: httpx.AsyncClient
    live: str


@asynccontextmanager
async def running(
    folder: Path,
    bundle: Path | None = None,
    master_up: bool = True,
    tls: tuple[Path, Path] | None = None,
    hosts: list[str] | None = None,
) -> AsyncIterator[Running]:
    """A monitor on a free port of loopback, its master listening unless told otherwise."""
    master = FakeMaster(folder / "s")
    if master_up:
        await master.start()
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{listening.getsockname()[1]}"
    cert, key = tls or (None, None)
    config = uvicorn.Config(
        create(master.path, bundle or folder / "bundle", hosts=hosts),
        log_level="error",
        timeout_graceful_shutdown=1,
        proxy_headers=False,
        ssl_certfile=cert,
        ssl_keyfile=key,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        if master_up:
            await asyncio.wait_for(master.subscribed.wait(), 5)
        trusted = ssl.create_default_context(cafile=cert) if cert else True
        scheme = "https" if tls else "http"
        async with httpx.AsyncClient(base_url=f"{scheme}://{address}", trust_env=False, verify=trusted) as http:
            yield Running(master, http, f"ws://{address}/api/v1/live")
    finally:
        server.should_exit = True
        await serving
        listening.close()
        await master.stop()
