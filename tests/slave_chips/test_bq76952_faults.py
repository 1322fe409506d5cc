"""The front end in trouble: every injected fault, and what the driver says of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.drivers.emulators.bus import FOREVER, Noise
from tests.slave_chips.rig import AfeRig, lfp

from tbms.slave.chips.port import Corrupt, DeviceError, Timeout

# -- the bus -----------------------------------------------------------------------------------------------------------


def test_one_lost_transfer_costs_nothing() -> None:
    rig = AfeRig()
    rig.port.nak = 1
    rig.live(100)
    assert not rig.failures
    assert rig.driver.link.errors == 1


def test_a_silent_chip_makes_everything_unknown_after_500_ms_never_zero_never_old() -> None:
    rig = AfeRig()
    rig.port.nak = FOREVER
    rig.live(500)
    assert all(isinstance(problem, Timeout) for problem in rig.failures)
    rig.live(300)
    driver = rig.driver
    assert driver.cell_mv == [None] * 4
    assert driver.stack_mv is None
    assert driver.temperature_dc == [None] * 4
    assert (driver.die_dc, driver.charge_on, driver.discharge_on, driver.bleeding) == (None, None, None, None)
    age = driver.voltage_age(rig.clock.ms)
    assert age is not None
    assert age > 500
    rig.live(1800)
    assert rig.loops() == (False, False)  # the chip's own answer to a host that it does not hear
    rig.port.nak = 0
    rig.live(200)
    assert driver.cell_mv == [3300, 3310, 3320, 3330]


def test_a_try_is_bounded() -> None:
    rig = AfeRig()
    rig.port.nak = FOREVER
    rig.port.transfers = 0
    with pytest.raises(Timeout):
        rig.driver.read(rig.clock.ms)
    assert rig.port.transfers == 3


def disturbed(rig: AfeRig, noise: Noise, tolerance_mv: int) -> None:
    """Live two seconds on a noisy bus and believe nothing wrong; recover when it is quiet again."""
    rig.port.noise = noise
    for _ in range(20):
        rig.live(100)
        for value, truth in zip(rig.driver.cell_mv, rig.world.cells, strict=True):
            assert value is None or abs(value - truth) <= tolerance_mv
        for degree in rig.driver.temperature_dc:
            assert degree is None or 250 - 20 <= degree <= 253 + 20
        assert rig.driver.tripped == 0
    rig.port.noise = None
    if not rig.driver.configured:
        rig.driver.configure(lfp())
    rig.live(1100)
    assert rig.driver.cell_mv == rig.world.cells


@given(seed=st.integers(1, 1 << 30), one_in=st.sampled_from([200, 1000, 5000]))
@settings(max_examples=25, deadline=None)
def test_with_crc_no_noise_makes_a_wrong_value(seed: int, one_in: int) -> None:
    disturbed(AfeRig(), Noise(one_in, seed), 0)


@pytest.mark.parametrize("seed", range(1, 21))
def test_without_crc_noise_makes_no_wrong_value(seed: int) -> None:
    """Every reading is made twice; only the same bit disturbed twice in a row would pass."""
    disturbed(AfeRig(crc=False), Noise(2000, seed), 5)


def test_a_word_torn_between_two_conversions_is_read_again() -> None:
    rig = AfeRig()
    rig.world.cells = [3328, 3328, 3328, 3328]
    rig.live(200)
    rig.chip.torn = 1
    rig.live(200)
    assert rig.driver.cell_mv == [3328] * 4
    assert rig.driver.link.errors == 1
    assert not rig.failures


def test_a_word_torn_every_time_does_not_add_up() -> None:
    rig = AfeRig()
    rig.world.cells = [4000, 3328, 3328, 3328]
    rig.chip.torn = 1000
    rig.live(800)
    assert rig.driver.cell_mv == [None] * 4
    assert isinstance(rig.failures[0], Corrupt)


# -- the converter -----------------------------------------------------------------------------------------------------


def test_a_converter_that_stands_still_makes_values_unknown_though_they_can_be_read() -> None:
    rig = AfeRig()
    rig.chip.frozen = True
    rig.world.cells = [3700, 3310, 3320, 3330]
    rig.live(800)
    assert rig.driver.cell_mv == [None] * 4
    assert rig.driver.temperature_dc == [None] * 4
    assert rig.driver.charge_on is True
    assert not rig.failures


@pytest.mark.parametrize("place", [0, 1, 2, 15])
@pytest.mark.parametrize("truth", [3100, 3500, 3750])
def test_a_stuck_cell_does_not_add_up_to_the_stack(place: int, truth: int) -> None:
    rig = AfeRig()
    rig.chip.stuck = {place: 3300}
    rig.world.cells = [truth] * 4
    rig.live(900)
    assert rig.driver.cell_mv == [None] * 4
    assert "do not add up" in str(rig.failures[-1])


@pytest.mark.parametrize(("wire", "unknown"), [(0, (0, 1)), (1, (1, 2)), (2, (2, 3))])
def test_an_open_sense_wire_is_found_by_the_open_wire_current(wire: int, unknown: tuple[int, ...]) -> None:
    rig = AfeRig()
    ends = [3300, 6610, 9930]
    rig.chip.open_wires = {wire: ends[wire]}
    if wire == 2:  # the unused inputs between are tied to the third cell's upper end
        rig.chip.open_wires = dict.fromkeys(range(2, 15), ends[2])
    rig.live(3000)
    for place in range(4):
        assert (rig.driver.cell_mv[place] is None) == (place in unknown)


def test_without_its_uppermost_wire_nothing_is_believed() -> None:
    rig = AfeRig()
    rig.chip.open_wires = {15: 13260}
    rig.live(4000)
    assert rig.driver.cell_mv[3] is None


def test_an_open_wire_trips_the_silicon_as_well() -> None:
    rig = AfeRig()
    rig.chip.open_wires = {0: 3300}
    rig.live(12000)
    assert rig.loops() == (False, False)


@pytest.mark.parametrize("fault", ["open", "short"])
def test_a_broken_thermistor_is_unknown(fault: str) -> None:
    rig = AfeRig()
    rig.world.temperatures[2] = fault
    rig.live(400)
    assert rig.driver.temperature_dc == [250, 251, None, 253]


def test_a_chip_that_bleeds_unasked_is_told() -> None:
    rig = AfeRig()
    rig.chip.ghost = 0x0002
    rig.driver.balance(0b0001, rig.clock.ms)
    rig.live(300)
    assert all("nobody asked for" in str(problem) for problem in rig.failures)
    assert rig.failures
    rig.chip.ghost = 0
    rig.live(600)
    assert rig.driver.bleeding == 0b0001


def test_a_dead_chip_can_not_be_configured() -> None:
    rig = AfeRig()
    rig.port.nak = FOREVER
    with pytest.raises(DeviceError):
        rig.driver.configure(lfp())
    assert not rig.driver.configured
    assert rig.driver.blind
