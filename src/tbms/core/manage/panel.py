"""The control panel: what LED and buzzer tell, and what the reset button asks."""

from tbms.core.protect.verdict import Verdict
from tbms.model.action import Buzzer, Led
from tbms.model.command import Command, CommandKind
from tbms.model.fault import Ring

LONG_PRESS = 3.0  # s: a press this long closes again, where allowed; a shorter one acknowledges


def led(verdict: Verdict, both_closed: bool, ranges: str = "none") -> Led:
    """Alarm at a cut, warning at any other ring, else whether the battery is connected.

    ranges: alarm of the owner's ranges: "none", "warning" or "alarm".
    """
    if verdict.faults or ranges != "none":
        cut = any(fault.ring is Ring.CUT for fault in verdict.faults)
        return Led.ALARM if cut or ranges == "alarm" else Led.WARNING
    return Led.OK if both_closed else Led.OPEN


def buzzer(shown: Led, acknowledged: bool) -> Buzzer:
    """Sounds with the LED until somebody has acknowledged."""
    if acknowledged or shown not in (Led.ALARM, Led.WARNING):
        return Buzzer.SILENT
    return Buzzer.ALARM if shown is Led.ALARM else Buzzer.WARNING


def button(down: bool, since: float | None, clock: float, slack: float) -> tuple[float | None, Command | None]:
    """When the button went down (None while up, inf once a long press has acted), and what it asks now."""
    if not down:
        short = since is not None and since <= clock
        return None, Command(CommandKind.ACKNOWLEDGE, who="panel", local=True) if short else None
    if since is None:
        return clock, None
    if clock - since >= LONG_PRESS - slack:
        return float("inf"), Command(CommandKind.CLOSE, who="panel", local=True)
    return since, None
