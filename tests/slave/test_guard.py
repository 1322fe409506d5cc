"""Hard limits with their delays, and which loop each of them opens."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.slave.bench import PASS, Bench

from tbms.slave import guard
from tbms.slave.guard import FORBIDS_CHARGE, FORBIDS_DISCHARGE, SELF_CHECK_MS, Limit
from tbms.wire.registers import BOTH, CHARGE, DISCHARGE, GUARD, guard_bit

INSIDE, OUTSIDE = 3300, 3760


def opened_after(bench: Bench, loop: int, longest: int = 20_000) -> int:
    """Time until the loop's contact opens, ms."""
    began = bench.now
    while bench.closed & loop:
        bench.run(PASS)
        assert bench.now - began <= longest
    return bench.now - began


def test_the_figures_are_those_of_the_safety_concept() -> None:
    assert guard.PASS_MS == 10
    assert guard.OPEN_WIRE_MS == 10 * 60 * 1000
    assert guard.CELLS_OF_A_WIRE == 2
    assert (guard.GROUP_PART, guard.GROUP_MS) == (33, 3000)
    assert (guard.BOARD_HOT, guard.BOARD_MS) == (90, 5000)
    assert (guard.TEMPERATURE_AGE_MS, guard.LOST_TEMPERATURES) == (2000, 2)
    assert guard.CELL_MV == (500, 5000)
    assert guard.TEMPERATURE_DC == (-390, 1190)
    assert guard.SELF_CHECK_MS == 1000
    assert guard.FOREVER_MS == 2**29


def test_a_guard_that_has_seen_nothing_knows_nothing() -> None:
    fresh = Bench().node.guard
    assert (fresh.cell, fresh.lowest, fresh.highest, fresh.lost, fresh.sum, fresh.unseen, fresh.checked) == (0,) * 7
    assert (fresh.low, fresh.high, fresh.unsound) == (None, None, False)
    limit = Limit(1, 1)
    assert (limit.threshold, limit.delay, limit.outside) == (0, 0, -1)


@pytest.mark.parametrize(
    ("name", "cell", "value", "delay", "opens"),
    [
        ("cell_overvoltage", "cell_mv", 3751, 2000, CHARGE),
        ("cell_undervoltage", "cell_mv", 2499, 4000, DISCHARGE),
        ("overtemperature_charge", "temperature_dc", 551, 5000, CHARGE),
        ("undertemperature_charge", "temperature_dc", -51, 5000, CHARGE),
        ("overtemperature_discharge", "temperature_dc", 651, 5000, BOTH),
        ("undertemperature_discharge", "temperature_dc", -301, 5000, BOTH),
    ],
)
@pytest.mark.parametrize("index", range(4))
def test_a_hard_limit_opens_its_loops_after_its_delay(
    name: str, cell: str, value: int, delay: int, opens: int, index: int
) -> None:
    bench = Bench().start()
    assert bench.closed == BOTH
    getattr(bench.board, cell)[index] = value
    expected = BOTH & ~opens if name != "undertemperature_discharge" else 0
    spent = opened_after(bench, opens)
    assert delay - PASS <= spent <= delay + PASS
    bench.run(6000)
    assert bench.closed == expected
    assert name in bench.faults()


@pytest.mark.parametrize(("field", "value"), [("cell_mv", 3750), ("cell_mv", 2500), ("temperature_dc", 550)])
def test_at_the_limit_nothing_opens(field: str, value: int) -> None:
    bench = Bench().start()
    getattr(bench.board, field)[2] = value
    bench.run(10_000)
    assert bench.closed == BOTH


def test_undervoltage_never_forbids_charging_and_overvoltage_never_discharging() -> None:
    assert not FORBIDS_CHARGE & guard_bit("cell_undervoltage")
    assert not FORBIDS_DISCHARGE & guard_bit("cell_overvoltage")


@pytest.mark.parametrize("name", [name for name in GUARD if name not in ("heartbeat", "afe")])
def test_every_fault_opens_something(name: str) -> None:
    assert (FORBIDS_CHARGE | FORBIDS_DISCHARGE) & guard_bit(name)


