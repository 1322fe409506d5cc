"""Settings as the core reads them: frozen, complete, every default filled in."""

from dataclasses import dataclass

from tbms.model.limit import Protection
from tbms.model.sample import CELLS_PER_NODE
from tbms.model.units import Ampere, AmpereHour, Second, Volt, Watt
from tbms.settings.derive import Rungs
from tbms.settings.energy import BalanceRules, ChargeRules
from tbms.settings.rules import Rules
from tbms.settings.schema import Schema

NO_RULES = Rules()


@dataclass(frozen=True, slots=True)
class HardLimit:
    """A threshold outside the master's: in a node's guard or in a measuring chip.

    threshold: V or °C. delay: s. Currents as magnitudes in A.
    """

    threshold: float
    delay: Second


@dataclass(frozen=True, slots=True)
class HardLimits:
    """What the master writes into the nodes: one per protection that has that layer, keyed by its id.

    sample_age: age at which a node calls its own data stale. load_hold: how long the load contactor is held when the
    master is lost.
    """

    guard: dict[str, HardLimit]
    afe: dict[str, HardLimit]
    sample_age: Second
    load_hold: Second


@dataclass(frozen=True, slots=True)
class OutputRole:
    """One of the six outputs.

    safe: energised when its lease has run out. lease: how long it holds unrefreshed, s.
    closed: on means not energised (NC contact). off_coil: place from 0 of the output that switches a latching relay
    off, None for a relay that is held. pulse: length of its pulses, s.
    """

    name: str
    role: str
    safe: bool
    lease: Second
    closed: bool = False
    off_coil: int | None = None
    pulse: Second = 0.0


@dataclass(frozen=True, slots=True)
class ContactorRules:
    """How contactors close and open; every figure resolved. Units as in the schema. common: one for both directions.

    store_voltage: from which what opens bi-stable contactors without power suffices; None where they need none.
    """

    ready_samples: int
    reclose_delay: Second
    feedback: bool
    feedback_delay: Second
    pre_charge_voltage: Volt
    pre_charge_current: Ampere
    pre_charge_timeout: Second
    pre_charge_tries: int
    pre_charge_lockout: Second
    reclose_current: Ampere
    close_voltage: Volt
    closings: int
    breaking_current: Ampere | None = None
    store_voltage: Volt | None = None
    common: bool = False


@dataclass(frozen=True, slots=True)
class SleepRules:
    """Deep discharge.

    voltage: of the lowest cell, None: it never sleeps. charging: from which a battery counts as charged.
    """

    voltage: Volt | None
    delay: Second
    wake_time: Second
    charging: Ampere


@dataclass(frozen=True, slots=True)
class ChargeTargets:
    """Charge targets, V per cell and A."""

    absorption: Volt
    tail: Ampere
    float_voltage: Volt


@dataclass(frozen=True, slots=True)
class OcvPoint:
    """One point of an open-circuit voltage table: soc 0..1, V while discharging and while charging."""

    soc: float
    discharge: Volt
    charge: Volt


@dataclass(frozen=True, slots=True)
class Settings:
    """All that the core needs.

    schema: what the owner set, for forms and the API. rungs: the resolved figures per protection, as the owner writes
    them. nodes: boards of four cells. temperature: cells have sensors. ocv: the owner's own table, empty for the
    chemistry's. valid_current: magnitude beyond which a current is no measurement. own_power: of boards and master,
    through the shunt. rules: the owner's ranges. checks: of each protection, to find memory that has changed.
    """

    schema: Schema
    name: str
    chemistry: str
    cells: int
    capacity: AmpereHour
    nodes: int
    period: Second
    protections: tuple[Protection, ...]
    rungs: dict[str, Rungs]
    temperature: bool
    temperature_age: Second
    sample_age: Second
    sample_age_warn: Second
    gap: Second
    valid_current: Ampere
    own_power: Watt
    contactors: ContactorRules
    outputs: tuple[OutputRole, ...]
    charge: ChargeTargets
    sleep: SleepRules
    hard_limits: HardLimits
    charging: ChargeRules
    balance: BalanceRules
    ocv: tuple[OcvPoint, ...] = ()
    checks: tuple[int, ...] = ()
    rules: Rules = NO_RULES

    def cell_band(self) -> tuple[Volt | None, Volt | None, Volt | None, Volt | None]:
        """Voltage limits to draw beside the cells: cut low, warn low, warn high, cut high."""
        low, high = self.rungs["cell_undervoltage"].value, self.rungs["cell_overvoltage"].value
        return low["cut"], low["warn"], high["warn"], high["cut"]


def nodes(cells: int) -> int:
    """Boards needed for `cells` in series."""
    return -(-cells // CELLS_PER_NODE)
