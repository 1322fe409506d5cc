"""The people of one battery with their roles and the hashes of their passwords, in a file for its owner only."""

import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from tbms.store.replace import replace_file

COST, BLOCK, WIDTH = 1 << 15, 8, 3  # scrypt with 32 MB; OWASP password storage cheat sheet (N = 2^15, r = 8, p = 3)
MEMORY = 64 << 20  # bytes that scrypt may take
SHORTEST, LONGEST = 8, 200  # characters of a password
NAME = 40  # characters of a name
MOST = 50  # people


class Role(StrEnum):
    """What a person may do; each includes those before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    INSTALLER = "installer"

    def covers(self, other: "Role") -> bool:
        """A person of this role may do what the other needs."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Person:
    """salt, hash: of the password, hexadecimal."""

    name: str
    role: Role
    salt: str
    hash: str


class Register:
    """Reads the file anew whenever it has changed, so that `tbms person` works beside a running monitor.

    A file that cannot be read lets nobody in: `damaged`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._people: dict[str, Person] = {}
        self._seen: tuple[int, int] | None = None
        self.damaged = False

    def people(self) -> dict[str, Person]:
        """Everybody, by name."""
        try:
            status = self._path.stat()
        except OSError:
            self._people, self._seen, self.damaged = {}, None, self._path.is_symlink()
            return self._people
        if (seen := (status.st_mtime_ns, status.st_ino)) != self._seen:
            self._seen = seen
            self._read()
        return self._people

    @property
    def empty(self) -> bool:
        """Nobody has a password yet."""
        return not self.people() and not self.damaged

    def check(self, name: str, password: str) -> Person | None:
        """The person, if the password is theirs; an unknown name takes as long. May take 0.3 s."""
        person = self.people().get(name)
        salt = person.salt if person else "00" * 16
        right = hmac.compare_digest(_hash(password, salt), person.hash if person else "")
        return person if person and right else None

    def put(self, name: str, role: Role, password: str | None) -> str:
        """Add or change a person; password None leaves it. A sentence where that is not possible. Raises OSError."""
        people, known = self.people(), self.people().get(name)
        if refusal := _unfit(name, password, known is None):
            return refusal
        if known is None and len(people) >= MOST:
            return f"there are {MOST} people already"
        if known and role is not Role.INSTALLER and self._last_installer(name):
            return f"{name} is the only installer and stays one"
        if password is None and known:
            person = Person(name, role, known.salt, known.hash)
        else:
            salt = secrets.token_hex(16)
            person = Person(name, role, salt, _hash(password or "", salt))
        self._write({**people, name: person})
        return ""

    def remove(self, name: str) -> str:
        """Take a person out; a sentence where that is not possible. Raises OSError."""
        people = self.people()
        if name not in people:
            return f"there is nobody called {name}"
        if self._last_installer(name) and len(people) > 1:
            return f"{name} is the only installer; make somebody else one first"
        self._write({other: person for other, person in people.items() if other != name})
        return ""

    def _last_installer(self, name: str) -> bool:
        return [each.name for each in self._people.values() if each.role is Role.INSTALLER] == [name]

    def _read(self) -> None:
        try:
            rows = json.loads(self._path.read_bytes())
            if not isinstance(rows, list):
                raise TypeError
            people = [Person(row["name"], Role(row["role"]), row["salt"], row["hash"]) for row in rows]
        except (OSError, ValueError, TypeError, KeyError):
            self._people, self.damaged = {}, True
        else:
            self._people, self.damaged = {person.name: person for person in people}, False

    def _write(self, people: dict[str, Person]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self._path, json.dumps([asdict(person) for person in people.values()]).encode(), 0o600)
        self._seen = None


def _unfit(name: str, password: str | None, fresh: bool) -> str:
    if not 1 <= len(name) <= NAME or not name.isprintable() or name != name.strip():
        return f"a name has 1 to {NAME} letters"
    if password is None:
        return "a new person needs a password" if fresh else ""
    if not SHORTEST <= len(password) <= LONGEST:
        return f"a password has {SHORTEST} to {LONGEST} characters"
    return "the name is no password" if password.lower() == name.lower() else ""


def _hash(password: str, salt: str) -> str:
    given = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(given, salt=bytes.fromhex(salt), n=COST, r=BLOCK, p=WIDTH, maxmem=MEMORY).hex()
