"""What was: history, its export, and events, over HTTP."""

from collections.abc import Sequence
from datetime import UTC, datetime
from time import time
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.responses import Response

from tbms.model.event import EventKind
from tbms.model.fault import Severity
from tbms.monitor.archive import Archive, Search
from tbms.monitor.keeper import Keeper
from tbms.monitor.people.access import Door
from tbms.monitor.people.register import Role
from tbms.monitor.requests import (
    FAILURES,
    ChannelsReply,
    CommandReply,
    ErrorReply,
    EventsReply,
    HistoryReply,
)
from tbms.store.history.files import HistoryError

LATEST = 253_402_300_799  # s, end of the year 9999
POINTS = 4000  # columns of one answer
CHANNELS = 40  # of one answer
EXPORT = 32 * 86_400  # s of one export; `tbms history export` has no limit
NOT_KEPT = {"cache-control": "no-store"}

Key = Annotated[str, Query(max_length=80)]
Time = Annotated[float, Query(ge=0, le=LATEST, allow_inf_nan=False)]
SAID: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorReply, "description": "the question makes no sense"},
    422: {"model": ErrorReply, "description": "the request is not understood"},
}


def history(keeper: Keeper) -> APIRouter:
    """The routes of measured values."""
    routes = APIRouter(prefix="/api/v1/history", tags=["history"])

    @routes.get("", response_model=HistoryReply, responses=SAID)
    async def view(
        start: Annotated[Time, Query(alias="from", description="UTC, s since 1970")],
        end: Annotated[Time, Query(alias="to", description="UTC, s since 1970")],
        channels: Annotated[str, Query(max_length=600, description="names, with commas between: voltage,soc,v1")],
        points: Annotated[int, Query(ge=1, le=POINTS, description="columns of the answer")] = 600,
    ) -> JSONResponse:
        """Least, mean and greatest value of each channel in each of `points` columns of equal length."""
        names = _names(channels, start, end)
        try:
            return JSONResponse(await keeper.view(start, end, names, points), headers=NOT_KEPT)
        except HistoryError as problem:
            raise HTTPException(400, _sentence(problem)) from None

    @routes.get("/channels", response_model=ChannelsReply)
    async def known() -> JSONResponse:
        """The channels there are, the time they cover, and what cannot be stored or read."""
        return JSONResponse(await keeper.channels(), headers=NOT_KEPT)

    @routes.get("/export", response_class=Response, responses=SAID | {200: {"content": {"text/csv": {}}}})
    async def export(
        start: Annotated[Time, Query(alias="from", description="UTC, s since 1970")],
        end: Annotated[Time, Query(alias="to", description="at most 32 days later")],
        channels: Annotated[str, Query(max_length=600, description="names, with commas between")],
    ) -> Response:
        """Every stored row as CSV: time (UTC, s since 1970), then the channels, empty where unknown."""
        names = _names(channels, start, end)
        if end - start > EXPORT:
            raise HTTPException(400, "An export over HTTP holds at most 32 days; `tbms history export` has no limit.")
        try:
            await keeper.known(names)
        except HistoryError as problem:
            raise HTTPException(400, _sentence(problem)) from None
        return StreamingResponse(keeper.csv(start, end, names), headers=_saved(start), media_type="text/csv")

    return routes


def events(archive: Archive) -> APIRouter:
    """The route of events."""
    routes = APIRouter(prefix="/api/v1/events", tags=["events"])

    @routes.get("", response_model=EventsReply, responses=SAID | {503: {"model": ErrorReply}})
    async def search(
        q: Annotated[str, Query(max_length=100, description="words that all must be found")] = "",
        key: Annotated[list[Key] | None, Query(max_length=80, description="or one of these keys")] = None,
        severity: Annotated[list[Severity] | None, Query(max_length=3)] = None,
        kind: Annotated[list[EventKind] | None, Query(max_length=7)] = None,
        start: Annotated[Time | None, Query(alias="from", description="UTC, s since 1970")] = None,
        end: Annotated[Time | None, Query(alias="to", description="UTC, s since 1970")] = None,
        before_id: Annotated[int | None, Query(ge=1, le=2**53, description="only older ones")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> JSONResponse:
        """Events newest first; faults that a person has seen say so in `acknowledged`."""
        asked = Search(q, key or (), severity or (), kind or (), start, end, before_id, limit)
        try:
            found = await archive.search(asked)
        except OSError as problem:
            raise HTTPException(503, f"The events cannot be read: {problem}.") from None
        return JSONResponse({"events": found, "trouble": archive.trouble}, headers=NOT_KEPT)

    none: dict[int | str, dict[str, Any]] = {404: {"model": ErrorReply, "description": "there is no such event"}}

    @routes.post("/{number}/acknowledge", response_model=CommandReply, responses=FAILURES | none)
    async def acknowledge(number: Annotated[int, Path(ge=1, le=2**53)], request: Request) -> CommandReply:
        """Note who has seen this one event, and when; the first one counts. What stands goes on standing."""
        door: Door = request.app.state.door
        who = door.admit(request, Role.OPERATOR).who
        try:
            found = await archive.acknowledge(number, who[:64], time())
        except OSError as problem:
            raise HTTPException(503, f"This cannot be kept: {problem}.") from None
        if not found:
            raise HTTPException(404, f"There is no event {number}.")
        return CommandReply()

    return routes


def _names(text: str, start: float, end: float) -> Sequence[str]:
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not names or len(names) > CHANNELS:
        raise HTTPException(400, f"Ask for 1 to {CHANNELS} channels, with commas between.")
    if end - start < 1:
        raise HTTPException(400, "The end must be at least one second after the start.")
    return names


def _saved(start: float) -> dict[str, str]:
    day = datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%d")
    return {"content-disposition": f'attachment; filename="tbms-{day}.csv"'} | NOT_KEPT


def _sentence(problem: Exception) -> str:
    text = str(problem)
    return text[:1].upper() + text[1:].rstrip(".") + "."
