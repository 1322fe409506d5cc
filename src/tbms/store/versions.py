"""Every version of the settings file that was in force: when, by whom, what differed, and its whole text."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tbms.store.plain import encode
from tbms.store.record import pack, unpack
from tbms.store.replace import replace_file

FOLDER = "settings"
RUNNING = "running.json"
KEEP = 50  # versions; the oldest go first


@dataclass(frozen=True, slots=True)
class Version:
    """version: from 1, without gaps. time: UTC, s. differences: from the version before, as sentences.

    settings: what the text meant then, with every default; None where nobody noted it.
    """

    version: int
    time: float
    author: str
    differences: tuple[str, ...]
    text: str
    settings: dict[str, Any] | None = None


KNOWN = tuple(field.name for field in fields(Version))


class Versions:
    """The versions in one folder; each a file of its own that carries its check, so a damaged one harms no other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> list[Version]:
        """Those that can be read, oldest first."""
        found = (_read(path) for path in reversed(self._paths()))
        return [version for version in found if version is not None]

    def newest(self) -> Version | None:
        """The last one; None before the first."""
        return next((found for path in self._paths() if (found := _read(path)) is not None), None)

    def add(
        self, time: float, author: str, differences: Sequence[str], text: str, settings: dict[str, Any] | None = None
    ) -> Version:
        """Keep a new version; on disk when it returns. Raises OSError and keeps nothing then."""
        self._folder.mkdir(parents=True, exist_ok=True)
        paths = self._paths()
        number = int(paths[0].stem) + 1 if paths else 1
        version = Version(number, time, author, tuple(differences), text, settings)
        replace_file(self._folder / f"{number:06d}.json", pack(encode(version)))
        for path in paths[KEEP - 1 :]:
            path.unlink(missing_ok=True)
        return version

    @property
    def running(self) -> str | None:
        """The text in force in the master that runs, which may have begun before the newest; None where unknown."""
        try:
            return str((unpack((self._folder / RUNNING).read_bytes()) or {})["text"])
        except (OSError, KeyError):
            return None

    def note_running(self, text: str) -> None:
        """Note the text that is in force from now on. Raises OSError."""
        if text != self.running:
            self._folder.mkdir(parents=True, exist_ok=True)
            replace_file(self._folder / RUNNING, pack(encode({"text": text})))

    def remove(self, version: Version) -> None:
        """Forget a version that never came into force."""
        (self._folder / f"{version.version:06d}.json").unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        """Newest first."""
        return sorted((path for path in self._folder.glob("*.json") if path.stem.isdigit()), reverse=True)


def _read(path: Path) -> Version | None:
    try:
        values: dict[str, Any] | None = unpack(path.read_bytes())
        if values is None:
            return None
        kept = {name: value for name, value in values.items() if name in KNOWN}  # a newer program may say more
        return Version(**kept | {"differences": tuple(values["differences"])})
    except (OSError, TypeError, KeyError):
        return None
