"""The master's measurement journal: two alternating pre-allocated files that hold the last 48 hours.

A row is at risk until its frame is on disk: ten rows, or 60 s when rows are rarer, or at once when a relay or an
alarm changes. The files are filled with zeros once and then only overwritten, which spares the file system's own
journal (measured: 4.9 times less is written to the card than by a database at the same risk). When a file is full
the other one is begun with the next generation, so at least one whole file, 48 h of rows, is always there; what
the monitor has sealed needs no word from here, because it skips rows that it has (by boot and time).
"""

import ctypes
import os
import secrets
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from tbms.store.frame import LONGEST_STEP_DS, MOST_ROWS, Origin, newer, pack_layout, pack_rows, walk
from tbms.store.history.channels import TICKS, Layout, edge
from tbms.store.newer import put_aside

KEPT = 48 * 3600  # rows a file holds at least, at ordinary noise
ROW_BYTES = 6  # of a row in a frame of ten: its share of header and times; and a byte a channel
LONGEST_FRAME_DS = 600  # 60 s: six rows a frame when rows come every 10 s
WAITING = 3600  # rows kept in memory while the disk refuses
RETRY = 10  # rows between attempts while the disk refuses
CLOCK_STEP_DS = 5  # a smaller change of UTC against the boot's clock is its ordinary wander
NAMES = ("measurements-a", "measurements-b")
_ZEROS = bytes(1 << 20)


def clock_settled() -> bool:
    """The computer's clock has been set from outside since it started (as its kernel knows)."""
    try:
        state = int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)))
        return 0 <= state < 5  # 5: TIME_ERROR, not set
    except (AttributeError, OSError):
        return True


def boot_name() -> int:
    """The computer's present start as a number of 64 bits; random where the system does not tell."""
    try:
        return int(Path("/proc/sys/kernel/random/boot_id").read_text().replace("-", "")[:16], 16)
    except (OSError, ValueError):
        return secrets.randbits(64)


