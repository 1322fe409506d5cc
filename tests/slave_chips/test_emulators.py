"""The emulators against the register facts, with raw numbers and without a driver."""

import pytest
from tests.drivers.emulators.bq76952 import Bq76952
from tests.drivers.emulators.bus import Clock, Nak, Noise
from tests.drivers.emulators.ina228 import Ina228


def chip() -> Bq76952:
    return Bq76952(crc=False)


def send(emulator: Bq76952, code: int, data: bytes) -> None:
    emulator.write(0x3E, bytes((code & 0xFF, code >> 8)) + data)
    total = (code & 0xFF) + (code >> 8) + sum(data)
    emulator.write(0x60, bytes((~total & 0xFF, len(data) + 4)))


def memory(emulator: Bq76952, address: int) -> bytes:
    emulator.write(0x3E, bytes((address & 0xFF, address >> 8)))
    emulator.run(emulator.time + 10000)
    return emulator.read(0x40, 32)


def test_defaults_after_power_on() -> None:
    emulator = chip()
    assert emulator.byte(0x9261) == 0x88  # SCD and COV only
    assert (emulator.byte(0x9262), emulator.byte(0x9263)) == (0, 0)
    assert [emulator.byte(0x9265 + i) for i in range(3)] == [0x98, 0xD5, 0x56]
    assert emulator.byte(0x926B) == 0xE2
    assert (emulator.byte(0x9275), emulator.byte(0x9278)) == (50, 86)
    assert emulator.word(0x92B2) == 60
    assert emulator.byte(0x9308) == 0x0D
    assert emulator.byte(0x9314) == 5
    assert emulator.read(0x12, 2)[0] & 0x08  # POR


def test_a_subcommand_echoes_only_when_it_is_done() -> None:
    emulator = chip()
    emulator.write(0x3E, b"\x01\x00")
    assert emulator.read(0x3E, 2) == b"\xff\xff"
    emulator.run(4000)
    assert emulator.read(0x3E, 2) == b"\x01\x00"
    assert emulator.read(0x60, 2) == bytes((~(0x01 + 0x95 + 0x76) & 0xFF, 6))
    assert emulator.read(0x40, 2) == b"\x95\x76"


def test_data_memory_is_given_in_blocks_of_32() -> None:
    emulator = chip()
    assert memory(emulator, 0x9261)[0] == 0x88
    assert emulator.read(0x61, 1) == b"\x24"


def test_data_memory_is_written_only_in_configuration_mode_and_with_its_checksum() -> None:
    emulator = chip()
    send(emulator, 0x9261, b"\x8c")
    assert emulator.byte(0x9261) == 0x88
    emulator.write(0x3E, b"\x90\x00")
    emulator.write(0x3E, b"\x61\x92\x8c")
    emulator.write(0x60, b"\x81\x05")
    assert emulator.byte(0x9261) == 0x88
    emulator.write(0x3E, b"\x61\x92\x8c")
    emulator.write(0x60, b"\x80\x05")
    assert emulator.byte(0x9261) == 0x8C
    assert emulator.read(0x12, 2)[0] & 0x01
    emulator.write(0x3E, b"\x92\x00")
    assert emulator.read(0x12, 2)[0] & 0x09 == 0  # left, and POR with it


def test_a_wrong_crc_is_not_acknowledged() -> None:
    emulator = Bq76952()
    emulator.write(0x3E, bytes.fromhex("22630000"))
    assert emulator.fet_en
    with pytest.raises(Nak):
        emulator.write(0x3E, bytes.fromhex("22640000"))


def test_a_loop_takes_63_ms_and_a_full_scan_three() -> None:
    emulator = chip()
    emulator.write(0x66, b"\x82\x00")
    emulator.sleep_en = False
    emulator.run(62000)
    assert emulator.read(0x62, 1) == b"\x00"
    emulator.run(63000)
    assert emulator.read(0x62, 1) == b"\x02"
    assert emulator.read(0x14, 2) == b"\xe4\x0c"
    emulator.write(0x62, b"\x02\x00")
    emulator.run(189000)
    assert emulator.read(0x62, 1) == b"\x82"


def test_an_idle_chip_sleeps_and_measures_every_five_seconds() -> None:
    emulator = chip()
    emulator.run(4_900_000)
    assert emulator.read(0x14, 2) == b"\0\0"
    emulator.run(5_100_000)
    assert emulator.read(0x14, 2) == b"\xe4\x0c"


def live(current: int) -> Bq76952:
    """FETs on, in the series arrangement as delivered, at this current."""
    emulator = Bq76952(lambda us: ([3300] * 16, current, [250] * 9), crc=False)
    emulator.write(0x3E, b"\x22\x00")
    return emulator


