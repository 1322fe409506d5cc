"""`python -m tbms.monitor --socket PATH --host 127.0.0.1 --port 8480`: the web server of one battery."""

import argparse
import logging
import socket
import sys
from ipaddress import ip_address
from pathlib import Path

import uvicorn

from tbms.monitor.app import create
from tbms.monitor.bundle import MISSING, Bundle

STATIC = Path(__file__).parent / "static"
GRACE = 2  # s that open pages get at the end


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; exit status 2 with one sentence when that cannot be."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(format="monitor: %(message)s", level=logging.INFO)
    if not _loopback(asked.host):
        print(f"monitor: {asked.host} is open to the network; until a password exists use 127.0.0.1", file=sys.stderr)
        return 2
    try:
        listening = socket.create_server((asked.host, asked.port), family=_family(asked.host))
    except OSError as problem:
        where = f"{asked.host} port {asked.port}"
        print(f"monitor: cannot listen on {where}: {problem.strerror}; use another --port", file=sys.stderr)
        return 2
    if not Bundle(STATIC).built:
        print(f"monitor: {MISSING}", end="", file=sys.stderr)
    return _serve(listening, asked.socket, asked.data_dir)


def _serve(listening: socket.socket, master: Path, data: Path | None) -> int:
    config = uvicorn.Config(
        create(master, STATIC, data),
        log_level="warning",
        access_log=False,
        server_header=False,
        ws_max_size=4096,
        timeout_graceful_shutdown=GRACE,
    )
    try:
        uvicorn.Server(config).run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        listening.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tbms.monitor", description="Shows one battery in a browser.")
    parser.add_argument("--socket", type=Path, default=Path(".run/tbms.sock"), help="the master's API socket")
    parser.add_argument("--data-dir", type=Path, help="journal and history (default: the folder of the socket)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on: loopback only")
    parser.add_argument("--port", type=int, default=8480, help="port to listen on")
    return parser


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    sys.exit(main())
