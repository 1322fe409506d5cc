"""The API process: reads the settings for its clients and serves the sockets until control is gone."""

import argparse
import asyncio
import json
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tbms.cli.in_force import in_force
from tbms.cli.processes import guarded
from tbms.master import logs
from tbms.master.api import Address, Unusable, serve, token
from tbms.master.cabinet import Cabinet, Judge
from tbms.master.feed import Feed
from tbms.master.link import ApiEnd
from tbms.master.methods import NOTE, Shop
from tbms.settings.change import Difference, Judgement, Texts, judged
from tbms.settings.form import filled
from tbms.settings.problems import SettingsError
from tbms.store.events import EventReader
from tbms.store.versions import FOLDER, Versions

JUDGING = 5.0  # s that a settings file may take to be judged; a lawful one takes one
LIVE = 0.2  # s of computing beyond which a file is not read by a running loop: two of its cycles


def main(arguments: list[str] | None = None) -> int:
    """Serve; exit status 2 with one sentence when that cannot be."""
    asked = _parser().parse_args(arguments)
    if asked.judge:
        return judge(asked.settings, asked.set, not asked.simulated)
    end_logs = logs.start("api", asked.data_dir)
    try:
        cabinet, said = opened(asked.settings, asked.set, asked.data_dir, not asked.simulated, asked.again)
        link = ApiEnd(_pipe(asked.link_fd))
        for note in said:
            link.ask({"kind": "settings", "live": False, "note": note[:NOTE]})
        shop = Shop(
            feed=Feed(),
            link=link,
            events=EventReader(asked.data_dir / "events"),
            cabinet=cabinet,
            token=token(asked.data_dir) if asked.tcp else "",
        )
        asyncio.run(serve(shop, Address(asked.data_dir / "tbms.sock", asked.tcp)))
    except SettingsError as found:
        print(*found.problems, sep="\n", file=sys.stderr)
        return 2
    except Unusable as problem:
        print(f"api: {problem}", file=sys.stderr)
        return 2
    finally:
        end_logs()
    return 0


def opened(
    path: Path, overrides: list[str], data_dir: Path, real: bool, again: bool = False
) -> tuple[Cabinet, list[str]]:
    """The settings as they are read at a start, with their versions, and what control is to tell. Raises SettingsError.

    Told is what differs from when they were last in force: nobody is to sail with other limits unawares.
    again: control has run all the while, maybe with a text for which a newer one waits.
    """
    begun = in_force(path, overrides, data_dir, real)
    versions, judging = Versions(data_dir / FOLDER), judge_of(path, overrides, real)
    cabinet = Cabinet(path, begun.text, filled(begun.settings), versions, judging, begun.refused)
    if again:
        cabinet.resume()
        return cabinet, []
    said = begun.told
    try:
        author, found = cabinet.open(time.time())
        said += [f"{author}: {'; '.join(found)}"] if found else []
    except OSError as problem:
        logging.warning("the versions of the settings cannot be kept: %s", problem.strerror)
    return cabinet, said


def judge_of(path: Path, overrides: list[str], real: bool = False) -> Judge:
    """What judges a change of the settings, in a process of its own, at most JUDGING long.

    A file made to be slow costs nobody else anything; what is slow to read is not taken over by a running loop.
    """
    command = [sys.executable, "-m", "tbms.cli.run_api", "--judge", "--settings", str(path)]
    command += [part for each in overrides for part in ("--set", each)] + ["--simulated"] * (not real)

    def judge(texts: Texts, text: str | None, changes: Mapping[str, Any] | None) -> Judgement:
        sent = json.dumps({"texts": texts, "text": text, "changes": changes}).encode()
        try:
            done = subprocess.run(command, input=sent, capture_output=True, timeout=JUDGING, check=True)  # noqa: S603
        except subprocess.TimeoutExpired:
            return Judgement(
                (f"{path.name}: took longer than {JUDGING:g} s to judge; mend what is plainly wrong first",)
            )
        except subprocess.CalledProcessError:
            return Judgement((f"{path.name}: cannot be judged",))
        found = json.loads(done.stdout)
        differences = tuple(Difference(**each) for each in found.pop("differences"))
        return Judgement(**found | {"problems": tuple(found["problems"]), "differences": differences})

    return judge


def judge(path: Path, overrides: list[str], real: bool = False) -> int:
    """Read a change from stdin and print what it comes to, as JSON."""
    asked = json.load(sys.stdin)
    began = time.process_time()
    found = judged(path, overrides, Texts(*asked["texts"]), asked["text"], asked["changes"], real)
    if found.applies == "now" and time.process_time() - began > LIVE:
        found = replace(found, applies="restart")
    print(json.dumps(asdict(found)))
    return 0


def _pipe(number: int) -> socket.socket:
    try:
        return socket.socket(fileno=number)
    except (OSError, ValueError) as problem:
        raise Unusable(f"there is no pipe to control ({problem}); start it with tbms run") from problem


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
    parser.add_argument("--simulated", action="store_true", help="no battery that people live with")
    parser.add_argument("--again", action="store_true", help="control runs already; the API process before has died")
    parser.add_argument("--judge", action="store_true", help="only judge the change of the settings on stdin")
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--tcp", type=place, metavar="HOST:PORT")
    return parser


if __name__ == "__main__":
    sys.exit(guarded(main))
