"""Writes events and learned values in a thread of its own, so that no disk can hold up the loop."""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from tbms.master.incident import FOLDER, Incident, write
from tbms.model.event import Event
from tbms.store.events import EventStore
from tbms.store.memory import Memory

WAITING = 10_000  # events kept while the disk refuses; the oldest are lost first
QUEUED = 1_000  # things handed over while the disk hangs; more are lost
AGAIN = 5.0  # s between two attempts while the disk refuses
LAST = 3.0  # s that the last writing may take at the end

log = logging.getLogger("tbms.recorder")


class Recorder:
    """A queue into the journal of events and the memory of learned values; never waits, never raises.

    failing: why the disk refuses now, empty when all is well. lost: events given up since the start.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._queue: SimpleQueue[Sequence[Event] | dict[str, Any] | None] = SimpleQueue()
        self._waiting: deque[Event] = deque()
        self._values: dict[str, Any] | None = None
        self._store: EventStore | None = None
        self._memory: Memory | None = None
        self.failing = ""
        self.lost = 0
        self._freezer: threading.Thread | None = None
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def write(self, events: Sequence[Event]) -> None:
        """Hand over events to be stored in this order."""
        if events and self._queue.qsize() < QUEUED:
            self._queue.put(events)
        else:
            self.lost += len(events)

    def remember(self, values: dict[str, Any]) -> None:
        """Hand over learned values; they replace the older ones."""
        if self._queue.qsize() < QUEUED:
            self._queue.put(values)

    def freeze(self, incident: Incident) -> None:
        """Hand over an incident; it is written by a thread of its own, and a further one meanwhile is given up."""
        if self._freezer is not None and self._freezer.is_alive():
            log.warning("an incident is not kept, for the one before is still being written: %s", incident.cause)
            return
        freezer = threading.Thread(target=self._frozen, args=(incident,), name="incident", daemon=True)
        try:
            freezer.start()
        except RuntimeError as problem:  # no room for a thread: nothing that protection may stumble over
            log.error("the incident cannot be kept: %s; protection goes on", problem)
        else:
            self._freezer = freezer

    def _frozen(self, incident: Incident) -> None:
        try:
            path = write(self._folder / FOLDER, incident)
        except (OSError, TypeError, ValueError) as problem:
            log.error("the incident cannot be kept: %s; protection goes on", problem)
        else:
            log.info("the last minutes are kept in %s: tbms replay %s runs them again", path, path)

    def close(self) -> bool:
        """Write what is left; False when that took too long."""
        self._queue.put(None)
        self._thread.join(LAST)
        if self._freezer is not None:
            self._freezer.join(LAST)
        return not self._thread.is_alive()

    def _run(self) -> None:
        going = True
        while going:
            going = self._gather()
            try:
                self._flush()
            except OSError as problem:
                self._failed(problem)
            else:
                self._recovered()
        if self._store:
            self._store.close()

    def _gather(self) -> bool:
        """Take all that waits, at least one thing unless events wait for the disk; False at the end."""
        try:
            item = self._queue.get(timeout=AGAIN if self._waiting or self._values else None)
            while True:
                if item is None:
                    return False
                self._keep(item)
                item = self._queue.get_nowait()
        except Empty:
            return True

    def _keep(self, item: Sequence[Event] | dict[str, Any]) -> None:
        if isinstance(item, dict):
            self._values = item
            return
        self._waiting.extend(item)
        while len(self._waiting) > WAITING:
            self._waiting.popleft()
            self.lost += 1

    def _flush(self) -> None:
        if self._waiting:
            self._store = self._store or EventStore(self._folder / "events")
            self._store.append(tuple(self._waiting))
            self._waiting.clear()
        if self._values is not None:
            self._memory = self._memory or Memory(self._folder)
            self._memory.save(self._values)
            self._values = None

    def _failed(self, problem: OSError) -> None:
        if not self.failing:
            log.error("events and learned values cannot be stored: %s; protection goes on", problem)
        self.failing = str(problem)

    def _recovered(self) -> None:
        if self.failing:
            log.warning("events and learned values are stored again; %d events were lost", self.lost)
        self.failing = ""
