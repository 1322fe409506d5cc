"""The settings to start with: those of the file, or the last that were good where the file cannot be used."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tbms.settings import Settings, SettingsError, load
from tbms.settings.load import text_of
from tbms.store.versions import FOLDER, Versions

SHOWN = 3  # problems of the file that are told; all stand in the terminal


class InForce(NamedTuple):
    """text: what the settings were read from. refused: why the file is not used, empty where it is."""

    settings: Settings
    text: str
    refused: tuple[str, ...] = ()
    version: int = 0

    @property
    def said(self) -> str:
        """One sentence for people, empty where the file is used."""
        if not self.refused:
            return ""
        more = f"; and {len(self.refused) - SHOWN} more" if len(self.refused) > SHOWN else ""
        why = "; ".join(self.refused[:SHOWN])
        instead = f"version {self.version}, the last good one, is in force"
        return f"the settings file cannot be used, so {instead}: {why}{more}"


def in_force(path: Path | None, overrides: Sequence[str], data_dir: Path) -> InForce:
    """A boat is not to go dark because of a slip in a file: what was in force before goes on.

    Raises SettingsError with the file's problems where no version in the data folder is good either.
    """
    try:
        text = text_of(path)
        return InForce(load(path, overrides, text), text)
    except SettingsError as problem:
        for each in reversed(Versions(data_dir / FOLDER).all()):
            try:
                return InForce(load(path, overrides, each.text), each.text, tuple(problem.problems), each.version)
            except SettingsError:
                continue
        raise
