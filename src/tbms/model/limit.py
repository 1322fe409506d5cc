"""One mechanism for everything that is judged against a figure: the limit, and the protection made of three."""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from tbms.model.fault import Ring
from tbms.model.units import Second

RETRIES = 3
"""How often a limit with Latch.RETRIES clears by itself before it waits for a person (defaults.md, over-current)."""


class Latch(StrEnum):
    """Who may clear a limit that has tripped."""

    OFF = "off"  # it clears by itself after release
    PERSON = "person"  # only a person, at the panel
    RETRIES = "retries"  # by itself RETRIES times, then only a person
    INSTALLER = "installer"  # only an installer, at the panel (core.manage.panel.INSTALLER_PRESS)


class Measure(IntEnum):
    """What a limit may be set on; the order is that of the readings a step judges.

    From INVALID_TEMPERATURE on they are not settable: faults without rings, mostly 1 where something is wrong and 0
    where not.
    """

    CELL_VOLTAGE = 0
    PACK_VOLTAGE = 1
    CURRENT = 2
    TEMPERATURE_HOT = 3  # an unknown sensor counts as its warmest neighbour and a margin
    TEMPERATURE_COLD = 4  # and as its coldest neighbour less a margin
    INVALID_TEMPERATURE = 5
    UNGUARDED_TEMPERATURE = 6  # no temperature is known at all
    NODE_AGE = 7  # s since a node's newest measurement
    NODE_LOST = 8
    INVALID_VOLTAGE = 9
    UNGUARDED_VOLTAGE = 10  # unknown cells that the pack voltage cannot vouch for
    INVALID_CURRENT = 11
    UNGUARDED_CHARGE = 12  # highest cell voltage while the current is unknown
    STEP = 13  # s since the sample before
    CLOCK = 14
    CHARGE_LOOP = 15
    DISCHARGE_LOOP = 16
    CHARGE_FEEDBACK = 17
    LOAD_FEEDBACK = 18
    PRE_CHARGE = 19
    EMERGENCY_STOP = 20
    TEMPERATURES_LOST = 21  # nodes of which two temperatures are unknown, or all too old
    UNSURE_CURRENT = 22  # current while a temperature is unknown
    OPEN_WIRE = 23
    VOLTAGE_SPREAD = 24  # unknown while it means nothing
    SPREAD_LOW = 25  # how far each cell is below the highest, where a low cell is the odd one
    SPREAD_HIGH = 26  # how far each is above the lowest, where a high cell is
    TEMPERATURE_SPREAD = 27
    RESISTANCE_SPREAD = 28
    TEMPERATURE_RATE = 29
    BOARD_TEMPERATURE = 30
    SUPPLY = 31
    SUM_OF_CELLS = 32
    OPEN_CURRENT = 33  # magnitude while both contactors are open
    FORBIDDEN_CHARGE = 34  # current while charging is forbidden and its contactor open
    CHARGE_WELD = 35
    LOAD_WELD = 36
    LOAD_BUS = 37  # it stays at the pack's voltage though its contactor is open
    STUCK_VOLTAGE = 38
    STUCK_CURRENT = 39
    JUMPS = 40
    SETTINGS = 41
    CHARGE_CYCLES = 42  # closings of the charge contactor in an hour, less those allowed
    LOAD_CYCLES = 43
    LATE = 44  # s by which the cycle of the control loop began late
    STORE = 45  # what opens bi-stable contactors without power is not there


class Place(StrEnum):
    """What the numbers of a measure count: its first value belongs to number 1."""

    PACK = "pack"
    CELL = "cell"
    NODE = "node"


@dataclass(frozen=True, slots=True)
class Limit:
    """When one ring trips and when it clears.

    It trips when the value has been strictly beyond threshold for delay (less half a loop period), and clears when it
    has been at release or on its safe side for release_delay without a break.
    pauses: an unknown value ends a delay that has not elapsed; else it counts as still beyond.
    above: beyond means greater. needs_charging: it clears only while the battery is net charged.
    """

    threshold: float
    above: bool
    delay: Second
    release: float
    release_delay: Second = 0.0
    latch: Latch = Latch.OFF
    needs_charging: bool = False
    pauses: bool = False


@dataclass(frozen=True, slots=True)
class Protection:
    """What is judged, against which rings, and what the cut ring forbids.

    measure: which reading: a Measure, or the place of a source for an owner's range.
    rings: from the first that is met to the last; a fault without thresholds has the ring cut alone.
    grace: how long a closed charge contactor may wait for the charger to stop, s. words: the fault in words, for the
    log. unit: of the measure, empty where it is only there or not.
    """

    id: str
    measure: int
    place: Place
    unit: str
    words: str
    above: bool
    rings: tuple[tuple[Ring, Limit], ...]
    forbids_charge: bool
    forbids_discharge: bool
    grace: Second = 0.0
    outermost: float = field(init=False)

    def __post_init__(self) -> None:
        """Keep the threshold that is met first at hand: it is all that a quiet step looks at."""
        object.__setattr__(self, "outermost", self.rings[0][1].threshold)
