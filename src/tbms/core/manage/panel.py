"""The control panel: what LED and buzzer tell, and what the reset button asks."""

from typing import NamedTuple

from tbms.core.protect.verdict import Verdict
from tbms.model.action import Buzzer, Led
from tbms.model.command import INSTALLER, LIMP_HOME, Command, CommandKind
from tbms.model.fault import Ring

LONG_PRESS = 3.0  # s: a press this long closes again, where allowed; a shorter one acknowledges
TAP = 2.0  # s after a short press within which a long one asks to limp home
BOUNCE = 0.15  # s: a contact that was open for less has only bounced
INSTALLER_PRESS = 10.0  # s: a press this long under a pressed emergency stop lifts what only an installer may lift


_SOUNDS = {Led.ALARM: Buzzer.ALARM, Led.PRE_ALARM: Buzzer.PRE_ALARM, Led.WARNING: Buzzer.WARNING}


def led(verdict: Verdict, both_closed: bool, ranges: str = "none") -> Led:
    """Alarm at a cut, pre-alarm where one comes next, warning at any other ring, else whether it is connected.

    ranges: alarm of the owner's ranges: "none", "warning" or "alarm".
    """
    if verdict.faults or ranges != "none":
        cut = any(fault.ring is Ring.CUT for fault in verdict.faults)
        if cut or ranges == "alarm":
            return Led.ALARM
        return Led.PRE_ALARM if verdict.pre_alarm else Led.WARNING
    return Led.OK if both_closed else Led.OPEN


def buzzer(shown: Led, acknowledged: bool) -> Buzzer:
    """Sounds with the LED until somebody has acknowledged."""
    return Buzzer.SILENT if acknowledged else _SOUNDS.get(shown, Buzzer.SILENT)


class Press(NamedTuple):
    """The reset button is down, or was tapped just now.

    since: when it went down, on the core's clock, s. closed, lifted: the long and the installer's press have acted.
    tapped: a short press came right before it. up: when it was let go after a short press, None while it is down.
    """

    since: float
    closed: bool = False
    lifted: bool = False
    tapped: bool = False
    up: float | None = None


def button(
    down: bool, stop: bool, press: Press | None, clock: float, slack: float
) -> tuple[Press | None, Command | None]:
    """The press as it goes on (None once the button is up), and what it asks now. stop: emergency stop pressed."""
    if not down:
        if press is None or press.closed:
            return None, None
        if press.up is None:
            return press._replace(up=clock), Command(CommandKind.ACKNOWLEDGE, who="panel", local=True)
        return press if clock - press.up < TAP else None, None
    if press is None or press.up is not None:
        tapped = press is not None and press.up is not None and BOUNCE <= clock - press.up <= TAP
        return Press(clock, tapped=tapped), None
    lasted = clock - press.since + slack
    if stop and lasted >= INSTALLER_PRESS and not press.lifted:
        lift = Command(CommandKind.CLOSE, value=INSTALLER, who="an installer at the panel", local=True)
        return press._replace(lifted=True), lift
    if lasted >= LONG_PRESS and not press.closed:
        asked = LIMP_HOME if press.tapped else ""
        return press._replace(closed=True), Command(CommandKind.CLOSE, value=asked, who="panel", local=True)
    return press, None