def test_a_short_excursion_is_forgiven_and_its_time_forgotten() -> None:
    bench = Bench().start()
    for _ in range(5):
        bench.board.cell_mv[0] = OUTSIDE
        bench.run(1900)
        bench.board.cell_mv[0] = INSIDE
        bench.run(PASS)
    assert bench.closed == BOTH


def test_two_cells_in_turn_above_the_limit_count_as_one() -> None:
    bench = Bench().start()
    for turn in range(30):
        bench.board.cell_mv = [INSIDE] * 4
        bench.board.cell_mv[turn % 2] = OUTSIDE
        bench.run(100)
    assert bench.closed == DISCHARGE


def test_a_loop_that_fell_closes_only_when_the_master_has_withdrawn_its_permit() -> None:
    bench = Bench().start()
    bench.board.cell_mv[1] = OUTSIDE
    bench.run(3000)
    bench.board.cell_mv[1] = INSIDE
    bench.run(10_000)
    assert bench.closed == DISCHARGE
    assert bench.reading().charge_held is False
    bench.permits = DISCHARGE
    bench.run(200)
    assert bench.reading().charge_held is True
    bench.permits = BOTH
    bench.run(200)
    assert bench.closed == BOTH


def test_withdrawing_the_permit_does_not_clear_a_cause_that_is_there() -> None:
    bench = Bench().start()
    bench.board.cell_mv[1] = OUTSIDE
    bench.run(3000)
    bench.permits = 0
    bench.run(500)
    bench.permits = BOTH
    bench.run(500)
    assert bench.closed == DISCHARGE


@pytest.mark.parametrize("age", [None, 501, 10_000])
def test_old_measurements_open_both(age: int | None) -> None:
    bench = Bench().start()
    bench.board.voltage_age = age
    bench.run(PASS)
    assert bench.closed == 0
    assert "sample_age" in bench.faults()


def test_measurements_just_young_enough() -> None:
    bench = Bench().start()
    bench.board.voltage_age = 500
    bench.run(1000)
    assert bench.closed == BOTH


def test_an_overvoltage_whose_wire_breaks_goes_on_counting() -> None:
    bench = Bench().start()
    bench.board.cell_mv[3] = OUTSIDE
    bench.run(1000)
    bench.board.cell_mv = [None, None, None, None]
    bench.board.group_mv = 4 * INSIDE
    bench.run(1100)
    assert "cell_overvoltage" in bench.faults()


@pytest.mark.parametrize("reading", [None, 40, -3300, 6600])
def test_one_broken_wire_stops_charging_and_lets_discharge_go_on_for_ten_minutes(reading: int | None) -> None:
    bench = Bench().start()
    bench.board.group_mv = 13_200
    bench.board.cell_mv[0], bench.board.cell_mv[1] = reading, 6560
    bench.run(490)
    assert bench.closed == BOTH
    bench.run(30)
    assert bench.closed == DISCHARGE
    assert "invalid_voltage" in bench.faults()
    bench.run(598_000)
    assert bench.closed == DISCHARGE
    bench.run(2_000)
    assert bench.closed == 0


@pytest.mark.parametrize("group", [None, 8_000, 16_000])
def test_without_a_plausible_group_voltage_a_broken_wire_opens_both(group: int | None) -> None:
    bench = Bench().start()
    bench.board.group_mv = group
    bench.board.cell_mv[2] = None
    bench.run(600)
    assert bench.closed == 0


def test_three_unseen_cells_open_both() -> None:
    bench = Bench().start()
    bench.board.group_mv = 13_200
    bench.board.cell_mv = [None, None, None, 3300]
    bench.run(600)
    assert bench.closed == 0


def test_a_wire_that_makes_contact_again_starts_the_time_anew() -> None:
    bench = Bench().start()
    for _ in range(5):
        bench.board.cell_mv[1] = None
        bench.run(400)
        bench.board.cell_mv[1] = INSIDE
        bench.run(PASS)
    assert bench.closed == BOTH


