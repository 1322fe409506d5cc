"""The state of the system as the API gives it: everything a page or a program may show."""

from dataclasses import dataclass
from enum import StrEnum

from tbms.model.fault import Fault, Ring
from tbms.model.sample import NodeReport, SourceReport
from tbms.model.units import Ampere, AmpereHour, Celsius, Fraction, Ohm, Second, Volt, Watt, WattHour


class Activity(StrEnum):
    """What the battery is doing, in one word."""

    CHARGING = "charging"
    DISCHARGING = "discharging"
    RESTING = "resting"
    DISCONNECTED = "disconnected"
    UNKNOWN = "unknown"


class ContactorPhase(StrEnum):
    """The states of a contactor."""

    OPEN = "open"
    PRE_CHARGE = "pre_charge"
    CLOSED = "closed"
    OPENING = "opening"
    LATCHED = "latched"


@dataclass(frozen=True, slots=True)
class CellSnapshot:
    """One series position.

    voltage, temperature: None when not known now. age: since the voltage was measured.
    ring: the deepest ring any limit of this cell stands in, None when well.
    """

    voltage: Volt | None
    temperature: Celsius | None
    age: Second
    ring: Ring | None = None


@dataclass(frozen=True, slots=True)
class ContactorSnapshot:
    """One contactor: where it is, what it reports, and why."""

    phase: ContactorPhase
    feedback: bool | None
    cause: str
    since: Second


@dataclass(frozen=True, slots=True)
class OutputSnapshot:
    """One of the six outputs: what it is for, what it does, and why."""

    name: str
    role: str
    on: bool
    feedback: bool | None
    cause: str
    override: bool = False


@dataclass(frozen=True, slots=True)
class RangeSnapshot:
    """One of the owner's ranges.

    name: as the owner called it. stage: off, warm_up, on or cool_down. alarm: none, warning or alarm, what it tells
    while it is not off.
    since: monotonic time of the stage; None before the first run. cause: why.
    """

    name: str
    stage: str
    alarm: str
    since: Second | None
    cause: str


@dataclass(frozen=True, slots=True)
class ChargingSnapshot:
    """What chargers and loads are told.

    cvl: charge voltage limit of the pack. ccl, dcl: charge and discharge current limit, both positive.
    stage: bulk, absorption or float. full: filled, and not used much since. empty: a cell is at its limit of
    undervoltage. profile: in force.
    resting: why chargers rest although they may charge, empty while they do not.
    """

    cvl: Volt
    ccl: Ampere
    dcl: Ampere
    stage: str
    full: bool
    empty: bool
    profile: str
    resting: str


@dataclass(frozen=True, slots=True)
class BalancingSnapshot:
    """Balancing.

    on: a run is going on. donors: cells that give just now, none while it looks. receiver: the lowest cell of the run.
    time, charge: what each cell has given since the start, s and Ah. cause: why it works, or why not.
    """

    on: bool
    donors: tuple[int, ...]
    receiver: int | None
    time: tuple[Second, ...]
    charge: tuple[AmpereHour, ...]
    cause: str


@dataclass(frozen=True, slots=True)
class PanelSnapshot:
    """The control panel; a button is None while no base board answers.

    led, buzzer: what they tell. button: the reset button is held. emergency_stop: it is pressed. limp_home: time
    left of it, None while the master's limits count.
    """

    led: str
    buzzer: str
    button: bool | None
    emergency_stop: bool | None
    limp_home: Second | None = None


@dataclass(frozen=True, slots=True)
class LoopSnapshot:
    """How well the control loop keeps its time.

    jitter_p99: of the start of a cycle against its absolute time, over the last 10 minutes.
    lost: cycles that did not run at all since start. busy: share of the period in use. worst: the latest start of a
    cycle since the start.
    """

    period: Second
    cycles: int
    lost: int
    jitter_p99: Second | None
    busy: Fraction | None
    worst: Second = 0.0


