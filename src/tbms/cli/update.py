"""`tbms update`: another version on this computer, and back to the one before where it is not well."""

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from tbms.cli.environments import (
    AFTER,
    BEFORE,
    CURRENT,
    PREVIOUS,
    Failed,
    Shelf,
    keep,
    promised,
    sum_of,
    version_in,
    wheel_in,
)
from tbms.cli.install import DATA
from tbms.cli.master import NoMaster, Refused, ask

ROOT = Path("/")
LOG = "var/log/tbms-update.log"
MASTER, MONITOR = "tbms-master", "tbms-monitor"
LONGEST = 1800.0  # s: wheels over a slow line to a slow card
WELL_WITHIN = 60.0  # s that a master may take to answer after a restart: a slow card, a cold cache
LOOK = 0.5  # s between two questions to it
DARK = "loads and chargers are off until the master has closed again"
FRESH = 2.0  # s: an older state says nothing of now
AT_REST = ("open", "closed", "latched")  # phases of a contactor in which nothing is under way


@click.command()
@click.argument("source", required=False, type=click.Path(path_type=Path, exists=True, resolve_path=True))
@click.option("--check", is_flag=True, help="Only tell what is installed and what SOURCE offers.")
@click.option("--sha256", metavar="SUM", help="What SOURCE must be; else it is read from SOURCE.sha256 beside it.")
@click.option("--now", is_flag=True, help="Restart the master even where a fault stands or a contactor moves.")
@click.option("--rollback", is_flag=True, help="Go back to the version before.")
def update(source: Path | None, check: bool, sha256: str | None, now: bool, rollback: bool) -> None:
    """Install SOURCE, a wheel or a folder with one (a memory stick), beside what runs, and go over to it.

    Where the master does not answer afterwards, the version before is brought back by itself.
    """
    if sum((check, rollback)) > 1 or ((source is not None) is rollback and not check):
        raise click.UsageError("give SOURCE, or --rollback, or --check with or without SOURCE")
    shelf = Shelf(ROOT)
    try:
        if check:
            _told(shelf, source, sha256)
            return
        if os.geteuid() != 0:
            raise Failed("this computer's programs are changed by root: sudo tbms update ...")
        if shelf.at(CURRENT) is None:
            raise Failed("no services of TBMS are installed here: sudo tbms install makes them")
        os.umask(0o022)  # the services must be able to read what is installed
        with shelf.held():
            _back(shelf, now) if source is None else _forth(shelf, source, sha256, now)
    except Failed as problem:
        if not check:
            _log(f"not done: {problem}")
        raise click.ClickException(str(problem)) from None


def _told(shelf: Shelf, source: Path | None, given: str | None) -> None:
    """What is installed, what was before it, and what is offered."""
    for link, word in ((CURRENT, "installed"), (PREVIOUS, "before")):
        where = shelf.at(link)
        click.echo(f"{word}: TBMS {version_in(where)} in {where}" if where else f"{word}: nothing")
    if source is not None:
        wheel = wheel_in(source)
        right = sum_of(wheel) == promised(wheel, given)
        click.echo(f"offered: TBMS {wheel.name.split('-')[1]} in {wheel}")
        click.echo("its SHA-256 is the one told" if right else "its SHA-256 is NOT the one told: do not use it")


def _forth(shelf: Shelf, source: Path, given: str | None, now: bool) -> None:
    """Everything up to the switch leaves what runs untouched; a cut in the middle leaves a folder that nothing uses."""
    wheel = wheel_in(source)
    told = promised(wheel, given)
    _calm(now)
    shelf.tidy()
    _say(f"{wheel} is installed beside what runs")
    fresh = shelf.make(wheel, told, _run)
    _judge(fresh, keep(Path(DATA), fresh / BEFORE))
    _calm(now)
    old, older = shelf.at(CURRENT), shelf.at(PREVIOUS)
    shelf.use(fresh, old)
    _say(f"TBMS {version_in(fresh)} in {fresh} is the one in use; services restart: {DARK}")
    try:
        _restart(version_in(fresh))
    except Failed as problem:
        if old is None:
            raise
        _say(f"{problem}: the version before is brought back")
        shelf.use(old, older)
        _restart(version_in(old))
        raise Failed(f"TBMS {version_in(fresh)} was not well here; TBMS {version_in(old)} runs again") from None
    shelf.tidy()
    _say(f"TBMS {version_in(fresh)} runs; `tbms update --rollback` brings the version before back")


