"""Every key an owner can set, with default, range, unit and help. None as default: derived from the rest."""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Field

from tbms.model.sample import OUTPUTS
from tbms.model.units import Second, Volt, Watt
from tbms.settings.fields import (
    Capacity,
    CellVolt,
    Current,
    Delay,
    Off,
    PackVolt,
    Percent,
    Rate,
    Section,
    SpreadKelvin,
    SpreadVolt,
    SupplyVolt,
    Temperature,
)
from tbms.settings.manage import Balance, Charge, Clock, OutputNumber, Range

V = TypeVar("V")


class Pack(Section):
    """The battery."""

    chemistry: Literal["lfp", "nmc", "lmo", "lto"] = Field("lfp", description="what the cells are made of")
    cells: Annotated[int, Field(ge=1, le=16)] = Field(16, description="cells in series")
    capacity: Capacity = Field(280.0, description="nominal capacity; current limits are derived from it")
    fuse: Current | None = Field(None, description="rating of the main fuse; no current ring lies above it")
    cable: Current | None = Field(None, description="what the main cables bear for good; the same")
    shunt: Current | None = Field(None, description="rating of the shunt; the same")
    ocv: str = Field(
        "", description="CSV file (soc, and voltage, or discharge and charge) with the cells' own open-circuit voltage"
    )


class Loop(Section):
    """The master's control loop."""

    period: Annotated[Second, Field(ge=0.05, le=1.0)] = Field(0.1, description="time between two samples")


class Bus(Section):
    """The serial line to the base board and the slaves."""

    port: str = Field("/dev/ttyUSB0", description="serial port")
    baud: Literal[9600, 19200, 38400, 57600, 115200] = Field(115200, description="bits a second")
    parity: Literal["even", "odd", "none"] = Field("even", description="none where the port cannot do parity")
    timeout: Annotated[Second, Field(ge=0.005, le=0.5)] = Field(0.02, description="wait for one answer")


class Sensors(Section):
    """What is measured, and how old it may be."""

    temperature: Literal["per_cell", "none"] = Field(
        "per_cell", description="none drops every temperature rule: only where nothing can be measured"
    )
    current_range: Current | None = Field(
        None,
        description="largest current the shunt can show; more is a fault (default: 20 C, or twice the largest cut)",
    )
    own_power: Annotated[Watt, Field(ge=0.0, le=500.0)] = Field(
        2.0,
        description="boards and master, through the shunt: with open contactors the rest is its zero error",
    )
    sample_age_warn: Annotated[Second, Field(ge=0.05, le=10.0)] | None = Field(
        None, description="age of data that is told (default: 0.3 s, at most 0.6 of sample_age)"
    )
    sample_age: Annotated[Second, Field(ge=0.1, le=10.0)] = Field(
        0.5, description="age from which data counts as unknown and both permissions are withdrawn"
    )
    temperature_age: Annotated[Second, Field(ge=0.5, le=60.0)] = Field(
        2.0, description="age from which a temperature counts as unknown"
    )
    gap: Annotated[Second, Field(ge=0.2, le=3600.0)] = Field(
        60.0, description="longest time between two samples (recorded or simulated data) that is no gap"
    )


class Rings(Section, Generic[V]):
    """The rings of one protection."""

    warn: V | Off | None = Field(None, description="people are told")
    warn_delay: Delay | None = Field(None, description="time beyond warn before it counts")
    limit: V | Off | None = Field(None, description="chargers or loads are asked to stop")
    limit_delay: Delay | None = Field(None, description="time beyond limit before it counts")
    cut: V | Off | None = Field(None, description="the contactor opens")
    delay: Delay | None = Field(None, description="time beyond cut before it counts")
    release: V | None = Field(None, description="value at which it clears")
    release_delay: Delay | None = Field(None, description="time at release before it clears")
    latch: Literal["off", "person", "retries", "installer"] | None = Field(
        None,
        description="who clears the cut: off = by itself, retries = by itself three times, then a person; installer = "
        "reset button for 10 s under a pressed emergency stop",
    )


class Layers(Rings[V], Generic[V]):
    """The same with the two layers behind the master: where nodes and chips can judge it too."""

    guard: V | Off | None = Field(None, description="hard limit in every node, apart from the master")
    guard_delay: Delay | None = Field(None, description="time beyond guard before the node opens its loop")
    afe: V | Off | None = Field(None, description="hard limit in the measuring chip")
    afe_delay: Delay | None = Field(None, description="time beyond afe before the chip trips")


