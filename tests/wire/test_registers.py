import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.cli.docs_registers import meaning, text
from tbms.model.action import Buzzer, Led
from tbms.model.sample import CELLS_PER_NODE
from tbms.model.sample import OUTPUTS as MODEL_OUTPUTS
from tbms.settings.chemistry import CHEMISTRIES as SETTINGS_CHEMISTRIES
from tbms.wire import registers as wire
from tbms.wire.configuration import configuration, configuration_whole
from tbms.wire.fields import KINDS, Block

BLOCKS = {
    "control": wire.CONTROL,
    "measurement": wire.MEASUREMENT,
    "identity": wire.IDENTITY,
    "configuration": wire.CONFIGURATION,
    "service": wire.SERVICE,
}


def test_a_cycle_reads_few_registers_a_node() -> None:
    assert wire.MEASUREMENT.size == 23  # of the base board (ADR 11); a slave ends before the current
    assert wire.SLAVE_MEASUREMENT == 14
    place, _ = wire.MEASUREMENT.places["current"]
    assert place == 2 * wire.SLAVE_MEASUREMENT


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_words_are_not_cut(block: Block) -> None:
    for place, kind in block.places.values():
        assert struct.calcsize(KINDS[kind][0]) == 1 or place % 2 == 0


def test_the_map_and_the_house_speak_of_the_same_things() -> None:
    assert (*Led,) == wire.LEDS
    assert (*Buzzer,) == wire.BUZZERS
    assert CELLS_PER_NODE == wire.CELLS
    assert MODEL_OUTPUTS == wire.OUTPUTS
    assert set(wire.CHEMISTRIES) == set(SETTINGS_CHEMISTRIES)


def test_guard_bits_fit_one_word_and_have_one_name_each() -> None:
    assert len(set(wire.GUARD)) == len(wire.GUARD) <= 16
    assert wire.guard_names(wire.guard_bit("heartbeat") | 1) == ("cell_overvoltage", "heartbeat")


@given(st.integers(0, 0xFFFF))
def test_only_a_well_formed_word_permits(word: int) -> None:
    bits = wire.permits_bits(word)
    assert bits in range(4)
    if bits:
        assert word >> 8 == ~word & 0xFF


@pytest.mark.parametrize("bits", range(4))
def test_permits_survive(bits: int) -> None:
    assert wire.permits_bits(wire.permits_word(bits)) == bits


@pytest.mark.parametrize("word", [0x0000, 0xFFFF, 0x0003, 0x0303, 0x0001])
def test_a_stuck_word_permits_nothing(word: int) -> None:
    assert wire.permits_bits(word) == 0


def test_switches() -> None:
    word = wire.switches_word((True, False, False, False, False, True), (True, False, True), "alarm", "warning")
    assert word == 0b01_100_101_100001
    assert word & wire.CHARGE_COIL
    assert not word & wire.LOAD_COIL
    assert word & wire.PRE_CHARGE


def test_a_configuration_is_whole_or_nothing() -> None:
    image = configuration({"overvoltage": 3700, "undervoltage": None})
    assert configuration_whole(image)
    assert wire.CONFIGURATION.get(image, "overvoltage") == 3700
    assert wire.CONFIGURATION.get(image, "undervoltage") is None
    assert not configuration_whole(image[:-1])
    assert not configuration_whole(image[:-2])
    assert not configuration_whole(image + bytes(2))
    assert not configuration_whole(configuration({"version": wire.VERSION + 1}))


def test_the_times_of_the_safety_concept_are_in_the_nodes() -> None:
    image = configuration({})
    got = {name: wire.CONFIGURATION.get(image, name) for name, _ in wire.CONFIGURATION.fields}
    times = (got["heartbeat"], got["lease"], got["charger_lease"], got["open_current"], got["open_wait"])
    assert times == (500, 2000, 450, 5000, 3000)  # ms; mA: a charge contactor opens below it or after the wait
    assert (got["cells"], got["temperatures"], got["bus"]) == (15, 15, wire.SEPARATE)
    assert (got["undertemperature_discharge"], got["undertemperature_discharge_delay"]) == (None, 5000)


@given(st.integers(0, 16 * wire.CONFIGURATION.size - 1))
def test_one_flipped_bit_spoils_a_configuration(bit: int) -> None:
    image = configuration({})
    image[bit // 8] ^= 1 << bit % 8
    assert not configuration_whole(image)


def test_the_document_names_every_register() -> None:
    document = text()
    for name, block in BLOCKS.items():
        for field, _ in block.fields:
            assert f"`{field}`" in document
            assert meaning(name, field)
