"""The settings file and its versions: what is in force, what was before, and how one takes the other's place."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tbms.settings.change import Judgement
from tbms.store.versions import Version, Versions, replace_file

Judge = Callable[[str, str | None, Mapping[str, Any] | None], Judgement]
"""From the text in force and a new text, or changes by key, to what they come to; may take seconds."""


class Cabinet:
    """path: where the settings file lies. text: of it, as it was read at the start or written since.

    settings: of it, in plain words. Reading and writing block: call from a thread.
    """

    def __init__(self, path: Path, text: str, settings: dict[str, Any], versions: Versions, judge: Judge) -> None:
        self.path, self.text, self.settings = path, text, settings
        self.versions, self._judge = versions, judge

    def open(self, now: float) -> None:
        """Note what the file says where it is no version yet: a person has edited it. now: UTC, s."""
        newest = self.versions.newest()
        if newest is None or newest.text != self.text:
            found = self._judge("" if newest is None else newest.text, self.text, None)
            differences = [] if newest is None else list(map(str, found.differences))
            self.versions.add(now, "the settings file", differences, self.text)

    def judge(self, text: str | None, changes: Mapping[str, Any] | None = None) -> Judgement:
        """What a whole new text, or changes by key, would come to."""
        return self._judge(self.text, text, changes)

    def newest(self) -> int:
        """Number of the version in force; 0 where none could be kept."""
        newest = self.versions.newest()
        return 0 if newest is None else newest.version

    def before(self) -> Version | None:
        """The version to roll back to: the newest whose text is not the one in force."""
        return next((each for each in reversed(self.versions.all()) if each.text != self.text), None)

    def edited(self) -> bool:
        """The file is not what was read or written: somebody edits it, too."""
        try:
            return self.path.read_text(encoding="utf-8") != self.text
        except FileNotFoundError:
            return bool(self.text)
        except (OSError, UnicodeDecodeError):
            return True

    def note(self, text: str, author: str, differences: Sequence[str], now: float) -> Version:
        """Keep a version that is about to come into force. Raises OSError."""
        return self.versions.add(now, author, differences, text)

    def put(self, judgement: Judgement) -> None:
        """Let a judged text take the file's place, whole or not at all. Raises OSError."""
        replace_file(self.path, judgement.text.encode())
        self.text, self.settings = judgement.text, judgement.settings or self.settings
