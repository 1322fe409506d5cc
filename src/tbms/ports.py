"""The edge of the house: what the master asks of the world, in protocols of one to three methods.

Drivers raise one of four errors, all DeviceError; the loop turns them into ages and faults:

    DeviceError
    ├── NotReady   no value yet, or the device is starting
    ├── Timeout    no answer in time
    ├── Corrupt    an answer that fails its check
    └── Refused    the device understood and said no
"""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from tbms.model.action import Actions
from tbms.model.event import Event
from tbms.model.sample import Sample, SourceReport


class DeviceError(Exception):
    """Something at the edge did not do what was asked; the text is one sentence for a person."""


class NotReady(DeviceError):  # noqa: N818 - STYLE section 5 names the four
    """No value yet."""


class Timeout(DeviceError):  # noqa: N818 - as above
    """No answer in time."""


class Corrupt(DeviceError):  # noqa: N818 - as above
    """An answer that fails its check."""


class Refused(DeviceError):  # noqa: N818 - as above
    """The device understood and said no."""


class Plant(Protocol):
    """The battery and its switches, whichever way they are reached (node bus, twin's fast face)."""

    def exchange(self, actions: Actions) -> Sample:
        """Renew every lease with `actions`, then read everything that is there.

        A node that does not answer is reported with its age, never by an exception; a DeviceError
        means that nothing could be reached at all (no port).
        """

    def close(self) -> None:
        """Let go of the device; the leases run out by themselves."""


@runtime_checkable
class Diagnosed(Protocol):
    """A plant that can say what a person should mend, one sentence each."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong now, empty when well."""


@runtime_checkable
class Configurable(Protocol):
    """A plant whose nodes have limits of their own."""

    def configure(self, changes: Mapping[str, int | None]) -> None:
        """Bring a changed configuration (wire.configuration) to the nodes, one a cycle."""


@runtime_checkable
class Sleeper(Protocol):
    """A plant whose boards can sleep while nobody asks anything of them."""

    def sleep(self, minutes: int) -> None:
        """Let all of them sleep for so long; a charger's voltage or the reset button wakes them before."""


class Sources(Protocol):
    """Chargers that tell what they give and do, whichever way they are linked."""

    def reports(self) -> tuple[SourceReport, ...]:
        """What each told last, with its age; never waits, never raises."""


class Clock(Protocol):
    """Time, real or virtual."""

    def now(self) -> float:
        """Monotonic time, s."""

    def timestamp(self) -> float:
        """UTC, s since 1970: a label only."""

    def sleep_until(self, time: float) -> None:
        """Return at monotonic `time`, at once if it is past."""


class Journal(Protocol):
    """Where events and learned values survive a power cut."""

    def append(self, events: Sequence[Event]) -> Sequence[Event]:
        """Store the events with ids without gaps, and give them back with id and boot filled in."""