@pytest.mark.parametrize(("group", "opens"), [(13_200, False), (12_850, False), (12_700, True), (13_800, True)])
def test_the_sum_of_cells_must_agree_with_the_group(group: int, opens: bool) -> None:
    bench = Bench().start()
    bench.board.group_mv = group
    bench.run(2_900)
    assert bench.closed == BOTH
    bench.run(200)
    assert bench.closed == (0 if opens else BOTH)
    assert ("group_voltage" in bench.faults()) is opens


def test_one_lost_temperature_is_the_masters_matter_and_two_are_not() -> None:
    bench = Bench().start()
    bench.board.temperature_dc[0] = None
    bench.run(5_000)
    assert bench.closed == BOTH
    bench.board.temperature_dc[3] = 1200  # shorted sensor
    bench.run(PASS)
    assert bench.closed == DISCHARGE
    assert "invalid_temperature" in bench.faults()


@pytest.mark.parametrize("age", [None, 2001])
def test_a_silent_sensor_chain_forbids_charging(age: int | None) -> None:
    bench = Bench().start()
    bench.board.temperature_age = age
    bench.run(PASS)
    assert bench.closed == DISCHARGE


def test_no_sensors_are_not_missed_where_none_are_fitted() -> None:
    bench = Bench({"temperatures": 0})
    bench.board.temperature_dc = [None] * 4
    bench.board.temperature_age = None
    bench.start()
    assert bench.closed == BOTH


def test_a_node_with_fewer_cells() -> None:
    bench = Bench({"cells": 0b0011, "temperatures": 0b0001}, address=2)
    bench.board.cell_mv, bench.board.temperature_dc = [3300, 3300, None, 9], [250, None, None, None]
    bench.start()
    bench.run(5_000)
    assert bench.closed == BOTH


def test_a_hot_board_opens_both() -> None:
    bench = Bench().start()
    bench.board.board_temperature = 91
    bench.run(4_900)
    assert bench.closed == BOTH
    bench.run(200)
    assert bench.closed == 0
    assert bench.faults() == ("board_temperature",)


def test_an_unhealthy_front_end_opens_both_at_once() -> None:
    bench = Bench().start()
    bench.board.healthy = False
    bench.run(PASS)
    assert bench.closed == 0
    assert bench.faults() == ("afe",)


@pytest.mark.parametrize("opened", [CHARGE, DISCHARGE, BOTH])
def test_a_trip_of_the_front_end_opens_its_own_loops_and_is_latched(opened: int) -> None:
    bench = Bench().start()
    bench.board.tripped = opened
    bench.run(PASS)
    assert bench.closed == BOTH & ~opened
    assert bench.faults() == ("afe",)
    bench.board.tripped = 0
    bench.run(1000)
    assert bench.closed == BOTH & ~opened


def test_the_emergency_stop_needs_no_master() -> None:
    bench = Bench().start()
    bench.board.emergency_stop = True
    bench.run(PASS, master=False)
    assert bench.closed == 0
    assert "emergency_stop" in bench.faults()


def test_a_stop_that_bounces_stays_a_stop_until_the_master_has_noticed() -> None:
    bench = Bench().start()
    for pressed in (True, False, True, False):
        bench.board.emergency_stop = pressed
        bench.run(PASS, master=False)
    bench.run(5_000)
    assert bench.closed == 0
    bench.permits = 0
    bench.run(200)
    bench.permits = BOTH
    bench.run(200)
    assert bench.closed == BOTH