def _section(kind: Any, help_text: str) -> Any:
    return Field(default_factory=kind, description=help_text)


class Protect(Section):
    """The protections; a ring set to "off" is removed, an absent one has its default."""

    cell_overvoltage: Layers[CellVolt] = _section(Layers[CellVolt], "one cell too high: charging is forbidden")
    cell_undervoltage: Layers[CellVolt] = _section(Layers[CellVolt], "one cell too low: discharging is forbidden")
    cell_damaged: Rings[CellVolt] = _section(Rings[CellVolt], "one cell so low that it is harmed: nothing is allowed")
    pack_overvoltage: Rings[PackVolt] = _section(Rings[PackVolt], "the whole pack too high: charging is forbidden")
    pack_undervoltage: Rings[PackVolt] = _section(Rings[PackVolt], "the whole pack too low: discharging is forbidden")
    overcurrent_charge: Rings[Current] = _section(Rings[Current], "charged too hard for long")
    overcurrent_charge_peak: Rings[Current] = _section(Rings[Current], "charged far too hard")
    overcurrent_discharge: Rings[Current] = _section(Rings[Current], "loaded too hard for long")
    overcurrent_discharge_peak: Rings[Current] = _section(Rings[Current], "loaded far too hard")
    overtemperature_charge: Layers[Temperature] = _section(Layers[Temperature], "a cell too hot to be charged")
    undertemperature_charge: Layers[Temperature] = _section(Layers[Temperature], "a cell too cold to be charged")
    overtemperature_discharge: Layers[Temperature] = _section(Layers[Temperature], "a cell too hot for anything")
    undertemperature_discharge: Layers[Temperature] = _section(Layers[Temperature], "a cell too cold to be discharged")
    voltage_spread: Rings[SpreadVolt] = _section(
        Rings[SpreadVolt], "highest less lowest cell, judged at less than 0.05 C or above the knee"
    )
    temperature_spread: Rings[SpreadKelvin] = _section(Rings[SpreadKelvin], "warmest less coldest cell")
    resistance_spread: Rings[Percent] = _section(Rings[Percent], "largest resistance of a cell above the median")
    temperature_rate: Rings[Rate] = _section(Rings[Rate], "a cell heats up fast")
    board_temperature: Rings[Temperature] = _section(Rings[Temperature], "a board too hot")
    supply: Rings[SupplyVolt] = _section(Rings[SupplyVolt], "the boards' 12 V supply too low")
    sum_of_cells: Rings[Percent] = _section(Rings[Percent], "sum of cells against the measured pack voltage")
    current_while_open: Rings[Current] = _section(Rings[Current], "current though both contactors are open")
    charge_while_forbidden: Rings[Current] = _section(
        Rings[Current], "net charging though forbidden and the charge contactor is open: the load contactor opens"
    )


class Contactors(Section):
    """How the two contactors, or the common one, close, open and close again."""

    bus: Literal["separate", "common"] = Field(
        "separate",
        description="separate: chargers and loads behind a contactor each; common: one bus behind one contactor",
    )
    ready_samples: Annotated[int, Field(ge=1, le=1000)] = Field(
        10, description="full, valid samples in a row before the first closing"
    )
    reclose_delay: Annotated[Second, Field(ge=0.0, le=3600.0)] = Field(
        5.0, description="permission without a break before a contactor that opened closes again"
    )
    feedback: bool = Field(True, description="auxiliary contacts are wired and judged")
    feedback_delay: Annotated[Second, Field(ge=0.1, le=5.0)] = Field(
        0.5, description="time a contactor may differ from its command"
    )
    pre_charge_voltage: Annotated[Volt, Field(ge=0.1, le=10.0)] = Field(
        1.0, description="difference of load bus and pack at which pre-charge has ended"
    )
    pre_charge_current: Current | None = Field(
        None, description="current below which pre-charge has ended (default: 0.002 C, at least 0.05 A)"
    )
    pre_charge_timeout: Annotated[Second, Field(ge=0.1, le=30.0)] = Field(2.0, description="longest pre-charge")
    pre_charge_tries: Annotated[int, Field(ge=1, le=10)] = Field(3, description="tries before a person is needed")
    pre_charge_lockout: Annotated[Second, Field(ge=1.0, le=600.0)] = Field(
        10.0, description="pause between two tries: the resistor cools"
    )
    reclose_voltage: CellVolt | None = Field(
        None, description="lowest cell at which loads come back after an undervoltage cut"
    )
    reclose_current: Current | None = Field(
        None, description="net charging current that must flow before they do (default: 0.02 C)"
    )
    reclose_time: Annotated[Second, Field(ge=0.0, le=7200.0)] = Field(300.0, description="and for how long")
    close_voltage: Annotated[Volt, Field(ge=0.1, le=40.0)] | None = Field(
        None, description="most by which the charge bus may lie above the pack to be closed on (default: half the pack)"
    )
    closings: Annotated[int, Field(ge=1, le=1000)] = Field(
        12, description="closings of one contactor in an hour before a person is needed"
    )
    breaking_current: Current | None = Field(
        None, description="largest current that the contactors can break; above it the fuse is waited for, for 3 s"
    )
    kind: Literal["monostable", "bistable"] = Field(
        "monostable", description="bistable contactors stay closed when power is lost"
    )
    stored_energy: bool = Field(
        False, description="hardware opens bistable contactors from stored energy on loss of a loop or of supply"
    )
    store_voltage: Annotated[Volt, Field(ge=5.0, le=85.0)] | None = Field(
        None, description="voltage of that store from which it opens them for certain; checked before every closing"
    )
    load_hold: Annotated[Second, Field(ge=0.0, le=600.0)] = Field(
        60.0, description="time the nodes hold the load contactor when the master is lost"
    )


