"""The settings to start with: those of the file, or the last that were good where the file cannot be used."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tbms.settings import Settings, SettingsError, load
from tbms.settings.load import notes, text_of
from tbms.store.versions import FOLDER, Versions

SHOWN = 3  # problems of the file that are told; all stand in the terminal


class InForce(NamedTuple):
    """text: what the settings were read from. refused: why the file is not used, empty where it is.

    notes: what a person should know of how a text of an older format is read.
    """

    settings: Settings
    text: str
    refused: tuple[str, ...] = ()
    version: int = 0
    notes: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """One sentence for people, empty where the file is used."""
        if not self.refused:
            return ""
        more = f"; and {len(self.refused) - SHOWN} more" if len(self.refused) > SHOWN else ""
        why = "; ".join(self.refused[:SHOWN])
        instead = f"version {self.version}, the last good one, is in force"
        return f"the settings file cannot be used, so {instead}: {why}{more}"

    @property
    def older(self) -> str:
        """One sentence for people where the text is of an older format that said more; empty where not."""
        if not self.notes:
            return ""
        return (
            f"settings of an older format: {'; '.join(self.notes)} (`tbms settings migrate` brings the file up to date)"
        )


def in_force(path: Path | None, overrides: Sequence[str], data_dir: Path) -> InForce:
    """A boat is not to go dark because of a slip in a file: what was in force before goes on.

    Raises SettingsError with the file's problems where no version in the data folder is good either.
    """
    try:
        text = text_of(path)
        return InForce(load(path, overrides, text), text, notes=tuple(notes(path, text)))
    except SettingsError as problem:
        for each in reversed(Versions(data_dir / FOLDER).all()):
            try:
                settings, known = load(path, overrides, each.text), tuple(notes(path, each.text))
                return InForce(settings, each.text, tuple(problem.problems), each.version, known)
            except SettingsError:
                continue
        raise
