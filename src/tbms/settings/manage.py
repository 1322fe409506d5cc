"""Keys of the energy management: clock, ranges, charging, balancing. Compiled in ranges.py and energy.py."""

from typing import Annotated, Literal

from pydantic import Field

from tbms.model.sample import OUTPUTS
from tbms.model.units import Ampere, Celsius, Fraction, Second, Volt
from tbms.settings.fields import CellVolt, Current, Section, Share

Time = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Patience = Annotated[Second, Field(ge=0.0, le=86400.0)]
OutputNumber = Annotated[int, Field(ge=1, le=OUTPUTS)]
Days = Annotated[float, Field(gt=0.0, le=366.0)]
Profile = Literal["normal", "cycle", "store", "away", "ready", "balance"]

MEASURES = Literal[
    "cell_voltage", "pack_voltage", "current", "power", "soc", "soh", "temperature", "resistance",
    "solar_power", "board_temperature", "supply", "input", "output", "charger_state", "alarm", "time_of_day",
]  # fmt: skip
OF = Literal["lowest", "highest", "average", "spread", "solar", "alternator", "shore"]


class Clock(Section):
    """The wall clock, for rules by the time of day; until it has been set, no such rule acts."""

    utc_offset_hours: Annotated[float, Field(ge=-12.0, le=14.0)] = Field(0.0, description="local time less UTC")
    quiet_from: Time | None = Field(None, description="quiet hours begin, local time HH:MM (default: no quiet hours)")
    quiet_to: Time | None = Field(None, description="quiet hours end, local time HH:MM")


class Condition(Section):
    """What a range looks at, and the values at which it starts and stops."""

    measure: MEASURES | None = Field(
        None,
        description="what is looked at; soc, soh are fractions 0..1; current and power are positive while charging; "
        "alarm is the deepest ring of any fault; solar_power is what solar chargers tell",
    )
    of: OF | Annotated[int, Field(ge=1, le=16)] | None = Field(
        None,
        description="for cell_voltage, temperature, resistance: which; a number is a cell, an input or an output; for "
        "charger_state: whose own (default: as the charge management decides)",
    )
    start: float | str | None = Field(
        None,
        description='it starts beyond this value; for input and output "on" or "off", for alarm "warn", "limit" or '
        '"cut", for time_of_day "HH:MM", for charger_state "off", "bulk", "absorption" or "float"',
    )
    stop: float | str | None = Field(
        None, description='it stops at this value; must lie on the other side of start (time_of_day: "HH:MM")'
    )
    delay: Patience = Field(5.0, description="time beyond start before it counts")
    stop_delay: Patience = Field(5.0, description="time at stop before it ends")
    quiet_start: float | Literal["off"] | None = Field(
        None, description="start in quiet hours; off: never starts then (default: start)"
    )
    quiet_stop: float | None = Field(None, description="stop in quiet hours (default: stop)")


class Range(Section):
    """One rule of the owner: when its conditions hold, it drives outputs, an alarm or a charge profile."""

    name: Annotated[str, Field(min_length=1, max_length=40)] = Field("range", description="what it is called")
    when: list[Condition] = Field(default_factory=list, description="its conditions")
    join: Literal["all", "any"] = Field("all", description="how several conditions are joined")
    outputs: list[OutputNumber] = Field(default_factory=list, description="outputs that are on while it runs")
    warm_outputs: list[OutputNumber] = Field(
        default_factory=list, description="outputs that are on while it runs, after warm_up and before cool_down"
    )
    inhibit: list[OutputNumber] = Field(default_factory=list, description="outputs that are kept off while it runs")
    alarm: Literal["none", "warning", "alarm"] = Field("none", description="what LED, buzzer and log make of it")
    profile: Profile | None = Field(None, description="charge profile while it runs")
    minimum_on: Patience = Field(0.0, description="shortest run")
    minimum_off: Patience = Field(0.0, description="shortest pause between two runs")
    maximum_on: Patience | None = Field(None, description="longest run; then it pauses for minimum_off")
    warm_up: Patience = Field(0.0, description="time from its start until warm_outputs go on")
    cool_down: Patience = Field(0.0, description="time its outputs stay on after warm_outputs went off")
    exercise_days: Days | None = Field(
        None, description="longest time without a run; then it runs for exercise_time, outside quiet hours"
    )
    exercise_time: Patience = Field(900.0, description="how long such a run lasts")
    unknown: Literal["off", "hold", "on"] = Field(
        "off", description="what a condition counts as while its measure is unknown; off ends a run at once"
    )