class Sleep(Section):
    """Deep discharge: everything sleeps before an empty battery is harmed; a charger or the reset button wakes it."""

    voltage: CellVolt | Off | None = Field(
        None, description="lowest cell below which it sleeps (default: 0.2 V above the cut of cell_undervoltage)"
    )
    delay: Annotated[Second, Field(ge=1.0, le=86400.0)] = Field(
        600.0, description="time below it with the loads cut off and nothing charging"
    )
    wake_hours: Annotated[float, Field(ge=0.1, le=168.0)] = Field(
        6.0, description="time after which it wakes by itself to look at the battery"
    )
    command: Annotated[str, Field(max_length=200)] = Field(
        "", description="what switches the master's computer off then, for instance: systemctl poweroff"
    )


Role = Literal["unused", "charger_enable", "load", "alarm", "heater", "generator", "fan", "backup", "general"]


class Output(Section):
    """One of the six relays of the base board."""

    name: Annotated[str, Field(min_length=1, max_length=40)] = Field("output", description="what it is called")
    role: Role = Field(
        "general",
        description="charger_enable: on while charging is allowed; load: on while discharging is allowed, shed at the "
        "limit ring; alarm: on at an alarm, and when the master is silent; backup: connects another battery before the "
        "loads are cut off; the others by ranges and by hand",
    )
    contact: Literal["no", "nc"] = Field(
        "no", description="nc: on means not energised; refused for chargers, heaters and generators"
    )
    drive: Literal["hold", "pulse"] = Field(
        "hold", description="pulse: a latching relay; off_coil is its second coil; refused as nc is"
    )
    off_coil: OutputNumber | None = Field(None, description="output that switches a latching relay off")
    pulse: Annotated[Second, Field(ge=0.1, le=2.0)] = Field(0.2, description="length of a pulse")


class Schema(Section):
    """Everything that can be set."""

    name: Annotated[str, Field(min_length=1, max_length=60)] = Field("TBMS", description="name of the battery")
    pack: Pack = _section(Pack, "cells, fuse, cables and shunt")
    loop: Loop = _section(Loop, "the master's control loop")
    bus: Bus = _section(Bus, "the serial line to the nodes")
    sensors: Sensors = _section(Sensors, "what is measured")
    protect: Protect = _section(Protect, "protections")
    contactors: Contactors = _section(Contactors, "pre-charge, closing and opening")
    sleep: Sleep = _section(Sleep, "deep discharge")
    outputs: Annotated[list[Output], Field(max_length=OUTPUTS)] = Field(
        default_factory=list, description="the six relays, in order; those left out are unused"
    )
    clock: Clock = _section(Clock, "wall clock and quiet hours")
    ranges: list[Range] = Field(default_factory=list, description="rules of the owner, as many as are wanted")
    charge: Charge = _section(Charge, "voltages, currents and profiles")
    balance: Balance = _section(Balance, "all cells brought to the same state of charge")
