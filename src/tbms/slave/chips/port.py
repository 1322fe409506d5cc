"""The bus as a chip driver sees it, the four errors it may raise, and how old a value is.

DeviceError
├── NotReady   no value yet, or the chip is starting
├── Timeout    no answer in time
├── Corrupt    an answer that fails its check
└── Refused    the chip understood and said no
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Port(Protocol):
        """One chip on its bus; its address or select line belongs to the adapter."""

        def read(self, register: int, count: int) -> bytes:
            """`count` bytes from `register` on, in one transfer; Timeout when the chip does not acknowledge."""

        def write(self, register: int, data: bytes) -> None:
            """Write the bytes from `register` on, in one transfer; Timeout when the chip does not acknowledge."""

        def pause(self, us: int) -> None:
            """Wait at least so many µs."""


TRIES = 3  # transfers tried before an error is passed on: one disturbance is noise, three are a fault
STALE_MS = 500  # a value older than this is unknown (safety concept, sample age)
TICKS = 0x3FFFFFFF  # times are ms and wrap like ticks_ms, every 12 days
LONGEST_MS = 65534  # beyond this an age is no longer counted: it never was


class DeviceError(Exception):
    """Something at a chip did not do what was asked; the text is one sentence for a person."""


class NotReady(DeviceError):  # noqa: N818 - the four names of the house
    """No value yet."""


class Timeout(DeviceError):  # noqa: N818 - as above
    """No answer in time."""


class Corrupt(DeviceError):  # noqa: N818 - as above
    """An answer that fails its check."""


class Refused(DeviceError):  # noqa: N818 - as above
    """The chip understood and said no."""


def elapsed(now: int, then: int) -> int:
    """Time from `then` to `now`, ms; both may have wrapped in between."""
    return (now - then) & TICKS


class Stamp:
    """When something last happened.

    It is to be asked at least once between two wraps, which every cycle of a node does.
    """

    def __init__(self) -> None:
        self._at = -1

    def renew(self, now: int) -> None:
        """It happened now."""
        self._at = now & TICKS

    def forget(self) -> None:
        """It never happened."""
        self._at = -1

    def age(self, now: int) -> int | None:
        """Time since, ms; None when it never happened or so long ago that nobody counts."""
        if self._at < 0:
            return None
        age = elapsed(now, self._at)
        if age <= LONGEST_MS:
            return age
        self._at = -1
        return None

    def within(self, now: int, limit: int) -> bool:
        """Whether it happened no longer than `limit` ms ago."""
        age = self.age(now)
        return age is not None and age <= limit