@dataclass(frozen=True, slots=True)
class HealthSnapshot:
    """What is known of the battery's health; None where nothing has shown it yet.

    capacity: measured, capacity_sigma: one standard deviation. soh: of the capacity. cycles: equivalent full ones.
    resistance: ohmic, slow: what five seconds add, each per cell at 25 °C. steps: load steps that showed a cell's.
    weak: cells told to be empty before the others, or to hold less. joints: cells told to have a resistant
    connection, or to be so. leaks: cells told to lose charge by themselves.
    """

    capacity: AmpereHour | None
    capacity_sigma: AmpereHour | None
    soh: Fraction | None
    cycles: float
    resistance: tuple[Ohm | None, ...]
    slow: tuple[Ohm | None, ...]
    steps: tuple[int, ...]
    weak: tuple[int, ...]
    joints: tuple[int, ...]
    leaks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CountersSnapshot:
    """What the battery has gone through since TBMS watches it, over all restarts.

    time: of operation. charge_closings, load_closings: of the contactors. warn, limit, cut: time in which this was the
    deepest ring standing. own_closed, own_open, own_asleep: mean of what boards and coils drew with a contactor closed,
    with none, and asleep; None where it was never measured.
    """

    charge_in: AmpereHour
    charge_out: AmpereHour
    energy_in: WattHour
    energy_out: WattHour
    time: Second
    charge_closings: int
    load_closings: int
    warn: Second
    limit: Second
    cut: Second
    own_closed: Watt | None
    own_open: Watt | None
    own_asleep: Watt | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that is true now.

    name, chemistry, cells, capacity: from the settings. simulated: a twin stands in for the boat;
    speed: how many times faster than real time it runs.
    voltage: of the pack (sum of cells, or measured across the pack where a cell is missing).
    current, power: positive charges. soc_sigma: one standard deviation.
    time_to_full, time_to_empty: at the present mean current; None when it makes no sense.
    lowest, highest: cell numbers, 1-based, by voltage. spread: highest minus lowest cell.
    may_charge, may_discharge: the protection's permission.
    cell_band: voltage limits to draw beside the cells: cut low, warn low, warn high, cut high.
    stale: age of the newest valid full set of measurements.
    ranges: the owner's. charging: what chargers and loads are told. balancing: who gives and who gets.
    panel: LED, buzzer and buttons. health: capacity, resistances, weak cells. counters: of the battery's life.
    sources: chargers that tell of themselves.
    own_power: that boards and coils draw now; None where it is not measured.
    common: chargers and loads share one contactor; charge_contactor and load_contactor tell the same.
    """

    time: Second
    timestamp: Second
    name: str
    chemistry: str
    cells: int
    capacity: AmpereHour
    simulated: bool
    speed: float
    activity: Activity
    voltage: Volt | None
    current: Ampere | None
    power: Watt | None
    soc: Fraction | None
    soc_sigma: Fraction | None
    time_to_full: Second | None
    time_to_empty: Second | None
    lowest: int | None
    highest: int | None
    spread: Volt | None
    stale: Second | None
    cell: tuple[CellSnapshot, ...]
    cell_band: tuple[Volt | None, Volt | None, Volt | None, Volt | None]
    may_charge: bool
    may_discharge: bool
    charge_contactor: ContactorSnapshot
    load_contactor: ContactorSnapshot
    outputs: tuple[OutputSnapshot, ...]
    faults: tuple[Fault, ...]
    acknowledged: bool
    nodes: tuple[NodeReport, ...]
    loop: LoopSnapshot
    ranges: tuple[RangeSnapshot, ...] = ()
    charging: ChargingSnapshot | None = None
    balancing: BalancingSnapshot | None = None
    panel: PanelSnapshot | None = None
    health: HealthSnapshot | None = None
    counters: CountersSnapshot | None = None
    sources: tuple[SourceReport, ...] = ()
    common: bool = False
    own_power: Watt | None = None
