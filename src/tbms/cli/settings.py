"""`tbms settings`: look at the settings of the running master, change them, bring the version before back."""

import getpass
import json
import time
from pathlib import Path
from typing import Any

import click

from tbms import __version__
from tbms.cli.master import NoMaster, Refused, ask
from tbms.settings import SettingsError, load
from tbms.settings.change import Difference, differences
from tbms.settings.form import filled
from tbms.settings.load import notes, text_of, value_of
from tbms.store.versions import FOLDER, Versions

CHANGING = 20.0  # s that the master may take to judge, take over and keep a change
APPLIES = {
    "now": "In force.",
    "restart": "Kept; in force at the next start.",
    "nothing": "What is in force stays.",
}

WOULD = APPLIES | {"now": "It would be in force at once.", "restart": "It would be in force at the next start."}

data_dir_option = click.option(
    "--data-dir", type=click.Path(path_type=Path), default=Path(".run"), show_default=True, help="The master's folder."
)


@click.group()
def settings() -> None:
    """Settings of the running master: show, check, set, migrate, versions, rollback."""


@settings.command()
@click.argument("key", required=False)
@data_dir_option
def show(key: str | None, data_dir: Path) -> None:
    """Show the settings file, or with KEY (protect.cell_overvoltage) the figures in force, defaults included."""
    found = _asked(data_dir, "settings.get")
    if key is None:
        click.echo(found["text"], nl=False)
        return
    spot: Any = found["settings"]
    for part in key.split("."):
        if not isinstance(spot, dict) or part not in spot:
            raise click.ClickException(f"{key}: no such key; docs/settings.md has them all")
        spot = spot[part]
    click.echo(json.dumps(spot, indent=2, ensure_ascii=False))


@settings.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--alone", is_flag=True, help="Ask no master: this program judges, against what was last in force.")
@data_dir_option
def check(file: Path, alone: bool, data_dir: Path) -> None:
    """Judge FILE as the running master would, without using it."""
    if alone:
        _checked(file, data_dir)
        return
    found = _asked(data_dir, "settings.check", text=file.read_text(encoding="utf-8"))
    if found["problems"]:
        raise click.ClickException("\n".join(found["problems"]))
    _tell(found)


def _checked(file: Path, data_dir: Path) -> None:
    try:
        text = text_of(file)
        now, said = filled(load(file, (), text)), notes(file, text)
    except SettingsError as found:
        raise click.ClickException("\n".join(found.problems)) from None
    newest = Versions(data_dir / FOLDER).newest()
    before = newest.settings if newest and newest.settings else now
    for each in (*said, *_lacking(file, text), *differences(before, now)):
        click.echo(str(each))
    click.echo(f"TBMS {__version__} can use {file}.")


def _lacking(file: Path, text: str) -> list[str]:
    """What a real battery needs beyond what a simulated one does."""
    try:
        load(file, (), text, real=True)
    except SettingsError as found:
        return found.problems
    return []


@settings.command()
@data_dir_option
def migrate(data_dir: Path) -> None:
    """Write the settings file in the present format; comments stay, and what is in force does not change."""
    before = _asked(data_dir, "settings.get")
    found = _asked(data_dir, "settings.set", CHANGING, changes={}, author=getpass.getuser())
    if found["version"] == before["version"]:
        click.echo(f"{before['file']} is of the present format already.")
    else:
        click.echo(f"Version {found['version']}. {before['file']} is of the present format now; nothing else differs.")


@settings.command("set")
@click.argument("changes", nargs=-1, required=True, metavar="KEY=VALUE...")
@data_dir_option
def set_(changes: tuple[str, ...], data_dir: Path) -> None:
    """Change settings, e.g. protect.cell_overvoltage.cut=3.6 outputs[2].name=Fridge; KEY= takes a key out."""
    wanted = {}
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals or not key:
            raise click.UsageError(f"{change} is no KEY=VALUE")
        wanted[key.strip()] = value_of(text.strip()) if text.strip() else None
    _tell(_asked(data_dir, "settings.set", CHANGING, changes=wanted, author=getpass.getuser()))


@settings.command()
@data_dir_option
def versions(data_dir: Path) -> None:
    """What was in force, newest first: when, by whom, what differed."""
    for each in _asked(data_dir, "settings.versions")["versions"]:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(each["time"]))
        click.echo(
            f"{each['version']:4d}  {when}  {each['author']}: {'; '.join(each['differences']) or 'no difference'}"
        )


@settings.command()
@data_dir_option
def rollback(data_dir: Path) -> None:
    """Bring the version before back; a second time undoes the first."""
    _tell(_asked(data_dir, "settings.rollback", CHANGING, author=getpass.getuser()))


def _tell(found: dict[str, Any]) -> None:
    for each in found["differences"]:
        click.echo(str(Difference(**each)))
    version = f"Version {found['version']}. " if "version" in found else ""
    words = APPLIES if version else WOULD
    click.echo(version + (words[found["applies"]] if found["differences"] else "Nothing differs."))


def _asked(data_dir: Path, method: str, within: float = 5.0, **params: Any) -> Any:
    try:
        return ask(data_dir, method, within, **params)
    except NoMaster:
        raise click.ClickException(f"no master answers in {data_dir}; start it, or name its --data-dir") from None
    except Refused as problem:
        raise click.ClickException(str(problem)) from None
