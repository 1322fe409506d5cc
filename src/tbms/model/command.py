"""What a person or a program asks of the master."""

from dataclasses import dataclass
from enum import StrEnum

from tbms.model.units import Second

INSTALLER = "installer"
"""Value of a local CLOSE that lifts even what only an installer may lift."""

LIMP_HOME = "limp home"
"""Value of a local CLOSE that lifts for a time what the master alone holds against the loads."""


class CommandKind(StrEnum):
    """All that can be asked."""

    STOP = "stop"  # open both contactors and stay open until a person closes them at the panel
    CLOSE = "close"  # close again, where allowed; never from the network after a latch or a stop
    ACKNOWLEDGE = "acknowledge"  # silence the buzzer, mark alarms as seen
    OUTPUT = "output"  # override one output: value on, off or auto


@dataclass(frozen=True, slots=True)
class Command:
    """One request.

    target: for OUTPUT its number 1..6. value: for OUTPUT "on", "off" or "auto"; for a local CLOSE INSTALLER or
    LIMP_HOME. who: a person's or program's name for the log. local: came from the panel, not over a network.
    until: monotonic time at which an override ends by itself; None: the output's default time.
    """

    kind: CommandKind
    target: int | None = None
    value: str = ""
    who: str = ""
    local: bool = False
    until: Second | None = None
