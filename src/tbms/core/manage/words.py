"""Why a range started or ended, in words: 'lowest cell 3.170 V < 3.175 V for 60 s'."""

from math import isinf

from tbms.core.protect.limits import Entry
from tbms.model.limit import Protection
from tbms.settings.measures import STATES

DIGITS = {"V": 3, "A": 1, "W": 0, "°C": 1, "Ω": 5}
CHARGES = tuple(f" {state}" for state in STATES.values())


def figure(value: float, unit: str) -> str:
    """A value with its unit; fractions as percent."""
    if not unit:
        return f"{100.0 * value:.1f} %"
    return f"{value:.{DIGITS[unit]}f} {unit}"


def lasted(seconds: float) -> str:
    """' for 60 s', nothing for no time."""
    return f" for {seconds:g} s" if seconds else ""


def on_off(protection: Protection) -> bool:
    """The condition is a switch, an alarm level or the time of day: there is no figure to show."""
    limit = protection.rings[0][1]
    return not protection.unit and limit.threshold == limit.release


def began(protection: Protection, entry: Entry) -> str:
    """Why a condition holds."""
    limit, subject = protection.rings[0][1], protection.words
    if on_off(protection):
        return f"{subject} {state(protection)}{lasted(limit.delay)}"
    sign = ">" if limit.above else "<"
    value, bound = figure(entry.value, protection.unit), figure(limit.threshold, protection.unit)
    return f"{subject} {value} {sign} {bound}{lasted(limit.delay)}"


def ended(protection: Protection, value: float | None) -> str:
    """Why it holds no more; value: what was measured then."""
    limit, subject = protection.rings[0][1], protection.words
    if value is None:
        return f"{subject} unknown"
    if isinf(limit.threshold):
        return f"{subject}: not in quiet hours"
    if on_off(protection):
        return f"{subject} not {state(protection)}{lasted(limit.release_delay)}"
    sign = "≤" if limit.above else "≥"
    shown, bound = figure(value, protection.unit), figure(limit.release, protection.unit)
    return f"{subject} {shown} {sign} {bound}{lasted(limit.release_delay)}"


def state(protection: Protection) -> str:
    """What a switch, the alarm level or the time of day is at when its condition holds."""
    if protection.words == "time of day":
        return "in its window"
    if protection.words == "alarm level":
        return "reached"
    if protection.words.endswith(CHARGES):
        return "seen"
    return "on" if protection.above else "off"
