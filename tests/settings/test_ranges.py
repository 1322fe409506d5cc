"""Ranges, outputs, charging and balancing in the settings: what they become, and what is refused, in words."""

from pathlib import Path

import pytest

from tbms.settings import SettingsError, load
from tbms.settings.energy import balance_rules
from tbms.settings.measures import clock
from tbms.settings.ranges import compiled

ROLES = tuple(f"outputs[{n}].role={r}" for n, r in enumerate(("charger_enable", "load", "heater", "fan"), 1))
FAN = ('ranges[1].when=[{measure="temperature", start=35, stop=27}]', "ranges[1].outputs=[4]")


def problems(*overrides: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(None, [*ROLES, *overrides])
    return [text.removesuffix(" (--set)") for text in caught.value.problems]


WHEN = [
    (
        'measure="temperatur", start=1, stop=2',
        'measure = "temperatur": must be "cell_voltage", "pack_voltage", "current", ',
    ),
    ("start=1, stop=2", "measure is missing: must be one of cell_voltage, pack_voltage, current, "),
    ('measure="soc", start=80, stop=0.5', "start = 80: must be 0 to 1"),
    ('measure="soc", start="full", stop=0.5', 'start = "full": must be 0 to 1'),
    ('measure="soc", start=0.8', "stop is missing: soc needs a number, 0 to 1"),
    ('measure="soc", stop=0.8', "start is missing: soc needs a number, 0 to 1"),
    ('measure="soc", start=0.8, stop=0.8', "stop = 0.8: must differ from start, or it would chatter"),
    ('measure="soc", of=2, start=0.8, stop=0.5', "of = 2: soc has only one value"),
    ('measure="cell_voltage", of=17, start=3.1, stop=3.5', 'of = 17: must be a whole number 1 to 16, "lowest", '),
    (
        'measure="soc", start=0.8, stop=0.5, quiet_start=0.4',
        "quiet_start = 0.4: in quiet hours stop (0.5) must be below start (0.4)",
    ),
    (
        'measure="soc", start=0.5, stop=0.8, quiet_stop=0.4',
        "quiet_stop = 0.4: in quiet hours stop (0.4) must be above start (0.5)",
    ),
    (
        'measure="soc", start=0.8, stop=0.5, delay=0.05',
        "delay = 0.05 s: must be 0.1 to 86400 s (loop.period is the shortest)",
    ),
    (
        'measure="soc", start=0.8, stop=0.5, stop_delay=0',
        "stop_delay = 0 s: must be 0.1 to 86400 s (loop.period is the shortest)",
    ),
    ('measure="input", of=5', "of = 5: must be 1 to 4"),
    ('measure="input"', "of must be the number of the input, 1 to 4"),
    ('measure="input", of="lowest"', "of must be the number of the input, 1 to 4"),
    ('measure="input", of=1, start="yes"', 'start = yes: must be "on" or "off"'),
    ('measure="input", of=1, stop="off"', "stop = off: input needs none"),
    ('measure="input", of=1, quiet_start=1', 'quiet_start = 1: input takes none but quiet_start = "off"'),
    ('measure="alarm", start="on"', 'start = on: must be "warn" or "limit" or "cut"'),
    ('measure="charger_state", start="on"', 'start = on: must be "off" or "bulk" or "absorption" or "float"'),
    ('measure="charger_state"', 'start = None: must be "off" or "bulk" or "absorption" or "float"'),
    (
        'measure="charger_state", of="lowest", start="float"',
        'of = lowest: charger_state has "solar" or "alternator" or "shore"',
    ),
    ('measure="charger_state", of=2, start="float"', 'of = 2: charger_state has "solar" or "alternator" or "shore"'),
    ('measure="charger_state", start="float", stop="off"', "stop = off: charger_state needs none"),
    ('measure="solar_power", of="solar", start=100, stop=50', "of = solar: solar_power has only one value"),
    (
        'measure="cell_voltage", of="solar", start=3.1, stop=3.5',
        'of = solar: cell_voltage has "lowest" or "highest" or "average" or "spread"',
    ),
    ('measure="output", of=4', "of = 4: the range would look at its own output"),
    ('measure="time_of_day", start="25:00", stop="12:00"', 'start = "25:00": must be a time of day, "HH:MM"'),
    ('measure="time_of_day", start="12:00"', 'stop = "None": must be a time of day, "HH:MM"'),
    ('measure="time_of_day", start="12:00", stop="12:00"', 'stop = "12:00": must differ from start'),
]


@pytest.mark.parametrize(("when", "sentence"), WHEN)
def test_an_impossible_condition_is_refused_in_words(when: str, sentence: str) -> None:
    assert problems(f"ranges[1].when=[{{{when}}}]", "ranges[1].outputs=[4]")[0].startswith(
        f"ranges[1].when[1].{sentence}"
    )


RANGE = [
    (("ranges[1].outputs=[5]",), "outputs = [5]: output 5 is unused; give it a role in outputs[5]"),
    (("ranges[1].inhibit=[4]",), "outputs = [4]: output 4 is named twice, for two different things"),
    (("ranges[1].warm_outputs=[4]",), "outputs = [4]: output 4 is named twice, for two different things"),
    (("ranges[1].outputs=[]",), "outputs is missing: the range drives no output, no alarm and no charge profile"),
    (
        ("ranges[1].outputs=[]", "ranges[1].warm_outputs=[3]"),
        "outputs is missing: warm_outputs follow something that warms up",
    ),
    (
        ("ranges[1].maximum_on=10", "ranges[1].minimum_on=20", "ranges[1].minimum_off=1"),
        "maximum_on = 10 s: must be at least minimum_on, warm_up and loop.period",
    ),
    (("ranges[1].maximum_on=10",), "minimum_off = 0 s: with maximum_on it must be at least one loop.period"),
    (("ranges[1].when=[]",), "when is missing: a range needs at least one condition"),
    (
        ("sensors.temperature=none",),
        'when[1].measure = "temperature": sensors.temperature is "none", so there is nothing to look at',
    ),
]


@pytest.mark.parametrize(("keys", "sentence"), RANGE)
def test_an_impossible_range_is_refused_in_words(keys: tuple[str, ...], sentence: str) -> None:
    assert f"ranges[1].{sentence}" in problems(*FAN, *keys)


def test_two_ranges_that_contradict_each_other_are_refused() -> None:
    other = (FAN[0].replace("[1]", "[2]", 1), "ranges[2].inhibit=[4]", "ranges[1].name=Fan")
    assert problems(*FAN, *other) == [
        'ranges[2].inhibit contradicts the range "Fan": output 4 would be both on and off'
    ]
    swapped = (
        FAN[0].replace("[1]", "[2]", 1),
        "ranges[2].outputs=[4]",
        "ranges[1].outputs=[]",
        "ranges[1].inhibit=[4]",
    )
    assert problems(*FAN, *swapped) == [
        'ranges[2].outputs contradicts the range "range": output 4 would be both on and off'
    ]
    load(None, [*ROLES, *FAN, 'ranges[2].when=[{measure="input", of=1}]', "ranges[2].inhibit=[4]"])


OUTPUT = [
    (("outputs[3].contact=nc",), 'outputs[3].contact = "nc": a heater must stop when its relay loses its supply'),
    (
        ("outputs[3].drive=pulse", "outputs[3].off_coil=6"),
        'outputs[3].drive = "pulse": a heater must stop when its relay loses its supply',
    ),
    (
        ("outputs[4].drive=pulse",),
        "outputs[4].off_coil is missing: a latching relay needs a second coil to be switched off",
    ),
    (
        ("outputs[4].drive=pulse", "outputs[4].off_coil=6", "outputs[4].contact=nc"),
        'outputs[4].contact = "nc": a latching relay has two coils; swap them',
    ),
    (("outputs[4].off_coil=6",), 'outputs[4].off_coil = 6: only for drive = "pulse"'),
    (
        ("outputs[4].drive=pulse", "outputs[4].off_coil=2"),
        "outputs[4].off_coil = 2: output 2 is used for something else; an off coil needs one that is unused",
    ),
    (
        ("outputs[2].drive=pulse", "outputs[2].off_coil=6", "outputs[4].drive=pulse", "outputs[4].off_coil=6"),
        "outputs[4].off_coil = 6: output 6 is used for something else; an off coil needs one that is unused",
    ),
    (("clock.quiet_from=21:00",), "clock.quiet_to must be set with quiet_from, and differ from it"),
    (
        ("clock.quiet_from=21:00", "clock.quiet_to=21:00"),
        "clock.quiet_to must be set with quiet_from, and differ from it",
    ),
    (
        ("charge.by_voltage=[{at=3.4, share=1}, {at=3.4, share=0}]",),
        "charge.by_voltage[2].at = 3.4: must be above the point before it (3.4)",
    ),
    (("charge.cycle_low=0.9",), "charge.cycle_low = 0.9: must be below cycle_high (0.8)"),
    (("charge.current=500",), "charge.current = 500 A: must be below protect.overcurrent_charge.cut (196 A)"),
    (("balance.stop=0.02",), "balance.stop = 0.02 V: must be below start (0.01 V)"),
]


@pytest.mark.parametrize(("keys", "sentence"), OUTPUT)
def test_what_contradicts_itself_is_refused_in_words(keys: tuple[str, ...], sentence: str) -> None:
    assert sentence in problems(*keys)


def test_file_and_line_are_named(tmp_path: Path) -> None:
    path = tmp_path / "boat.toml"
    path.write_text(
        '[[outputs]]\nrole = "fan"\n[[ranges]]\n'
        'when = [\n  { measure = "soc", start = 2, stop = 0.5 },\n]\noutputs = [1]\n'
    )
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert caught.value.problems == [f"ranges[1].when[1].start = 2: must be 0 to 1 ({path} line 4)"]


@pytest.mark.parametrize(
    ("text", "time"),
    [("00:00", 0), ("06:30", 23400), ("24:00", None), ("6:7", None), ("12:60", None), ("x:00", None), ("", None)],
)
def test_times_of_day(text: str, time: float | None) -> None:
    assert clock(text) == time


def test_ranges_become_limits_on_sources_that_are_read_once() -> None:
    rules = compiled(
        load(
            None,
            [*ROLES, *FAN, FAN[0].replace("[1]", "[2]", 1), "ranges[2].alarm=warning", "ranges[2].exercise_days=2"],
        ).schema
    )
    assert len(rules.sources) == 1
    assert rules.limits[0] == rules.limits[1]
    assert rules.limits[0] is rules.quiet_limits[0]
    limit = rules.limits[0].rings[0][1]
    assert (limit.threshold, limit.release, limit.above, limit.delay) == (35.0, 27.0, True, 5.0)
    assert rules.ranges[1].exercise_every == 172800.0


def test_rings_that_are_off_leave_charging_to_what_remains() -> None:
    off = [
        f"protect.{name}.{ring}=off"
        for name in ("cell_overvoltage", "cell_undervoltage")
        for ring in ("warn", "limit", "cut")
    ]
    off += [
        f"protect.{name}.{ring}=off"
        for name in ("overtemperature_charge", "undertemperature_charge")
        for ring in ("warn", "limit", "cut")
    ]
    off += [
        f"protect.{name}.{ring}=off"
        for name in ("overcurrent_charge", "overcurrent_discharge")
        for ring in ("warn", "limit", "cut")
    ]
    rules = load(
        None, [*off, "protect.overcurrent_charge_peak.cut=off", "protect.overcurrent_discharge_peak.cut=off"]
    ).charging
    assert (rules.by_voltage, rules.discharge_by_voltage, rules.by_temperature) == ((), (), ())
    assert (rules.current, rules.discharge_current) == (140.0, 280.0)
    one = load(
        None,
        [
            "protect.cell_undervoltage.warn=off",
            "protect.overtemperature_charge.warn=6",
            "protect.overtemperature_charge.limit=off",
        ],
    )
    assert one.charging.discharge_by_voltage == ((2.9, 0.0), (3.1, 1.0))
    assert one.charging.by_temperature == ()
    assert balance_rules(one.schema, one.rungs, (3.45, 3.35, 14.0)).window == 3.4
