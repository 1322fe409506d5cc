"""A master may only narrow what is built into the node."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.slave.limits import CELL_RANGE, Limits, built_in
from tbms.wire.configuration import configuration
from tbms.wire.registers import CHARGER_ENABLE, CHEMISTRIES, CONFIGURATION, GENERATOR, HEATER, LOAD, SAFE_ENERGISED


def accepts(**changes: int | None) -> bool:
    return Limits().accept(bytes(configuration(changes)))


def test_the_usual_configuration_is_accepted() -> None:
    limits = Limits()
    assert not limits.configured
    assert limits.accept(bytes(configuration({})))
    assert limits.configured


@pytest.mark.parametrize("chemistry", range(len(CHEMISTRIES)))
def test_a_voltage_beyond_the_built_in_range_is_refused(chemistry: int) -> None:
    high, low = CELL_RANGE[chemistry]
    assert accepts(chemistry=chemistry, overvoltage=high, undervoltage=low)
    assert not accepts(chemistry=chemistry, overvoltage=high + 1, undervoltage=low)
    assert not accepts(chemistry=chemistry, overvoltage=high, undervoltage=low - 1)


@pytest.mark.parametrize(
    ("name", "worst", "beyond"),
    [
        ("overvoltage_delay", 3000, 3001),
        ("undervoltage_delay", 6000, 6001),
        ("overtemperature_charge", 600, 601),
        ("undertemperature_charge", -100, -101),
        ("overtemperature_discharge", 700, 701),
        ("undertemperature_discharge", -300, -301),
        ("overtemperature_charge_delay", 10_000, 10_001),
        ("sample_age", 1000, 1001),
        ("heartbeat", 1000, 1001),
        ("lease", 2000, 2001),
        ("charger_lease", 500, 501),
        ("open_current", 20_000, 20_001),
        ("open_current", 0, -1),
        ("open_wait", 5000, 5001),
        ("load_hold", 600, 601),
    ],
)
def test_the_loosest_value_of_each(name: str, worst: int, beyond: int) -> None:
    assert accepts(**{name: worst})
    assert not accepts(**{name: beyond})


@pytest.mark.parametrize("name", ["sample_age", "lease", "open_current", "overvoltage_delay", "balance_minimum"])
def test_what_must_be_known_may_not_be_left_out(name: str) -> None:
    assert not accepts(**{name: None})


@pytest.mark.parametrize("name", ["overvoltage", "undervoltage", "overtemperature_charge"])
@pytest.mark.parametrize("chemistry", range(len(CHEMISTRIES)))
def test_a_limit_left_out_is_the_built_in_one(name: str, chemistry: int) -> None:
    high, low = CELL_RANGE[chemistry]
    image = configuration({"chemistry": chemistry, "overvoltage": high, "undervoltage": low, name: None})
    limits = Limits()
    assert limits.accept(bytes(image))
    assert limits.threshold(name) == built_in(name, chemistry)


def test_an_unknown_chemistry_is_refused() -> None:
    assert not accepts(chemistry=len(CHEMISTRIES))


@pytest.mark.parametrize("role", [CHARGER_ENABLE, HEATER, GENERATOR])
def test_what_charges_or_heats_is_never_safe_when_energised(role: int) -> None:
    assert accepts(output_2=role)
    assert not accepts(output_2=role | SAFE_ENERGISED)
    assert accepts(output_2=LOAD | SAFE_ENERGISED)


@pytest.mark.parametrize("word", [8, 0x200 | LOAD, 0x8001])
def test_a_role_that_is_not_known_is_refused(word: int) -> None:
    assert not accepts(output_6=word)


def test_a_refused_configuration_changes_nothing() -> None:
    limits = Limits()
    limits.accept(bytes(configuration({"overvoltage": 3700})))
    assert not limits.accept(bytes(configuration({"overvoltage": 3900})))
    assert limits.threshold("overvoltage") == 3700


def test_a_name_without_a_built_in_limit() -> None:
    with pytest.raises(ValueError, match="lease"):
        built_in("lease", 0)


@given(st.binary(min_size=2 * CONFIGURATION.size, max_size=2 * CONFIGURATION.size))
def test_noise_is_no_configuration(noise: bytes) -> None:
    assert not Limits().accept(noise)


@given(st.dictionaries(st.sampled_from([name for name, _ in CONFIGURATION.fields]), st.integers(0, 0x7FFF), max_size=4))
def test_whatever_is_accepted_is_no_looser(changes: dict[str, int | None]) -> None:
    limits = Limits()
    if limits.accept(bytes(configuration(changes))):
        chemistry = CONFIGURATION.number(limits.image, "chemistry")
        assert limits.threshold("overvoltage") <= CELL_RANGE[chemistry][0]
        assert limits.threshold("undervoltage") >= CELL_RANGE[chemistry][1]
        assert limits.lease <= 2000
        assert limits.charger_lease <= 500
