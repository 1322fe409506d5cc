"""The measurement journal's writer: a row a second from the snapshots, in a thread that nothing waits for."""

import logging
import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from queue import Full, Queue
from typing import Any

from tbms.model.snapshot import Activity, Snapshot
from tbms.store.history.channels import Layout, layout, row
from tbms.store.measurements import MeasurementJournal, clock_settled
from tbms.store.plain import noun

PERIOD = 1.0  # s between two rows while the battery works
IDLE = 10.0  # s while it rests
STILL = 60.0  # s of rest after which rows are rarer
RARELY = 30.0  # s between two looks at the computer's clock, and at what the disk says
QUEUED = 600  # rows that wait while the card hangs; then the newest are lost
SAME_CLOCK = 60.0  # s: a snapshot further from this machine's own clock comes from a virtual one
SPAN = 2.0  # 1/h: currents up to this multiple of the capacity are told apart
LAST = 5.0  # s that the last writing may take
RESTING = (Activity.RESTING.value, Activity.DISCONNECTED.value)

log = logging.getLogger("tbms.diary")

State = dict[str, Any]


@dataclass
class _Pace:
    """When the next row is due: once a second, every 10 s after a minute of rest, at once when a switch turns."""

    last: float = float("-inf")
    busy: float = float("-inf")
    switches: tuple[Any, ...] = ()

    def due(self, state: State) -> bool:
        now, switches = state["time"], _switches(state)
        if state["activity"] not in RESTING:
            self.busy = now
        period = IDLE if now - self.busy > STILL else PERIOD
        late = not self.last <= now < self.last + period - 0.05
        if not late and (switches == self.switches or now <= self.last):
            return False
        self.last, self.switches = now, switches
        return True


def _switches(state: State) -> tuple[Any, ...]:
    """All that makes a row urgent: outputs, contactors, permission, faults."""
    return (
        [output["on"] for output in state["outputs"]],
        state["charge_contactor"]["phase"], state["load_contactor"]["phase"],
        state["may_charge"], state["may_discharge"], sorted({fault["id"] for fault in state["faults"]}),
    )  # fmt: skip


class Diary:
    """Keeps snapshots in the journal in `folder`; never waits, never raises. problem: why the disk refuses."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pace = _Pace()
        self._queue: Queue[State | None] = Queue(QUEUED)
        self._said = ""
        self.problem: str | None = None
        self.lost = 0
        self._thread = threading.Thread(target=self._run, name="diary", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Put all rows on disk."""
        self._offer(None)
        self._thread.join(LAST)

    def take(self, state: State) -> None:
        """The newest snapshot, plain; it must not be changed afterwards."""
        try:
            due = self._pace.due(state)
        except (KeyError, TypeError):  # no whole snapshot: nothing to keep
            return
        if due:
            self._offer(state)

    def _offer(self, item: State | None) -> None:
        try:
            self._queue.put_nowait(item)
        except Full:
            self.lost += 1

    def _run(self) -> None:
        """Write until told to end; the journal is made for the first row, whose cells and clock it takes."""
        journal: MeasurementJournal | None = None
        settled, looked = True, float("-inf")
        while (state := self._queue.get()) is not None:
            try:
                now: Snapshot = noun(Snapshot, state)
            except (KeyError, TypeError, ValueError) as odd:
                self._tell(f"a snapshot cannot be kept: {odd!r}")
                continue
            virtual = abs(now.time - time.monotonic()) > SAME_CLOCK
            if journal is None:
                journal = MeasurementJournal(self._folder, _columns(now), secrets.randbits(64) if virtual else None)
            if time.monotonic() - looked > RARELY:
                settled, looked = virtual or clock_settled(), time.monotonic()
            journal.append(now.time, now.timestamp, row(journal.columns, now), settled)
            self._tell(journal.problem)
        if journal:
            journal.close()
            self._tell(journal.problem)

    def _tell(self, problem: str | None) -> None:
        if problem and problem != self._said:
            log.error("%s; protection goes on", problem)
        elif self._said and not problem:
            log.warning("measurements are stored again")
        self._said = problem or ""
        self.problem = problem


def _columns(now: Snapshot) -> Layout:
    return layout(now.cells, current=SPAN * now.capacity)
