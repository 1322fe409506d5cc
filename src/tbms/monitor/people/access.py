"""What each request may do: who asks, from where, and the least role a route needs."""

from dataclasses import dataclass
from ipaddress import ip_address

from fastapi import HTTPException
from starlette.requests import HTTPConnection, Request

from tbms.monitor.guard import HARMLESS
from tbms.monitor.people.register import Register, Role
from tbms.monitor.people.sessions import Session, Sessions, genuine

COOKIE = "tbms_session"
CSRF = "x-tbms-csrf"
PROXIED = ("forwarded", "x-forwarded-for", "x-real-ip")


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks. role: None for a stranger. session, token: None and empty without a log-in. address: where from."""

    name: str
    role: Role | None
    address: str
    session: Session | None = None
    token: str = ""

    @property
    def who(self) -> str:
        """For the log."""
        return f"{self.name} from {self.address}"


class Door:
    """Knows who asks. While nobody has a password only this computer is listened to, and may do everything."""

    def __init__(self, register: Register, sessions: Sessions) -> None:
        self.register, self.sessions = register, sessions

    def asker(self, connection: HTTPConnection) -> Asker:
        """Who is behind a connection; this computer may always look, as its display does."""
        here = local(connection)
        address = "this computer" if here else connection.client.host if connection.client else "nowhere"
        token = connection.cookies.get(COOKIE, "")
        known = self.sessions.find(token)
        if known:
            session, role = known
            return Asker(session.name, role, address, session, token)
        if here:
            role = Role.INSTALLER if self.register.empty else Role.VIEWER
            return Asker("somebody", role, address)
        return Asker("somebody", None, address)

    def admit(self, request: Request, least: Role) -> Asker:
        """Who asks, if that is enough; else an HTTPException with a sentence."""
        asker = self.asker(request)
        if asker.role is None or not asker.role.covers(least):
            if asker.session is None:
                raise HTTPException(401, "Log in first: this needs a password.")
            raise HTTPException(403, f"{asker.name} is {asker.role}; this needs the role {least}.")
        changes = request.method not in HARMLESS
        if changes and asker.session and not genuine(asker.token, request.headers.get(CSRF, "")):
            raise HTTPException(403, "This request did not come from the monitor's own page: reload it.")
        return asker


def local(connection: HTTPConnection) -> bool:
    """It comes from this computer itself, and no proxy passes it on."""
    if any(name in connection.headers for name in PROXIED):
        return False
    try:
        return connection.client is not None and ip_address(connection.client.host).is_loopback
    except ValueError:
        return False


class Needs:
    """A route's dependency: the least role that may use it."""

    def __init__(self, least: Role) -> None:
        self.least = least

    async def __call__(self, request: Request) -> Asker:
        """Who asks; HTTPException where the role is not enough."""
        door: Door = request.app.state.door
        return door.admit(request, self.least)


viewer, operator, installer = Needs(Role.VIEWER), Needs(Role.OPERATOR), Needs(Role.INSTALLER)