def _back(shelf: Shelf, now: bool) -> None:
    before = shelf.at(PREVIOUS)
    if before is None or before == shelf.at(CURRENT) or not (before / "bin" / "tbms").exists():
        raise Failed("there is no version before this one")
    _judge(before, keep(Path(DATA), before / AFTER))
    _calm(now)
    shelf.use(before, shelf.at(CURRENT))
    _say(f"TBMS {version_in(before)} in {before} is the one in use; services restart: {DARK}")
    _restart(version_in(before))
    _say(f"TBMS {version_in(before)} runs")


def _judge(environment: Path, kept: Path) -> None:
    """The program starts, and can use the present settings: found out while the old one still protects."""
    tbms, file = str(environment / "bin" / "tbms"), kept / "settings.toml"
    _say(f"settings and memory are kept in {kept}")
    _run([tbms, "--version"], True)
    if file.exists():
        said = _run([tbms, "settings", "check", "--alone", str(file), "--data-dir", str(kept)], True)
        _say("\n".join(["of the present settings it says:", *said.strip().splitlines()]))


def _calm(now: bool) -> None:
    """Raises Failed where a restart of the master would come at a bad moment. A master that is gone is restarted."""
    try:
        state = ask(Path(DATA), "state")["state"]
    except (NoMaster, Refused):
        return
    if (trouble := unsafe(state)) and not now:
        raise Failed(f"the master is not restarted while {trouble}: try again later, or with --now")


def unsafe(state: dict[str, Any]) -> str:
    """Why the master should not be restarted in this state; empty where it may."""
    standing = [fault for fault in state["faults"] if fault["ring"] in ("limit", "cut")]
    moving = [name for name in ("charge_contactor", "load_contactor") if state[name]["phase"] not in AT_REST]
    if standing:
        return f"a fault stands ({standing[0]['id'].replace('_', ' ')})"
    return f"the {moving[0].replace('_', ' ')} is {state[moving[0]]['phase'].replace('_', ' ')}" if moving else ""


def _restart(version: str) -> None:
    """The monitor first: it has no battery. Raises Failed unless this version's master answers in time."""
    for name in (MONITOR, MASTER):
        _run(["systemctl", "restart", f"{name}.service"], False)
    until, told = time.monotonic() + WELL_WITHIN, ""
    while time.monotonic() < until:
        try:
            told = ask(Path(DATA), "hello", token="")["version"]
            if told == version and ask(Path(DATA), "state")["age"] < FRESH:
                _run(["systemctl", "is-active", f"{MONITOR}.service"], False)
                return
        except (NoMaster, Refused):
            pass
        time.sleep(LOOK)
    raise Failed(f"no master of TBMS {version} answers within {WELL_WITHIN:g} s" + (f" ({told} does)" if told else ""))


def _run(order: Sequence[str], as_owner: bool) -> str:
    """Carry out an order; as_owner: with the rights of whom the data belong to, no more."""
    rights: dict[str, Any] = {}
    if as_owner and os.geteuid() == 0:
        owner = Path(DATA).stat()
        rights = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    _log(" ".join(order))
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            order, capture_output=True, text=True, timeout=LONGEST, check=False, stdin=subprocess.DEVNULL, **rights
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise Failed(f"{order[0]}: {problem}") from None
    if done.returncode:
        why = (done.stderr.strip() or done.stdout.strip() or "failed").splitlines()
        raise Failed(f"{' '.join(order[:3])}: {'; '.join(why[-5:])}")
    said: str = done.stdout
    return said


def _say(text: str) -> None:
    click.echo(text)
    _log(text)


def _log(text: str) -> None:
    """Everything that is done stands in the log, with its time."""
    path = ROOT / LOG
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as log:
        for line in text.splitlines():
            log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {line}\n")
