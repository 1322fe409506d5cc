"""Every fault the twin can inject, as one table: where it sits, what its severity is, what it changes."""

from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """What a fault's `where` counts or names."""

    PACK = "pack"  # the whole; `where` is 1
    CELL = "cell"  # 1..cells
    LEAD = "lead"  # sense wires 0..cells, 0 at the negative end
    NODE = "node"  # bus address, 1 is the base board
    CONTACTOR = "contactor"  # charge, load, pre_charge
    BUS = "bus"  # charge, load
    CHARGER = "charger"  # its name
    LOAD = "load"  # its name


SWITCHES = ("charge", "load", "pre_charge")
"""Names that `where` may take for a contactor; the first two also for a bus."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One line of the table.

    place: what `where` means. unit: of the severity. typical: a severity plain to see.
    changes: what in the world follows the severity. shows: how the measurements tell.
    Source: reference list of faults, see docs/safety.md; severities are choices of the twin.
    """

    place: Place
    unit: str
    typical: float
    changes: str
    shows: str


ON = "on/off"
FAULTS: dict[str, FaultKind] = {
    # connections and cell-voltage measurement
    "loose_busbar": FaultKind(Place.CELL, "Ω", 0.5e-3, "link resistance", "dV_k follows I both ways, local heat"),
    "sense_resistance": FaultKind(
        Place.LEAD, "Ω", 0.5, "sense-wire resistance", "two neighbours differ while balanced"
    ),
    "open_wire": FaultKind(Place.LEAD, ON, 1.0, "a sense wire is off", "V_k near 0, V_k+1 takes the rest"),
    "swapped_wires": FaultKind(
        Place.LEAD, ON, 1.0, "sense wires k and k+1 change places", "V_k+1 negative, neighbours odd"
    ),
    "voltage_offset": FaultKind(Place.CELL, "V", 0.02, "offset of one channel", "constant, whatever the current"),
    "voltage_gain": FaultKind(Place.CELL, "fraction", 0.01, "gain of one channel", "proportional"),
    "voltage_stuck": FaultKind(Place.CELL, ON, 1.0, "the channel repeats its value", "no dV at a load step"),
    "voltage_noise": FaultKind(Place.CELL, "V", 0.05, "noise (1 sigma) added to one channel", "single outliers"),
    # temperature and current sensors
    "ntc_open": FaultKind(Place.CELL, ON, 1.0, "sensor wire open", "-40 °C"),
    "ntc_short": FaultKind(Place.CELL, ON, 1.0, "sensor shorted", "+120 °C"),
    "ntc_drift": FaultKind(Place.CELL, "K", 5.0, "offset of a sensor", "one off its neighbours"),
    "ntc_stuck": FaultKind(Place.CELL, ON, 1.0, "the sensor repeats its value", "variance 0"),
    "ntc_detached": FaultKind(Place.CELL, "fraction", 0.8, "share of coupling lost", "follows the air, not the cell"),
    "shunt_offset": FaultKind(Place.PACK, "A", 0.5, "zero of the shunt", "current not 0 with the contactors open"),
    "shunt_gain": FaultKind(
        Place.PACK, "fraction", 0.02, "gain of the shunt; -2 turns its polarity", "R of all scales"
    ),
    "shunt_stuck": FaultKind(Place.PACK, ON, 1.0, "the current repeats its value", "V moves, I does not"),
    "shunt_open": FaultKind(Place.PACK, ON, 1.0, "the shunt's wire is off", "I = 0 while V sags"),
    "sampling_skew": FaultKind(Place.PACK, "s", 0.5, "the current is older than the voltages", "false R on steps"),
    # cells
    "capacity_loss": FaultKind(Place.CELL, "fraction", 0.1, "capacity", "first at both knees"),
    "soc_shift": FaultKind(Place.CELL, "fraction", 0.05, "SOC", "last at one knee, first at the other"),
    "self_discharge": FaultKind(Place.CELL, "A", 0.05, "leakage", "falls behind at rest"),
    "internal_short": FaultKind(Place.CELL, "S", 2.0, "conductance inside the cell", "step of V, T rises fast"),
    "resistance_growth": FaultKind(Place.CELL, "fraction", 0.5, "all resistances of the cell", "dV_k above the others"),
    "runaway": FaultKind(Place.CELL, "W", 500.0, "heat in the cell", "T rises fast"),
    # switches
    "contactor_welded": FaultKind(Place.CONTACTOR, ON, 1.0, "it can not open", "V behind it stays"),
    "contactor_stuck": FaultKind(Place.CONTACTOR, ON, 1.0, "it can not close", "command closed, V behind it 0"),
    "coil_failure": FaultKind(Place.CONTACTOR, ON, 1.0, "its coil gets no current", "opens by itself"),
    "contactor_chatter": FaultKind(Place.CONTACTOR, "s", 0.02, "it bounces so long after closing", "bounces"),
    "feedback_wrong": FaultKind(Place.CONTACTOR, ON, 1.0, "its auxiliary contact lies", "feedback against V"),
    "bus_short": FaultKind(Place.BUS, "S", 0.5, "conductance across the bus", "V does not rise in pre-charge"),
    "bus_capacitance": FaultKind(Place.BUS, "F", 0.05, "more capacitance", "V rises slowly in pre-charge"),
    # chargers and loads
    "ignores_stop": FaultKind(Place.CHARGER, ON, 1.0, "the stop signal is not obeyed", "I flows after the stop"),
    "charger_overvoltage": FaultKind(Place.CHARGER, "V", 3.0, "its set voltage", "V goes on beyond CV"),
    "charger_current": FaultKind(Place.CHARGER, "A", 200.0, "more than its limit", "charge current"),
    "charger_ripple": FaultKind(Place.CHARGER, "V", 0.2, "100 Hz ripple while it charges", "V and I alias"),
    "load_not_shed": FaultKind(Place.LOAD, ON, 1.0, "it stays fed when its relay falls", "I unchanged after the shed"),
    "load_power": FaultKind(Place.LOAD, "W", 3000.0, "more power drawn", "discharge current"),
    # communication, power, time, computer: shares are of the frames
    "frames_lost": FaultKind(Place.NODE, "fraction", 1.0, "the node does not answer", "its age grows"),
    "frames_corrupt": FaultKind(Place.NODE, "fraction", 0.2, "its answers fail the CRC", "CRC count, its age grows"),
    "data_stale": FaultKind(Place.NODE, ON, 1.0, "it answers with old values", "its age grows, values frozen"),
    "duplicate_address": FaultKind(Place.NODE, ON, 1.0, "a second node answers with it", "collisions"),
    "node_hang": FaultKind(Place.NODE, "s", 1.0, "its program stands still", "no answer, leases run out"),
    "supply_dip": FaultKind(Place.PACK, "V", 6.0, "the boards' supply", "resets, contactors fall"),
    "clock_jump": FaultKind(Place.PACK, "s", 3600.0, "the wall clock", "labels only"),
    # thermal
    "ambient": FaultKind(Place.PACK, "K", 30.0, "temperature around the cells", "all T follow"),
    "heater_stuck": FaultKind(Place.PACK, "W", 200.0, "heat shared by all cells", "T rises without current"),
    "cooling_loss": FaultKind(Place.PACK, "fraction", 0.9, "share of cooling lost", "T rises with I²R"),
}


