"""Who is logged in, and how often somebody may try."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from tbms.monitor.people.register import Register, Role

IDLE, LONGEST = 7 * 86_400.0, 90 * 86_400.0  # s without a request, and in all, after which a log-in is needed again
MOST = 200  # sessions; the one idle for longest goes
FREE = 5  # failures of one address before it must wait
FIRST, WORST = 2.0, 300.0  # s to wait, doubled with each further failure
ADDRESSES = 1000  # that are remembered
ALL = 60  # failures of everybody together in a minute, after which everybody waits
FORGET = 900.0  # s after which the failures of an address are forgotten


@dataclass(frozen=True, slots=True)
class Session:
    """csrf: what a page must send back with every change. made, used: s."""

    name: str
    csrf: str
    made: float
    used: float


class Sessions:
    """In memory only: a restart of the monitor asks for passwords again. Tokens are kept as hashes."""

    def __init__(self, register: Register, clock: Callable[[], float] = time.monotonic) -> None:
        self._register, self._clock = register, clock
        self._open: dict[str, Session] = {}

    def begin(self, name: str) -> tuple[str, Session]:
        """A new session: its token, for the cookie, and what is known of it."""
        if len(self._open) >= MOST:
            del self._open[min(self._open, key=lambda key: self._open[key].used)]
        token, now = secrets.token_urlsafe(32), self._clock()
        session = Session(name, secrets.token_urlsafe(24), now, now)
        self._open[_key(token)] = session
        return token, session

    def find(self, token: str) -> tuple[Session, Role] | None:
        """The session of a token with the role its person has now; None when it has ended."""
        key, now = _key(token), self._clock()
        session = self._open.get(key)
        person = self._register.people().get(session.name) if session else None
        if session is None:
            return None
        if person is None or now - session.used > IDLE or now - session.made > LONGEST:
            del self._open[key]
            return None
        self._open[key] = replace(session, used=now)
        return session, person.role

    def end(self, token: str) -> None:
        """Log out."""
        self._open.pop(_key(token), None)

    def end_all(self, name: str, but: str = "") -> None:
        """Log a person out everywhere, but for one token: the password was changed."""
        kept = _key(but)
        self._open = {key: each for key, each in self._open.items() if each.name != name or key == kept}


def genuine(session: Session, csrf: str) -> bool:
    """The page that asks has been given this session's sign."""
    return hmac.compare_digest(session.csrf.encode(), csrf.encode())


class Patience:
    """How long an address must wait before its next try."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[str, tuple[int, float]] = {}
        self._minute: list[float] = []

    def wait(self, address: str) -> float:
        """S until this address may try again; 0 when it may now."""
        now = self._clock()
        self._minute = [each for each in self._minute if now - each < 60.0]
        count, last = self._failures.get(address, (0, now))
        if now - last > FORGET:
            self._failures.pop(address, None)
            count = 0
        own = last + min(WORST, FIRST * 2.0 ** (count - FREE)) - now if count >= FREE else 0.0
        everybody = self._minute[0] + 60.0 - now if len(self._minute) >= ALL else 0.0
        return max(own, everybody, 0.0)

    def failed(self, address: str) -> None:
        """Note a wrong password."""
        now = self._clock()
        if address not in self._failures and len(self._failures) >= ADDRESSES:
            del self._failures[min(self._failures, key=lambda key: self._failures[key][1])]
        self._failures[address] = (min(self._failures.get(address, (0, now))[0] + 1, 40), now)
        self._minute = [*self._minute[-ALL:], now]

    def succeeded(self, address: str) -> None:
        """Note a right one."""
        self._failures.pop(address, None)


def _key(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
