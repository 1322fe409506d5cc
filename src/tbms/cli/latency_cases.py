"""What `tbms bench latency` measures: each protection, ring by ring, how it is provoked and what must follow."""

from collections.abc import Sequence
from dataclasses import dataclass

from tbms.cli import latency_reads as reads
from tbms.core.measure.plausibility import TEMPERATURE_LOW, VOLTAGE_LOW
from tbms.model.limit import Limit, Protection
from tbms.settings import Settings, load
from tbms.settings.table import UNDERVOLTAGES

CHARGER_STOP = ("output_1", "output_2", "output_3")
LOAD_SHED = ("output_4",)
CHARGE = ("permit_charge", "charge")
LOAD = ("permit_discharge", "load")
COMMON = ("load",)
WORDS = {
    CHARGER_STOP: "charger stop",
    LOAD_SHED: "load shed",
    CHARGE: "charge contactor",
    LOAD: "load contactor",
    COMMON: "common contactor",
}

SAMPLE_BAR = 0.150  # s from the time stamp of the first crossing sample to the command at the node
CROSSING_BAR = {"°C": 0.500, "K": 0.500}  # s from the crossing itself; a temperature is converted every 189 ms
USUAL_CROSSING_BAR = 0.350

ALONE = (
    # nothing but the limit under test acts, and everything comes back at once when it is cleared
    "contactors.reclose_delay=0",
    "contactors.reclose_time=0",
    "contactors.reclose_current=0.01",
    "contactors.pre_charge_voltage=10.0",
)
RINGED = tuple(load().rungs)
GUARDED = tuple(key for key, rungs in load().rungs.items() if any(rungs.value[layer] for layer in ("guard", "afe")))
LONG = 5.0  # s: so long a delay that cannot be set shorter is waited for a few times only
CELLS = range(1, 17)
PACK = (1,)
NODES = range(1, 5)

Injected = tuple[str, int | str, float | None]
"""A fault of the simulator: kind, place, severity (None: typical)."""


