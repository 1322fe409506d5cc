"""Limits become codes, codes become the limits really applied."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.slave.chips.bq76952_settings import AfeLimits, applied, settings
from tbms.slave.chips.port import Refused


def written(limits: AfeLimits, thermistors: tuple[int, ...] = (3, 4)) -> dict[int, int]:
    return {address: value for address, _, value in settings((1, 2, 3, 16), thermistors, limits)}


def test_golden_codes() -> None:
    memory = written(AfeLimits(3650, 1000, 2500, 2000))
    assert (memory[0x9278], memory[0x9275]) == (72, 49)
    limits = applied(memory)
    assert (limits.overvoltage, limits.undervoltage) == (3643, 2479)


def test_golden_safety_settings() -> None:
    memory = written(AfeLimits(3800, 3000, 2400, 6000, 60, 70))
    assert memory[0x9261] == 0x0C  # COV and CUV, no short-circuit trip
    assert memory[0x9262] == 0x30  # OTC, OTD
    assert memory[0x9263] == 0x02  # host watchdog
    assert memory[0x9267] & memory[0x926B] & 0x02  # its FET action, both FETs
    assert memory[0x92B2] == 2
    assert memory[0x9265] in (0x18, 0x98)  # hardware acts at once
    assert memory[0x9269] in (0x80, 0xE4)
    assert memory[0x9335] == 0  # no autonomous balancing
    assert memory[0x9304] == 0x8007
    assert memory[0x9308] & 0x21 == 0x20  # no body diode, FETs off until allowed
    assert [memory[0x92FA + pin] for pin in range(7)] == [0, 0, 0, 7, 7, 0, 0]
    assert memory[0x9301] == memory[0x9302] == 0xAE
    assert (memory[0x929A], memory[0x929B], memory[0x929C]) == (60, 5, 55)


@given(
    over=st.integers(2600, 5540),
    over_delay=st.integers(2, 6756),
    under=st.integers(1020, 2500),
    under_delay=st.integers(2, 6756),
    hot=st.one_of(st.none(), st.integers(-40, 120)),
    delay=st.integers(0, 255),
)
def test_what_is_applied_lies_within_half_a_step_of_what_was_wished(
    over: int, over_delay: int, under: int, under_delay: int, hot: int | None, delay: int
) -> None:
    wish = AfeLimits(over, over_delay, under, under_delay, hot, None, 1000 * delay)
    got = applied(written(wish))
    assert abs(got.overvoltage - over) <= 26
    assert abs(got.undervoltage - under) <= 26
    assert abs(got.overvoltage_delay - over_delay) <= 2
    assert abs(got.undervoltage_delay - under_delay) <= 2
    assert got.overtemperature_charge == hot
    assert got.overtemperature_discharge is None
    assert got.temperature_delay == (0 if hot is None else 1000 * delay)
    assert written(got) == written(wish)  # what is applied can be written again unchanged


def test_a_discharge_temperature_alone_keeps_its_delay() -> None:
    limits = applied(written(AfeLimits(3800, 3000, 2400, 6000, None, 70, 7000)))
    assert (limits.overtemperature_charge, limits.overtemperature_discharge, limits.temperature_delay) == (
        None,
        70,
        7000,
    )


def test_every_value_fits_its_bytes_and_no_byte_is_written_twice() -> None:
    places: list[int] = []
    for address, size, value in settings(tuple(range(1, 17)), (0, 6), AfeLimits(3800, 3000, 2400, 6000, 60, -40)):
        assert 0 <= value < 1 << 8 * size, hex(address)
        places += range(address, address + size)
    assert len(places) == len(set(places))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (AfeLimits(980, 3000, 500, 6000), "overvoltage mV 980"),
        (AfeLimits(5600, 3000, 2400, 6000), "overvoltage mV 5600"),
        (AfeLimits(3800, 3000, 4600, 6000), "undervoltage mV 4600"),
        (AfeLimits(3800, 0, 2400, 6000), "overvoltage delay ms 0"),
        (AfeLimits(3800, 3000, 2400, 6800), "undervoltage delay ms 6800"),
        (AfeLimits(3000, 3000, 3010, 6000), "not below"),
        (AfeLimits(3800, 3000, 2400, 6000, 121), "overtemperature 121"),
        (AfeLimits(3800, 3000, 2400, 6000, None, -41), "overtemperature -41"),
        (AfeLimits(3800, 3000, 2400, 6000, 60, 70, 256000), "temperature delay ms 256000"),
    ],
)
def test_what_the_chip_cannot_do_is_refused_never_clamped(limits: AfeLimits, words: str) -> None:
    with pytest.raises(Refused, match=words):
        written(limits)


def test_a_temperature_limit_without_a_thermistor_is_refused() -> None:
    with pytest.raises(Refused, match="cannot be watched"):
        written(AfeLimits(3800, 3000, 2400, 6000, 60), thermistors=())
