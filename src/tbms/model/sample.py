"""What was measured at one instant. A missing value is None; its age says since when."""

from dataclasses import dataclass
from enum import StrEnum

from tbms.model.units import Ampere, AmpereHour, Celsius, Second, Volt, Watt

CELLS_PER_NODE = 4
"""A node measures four cells (the analog front ends chosen and the wiring are cut for it)."""

OUTPUTS = 6
"""Relay outputs of the base board."""


@dataclass(frozen=True, slots=True)
class NodeReport:
    """How one node answered: its freshness, its own permission and its guard.

    address: 1 is the base board (cells 1-4, shunt, relays), 2.. are the slaves.
    online: it answered in this cycle.
    age: since its cell voltages (and the shunt) were measured; inf if never.
    temperature_age: the same for its temperatures.
    charge_loop, discharge_loop: the node holds its contact in that permission loop closed; None if unknown.
    guard: names of the guard faults that the node reports (see wire), empty when well.
    board_temperature, supply: of the board itself; None if not measured.
    timeouts, corrupt, stale, refused: answers that did not come, failed their check, were of an older cycle, or said
    no, since the start.
    firmware: the version of the node's program, "1.2"; None until it has said so. limits_agree: the limits it keeps
    for itself are those of the settings, read back; not so while changed ones are on their way or were not
    given back; None while it does not answer.
    """

    address: int
    online: bool
    age: Second
    temperature_age: Second
    charge_loop: bool | None = None
    discharge_loop: bool | None = None
    guard: tuple[str, ...] = ()
    board_temperature: Celsius | None = None
    supply: Volt | None = None
    timeouts: int = 0
    corrupt: int = 0
    stale: int = 0
    refused: int = 0
    firmware: str | None = None
    limits_agree: bool | None = None


@dataclass(frozen=True, slots=True)
class SwitchReport:
    """Contactors, outputs and panel as the base board reports them (not as they were commanded).

    charge_contactor, load_contactor: auxiliary contact, True = closed; None if unknown.
    pre_charge: the pre-charge relay is energised.
    outputs: the six relays as energised by the node.
    charge_bus_voltage, load_bus_voltage: behind the contactors.
    store_voltage: of the store that opens bi-stable contactors without power; None where none is measured.
    emergency_stop: the second contact of the emergency stop, True = pressed.
    button: the reset button is held down.
    inputs: digital inputs (engine on, shore on, ...).
    """

    charge_contactor: bool | None
    load_contactor: bool | None
    pre_charge: bool | None
    outputs: tuple[bool, ...]
    charge_bus_voltage: Volt | None
    load_bus_voltage: Volt | None
    emergency_stop: bool | None
    button: bool = False
    inputs: tuple[bool, ...] = ()
    store_voltage: Volt | None = None


class SourceKind(StrEnum):
    """What a charger lives on."""

    SOLAR = "solar"
    ALTERNATOR = "alternator"
    SHORE = "shore"


class SourceState(StrEnum):
    """What a charger does; off: it waits, is told to stop or has nothing to give."""

    OFF = "off"
    BULK = "bulk"
    ABSORPTION = "absorption"
    FLOAT = "float"


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What one charger tells of itself.

    name: as its driver calls it. kind: what it lives on. age: since it told this. power: that it gives, never
    negative. state: of its own charge. Either is None where it does not say.
    """

    name: str
    kind: SourceKind
    age: Second
    power: Watt | None = None
    state: SourceState | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """All measured values of one cycle.

    time: monotonic. timestamp: UTC, a label; nothing but the time of day of the owner's ranges is taken from it.
    current: positive charges. cell_voltages, temperatures: one a cell, cell 1 first;
    temperatures is empty where none are measured.
    pack_voltage: measured across the whole pack, independent of the cells.
    nodes, switches: empty and None for recorded data (open loop): nothing is judged there.
    late: by which the cycle of the control loop that took it began after its time; 0 for recorded data.
    sources: chargers that tell of themselves, none where none is linked; only the owner's ranges look at them.
    own_current: that boards and coils draw from the pack, never negative; None where it is not measured.
    asleep_charge: that the boards drew while they slept before their last start; None where it was not counted.
    awake: since that start.
    """

    time: Second
    timestamp: Second
    current: Ampere | None
    cell_voltages: tuple[Volt | None, ...]
    temperatures: tuple[Celsius | None, ...] = ()
    pack_voltage: Volt | None = None
    nodes: tuple[NodeReport, ...] = ()
    switches: SwitchReport | None = None
    late: Second = 0.0
    sources: tuple[SourceReport, ...] = ()
    own_current: Ampere | None = None
    asleep_charge: AmpereHour | None = None
    awake: Second = 0.0
