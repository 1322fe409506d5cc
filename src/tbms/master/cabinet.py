"""The settings file and its versions: what is in force, what was before, and how one takes the other's place."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tbms import __version__
from tbms.settings.change import Judgement, Texts, differences
from tbms.store.replace import replace_file
from tbms.store.versions import Version, Versions

Judge = Callable[[Texts, str | None, Mapping[str, Any] | None], Judgement]
"""From the texts that there are and a new text, or changes by key, to what they come to; may take seconds."""


ASIDE = ".unusable"  # added to the name of a file that could not be used


class Cabinet:
    """path: where the settings file lies. text: of it, as it was read at the start or written since.

    settings: of it, in plain words. running: the text in force. refused: what is wrong with the file itself, where the
    text is that of the last good version instead. Reading and writing block: call from a thread.
    """

    def __init__(
        self,
        path: Path,
        text: str,
        settings: dict[str, Any],
        versions: Versions,
        judge: Judge,
        refused: tuple[str, ...] = (),
    ) -> None:
        self.path, self.text, self.settings, self.running = path, text, settings, text
        self.versions, self._judge, self.refused = versions, judge, refused

    def open(self, now: float) -> tuple[str, Sequence[str]]:
        """Note what is in force where that is no version yet; who did it and what differs from the last, as sentences.

        A person has edited the file, or another program gives the same file another meaning. now: UTC, s.
        """
        newest = self.versions.newest()
        if newest is None:
            found: list[str] = []
        elif newest.settings is not None:
            found = [str(each) for each in differences(newest.settings, self.settings)]
        else:  # noted by a program that did not say what it meant
            judged = self._judge(Texts(newest.text, newest.text), self.text, None)
            found = [str(each) for each in judged.differences]
        same = newest is not None and newest.text == self.text
        author = f"TBMS {__version__}, started" if same else "the settings file"
        if found or not same or (newest and newest.settings is None):
            self.versions.add(now, author, found, self.text, self.settings)
        self.versions.note_running(self.text)
        return author, found

    def resume(self) -> None:
        """What is in force has not changed: only those who ask for it have a new process to answer them."""
        noted = self.versions.running
        self.running = self.text if noted is None else noted

    def judge(self, text: str | None, changes: Mapping[str, Any] | None = None) -> Judgement:
        """What a whole new text, or changes by key, would come to."""
        return self._judge(Texts(self.text, self.running), text, changes)

    def newest(self) -> int:
        """Number of the newest version; 0 where none could be kept."""
        newest = self.versions.newest()
        return 0 if newest is None else newest.version

    def before(self) -> Version | None:
        """The version to roll back to: the newest whose text is not the file's."""
        return next((each for each in reversed(self.versions.all()) if each.text != self.text), None)

    def edited(self) -> bool:
        """The file is not what was read or written: somebody edits it, too; a file that cannot be used may go."""
        if self.refused:
            return False
        try:
            return self.path.read_text(encoding="utf-8") != self.text
        except FileNotFoundError:
            return bool(self.text)
        except (OSError, UnicodeDecodeError):
            return True

    def note(self, judgement: Judgement, author: str, said: Sequence[str], now: float) -> Version:
        """Keep a version that is about to come into force; said: what differs. Raises OSError."""
        return self.versions.add(now, author, said, judgement.text, judgement.settings)

    def put(self, judgement: Judgement) -> None:
        """Let a judged text take the file's place, whole or not at all. Raises OSError.

        A file that could not be used is kept beside it.
        """
        if self.refused:
            with suppress(FileNotFoundError):
                self.path.rename(self.path.with_name(f"{self.path.name}{ASIDE}"))
            self.refused = ()
        replace_file(self.path, judgement.text.encode())
        self.text, self.settings = judgement.text, judgement.settings or self.settings
        if judgement.applies != "restart":
            self.running = self.text
            with suppress(OSError):  # the file itself has been written
                self.versions.note_running(self.text)
