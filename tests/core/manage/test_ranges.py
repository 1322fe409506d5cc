"""The owner's ranges: when they begin and end, what they drive, and why."""

from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import PERIOD, Rig, make

from tbms.core.manage import manage
from tbms.core.manage.ranges import Stage
from tbms.core.manage.scene import READERS, Scene, within
from tbms.model.action import Buzzer, Led
from tbms.model.command import Command, CommandKind
from tbms.model.event import Event, EventKind, Phase
from tbms.model.sample import Sample, SourceKind, SourceReport, SourceState
from tbms.settings import load
from tbms.settings.measures import KINDS

EXAMPLES = Path(__file__).parents[3] / "examples"
ROLES = ("charger_enable", "load", "heater", "fan", "generator", "charger_enable")
NOON = 1.7e9 - 1.7e9 % 86400 + 12 * 3600


def rig(*ranges: str, soc: float = 0.5, more: tuple[str, ...] = (), live: bool = True) -> "Clocked":
    """Four cells with an output of every role, and ranges given as the keys of ranges[1], ranges[2].. joined by |."""
    keys = [f"ranges[{n}].{key.strip()}" for n, one in enumerate(ranges, 1) for key in one.split("|")]
    roles = [f"outputs[{n}].role={role}" for n, role in enumerate(ROLES, 1)]
    made = Clocked(make("pack.cells=4", "pack.capacity=100", *roles, *keys, *more), soc=soc, live=live)
    if live:
        made.ready()
    return made


class Clocked(Rig):
    """A battery whose wall clock can be set: UTC at time 0, 0 for a clock that was never set."""

    utc = NOON
    midnight = 0.0
    sources: tuple[SourceReport, ...] = ()

    def sample(self) -> Sample:
        timestamp = self.utc + self.time if self.utc else self.time
        return replace(super().sample(), timestamp=timestamp, sources=self.sources)

    def estimated(self, seconds: int, soc: float, sigma: float = 0.01) -> list[Event]:
        """Only management goes on, as if the estimator said so."""
        measured, events = self.state.measured, list[Event]()
        assert measured is not None
        for _ in range(seconds * 10):
            clock = self.state.clock + PERIOD
            judged = measured._replace(clock=clock, dt=PERIOD)
            known = self.state.estimate._replace(soc=soc, soc_sigma=sigma)
            scene = Scene(judged, known, self.state.verdict, self.state.relays.on, (), self.midnight)
            scene = scene._replace(sources=self.sources)
            managed = manage.advance(self.state.managed, scene, self.settings, events)
            self.state = self.state._replace(managed=managed, clock=clock)
        return events


def wished(one: Rig, number: int) -> str:
    """What the ranges want of an output, and why."""
    wish = one.state.managed.effects.wishes[number - 1]
    return "" if wish is None else f"{'on' if wish.on else 'off'}: {wish.cause}"


def outputs(one: Rig) -> str:
    """Numbers of the outputs that are on, without chargers and loads."""
    return "".join(str(n) for n, on in enumerate(one.done().outputs, 1) if on and n in (3, 4, 5))


def causes(events: list[Event], key: str) -> list[str]:
    return [f"{event.value}: {event.cause}" for event in events if event.key == key]


FAN = 'name=Fan|outputs=[4]|when=[{measure="temperature", start=35, stop=27}]'


def test_the_fan_of_the_product() -> None:
    one = rig(FAN)
    one.temperatures[2] = 35.0
    one.run(20)
    assert outputs(one) == ""
    one.temperatures[2] = 36.0
    one.run(4.9)
    assert outputs(one) == ""
    events = one.run(0.2)
    assert outputs(one) == "4"
    assert causes(events, "output_4") == ["on: Fan: hottest cell 36.0 °C > 35.0 °C for 5 s"]
    one.temperatures[2] = 27.1
    one.run(60)
    assert outputs(one) == "4"
    one.temperatures[2] = 27.0
    events = one.run(5.1)
    assert causes(events, "output_4") == ["off: Fan: hottest cell 27.0 °C ≤ 27.0 °C for 5 s"]
    told = [(e.phase, e.value) for e in one.events if e.kind is EventKind.RANGE]
    assert told == [(Phase.CAME, "on"), (Phase.WENT, "off")]


