"""The monitor's alert service: looks at the live state, tells people, gives the sign of life."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tbms.monitor.alerts import words
from tbms.monitor.alerts.book import Book, load, save
from tbms.monitor.alerts.post import Delivery, Message, Post, late
from tbms.monitor.alerts.send import beat, send
from tbms.monitor.alerts.watch import Seen, joined, look
from tbms.monitor.live import Live

PERIOD = 2.0  # s between two looks
UNNAMED = "TBMS"

log = logging.getLogger(__name__)


class Alerts:
    """book: who is told of what. post: messages on their way. trouble: why alerts do not work, empty when they do."""

    def __init__(self, folder: Path, bundle: Path, live: Live, clock: Callable[[], float] = time.time) -> None:
        self._path, self._bundle, self._live, self._clock = folder / "alerts.json", bundle, live, clock
        self._trouble = ""
        try:
            self.book = load(self._path)
        except (ValueError, OSError) as problem:
            self.book, self._trouble = Book(), str(problem)
        folder.mkdir(parents=True, exist_ok=True)
        self.post = Post(folder / "alerts-post.json")
        self.heartbeat: Delivery | None = None
        self._began = clock()
        self._silent_since: float | None = self._began

    @property
    def trouble(self) -> str:
        """Why not everything works, empty when it does."""
        return self._trouble or self.post.trouble

    async def run(self) -> None:
        """Look and tell, for ever; delivery goes on beside it, however long it takes."""
        await asyncio.gather(self._often(self.turn), self._often(self.deliver))

    async def _often(self, what: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await what()
            except Exception as problem:  # a defect here must not end all alerts
                self._trouble = f"alerts failed ({type(problem).__name__}: {problem}) and go on"
                log.exception("alerts failed and go on")
            await asyncio.sleep(PERIOD)

    async def turn(self) -> None:
        """One look; what is to be told is put into the post."""
        now = self._clock()
        document = self._live.document
        if document["connected"]:
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = now
        silent = None if self._silent_since is None else now - self._silent_since
        local = time.localtime(now)
        seen = Seen(now, 60 * local.tm_hour + local.tm_min, document.get("snapshot"), silent)
        self.post.standing, notices = look(self.post.standing, seen, self.book)
        boat = (document.get("snapshot") or {}).get("name") or UNNAMED
        for name, each in joined(notices).items():
            receiver = self.book.receiver(name)
            said = words.catalogue(self._bundle, receiver.language if receiver else "en")
            self.post.put([Message(name, words.title(boat, each, said), words.body(each, now, said), now)])
        self.post.keep()

    async def deliver(self) -> None:
        """Send what is due, and the sign of life; may take seconds."""
        for message in self.post.due(self._clock()):
            receiver = self.book.receiver(message.receiver)
            said = late(message, self._clock())
            problem = await asyncio.to_thread(send, receiver.url, said.title, said.body) if receiver else ""
            self.post.done(message, problem, self._clock())
        sign = self.book.heartbeat
        if sign and self._beat_due():
            self.heartbeat = Delivery(self._clock(), await asyncio.to_thread(beat, sign.url))

    def test(self, name: str) -> str:
        """Send a test to one receiver now; a sentence where it was not taken."""
        receiver = self.book.receiver(name)
        if receiver is None:
            return f"there is no receiver {name!r}"
        said = words.catalogue(self._bundle, receiver.language)
        boat = (self._live.document.get("snapshot") or {}).get("name") or UNNAMED
        problem = send(
            receiver.url, f"{boat}: {said.get('alert.test', 'Test')}", said.get("alert.test_body", "It works.")
        )
        self.post.last[name] = Delivery(self._clock(), problem)
        return problem

    def change(self, book: Book) -> None:
        """Use another book from now on. Raises OSError and keeps the old one."""
        save(self._path, book)
        self.book, self._trouble = book, ""

    def _beat_due(self) -> bool:
        """A sign of life says that the master lives: it is given only while it does."""
        sign = self.book.heartbeat
        if sign is None or not self._live.document["connected"]:
            return False
        return self.heartbeat is None or self._clock() - self.heartbeat.time >= sign.every
