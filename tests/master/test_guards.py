import pytest

from tbms.master.guards import FIELDS, configuration_of
from tbms.settings import load
from tbms.wire.configuration import USUAL, configuration, configuration_whole
from tbms.wire.fields import LONGEST_MS
from tbms.wire.registers import COMMON, CONFIGURATION


def test_the_defaults_are_the_nodes_own() -> None:
    fields = configuration_of(load())
    usual = dict(USUAL)
    assert {name: value for name, value in fields.items() if not name.startswith("output_")} == {
        name: usual[name] for name in fields if not name.startswith("output_")
    }


def test_what_the_owner_sets_reaches_the_node() -> None:
    chosen = load(
        None,
        [
            "pack.chemistry=nmc",
            "protect.cell_overvoltage.guard=4.24",
            "protect.cell_overvoltage.guard_delay=1.5",
            "protect.undertemperature_charge.guard=off",
            "sensors.sample_age=0.4",
            "contactors.load_hold=120",
            "outputs[1].role=charger_enable",
            "outputs[2].role=alarm",
        ],
    )
    image = configuration(configuration_of(chosen))
    assert configuration_whole(image)
    got = {name: CONFIGURATION.get(image, name) for name, _ in CONFIGURATION.fields}
    assert (got["chemistry"], got["overvoltage"], got["overvoltage_delay"]) == (1, 4240, 1500)
    assert got["undertemperature_charge"] is None
    assert (got["sample_age"], got["load_hold"], got["output_1"], got["output_2"]) == (400, 120, 1, 0x103)


def test_the_nodes_know_how_the_contactor_is_wired() -> None:
    van = load(None, ["contactors.bus=common", "outputs[1].role=charger_enable"])
    image = configuration(configuration_of(van))
    assert CONFIGURATION.get(image, "bus") == COMMON
    assert CONFIGURATION.get(image, "open_current") == 500


@pytest.mark.parametrize("protection", FIELDS)
def test_a_delay_beyond_the_register_acts_earlier_not_never(protection: str) -> None:
    fields = configuration_of(load(None, [f"protect.{protection}.guard_delay=3600", f"protect.{protection}.afe=off"]))
    name = f"{FIELDS[protection][0]}_delay"
    assert fields.get(name, LONGEST_MS) == LONGEST_MS
