"""What happens when the master falls silent, and how long nothing at all is permitted."""

import pytest
from tests.slave.bench import PASS, Bench

from tbms.wire.registers import BOTH, CHARGE, DISCHARGE, LEDS, permits_word


def silence(bench: Bench, loop: int, longest: int = 700_000) -> int:
    """ms from the last word of the master until the loop opens."""
    while bench.now % 100:
        bench.run(PASS)
    bench.speak()
    began = bench.now
    while bench.closed & loop:
        bench.run(PASS, master=False)
        assert bench.now - began <= longest
    return bench.now - began


def test_after_a_reset_everything_is_open_whatever_the_master_permits() -> None:
    bench = Bench()
    bench.permits = BOTH
    bench.run(2_000)
    assert bench.closed == 0
    assert "unconfigured" in bench.faults()
    bench.configure({})
    bench.run(2_000)
    assert bench.closed == 0  # it never withdrew its permit since the node was able to hear it


def test_limits_without_a_heartbeat_permit_nothing() -> None:
    bench = Bench()
    bench.configure({})
    bench.permits = BOTH
    bench.run(1_000, master=False)
    for _ in range(20):
        bench.speak(beat=5)  # a master that repeats itself is not alive
        bench.run(100, master=False)
    assert bench.closed == 0
    assert "heartbeat" in bench.faults()


def test_then_limits_heartbeat_and_a_new_permit_close_the_loops() -> None:
    assert Bench().start().closed == BOTH


@pytest.mark.parametrize("permits", [0, CHARGE, DISCHARGE, BOTH])
def test_the_master_may_forbid_each_loop(permits: int) -> None:
    assert Bench().start(permits).closed == permits


def test_a_malformed_permit_is_none() -> None:
    bench = Bench().start()
    bench.node.permission.permits = 0
    bench.permits = 0x100 | BOTH  # the complement does not fit
    assert permits_word(BOTH) != bench.permits
    bench.run(200)
    assert bench.closed == 0


def test_the_charge_loop_opens_soon_at_a_small_current() -> None:
    bench = Bench().start()
    bench.board.current_ma = 4_999
    assert silence(bench, CHARGE) in (490, 500)
    assert bench.closed == DISCHARGE


@pytest.mark.parametrize("current", [5_000, -200_000, None])
def test_and_after_three_seconds_at_any_current(current: int | None) -> None:
    bench = Bench().start()
    bench.board.current_ma = current
    assert silence(bench, CHARGE) in (2_990, 3_000)


@pytest.mark.parametrize("age", [None, 501])
def test_an_old_current_is_no_small_one(age: int | None) -> None:
    bench = Bench().start()
    bench.board.current_ma, bench.board.current_age = 0, age
    assert silence(bench, CHARGE) in (2_990, 3_000)


def test_the_charge_loop_opens_as_soon_as_the_current_falls() -> None:
    bench = Bench().start()
    bench.board.current_ma = 80_000
    bench.run(1_000, master=False)
    assert bench.closed == BOTH
    bench.board.current_ma = 100
    bench.run(PASS, master=False)
    assert bench.closed == DISCHARGE


@pytest.mark.parametrize(("hold", "expected"), [(60, 60_000), (0, 500), (600, 600_000)])
def test_the_load_loop_is_held_as_long_as_the_owner_wants(hold: int, expected: int) -> None:
    bench = Bench({"load_hold": hold}).start()
    assert expected - PASS <= silence(bench, DISCHARGE) <= expected


def test_the_load_loop_is_not_held_against_the_guard() -> None:
    bench = Bench().start()
    bench.run(5_000, master=False)
    bench.board.cell_mv[0] = 2_300
    bench.run(4_100, master=False)
    assert bench.closed == 0


def test_a_master_that_comes_back_in_time_changes_nothing() -> None:
    bench = Bench().start()
    bench.board.current_ma = 50_000
    bench.run(2_500, master=False)
    bench.run(1_000)
    assert bench.closed == BOTH


def test_a_loop_that_fell_in_silence_needs_a_new_permit() -> None:
    bench = Bench().start()
    bench.run(4_000, master=False)
    bench.run(1_000)
    assert bench.closed == DISCHARGE
    bench.permits = DISCHARGE
    bench.run(200)
    bench.permits = BOTH
    bench.run(200)
    assert bench.closed == BOTH


def test_an_old_permit_withdraws_nothing_while_the_master_is_silent() -> None:
    bench = Bench().start(DISCHARGE)
    bench.board.cell_mv[0] = 3_800
    bench.run(3_000)
    bench.run(1_000, master=False)
    bench.board.cell_mv[0] = 3_300
    bench.run(1_000, master=False)
    assert bench.reading().charge_held is False


def test_permission_is_a_toggle_in_every_pass() -> None:
    bench = Bench().start()
    before = list(bench.board.edges)
    bench.run(1_000)
    assert [after - first for after, first in zip(bench.board.edges, before, strict=True)] == [100, 100]
    bench.permits = DISCHARGE
    bench.run(200)
    before = list(bench.board.edges)
    bench.run(1_000)
    assert bench.board.edges[0] == before[0]
    assert not bench.board.levels & CHARGE
    assert bench.board.edges[1] == before[1] + 100


def test_the_clock_may_wrap() -> None:
    bench = Bench(now=(1 << 30) // 100 * 100 - 1_000).start()
    bench.run(2_000)
    assert bench.now > 1 << 30 > bench.node.now
    assert bench.closed == BOTH


def test_silence_is_counted_across_the_wrap() -> None:
    bench = Bench(now=(1 << 30) // 100 * 100 - 1_500).start()
    bench.board.current_ma = 50_000
    assert silence(bench, CHARGE) in (2_990, 3_000)
    assert bench.now > 1 << 30


def test_silence_for_days_is_still_silence() -> None:
    bench = Bench().start()
    for _ in range(40):
        bench.now += 1 << 29
        bench.node.step(bench.now & (1 << 30) - 1)
        assert bench.closed == 0


def test_the_panel_shows_a_lost_master() -> None:
    bench = Bench().start(switches=LEDS.index("ok") << 9 | 2 << 12)
    assert bench.board.shown == (LEDS.index("ok"), 2)
    bench.run(600, master=False)
    assert bench.board.shown == (LEDS.index("alarm"), 0)