class Effects:
    """What all active faults add up to now: per fault of the table one number a place, all 0 when well.

    value[kind][index]: severity in force; index as `locate` gives it. version rises with every change.
    common: one contactor and one bus, called load.
    """

    def __init__(self, cells: int, chargers: tuple[str, ...], loads: tuple[str, ...], common: bool = False) -> None:
        self._names: dict[Place, tuple[str, ...]] = {
            Place.CONTACTOR: SWITCHES,
            Place.BUS: SWITCHES[:2],
            Place.CHARGER: chargers,
            Place.LOAD: loads,
        }
        nodes = -(-cells // 4)
        self._numbers = {
            Place.PACK: (1, 1),
            Place.CELL: (1, cells),
            Place.LEAD: (0, cells),
            Place.NODE: (1, nodes),
        }
        self._sizes = {kind: self._size(line.place) for kind, line in FAULTS.items()}
        self._missing = SWITCHES[:1] if common else ()
        self.value = {kind: [0.0] * size for kind, size in self._sizes.items()}
        self.version = 0

    def _size(self, place: Place) -> int:
        if place in self._names:
            return len(self._names[place])
        low, high = self._numbers[place]
        return high - low + 1

    def locate(self, kind: str, where: int | str) -> int:
        """Index of a place, from 0; ValueError with what is permitted."""
        place = FAULTS[kind].place
        if place in self._names:
            names = self._names[place]
            missing = self._missing if place in (Place.CONTACTOR, Place.BUS) else ()
            if where in names and where not in missing:
                return names.index(str(where))
            there = ", ".join(name for name in names if name not in missing)
            raise ValueError(f"{kind}: {place} is one of {there}, not {where!r}")
        low, high = self._numbers[place]
        if isinstance(where, int) and low <= where <= high:
            return where - low
        raise ValueError(f"{kind}: {place} is a number from {low} to {high}, not {where!r}")

    def put(self, totals: dict[str, dict[int, float]]) -> None:
        """Replace everything: kind -> index -> severity."""
        for kind, values in self.value.items():
            found = totals.get(kind, {})
            for i in range(len(values)):
                values[i] = found.get(i, 0.0)
        self.version += 1
