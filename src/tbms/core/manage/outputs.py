"""The six outputs: what each role wishes, cut down to what protection permits, and why."""

from typing import NamedTuple

from tbms.core.manage.effects import Wished
from tbms.settings.compiled import OutputRole

OVERRIDE_TIME = 3600.0  # s: a forgotten override ends by itself


class Override(NamedTuple):
    """A person's wish for one output; until: on the core's clock, s."""

    on: bool
    until: float
    who: str


class Setting(NamedTuple):
    """What the roles depend on.

    charge, discharge: permitted, the contactor closed, and no limit asks to stop. alarm: something forbids.
    stopped: who stopped the battery, empty if nobody. resting: why chargers rest although they may charge.
    waiting: for the first full, valid set of measurements, in words; empty once it has been seen.
    """

    charge: bool
    discharge: bool
    alarm: bool
    charge_cause: str
    discharge_cause: str
    stopped: str = ""
    resting: str = ""
    waiting: str = ""


def permitted(role: str, now: Setting) -> tuple[bool, str]:
    """Whether an output of this role may be on at all, and why not."""
    if role == "charger_enable":
        return now.charge, now.charge_cause
    if role == "load":
        return now.discharge, now.discharge_cause
    if role in ("heater", "generator") and now.stopped:
        return False, now.stopped
    if role == "backup" and now.stopped:
        return False, now.stopped
    if now.waiting and role not in ("alarm", "backup", "unused"):
        return False, now.waiting
    return role != "unused", "unused"


def wish(role: str, now: Setting) -> tuple[bool, str]:
    """What the role wants by itself."""
    if role == "charger_enable":
        return True, "charging allowed"
    if role == "load":
        return True, "discharging allowed"
    if role == "alarm":
        return now.alarm, "alarm" if now.alarm else "no alarm"
    if role == "backup":
        return not now.discharge, "loads supplied by the battery" if now.discharge else now.discharge_cause
    return False, "by hand"


def decide(
    output: OutputRole, override: Override | None, now: Setting, wished: Wished | None = None, inhibited: str = ""
) -> tuple[bool, str]:
    """On or off, and why; a person comes before ranges, ranges before the role, and nobody widens what is permitted.

    wished: by the ranges, None where none drives it. inhibited: why a range keeps it off, empty where none does.
    """
    allowed, cause = permitted(output.role, now)
    if not allowed:
        return False, cause
    if override is not None:
        return override.on, f"set by {override.who}" if override.who else "set by hand"
    if inhibited:
        return False, inhibited
    if output.role == "charger_enable" and now.resting:
        return False, now.resting
    if wished is None or (output.role == "alarm" and now.alarm) or (output.role == "backup" and not now.discharge):
        return wish(output.role, now)
    return wished.on, wished.cause


def expire(overrides: tuple[Override | None, ...], clock: float) -> tuple[Override | None, ...]:
    """The overrides that still hold; the same tuple when none ended."""
    if not any(override is not None and clock >= override.until for override in overrides):
        return overrides
    return tuple(o if o is not None and clock < o.until else None for o in overrides)
