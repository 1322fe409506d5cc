"""The family's link: golden vectors, checks, bounded retries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.drivers.emulators import bq76952 as emulator
from tests.drivers.emulators.bus import FOREVER, Clock, EmulatedPort, Noise

from tbms.slave.chips.bq769x2 import Link, checksum, crc8
from tbms.slave.chips.port import Corrupt, Timeout


class Wire:
    """A port that answers from a script and keeps what was written."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.written: list[tuple[int, bytes]] = []

    def read(self, register: int, count: int) -> bytes:
        answer = self.answers.pop(0)
        assert len(answer) == count, (hex(register), count)
        return answer

    def write(self, register: int, data: bytes) -> None:
        self.written.append((register, data))

    def pause(self, us: int) -> None:
        assert us > 0


@pytest.mark.parametrize(
    ("data", "crc"),
    [("100B19", 0x7A), ("103E22", 0x63), ("00", 0x00), ("10141194", 0xC9), ("0C", 0x24)],
)
def test_golden_crc(data: str, crc: int) -> None:
    assert crc8(bytes.fromhex(data)) == crc
    assert emulator.crc8(bytes.fromhex(data)) == crc


@given(st.binary(max_size=20))
def test_crc_by_nibbles_equals_crc_by_bits(data: bytes) -> None:
    assert crc8(data) == emulator.crc8(data)


@pytest.mark.parametrize(("code", "data", "total"), [(0x9261, "8C", 0x80), (0x9304, "FFFF", 0x6A)])
def test_golden_checksum(code: int, data: str, total: int) -> None:
    assert checksum(code, bytes.fromhex(data)) == total


def test_golden_bytes_on_the_wire() -> None:
    wire = Wire(bytes.fromhex("94C90C24"))
    link = Link(wire)
    link.command(0x0022)
    assert wire.written == [(0x3E, bytes.fromhex("22630000"))]
    assert link.read(0x14, 2) == bytes.fromhex("940C")


def test_golden_write_of_a_setting() -> None:
    wire = Wire()
    Link(wire, crc=False).send(0x9304, b"\xff\xff")
    assert wire.written == [(0x3E, bytes.fromhex("0493FFFF")), (0x60, bytes((0x6A, 6)))]


def joined(crc: bool = True) -> tuple[EmulatedPort, emulator.Bq76952, Link]:
    chip = emulator.Bq76952(crc=crc)
    port = EmulatedPort(Clock(), chip)
    return port, chip, Link(port, crc)


@pytest.mark.parametrize("crc", [True, False])
def test_the_device_number_is_read(crc: bool) -> None:
    _, _, link = joined(crc)
    assert link.fetch(0x0001, 2) == b"\x95\x76"
    assert link.errors == 0


def test_two_disturbed_transfers_are_retried() -> None:
    port, _, link = joined()
    port.nak = 2
    assert link.word(0x12) & 0x08  # POR
    assert link.errors == 2


@pytest.mark.parametrize("crc", [True, False])
def test_a_silent_chip_is_given_up_after_three_tries(crc: bool) -> None:
    port, _, link = joined(crc)
    port.nak = FOREVER
    for action in (lambda: link.read(0, 2), lambda: link.write(0x66, b"\0\0")):
        port.transfers = 0
        with pytest.raises(Timeout, match="silent"):
            action()
        assert port.transfers == 3
    with pytest.raises(Timeout):
        link.fetch(1, 2)
    assert link.errors == 3 + 3 + 3 * 3 + 3


def test_a_damaged_byte_fails_its_crc() -> None:
    port, _, link = joined()
    port.noise = lambda data: bytes((data[0] ^ 1,)) + data[1:]
    with pytest.raises(Corrupt, match="register 0x12 fails its CRC"):
        link.read(0x12, 2)
    assert link.errors == 3


def test_a_damaged_write_is_refused_by_the_chip() -> None:
    port, chip, link = joined()
    port.noise = lambda data: data[:1] + bytes((data[1] ^ 0x40,)) + data[2:]
    with pytest.raises(Timeout, match="refuses"):
        link.write(0x66, b"\x82\x00")
    assert chip.alarm_enable == 0xF800


def test_without_crc_a_value_is_believed_only_twice() -> None:
    wire = Wire(b"\x95\x76", b"\x94\x76", b"\x95\x76", b"\x95\x76")
    link = Link(wire, crc=False)
    assert link.word(0x12) == 0x7695
    assert link.errors == 2


def test_registers_that_never_settle_are_refused() -> None:
    link = Link(Wire(*(bytes((place, 0)) for place in range(4))), crc=False)
    with pytest.raises(Corrupt, match="registers from 0x12 on read differently each time"):
        link.word(0x12)
    assert link.errors == 3


def test_a_subcommand_that_takes_8_5_ms_is_waited_for() -> None:
    port, _, link = joined()
    before = port.clock.us
    assert link.fetch(0x0083, 2) == b"\0\0"
    assert 8500 <= port.clock.us - before < 12000


def test_a_subcommand_that_never_ends_times_out() -> None:
    _, chip, link = joined()
    chip.slow_us = 10**9
    with pytest.raises(Timeout, match="subcommand 0x01 was not finished"):
        link.fetch(0x0001, 2)


@pytest.mark.parametrize("size", [3, 5, 37])
def test_an_impossible_length_is_refused(size: int) -> None:
    answers = [b"\x01\x00", bytes((0, size))] * 3
    with pytest.raises(Corrupt, match="impossible length"):
        Link(Wire(*answers), crc=False).fetch(0x0001, 2)


def test_a_wrong_checksum_is_refused_and_a_right_one_after_it_taken() -> None:
    good = [b"\x01\x00", bytes((checksum(1, b"\x95\x76"), 6)), b"\x95\x76"]
    bad = [b"\x01\x00", b"\x00\x06", b"\x95\x76"]
    link = Link(Wire(*bad, *good), crc=False)
    assert link.fetch(0x0001, 2) == b"\x95\x76"
    assert link.errors == 1
    with pytest.raises(Corrupt, match="fails its checksum"):
        Link(Wire(*bad, *bad, *bad), crc=False).fetch(0x0001, 2)


@given(st.integers(1, 1 << 30), st.binary(min_size=1, max_size=2))
def test_no_noise_makes_a_wrong_subcommand_answer_pass_the_crc(seed: int, data: bytes) -> None:
    port, chip, link = joined()
    chip.number = int.from_bytes(data.ljust(2, b"\0"), "little")
    port.noise = Noise(300, seed)
    try:
        answer = link.fetch(0x0001, 2)
    except (Timeout, Corrupt):
        return
    assert answer == data.ljust(2, b"\0")


def test_a_lost_acknowledgement_does_not_repeat_a_toggle() -> None:
    port, chip, link = joined()
    port.lost_acknowledge = 1
    link.toggle(0x0022)
    assert (chip.toggles, chip.fet_en, link.errors) == (1, True, 1)
    link.toggle(0x0022)
    assert (chip.toggles, chip.fet_en, link.errors) == (2, False, 1)