@pytest.mark.parametrize(
    ("current", "enabled", "bit"), [(9000, 0x10, 4), (-17000, 0x20, 5), (-13000, 0x40, 6), (-220000, 0x80, 7)]
)
def test_currents_trip(current: int, enabled: int, bit: int) -> None:
    emulator = live(current)
    emulator.memory[0x9261 - 0x9180] = enabled
    emulator.run(100000)
    assert emulator.status[0] == 1 << bit
    assert emulator.chg is (bit not in (4, 7))


def test_the_body_diode_is_spared_in_series() -> None:
    emulator = live(-5000)
    assert emulator.dsg
    emulator.status[0] = 0x08  # overvoltage
    assert emulator.chg
    emulator.memory[0x9308 - 0x9180] &= ~1
    assert not emulator.chg


def test_all_fets_off_and_on() -> None:
    emulator = live(0)
    emulator.write(0x3E, b"\x95\x00")
    assert (emulator.chg, emulator.dsg) == (False, False)
    emulator.write(0x3E, b"\x96\x00")
    assert (emulator.chg, emulator.dsg) == (True, True)


def test_a_pin_active_high_is_low_while_the_fet_is_on() -> None:
    emulator = live(0)
    emulator.memory[0x9301 - 0x9180] = 0x0A
    assert not emulator.charge_loop()
    emulator.write(0x3E, b"\x95\x00")
    assert emulator.charge_loop()  # which is why a loop needs the other polarity


def test_reset_by_command() -> None:
    emulator = live(0)
    emulator.memory[0x9261 - 0x9180] = 0
    emulator.write(0x3E, b"\x12\x00")
    assert emulator.byte(0x9261) == 0x88
    assert not emulator.fet_en


def test_bleeding_is_refused_where_commands_are_blocked() -> None:
    emulator = chip()
    emulator.memory[0x9304 - 0x9180] = 0xFF
    send(emulator, 0x0083, b"\x05\x00")
    assert emulator.bleed == 5
    send(emulator, 0x0083, b"\x00\x00")
    emulator.memory[0x9335 - 0x9180] = 0x10
    send(emulator, 0x0083, b"\x05\x00")
    assert emulator.bleed == 0


def test_golden_shunt_monitor_100_a() -> None:
    emulator = Ina228(lambda us: (100000, 52800, 250))
    emulator.write(0x02, (1250).to_bytes(2, "big"))
    emulator.run(10000)
    assert int.from_bytes(emulator.read(0x04, 3), "big") >> 4 == 160000  # 50 mV in 312.5 nV
    assert emulator.read(0x07, 3) == b"\x7f\xff\xf0"  # 100 A is full scale
    assert int.from_bytes(emulator.read(0x05, 3), "big") >> 4 == 270336  # 52.8 V in 195.3125 µV
    assert int.from_bytes(emulator.read(0x06, 2), "big") == 3200  # 25 °C in 7.8125 m°C
    power = int.from_bytes(emulator.read(0x08, 3), "big") * 3.2 * 100 / (1 << 19)
    assert power == pytest.approx(5280, rel=1e-3)


def test_the_narrow_range_clips_at_81_92_a() -> None:
    emulator = Ina228(lambda us: (90000, 0, 0))
    emulator.write(0x00, b"\x00\x10")
    emulator.run(10000)
    assert int.from_bytes(emulator.read(0x04, 3), "big") >> 4 == (1 << 19) - 1


def test_charge_energy_and_their_reset() -> None:
    emulator = Ina228(lambda us: (-50000, 50000, 250))
    emulator.write(0x02, (1250).to_bytes(2, "big"))
    emulator.run(100_000_000)
    charge = int.from_bytes(emulator.read(0x0A, 5), "big", signed=True) * 100 / (1 << 19)
    assert charge == pytest.approx(-5000, rel=1e-3)
    energy = int.from_bytes(emulator.read(0x09, 5), "big") * 16 * 3.2 * 100 / (1 << 19)
    assert energy == pytest.approx(250000, rel=1e-3)
    emulator.write(0x00, b"\x40\x00")
    assert emulator.read(0x0A, 5) == bytes(5)


def test_flags_of_the_shunt_monitor() -> None:
    emulator = Ina228()
    assert emulator.read(0x0B, 2) == b"\x00\x01"
    emulator.run(10000)
    assert emulator.read(0x0B, 2) == b"\x00\x03"
    assert emulator.read(0x0B, 2) == b"\x00\x01"  # reading clears conversion ready
    emulator.damaged = True
    assert emulator.read(0x0B, 2) == b"\x00\x00"
    assert emulator.read(0x3E, 2) == b"\x54\x49"
    assert emulator.read(0x02, 2) == b"\x10\x00"


def test_noise_is_repeatable() -> None:
    assert Noise(10)(bytes(50)) == Noise(10)(bytes(50)) != bytes(50)


def test_the_clock_counts() -> None:
    clock = Clock()
    clock.advance(2500)
    assert clock.ms == 2