def test_the_water_heater_of_the_product() -> None:
    one = rig('name=Water heater|outputs=[3]|when=[{measure="soc", start=0.80, stop=0.50}]')
    for soc, on in (
        (0.79, False),
        (0.81, True),
        (0.60, True),
        (0.501, True),
        (0.5, False),
        (0.79, False),
        (0.81, True),
    ):
        one.estimated(6, soc)
        assert wished(one, 3).startswith("on" if on else "off"), soc
    assert wished(one, 3) == "on: Water heater: state of charge 81.0 % > 80.0 % for 5 s"


def test_an_uncertain_state_of_charge_is_unknown() -> None:
    one = rig('outputs=[3]|when=[{measure="soc", start=0.80, stop=0.50}]')
    one.estimated(6, 0.9)
    assert wished(one, 3).startswith("on")
    one.estimated(1, 0.9, 0.27)
    assert wished(one, 3) == "off: range: state of charge unknown"


@pytest.mark.parametrize(("measure", "key", "good"), [("soh", "soh", 0.85), ("resistance", "resistance", (0.002,) * 4)])
def test_what_the_estimator_says_is_looked_at(measure: str, key: str, good: object) -> None:
    one = rig(f'outputs=[3]|when=[{{measure="{measure}", start=0.001, stop=0, delay=1, stop_delay=1}}]')
    known: dict[str, Any] = {key: good}
    one.state = one.state._replace(estimate=one.state.estimate._replace(**known))
    one.estimated(2, 0.5)
    assert wished(one, 3).startswith("on")
    known = {key: None if key == "soh" else ()}
    one.state = one.state._replace(estimate=one.state.estimate._replace(**known))
    one.estimated(1, 0.5)
    assert wished(one, 3).endswith("unknown")


def site() -> Clocked:
    """The example of a technical site, 16 cells, with its generator."""
    one = Clocked(load(EXAMPLES / "site-48v.toml"))
    one.run(5)
    return one


def test_the_generator_of_the_product_warms_up_runs_and_cools_down() -> None:
    one = site()
    chargers, generator = 1, 4
    one.cells[2] = 3.170
    one.run(59.9)
    assert not one.done().outputs[generator]
    one.run(0.2)
    assert one.done().outputs[generator]
    assert not one.done().outputs[chargers]
    assert "Generator: lowest cell 3.170 V < 3.175 V for 60 s" in [e.cause for e in one.events]
    one.run(120.1)
    assert one.done().outputs[chargers]
    one.cells = [3.4] * 16
    one.run(1700, dt=1.0)
    assert one.done().outputs[chargers]
    one.cells = [3.5] * 16
    events = one.run(70, dt=1.0)
    assert not one.done().outputs[chargers]
    assert one.done().outputs[generator]
    assert any("lowest cell 3.500 V ≥ 3.500 V for 60 s" in e.cause for e in events)
    one.run(180, dt=1.0)
    assert not one.done().outputs[generator]


def test_fan_and_water_heater_as_written_for_the_boat() -> None:
    one = Clocked(load(EXAMPLES / "boat-24v.toml"))
    one.run(5)
    fan = 5
    for temperature, on in ((34.9, False), (35.1, True), (27.1, True), (27.0, False)):
        one.temperatures[6] = temperature
        one.run(31)
        assert one.done().outputs[fan] is on, temperature
    for soc, on in ((0.799, False), (0.801, True), (0.501, True), (0.499, False)):
        one.estimated(306, soc)
        assert wished(one, 5).startswith("on" if on else "off"), soc


def test_cell_heater_in_frost_as_written_for_the_camper() -> None:
    one = Clocked(load(EXAMPLES / "camper-12v.toml"))
    one.run(5)
    one.temperatures[1] = 4.0
    one.run(1)
    one.estimated(61, 0.5)
    assert wished(one, 5).startswith("on: Cell heater in frost: coldest cell 4.0 °C < 5.0 °C for 60 s")
    assert one.state.managed.effects.inhibited[0].startswith("Cell heater in frost")
    one.estimated(6, 0.15)
    assert wished(one, 5).startswith("off")  # not with the last of the charge
    assert not any(one.state.managed.effects.inhibited)


