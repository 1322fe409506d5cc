"""The monitor's web application: pages, state, events, live line and commands."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from tbms import __version__
from tbms.core.why import Subject
from tbms.monitor import past, settings
from tbms.monitor.alerts import routes as telling
from tbms.monitor.alerts.service import Alerts
from tbms.monitor.archive import Archive
from tbms.monitor.bundle import Bundle
from tbms.monitor.guard import Guard
from tbms.monitor.keeper import Keeper
from tbms.monitor.link import MasterLink, Refused, Unreachable
from tbms.monitor.live import Live
from tbms.monitor.requests import (
    FAILURES,
    CommandReply,
    CommandRequest,
    StateReply,
    WhyReply,
)
from tbms.monitor.sockets import Pages


def create(socket: Path, bundle: Path, data: Path | None = None) -> FastAPI:
    """The application that shows the master behind `socket`, with the pages built into `bundle`.

    data: the folder that holds the master's journal and shall hold the history (default: where the socket is).
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
        middleware=[Middleware(Guard), Middleware(GZipMiddleware, minimum_size=1024)],
    )
    _failures(app)
    _reading(app, live, link)
    app.include_router(past.events(archive))
    app.include_router(past.history(keeper))
    _commands(app, link)
    app.include_router(settings.routes(link))
    app.include_router(telling.routes(alerts))
    app.mount("/", Bundle(bundle))
    return app


def _lifespan(
    link: MasterLink, live: Live, keeper: Keeper, archive: Archive, alerts: Alerts
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What works as long as the application is served."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        work = (link.run(), live.run(), keeper.run(), archive.run(), alerts.run())
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

    @app.get("/api/v1/state", tags=["live"], response_model=StateReply)
    async def state() -> JSONResponse:
        """The newest snapshot, its age, and whether it is live."""
        return JSONResponse(live.document, headers={"cache-control": "no-store"})

    @app.get("/api/v1/why/{subject}", tags=["live"], response_model=WhyReply, responses=FAILURES)
    async def why(subject: Subject) -> JSONResponse:
        """Why a contactor or an output stands as it does, in one sentence."""
        return JSONResponse(await link.call("why", {"subject": subject}), headers={"cache-control": "no-store"})

    @app.websocket("/api/v1/live")
    async def follow(socket: WebSocket) -> None:
        """First {seq, age, state}, then {seq, age, patch} with RFC 7386 patches, at most two a second."""
        await pages.serve(socket)


def _commands(app: FastAPI, link: MasterLink) -> None:
    @app.post("/api/v1/command", tags=["commands"], response_model=CommandReply, responses=FAILURES)
    async def command(request: CommandRequest) -> CommandReply:
        """Hand one command to the master, which decides."""
        await link.call("command", request.model_dump(mode="json", exclude_none=True) | {"who": "monitor"})
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
        said = (f"{'.'.join(str(part) for part in error['loc'][1:])}: {error['msg']}" for error in problem.errors())
        return JSONResponse({"error": "; ".join(said)}, 422)

    @app.exception_handler(HTTPException)
    async def failed(_request: Request, problem: HTTPException) -> JSONResponse:
        return JSONResponse({"error": str(problem.detail)}, problem.status_code, headers=problem.headers)
