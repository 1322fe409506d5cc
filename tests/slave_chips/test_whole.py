"""The whole firmware over emulated chips: a node as it will be soldered, from its pins to its frames."""

import subprocess
from pathlib import Path

import pytest
from tests.slave_chips.whole import Whole
from tests.tools import tool

from tbms.slave.chips.chip_board import AFE_MS
from tbms.slave.chips.matrix import Matrix
from tbms.slave.chips.port import Timeout
from tbms.slave.store import settings
from tbms.wire.registers import CHARGE_COIL, LOAD_COIL, OUTPUT_BITS, PRE_CHARGE

ROOT = Path(__file__).resolve().parents[2]
COILS = CHARGE_COIL | LOAD_COIL


@pytest.fixture
def whole(tmp_path: Path) -> Whole:
    return Whole(str(tmp_path)).start(COILS)


def test_it_measures_and_closes(whole: Whole) -> None:
    reading = whole.reading()
    assert reading.row("cell", 4) == (3.3, 3.301, 3.302, 3.303)
    assert reading.row("temperature", 4) == (25.0, 25.0, 25.0, 25.0)
    assert reading.guard == ()
    assert reading.si("current") == pytest.approx(0, abs=0.01)
    assert reading.si("pack_voltage") == pytest.approx(52.8, abs=0.05)
    assert reading.si("supply") == pytest.approx(12, abs=0.1)
    assert reading.si("board_temperature") == 25
    assert whole.loops() == (True, True)
    assert whole.pins.driven["load_close"] == 100
    age = reading.si("voltage_age")
    assert age is not None
    assert age <= (63 + AFE_MS + 100) / 1000


def test_the_watchdog_is_fed_in_every_pass_and_garbage_collected_once_a_cycle(whole: Whole) -> None:
    whole.port.longest = whole.port.collections = 0
    whole.run(1000)
    assert whole.port.longest < 40_000  # beyond this, the charge pumps would let go
    assert 5 <= whole.port.collections <= 10


def test_the_guard_opens_the_charge_loop_alone(whole: Whole) -> None:
    whole.cells.millivolts[2] = 3770
    began = whole.clock.ms
    while whole.loops()[0]:
        whole.run(10)
    assert 2000 <= whole.clock.ms - began <= 2000 + 200
    assert whole.loops() == (False, True)
    assert whole.chip.charge_loop()
    assert whole.reading().guard == ("cell_overvoltage",)
    whole.cells.millivolts[2] = 3300
    whole.run(1000)
    assert whole.loops() == (False, True)  # until the master has withdrawn its permit
    whole.permits = 2
    whole.run(300)
    whole.permits = 3
    whole.run(300)
    assert whole.loops() == (True, True)


def test_a_trip_of_the_front_end_opens_only_its_loop_and_is_latched_by_the_node(whole: Whole) -> None:
    whole.cells.millivolts[1] = 3850
    whole.node.limits.configured = True
    whole.node.guard.overvoltage.bit = 0  # the guard is blind to it
    whole.run(3600)
    assert not whole.chip.charge_loop()
    assert "afe" in whole.reading().guard
    assert whole.loops() == (False, True)
    whole.cells.millivolts[1] = 3300
    whole.run(6000)
    assert whole.chip.charge_loop()
    assert whole.loops() == (False, True)


def test_a_front_end_that_resets_opens_both_and_is_configured_again(whole: Whole) -> None:
    whole.chip.reset()
    whole.run(150)
    assert whole.loops() == (False, False)
    assert "afe" in whole.reading().guard
    whole.run(2500)
    assert whole.reading().guard == ()
    whole.permits = 0
    whole.run(200)
    whole.permits = 3
    whole.run(300)
    assert whole.loops() == (True, True)


def test_a_silent_front_end_is_said_and_opens_both(whole: Whole) -> None:
    assert whole.board.problems == ["", "", "", ""]
    port = whole.board.afe.link._port
    port.nak = -1  # type: ignore[attr-defined]
    whole.run(700)
    assert "silent" in whole.board.problems[0]
    assert whole.loops() == (False, False)
    assert whole.reading().row("cell", 4) == (None,) * 4


