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

    notes: what a person should know of how a text of an older format is read. lacking: what a real battery needs and
    the text does not say, though it was in force before.
    """

    settings: Settings
    text: str
    refused: tuple[str, ...] = ()
    version: int = 0
    notes: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()

    @property
    def told(self) -> list[str]:
        """What a person should know of what is in force, beside `said`: a sentence each."""
        found = []
        if self.notes:
            how = "(`tbms settings migrate` brings the file up to date)"
            found.append(f"settings of an older format: {'; '.join(self.notes)} {how}")
        if self.lacking:
            found.append(f"the next change of the settings must also give what is not known: {'; '.join(self.lacking)}")
        return found

    @property
    def said(self) -> str:
        """One sentence for people, empty where the file is used."""
        if not self.refused:
            return ""
        more = f"; and {len(self.refused) - SHOWN} more" if len(self.refused) > SHOWN else ""
        why = "; ".join(self.refused[:SHOWN])
        instead = f"version {self.version}, the last good one, is in force"
        return f"the settings file cannot be used, so {instead}: {why}{more}"


def in_force(path: Path | None, overrides: Sequence[str], data_dir: Path, real: bool = False) -> InForce:
    """A boat is not to go dark because of a slip in a file: what was in force before goes on.

    real: a real battery; of a text that was never in force its ratings are demanded, else their lack is told.
    Raises SettingsError with the file's problems where no version in the data folder is good either.
    """
    versions = Versions(data_dir / FOLDER)
    try:
        text = text_of(path)
        return _used(path, overrides, text, real, versions)
    except SettingsError as problem:
        for each in reversed(versions.all()):
            try:
                found = _used(path, overrides, each.text, real, versions)
            except SettingsError:
                continue
            return found._replace(refused=tuple(problem.problems), version=each.version)
        raise


def _used(path: Path | None, overrides: Sequence[str], text: str, real: bool, versions: Versions) -> InForce:
    """What a text says. Raises SettingsError, for lacking ratings only where it was never in force."""
    lacking: tuple[str, ...] = ()
    try:
        settings = load(path, overrides, text, real=real)
    except SettingsError as problem:
        if not real or all(each.text != text for each in versions.all()):
            raise
        settings, lacking = load(path, overrides, text), tuple(problem.problems)
    return InForce(settings, text, notes=tuple(notes(path, text)), lacking=lacking)
