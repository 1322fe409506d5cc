import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer.rtu import FramerRTU

from tbms.wire.crc import crc16


@pytest.mark.parametrize(
    ("text", "crc"),
    [
        ("", 0xFFFF),
        ("0207", 0x1241),  # MODBUS over Serial Line V1.02, appendix B: address 2, function 7 -> 41 12 on the line
        ("313233343536373839", 0x4B37),  # the usual check value "123456789" of CRC-16/MODBUS
        ("010300000001", 0x0A84),
        ("01040000000a", 0x0D70),
    ],
)
def test_known_values(text: str, crc: int) -> None:
    assert crc16(bytes.fromhex(text)) == crc


@given(st.binary(max_size=300))
def test_agrees_with_pymodbus(data: bytes) -> None:
    line = crc16(data)
    assert FramerRTU.compute_CRC(data) == (line & 0xFF) << 8 | line >> 8


@given(st.binary(min_size=2, max_size=60), st.data())
def test_part_of_a_buffer(data: bytes, draw: st.DataObject) -> None:
    start = draw.draw(st.integers(0, len(data)))
    end = draw.draw(st.integers(start, len(data)))
    assert crc16(bytearray(data), start, end) == crc16(data[start:end])


@given(st.binary(min_size=3, max_size=60), st.integers(0, 10_000))
def test_every_single_bit_counts(data: bytes, place: int) -> None:
    bit = place % (8 * len(data))
    flipped = bytearray(data)
    flipped[bit // 8] ^= 1 << bit % 8
    assert crc16(flipped) != crc16(data)
