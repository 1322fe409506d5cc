"""The shunt monitor: golden calibration, current both ways, the counter, brown-out and every injected fault."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.drivers.emulators.bus import FOREVER, Clock, EmulatedPort, Noise
from tests.drivers.emulators.ina228 import Ina228 as Emulator
from tests.slave_chips.rig import ShuntRig

from tbms.slave.chips.ina228 import Ina228
from tbms.slave.chips.port import Corrupt, NotReady, Refused, Timeout


@pytest.mark.parametrize("rated", [100, 500])
def test_golden_calibration(rated: int) -> None:
    rig = ShuntRig(rated)
    assert rig.chip.registers[0x02] == 1250
    assert rig.chip.registers[0x00] & 0x10 == 0
    assert rig.chip.registers[0x01] == 0xF922
    assert rig.chip.period() == 25920  # µs; all of bus, shunt and die 16 times


def test_golden_calibration_of_the_narrow_range() -> None:
    chip = Emulator()
    driver = Ina228(EmulatedPort(Clock(), chip), 100, 40, narrow=True)
    driver.configure()
    assert chip.registers[0x02] == 4000  # 40 mV of 50: 5000 · 40 / 50
    assert chip.registers[0x00] & 0x10


@pytest.mark.parametrize(("rated_mv", "narrow"), [(50, True), (75, True), (165, False)])
def test_a_range_that_clips_the_shunt_is_refused(rated_mv: int, narrow: bool) -> None:
    with pytest.raises(Refused, match=f"clips a shunt of {rated_mv} mV"):
        Ina228(EmulatedPort(Clock(), Emulator()), 100, rated_mv, narrow)


@pytest.mark.parametrize("rated", [100, 500])
@given(part=st.integers(-320, 320))
@settings(max_examples=30)
def test_current_is_right_to_three_times_the_rating_both_ways(rated: int, part: int) -> None:
    rig = ShuntRig(rated)
    rig.world.current = rated * 10 * part
    rig.live(200)
    assert rig.driver.current_ma is not None
    assert abs(rig.driver.current_ma - rig.world.current) <= 7


def test_bus_voltage_and_die_temperature() -> None:
    rig = ShuntRig()
    rig.world.bus = 52800
    rig.world.die = -123
    rig.live(200)
    assert rig.driver.bus_mv is not None
    assert rig.driver.die_dc is not None
    assert abs(rig.driver.bus_mv - 52800) <= 1
    assert abs(rig.driver.die_dc + 123) <= 1


def test_a_small_current_is_counted_upon_a_large_charge() -> None:
    """The count in which a single-precision float stands still: 0.2 A upon 250 Ah."""
    rig = ShuntRig(500)
    rig.driver._counted = 250 * 3600 * (1 << 19) // 500
    rig.world.current = -200
    start = rig.driver.charge_mas
    assert start == pytest.approx(250 * 3600e3, rel=1e-6)
    for _ in range(24):
        rig.port.pause(150 * 1000000)
        rig.driver.read(rig.clock.ms)
    assert (start - rig.driver.charge_mas) / 3600e3 == pytest.approx(0.2, rel=0.005)


def test_the_counter_may_wrap() -> None:
    rig = ShuntRig()
    rig.chip.counted = ((1 << 39) - 1000) * 1000000
    rig.driver._raw = (1 << 39) - 1000
    rig.world.current = 50000
    before = rig.driver.charge_mas
    rig.live(1000)
    assert rig.driver.charge_mas - before == pytest.approx(50000, rel=0.1)
    assert rig.chip.counted // 1000000 > 1 << 39


def test_charge_follows_the_sign() -> None:
    rig = ShuntRig()
    rig.world.current = 36000
    rig.live(10000)
    gained = rig.driver.charge_mas
    assert gained == pytest.approx(360_000, rel=0.01)
    rig.world.current = -36000
    rig.live(10000)
    assert abs(rig.driver.charge_mas) < 4000
    assert not rig.failures


def test_current_beyond_the_rating_is_measured_and_the_clipped_counter_told() -> None:
    rig = ShuntRig()
    rig.world.current = -250000
    rig.live(5000)
    assert rig.driver.current_ma == pytest.approx(-250000, abs=7)
    assert rig.chip.overflow
    assert rig.driver.gaps > 0
    assert not rig.failures


def test_before_configuring_nothing_is_known() -> None:
    rig = ShuntRig(configure=False)
    with pytest.raises(NotReady):
        rig.driver.read(0)
    assert (rig.driver.current_ma, rig.driver.bus_mv, rig.driver.die_dc, rig.driver.age(0)) == (None, None, None, None)


@pytest.mark.parametrize(("attribute", "value"), [("device", 0x2260), ("maker", 0x1234)])
def test_another_chip_is_refused(attribute: str, value: int) -> None:
    rig = ShuntRig(configure=False)
    setattr(rig.chip, attribute, value)
    with pytest.raises(Refused, match="not an INA228"):
        rig.driver.configure()


def test_an_ina229_is_taken_too() -> None:
    rig = ShuntRig(configure=False)
    rig.chip.device = 0x2291
    rig.driver.configure()
    assert rig.driver.configured


@pytest.mark.parametrize("register", [0x01, 0x02])
def test_a_setting_that_is_not_kept_is_refused(register: int) -> None:
    rig = ShuntRig(configure=False)
    rig.chip.kept = (register,)
    with pytest.raises(Refused, match="does not keep"):
        rig.driver.configure()


def test_a_brown_out_is_seen_at_once_and_no_charge_is_invented() -> None:
    rig = ShuntRig()
    rig.world.current = 50000
    rig.live(10000)
    before = rig.driver.charge_mas
    rig.chip.reset()
    assert rig.chip.registers[0x02] == 0x1000
    rig.port.pause(100000)
    with pytest.raises(NotReady, match="lost its settings"):
        rig.driver.read(rig.clock.ms)
    assert not rig.driver.configured
    assert rig.driver.current_ma is None
    assert (rig.driver.charge_mas, rig.driver.gaps) == (before, 1)
    rig.driver.configure()
    rig.live(1000)
    assert rig.driver.charge_mas - before == pytest.approx(50000, rel=0.1)
    assert rig.driver.gaps == 1


def slept(rig: ShuntRig, seconds: int = 3600) -> Ina228:
    """The driver of another start of the controller, which has slept so long."""
    rig.driver.doze()
    assert rig.driver.current_ma is None
    for _ in range(seconds):
        rig.port.pause(1000000)
    return Ina228(rig.port, 100)


@pytest.mark.parametrize("current", [37, 20_000, -37])
def test_what_flows_while_the_controller_sleeps_is_counted(current: int) -> None:
    rig = ShuntRig()
    rig.world.current = 50_000
    rig.live(1000)
    rig.world.current = current
    again = slept(rig)
    assert again.asleep_mas is None
    again.configure()
    assert again.asleep_mas == pytest.approx(3600 * current, rel=0.03)
    rig.chip.reset()
    again.configure()  # a brown-out later changes nothing of it
    assert again.asleep_mas == pytest.approx(3600 * current, rel=0.03)
    other = Ina228(rig.port, 100)  # nor is it told again after a start without a sleep
    other.configure()
    assert other.asleep_mas is None


def test_a_chip_that_lost_its_supply_asleep_has_counted_nothing() -> None:
    rig = ShuntRig()
    again = slept(rig, 10)
    rig.chip.reset()
    again.configure()
    assert again.asleep_mas is None


def test_a_counter_that_reads_differently_each_time_is_not_believed() -> None:
    rig = ShuntRig()
    again = slept(rig, 10)
    values = iter(range(10))
    read = rig.chip.read
    rig.chip.read = lambda register, count: (  # type: ignore[method-assign]
        bytes((0, 0, 0, 0, next(values))) if register == 0x0A else read(register, count)
    )
    again.configure()
    assert again.asleep_mas is None


def test_a_silent_chip_makes_the_current_unknown_never_zero() -> None:
    rig = ShuntRig()
    rig.world.current = 12000
    rig.live(200)
    rig.port.nak = FOREVER
    rig.live(500)
    rig.port.transfers = 0
    with pytest.raises(Timeout):
        rig.driver.read(rig.clock.ms)
    assert rig.port.transfers == 3  # bounded
    assert all(isinstance(problem, Timeout) for problem in rig.failures)
    rig.live(200)
    assert rig.driver.current_ma is None
    age = rig.driver.age(rig.clock.ms)
    assert age is not None
    assert age > 500


def test_a_lost_transfer_is_retried() -> None:
    rig = ShuntRig()
    rig.port.nak = 1
    rig.live(100)
    assert rig.driver.errors == 1
    assert not rig.failures


def test_a_converter_that_stands_still_ages() -> None:
    rig = ShuntRig()
    rig.chip.frozen = True
    rig.live(800)
    assert rig.driver.current_ma is None
    assert not rig.failures


def test_damaged_trim_memory_is_not_a_measurement() -> None:
    rig = ShuntRig()
    rig.chip.damaged = True
    rig.live(800)
    assert rig.driver.current_ma is None
    assert "trim memory" in str(rig.failures[0])


def test_a_stuck_shunt_register_contradicts_the_counter_and_stays_refused() -> None:
    rig = ShuntRig()
    rig.world.current = 50000
    rig.live(3000)
    rig.chip.stuck = 0
    rig.live(5000)
    assert rig.driver.current_ma is None
    assert "contradict" in str(rig.failures[-1])
    seen = len(rig.failures)
    rig.live(1000)
    assert len(rig.failures) - seen >= 9  # every reading, not one in 2 s
    rig.chip.stuck = None
    rig.live(5000)
    assert rig.driver.current_ma == pytest.approx(50000, abs=7)


@pytest.mark.parametrize("seed", range(1, 31))
def test_noise_on_the_bus_makes_no_wrong_value(seed: int) -> None:
    """Every reading is made twice; only the same bit disturbed twice in a row would pass."""
    rig = ShuntRig()
    rig.world.current = 40000
    rig.live(200)
    rig.port.noise = Noise(2000, seed)
    for _ in range(20):
        rig.live(100)
        driver = rig.driver
        assert driver.current_ma is None or abs(driver.current_ma - 40000) <= 510  # 0.5 % of the rating
        assert driver.bus_mv is None or abs(driver.bus_mv - 13260) <= 101
        assert driver.die_dc is None or abs(driver.die_dc - 300) <= 21


def test_a_register_that_never_settles_is_refused() -> None:
    rig = ShuntRig()
    flips = iter(range(10**6))
    rig.port.noise = lambda data: bytes((data[0] ^ next(flips) & 0x7F,)) + data[1:] if len(data) == 5 else data
    rig.live(100)
    assert isinstance(rig.failures[0], Corrupt)
    assert "differently each time" in str(rig.failures[0])


def test_one_disturbed_reading_of_the_settings_is_not_a_brown_out() -> None:
    rig = ShuntRig()
    left = [1]

    def once(data: bytes) -> bytes:
        if left:
            left.clear()
            return bytes((data[0] ^ 0x01,)) + data[1:]
        return data

    rig.port.noise = once
    rig.live(100)
    assert not rig.failures
    assert rig.driver.configured
