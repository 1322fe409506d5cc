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
from tbms.monitor.people.register import Register
from tbms.store.log_files import LogFile

STATIC = Path(__file__).parent / "static"
GRACE = 2  # s that open pages get at the end


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; exit status 2 with one sentence when that cannot be."""
    asked = _parser().parse_args(arguments)
    data = asked.data_dir or asked.socket.parent
    said = logging.StreamHandler(sys.stderr)
    said.setFormatter(logging.Formatter("monitor: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[said, LogFile(data, "monitor")])
    if refusal := exposed(asked.host, data):
        print(f"monitor: {refusal}", file=sys.stderr)
        return 2
    if not _loopback(asked.host) and not asked.tls_cert:
        logging.warning("passwords cross the network readable: give it a certificate (--tls), or trust the network")
    if bool(asked.tls_cert) is not bool(asked.tls_key):
        print("monitor: --tls-cert and --tls-key belong together", file=sys.stderr)
        return 2
    try:
        listening = listen(asked.host, asked.port)
    except OSError as problem:
        where = f"{asked.host} port {asked.port}"
        print(f"monitor: cannot listen on {where}: {problem.strerror}; use another --port", file=sys.stderr)
        return 2
    if not Bundle(STATIC).built:
        print(f"monitor: {MISSING}", end="", file=sys.stderr)
    return _serve(listening, asked)


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections; an answer's head and body leave at once, each (else 40 ms lie between them)."""
    listening = socket.create_server((host, port), family=_family(host))
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # its connections inherit it
    return listening


def _serve(listening: socket.socket, asked: argparse.Namespace) -> int:
    hosts = None if _loopback(asked.host) else names([asked.host, *asked.name])
    config = uvicorn.Config(
        create(asked.socket, STATIC, asked.data_dir, hosts),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who asks is decided by the connection alone
        ws_max_size=4096,
        timeout_graceful_shutdown=GRACE,
        ssl_certfile=asked.tls_cert,
        ssl_keyfile=asked.tls_key,
    )
    try:
        uvicorn.Server(config).run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    except OSError as problem:  # of the certificate
        print(f"monitor: {problem.strerror or problem}: {asked.tls_cert}", file=sys.stderr)
        return 2
    finally:
        listening.close()
    return 0


def names(more: list[str]) -> frozenset[str]:
    """Under which names this computer is reached: its own, and those given."""
    own = socket.gethostname().lower()
    return frozenset({own, f"{own.partition('.')[0]}.local", *map(str.lower, more)})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tbms.monitor", description="Shows one battery in a browser.")
    parser.add_argument("--socket", type=Path, default=Path(".run/tbms.sock"), help="the master's API socket")
    parser.add_argument("--data-dir", type=Path, help="journal and history (default: the folder of the socket)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on: loopback until a password exists")
    parser.add_argument("--name", action="append", default=[], help="a further name under which it is reached")
    parser.add_argument("--tls-cert", type=Path, help="certificate chain (PEM); without it the line is not encrypted")
    parser.add_argument("--tls-key", type=Path, help="its private key (PEM)")
    parser.add_argument("--port", type=int, default=8480, help="port to listen on")
    return parser


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def exposed(host: str, data: Path) -> str:
    """Why this address must not be listened to: the network, and nobody in the folder has a password; else empty."""
    if _loopback(host) or Register(data / "people.json").people():
        return ""
    return f"{host} is open to the network; until a password exists (tbms person add) use 127.0.0.1"


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    sys.exit(main())