def test_a_shunt_monitor_that_resets_is_configured_again(whole: Whole) -> None:
    whole.cells.current = -20_000
    whole.run(1000)
    assert whole.reading().si("current") == pytest.approx(-20, abs=0.05)
    whole.meter.reset()
    whole.run(100)
    assert whole.board.shunt
    assert whole.board.shunt.gaps == 1
    whole.run(1500)
    assert whole.reading().si("current") == pytest.approx(-20, abs=0.05)


def test_what_the_boards_draw_is_measured_and_unknown_without_a_monitor(whole: Whole) -> None:
    reading = whole.reading()
    assert reading.si("own_current") == pytest.approx(0.095, abs=0.002)
    assert reading.si("store_voltage") == pytest.approx(48.0, abs=0.05)
    whole.own_meter.device = 0
    whole.own_meter.reset()
    whole.run(3000)
    reading = whole.reading()
    assert (reading.si("own_current"), reading.si("store_voltage")) == (None, None)
    assert "not an INA228" in whole.board.problems[3]
    assert reading.si("current") is not None
    assert whole.loops() == (True, True)


def test_chips_that_refuse_their_configuration_are_tried_once_a_second(whole: Whole) -> None:
    assert whole.board.shunt
    ports = whole.board.afe.link._port, whole.board.shunt._port
    whole.chip.deaf, whole.meter.device = True, 0
    whole.chip.reset()
    whole.meter.reset()
    whole.run(3000)
    before = [port.transfers for port in ports]  # type: ignore[attr-defined]
    whole.run(5000)
    tries = [port.transfers - old for port, old in zip(ports, before, strict=True)]  # type: ignore[attr-defined]
    assert max(tries) < 300
    assert "configuration mode" in whole.board.problems[0]
    assert "not an INA228" in whole.board.problems[1]
    whole.chip.deaf, whole.meter.device = False, 0x2281
    whole.run(2500)
    assert whole.board.problems == ["", "", "", ""]


def test_the_emergency_stop_acts_without_the_master(whole: Whole) -> None:
    whole.permits = None
    whole.pins.stop = True
    whole.run(60)
    assert whole.loops() == (False, False)
    assert whole.pins.driven["load_close"] == 0


def test_everything_the_master_switches_reaches_its_pin(whole: Whole) -> None:
    whole.configure({f"output_{index}": 7 for index in range(1, 7)})
    whole.switches = COILS | PRE_CHARGE | OUTPUT_BITS | 4 << 9 | 2 << 12
    whole.run(300)
    on = [name for name, duty in whole.pins.driven.items() if duty]
    assert {f"output_{index}" for index in range(1, 7)} <= set(on)
    assert {"charge_close", "load_close", "pre_charge", "red", "buzzer"} <= set(on)
    whole.switches = 3 << 9 | 1 << 12
    seen = set()
    for _ in range(200):
        whole.run(10)
        seen.add((whole.pins.driven["red"], whole.pins.driven["buzzer"]))
    assert {red for red, _ in seen} == {0, 100}
    assert {tone for _, tone in seen} == {0, 50}


def test_the_front_end_bleeds_what_the_master_wishes(whole: Whole) -> None:
    whole.cells.millivolts[:] = [3400, 3420, 3400, 3400]
    whole.run(300)
    whole.balance = 0b0010
    whole.run(600)
    assert whole.chip.bleed == 0b10
    whole.permits = None
    whole.run(4500)
    assert whole.chip.bleed == 0


def test_limits_are_kept_over_a_reset_but_permit_nothing(whole: Whole) -> None:
    whole.configure({"overvoltage": 3700})
    whole.permits = 0
    whole.run(300)
    whole.permits = 3
    whole.boot()
    assert whole.node.guard.overvoltage.threshold == 3700
    assert not whole.node.limits.configured
    whole.run(3000)
    assert whole.loops() == (False, False)
    assert "unconfigured" in whole.reading().guard


def test_damaged_limits_are_forgotten(whole: Whole, tmp_path: Path) -> None:
    whole.configure({"overvoltage": 3700})
    whole.permits = 0
    whole.run(300)
    stored = bytearray((tmp_path / "limits").read_bytes())
    stored[9] ^= 1
    (tmp_path / "limits").write_bytes(stored)
    whole.boot()
    assert whole.node.guard.overvoltage.threshold == 3750


