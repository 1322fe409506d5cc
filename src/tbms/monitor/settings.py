"""The settings over HTTP: read, checked, changed, and brought back; the master judges and keeps them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from tbms.monitor.link import MasterLink
from tbms.monitor.people.access import Asker, installer, operator, viewer
from tbms.monitor.requests import FAILURES
from tbms.settings.form import form, sections

JUDGED = 8.0  # s that the master may take to judge a change
CHANGED = 20.0  # s that it may take to judge, take over and keep one
UNREAD: dict[int | str, dict[str, Any]] = {503: FAILURES[503]}


class SettingsReply(BaseModel):
    """The settings, with every default filled in; text: the file they came from, version: of it.

    pending: some of them wait for the next start. refused: what is wrong with the file, where the last good version is
    in force instead.
    """

    file: str
    version: int
    text: str
    settings: dict[str, Any]
    pending: bool
    refused: list[str] = []


class KeyReply(BaseModel):
    """One key that can be set; kind: number, whole, switch, choice, text or list."""

    key: str
    kind: str
    unit: str
    low: float | None
    high: float | None
    choices: list[str | int]
    default: Any
    help: str
    permitted: str


class FormReply(BaseModel):
    """sections: name and meaning of each group of keys; keys: in order, a list's items as `outputs[].name`."""

    sections: dict[str, str]
    keys: list[KeyReply]


class DifferenceReply(BaseModel):
    """One key that differs; null where it is not set."""

    key: str
    before: Any
    after: Any


class CheckReply(BaseModel):
    """problems: one sentence for each thing to mend. applies: now, restart (at the next start) or nothing."""

    problems: list[str]
    differences: list[DifferenceReply]
    applies: str


class ChangeReply(CheckReply):
    """What was changed; version: the one in force now."""

    version: int


class VersionReply(BaseModel):
    """time: UTC, s. differences: from the version before, in words."""

    version: int
    time: float
    author: str
    differences: list[str]


class VersionsReply(BaseModel):
    """Newest first."""

    versions: list[VersionReply]


class CheckRequest(BaseModel):
    """A change: the whole file, or some keys."""

    model_config = ConfigDict(extra="forbid")

    text: str | None = Field(default=None, max_length=60_000, description="the whole settings file, as TOML")
    changes: dict[str, Any] | None = Field(
        default=None, max_length=200, description="new values by key, as `outputs[2].name`; null takes a key out"
    )


class ChangeRequest(CheckRequest):
    """A change that is to come into force."""

    version: int | None = Field(
        default=None, ge=0, description="the version that was looked at: refused when a newer one is in force"
    )


def routes(link: MasterLink) -> APIRouter:
    """All routes under /api/v1/settings."""
    router = APIRouter(prefix="/api/v1/settings", tags=["settings"])
    looks = [Depends(viewer)]

    @router.get("", response_model=SettingsReply, responses=UNREAD, dependencies=looks)
    async def settings() -> JSONResponse:
        """The settings in force."""
        return JSONResponse(await link.call("settings.get"), headers={"cache-control": "no-store"})

    @router.put("", response_model=ChangeReply, responses=FAILURES)
    async def change(request: ChangeRequest, asker: Annotated[Asker, Depends(installer)]) -> JSONResponse:
        """Change them; kept as a new version, taken over at once where that opens no contactor."""
        return JSONResponse(
            await link.call("settings.set", _given(request) | {"author": asker.who[:64]}, within=CHANGED)
        )

    @router.get("/schema", response_model=FormReply, dependencies=looks)
    async def schema() -> FormReply:
        """Every key that can be set: unit, bounds, default, help."""
        return FormReply(sections=sections(), keys=[KeyReply(**each) for each in form()])

    @router.post("/check", response_model=CheckReply, responses=FAILURES, dependencies=[Depends(operator)])
    async def check(request: CheckRequest) -> JSONResponse:
        """Judge a change without making it."""
        return JSONResponse(await link.call("settings.check", _given(request), within=JUDGED))

    @router.get("/versions", response_model=VersionsReply, responses=UNREAD, dependencies=looks)
    async def versions() -> JSONResponse:
        """What was in force, by whom, since when, and what differed."""
        return JSONResponse(await link.call("settings.versions"), headers={"cache-control": "no-store"})

    @router.post("/rollback", response_model=ChangeReply, responses=FAILURES)
    async def rollback(asker: Annotated[Asker, Depends(installer)]) -> JSONResponse:
        """Bring back the version before; a second time undoes the first."""
        return JSONResponse(await link.call("settings.rollback", {"author": asker.who[:64]}, within=CHANGED))

    return router


def _given(request: CheckRequest) -> dict[str, Any]:
    """What was asked, without what was left out; null inside changes has a meaning."""
    return {name: value for name, value in request.model_dump().items() if value is not None}
