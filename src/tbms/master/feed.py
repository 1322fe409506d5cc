"""What the API knows of the running system: the newest snapshot, its changes, and the last minutes."""

import json
from collections import deque
from collections.abc import Callable
from typing import Any

from tbms.model.patch import diff
from tbms.store.plain import encode

RING = 6000  # rows of samples kept in memory: 10 minutes at 10 Hz, some 3 MB


class Feed:
    """Takes snapshots and samples as control sends them and hands them on.

    seq: number of the newest snapshot since this process started, 0 before the first. samples: the same of samples.
    received: monotonic time of its arrival, s. changed: called after each one, by whoever subscribes.
    """

    def __init__(self) -> None:
        self.seq = self.samples = 0
        self.received: float | None = None
        self.full = b"null"
        self.patch = b"{}"
        self.changed: list[Callable[[], None]] = []
        self._state: dict[str, Any] = {}
        self._rows: deque[bytes] = deque(maxlen=RING)

    def take(self, message: bytes, now: float) -> None:
        """A new snapshot as JSON, arrived at monotonic time `now`."""
        state = json.loads(message)
        self.patch = encode(diff(self._state, state))
        self.seq += 1
        self.full, self._state, self.received = message, state, now
        for tell in tuple(self.changed):
            tell()

    @property
    def state(self) -> dict[str, Any]:
        """The newest snapshot, plain; a new object each time, never changed."""
        return self._state

    def keep(self, message: bytes) -> None:
        """A new sample as a JSON object."""
        self.samples += 1
        self._rows.append(b'{"seq":%d,%b' % (self.samples, message[1:]))

    def age(self, now: float) -> float | None:
        """How long ago the newest snapshot arrived, s; None before the first."""
        return None if self.received is None else now - self.received

    def rows(self, after_seq: int, limit: int) -> list[bytes]:
        """At most `limit` samples after `after_seq`, oldest first, each as JSON."""
        oldest = self.samples - len(self._rows) + 1
        skip = max(0, after_seq + 1 - oldest)
        return [self._rows[place] for place in range(skip, min(len(self._rows), skip + limit))]
