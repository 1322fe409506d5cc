"""Log in, log out, and who may: /api/v1/session and /api/v1/people."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from tbms.monitor.people.access import COOKIE, Asker, Door, installer, local
from tbms.monitor.people.register import LONGEST, NAME, Role
from tbms.monitor.people.sessions import LONGEST as SESSION
from tbms.monitor.people.sessions import Patience, sign
from tbms.monitor.requests import FAILURES, ErrorReply

Name = Annotated[str, Field(min_length=1, max_length=NAME)]
Password = Annotated[str, Field(max_length=LONGEST)]
REFUSED: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorReply, "description": "name or password is wrong"},
    429: {"model": ErrorReply, "description": "too many tries"},
}


class Body(BaseModel):
    """Unknown members are refused."""

    model_config = ConfigDict(extra="forbid")


class LogIn(Body):
    """Name and password."""

    name: Name
    password: Password


class NewPassword(Body):
    """The old one once more, and the new one."""

    old: Password
    new: Password


class PersonRequest(Body):
    """password: left out, it stays as it is."""

    role: Role
    password: Password | None = None


class SessionReply(BaseModel):
    """name: empty without a log-in. role: null for a stranger. csrf: to be sent back as X-TBMS-CSRF with each change.

    first: nobody has a password yet.
    """

    name: str
    role: Role | None
    csrf: str
    first: bool


class PersonReply(BaseModel):
    """One person."""

    name: str
    role: Role


class PeopleReply(BaseModel):
    """Everybody who has a password."""

    people: list[PersonReply]


def routes(door: Door, patience: Patience, secure: Callable[[Request], bool]) -> APIRouter:
    """All routes of log-in and people."""
    router = APIRouter(prefix="/api/v1", tags=["people"])
    _session(router, door, patience, secure)
    _own(router, door)
    _people(router, door)
    return router


def _session(router: APIRouter, door: Door, patience: Patience, secure: Callable[[Request], bool]) -> None:
    def begin(request: Request, response: Response, name: str) -> SessionReply:
        token, _ = door.sessions.begin(name)
        response.set_cookie(
            COOKIE, token, max_age=int(SESSION), httponly=True, samesite="strict", secure=secure(request)
        )
        return SessionReply(name=name, role=door.register.people()[name].role, csrf=sign(token), first=False)

    @router.get("/session", response_model=SessionReply)
    async def shown(request: Request) -> SessionReply:
        """Who is logged in here."""
        asker = door.asker(request)
        name, csrf = (asker.name, sign(asker.token)) if asker.session else ("", "")
        return SessionReply(name=name, role=asker.role, csrf=csrf, first=door.register.empty)

    @router.post("/session", response_model=SessionReply, responses=FAILURES | REFUSED)
    async def log_in(request: Request, response: Response, given: LogIn) -> SessionReply:
        """Log in; the session is a cookie."""
        address = request.client.host if request.client else ""
        if wait := patience.wait(address):
            raise HTTPException(429, f"Too many tries: wait {wait:.0f} s.", {"retry-after": f"{wait:.0f}"})
        patience.failed(address)  # counted before the slow part: many at once are many
        if not await asyncio.to_thread(door.register.check, given.name, given.password):
            raise HTTPException(401, "Name or password is wrong.")
        patience.succeeded(address)
        return begin(request, response, given.name)

    @router.post("/session/first", response_model=SessionReply, responses=FAILURES)
    async def first(request: Request, response: Response, given: LogIn) -> SessionReply:
        """The first person, an installer; only on this computer and while there is nobody."""
        if not door.register.empty or not local(request):
            raise HTTPException(403, "There are people already: log in.")
        if refusal := await asyncio.to_thread(door.register.put, given.name, Role.INSTALLER, given.password):
            raise HTTPException(422, f"{refusal[0].upper()}{refusal[1:]}.")
        return begin(request, response, given.name)


def _own(router: APIRouter, door: Door) -> None:
    @router.delete("/session", response_model=SessionReply, responses=FAILURES)
    async def log_out(request: Request, response: Response) -> SessionReply:
        """Log out."""
        door.sessions.end(request.cookies.get(COOKIE, ""))
        response.delete_cookie(COOKIE)
        return SessionReply(name="", role=None, csrf="", first=door.register.empty)

    @router.put("/session/password", response_model=PersonReply, responses=FAILURES | REFUSED)
    async def password(request: Request, given: NewPassword) -> PersonReply:
        """Change the own password; every other session of this person ends."""
        asker = door.admit(request, Role.VIEWER)
        if asker.session is None or asker.role is None:
            raise HTTPException(401, "Log in first: this needs a password.")
        if not await asyncio.to_thread(door.register.check, asker.name, given.old):
            raise HTTPException(401, "The old password is wrong.")
        await _put(door, asker.name, asker.role, given.new)
        door.sessions.end_all(asker.name, request.cookies.get(COOKIE, ""))
        return PersonReply(name=asker.name, role=asker.role)


def _people(router: APIRouter, door: Door) -> None:
    @router.get("/people", response_model=PeopleReply, responses=FAILURES)
    async def people(_asker: Annotated[Asker, Depends(installer)]) -> PeopleReply:
        """Everybody."""
        return _listed(door)

    @router.put("/people/{name}", response_model=PeopleReply, responses=FAILURES)
    async def put(name: Name, given: PersonRequest, _asker: Annotated[Asker, Depends(installer)]) -> PeopleReply:
        """Add a person, or change role or password; a new password ends their sessions."""
        if door.register.empty:
            raise HTTPException(409, "The first person is made with /session/first.")
        await _put(door, name, given.role, given.password)
        if given.password is not None:
            door.sessions.end_all(name)
        return _listed(door)

    @router.delete("/people/{name}", response_model=PeopleReply, responses=FAILURES)
    async def remove(name: Name, _asker: Annotated[Asker, Depends(installer)]) -> PeopleReply:
        """Take a person out; their sessions end."""
        if refusal := await asyncio.to_thread(door.register.remove, name):
            raise HTTPException(409, f"{refusal[0].upper()}{refusal[1:]}.")
        return _listed(door)


async def _put(door: Door, name: str, role: Role, password: str | None) -> None:
    try:
        refusal = await asyncio.to_thread(door.register.put, name, role, password)
    except OSError as problem:
        raise HTTPException(503, f"It cannot be kept: {problem.strerror}.") from None
    if refusal:
        raise HTTPException(422, f"{refusal[0].upper()}{refusal[1:]}.")


def _listed(door: Door) -> PeopleReply:
    return PeopleReply(people=[PersonReply(name=each.name, role=each.role) for each in door.register.people().values()])
