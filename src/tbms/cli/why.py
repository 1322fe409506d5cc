"""`tbms why load_contactor`: why it stands as it does, from the running master or from its log alone."""

from pathlib import Path

import click

from tbms.cli.master import NoMaster, Refused, ask
from tbms.core.why import SUBJECTS
from tbms.core.why import why as reason
from tbms.store.events import EventReader
from tbms.store.versions import FOLDER, Versions

LOOKED_THROUGH = 2000  # events


@click.command()
@click.argument("subject", type=click.Choice(SUBJECTS), metavar="SUBJECT")
@click.option("--data-dir", type=click.Path(path_type=Path), default=Path(".run"), show_default=True)
def why(subject: str, data_dir: Path) -> None:
    """Say why SUBJECT (load_contactor, charge_contactor, output_1 .. output_6) is open or closed, on or off."""
    try:
        answer = ask(data_dir, "why", subject=subject)
    except (NoMaster, Refused):
        events = EventReader(data_dir / "events").recent(LOOKED_THROUGH)
        answer = reason(subject, None, events, _common(data_dir))._asdict()
    click.echo(answer["sentence"])
    if stood := answer.get("stood"):  # an older master does not tell
        click.echo(stood)


def _common(data_dir: Path) -> bool:
    """Chargers and loads share one contactor, by the settings that were last in force."""
    newest = Versions(data_dir / FOLDER).newest()
    settings = newest.settings if newest and newest.settings else {}
    return bool(settings.get("contactors", {}).get("bus") == "common")
