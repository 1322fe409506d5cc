"""What people and programs may ask, and what comes of it."""

from typing import NamedTuple

from tbms.core.manage.outputs import OVERRIDE_TIME, Override
from tbms.core.measure.measured import Measured
from tbms.core.protect.verdict import Verdict
from tbms.model.command import INSTALLER, LIMP_HOME, Command, CommandKind
from tbms.model.sample import OUTPUTS

LIMP_TIME = 600.0  # s of limping home (degradation table)


class Orders(NamedTuple):
    """What the commands of one step add up to.

    stopped: who stopped the battery, empty if nobody. acknowledged: alarms are seen. overrides: one per output.
    close: who asks to close again, empty if nobody. person: somebody at the panel does. installer: who knows how an
    installer does. limp: the loads are to come back, whatever the master alone holds against them.
    """

    stopped: str
    acknowledged: bool
    overrides: tuple[Override | None, ...]
    close: str = ""
    person: bool = False
    installer: bool = False
    limp: bool = False


def _output(orders: Orders, asked: Command, measured: Measured) -> tuple[Orders, str]:
    target = asked.target
    if target is None or not 1 <= target <= OUTPUTS:
        return orders, f"refused: there is no output {target}"
    if asked.value not in ("on", "off", "auto"):
        return orders, f'refused: "{asked.value}" is neither on, off nor auto'
    span = OVERRIDE_TIME if asked.until is None else asked.until - measured.time
    override = None if asked.value == "auto" else Override(asked.value == "on", measured.clock + span, asked.who)
    overrides = (*orders.overrides[: target - 1], override, *orders.overrides[target:])
    lasting = "" if override is None else f" for {span:.0f} s"
    return orders._replace(overrides=overrides), f"output {target} {asked.value}{lasting}"


def obey(orders: Orders, asked: Command, measured: Measured, verdict: Verdict) -> tuple[Orders, str]:
    """The orders after one more command, and what to tell.

    The network may open anything; it closes nothing that stands open after a stop or a latch.
    """
    if asked.kind is CommandKind.STOP:
        after = orders._replace(stopped=asked.who or "somebody", close="", person=False, limp=False)
        return after, "both contactors open"
    if asked.kind is CommandKind.ACKNOWLEDGE:
        return orders._replace(acknowledged=True), "alarms seen"
    if asked.kind is CommandKind.OUTPUT:
        return _output(orders, asked, measured)
    if asked.local:
        again = orders._replace(
            stopped="",
            close=asked.who or "a person",
            person=True,
            installer=asked.value == INSTALLER,
            limp=asked.value == LIMP_HOME,
        )
        return again, f"limp home for {LIMP_TIME / 60:g} min" if again.limp else "close where allowed"
    if orders.stopped or verdict.latched_charge or verdict.latched_discharge:
        return orders, "refused: after a stop or a latch only the button at the panel closes"
    return orders._replace(close=asked.who or "somebody"), "close where allowed"