def test_address_and_baud_are_set_only_while_everything_is_open(tmp_path: Path) -> None:
    node = Whole(str(tmp_path), base=False).start()
    assert node.loops() == (True, True)
    assert node.service(2, 3)[1:3] == b"\x86\x06"
    node.permits = 0
    node.run(300)
    assert node.service(2, 1)[1:3] == b"\x86\x03"  # that of the base board
    assert node.service(3, 1000)[1:3] == b"\x86\x03"
    assert node.service(2, 3)[1] == 6
    assert node.service(3, 384)[1] == 6
    assert node.port.restarts
    assert settings(str(tmp_path), 2, 115_200) == (3, 38_400)


def test_sleep_only_while_everything_is_open(tmp_path: Path) -> None:
    node = Whole(str(tmp_path), base=False).start()
    assert node.service(4, 360)[1:3] == b"\x86\x06"
    assert node.port.slept == 0
    node.permits = 0
    node.run(300)
    assert node.service(4, 360)[1] == 6
    assert node.port.slept >= 360 * 60_000
    assert node.port.restarts


class Asleep(Exception):  # noqa: N818 - what has happened
    """The controller does not come back from this."""


@pytest.mark.parametrize("monitored", [True, False])
def test_what_the_boards_draw_asleep_is_known_after_waking(tmp_path: Path, monitored: bool) -> None:
    node = Whole(str(tmp_path)).start()
    assert node.reading().si("asleep_charge") is None
    node.permits = 0
    node.run(300)
    if not monitored:
        node.board.own = None

    def sleep(ms: int) -> None:
        node.cells.own = 20
        node.clock.advance(1000 * ms)
        node.own_meter.run(node.clock.us)
        raise Asleep

    node.port.sleep = sleep  # type: ignore[method-assign]
    with pytest.raises(Asleep):
        node.service(4, 12)
    node.cells.own = 95
    node.boot()
    node.run(1500)
    charge = node.reading().si("asleep_charge")
    assert charge == (pytest.approx(0.004, abs=0.0001) if monitored else None)
    assert node.reading().si("own_current") == pytest.approx(0.095, abs=0.002)
    node.boot()
    node.run(1500)
    assert node.reading().si("asleep_charge") is None


def test_a_monitor_that_fails_keeps_nobody_awake(tmp_path: Path) -> None:
    node = Whole(str(tmp_path)).start()
    node.own_meter.device = 0
    node.own_meter.reset()
    node.run(1000)
    node.board.doze()
    assert node.own_meter.registers[0x01] == 0xFB68, "what is no such chip is not written to"


def test_another_chemistry_is_given_to_the_front_end(whole: Whole) -> None:
    whole.cells.millivolts[:] = [3700] * 4
    whole.configure({"chemistry": 1, "overvoltage": 4250, "undervoltage": 2800, "balance_minimum": 3900})
    whole.run(3000)
    assert whole.chip.byte(0x9278) * 50.6 == pytest.approx(4280, abs=26)
    assert whole.reading().guard == ()


class Switches:
    """The matrix's drivers."""

    word = 0

    def set(self, word: int) -> None:
        self.word = word
        if word == 0b1000_0010:
            raise Timeout("the drivers are silent")


def test_the_matrix_moves_charge_from_the_highest_wished_to_the_lowest_cell(tmp_path: Path) -> None:
    node = Whole(str(tmp_path), base=False)
    switches = Switches()
    node.board.matrix = Matrix(switches, 4, True)
    node.start()
    node.cells.millivolts[:] = [3360, 3420, 3400, 3380]
    node.balance = 0b0110
    node.run(500)
    assert switches.word == 1 << 1 | 1 << 4
    node.cells.millivolts[:] = [3600, 3420, 3400, 3380]
    node.run(500)
    assert node.board.problems[2] == "the drivers are silent"
    node.cells.millivolts[:] = [3600, 3640, 3600, 3600]  # nobody may receive
    node.run(500)
    assert switches.word == 0
    node.cells.millivolts[:] = [3600, 3640, 0, 3600]
    node.run(300)
    assert switches.word == 0


@pytest.mark.parametrize("interpreter", ["micropython", "python"])
def test_the_whole_node_on_the_real_interpreter(interpreter: str, tmp_path: Path) -> None:
    heap = ["-X", "heapsize=200k"] if interpreter == "micropython" else []
    command = [tool(interpreter), *heap, str(Path(__file__).with_name("whole_on_target.py")), str(ROOT), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "proved", done.stdout