class MeasurementJournal:
    """Writes the journal; the only writer of its folder. Nothing here raises: see `problem`.

    boot: names the run of the clock that `append` is given: `boot_name()` for the computer's monotonic clock
    (default), any random number for a virtual one. `append` may block for as long as the card takes: call it
    where nothing waits for it, never in the control loop.
    """

    def __init__(self, folder: Path, columns: Layout, boot: int | None = None, file_bytes: int | None = None) -> None:
        self.folder = folder
        self.columns = columns
        self.boot = boot_name() if boot is None else boot
        self.problem: str | None = None
        self.lost = 0
        self._file_bytes = file_bytes or KEPT * (ROW_BYTES + len(columns.channels))
        self._rows: list[tuple[int, tuple[int, int, bool], tuple[int, ...]]] = []  # time; boot, offset, settled; values
        self._files: list[int] = []
        self._generation, self._place, self._sequence = 0, 0, 1
        self._layout_due = True
        self._last_ds, self._step_ds, self._offset_ds = -1, 0, 0
        self._last: tuple[int, ...] | None = None
        self._patience = self._taken = 0
        self._attempt(b"")

    def append(self, time: float, timestamp: float, values: Sequence[int], settled: bool = True) -> None:
        """Take one row of `columns`, measured at `time` (s, the boot's clock) and `timestamp` (UTC, s).

        Rows must come in the order of their times; settled: the clock that gives `timestamp` has been set.
        """
        time_ds = self._tick(time)
        offset_ds = round((timestamp - time) * TICKS)
        if abs(offset_ds - self._offset_ds) >= CLOCK_STEP_DS or self._last is None:
            self._offset_ds = offset_ds
        row = tuple(values)
        due = edge(self.columns, self._last, row)
        self._rows.append((time_ds, (self.boot, self._offset_ds, settled), row))
        self._last = row
        if len(self._rows) > WAITING:
            del self._rows[0]
            self.lost += 1
        first_ds = self._rows[0][0]
        if due or len(self._rows) >= MOST_ROWS or time_ds - first_ds + self._step_ds >= LONGEST_FRAME_DS:
            self._flush_patiently(due)

    @property
    def acknowledged(self) -> int:
        """Number of the last row that is on disk; a power cut cannot take it away. 0 before the first."""
        return self._sequence - 1

    def flush(self) -> None:
        """Put all rows on disk now."""
        while self._rows and self._attempt(self._frame()):
            pass

    def close(self) -> None:
        """Put all rows on disk and let go of the files."""
        self.flush()
        for file in self._files:
            os.close(file)
        self._files = []

    def _tick(self, time: float) -> int:
        """The time in ticks: on the grid of the rows before while it stays within 0.08 s of it."""
        expected = self._last_ds + self._step_ds
        tick = expected if abs(time * TICKS - expected) < 0.8 else round(time * TICKS)
        if tick <= self._last_ds:
            if tick < self._last_ds - TICKS:
                self.boot = secrets.randbits(64)  # another clock: times would be taken for old ones
            else:
                tick = self._last_ds + 1
        self._step_ds = max(0, tick - self._last_ds)
        self._last_ds = tick
        return tick

    def _flush_patiently(self, due: bool) -> None:
        self._patience -= 1
        if self.problem is None or due or self._patience <= 0:
            self._patience = RETRY
            self.flush()

    def _frame(self) -> bytes:
        """The longest frame that the first rows make, with a layout before it where one is due."""
        clock = self._rows[0][1]
        taken = [self._rows[0]]
        for row in islice(self._rows, 1, MOST_ROWS):
            if row[1] != clock or row[0] - taken[-1][0] > LONGEST_STEP_DS:
                break
            taken.append(row)
        self._taken = len(taken)
        origin = Origin(self._generation, self.columns.key, self._sequence, *clock)
        columns = pack_layout(origin, self.columns) if self._layout_due else b""
        return columns + pack_rows(origin, [row[0] for row in taken], [row[2] for row in taken])

    def _attempt(self, data: bytes) -> bool:
        """Open if need be and write; where it fails `problem` says why and everything is kept for the next time."""
        try:
            if not self._files:
                self._open()
                data = self._frame() if data else data
            if data:
                self._write(data)
        except OSError as trouble:
            what = trouble.strerror or str(trouble)
            self.problem = f"measurements cannot be stored in {self.folder}: {what}; the last hour is kept in memory"
            return False
        self.problem = None
        return True

    def _write(self, data: bytes) -> None:
        if self._place + len(data) > self._file_bytes:
            self._generation, self._place, self._layout_due = self._generation + 1, 0, True
            data = self._frame()
        file = self._files[self._generation % 2]
        if os.pwrite(file, data, self._place) < len(data):
            raise OSError(28, "No space left on device", str(self.folder))
        os.fdatasync(file)
        self._place += len(data)
        self._sequence += self._taken
        self._layout_due = False
        del self._rows[: self._taken]

    def _open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in (self.folder / name for name in NAMES):
            if path.exists() and newer(path.read_bytes()):
                put_aside(path)
        files: list[int] = []
        try:
            for name in NAMES:
                files.append(os.open(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644))
                _fill(files[-1], self._file_bytes)
            _sync_folder(self.folder)
            self._resume([os.pread(file, os.fstat(file).st_size, 0) for file in files])
        except OSError:
            for file in files:
                os.close(file)
            raise
        self._files = files

    def _resume(self, contents: list[bytes]) -> None:
        """Go on after the newest frame of the newest generation."""
        for number, data in enumerate(contents):
            for end, frame in walk(data):
                if frame.generation % 2 == number and (frame.generation, end) > (self._generation, self._place):
                    self._generation, self._place = frame.generation, end
                self._sequence = max(self._sequence, frame.next_sequence)
        self._layout_due = True


def _fill(file: int, size: int) -> None:
    """Make the file `size` long with real zeros: only reserved blocks would be journalled at each first write."""
    have = os.fstat(file).st_size
    while have < size:
        have += os.pwrite(file, _ZEROS[: size - have], have)
    os.fsync(file)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
