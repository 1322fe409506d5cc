"""What `tbms bench latency` measures: each protection, ring by ring, how it is provoked and what must follow."""

from collections.abc import Callable
from dataclasses import dataclass

from tbms.settings import Settings, load

Row = dict[str, object]

CHARGER_STOP = ("output_1", "output_2", "output_3")
LOAD_SHED = ("output_4",)
CHARGE = ("permit_charge", "charge")
LOAD = ("permit_discharge", "load")
WORDS = {CHARGER_STOP: "charger stop", LOAD_SHED: "load shed", CHARGE: "charge contactor", LOAD: "load contactor"}

SAMPLE_BAR = 0.150  # s from the time stamp of the first crossing sample to the command at the node
CROSSING_BAR = {"°C": 0.500}  # s from the crossing itself; a temperature is converted every 189 ms
USUAL_CROSSING_BAR = 0.350

ALONE = (
    # nothing but the limit under test acts, and everything comes back at once when it is cleared
    "contactors.reclose_delay=0",
    "contactors.reclose_time=0",
    "contactors.reclose_current=0.01",
    "contactors.pre_charge_voltage=10.0",
)
RINGED = (
    "cell_overvoltage", "cell_undervoltage", "pack_overvoltage", "pack_undervoltage", "overcurrent_charge",
    "overcurrent_charge_peak", "overcurrent_discharge", "overcurrent_discharge_peak", "overtemperature_charge",
    "undertemperature_charge", "overtemperature_discharge", "undertemperature_discharge",
)  # fmt: skip
GUARDED = tuple(name for name in RINGED if name.startswith(("cell_", "over", "under")) and "current" not in name)


@dataclass(frozen=True)
class Case:
    """One row: the ring of a protection and what it must command.

    kind: the simulator's fault that moves the measured quantity. beyond: how far past the threshold it is moved, in
    its unit, small enough not to reach the next ring. commands: the node's words of which the first to fall is timed.
    more: further settings.
    """

    key: str
    ring: str
    kind: str
    unit: str
    beyond: float
    commands: tuple[str, ...]
    more: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The row's name."""
        return f"{self.key} {self.ring}: {WORDS[self.commands]}"

    @property
    def delay_key(self) -> str:
        """The settings key of the ring's delay."""
        return "delay" if self.ring == "cut" else f"{self.ring}_delay"

    @property
    def crossing_bar(self) -> float:
        """Time that may pass from the crossing itself, s."""
        return CROSSING_BAR.get(self.unit, USUAL_CROSSING_BAR)

    @property
    def by_load(self) -> bool:
        """The quantity is the pack's voltage: it is moved by switching a load."""
        return self.kind == "load_power"

    def overrides(self, least: bool, cut: float | None = None) -> list[str]:
        """Settings for this row; least: the shortest delay that is permitted. cut: threshold, where it is chosen."""
        own = f"protect.{self.key}"
        changes = [*ALONE, *self.more, *(f"protect.{name}.release_delay=0" for name in RINGED)]
        changes += [f"protect.{name}.latch=off" for name in RINGED]
        changes += [f"protect.{name}.{layer}=off" for name in GUARDED for layer in ("afe", "guard")]
        if cut is not None:
            # the release lies a little inside, on the side of rest
            inside = -0.05 if self.beyond > 0 else 0.05
            changes += [f"{own}.warn=off", f"{own}.cut={cut:.3f}", f"{own}.release={cut + inside:.3f}"]
        if least:
            changes.append(f"{own}.{self.delay_key}={load().period}")
        if least and f"{self.key}_peak" in RINGED and self.ring == "cut":
            changes.append(f"{own}_peak.delay={load().period}")  # a peak may not wait longer; it is not reached here
        return changes

    def threshold(self, settings: Settings) -> float:
        """Of the measured quantity, with its sign."""
        rungs = settings.rungs[self.key]
        value = rungs.value[self.ring]
        assert value is not None, f"{self.key} has no {self.ring}"  # noqa: S101 - the table below names what exists
        return rungs.kind.sign * value

    def delay(self, settings: Settings) -> float:
        """Configured, s."""
        return settings.rungs[self.key].delay[self.ring]


NEARER = ("protect.cell_undervoltage.warn=off", "protect.cell_undervoltage.limit=3.0")
"""One channel 3 % off its group's own measurement for 3 s would trip the node first."""

CASES = (
    Case("cell_overvoltage", "limit", "voltage_offset", "V", 0.02, CHARGER_STOP),
    Case("cell_overvoltage", "cut", "voltage_offset", "V", 0.02, CHARGE),
    Case("cell_undervoltage", "limit", "voltage_offset", "V", -0.02, LOAD_SHED, NEARER),
    Case("cell_undervoltage", "cut", "voltage_offset", "V", -0.02, LOAD),
    Case("pack_overvoltage", "cut", "load_power", "V", 0.3, CHARGE),
    Case("pack_undervoltage", "cut", "load_power", "V", -0.3, LOAD),
    Case("overcurrent_charge", "limit", "shunt_offset", "A", 12.0, CHARGER_STOP),
    Case("overcurrent_charge", "cut", "shunt_offset", "A", 20.0, CHARGE),
    Case("overcurrent_charge_peak", "cut", "shunt_offset", "A", 20.0, CHARGE),
    Case("overcurrent_discharge", "cut", "shunt_offset", "A", -20.0, LOAD),
    Case("overcurrent_discharge_peak", "cut", "shunt_offset", "A", -20.0, LOAD),
    Case("overtemperature_charge", "limit", "ntc_drift", "°C", 1.0, CHARGER_STOP),
    Case("overtemperature_charge", "cut", "ntc_drift", "°C", 1.0, CHARGE),
    Case("undertemperature_charge", "limit", "ntc_drift", "°C", -1.0, CHARGER_STOP),
    Case("undertemperature_charge", "cut", "ntc_drift", "°C", -1.0, CHARGE),
    Case("overtemperature_discharge", "limit", "ntc_drift", "°C", 1.0, LOAD_SHED),
    Case("overtemperature_discharge", "cut", "ntc_drift", "°C", 1.0, LOAD),
    Case("undertemperature_discharge", "cut", "ntc_drift", "°C", -1.0, LOAD),
)


def measured(case: Case, cell: int) -> Callable[[Row], float | None]:
    """How the quantity is read from a sample."""

    def read(sample: Row) -> float | None:
        if case.unit == "A":
            value = sample["current"]
        elif case.by_load:
            value = sample["pack_voltage"]
        else:
            values = sample["temperatures" if case.unit == "°C" else "cell_voltages"]
            value = values[cell - 1] if isinstance(values, list) else None
        return value if isinstance(value, float | int) else None

    return read
