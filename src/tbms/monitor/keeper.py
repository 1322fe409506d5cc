"""The lifetime history at work: follows the master's journal, seals hours, answers queries; in threads of its own."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from itertools import count
from math import ceil
from pathlib import Path
from typing import TypeVar

from tbms.model.patch import Json
from tbms.store.history.channels import TICKS
from tbms.store.history.export import to_csv
from tbms.store.history.files import HistoryError
from tbms.store.history.history import History
from tbms.store.history.query import Curve, View, query
from tbms.store.history.stream import stream
from tbms.store.journal_reader import JournalReader

PERIOD = 10.0  # s between two looks at the journal
SEAL_EVERY = 6  # looks: then hours that are over are sealed
COLUMNS = 20_000  # of one question to the history
THREADS = 2  # one takes and seals, the other answers meanwhile

log = logging.getLogger(__name__)

T = TypeVar("T")


class Keeper:
    """One battery's history below `folder` (with the master's journal in it).

    troubles: what cannot be stored or read, one sentence each.
    """

    def __init__(self, folder: Path) -> None:
        self._history = History(folder / "history")
        self._journal = JournalReader(folder / "measurements")
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="history")
        self._trouble = ""

    @property
    def troubles(self) -> list[str]:
        """What is amiss, newest last."""
        own = [self._history.problem, self._trouble]
        return [*(one for one in own if one), *self._history.reader.troubles]

    async def run(self) -> None:
        """Follow the journal, for ever; at the end what is not sealed yet is sealed."""
        for turn in count():
            try:
                await self._aside(partial(self._take, seal=turn % SEAL_EVERY == 0))
            except OSError as problem:
                self._say(f"the journal of measurements cannot be read: {problem.strerror or problem}")
            except Exception:  # one bad turn must not end the history: it is told and tried again
                log.exception("the history could not be taken")
                self._say("measurements could not be taken into the history; the monitor's log says why")
            await asyncio.sleep(PERIOD)

    def close(self) -> None:
        """Take and seal everything, let go of the files."""
        try:
            self._take(seal=False)
        except OSError as problem:
            log.warning("the journal of measurements cannot be read: %s", problem)
        self._history.seal(everything=True)
        self._history.reader.close()  # before the writer, which then folds the write-ahead log away
        self._history.close(seal=False)
        self._threads.shutdown()

    async def view(self, start: float, end: float, channels: Sequence[str], points: int) -> Json:
        """Curves from start to end (UTC, s), as plain lists; raises HistoryError."""
        found = await self._aside(lambda: query(self._history.reader, start, end, channels, points))
        return await self._aside(lambda: _plain(found)) | {"troubles": self.troubles}

    async def means(
        self, start: float, end: float, channels: Sequence[str], step: float
    ) -> tuple[list[float], dict[str, list[float]]]:
        """Times (UTC, s) of columns `step` s long and the mean of each channel in them, NaN where nothing is known.

        Of a mask: its flags at the end of the column. Raises HistoryError.
        """
        begin, times = start - start % step, list[float]()
        means: dict[str, list[float]] = {name: [] for name in channels}
        while begin < end:
            points = min(COLUMNS, ceil((end - begin) / step))
            part = partial(query, self._history.reader, begin, begin + points * step, channels, points)
            found = await self._aside(part)
            times += found.times.tolist()
            for name, curve in found.curves.items():
                means[name] += curve.mean.tolist()
            begin += points * step
        return times, means

    async def channels(self) -> Json:
        """The channels there are, and from when to when (UTC, s) they are known."""
        return await self._aside(self._channels)

    async def known(self, channels: Sequence[str]) -> None:
        """Raises HistoryError for a channel that there is not."""
        await self._aside(lambda: self._known(channels))

    def csv(self, start: float, end: float, channels: Sequence[str]) -> Iterator[bytes]:
        """All rows from start to end (UTC, s) as text, an hour at a time, the names in the first line."""
        lines = BytesIO()
        to_csv([], channels, lines)
        heading = lines.getvalue()
        yield heading
        for table in stream(self._history.reader, round(start * TICKS), round(end * TICKS), channels):
            lines = BytesIO()
            to_csv([table], channels, lines)
            yield lines.getvalue()[len(heading) :]

    def _take(self, seal: bool) -> None:
        self._history.take(self._journal.read(), self._journal.layouts)
        if seal:
            self._history.seal()
        if trouble := self._history.problem or self._journal.trouble:
            self._say(trouble)
        elif self._trouble:
            log.info("measurements are taken into the history again")
            self._trouble = ""

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("%s", trouble)
        self._trouble = trouble

    def _channels(self) -> Json:
        reader = self._history.reader
        with reader.lock:
            known, extent = reader.newest_layout(), reader.extent()
        listed = [{"name": c.name, "unit": c.unit, "step": c.step} for c in known.channels] if known else []
        span = {"start": extent[0] / TICKS, "end": extent[1] / TICKS} if extent else {"start": None, "end": None}
        return {"channels": listed, "troubles": self.troubles} | span

    def _known(self, channels: Sequence[str]) -> None:
        reader = self._history.reader
        with reader.lock:
            known = reader.newest_layout()
        if known is None:
            raise HistoryError("the history is empty")
        if strange := [name for name in channels if name not in known.index]:
            raise HistoryError(f"no channel {', '.join(strange)}; there are {', '.join(known.names)}")

    async def _aside(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _plain(view: View) -> Json:
    """Lists with as many digits as the channel has, None where nothing is known."""
    curves = {name: _curve(curve, raw=view.level == "raw") for name, curve in view.curves.items()}
    return {"level": view.level, "times": [round(time, 1) for time in view.times.tolist()], "curves": curves}


def _curve(curve: Curve, raw: bool) -> Json:
    digits = curve.channel.decimals + (0 if raw else 1)

    def listed(values: list[float]) -> list[float | None]:
        return [None if value != value else round(value, digits) for value in values]

    parts = {"low": curve.low, "mean": curve.mean, "high": curve.high}
    return {"unit": curve.channel.unit} | {name: listed(part.tolist()) for name, part in parts.items()}
