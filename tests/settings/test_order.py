"""Rings and layers: ordered in value and in time, defaults that give way inwards, contradictions in words."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbms.model.fault import Ring
from tbms.settings import SettingsError, load
from tbms.settings.derive import LADDER


def problems(*overrides: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(None, overrides)
    return [text.removesuffix(" (--set)") for text in caught.value.problems]


OV, UV = "protect.cell_overvoltage", "protect.cell_undervoltage"


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ([f"{OV}.cut=3.76"], f"{OV}.cut = 3.76 V: must be above limit (3.6 V) and below guard (3.75 V)"),
        ([f"{OV}.cut=3.75"], f"{OV}.cut = 3.75 V: must be above limit (3.6 V) and below guard (3.75 V)"),
        ([f"{OV}.warn=3.6"], f"{OV}.warn = 3.6 V: must be below limit (3.6 V)"),
        ([f"{OV}.afe=3.74"], None),
        ([f"{UV}.cut=2.5"], f"{UV}.cut = 2.5 V: must be above guard (2.5 V) and below limit (2.9 V)"),
        ([f"{OV}.release=3.65"], f"{OV}.release = 3.65 V: must be below cut (3.65 V)"),
        ([f"{UV}.release=2.6"], f"{UV}.release = 2.6 V: must be above cut (2.6 V)"),
        ([f"{OV}.delay=2.5"], f"{OV}.delay = 2.5 s: must be at most guard_delay (2 s)"),
        ([f"{OV}.guard_delay=0.5"], f"{OV}.guard_delay = 0.5 s: must be at least delay (1 s)"),
        ([f"{OV}.guard_delay=3.5"], f"{OV}.guard_delay = 3.5 s: must be at most afe_delay (3 s)"),
        ([f"{OV}.delay=0.05"], f"{OV}.delay = 0.05 s: must be 0.1 to 3600 s (loop.period is the shortest)"),
        (
            ["protect.overcurrent_discharge_peak.cut=300"],
            "protect.overcurrent_discharge_peak.cut = 300 A: "
            "must be at least protect.overcurrent_discharge.cut (336 A)",
        ),
        (
            ["protect.overcurrent_charge_peak.delay=11"],
            "protect.overcurrent_charge_peak.delay = 11 s: must be at most protect.overcurrent_charge.delay (10 s)",
        ),
        (
            ["protect.undertemperature_charge.cut=50"],
            "protect.undertemperature_charge.cut = 50 °C: with it warn becomes 57 °C, which must be below "
            "protect.overtemperature_charge.release (40 °C)",
        ),
        (
            ["protect.undertemperature_charge.warn=41"],
            "protect.undertemperature_charge.warn = 41 °C: "
            "must be below protect.overtemperature_charge.release (40 °C)",
        ),
        (
            ["protect.overtemperature_charge.release=4"],
            "protect.overtemperature_charge.release = 4 °C: must be above protect.undertemperature_charge.warn (5 °C)",
        ),
        (["charge.float=3.5"], "charge.float = 3.5 V: must be at most charge.absorption (3.45 V)"),
        (
            ["charge.absorption=3.55"],
            "charge.absorption = 3.55 V: must be below the first ring of protect.cell_overvoltage (3.55 V)",
        ),
        (
            ["contactors.reclose_voltage=2.6"],
            "contactors.reclose_voltage = 2.6 V: must be above protect.cell_undervoltage.cut (2.6 V)",
        ),
        (["sensors.current_range=560"], "sensors.current_range = 560 A: must be above the highest current cut (560 A)"),
        (
            ["sensors.sample_age_warn=0.6"],
            "sensors.sample_age_warn = 0.6 s: must be at most sensors.sample_age (0.5 s)",
        ),
    ],
)
def test_a_contradiction_is_a_sentence(overrides: list[str], sentence: str | None) -> None:
    if sentence is None:
        load(None, overrides)
    else:
        assert problems(*overrides) == [sentence]


def test_two_values_that_contradict_each_other_are_both_named() -> None:
    found = problems(f"{OV}.limit=3.7", f"{OV}.cut=3.65")
    assert [text.split(" =")[0] for text in found] == [f"{OV}.limit", f"{OV}.cut"]


def test_a_lower_cut_takes_its_inner_defaults_along() -> None:
    rungs = load(None, [f"{OV}.cut=3.50"]).rungs["cell_overvoltage"]
    assert rungs.value == {"warn": 3.4, "limit": 3.45, "cut": 3.5, "guard": 3.75, "afe": 3.8}
    assert rungs.release == 3.45


def test_a_lower_cut_takes_its_release_and_the_charge_targets_along() -> None:
    settings = load(None, [f"{OV}.cut=3.40"])
    assert settings.rungs["cell_overvoltage"].release == pytest.approx(3.2)
    assert settings.charge.absorption < 3.3
    assert settings.charge.float_voltage < settings.charge.absorption


def test_a_moved_default_moves_the_next_one() -> None:
    rungs = load(None, [f"{OV}.cut=3.58"]).rungs["cell_overvoltage"]
    assert (rungs.value["warn"], rungs.value["limit"]) == (3.48, 3.53)


def test_a_default_never_gives_way_outwards() -> None:
    assert problems(f"{OV}.limit=3.7")


def test_a_rung_without_default_distance_keeps_five_percent() -> None:
    rungs = load(None, ["protect.undertemperature_discharge.limit=-10"]).rungs["undertemperature_discharge"]
    assert rungs.value["warn"] == -9.5


def test_a_raised_current_cut_raises_the_peak() -> None:
    settings = load(None, ["protect.overcurrent_discharge.cut=1000", "protect.overcurrent_charge.cut=700"])
    assert settings.rungs["overcurrent_discharge_peak"].value["cut"] == pytest.approx(2000 / 1.2)
    assert settings.rungs["overcurrent_charge_peak"].value["cut"] == pytest.approx(1000)
    assert settings.valid_current > 2 * 1000
    assert load(None, ["protect.overcurrent_discharge.cut=200"]).rungs["overcurrent_discharge_peak"].value["cut"] == 560


def test_rings_can_be_removed() -> None:
    off = [f"{OV}.{name}=off" for name in LADDER]
    settings = load(None, off)
    assert all(p.id != "cell_overvoltage" for p in settings.protections)
    assert "cell_overvoltage" not in settings.hard_limits.guard
    assert load(None, [f"{UV}.cut=off"]).cell_band()[0] is None
    assert load(None, ["protect.overcurrent_discharge.cut=off"]).rungs["overcurrent_discharge_peak"].value["cut"] == 560
    assert load(None, ["protect.overcurrent_discharge_peak.cut=off"]).protections


def test_a_ring_outside_the_release_has_a_small_hysteresis_of_its_own() -> None:
    settings = load()
    rings = {p.id: dict(p.rings) for p in settings.protections if p.unit}
    assert rings["undertemperature_charge"][Ring.WARN].release == 6.0
    assert rings["undertemperature_charge"][Ring.CUT].release == 3.0
    volts = dict(next(p for p in load(None, [f"{OV}.warn=3.44"]).protections).rings)
    assert volts[Ring.WARN].release == pytest.approx(3.44 * 0.994)


def test_undervoltage_clears_at_the_reclosing_voltage_while_charging() -> None:
    rings = {p.id: dict(p.rings) for p in load().protections if p.unit}
    cut = rings["cell_undervoltage"][Ring.CUT]
    assert (cut.release, cut.release_delay, cut.needs_charging) == (3.2, 300.0, True)
    assert rings["pack_undervoltage"][Ring.CUT].release == pytest.approx(16 * 3.2)
    assert not rings["cell_undervoltage"][Ring.WARN].needs_charging


def test_discharge_currents_are_set_as_magnitudes_and_judged_below_zero() -> None:
    rings = {p.id: dict(p.rings) for p in load().protections if p.unit}
    cut = rings["overcurrent_discharge"][Ring.CUT]
    assert (cut.threshold, cut.above) == (-336.0, False)
    assert cut.release == -210.0


VALUES = st.floats(2.0, 4.5).map(lambda v: round(v, 2))


@given(st.dictionaries(st.sampled_from(LADDER), VALUES), st.sampled_from([OV, UV]))
@settings(max_examples=150, deadline=None)
def test_whatever_loads_is_strictly_ordered(values: dict[str, float], protection: str) -> None:
    overrides = [f"{protection}.{name}={value}" for name, value in values.items()]
    try:
        loaded = load(None, overrides)
    except SettingsError:
        assert all("must be " in text for text in problems(*overrides))
        return
    rungs = loaded.rungs[protection.removeprefix("protect.")]
    present = [rungs.direction * value for name in LADDER if (value := rungs.value[name]) is not None]
    assert present == sorted(set(present))
    assert all(rungs.value[name] == value for name, value in values.items())


WRONG = """\
[contactors]
bus = "common"
kind = "bistable"
stored_energy = true
feedback = false

[[outputs]]
role = "load"
"""


def test_a_common_contactor_needs_what_its_protection_stands_on(tmp_path: Path) -> None:
    path = tmp_path / "van.toml"
    path.write_text(WRONG)
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert {text.replace(f"{tmp_path}/", "") for text in caught.value.problems} == {
        'contactors.bus = "common": needs an output with the role charger_enable, to stop chargers first '
        "(van.toml line 2)",
        'contactors.kind = "bistable": must be monostable with contactors.bus = "common" (van.toml line 3)',
        'contactors.feedback = false: must be true with contactors.bus = "common" (van.toml line 5)',
    }
    path.write_text(
        WRONG.replace('"bistable"', '"monostable"').replace("false", "true").replace('"load"', '"charger_enable"')
    )
    assert load(path).contactors.common
    path.write_text('[contactors]\nbus = "shared"\n')
    with pytest.raises(SettingsError, match=r"contactors.bus.*van.toml line 2"):
        load(path)
    assert not load().contactors.common