class VoltagePoint(Section):
    """A point of a table over a cell's voltage."""

    at: CellVolt = Field(3.4, description="voltage of the cell")
    share: Share = Field(1.0, description="share of the largest current")


class TemperaturePoint(Section):
    """A point of a table over temperature."""

    at: Annotated[Celsius, Field(ge=-60.0, le=120.0)] = Field(20.0, description="temperature of the cell")
    share: Share = Field(1.0, description="share of the largest current")


class SocPoint(Section):
    """A point of a table over the state of charge."""

    at: Share = Field(1.0, description="state of charge")
    share: Share = Field(1.0, description="share of the largest current")


class Charge(Section):
    """What the chargers are meant to do; V per cell."""

    absorption: CellVolt | None = Field(None, description="voltage of the highest cell that counts as full")
    tail: Current | None = Field(None, description="current at which absorption ends (default: 0.05 C)")
    float: CellVolt | None = Field(None, description="voltage held when full")
    tail_time: Annotated[Second, Field(ge=1.0, le=3600.0)] = Field(
        60.0, description="time below tail at absorption voltage that counts as full"
    )
    absorption_time: Annotated[Second, Field(ge=60.0, le=86400.0)] = Field(
        7200.0, description="longest absorption, whatever the current"
    )
    rebulk_soc: Share = Field(0.95, description="state of charge below which float ends")
    current: Current | None = Field(None, description="largest charge current asked for")
    discharge_current: Current | None = Field(None, description="largest discharge current offered")
    by_voltage: list[VoltagePoint] = Field(
        default_factory=list, description="charge current over the highest cell (default: from absorption and rings)"
    )
    by_temperature: list[TemperaturePoint] = Field(
        default_factory=list, description="charge current over the coldest and the hottest cell (default: from rings)"
    )
    by_soc: list[SocPoint] = Field(
        default_factory=list, description="charge current over the state of charge (default: no such limit)"
    )
    discharge_by_voltage: list[VoltagePoint] = Field(
        default_factory=list, description="discharge current over the lowest cell (default: from rings)"
    )
    discharge_by_temperature: list[TemperaturePoint] = Field(
        default_factory=list, description="discharge current over coldest and hottest cell (default: from rings)"
    )
    hold: Annotated[Second, Field(ge=0.0, le=3600.0)] = Field(
        30.0, description="time a lowered limit stays before it may rise again"
    )
    rise: Annotated[Fraction, Field(gt=0.0, le=1.0)] = Field(
        0.02, description="share of the largest current by which a limit rises in a second"
    )
    profile: Profile = Field(
        "normal",
        description="normal: to full at any time; cycle: full, then off until cycle_low, up to cycle_high, full every "
        "full_days; store 40-50 %, away 45-55 %, ready 95-100 %, balance 99-100 %",
    )
    cycle_low: Share = Field(0.35, description="profile cycle: charging begins again here")
    cycle_high: Share = Field(0.80, description="profile cycle: and ends here")
    full_days: Days = Field(30.0, description="profile cycle: longest time between two full charges")


class Balance(Section):
    """Balancing of the cells."""

    mode: Literal["off", "passive", "active"] = Field(
        "passive", description="passive: bleeds high cells; active: moves charge out of the highest cell"
    )
    start: Annotated[Volt, Field(ge=0.001, le=0.5)] = Field(0.010, description="difference at which it starts")
    stop: Annotated[Volt, Field(ge=0.0, le=0.5)] = Field(0.005, description="difference at which it stops")
    window: CellVolt | None = Field(None, description="highest cell above which it balances")
    donor_minimum: CellVolt | None = Field(None, description="lowest voltage of a donor")
    receiver_maximum: CellVolt | None = Field(None, description="highest voltage of the lowest cell")
    basis: Literal["measured", "ocv"] = Field(
        "measured", description="ocv: voltages less current times the cell's own resistance, where that is known"
    )
    current: Annotated[Ampere, Field(gt=0.0, le=20.0)] = Field(
        0.15, description="current of one balancer, for the charge that is recorded"
    )
