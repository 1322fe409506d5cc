"""Messages on their way: a bounded queue on disk that outlives restarts and lost connections."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tbms.monitor.alerts.watch import Standing
from tbms.store.replace import replace_file

AGE = 86_400.0  # s: an older message helps nobody
MOST = 200  # messages that wait; the oldest are given up
FIRST, LONGEST = 30.0, 1800.0  # s between two attempts: the first pause, doubled up to the longest
LATE = 600.0  # s after which a message says that it was held up


@dataclass(frozen=True, slots=True)
class Message:
    """title, body: as delivered. made, next: UTC, s: when it was written, and when it is tried next."""

    receiver: str
    title: str
    body: str
    made: float
    next: float = 0.0
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the last attempt with a receiver: UTC, s, and a sentence, empty when it was taken."""

    time: float
    problem: str


class Post:
    """Everything that must survive a restart: faults that stand, messages that wait, what was given up."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.standing: dict[str, Standing] = {}
        self.waiting: list[Message] = []
        self.dropped = 0
        self.last: dict[str, Delivery] = {}
        self.trouble = ""
        self._kept = b""
        self._load()

    def put(self, messages: Iterable[Message]) -> None:
        """Let messages wait for delivery."""
        self.waiting += messages
        if (extra := len(self.waiting) - MOST) > 0:
            del self.waiting[:extra]
            self.dropped += extra

    def due(self, now: float) -> list[Message]:
        """What is to be tried now, the oldest of each receiver only; what is too old is given up."""
        fresh = [message for message in self.waiting if now - message.made <= AGE]
        self.dropped += len(self.waiting) - len(fresh)
        self.waiting = fresh
        first: dict[str, Message] = {}
        for message in fresh:
            first.setdefault(message.receiver, message)
        return [message for message in first.values() if message.next <= now]

    def done(self, message: Message, problem: str, now: float) -> None:
        """A message was tried: it is gone, or with a problem tried again later."""
        self.last[message.receiver] = Delivery(now, problem)
        if message not in self.waiting:  # given up meanwhile
            return
        place = self.waiting.index(message)
        if problem:
            pause = min(LONGEST, FIRST * 2.0 ** min(message.tries, 20))
            self.waiting[place] = replace(message, next=now + pause, tries=message.tries + 1)
        else:
            del self.waiting[place]

    def keep(self) -> None:
        """Write it down where it has changed; a disk that refuses is told in `trouble`."""
        data = json.dumps(
            {
                "standing": {name: asdict(each) for name, each in self.standing.items()},
                "waiting": [asdict(each) for each in self.waiting],
                "dropped": self.dropped,
            }
        ).encode()
        if data == self._kept:
            return
        try:
            replace_file(self._path, data)
        except OSError as problem:
            self.trouble = f"alerts that wait would be lost in a restart: {problem.strerror}"
        else:
            self._kept, self.trouble = data, ""

    def _load(self) -> None:
        try:
            kept: dict[str, Any] = json.loads(self._path.read_bytes())
            self.standing = {name: Standing(**each) for name, each in kept["standing"].items()}
            self.waiting = [Message(**each) for each in kept["waiting"]]
            self.dropped = int(kept["dropped"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            self.standing, self.waiting, self.dropped = {}, [], 0
            self.trouble = "alerts that waited before the last start are lost: their file was damaged"


def late(message: Message, now: float) -> Message:
    """The message as it is delivered now: one that was held up says so."""
    minutes = round((now - message.made) / 60)
    return message if now - message.made < LATE else replace(message, body=f"{message.body}\n[+{minutes} min]")