@dataclass(frozen=True)
class Case:
    """One row: the ring of a protection and what it must command.

    kind: the simulator's fault, or what is pressed, that moves the measured quantity. unit: of that quantity, empty
    where something is only there or not (1 or 0). beyond: how far past the threshold it is moved, small enough not to
    reach the next ring. commands: the node's words of which the first to fall is timed. more: further settings.
    places: where it may be injected, one is drawn for each run. read: the quantity. at: the threshold where the
    protection's own is no figure. scale: severity for each unit of the quantity. severity: what is injected whatever
    the threshold. before: faults that stand all the while. first: s that a node's own delay takes before the master
    can see it. aged: the quantity is an age: it crosses by itself. anew: only a new master has no latch and no hold.
    """

    key: str
    ring: str
    kind: str
    unit: str
    beyond: float
    commands: tuple[str, ...]
    more: tuple[str, ...] = ()
    places: Sequence[int | str] = CELLS
    read: reads.Read = reads.cell
    at: float | None = None
    scale: float = 1.0
    severity: float | None = None
    before: tuple[Injected, ...] = ()
    first: float = 0.0
    aged: bool = False
    anew: bool = False

    @property
    def name(self) -> str:
        """The row's name."""
        return f"{self.key} {self.ring}: {WORDS[self.commands]}"

    @property
    def delay_key(self) -> str:
        """The settings key of the ring's delay."""
        return "delay" if self.ring == "cut" else f"{self.ring}_delay"

    @property
    def fixed(self) -> bool:
        """Its delay is no setting."""
        return self.key not in RINGED

    @property
    def crossing_bar(self) -> float:
        """Time that may pass from the crossing itself, s."""
        return CROSSING_BAR.get(self.unit, USUAL_CROSSING_BAR)

    @property
    def common(self) -> bool:
        """Chargers and loads share one contactor: it opens when current flows in the direction that is forbidden."""
        return self.commands == COMMON

    @property
    def by_load(self) -> bool:
        """The quantity is the pack's voltage: it is moved by switching a load."""
        return self.kind == "load_power"

    @property
    def bias(self) -> bool:
        """It is shown as charged all the while: an undervoltage clears only then."""
        return self.key in UNDERVOLTAGES and not self.common

    def overrides(self, least: bool, cut: float | None = None) -> list[str]:
        """Settings for this row; least: the shortest delay that is permitted. cut: threshold, where it is chosen."""
        own = f"protect.{self.key}"
        changes = [*ALONE, *(f"protect.{name}.release_delay=0" for name in RINGED)]
        changes += [f"protect.{name}.latch=off" for name in RINGED]
        changes += [f"protect.{name}.{layer}=off" for name in GUARDED for layer in ("afe", "guard")]
        changes += self.more
        if cut is not None:
            # the release lies a little inside, on the side of rest
            inside = -0.05 if self.beyond > 0 else 0.05
            changes += [f"{own}.warn=off", f"{own}.cut={cut:.3f}", f"{own}.release={cut + inside:.3f}"]
        if least and not self.fixed:
            changes.append(f"{own}.{self.delay_key}={load().period}")
        if least and f"{self.key}_peak" in RINGED and self.ring == "cut":
            changes.append(f"{own}_peak.delay={load().period}")  # a peak may not wait longer; it is not reached here
        return changes

    def protection(self, settings: Settings) -> Protection:
        """That which must act."""
        charge = self.commands in (CHARGER_STOP, CHARGE) or (self.common and self.beyond > 0)
        return next(
            each
            for each in settings.protections
            if each.id == self.key
            and (each.forbids_charge if charge else each.forbids_discharge)
            and self.ring in dict(each.rings)
        )

    def _limit(self, settings: Settings) -> Limit:
        return next(limit for ring, limit in self.protection(settings).rings if ring == self.ring)

    def threshold(self, settings: Settings) -> float:
        """Of the measured quantity, with its sign."""
        return self._limit(settings).threshold if self.at is None else self.at

    def delay(self, settings: Settings) -> float:
        """Configured, s."""
        return self._limit(settings).delay


def off(key: str, *rings: str) -> tuple[str, ...]:
    """Rings of a protection that would act on the same quantity first."""
    return tuple(f"protect.{key}.{ring}=off" for ring in rings)


NEARER = ("protect.cell_undervoltage.warn=off", "protect.cell_undervoltage.limit=3.0")
"""One channel 3 % off its group's own measurement for 3 s would trip the node first."""

NO_HIGH = off("cell_overvoltage", "warn", "limit", "cut")
NO_LOW = off("cell_undervoltage", "warn", "limit", "cut")
ONE_BUS = ("contactors.bus=common",)
UNSURE: tuple[Injected, ...] = (("ntc_open", 2, None),)

