"""What the core wants done in this cycle; every part of it is leased and must be renewed."""

from dataclasses import dataclass
from enum import StrEnum

from tbms.model.sample import OUTPUTS


class Led(StrEnum):
    """What the panel's status LED shows."""

    OFF = "off"
    OK = "ok"  # short green flash every 2 s
    OPEN = "open"  # slow amber
    WARNING = "warning"  # amber
    ALARM = "alarm"  # red
    PRE_ALARM = "pre_alarm"  # fast red: beyond the next ring a contactor opens


class Buzzer(StrEnum):
    """What the panel's buzzer sounds."""

    SILENT = "silent"
    WARNING = "warning"  # one short beep every 30 s
    ALARM = "alarm"  # three beeps every 5 s
    PRE_ALARM = "pre_alarm"  # two short beeps a second


@dataclass(frozen=True, slots=True)
class Actions:
    """The outcome of one step: wishes cut down to what protection permits.

    permit_charge, permit_discharge: the master's own word on the two permission loops.
    charge_contactor, load_contactor, pre_charge: coils to energise.
    outputs: the six relays, True = energised.
    balance: per node a word of four bits, bit k = bleed (or drain) cell k of that node.
    sleep: minutes for which boards and master are to sleep; 0: awake. Everything else is off then.
    """

    permit_charge: bool = False
    permit_discharge: bool = False
    charge_contactor: bool = False
    load_contactor: bool = False
    pre_charge: bool = False
    outputs: tuple[bool, ...] = (False,) * OUTPUTS
    balance: tuple[int, ...] = ()
    led: Led = Led.OFF
    buzzer: Buzzer = Buzzer.SILENT
    sleep: int = 0


ALL_OFF = Actions()
"""Everything in its safe state: the first action of a boot and the last of a stop."""