@given(st.integers(0, 5000), st.integers(5, 200), st.sampled_from([1, -1]))
def test_a_delay_has_elapsed_at_the_delay_minus_half_a_pass(delay: int, dt: int, sign: int) -> None:
    limit = Limit(1, sign)
    limit.threshold, limit.delay = 0, delay
    assert limit.step(0, dt) == 0
    outside, tripped = 0, limit.step(sign, dt)
    while not tripped:
        outside += dt
        tripped = limit.step(sign, dt)
    assert outside >= delay - PASS // 2
    assert outside < max(0, delay - PASS // 2) + dt
    assert limit.step(None, dt) == 1
    assert limit.step(0, dt) == 0
    assert limit.step(None, dt) == 0


def test_which_cell_tripped_is_remembered() -> None:
    bench = Bench().start()
    bench.board.cell_mv[2] = 2400
    bench.run(5_000)
    assert bench.node.guard.cell == 3
    bench.board.cell_mv = [3300, 3900, 3300, 3300]
    bench.run(5_000)
    assert bench.node.guard.cell == 2


def test_of_equal_cells_the_first_is_named() -> None:
    bench = Bench().start()
    bench.board.cell_mv = [3300, 3900, 3900, 3300]
    bench.run(PASS)
    assert (bench.node.guard.lowest, bench.node.guard.highest) == (1, 2)


def unseen(bench: Bench, ms: int) -> int:
    """What the guard forbids when a cell has been without a value for so long."""
    bench.board.cell_mv[0] = None
    guard = bench.node.guard
    guard.unseen = ms - PASS
    return guard.step(PASS)


def test_a_cell_may_be_unseen_as_long_as_a_sample_may_be_old() -> None:
    bench = Bench().start()
    bench.board.group_mv = 13_200
    assert (unseen(bench, 500), bench.faults()) == (0, ())
    bench.board.group_mv = None
    assert unseen(bench, 500) == 0
    assert unseen(bench, 501) == BOTH
    for ms, told in ((510, 0), (511, guard.INVALID_VOLTAGE)):  # of the pass before
        unseen(bench, ms)
        assert bench.node.guard.faults & guard.INVALID_VOLTAGE == told
    bench.board.cell_mv[0] = INSIDE
    bench.node.guard.step(PASS)
    assert bench.node.guard.unseen == 0


def test_a_broken_wire_is_borne_for_just_under_ten_minutes() -> None:
    bench = Bench().start()
    bench.board.group_mv = 13_200
    assert unseen(bench, guard.OPEN_WIRE_MS - 1) == CHARGE
    assert unseen(bench, guard.OPEN_WIRE_MS) == BOTH


@pytest.mark.parametrize(
    ("each", "forbidden"), [(2499, BOTH), (2500, CHARGE), (3750, CHARGE), (3751, BOTH)], ids="{}".format
)
def test_both_cells_of_a_broken_wire_must_stand_between_their_limits(each: int, forbidden: int) -> None:
    bench = Bench().start()
    bench.board.cell_mv[1] = None
    bench.board.group_mv = 3302 + 3303 + 2 * each
    assert unseen(bench, 1000) == forbidden


def test_a_sensor_chain_may_be_silent_for_two_seconds() -> None:
    bench = Bench({"temperatures": 0b0001}).start()
    bench.board.temperature_age = 2000
    assert bench.node.guard.step(PASS) == 0
    bench.board.temperature_age = 2001
    assert bench.node.guard.step(PASS) == CHARGE


def flip(bench: Bench) -> None:
    """A bit of the accepted image falls over in memory."""
    image = bytearray(bench.node.limits.image)
    image[9] ^= 4
    bench.node.limits.image = bytes(image)


def loosen(bench: Bench) -> None:
    bench.node.guard.overvoltage.threshold += 64


def delay(bench: Bench) -> None:
    bench.node.guard.temperatures[1].delay += 4096


@pytest.mark.parametrize("harm", [flip, loosen, delay])
def test_limits_that_change_in_memory_open_both_within_a_second(harm: Callable[[Bench], None]) -> None:
    bench = Bench().start()
    harm(bench)
    assert opened_after(bench, BOTH) <= SELF_CHECK_MS + PASS
    assert bench.closed == 0
    assert bench.faults() == ("self_check",)
    bench.configure({})
    bench.run(SELF_CHECK_MS + 100)
    assert bench.faults() == ()
    assert bench.closed == 0  # until a living master has withdrawn its permit
    bench.permits = 0
    bench.run(200)
    bench.permits = BOTH
    bench.run(200)
    assert bench.closed == BOTH


def test_the_self_check_looks_once_a_second_and_not_in_every_pass() -> None:
    bench = Bench().start()
    bench.run(SELF_CHECK_MS - bench.node.guard.checked)
    assert bench.node.guard.checked == 0
    loosen(bench)
    bench.run(SELF_CHECK_MS - PASS)
    assert bench.closed == BOTH
    bench.run(PASS)
    assert bench.closed == 0