def test_water_from_surplus_sun_as_written_for_the_camper() -> None:
    one = Clocked(load(EXAMPLES / "camper-12v.toml"))
    one.run(5)
    one.estimated(61, 0.96)
    assert wished(one, 6).startswith("off")  # no charger tells of any sun
    one.sources = (SourceReport("mppt", SourceKind.SOLAR, 0.5, 149.0),)
    one.estimated(61, 0.96)
    assert wished(one, 6).startswith("off")
    one.sources = (SourceReport("mppt", SourceKind.SOLAR, 0.5, 151.0),)
    one.estimated(61, 0.96)
    start = "state of charge 96.0 % > 95.0 % for 60 s and solar power 151 W > 150 W for 30 s"
    assert wished(one, 6) == f"on: Water from the sun: {start}"
    one.estimated(300, 0.96)
    one.sources = (SourceReport("mppt", SourceKind.SOLAR, 0.5, 60.0),)
    one.estimated(119, 0.96)
    assert wished(one, 6).startswith("on")
    one.estimated(2, 0.96)
    assert wished(one, 6) == "off: Water from the sun: solar power 60 W ≤ 60 W for 120 s"


def test_a_solar_charger_that_falls_silent_ends_what_lives_on_it() -> None:
    one = rig('outputs=[3]|name=Boiler|when=[{measure="solar_power", start=150, stop=60, delay=1}]')
    for age, power, on in ((0.5, 300.0, True), (11.0, 300.0, False), (0.5, 300.0, True), (0.5, None, False)):
        one.sources = (SourceReport("mppt", SourceKind.SOLAR, age, power),)
        one.run(2)
        assert outputs(one) == ("3" if on else "")
    assert wished(one, 3) == "off: Boiler: solar power unknown"


def test_solar_power_is_that_of_all_solar_chargers_and_of_no_other() -> None:
    one = rig('outputs=[3]|when=[{measure="solar_power", start=150, stop=60, delay=1}]')
    shore = SourceReport("shore", SourceKind.SHORE, 0.5, 900.0)
    first, second = (SourceReport(name, SourceKind.SOLAR, 0.5, 80.0) for name in ("left", "right"))
    for told, on in (((first, shore), False), ((first, second), True), ((first, replace(second, age=30.0)), False)):
        one.sources = told
        one.run(2)
        assert outputs(one) == ("3" if on else ""), told


def test_the_charge_as_it_is_managed() -> None:
    one = rig(
        'outputs=[3]|name=A|when=[{measure="charger_state", start="absorption", delay=1}]',
        'outputs=[5]|name=B|when=[{measure="charger_state", start="off", delay=1}]',
    )
    one.current, one.cells = 20.0, [3.40] * 4
    one.run(6)
    assert outputs(one) == ""  # bulk
    one.cells = [3.45] * 4
    events = one.run(3)
    assert causes(events, "output_3") == ["on: A: charge in absorption seen for 1 s"]
    one.cells = [3.66] * 4  # charging is forbidden
    events = one.run(8)
    assert causes(events, "output_3") == ["off: A: charge in absorption not seen for 5 s"]
    assert causes(events, "output_5") == ["on: B: charge off seen for 1 s"]


def test_what_a_charger_says_of_itself() -> None:
    one = rig('outputs=[3]|name=A|when=[{measure="charger_state", of="shore", start="float", delay=1, stop_delay=1}]')
    for kind, age, state, on in (
        (SourceKind.SHORE, 0.5, SourceState.BULK, False),
        (SourceKind.SHORE, 0.5, SourceState.FLOAT, True),
        (SourceKind.SOLAR, 0.5, SourceState.FLOAT, False),
        (SourceKind.SHORE, 0.5, SourceState.FLOAT, True),
        (SourceKind.SHORE, 20.0, SourceState.FLOAT, False),
        (SourceKind.SHORE, 0.5, SourceState.FLOAT, True),
        (SourceKind.SHORE, 0.5, None, False),
    ):
        one.sources = (SourceReport("charger", kind, age, None, state),)
        one.run(2.5)
        assert outputs(one) == ("3" if on else ""), (kind, age, state)
    assert wished(one, 3) == "off: A: shore charger in float unknown"


