"""The front end's driver: configuring, permission, measuring, balancing, and the chip's traps."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.slave_chips.rig import INPUTS, AfeRig, lfp

from tbms.slave.chips.bq76952_settings import AfeLimits
from tbms.slave.chips.bq76952_status import trips
from tbms.slave.chips.port import NotReady, Refused, Timeout


@pytest.mark.parametrize("crc", [True, False])
def test_a_configured_chip_measures(crc: bool) -> None:
    rig = AfeRig(crc)
    driver = rig.driver
    assert driver.cell_mv == [3300, 3310, 3320, 3330]
    assert driver.stack_mv == 13260
    assert driver.temperature_dc == [250, 251, 252, 253]
    assert driver.die_dc == 250
    now = rig.clock.ms
    for age in (driver.voltage_age(now), driver.temperature_age(now)):
        assert age is not None
        assert 0 <= age <= 300
    assert rig.loops() == (True, True)
    assert (driver.charge_on, driver.discharge_on, driver.charge_pin, driver.discharge_pin) == (
        True,
        True,
        False,
        False,
    )


def test_configure_gives_what_the_silicon_really_applies() -> None:
    rig = AfeRig(configure=False)
    limits = rig.driver.configure(AfeLimits(3650, 1000, 2500, 2000, 60, 70))
    assert (limits.overvoltage, limits.undervoltage) == (3643, 2479)
    assert (limits.overvoltage_delay, limits.undervoltage_delay) == (999, 1999)
    assert (rig.chip.byte(0x9278), rig.chip.byte(0x9275)) == (72, 49)


@given(st.integers(1012, 5500), st.integers(10, 6700), st.integers(1012, 4000), st.integers(10, 6700))
@settings(max_examples=25)
def test_round_trip_the_chip_acts_on_what_was_reported(over: int, over_ms: int, under: int, under_ms: int) -> None:
    rig = AfeRig(configure=False)
    wish = AfeLimits(max(over, under + 600), over_ms, under, under_ms)
    limits = rig.driver.configure(wish)
    assert abs(limits.overvoltage - wish.overvoltage) <= 26
    assert abs(limits.undervoltage - wish.undervoltage) <= 26
    assert rig.chip.byte(0x9278) * 506 // 10 == limits.overvoltage
    assert rig.chip.word(0x9279) * 33 // 10 == limits.overvoltage_delay
    assert rig.chip.byte(0x9275) * 506 // 10 == limits.undervoltage
    assert rig.chip.word(0x9276) * 33 // 10 == limits.undervoltage_delay


def test_trap_nothing_is_permitted_after_configuring() -> None:
    rig = AfeRig(configure=False)
    rig.driver.configure(lfp())
    rig.live(600)
    assert rig.loops() == (False, False)
    assert rig.driver.permitted == (False, False)
    rig.driver.permit(False, True)
    assert rig.loops() == (False, True)
    rig.driver.permit(True, False)
    assert rig.loops() == (True, False)


def test_trap_configuring_again_opens_both_loops_and_is_told() -> None:
    rig = AfeRig()
    rig.driver.configure(lfp())
    assert rig.loops() == (False, False)
    assert rig.driver.blind
    assert not rig.driver.healthy()
    assert rig.driver.cell_mv == [None] * 4
    assert rig.driver.voltage_age(rig.clock.ms) is None
    rig.live(600)
    assert rig.driver.healthy()
    assert rig.loops() == (False, False)  # the old permission does not come back by itself


def test_trap_values_of_before_the_configuration_are_not_taken_for_new() -> None:
    rig = AfeRig()
    rig.chip.frozen = True  # the converter does not start again
    rig.driver.configure(lfp())
    rig.live(2000)
    assert rig.driver.cell_mv == [None] * 4
    assert rig.driver.blind
    assert not rig.failures  # the chip answers; it only has nothing new


def test_trap_the_chip_is_never_left_in_its_configuration_mode() -> None:
    rig = AfeRig()
    original = rig.driver.link.send

    def failing(code: int, data: bytes) -> None:
        if code == 0x9314:
            raise Timeout("cut off in the middle")
        original(code, data)

    rig.driver.link.send = failing  # type: ignore[method-assign]
    with pytest.raises(Timeout, match="middle"):
        rig.driver.configure(lfp())
    assert not rig.chip.config
    assert not rig.driver.configured
    assert rig.loops() == (False, False)


@pytest.mark.parametrize("dead", [True, False])
def test_trap_fet_enable_toggles(dead: bool) -> None:
    rig = AfeRig()
    assert (rig.chip.toggles, rig.chip.fet_en) == (1, True)
    rig.driver.configure(lfp())
    assert (rig.chip.toggles, rig.chip.fet_en) == (1, True)  # already on: not toggled off
    rig.chip.toggle_dead = dead
    rig.chip.fet_en = False
    if dead:
        with pytest.raises(Refused, match="control of its FETs"):
            rig.driver.configure(lfp())
    else:
        rig.driver.configure(lfp())
        assert rig.chip.fet_en


def test_trap_fet_control_and_fet_status_have_other_places_and_the_other_sense() -> None:
    rig = AfeRig()
    rig.driver.permit(True, False)
    assert rig.chip.host_off == 0b0011  # DSG, PDSG forced off
    rig.live(100)
    assert rig.chip.read(0x7F, 2)[0] == 0b100001  # CHG on; DDSG asserted
    assert (rig.driver.charge_on, rig.driver.discharge_on) == (True, False)
    assert (rig.driver.charge_pin, rig.driver.discharge_pin) == (False, True)
    rig.world.cells[0] = 3900  # now the chip forbids what the host permits
    rig.live(4000)
    assert rig.driver.permitted == (True, False)
    assert (rig.driver.charge_on, rig.driver.charge_pin) == (False, True)


def test_trap_the_body_diode_setting_does_not_grant_charging() -> None:
    rig = AfeRig()
    rig.world.cells[0] = 3900
    rig.world.current = -20000
    rig.live(4000)
    assert rig.loops() == (False, True)


def test_nothing_is_permitted_or_read_before_configuring() -> None:
    rig = AfeRig(configure=False)
    with pytest.raises(NotReady):
        rig.driver.permit(True, True)
    with pytest.raises(NotReady):
        rig.driver.read(0)
    assert not rig.driver.healthy()


def test_another_chip_is_refused() -> None:
    rig = AfeRig(configure=False)
    rig.chip.number = 0x7694
    with pytest.raises(Refused, match="device number 7694"):
        rig.driver.configure(lfp())
    assert not rig.chip.config


def test_a_sealed_chip_is_refused() -> None:
    rig = AfeRig(configure=False)
    rig.chip.sealed = True
    with pytest.raises(Refused, match="sealed"):
        rig.driver.configure(lfp())


def test_a_chip_that_does_not_enter_or_leave_configuration_is_refused() -> None:
    rig = AfeRig(configure=False)
    rig.chip.deaf = True
    with pytest.raises(Refused, match="does not enter"):
        rig.driver.configure(lfp())


@pytest.mark.parametrize("address", [0x9263, 0x9278, 0x9276, 0x9267, 0x9335, 0x92B2, 0x9301, 0x9304, 0x9314])
def test_a_setting_that_is_not_kept_is_refused(address: int) -> None:
    rig = AfeRig(configure=False)
    rig.chip.ignored = (address,)
    rig.chip.memory[address - 0x9180] = 0x5B  # as if burnt in
    with pytest.raises(Refused, match="not kept"):
        rig.driver.configure(lfp())
    assert not rig.driver.configured


def test_limits_are_checked_before_the_chip_is_touched() -> None:
    rig = AfeRig()
    with pytest.raises(Refused):
        rig.driver.configure(AfeLimits(9000, 3000, 2400, 6000))
    assert rig.driver.configured
    assert rig.loops() == (True, True)


def test_balancing_bleeds_what_was_asked_and_says_what_the_chip_does() -> None:
    rig = AfeRig()
    rig.driver.balance(0b1001, rig.clock.ms)
    rig.live(100)
    assert rig.chip.bleed == 0x8001  # cell 4 sits at input 16
    assert rig.driver.bleeding == 0b1001
    rig.driver.balance(0, rig.clock.ms)
    rig.live(100)
    assert rig.chip.bleed == 0
    assert rig.driver.bleeding == 0


def test_neighbours_are_never_bled_together() -> None:
    rig = AfeRig()
    seen = set()
    for _ in range(250):
        rig.driver.balance(0b0110, rig.clock.ms)
        rig.live(100)
        seen.add(rig.chip.bleed)
    assert seen == {0b010, 0b100}
    assert not rig.failures


def test_bleeding_stops_when_it_is_not_repeated() -> None:
    rig = AfeRig()
    rig.driver.balance(0b0001, rig.clock.ms)
    rig.live(1900)
    assert rig.chip.bleed
    rig.live(300)
    assert rig.chip.bleed == 0


def test_bleeding_stops_in_the_chip_when_the_node_is_dead() -> None:
    rig = AfeRig()
    rig.driver.balance(0b0001, rig.clock.ms)
    rig.live(100)
    rig.sleep(2000)
    assert rig.chip.bleed == 0


def test_a_long_wish_is_repeated_to_the_chip() -> None:
    rig = AfeRig()
    for _ in range(50):
        rig.driver.balance(0b0001, rig.clock.ms)
        rig.live(200)
        assert rig.chip.bleed == 0b0001


def test_a_cell_whose_voltage_is_unknown_is_not_bled() -> None:
    rig = AfeRig()
    rig.world.cells[0] = 300
    rig.driver.balance(0b0101, rig.clock.ms)
    rig.live(400)
    assert rig.driver.cell_mv[0] is None
    assert rig.chip.bleed == 0b0100


def test_names_of_trips() -> None:
    assert trips(0) == []
    assert trips(0x000008) == ["overvoltage"]
    assert trips(0x020004) == ["undervoltage", "host_watchdog"]
    assert trips(0x8000E0) == ["overcurrent_discharge", "short_circuit"]


def test_inputs_of_the_rig_are_those_of_a_four_cell_board() -> None:
    assert INPUTS == (1, 2, 3, 16)
