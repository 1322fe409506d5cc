"""Is the equipment sound? What the nodes, the bus, the loop and the processes say of themselves, over HTTP."""

import asyncio
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from tbms.monitor.live import Live
from tbms.monitor.people.access import viewer
from tbms.store import log_files

PROCESSES = ("control", "api", "monitor")
LINES = 100  # of each log


class DiagnosticsReply(BaseModel):
    """nodes, loop, panel: as in the state; none while no state is known. connected: the state is live.

    logs: the newest lines of each process, oldest first.
    """

    connected: bool
    nodes: list[dict[str, Any]]
    loop: dict[str, Any] | None
    panel: dict[str, Any] | None
    logs: dict[str, list[str]]


def routes(live: Live, folder: Path) -> APIRouter:
    """The route; folder: the data folder."""
    made = APIRouter(prefix="/api/v1/diagnostics", tags=["diagnostics"], dependencies=[Depends(viewer)])

    @made.get("", response_model=DiagnosticsReply)
    async def diagnostics() -> JSONResponse:
        """Nodes with their bus counters, the control loop, the panel, and the newest log lines of every process."""
        document = live.document
        shown = document.get("snapshot") or {}
        logs = await asyncio.to_thread(lambda: {name: log_files.tail(folder, name, LINES) for name in PROCESSES})
        found = {
            "connected": document["connected"],
            "nodes": shown.get("nodes", []),
            "loop": shown.get("loop"),
            "panel": shown.get("panel"),
            "logs": logs,
        }
        return JSONResponse(found, headers={"cache-control": "no-store"})

    return made