def test_a_longest_run_and_the_pause_after_it() -> None:
    one = rig(
        'outputs=[5]|maximum_on=30|minimum_off=20|when=[{measure="cell_voltage", start=3.175, stop=3.5, delay=1}]'
    )
    one.cells[0] = 3.17
    one.run(1.2)
    assert outputs(one) == "5"
    one.run(29.5)
    assert outputs(one) == "5"
    events = one.run(1)
    assert "ran for 30 s, the longest allowed" in causes(events, "output_5")[0]
    one.run(18.5)
    assert outputs(one) == ""
    one.run(1.5)
    assert outputs(one) == "5"


def test_a_shortest_run_holds_on() -> None:
    one = rig('outputs=[5]|minimum_on=30|when=[{measure="cell_voltage", start=3.175, stop=3.2, delay=1, stop_delay=1}]')
    one.cells[0] = 3.17
    one.run(2)
    one.cells[0] = 3.3
    one.run(27)
    assert outputs(one) == "5"
    one.run(4)
    assert outputs(one) == ""


def test_exercise_after_days_of_rest_outside_quiet_hours() -> None:
    quiet = ("clock.quiet_from=11:00", "clock.quiet_to=14:00", "sensors.gap=3600")
    one = rig(
        'name=Gen|outputs=[5]|exercise_days=1|exercise_time=600|when=[{measure="cell_voltage", start=3.1, stop=3.3}]',
        more=quiet,
    )
    one.run(86400, dt=600.0)
    assert outputs(one) == ""  # noon, in quiet hours
    one.run(7200, dt=600.0)
    assert outputs(one) == "5"
    assert "on: Gen: exercise: no run for 1 days" in causes(one.events, "output_5")
    one.run(600, dt=60.0)
    assert outputs(one) == ""
    assert "off: Gen: exercise ended" in causes(one.events, "output_5")


def test_an_exercise_waits_for_a_clock_and_goes_on_through_unknown_values() -> None:
    one = rig('outputs=[5]|exercise_days=0.001|exercise_time=60|when=[{measure="input", of=4}]')
    one.utc = 0.0
    one.run(200, dt=1.0)
    assert outputs(one) == ""
    one.utc = NOON
    one.run(2, dt=1.0)
    assert outputs(one) == "5"
    one.run(57, dt=1.0)
    assert outputs(one) == "5"
    one.run(3, dt=1.0)
    assert outputs(one) == ""


def test_quiet_hours_have_their_own_values() -> None:
    rule = (
        'outputs=[5]|when=[{measure="cell_voltage", start=3.175, stop=3.5, quiet_start=3.10, quiet_stop=3.2, delay=1}]'
    )
    one = rig(rule, more=("clock.quiet_from=21:00", "clock.quiet_to=06:00", "clock.utc_offset_hours=10"))
    one.cells[0] = 3.15  # 22 h local time
    one.run(5)
    assert outputs(one) == ""
    one.cells[0] = 3.09
    one.run(2)
    assert outputs(one) == "5"
    one.cells[0] = 3.15
    one.run(10)
    assert outputs(one) == "5"
    one.cells[0] = 3.2
    one.run(6)
    assert outputs(one) == ""
    one.utc += 10 * 3600
    one.cells[0] = 3.17
    one.run(2)
    assert outputs(one) == "5"


@pytest.mark.parametrize(
    "when",
    [
        '{measure="cell_voltage", start=3.175, stop=3.5, quiet_start="off"}',
        '{measure="input", of=1, quiet_start="off"}',
    ],
)
def test_never_in_quiet_hours(when: str) -> None:
    one = rig(f"name=Gen|outputs=[5]|when=[{when}]", more=("clock.quiet_from=11:00", "clock.quiet_to=14:00"))
    one.cells[0], one.switches["inputs"] = 3.0, (True, False)
    one.run(20)
    assert outputs(one) == ""
    one.utc += 3 * 3600
    one.run(6)
    assert outputs(one) == "5"
    one.utc -= 3 * 3600
    one.run(6)
    assert outputs(one) == ""
    assert causes(one.events, "output_5")[-1].endswith("not in quiet hours")


