"""The nodes in their places: series loops, supply, hang and reset, and what each bus fault looks like."""

import struct
from collections.abc import Callable

import pytest
from tests.simulator.yard import Yard

from tbms.simulator.hardware import LOOP_HOLD
from tbms.simulator.rig import WATCHDOG
from tbms.simulator.trouble import Trouble
from tbms.slave.node import Node
from tbms.twin.world import SLEEP_POWER
from tbms.wire.frames import seal
from tbms.wire.registers import CHARGE_COIL, LOAD_COIL, PRE_CHARGE, SERVICE

COILS = CHARGE_COIL | LOAD_COIL


def trouble(yard: Yard, kind: str, node: int = 1, severity: float | None = None, duration: float = 1e9) -> None:
    yard.rig.troubles.inject(Trouble(kind, node, severity, duration=duration), yard.now)


def contacts(yard: Yard) -> tuple[bool, bool]:
    world = yard.rig.world
    return world.charge_contactor.closed, world.load_contactor.closed


def outputs(yard: Yard) -> tuple[bool, ...]:
    return yard.rig.controls.outputs


def test_permitted_coils_close_the_contactors() -> None:
    yard = Yard().start(COILS)
    assert yard.rig.controls.charge_loop
    assert contacts(yard) == (True, True)
    reading = yard.read(1)
    assert reading is not None
    assert reading.contacts() == (True, True, False)


def test_nodes_measure_their_own_cells() -> None:
    yard = Yard().start()
    for address in (1, 2):
        reading = yard.read(address)
        assert reading is not None
        true = yard.rig.world.pack.voltages[4 * address - 4 : 4 * address]
        assert reading.row("cell", 4) == pytest.approx(true, abs=0.005)
        age = reading.si("voltage_age")
        assert age is not None
        assert age <= 0.15


def test_a_pack_that_does_not_fill_its_last_node() -> None:
    yard = Yard(cells=6).start()
    reading = yard.read(2)
    assert reading is not None
    assert reading.row("cell", 4)[2:] == (None, None)


def test_one_nodes_guard_opens_the_contactor_of_all() -> None:
    yard = Yard().start(COILS, overvoltage=3400, overvoltage_delay=1000)
    yard.rig.world.pack.shift(6, 0.4)
    yard.inject("voltage_offset", 7, 0.2)
    yard.run(1.2 + LOOP_HOLD)
    assert contacts(yard) == (False, True)
    assert [slot.hardware.charge for slot in yard.rig.slots] == [True, False]


def test_the_emergency_stop_opens_both_without_a_master() -> None:
    yard = Yard().start(COILS)
    yard.permits = None
    yard.rig.world.emergency_stop = True
    yard.run(0.05)
    assert contacts(yard) == (False, False)
    yard.run(0.05)
    assert not yard.rig.controls.charge_loop
    assert not yard.rig.controls.discharge_loop


def test_a_silent_master_is_taken_leave_of_in_order() -> None:
    yard = Yard().start(COILS, load_hold=4)
    yard.permits = None
    yard.run(0.7)
    assert contacts(yard) == (False, True)  # the current is small
    yard.run(2.5)
    assert contacts(yard) == (False, True)
    yard.run(1.2)
    assert contacts(yard) == (False, False)


def test_a_node_without_supply_opens_both_and_must_be_configured_again() -> None:
    yard = Yard().start(COILS)
    trouble(yard, "node_off", 2)
    yard.run(0.1)
    assert contacts(yard) == (False, False)
    assert yard.read(2) is None
    yard.rig.troubles.clear("node_off:2")
    yard.run(1.0)
    reading = yard.read(2)
    assert reading is not None
    assert "unconfigured" in reading.guard
    assert contacts(yard) == (False, False)


def test_a_reset_acts_once() -> None:
    yard = Yard().start(COILS)
    trouble(yard, "node_reset", 1)
    yard.run(0.3)
    assert contacts(yard) == (False, False)
    node = yard.rig.slots[0].node
    yard.run(0.3)
    assert yard.rig.slots[0].node is node


def test_a_hung_program_lets_its_loops_fall_though_its_outputs_stay_until_the_watchdog() -> None:
    yard = Yard().start(COILS | 1)
    yard.inject("node_hang", 1)
    yard.run(0.1)
    assert contacts(yard) == (False, False)
    assert outputs(yard)[0]
    yard.run(WATCHDOG)
    assert not outputs(yard)[0]
    yard.rig.world.clear("node_hang:1")
    yard.run(0.2)
    reading = yard.read(1)
    assert reading is not None
    assert not reading.configured


def test_a_supply_dip_resets_every_board() -> None:
    yard = Yard().start(COILS)
    yard.inject("supply_dip", severity=8.0)
    yard.run(0.1)
    assert all(slot.node is None for slot in yard.rig.slots)
    assert contacts(yard) == (False, False)


def test_stale_data_grows_old_and_opens_both() -> None:
    yard = Yard().start(COILS)
    yard.inject("data_stale", 2)
    yard.run(0.4)
    assert contacts(yard) == (True, True)
    yard.run(0.4)
    assert contacts(yard) == (False, False)
    reading = yard.read(2)
    assert reading is not None
    assert "sample_age" in reading.guard