CASES = (
    Case("cell_overvoltage", "limit", "voltage_offset", "V", 0.02, CHARGER_STOP),
    Case("cell_overvoltage", "cut", "voltage_offset", "V", 0.02, CHARGE),
    Case("cell_undervoltage", "limit", "voltage_offset", "V", -0.02, LOAD_SHED, NEARER),
    Case("cell_undervoltage", "cut", "voltage_offset", "V", -0.02, LOAD),
    Case("cell_damaged", "cut", "voltage_offset", "V", -0.02, LOAD,
         (*NO_LOW, "protect.cell_damaged.cut=3.05", "protect.cell_damaged.release=3.1")),
    Case("pack_overvoltage", "cut", "load_power", "V", 0.3, CHARGE, read=reads.pack),
    Case("pack_undervoltage", "cut", "load_power", "V", -0.3, LOAD, read=reads.pack),
    Case("overcurrent_charge", "limit", "shunt_offset", "A", 12.0, CHARGER_STOP, (), PACK, reads.current),
    Case("overcurrent_charge", "cut", "shunt_offset", "A", 20.0, CHARGE, (), PACK, reads.current),
    Case("overcurrent_charge_peak", "cut", "shunt_offset", "A", 20.0, CHARGE, (), PACK, reads.current),
    Case("overcurrent_discharge", "cut", "shunt_offset", "A", -20.0, LOAD, (), PACK, reads.current),
    Case("overcurrent_discharge_peak", "cut", "shunt_offset", "A", -20.0, LOAD, (), PACK, reads.current),
    Case("overtemperature_charge", "limit", "ntc_drift", "°C", 1.0, CHARGER_STOP, read=reads.temperature),
    Case("overtemperature_charge", "cut", "ntc_drift", "°C", 1.0, CHARGE, read=reads.temperature),
    Case("undertemperature_charge", "limit", "ntc_drift", "°C", -1.0, CHARGER_STOP, read=reads.temperature),
    Case("undertemperature_charge", "cut", "ntc_drift", "°C", -1.0, CHARGE, read=reads.temperature),
    Case("overtemperature_discharge", "limit", "ntc_drift", "°C", 1.0, LOAD_SHED, read=reads.temperature),
    Case("overtemperature_discharge", "cut", "ntc_drift", "°C", 1.0, LOAD, read=reads.temperature),
    Case("undertemperature_discharge", "cut", "ntc_drift", "°C", -1.0, LOAD, read=reads.temperature),
    Case("voltage_spread", "cut", "voltage_offset", "V", 0.03, LOAD,
         (*NO_LOW, "protect.voltage_spread.cut=0.3"), read=reads.below_others, scale=-1.0),
    Case("voltage_spread", "cut", "voltage_offset", "V", 0.03, CHARGE,
         (*NO_HIGH, "protect.voltage_spread.cut=0.3"), read=reads.above_others),
    Case("temperature_spread", "limit", "ntc_drift", "K", 1.0, CHARGER_STOP, read=reads.warmer),
    Case("board_temperature", "limit", "ambient", "°C", 2.0, CHARGER_STOP, (), PACK, reads.board),
    Case("board_temperature", "cut", "ambient", "°C", 2.0, LOAD, (), PACK, reads.board),
    Case("sum_of_cells", "cut", "voltage_offset", "%", 0.1, CHARGE,
         (*off("sum_of_cells", "warn"), "protect.sum_of_cells.cut=0.4", "protect.sum_of_cells.release=0.3"),
         read=reads.off_sum, scale=-0.53),  # V for each % of the pack
    Case("charge_while_forbidden", "cut", "shunt_offset", "A", 5.0, LOAD, (), PACK, reads.current,
         before=(("ntc_open", 1, None), ("ntc_open", 2, None))),
    Case("sample_age", "cut", "data_stale", "s", 0.1, LOAD, (), NODES, reads.age, severity=1.0, aged=True),
    Case("node_lost", "cut", "frames_lost", "s", 0.1, LOAD, (), NODES, reads.age, 0.5, severity=1.0, aged=True),
    Case("unguarded_charge", "cut", "voltage_offset", "V", 0.02, CHARGE, before=(("shunt_offset", 1, 6000.0),)),
    Case("unsure_charge", "limit", "shunt_offset", "A", 12.0, CHARGER_STOP, (), PACK, reads.current,
         before=UNSURE, anew=True),
    Case("unsure_charge", "cut", "shunt_offset", "A", 12.0, CHARGE, (), PACK, reads.current,
         before=UNSURE, anew=True),
    Case("invalid_voltage", "cut", "open_wire", "V", -0.1, CHARGE, (), (16,), at=VOLTAGE_LOW, severity=1.0),
    Case("open_wire", "cut", "open_wire", "V", -0.1, CHARGE, (), range(1, 16), at=VOLTAGE_LOW, severity=1.0),
    Case("unguarded_voltage", "cut", "open_wire", "V", -0.1, LOAD, (), (16,), at=VOLTAGE_LOW, severity=1.0,
         before=(("open_wire", 0, None),), anew=True),
    Case("temperatures_lost", "cut", "ntc_open", "°C", -0.1, CHARGE, (), (2,), reads.temperature, TEMPERATURE_LOW,
         severity=1.0, before=(("ntc_open", 1, None),)),
    Case("unguarded_temperature", "cut", "ntc_open", "°C", -0.1, LOAD, (), (16,), reads.temperature, TEMPERATURE_LOW,
         severity=1.0, before=tuple(("ntc_open", cell, None) for cell in range(1, 16))),
    Case("emergency_stop", "cut", "emergency_stop", "", 0.5, LOAD, (), PACK, reads.stop, anew=True),
    Case("permission_loop", "cut", "voltage_offset", "", 0.5, CHARGE,
         (*NO_HIGH, "protect.cell_overvoltage.guard=3.5", "protect.cell_overvoltage.guard_delay=1"),
         read=reads.charge_loop, severity=0.3, first=1.0),
    Case("permission_loop", "cut", "voltage_offset", "", 0.5, LOAD,
         (*NO_LOW, "protect.cell_undervoltage.guard=3.1", "protect.cell_undervoltage.guard_delay=1"),
         read=reads.discharge_loop, severity=-0.3, first=1.0),
    Case("contactor_feedback", "cut", "feedback_wrong", "", 0.5, CHARGE, (), ("charge",), reads.charge_contact,
         severity=1.0, anew=True),
    Case("contactor_feedback", "cut", "feedback_wrong", "", 0.5, LOAD, (), ("load",), reads.load_contact,
         severity=1.0, anew=True),
    Case("cell_overvoltage", "cut", "voltage_offset", "V", 0.02, COMMON, ONE_BUS,
         before=(("shunt_offset", 1, 60.0),), anew=True),
    Case("cell_undervoltage", "cut", "voltage_offset", "V", -0.02, COMMON, ONE_BUS,
         before=(("shunt_offset", 1, -60.0),), anew=True),
    Case("overcurrent_charge", "cut", "shunt_offset", "A", 20.0, COMMON, ONE_BUS, PACK, reads.current),
    Case("overcurrent_discharge", "cut", "shunt_offset", "A", -20.0, COMMON, ONE_BUS, PACK, reads.current),
)  # fmt: skip

