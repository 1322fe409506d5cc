"""Every output is leased; what is not renewed falls to the safe state of its role."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.slave.bench import PASS, Bench

from tbms.wire.registers import (
    ALARM,
    BOTH,
    CHARGE,
    CHARGE_COIL,
    CHARGER_ENABLE,
    DISCHARGE,
    FAN,
    GENERAL,
    GENERATOR,
    HEATER,
    LOAD,
    LOAD_COIL,
    OUTPUTS,
    PRE_CHARGE,
    ROLES,
    SAFE_ENERGISED,
    UNUSED,
)

ALL = 0x3F


def last_word(bench: Bench) -> None:
    while bench.now % 100:
        bench.run(PASS)
    bench.speak()
    bench.node.step(bench.now)


def held_for(bench: Bench, bit: int, state: bool = True) -> int:
    """ms from the last word of the master until the bit leaves its state."""
    last_word(bench)
    began = bench.now
    while bool(bench.board.driven & bit) is state:
        bench.run(PASS, master=False)
        assert bench.now - began < 100_000
    return bench.now - began


def roles(*given: int) -> dict[str, int | None]:
    return {f"output_{index + 1}": role for index, role in enumerate(given)}


def test_outputs_follow_the_master() -> None:
    bench = Bench(roles(CHARGER_ENABLE, LOAD, ALARM, HEATER, GENERATOR, FAN)).start(switches=ALL)
    assert bench.board.driven == ALL
    bench.switches = 0b001010
    bench.run(200)
    assert bench.board.driven == 0b001010
    assert bench.reading().outputs() == (False, True, False, True, False, False)


@pytest.mark.parametrize("role", [UNUSED, LOAD, HEATER, GENERATOR, FAN, GENERAL])
def test_a_lease_of_two_seconds(role: int) -> None:
    bench = Bench(roles(role)).start(switches=1)
    assert 2000 - 2 * PASS <= held_for(bench, 1) <= 2000


def test_the_charger_has_half_a_second() -> None:
    bench = Bench(roles(CHARGER_ENABLE)).start(switches=1)
    bench.board.current_ma = 100_000
    assert 450 - 2 * PASS <= held_for(bench, 1) <= 450


def test_the_safe_state_of_an_alarm_is_energised() -> None:
    bench = Bench(roles(ALARM | SAFE_ENERGISED)).start(switches=0)
    assert bench.board.driven == 0
    assert 2000 - 2 * PASS <= held_for(bench, 1, state=False) <= 2000


def test_a_master_that_repeats_its_heartbeat_renews_nothing() -> None:
    bench = Bench(roles(LOAD)).start(switches=1)
    last_word(bench)
    for _ in range(25):
        bench.speak(beat=bench.beat)
        bench.run(100, master=False)
    assert bench.board.driven == 0


def test_nothing_is_energised_before_the_configuration() -> None:
    bench = Bench()
    bench.permits, bench.switches = BOTH, ALL | CHARGE_COIL | LOAD_COIL | PRE_CHARGE
    bench.run(1_000)
    assert bench.board.driven == 0


def test_the_charger_stops_with_its_permission() -> None:
    bench = Bench(roles(CHARGER_ENABLE, LOAD)).start(switches=0b11)
    bench.board.cell_mv[0] = 3_800
    bench.run(2_100)
    assert bench.board.driven == 0b10


def test_the_emergency_stop_stops_chargers_heaters_and_generators_without_the_master() -> None:
    bench = Bench(roles(CHARGER_ENABLE, LOAD, ALARM, HEATER, GENERATOR, FAN))
    bench.start(switches=ALL | CHARGE_COIL | LOAD_COIL)
    bench.board.emergency_stop = True
    bench.run(PASS, master=False)
    assert bench.board.driven == 0b100110


@pytest.mark.parametrize(("permits", "coils"), [(0, 0), (CHARGE, CHARGE_COIL), (DISCHARGE, LOAD_COIL | PRE_CHARGE)])
def test_coils_hang_on_their_loop(permits: int, coils: int) -> None:
    bench = Bench().start(permits, CHARGE_COIL | LOAD_COIL | PRE_CHARGE)
    assert bench.board.driven == coils


def test_the_order_in_which_a_silent_master_is_taken_leave_of() -> None:
    bench = Bench(roles(CHARGER_ENABLE, LOAD)).start(switches=0b11 | CHARGE_COIL | LOAD_COIL | PRE_CHARGE)
    bench.board.current_ma = 60_000
    last_word(bench)
    seen: dict[int, int] = {}
    for _ in range(6_100):
        bench.run(PASS, master=False)
        for bit in (1, 2, CHARGE_COIL, LOAD_COIL, PRE_CHARGE):
            if not bench.board.driven & bit:
                seen.setdefault(bit, bench.now)
    order = {bit: (time - seen[1]) // 100 for bit, time in seen.items()}
    assert order == {1: 0, PRE_CHARGE: 0, 2: 15, CHARGE_COIL: 25, LOAD_COIL: 595}


def test_a_slave_drives_no_switches() -> None:
    bench = Bench(address=2).start(switches=ALL | LOAD_COIL)
    assert bench.board.driven == 0


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(1, 40)), max_size=12))
def test_no_output_ever_outlives_its_lease(script: list[tuple[int, bool, int]]) -> None:
    bench = Bench(roles(CHARGER_ENABLE, LOAD, HEATER)).start(switches=0b111)
    heard = bench.now
    for permits, master, passes in script:
        bench.permits = permits
        for _ in range(passes):
            before = bench.beat
            bench.run(PASS, master=master)
            heard = bench.now - PASS if bench.beat != before else heard
            silent = bench.now - heard
            assert not (bench.board.driven & 0b001 and silent > 500)
            assert not (bench.board.driven & 0b110 and silent > 2000)
            assert not bench.board.driven & 0b001 or bench.closed & CHARGE


def test_balancing_follows_its_word_and_its_lease() -> None:
    bench = Bench(address=3).start()
    bench.board.cell_mv = [3_400, 3_340, 3_349, 3_500]
    bench.balance = 0b1111
    bench.run(200)
    assert bench.board.bled == 0b1001
    bench.run(1_800, master=False)
    assert bench.board.bled == 0b1001
    bench.run(200, master=False)
    assert bench.board.bled == 0


def test_a_run_of_the_balancer_ends_after_ten_minutes() -> None:
    bench = Bench(address=2).start()
    bench.board.cell_mv = [3_450] * 4
    bench.balance = 0b0001
    bench.run(599_800)
    assert bench.board.bled == 1
    bench.run(1_000)
    assert bench.board.bled == 0
    bench.run(60_000)
    assert bench.board.bled == 0
    bench.balance = 0
    bench.run(200)
    bench.balance = 1
    bench.run(200)
    assert bench.board.bled == 1


@pytest.mark.parametrize("fault", ["age", "stop", "wire"])
def test_nothing_is_bled_that_is_not_surely_measured(fault: str) -> None:
    bench = Bench().start()
    bench.board.cell_mv = [3_450] * 4
    bench.balance = 0b0110
    bench.run(200)
    assert bench.board.bled == 0b0110
    if fault == "age":
        bench.board.voltage_age = 800
    if fault == "stop":
        bench.board.emergency_stop = True
    if fault == "wire":
        bench.board.cell_mv[0] = None
    bench.run(600)
    assert bench.board.bled == 0


def test_nothing_is_bled_before_the_configuration() -> None:
    bench = Bench(address=2)
    bench.board.cell_mv = [3_450] * 4
    bench.balance = 1
    bench.run(500)
    assert bench.board.bled == 0


def test_there_is_an_output_for_every_bit() -> None:
    assert OUTPUTS == 6
    assert len(set(ROLES)) == len(ROLES) < 256
