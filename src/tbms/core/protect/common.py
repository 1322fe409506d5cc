"""One contactor for chargers and loads: it opens when current flows in a direction that is forbidden (ADR 9).

Open, it closes for the permitted direction when the bus shows that nothing can flow the other way: for loads on a bus
that no charger holds up, for a charger on a bus that one holds above the battery.
"""

from math import inf
from typing import NamedTuple

from tbms.core.measure.flow import LEAK, SAME_BUS
from tbms.core.protect.contactors import Contactor, Wish
from tbms.model.snapshot import ContactorPhase
from tbms.settings.compiled import ContactorRules

TRY_TIME = 60.0  # s in which a charger that has been let in must be seen to charge, on the mean
PAUSE = 600.0  # s before the next one is let in: six closings an hour, half of what the limiter allows


class Sight(NamedTuple):
    """What else is seen. now: s. mean: current over about a minute, A, None if unknown.

    forbidden: since when discharging is, s, inf where no fault does. charger: one has power, by an input or a person's
    word. person: somebody at the panel asks to close.
    """

    now: float
    mean: float | None
    forbidden: float
    charger: bool
    person: bool


class Joined(NamedTuple):
    """wish: for the one contactor. charge: charging is what it is, or stays, open for, else discharging.

    lent: discharging is permitted for the time being to a contactor that was closed for a charger.
    """

    wish: Wish
    charge: bool
    lent: bool


def joined(contactor: Contactor, charge: Wish, load: Wish, sight: Sight, rules: ContactorRules) -> Joined:
    """One wish out of those for chargers and for loads."""
    closed = contactor.phase is ContactorPhase.CLOSED
    last = contactor.since if closed else contactor.closings[-1] if contactor.closings else -inf
    tried = last > sight.forbidden
    charging, discharging = _ways(contactor, load, sight, tried, rules)
    wrong = charging and not charge.permitted, discharging and not load.permitted
    dropped = closed and load.feedback is False and _dropped(contactor, charge, load, sight, rules)
    permitted = (charge.permitted or load.permitted) and not any(wrong) and not dropped
    above = load.gap is not None and load.gap < 0.0
    wish = load._replace(
        permitted=permitted,
        cause="" if permitted else _cause(charge, load, wrong, closed),
        powered=(charge.powered or not charge.permitted) and (load.powered or not load.permitted),
        gap=0.0 if above else load.gap,
        calm=above or load.calm,
        grace=charge.grace if load.permitted else 0.0,
        blocked=(charge.blocked if charge.permitted else "") or (load.blocked if load.permitted else ""),
        stopped=LEAK,
    )
    return Joined(wish, wrong[0] and load.permitted, closed and tried and load.powered)


def _ways(contactor: Contactor, load: Wish, sight: Sight, tried: bool, rules: ContactorRules) -> tuple[bool, bool]:
    """Whether it charges or discharges, or would if it were closed; what is not known may do both."""
    if contactor.phase is ContactorPhase.PRE_CHARGE and load.live:
        return False, False  # through the resistor, and not for long
    if contactor.phase is not ContactorPhase.CLOSED and load.live:
        waited = sight.person or not tried or sight.now - contactor.since >= PAUSE
        fed = sight.charger or (load.gap is not None and load.gap < -SAME_BUS)
        return load.gap is None or load.gap <= SAME_BUS, not (fed and waited)
    current = sight.mean if tried else load.current
    much = rules.reclose_current if tried and sight.now - contactor.since < TRY_TIME else LEAK
    return load.current is None or load.current >= LEAK, current is None or current <= -much


def _dropped(contactor: Contactor, charge: Wish, load: Wish, sight: Sight, rules: ContactorRules) -> bool:
    """A loop that the guards or the master hold open has opened it: the boards wait for the master to let go."""
    whole = charge.permitted and charge.powered and load.permitted and load.powered
    return not whole and sight.now - contactor.since >= rules.feedback_delay


def _cause(charge: Wish, load: Wish, wrong: tuple[bool, bool], closed: bool) -> str:
    """Why it may not be closed, in words."""
    if wrong[0] and load.permitted:
        return charge.cause if closed else f"{charge.cause}; a charger holds the bus up"
    if wrong[1] and charge.permitted:
        return load.cause if closed else f"{load.cause}; waiting for a charger"
    return load.cause or charge.cause or "opened by a permission loop"
