"""Who is logged in, and how often somebody may try."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tbms.monitor.people.register import Register, Role
from tbms.store.replace import replace_file

SAVE_EVERY = 3600.0  # s: that a session was used is kept that often
IDLE, LONGEST = 7 * 86_400.0, 90 * 86_400.0  # s without a request, and in all, after which a log-in is needed again
MOST = 200  # sessions; the one idle for longest goes
FREE = 5  # failures of one address before it must wait
FIRST, WORST = 2.0, 300.0  # s to wait, doubled with each further failure
ADDRESSES = 1000  # that are remembered
ALL = 60  # failures of everybody together in a minute, after which everybody waits
FORGET = 900.0  # s after which the failures of an address are forgotten


@dataclass(frozen=True, slots=True)
class Session:
    """made, used: UTC, s. proof: of the password it was begun under; another password ends it."""

    name: str
    made: float
    used: float
    proof: str


class Sessions:
    """Who is logged in, also over a restart of the monitor. Tokens are kept as hashes, in memory and in the file.

    path: of that file; None: in memory only. A file that cannot be read or written costs log-ins, nothing else: one
    that is older than a log-out would let in again, so it goes.
    """

    def __init__(self, register: Register, path: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._register, self._path, self._clock = register, path, clock
        self._open = _read(path)
        self._saved = clock()

    def begin(self, name: str) -> tuple[str, Session]:
        """A new session: its token, for the cookie, and what is known of it."""
        if len(self._open) >= MOST:
            del self._open[min(self._open, key=lambda key: self._open[key].used)]
        token, now = secrets.token_urlsafe(32), self._clock()
        session = Session(name, now, now, self._proof(name))
        self._open[_key(token)] = session
        self._save()
        return token, session

    def find(self, token: str) -> tuple[Session, Role] | None:
        """The session of a token with the role its person has now; None when it has ended."""
        key, now = _key(token), self._clock()
        session = self._open.get(key)
        person = self._register.people().get(session.name) if session else None
        if session is None:
            return None
        other = person is None or session.proof != self._proof(session.name)  # gone, or another password
        if person is None or other or now - session.used > IDLE or now - session.made > LONGEST:
            del self._open[key]
            return None
        self._open[key] = replace(session, used=now)
        if now - self._saved > SAVE_EVERY:
            self._save()
        return session, person.role

    def end(self, token: str) -> None:
        """Log out."""
        self._open.pop(_key(token), None)
        self._save()

    def end_all(self, name: str, but: str = "") -> None:
        """Log a person out everywhere, but for one token, which goes on under the password of now."""
        own = self._open.get(_key(but))
        self._open = {key: each for key, each in self._open.items() if each.name != name}
        if own and own.name == name:
            self._open[_key(but)] = replace(own, proof=self._proof(name))
        self._save()

    def _proof(self, name: str) -> str:
        person = self._register.people().get(name)
        return hashlib.sha256(person.hash.encode()).hexdigest() if person else ""

    def _save(self) -> None:
        self._saved = self._clock()
        if self._path is None:
            return
        kept = json.dumps({key: asdict(each) for key, each in self._open.items()})
        try:
            replace_file(self._path, kept.encode(), 0o600)
        except OSError:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)


def _read(path: Path | None) -> dict[str, Session]:
    """The sessions of the run before; none where the file is not sound."""
    try:
        kept = {} if path is None else json.loads(path.read_bytes())
        found = {
            key: Session(each["name"], float(each["made"]), float(each["used"]), str(each["proof"]))
            for key, each in kept.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
    return dict(list(found.items())[:MOST])


def sign(token: str) -> str:
    """What a page must send back with every change of the session with this token."""
    return hmac.new(token.encode("utf-8", "surrogatepass"), b"tbms page", "sha256").hexdigest()


def genuine(token: str, csrf: str) -> bool:
    """The page that asks has been given this session's sign."""
    return hmac.compare_digest(sign(token).encode(), csrf.encode("utf-8", "surrogatepass"))


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
