import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.wire.fields import KINDS, Block, fits, to_si, to_wire

CAN_BE_UNKNOWN = tuple(kind for kind, line in KINDS.items() if line[1] is not None)


def one(kind: str) -> Block:
    fields = (("field", kind), ("other", kind))
    return Block(0x10, fields)


@pytest.mark.parametrize("kind", CAN_BE_UNKNOWN)
def test_unknown_is_a_marker_and_never_zero(kind: str) -> None:
    block = one(kind)
    image = block.image()
    assert block.get(image, "field") is None
    assert any(image)
    block.put(image, "field", 0)
    assert block.get(image, "field") == 0
    block.put(image, "field", None)
    assert block.get(image, "field") is None


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in CAN_BE_UNKNOWN])
def test_a_field_without_marker_refuses_what_it_cannot_say(kind: str) -> None:
    block = one(kind)
    for value in (None, -1, 1 << 40):
        with pytest.raises(ValueError, match="field"):
            block.put(block.image(), "field", value)


@given(st.sampled_from(sorted(KINDS)), st.integers(-(1 << 34), 1 << 34))
def test_what_is_read_is_what_was_written_or_unknown(kind: str, value: int) -> None:
    block = one(kind)
    image = block.image()
    block.put(image, "other", 1)
    if not fits(kind, value):
        if kind in CAN_BE_UNKNOWN:
            block.put(image, "field", value)
            assert block.get(image, "field") is None
        return
    block.put(image, "field", value)
    assert block.get(image, "field") == value
    assert block.number(image, "field") == value
    assert block.get(image, "other") == 1


@given(st.sampled_from(sorted(KINDS)))
def test_the_marker_is_outside_the_range(kind: str) -> None:
    invalid = KINDS[kind][1]
    assert invalid is None or not fits(kind, invalid)
    bits = 8 * struct.calcsize(KINDS[kind][0])
    assert sum(fits(kind, value) for value in (-(1 << bits), 1 << bits)) == 0


def test_a_number_that_must_be_known() -> None:
    block = one("mv")
    with pytest.raises(ValueError, match="field"):
        block.number(block.image(), "field")


@pytest.mark.parametrize(
    ("kind", "si", "wire"),
    [
        ("mv", 3.3004, 3300),
        ("mv", -0.0012, -1),
        ("dc", -12.34, -123),
        ("ma", -123.4567, -123457),
        ("cv", 53.004, 5300),
        ("ms", 0.5, 500),
        ("dv", 11.96, 120),
        ("mv", None, None),
    ],
)
def test_scales(kind: str, si: float | None, wire: int | None) -> None:
    assert to_wire(kind, si) == wire
    back = to_si(kind, wire)
    assert back is None if si is None else back == pytest.approx(si, abs=0.5 / KINDS[kind][2])
