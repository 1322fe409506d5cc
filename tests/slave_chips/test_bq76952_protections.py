"""The front end's own protections on given physics, and the resets that make it forget them."""

import pytest
from tests.slave_chips.rig import AfeRig, lfp

from tbms.slave.chips.bq76952_status import trips
from tbms.slave.chips.port import NotReady


def until_open(rig: AfeRig, loop: int, limit: int) -> int:
    """ms until the loop (0 charge, 1 discharge) opens while the node lives."""
    start = rig.clock.ms
    while rig.loops()[loop]:
        rig.live(1)
        assert rig.clock.ms - start < limit
    return rig.clock.ms - start


# -- the silicon's own protections ------------------------------------------------------------------------------------


def test_overvoltage_opens_the_charge_loop_only_after_its_delay() -> None:
    rig = AfeRig()
    rig.world.cells[2] = 3800
    assert 2900 <= until_open(rig, 0, 5000) <= 3150
    assert rig.loops() == (False, True)
    rig.live(200)
    assert trips(rig.driver.tripped) == ["overvoltage"]
    assert not rig.driver.healthy()


def test_just_below_the_applied_limit_nothing_happens() -> None:
    rig = AfeRig()
    rig.world.cells[2] = rig.applied.overvoltage
    rig.live(5000)
    assert rig.loops() == (True, True)
    assert rig.driver.alerts == 0


def test_undervoltage_opens_the_discharge_loop_only() -> None:
    rig = AfeRig()
    rig.world.cells = [2370, 2700, 2700, 2700]
    assert 5900 <= until_open(rig, 1, 8000) <= 6150
    assert rig.loops() == (True, False)


def test_an_alert_is_told_before_the_trip() -> None:
    rig = AfeRig()
    rig.world.cells[0] = 3900
    rig.live(500)
    assert trips(rig.driver.alerts) == ["overvoltage"]
    assert rig.driver.tripped == 0


def test_a_trip_is_remembered_after_the_chip_has_recovered() -> None:
    rig = AfeRig()
    rig.world.cells[0] = 3900
    rig.live(4000)
    rig.driver.acknowledge()
    assert rig.driver.tripped  # still present: cannot be acknowledged away
    rig.world.cells[0] = 3400
    rig.live(6000)
    assert rig.loops() == (True, True)
    assert rig.driver.present == 0
    assert trips(rig.driver.tripped) == ["overvoltage"]
    rig.driver.acknowledge()
    assert rig.driver.healthy()


@pytest.mark.parametrize(("heat", "loops"), [(610, (False, True)), (710, (False, False))])
def test_heat_opens_the_loops(heat: int, loops: tuple[bool, bool]) -> None:
    rig = AfeRig()
    rig.world.temperatures[1] = heat
    rig.live(7500)
    assert rig.loops() == loops


def test_the_host_watchdog_opens_both_loops_within_two_seconds_of_silence() -> None:
    rig = AfeRig()
    rig.sleep(1890)
    assert rig.loops() == (True, True)
    rig.sleep(200)
    assert rig.loops() == (False, False)


def test_the_host_watchdog_ends_by_itself_when_the_host_speaks() -> None:
    rig = AfeRig()
    rig.sleep(2500)
    assert rig.loops() == (False, False)
    rig.live(100)
    assert rig.loops() == (True, True)


def test_without_supply_or_configuration_the_pins_hold_no_loop() -> None:
    rig = AfeRig()
    rig.chip.memory[0x9236 - 0x9180] = 0  # regulator off
    assert rig.loops() == (False, False)
    assert AfeRig(configure=False).loops() == (False, False)


# -- lost configuration ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("watchdog", [False, True])
def test_a_reset_of_the_chip_is_seen_at_once_and_configured_again(watchdog: bool) -> None:
    rig = AfeRig()
    rig.chip.reset(watchdog)
    assert rig.loops() == (False, False)
    with pytest.raises(NotReady, match="lost its configuration"):
        rig.driver.read(rig.clock.ms)
    assert (rig.driver.configured, rig.driver.lost, rig.driver.permitted) == (False, 1, (False, False))
    assert rig.driver.cell_mv == [None] * 4
    assert rig.driver.charge_on is None
    rig.driver.configure(lfp())
    rig.live(600)
    assert not rig.failures
    assert rig.driver.healthy()  # a WD bit that stays set is not taken for another reset
    assert rig.loops() == (False, False)


def test_a_watchdog_bit_without_power_on_bit_is_a_lost_configuration_too() -> None:
    rig = AfeRig()
    rig.chip.wd = True
    rig.live(100)
    assert isinstance(rig.failures[0], NotReady)
    assert rig.driver.lost == 1


def test_a_chip_found_in_configuration_mode_protects_nothing() -> None:
    rig = AfeRig()
    rig.chip.config = True
    rig.live(100)
    assert isinstance(rig.failures[0], NotReady)


@pytest.mark.parametrize("address", [0x9261, 0x9263, 0x9275, 0x9278, 0x926B])
def test_a_setting_that_changes_by_itself_is_found_within_a_second(address: int) -> None:
    rig = AfeRig()
    rig.chip.memory[address - 0x9180] ^= 0x02
    rig.live(1100)
    assert f"setting {address:X} of the front end has changed" in str(rig.failures[0])
    assert not rig.driver.configured