def test_without_a_clock_there_are_no_quiet_hours_and_no_time_of_day() -> None:
    one = rig(
        'outputs=[5]|when=[{measure="cell_voltage", start=3.175, stop=3.5, quiet_start="off"}]',
        'outputs=[3]|when=[{measure="time_of_day", start="00:00", stop="23:59"}]',
        more=("clock.quiet_from=11:00", "clock.quiet_to=14:00"),
    )
    one.cells[0], one.utc = 3.0, 0.0
    one.run(6)
    assert outputs(one) == "5"
    one.utc = NOON
    one.run(6)
    assert outputs(one) == "3"
    assert one.state.managed.ranges.runs[1].cause == "time of day in its window for 5 s"


@pytest.mark.parametrize(("time", "inside"), [(21, True), (0, True), (5.9, True), (6, False), (12, False)])
def test_a_window_may_go_over_midnight(time: float, inside: bool) -> None:
    assert within((21 * 3600.0, 6 * 3600.0), time * 3600.0) is inside


TWO = (
    'when=[{measure="temperature", start=35, stop=27, delay=1, stop_delay=1}, '
    '{measure="input", of=2, delay=1, stop_delay=1}]'
)


@pytest.mark.parametrize(("join", "hot", "switch", "on"), [
    ("all", True, False, False), ("all", False, True, False), ("all", True, True, True),
    ("any", True, False, True), ("any", False, True, True), ("any", False, False, False),
])  # fmt: skip
def test_conditions_are_joined(join: str, hot: bool, switch: bool, on: bool) -> None:
    one = rig(f"outputs=[4]|join={join}|{TWO}")
    one.temperatures[0] = 36.0 if hot else 20.0
    one.switches["inputs"] = (False, switch)
    one.run(2)
    assert outputs(one) == ("4" if on else "")
    run = one.state.managed.ranges.runs[0]
    assert ("and" in run.cause) is (join == "all" and on)
    one.temperatures[0], one.switches["inputs"] = 20.0, (False, False)
    events = one.run(2)
    assert outputs(one) == ""
    if on and join == "all":
        assert "input 2 not on for 1 s" in causes(events, "output_4")[0]


UNKNOWN = 'outputs=[4]|when=[{measure="temperature", start=35, stop=27, delay=2}]|unknown='


@pytest.mark.parametrize(("unknown", "running", "resting"), [("off", "", ""), ("hold", "4", ""), ("on", "4", "4")])
def test_an_unknown_measure_acts_as_the_range_says(unknown: str, running: str, resting: str) -> None:
    one = rig(UNKNOWN + unknown)
    one.temperatures[0] = None
    one.run(10)
    assert outputs(one) == resting
    one.temperatures[0] = 36.0
    one.run(2.5)
    assert outputs(one) == "4"
    one.temperatures[0] = None
    one.run(10)
    assert outputs(one) == running
    one.temperatures[0] = 20.0
    one.run(6)
    assert outputs(one) == ""


def test_nothing_goes_on_before_a_full_valid_set_has_been_seen() -> None:
    one = rig(UNKNOWN + "on", live=False)
    one.temperatures = [None] * 4
    one.run(5)
    assert outputs(one) == ""
    one.temperatures = [20.0] * 4
    one.tick()
    one.temperatures = [None] * 4
    one.run(1)
    assert outputs(one) == "4"


@pytest.mark.parametrize("unknown", ["off", "hold"])
def test_a_delay_does_not_run_on_through_unknown_values(unknown: str) -> None:
    one = rig(UNKNOWN + unknown)
    one.temperatures[0] = 36.0
    one.run(1.0)
    one.temperatures[0] = None
    one.run(10)
    assert outputs(one) == ""


