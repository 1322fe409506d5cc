"""Kinds of register fields: how a quantity is laid into 16-bit words, and what marks it unknown."""

import struct

NEVER_MS = 65535  # an age that never began: nothing was measured yet
LONGEST_MS = 65534  # ages saturate here (65.5 s): longer is equally stale

# kind: (struct code, invalid marker or None, wire units in one SI unit, wire unit)
KINDS = {
    "word": (">H", None, 1, "bits"),
    "byte": (">B", None, 1, "bits"),
    "count": (">H", None, 1, ""),
    "long": (">I", None, 1, ""),
    "mv": (">h", -32768, 1000, "mV"),
    "cv": (">H", 65535, 100, "10 mV"),
    "dv": (">B", 255, 10, "0.1 V"),
    "dc": (">h", -32768, 10, "0.1 °C"),
    "c": (">b", -128, 1, "°C"),
    "small_ma": (">H", 65535, 1000, "mA"),
    "ma": (">i", -2147483648, 1000, "mA"),
    "dmah": (">H", 65535, 10000, "0.1 mAh"),
    "ms": (">H", NEVER_MS, 1000, "ms"),
    "short_ms": (">B", 255, 1000, "ms"),
    "s": (">H", None, 1, "s"),
}


class Block:
    """A run of registers: names and kinds in the order in which they lie.

    start: address of the first register. fields: (name, kind) pairs; kinds of one byte come in pairs, high byte first.
    size: in registers. An image is a bytearray of 2 * size bytes, big-endian as on the line.
    """

    def __init__(self, start: int, fields: tuple[tuple[str, str], ...]) -> None:
        self.start = start
        self.fields = fields
        self.places: dict[str, tuple[int, str]] = {}
        place = 0
        for name, kind in fields:
            self.places[name] = (place, kind)
            place += struct.calcsize(KINDS[kind][0])
        self.size = place // 2

    def image(self) -> bytearray:
        """Registers in which every field that can be unknown is."""
        image = bytearray(2 * self.size)
        for name, kind in self.fields:
            if KINDS[kind][1] is not None:
                self.put(image, name, None)
        return image

    def put(self, image: bytearray, name: str, value: int | None) -> None:
        """Lay a value into the image; None, or a value out of the field's range, becomes the marker, never 0.

        ValueError where the field has no marker.
        """
        place, kind = self.places[name]
        code, invalid, _, _ = KINDS[kind]
        if value is None or not fits(kind, value):
            if invalid is None:
                raise ValueError(name)
            value = invalid
        struct.pack_into(code, image, place, value)

    def get(self, image: bytes | bytearray, name: str) -> int | None:
        """The value in the image, None where it is marked unknown."""
        place, kind = self.places[name]
        code, invalid, _, _ = KINDS[kind]
        value: int = struct.unpack_from(code, image, place)[0]
        return None if value == invalid else value

    def number(self, image: bytes | bytearray, name: str) -> int:
        """The value of a field that is never unknown; ValueError where it is marked so."""
        value = self.get(image, name)
        if value is None:
            raise ValueError(name)
        return value


def fits(kind: str, value: int) -> bool:
    """Whether the value lies in the field's range and cannot be taken for the marker."""
    code, invalid, _, _ = KINDS[kind]
    bits = 8 * struct.calcsize(code)
    low = -(1 << (bits - 1)) if code[1] in "bhi" else 0
    return low <= value < low + (1 << bits) and value != invalid


def to_wire(kind: str, value: float | None) -> int | None:
    """An SI value in the field's own unit, to the nearest step; None stays None."""
    return None if value is None else round(value * KINDS[kind][2])


def to_si(kind: str, value: int | None) -> float | None:
    """A wire value in SI; None stays None."""
    return None if value is None else value / KINDS[kind][2]
