"""A frame of the measurement journal: some rows (or a layout) in bytes that carry their own check."""

import struct
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tbms.store.history.channels import Layout

MAGIC = b"\xb5M"  # the letter is the format: M, and then N to Z
HEADER = struct.Struct("<2sHIIQQqIIBB")
# magic, bytes of payload, generation, layout, sequence, boot, offset, first time, last time, rows, flags
CHECK = struct.Struct("<I")  # CRC32 over header and payload, between the two
OVERHEAD = HEADER.size + CHECK.size
MOST_ROWS = 10
LONGEST_STEP_DS = 0xFFFF  # between two rows of a frame
_LAYOUT, _SETTLED = 1, 2


@dataclass(frozen=True, slots=True)
class Frame:
    """What a frame's header says; the payload is read by the history.

    generation: lap of the journal; frames of another one in the same file are stale.
    sequence: number of the first row, without gaps for the life of the journal.
    boot: random name of the run of the clock; boot and time identify a row for ever.
    offset_ds: UTC minus the boot's clock, 0.1 s. settled: the clock was set when it was taken.
    first_ds, last_ds: times of the first and last row, 0.1 s of the boot's clock.
    layout: key of the columns. rows: 0 for a frame that holds a layout. data: the frame itself.
    """

    generation: int
    layout: int
    sequence: int
    boot: int
    offset_ds: int
    first_ds: int
    last_ds: int
    rows: int
    settled: bool
    data: bytes

    @property
    def payload(self) -> bytes:
        """The packed rows, or the text of the layout."""
        return zlib.decompressobj(-15).decompress(self.data[OVERHEAD:], 1 << 20)

    @property
    def next_sequence(self) -> int:
        """Number of the row after this frame."""
        return self.sequence + self.rows

    def columns(self) -> Layout:
        """The layout in a frame without rows; raises ValueError where it holds none."""
        return Layout.parse(self.payload.decode())


@dataclass(frozen=True, slots=True)
class Origin:
    """What the rows of a frame have in common; as in Frame."""

    generation: int
    layout: int
    sequence: int
    boot: int
    offset_ds: int
    settled: bool


def pack_rows(origin: Origin, times_ds: Sequence[int], rows: Sequence[Sequence[int]]) -> bytes:
    """A frame of rows: steps in time, then per channel the first value and the changes, in byte planes."""
    words = [(after - before) & 0xFFFF for before, after in pairwise(times_ds)]
    for column in zip(*rows, strict=True):
        previous = 0
        for value in column:
            change = (value - previous) & 0xFFFF
            words.append((change << 1 ^ (0xFFFF if change & 0x8000 else 0)) & 0xFFFF)
            previous = value
    flags = _SETTLED if origin.settled else 0
    return _pack(origin, times_ds[0], times_ds[-1], len(rows), flags, _planes(words))


def pack_layout(origin: Origin, columns: Layout) -> bytes:
    """A frame that tells the columns."""
    return _pack(origin, 0, 0, 0, _LAYOUT, columns.text.encode())


def _planes(words: Sequence[int]) -> bytes:
    data = array("H", words).tobytes()
    low, high = (data[0::2], data[1::2]) if array("H", [1]).tobytes()[0] else (data[1::2], data[0::2])
    return low + high


def _pack(origin: Origin, first_ds: int, last_ds: int, rows: int, flags: int, payload: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
    packed = packer.compress(payload) + packer.flush()
    header = HEADER.pack(
        MAGIC, len(packed), origin.generation, origin.layout, origin.sequence, origin.boot,
        origin.offset_ds, first_ds, last_ds, rows, flags,
    )  # fmt: skip
    return header + CHECK.pack(zlib.crc32(packed, zlib.crc32(header))) + packed


def parse(data: bytes, place: int = 0) -> Frame | None:
    """The frame that begins at `place`; None where there is none or its check fails."""
    if data[place : place + 2] != MAGIC or len(data) - place < OVERHEAD:
        return None
    fields = HEADER.unpack_from(data, place)
    (check,) = CHECK.unpack_from(data, place + HEADER.size)
    end = place + OVERHEAD + fields[1]
    body = data[place + OVERHEAD : end]
    if len(body) != fields[1] or check != zlib.crc32(body, zlib.crc32(data[place : place + HEADER.size])):
        return None
    *numbers, flags = fields[2:]
    generation, layout, sequence, boot, offset_ds, first_ds, last_ds, rows = numbers
    settled = bool(flags & _SETTLED)
    return Frame(
        generation, layout, sequence, boot, offset_ds, first_ds, last_ds, rows, settled, data[place:end]
    )  # fmt: skip


def newer(data: bytes) -> bool:
    """A journal's file of a newer program: it begins with a later letter, and no frame in it is of this format."""
    return data[:1] == MAGIC[:1] and MAGIC[1:] < data[1:2] <= b"Z" and next(walk(data), None) is None


def walk(data: bytes, generation: int | None = None) -> Iterator[tuple[int, Frame]]:
    """Every whole frame and where it ends, over damage and foreign bytes; of one generation, or of any."""
    mark = MAGIC
    place = data.find(mark)
    while place >= 0:
        frame = parse(data, place)
        if frame is not None and generation in (None, frame.generation):
            yield place + len(frame.data), frame
        place = data.find(mark, place + (len(frame.data) if frame else 1))
