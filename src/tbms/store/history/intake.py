"""Frames of the measurement journal as rows of the history."""

from collections.abc import Iterable

import numpy as np

from tbms.store.frame import Frame
from tbms.store.history.block import Rows, join
from tbms.store.history.channels import Layout
from tbms.store.history.codec import DamagedError, Int16s


def rows_of(frame: Frame, layout: Layout) -> Rows:
    """The rows of a frame of this layout; raises DamagedError where it holds something else."""
    columns, count = len(layout.channels), frame.rows
    planes = np.frombuffer(frame.payload, np.uint8)
    words = count - 1 + columns * count
    if layout.key != frame.layout or len(planes) != 2 * words:
        raise DamagedError(f"row {frame.sequence}: a frame of {len(planes)} bytes is not {count} rows of {columns}")
    folded = planes[:words] | planes[words:].astype(np.uint16) << np.uint16(8)
    times = np.cumsum(np.append(np.int64(frame.first_ds), folded[: count - 1].astype(np.int64)))
    changes = folded[count - 1 :].reshape(columns, count)
    values = np.cumsum(_unfolded(changes), axis=1, dtype=np.int16)
    return Rows(layout.key, frame.boot, frame.offset_ds, frame.settled, times, values)


def _unfolded(folded: np.ndarray[tuple[int, int], np.dtype[np.uint16]]) -> Int16s:
    """Zigzag undone."""
    return ((folded >> np.uint16(1)) ^ (np.uint16(0) - (folded & np.uint16(1)))).view(np.int16)


def rows_of_all(frames: Iterable[Frame], layouts: dict[int, Layout]) -> list[Rows]:
    """The rows of frames in order, joined where they have the same origin; frames of an unknown layout are left out."""
    runs: list[list[Rows]] = []
    for frame in frames:
        layout = layouts.get(frame.layout)
        if layout is None:
            continue
        rows = rows_of(frame, layout)
        if runs and runs[-1][0].same_origin(rows) and runs[-1][-1].times_ds[-1] < rows.times_ds[0]:
            runs[-1].append(rows)
        else:
            runs.append([rows])
    return [join(run) for run in runs]
