"""The API process: sockets on one side, the pipe to control on the other."""

import asyncio
import logging
import os
import secrets
import signal
import socket
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from tbms.master.diary import Diary
from tbms.master.link import ApiEnd
from tbms.master.methods import Desk, Shop
from tbms.master.rpc import LINE_BYTES
from tbms.master.server import Server

PATH_BYTES = 100  # Linux takes 107 for a Unix socket

log = logging.getLogger("tbms.api")


class Unusable(Exception):  # noqa: N818 - one of the ways a start ends
    """The API cannot listen as asked; the text is one sentence for a person."""


@dataclass(frozen=True)
class Address:
    """Where to listen: a Unix socket always, TCP where asked (loopback only: there is no TLS yet)."""

    path: Path
    tcp: tuple[str, int] | None = None


def token(folder: Path) -> str:
    """The token for TCP: made once, kept in the file `token` with mode 0600."""
    path = folder / "token"
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        made = secrets.token_urlsafe(24)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w", encoding="ascii") as out:
            out.write(made + "\n")
        return made


def bind(path: Path) -> socket.socket:
    """A listening Unix socket, mode 0600; takes the place of one that nobody serves any more."""
    if len(os.fsencode(path)) > PATH_BYTES:
        raise Unusable(f"the socket path {path} is longer than {PATH_BYTES} bytes; use a shorter data folder")
    if path.exists():
        _forsaken(path)
        path.unlink()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listening.bind(os.fspath(path))
    except OSError as problem:
        listening.close()
        raise Unusable(f"cannot open the socket {path}: {problem.strerror}") from None
    finally:
        os.umask(before)
    return listening


def _forsaken(path: Path) -> None:
    """Return when nobody answers at `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(os.fspath(path))
        except OSError:
            return
    raise Unusable(f"another master serves {path} already")


async def serve(shop: Shop, address: Address) -> None:
    """Serve until control closes the pipe or SIGTERM comes."""
    desk = Desk(shop)
    server = Server(desk)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGINT, ended.set)
    async with AsyncExitStack() as stack:
        diary = Diary(address.path.parent / "measurements")
        stack.callback(diary.close)
        loop.add_reader(shop.link.fileno(), lambda: _from_control(desk, diary, shop.link, ended))
        if address.tcp:
            stack.callback((await _tcp(server, address.tcp)).close)
        unix = await asyncio.start_unix_server(server.listener(True), sock=bind(address.path), limit=LINE_BYTES)
        stack.callback(unix.close)
        await ended.wait()
        loop.remove_reader(shop.link.fileno())
        server.end()
    address.path.unlink(missing_ok=True)


async def _tcp(server: Server, place: tuple[str, int]) -> asyncio.Server:
    host, port = place
    if host != "localhost" and not ip_address(host).is_loopback:
        raise Unusable(f"the API listens on TCP only at 127.0.0.1 until it has TLS; {host} is open to the network")
    try:
        return await asyncio.start_server(server.listener(False), host, port, limit=LINE_BYTES)
    except OSError as problem:
        raise Unusable(f"cannot listen on {host} port {port}: {problem.strerror}") from None


def _from_control(desk: Desk, diary: Diary, link: ApiEnd, ended: asyncio.Event) -> None:
    for kind, message in link.receive():
        if kind == "S":
            desk.shop.feed.take(message, time.monotonic())
            diary.take(desk.shop.feed.state)
        elif kind == "M":
            desk.shop.feed.keep(message)
        else:
            desk.acknowledged(message)
    if link.closed:
        ended.set()