TELLS = "it tells and commands nothing"
TEN_MINUTES = "ten minutes by design; what forbids charging at once for the same reason has its row"
NOT_TIMED = {
    # id, forbids charging, forbids discharging: why no time can be measured or would mean anything
    ("voltage_spread", False, False): TELLS,
    ("resistance_spread", False, False): TELLS,
    ("supply", False, False): TELLS,
    ("current_while_open", False, False): TELLS,
    ("loop_overrun", False, False): TELLS,
    ("opening_store", False, False): TELLS,
    ("invalid_temperature", False, False): TELLS,
    ("invalid_current", False, False): TELLS,
    ("jumping_sensor", False, False): TELLS,
    ("stuck_sensor", False, False): TELLS,
    ("weld", False, False): TELLS,
    ("sum_of_cells", False, True): TEN_MINUTES,
    ("unguarded_time", False, True): TEN_MINUTES,
    ("stuck_sensor", False, True): TEN_MINUTES,
    ("stuck_sensor", True, False): "judged over several steps of the current: there is no moment of crossing",
    ("temperature_rate", True, True): "a slope over a window of time: there is no moment of crossing",
    ("sample_gap", True, True): "while it lasts there is no master to command: see `tbms bench failsafe`",
    ("clock_jump", True, True): "the master's own clock: nothing outside it crosses anything",
    ("settings_corrupted", True, True): "the master's own memory: nothing outside it crosses anything",
    ("pre_charge", False, True): "what it forbids is open already: it ends a closing that has not come about",
    ("weld", True, False): "what it forbids is commanded open already, and does not obey",
    ("weld", False, True): "what it forbids is commanded open already, and does not obey",
    ("contactor_cycling", True, False): "counts the master's own commands: nothing outside it crosses anything",
    ("contactor_cycling", False, True): "counts the master's own commands: nothing outside it crosses anything",
}
