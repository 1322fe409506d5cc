"""What every open page shows: the newest snapshot, published at most twice a second with its age."""

import asyncio
import json
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from tbms.model.patch import Json, clean, diff

PERIOD = 0.5  # s between two publications: figures on a page do not dance
HEARTBEAT = 2.0  # s without a change after which an empty patch says "still here"
SILENCE = 3.0  # s without a newer snapshot after which the values are no longer live


class Problem(StrEnum):
    """Why the snapshot is not live."""

    UNREACHABLE = "unreachable"  # the master's socket cannot be opened, or closed
    SILENT = "silent"  # the master answers, but its snapshot does not move


class Live:
    """The document of all pages: `connected`, `problem` and `snapshot`, numbered by `seq`.

    seq grows by one with each publication. age: s since the snapshot last moved, None before the first.
    A page that holds `seq - 1` needs only the patch; any other gets the whole document.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._snapshot: Json | None = None
        self._problem: Problem | None = Problem.UNREACHABLE
        self._moved: float | None = None
        self._published_at = -HEARTBEAT
        self._document: Json = self._current()
        self._patch = "{}"  # as text: a hundred pages are sent the same
        self._turn = asyncio.Event()
        self.seq = 0

    def update(self, snapshot: Json) -> None:
        """Take the master's newest snapshot; one whose time stands still counts as no news."""
        moved = self._snapshot is None or snapshot.get("time") != self._snapshot.get("time")
        self._snapshot = clean(snapshot)
        if moved:
            self._moved = self._clock()
            self._problem = None
        elif self._problem is not None:
            self._problem = Problem.SILENT

    def lost(self) -> None:
        """The master cannot be reached; the last snapshot is kept, with its age."""
        self._problem = Problem.UNREACHABLE

    @property
    def age(self) -> float | None:
        """Seconds since the snapshot last moved; None before the first."""
        return None if self._moved is None else round(self._clock() - self._moved, 1)

    @property
    def document(self) -> Json:
        """The state as published, with its age."""
        return self._document | {"age": self.age}

    def full(self) -> str:
        """The whole document as one message."""
        return _text({"seq": self.seq, "age": self.age, "state": self._document})

    def newest(self, have: int) -> str:
        """The message that brings a page which holds `have` up to `seq`."""
        if have != self.seq - 1:
            return self.full()
        return f'{{"seq":{self.seq},"age":{_text(self.age)},"patch":{self._patch}}}'

    def publish(self) -> bool:
        """Number and announce what changed; False when there was nothing to say."""
        now = self._clock()
        if self._problem is None and self._moved is not None and now - self._moved > SILENCE:
            self._problem = Problem.SILENT
        document = self._current()
        patch = diff(self._document, document)
        if not patch and now - self._published_at < HEARTBEAT:
            return False
        self._document, self._patch, self._published_at = document, _text(patch), now
        self.seq += 1
        turn, self._turn = self._turn, asyncio.Event()
        turn.set()
        return True

    async def newer(self, have: int) -> None:
        """Return as soon as something newer than `have` is published."""
        while self.seq <= have:
            await self._turn.wait()

    async def run(self) -> None:
        """Publish twice a second, for ever."""
        while True:
            self.publish()
            await asyncio.sleep(PERIOD)

    def _current(self) -> Json:
        document: Json = {"connected": self._problem is None}
        if self._problem is not None:
            document["problem"] = self._problem.value
        if self._snapshot is not None:
            document["snapshot"] = self._snapshot
        return document


def _text(message: Any) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