def test_an_alarm_lights_the_panel_and_sounds() -> None:
    one = rig(
        'alarm=warning|when=[{measure="input", of=1, delay=1}]', 'alarm=alarm|when=[{measure="input", of=2, delay=1}]'
    )
    assert (one.done().led, one.done().buzzer) == (Led.OK, Buzzer.SILENT)
    one.switches["inputs"] = (True, False)
    one.run(1.1)
    assert (one.done().led, one.done().buzzer) == (Led.WARNING, Buzzer.WARNING)
    one.switches["inputs"] = (True, True)
    one.run(1.1)
    assert (one.done().led, one.done().buzzer) == (Led.ALARM, Buzzer.ALARM)
    assert one.done().load_contactor


def test_what_was_acknowledged_sounds_again_when_another_range_begins() -> None:
    one = rig(
        'alarm=warning|when=[{measure="input", of=1, delay=1, stop_delay=1}]',
        'alarm=warning|when=[{measure="input", of=2, delay=1}]',
    )
    one.switches["inputs"] = (True, False)
    one.run(1.1)
    one.tick(Command(CommandKind.ACKNOWLEDGE))
    assert (one.done().led, one.done().buzzer) == (Led.WARNING, Buzzer.SILENT)
    one.switches["inputs"] = (True, True)
    one.run(1.2)
    assert one.done().buzzer is Buzzer.WARNING
    one.tick(Command(CommandKind.ACKNOWLEDGE))
    one.switches["inputs"] = (False, True)
    one.run(1.2)
    assert one.done().buzzer is Buzzer.SILENT


def test_an_inhibited_output_stays_off_whatever_its_role_wants() -> None:
    one = rig(
        'name=Frost|inhibit=[1]|when=[{measure="temperature", of="lowest", start=5, stop=10, delay=1, stop_delay=1}]'
    )
    assert one.done().outputs[0]
    one.temperatures[1] = 4.0
    events = one.run(1.1)
    assert not one.done().outputs[0]
    assert one.done().charge_contactor
    assert causes(events, "output_1") == ["off: Frost: coldest cell 4.0 °C < 5.0 °C for 1 s"]
    one.tick(Command(CommandKind.OUTPUT, 1, "on", "Ann"))
    assert one.done().outputs[0]  # a person comes first, within what is permitted


def test_two_ranges_may_drive_one_output() -> None:
    one = rig(FAN, 'name=Damp|outputs=[4]|when=[{measure="input", of=1, delay=1}]')
    one.switches["inputs"] = (True,)
    one.run(1.2)
    assert outputs(one) == "4"
    one.temperatures[0] = 40.0
    one.run(6)
    one.switches["inputs"] = (False,)
    one.run(10)
    assert outputs(one) == "4"


def test_a_range_may_follow_an_output_and_the_alarm_level() -> None:
    one = rig(
        'outputs=[4]|when=[{measure="output", of=2, start="off", delay=1}]',
        'outputs=[3]|when=[{measure="alarm", start="warn", delay=1}]',
    )
    one.run(6)
    assert outputs(one) == ""
    one.events.clear()
    one.tick(Command(CommandKind.OUTPUT, 2, "off"))
    one.run(2)
    assert outputs(one) == "4"
    one.cells[0] = 3.56
    one.run(7)
    assert outputs(one) == "34"
    assert causes(one.events, "output_3") == ["on: range: alarm level reached for 1 s"]
    assert causes(one.events, "output_4") == ["on: range: output 2 off for 1 s"]


@pytest.mark.parametrize("role", [3, 5])
def test_a_stop_stops_heaters_and_generators(role: int) -> None:
    one = rig(f'outputs=[{role}]|when=[{{measure="input", of=1, delay=1}}]')
    one.switches["inputs"] = (True,)
    one.run(1.2)
    assert outputs(one) == str(role)
    one.tick(Command(CommandKind.STOP, who="Ann"))
    assert outputs(one) == ""
    assert causes(one.events, f"output_{role}")[-1] == "off: stopped by Ann"


def test_the_emergency_stop_stops_heaters() -> None:
    one = rig('outputs=[3]|when=[{measure="input", of=1, delay=1}]')
    one.switches["inputs"] = (True,)
    one.run(1.2)
    one.switches["emergency_stop"] = True
    one.run(0.3)
    assert outputs(one) == ""
    assert causes(one.events, "output_3")[-1] == "off: emergency stop pressed"


