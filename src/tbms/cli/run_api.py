"""The API process: reads the settings for its clients and serves the sockets until control is gone."""

import argparse
import asyncio
import json
import logging
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tbms.cli.processes import guarded
from tbms.master.api import Address, Unusable, serve, token
from tbms.master.feed import Feed
from tbms.master.link import ApiEnd
from tbms.master.methods import Shop
from tbms.settings import load
from tbms.settings.problems import SettingsError
from tbms.store.events import EventReader

JUDGING = 5.0  # s that a settings file may take to be judged; a lawful one takes one


def main(arguments: list[str] | None = None) -> int:
    """Serve; exit status 2 with one sentence when that cannot be."""
    asked = _parser().parse_args(arguments)
    if asked.judge:
        return judge(Path(asked.judge).name)
    logging.basicConfig(format="%(asctime)s api: %(message)s", datefmt="%H:%M:%S", level=logging.INFO)
    try:
        settings = load(asked.settings, asked.set)
        shop = Shop(
            feed=Feed(),
            link=ApiEnd(socket.socket(fileno=asked.link_fd)),
            events=EventReader(asked.data_dir / "events"),
            settings=json.loads(settings.schema.model_dump_json()),
            settings_file=str(asked.settings or "a settings file"),
            check=checker(asked.settings),
            token=token(asked.data_dir) if asked.tcp else "",
        )
        asyncio.run(serve(shop, Address(asked.data_dir / "tbms.sock", asked.tcp)))
    except SettingsError as found:
        print(*found.problems, sep="\n", file=sys.stderr)
        return 2
    except Unusable as problem:
        print(f"api: {problem}", file=sys.stderr)
        return 2
    return 0


def checker(settings: Path | None) -> Callable[[str], list[str]]:
    """What judges a settings file that a client sends, as if it lay where the present one lies.

    In a process of its own, at most JUDGING long: a file made to be slow costs nobody else anything.
    """
    name = settings.name if settings else "settings.toml"
    command = [sys.executable, "-m", "tbms.cli.run_api", "--judge", name]

    def check(text: str) -> list[str]:
        sent = text.encode("utf-8", "replace")
        try:
            judged = subprocess.run(command, input=sent, capture_output=True, timeout=JUDGING, check=True)  # noqa: S603
        except subprocess.TimeoutExpired:
            return [f"{name}: took longer than {JUDGING:g} s to judge; mend what is plainly wrong first"]
        except subprocess.CalledProcessError:
            return [f"{name}: cannot be judged"]
        problems: list[str] = json.loads(judged.stdout)
        return problems

    return check


def judge(name: str) -> int:
    """Read a settings file from stdin and print its problems as a JSON list."""
    with tempfile.TemporaryDirectory(prefix="tbms") as folder:
        path = Path(folder) / name
        path.write_bytes(sys.stdin.buffer.read())
        try:
            load(path)
        except SettingsError as found:
            print(json.dumps([problem.replace(str(path), name) for problem in found.problems]))
        else:
            print("[]")
    return 0


def place(text: str) -> tuple[str, int]:
    """HOST:PORT or PORT, as argparse takes it."""
    host, _, port = text.rpartition(":")
    if not port.isdigit() or not 0 < int(port) < 65_536:
        raise argparse.ArgumentTypeError(f"{text} is no HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tbms.cli.run_api")
    parser.add_argument("--link-fd", type=int, default=-1, help="the end of the pipe to control")
    parser.add_argument("--data-dir", type=Path, default=Path(".run"))
    parser.add_argument("--judge", metavar="NAME", help="only judge the settings on stdin, which have this name")
    parser.add_argument("--settings", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--tcp", type=place, metavar="HOST:PORT")
    return parser


if __name__ == "__main__":
    sys.exit(guarded(main))
