"""A rule of the owner tried out on the history, before it is used."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from tbms.core.manage.rehearsal import Rehearsal, rehearse
from tbms.core.manage.scene import midnight, of_all, within
from tbms.core.measure.reading import CALM, UNKNOWN, WRONG, Reading, single
from tbms.monitor.keeper import Keeper
from tbms.monitor.link import MasterLink
from tbms.monitor.people.access import operator
from tbms.monitor.requests import FAILURES
from tbms.settings import Settings, SettingsError, load
from tbms.settings.change import changed
from tbms.settings.rules import Source
from tbms.store.history.files import HistoryError

STEP = 60.0  # s between two rows: the finest roll-up of the history
DAY = 86_400.0  # s
PLAIN = {"pack_voltage": "voltage", "current": "current", "power": "power", "soc": "soc", "soh": "soh"}
"""Measures that are one channel of the history."""
CELLS = {"cell_voltage": "v", "temperature": "t"}

Means = Mapping[str, Sequence[float]]


class DryRunRequest(BaseModel):
    """range: as one item of `ranges` in the settings. days: back from the newest row of the history."""

    model_config = ConfigDict(extra="forbid")

    range: dict[str, Any]
    days: float = Field(default=30, gt=0, le=31)


class DryRunReply(BaseModel):
    """What it would have done: starts, hours in all, spans (UTC, s) and the hours that the history covers."""

    starts: int
    hours: float
    spans: list[tuple[float, float]]
    covered_hours: float


def routes(link: MasterLink, keeper: Keeper) -> APIRouter:
    """The route of the dry-run."""
    router = APIRouter(prefix="/api/v1/ranges", tags=["settings"])
    one = asyncio.Lock()  # it takes a second of computing

    @router.post("/dry-run", response_model=DryRunReply, responses=FAILURES, dependencies=[Depends(operator)])
    async def dry_run(request: DryRunRequest) -> DryRunReply:
        """What a range would have done with what was measured; in steps of a minute, with the mean of each."""
        known = await link.call("settings.get")
        async with one:
            try:
                settings = await asyncio.to_thread(_settings, known, request.range)
                found = await _tried(settings, keeper, request.days)
            except SettingsError as problem:
                raise HTTPException(422, " ".join(problem.problems)) from None
            except HistoryError as problem:
                raise HTTPException(409, f"{str(problem)[:1].upper()}{str(problem)[1:]}.") from None
        spans = list(found.spans)
        return DryRunReply(starts=found.starts, hours=found.hours, spans=spans, covered_hours=found.covered)

    return router


def _settings(known: dict[str, Any], asked: dict[str, Any]) -> Settings:
    """The settings with this range alone, for as many cells as there are."""
    cells = f"pack.cells={known['settings']['pack']['cells']}"
    return load(Path(known["file"]), [cells], changed(known["text"], {"ranges": [asked]}))


async def _tried(settings: Settings, keeper: Keeper, days: float) -> Rehearsal:
    sources, cells = settings.rules.sources, settings.cells
    if missing := sorted({source.measure for source in sources if not _kept(source)}):
        raise HistoryError(
            f"the history does not keep {', '.join(missing).replace('_', ' ')}, so it cannot be tried out"
        )
    names = sorted({name for source in sources for name in _channels(source, cells)})
    end = (await keeper.channels())["end"]
    if end is None:
        raise HistoryError("the history is empty, so nothing can be tried out yet")
    times, means = await keeper.means(end - DAY * days, end, names or ["soc"], STEP)
    rows = _rows(times, means, sources, cells, settings.rules.utc_offset)
    return await asyncio.to_thread(rehearse, settings.rules, rows, STEP)


def _kept(source: Source) -> bool:
    return source.measure in PLAIN or source.measure in CELLS or source.measure in ("time_of_day", "output")


def _channels(source: Source, cells: int) -> list[str]:
    """The channels of the history that a source is made from."""
    if source.measure in PLAIN:
        return [PLAIN[source.measure]]
    if source.measure in CELLS:
        places = [source.of] if isinstance(source.of, int) else range(cells)
        return [f"{CELLS[source.measure]}{place + 1}" for place in places]
    return ["relays"] if source.measure == "output" else []


def _rows(
    times: Sequence[float], means: Means, sources: tuple[Source, ...], cells: int, offset: float
) -> Iterator[tuple[float, tuple[Reading, ...]]]:
    columns = [(source, [means[name] for name in _channels(source, cells)]) for source in sources]
    for place, moment in enumerate(times):
        clock = midnight(moment, offset)
        yield moment, tuple(_reading(source, [column[place] for column in each], clock) for source, each in columns)


def _reading(source: Source, values: list[float], clock: float | None) -> Reading:
    """One source at one moment; a value that is no number is unknown."""
    if source.measure == "time_of_day":
        if clock is None or source.window is None:
            return UNKNOWN
        return WRONG if within(source.window, clock) else CALM
    known = [None if value != value else value for value in values]
    if source.measure == "output":
        return UNKNOWN if known[0] is None else WRONG if int(known[0]) >> int(source.of or 0) & 1 else CALM
    # a cell by its number is a channel of its own here; what has but one channel is its mean
    return single(of_all(known, "average" if source.of is None or isinstance(source.of, int) else source.of))