EVERY = [
    ("cell_voltage", 'of="highest", start=3.25, stop=3.2'), ("cell_voltage", 'of="average", start=3.25, stop=3.2'),
    ("cell_voltage", 'of="spread", start=0.05, stop=0.01'), ("cell_voltage", "of=3, start=3.25, stop=3.2"),
    ("pack_voltage", "start=13, stop=12"), ("current", "start=1, stop=0"), ("power", "start=20, stop=0"),
    ("temperature", 'of="average", start=15, stop=10'), ("temperature", "of=2, start=15, stop=10"),
    ("board_temperature", "start=30, stop=20"), ("supply", "start=11, stop=13"),
]  # fmt: skip


@pytest.mark.parametrize(("measure", "how"), EVERY)
def test_every_measure_is_looked_at(measure: str, how: str) -> None:
    one = rig(f'outputs=[4]|when=[{{measure="{measure}", {how}, delay=1}}]')
    one.current = 5.0
    one.cells[1] = 3.4
    one.node(1, board_temperature=31.0, supply=10.0)
    one.run(1.1)
    run = one.state.managed.ranges.runs[0]
    assert run.stage is Stage.ON, run.cause
    one.current, one.pack, one.cells, one.temperatures = None, None, [None] * 4, [None] * 4
    one.nodes = []
    one.run(1)
    assert "unknown" in one.state.managed.ranges.runs[0].cause


def test_every_measure_of_the_settings_has_a_reader() -> None:
    assert READERS.keys() == KINDS.keys()


def test_a_quiet_step_keeps_its_objects() -> None:
    one = rig(FAN, 'outputs=[3]|when=[{measure="soc", start=0.99, stop=0.5}]')
    one.run(120)
    before = one.state.managed
    one.tick()
    assert one.state.managed.ranges is before.ranges
    assert one.state.managed.effects is before.effects


def test_recorded_data_have_ranges_too() -> None:
    one = rig(FAN, live=False)
    one.temperatures[0] = 40.0
    one.run(6)
    assert outputs(one) == "4"


RULE = (
    "outputs=[4]|minimum_on=3|minimum_off=4|maximum_on=9|cool_down=1|warm_up=1|warm_outputs=[3]|"
    'when=[{measure="temperature", start=35, stop=27, delay=0.2, stop_delay=0.2}]'
)
STORY = st.lists(
    st.tuples(st.sampled_from([20.0, 27.0, 30.0, 36.0, None]), st.integers(1, 60)), min_size=1, max_size=25
)


@given(STORY, st.sampled_from(["off", "hold", "on"]))
@settings(max_examples=40, deadline=None)
def test_no_chatter_faster_than_the_minimum(story: list[tuple[float | None, int]], unknown: str) -> None:
    one = rig(f"{RULE}|unknown={unknown}")
    on_since, off_since, was = -inf, -inf, False
    for value, stay in story:
        one.temperatures = [value] * 4
        for _ in range(stay):
            one.tick()
            on, now = one.done().outputs[3], one.state.clock
            if on and not was:
                assert now - off_since >= 4 - PERIOD
                on_since = now
            elif was and not on:
                assert unknown == "off" or now - on_since >= 3 - PERIOD
                off_since = now
            assert not on or now - on_since <= 9 + 1 + 3 * PERIOD
            was = on


WISH = st.lists(
    st.tuples(st.sampled_from([3.3, 3.61, 3.66, 2.95, 2.85, 2.5]), st.booleans(), st.integers(1, 40)), max_size=12
)


@given(WISH)
@settings(max_examples=30, deadline=None)
def test_ranges_never_widen_permission(story: list[tuple[float, bool, int]]) -> None:
    one = rig('outputs=[1, 2]|when=[{measure="input", of=1, delay=0.1, stop_delay=0.1}]')
    for voltage, wish, stay in story:
        one.cells[1], one.switches["inputs"] = voltage, (wish,)
        for _ in range(stay):
            one.tick()
            done, judged = one.done(), one.state.verdict
            assert not done.outputs[0] or (one.state.may_charge and done.charge_contactor and not judged.stop_charge)
            assert not done.outputs[1] or (
                one.state.may_discharge and done.load_contactor and not judged.stop_discharge
            )
