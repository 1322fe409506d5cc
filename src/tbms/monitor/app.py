"""The monitor's web application: pages, state, events, live line and commands."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from tbms import __version__
from tbms.core.why import Subject
from tbms.model.command import CommandKind
from tbms.monitor import diagnostics, past, rehearsal, service, settings
from tbms.monitor.alerts import routes as telling
from tbms.monitor.alerts.service import Alerts
from tbms.monitor.archive import Archive
from tbms.monitor.bundle import Bundle
from tbms.monitor.guard import LOOPBACK, Guard
from tbms.monitor.keeper import Keeper
from tbms.monitor.link import MasterLink, Refused, Unreachable
from tbms.monitor.live import Live
from tbms.monitor.people import routes as people
from tbms.monitor.people.access import Door, local, viewer
from tbms.monitor.people.register import Register, Role
from tbms.monitor.people.sessions import Patience, Sessions
from tbms.monitor.requests import (
    FAILURES,
    CommandReply,
    CommandRequest,
    StateReply,
    WhyReply,
)
from tbms.monitor.sockets import Pages


def create(socket: Path, bundle: Path, data: Path | None = None, hosts: Iterable[str] | None = None) -> FastAPI:
    """The application that shows the master behind `socket`, with the pages built into `bundle`.

    data: the folder that holds the master's journal and shall hold the history (default: where the socket is).
    hosts: names under which it is reached on a network; None: it is not, only by this computer's own address.
    """
    live = Live()
    link = MasterLink(socket, live)
    folder = data or socket.parent
    keeper = Keeper(folder)
    archive = Archive(folder / "history" / "events.sqlite", link)
    alerts = Alerts(folder / "alerts", bundle, live)

    app = FastAPI(
        title="TBMS monitor",
        version=__version__,
        summary="State, events and commands of one battery.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # these pages load their scripts from another host
        redoc_url=None,
        lifespan=_lifespan(link, live, keeper, archive, alerts),
        middleware=[
            Middleware(Guard, hosts=LOOPBACK if hosts is None else LOOPBACK | set(hosts), numbers=hosts is not None),
            Middleware(GZipMiddleware, minimum_size=1024),
        ],
    )
    register = Register(folder / "people.json")
    app.state.door = Door(register, Sessions(register, folder / "sessions.json"))
    _failures(app)
    _reading(app, live, link)
    app.include_router(past.events(archive), dependencies=[Depends(viewer)])
    app.include_router(past.history(keeper), dependencies=[Depends(viewer)])
    app.include_router(people.routes(app.state.door, Patience(), lambda request: request.url.scheme == "https"))
    _commands(app, link)
    app.include_router(settings.routes(link))
    app.include_router(telling.routes(alerts))
    app.include_router(rehearsal.routes(link, keeper))
    app.include_router(diagnostics.routes(live, folder))
    app.mount("/", Bundle(bundle))
    return app


def _lifespan(
    link: MasterLink, live: Live, keeper: Keeper, archive: Archive, alerts: Alerts
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What works as long as the application is served."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        work = (link.run(), live.run(), keeper.run(), archive.run(), alerts.run(), service.beat())
        tasks = [asyncio.create_task(each) for each in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.to_thread(keeper.close)
            archive.close()

    return lifespan


def _reading(app: FastAPI, live: Live, link: MasterLink) -> None:
    pages = Pages(live)

    @app.get("/api/v1/state", tags=["live"], response_model=StateReply, dependencies=[Depends(viewer)])
    async def state() -> JSONResponse:
        """The newest snapshot, its age, and whether it is live."""
        return JSONResponse(live.document, headers={"cache-control": "no-store"})

    looks = [Depends(viewer)]

    @app.get("/api/v1/why/{subject}", tags=["live"], response_model=WhyReply, responses=FAILURES, dependencies=looks)
    async def why(subject: Subject) -> JSONResponse:
        """Why a contactor or an output stands as it does, in one sentence."""
        return JSONResponse(await link.call("why", {"subject": subject}), headers={"cache-control": "no-store"})

    @app.websocket("/api/v1/live")
    async def follow(socket: WebSocket) -> None:
        """First {seq, age, state}, then {seq, age, patch} with RFC 7386 patches, at most two a second."""
        door: Door = app.state.door
        if door.asker(socket).role is None:
            await socket.close(1008, "Log in first: this needs a password.")
            return
        await pages.serve(socket)


def _commands(app: FastAPI, link: MasterLink) -> None:
    @app.post("/api/v1/command", tags=["commands"], response_model=CommandReply, responses=FAILURES)
    async def command(wish: CommandRequest, request: Request) -> CommandReply:
        """Hand one command to the master, which decides. On this computer's own display `stop` needs no log-in."""
        door: Door = app.state.door
        free = wish.kind is CommandKind.STOP and local(request)
        asker = door.asker(request) if free else door.admit(request, Role.OPERATOR)
        await link.call("command", wish.model_dump(mode="json", exclude_none=True) | {"who": asker.who[:64]})
        return CommandReply()


def _failures(app: FastAPI) -> None:
    """Every failure is one sentence."""

    @app.exception_handler(Unreachable)
    async def unreachable(_request: Request, problem: Unreachable) -> JSONResponse:
        return JSONResponse({"error": str(problem)}, 503)

    @app.exception_handler(Refused)
    async def refused(_request: Request, problem: Refused) -> JSONResponse:
        return JSONResponse({"error": str(problem)}, 409)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, problem: RequestValidationError) -> JSONResponse:
        return JSONResponse({"error": "; ".join(map(_complaint, problem.errors()[:5]))}, 422)

    @app.exception_handler(HTTPException)
    async def failed(request: Request, problem: HTTPException) -> JSONResponse:
        said = SAID.get(problem.status_code) if problem.detail == HTTPStatus(problem.status_code).phrase else None
        text = said.format(method=request.method, path=request.url.path[:80]) if said else str(problem.detail)
        return JSONResponse({"error": text}, problem.status_code, headers=problem.headers)


SAID = {
    400: "This request cannot be read.",
    404: "{method} {path}: there is no such thing; /api/v1/openapi.json has everything there is.",
    405: "{path} does not take {method}.",
}


def _complaint(error: dict[str, Any]) -> str:
    """'target: Input should be less than or equal to 6', or of the whole body without a name."""
    place = ".".join(str(part) for part in error["loc"][1:])
    return f"{place}: {error['msg']}" if place else f"the request: {error['msg']}"