@pytest.mark.parametrize("kind", ["frames_lost", "frames_corrupt", "duplicate_address"])
def test_answers_that_do_not_come_whole(kind: str) -> None:
    yard = Yard().start()
    yard.inject(kind, 2, 1.0)
    yard.run(0.1)
    assert yard.read(2) is None
    assert yard.read(1) is not None


def test_a_cut_line_silences_this_node_and_all_behind() -> None:
    yard = Yard(cells=12).start()
    trouble(yard, "line_cut", 2)
    assert [yard.read(address) is not None for address in (1, 2, 3)] == [True, False, False]


def test_a_late_answer() -> None:
    yard = Yard().start()
    trouble(yard, "late_answers", 2, 0.03)
    assert yard.read(2) is None
    yard.answers = []
    yard.run(0.03)
    assert len(yard.answers) == 1


def test_a_node_with_anothers_address_collides_with_it() -> None:
    yard = Yard().start()
    trouble(yard, "wrong_address", 2, 1)
    assert yard.read(1) is None
    assert yard.read(2) is None
    assert yard.line.collisions > 0


def test_balance_words_reach_the_cells() -> None:
    yard = Yard(soc=0.99)
    yard.start(balance_minimum=3300)
    yard.balance = 0b0101
    yard.run(0.3)
    assert yard.rig.controls.balance == (True, False, True, False) * 2


def test_pre_charge_reaches_its_relay() -> None:
    yard = Yard().start(PRE_CHARGE)
    assert yard.rig.world.pre_charge.closed


def test_after_a_long_pause_the_world_is_where_the_clock_is() -> None:
    yard = Yard().start()
    began = yard.rig.world.time
    yard.rig.tick(yard.now + 150.0)
    assert yard.rig.world.time - began == pytest.approx(150.0, abs=0.02)


def test_in_noise_no_wrong_command_is_obeyed_and_no_wrong_value_read() -> None:
    yard = Yard().start(COILS)
    yard.line.bit_errors, yard.line.lost_bytes = 1e-3, 1e-3
    heard = 0
    for cycle in range(150):
        yard.switches = COILS | 1 << cycle % 6
        yard.run(0.08)
        base = yard.rig.slots[0].node
        assert isinstance(base, Node)
        assert base.outputs.wanted in {COILS | 1 << bit for bit in range(6)} | {COILS}
        assert base.permission.permits == 3
        for address in (1, 2):
            reading = yard.read(address)
            if reading is not None:
                heard += 1
                assert all(3.2 < value < 3.4 for value in reading.row("cell", 4) if value is not None)
    assert 50 < heard < 300


SLEEP = SERVICE.start + SERVICE.places["sleep_minutes"][0] // 2


def sent_to_sleep(minutes: int = 360) -> Yard:
    """Both nodes asleep, the master off."""
    yard = Yard().start()
    yard.permits = 0
    yard.run(0.3)
    yard.permits = None
    yard.run(0.1)
    assert not yard.ask(seal(struct.pack(">BBHH", 0, 6, SLEEP, minutes)))  # to all at once: traffic wakes the slaves
    yard.run(0.1)
    return yard


def awake(yard: Yard) -> list[bool]:
    return [slot.node is not None for slot in yard.rig.slots]


def test_nothing_sleeps_while_a_loop_is_permitted() -> None:
    yard = Yard().start(COILS)
    assert yard.ask(seal(struct.pack(">BBHH", 1, 6, SLEEP, 1)))[0][1] == 0x86
    yard.run(0.1)
    assert awake(yard) == [True, True]


def test_asleep_everything_is_open_and_nothing_answers() -> None:
    yard = sent_to_sleep()
    assert awake(yard) == [False, False]
    assert contacts(yard) == (False, False)
    assert not any(outputs(yard))


def wake_by_button(yard: Yard) -> None:
    yard.rig.world.button = True


def wake_by_charger(yard: Yard) -> None:
    yard.inject("ignores_stop", "shore")  # a charger that no relay switches off
    yard.rig.world.shore = True


@pytest.mark.parametrize("call", [wake_by_button, wake_by_charger])
def test_button_or_charger_wake_the_base_board_and_the_bus_the_slaves(call: Callable[[Yard], None]) -> None:
    yard = sent_to_sleep()
    yard.run(30.0)
    assert awake(yard) == [False, False]
    call(yard)
    yard.run(5.0)
    assert awake(yard) == [True, False]
    yard.permits = 0
    yard.run(0.3)
    assert awake(yard) == [True, True]
    reading = yard.read(2)
    assert reading is not None
    assert "unconfigured" in reading.guard


def test_what_is_drawn_asleep_is_told_awake() -> None:
    yard = sent_to_sleep()
    yard.run(600.0)
    wake_by_button(yard)
    yard.run(1.0)
    yard.permits = 0
    yard.run(0.3)
    reading = yard.read(1)
    assert reading is not None
    charge = SLEEP_POWER / yard.rig.world.pack.voltage * 600.0 / 3600.0
    assert reading.si("asleep_charge") == pytest.approx(charge, abs=0.0001)


def test_the_timer_wakes_them_again() -> None:
    yard = sent_to_sleep(minutes=1)
    yard.run(59.0)
    assert awake(yard) == [False, False]
    yard.run(1.2)
    assert awake(yard) == [True, True]
