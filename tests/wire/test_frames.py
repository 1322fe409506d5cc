"""The receiver finds every frame that is whole, and takes nothing else for one."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbms.wire.frames import LONGEST, Receiver, request_size, response_size, seal, sealed


def read(address: int, function: int = 4, start: int = 0, count: int = 20) -> bytes:
    return seal(struct.pack(">BBHH", address, function, start, count))


def write(address: int, words: list[int], start: int = 0) -> bytes:
    return seal(struct.pack(f">BBHHB{len(words)}H", address, 16, start, len(words), 2 * len(words), *words))


def answer(address: int, words: list[int]) -> bytes:
    return seal(struct.pack(f">BBB{len(words)}H", address, 4, 2 * len(words), *words))


IDENTIFICATION = seal(bytes((2, 43, 14, 1, 0x81, 0, 0, 2, 0, 4)) + b"TBMS" + bytes((1, 5)) + b"slave")
FRAMES = [
    read(1),
    write(0, [1, 2, 0xFC03, 0, 0]),
    answer(2, list(range(14))),
    seal(bytes((3, 0x84, 2))),
    seal(bytes((1, 6, 2, 0, 0, 5))),
    seal(bytes((1, 43, 14, 1, 0))),
    IDENTIFICATION,
    seal(bytes((4, 16, 1, 0, 0, 31))),
    seal(bytes((1, 1, 0, 0, 0, 8))),
    seal(bytes((1, 15, 0, 0, 0, 8, 1, 0xFF))),
]


def frames_of(chunks: list[bytes]) -> list[bytes]:
    receiver, found = Receiver(), []
    for chunk in chunks:
        receiver.feed(chunk)
        while (frame := receiver.frame()) is not None:
            found.append(frame)
    return found


def test_a_frame_ends_with_its_crc() -> None:
    frame = seal(b"\x02\x07")
    assert frame.hex() == "02074112"
    assert sealed(frame, 4)
    assert not sealed(b"\x02\x07\x41\x13", 4)
    assert not sealed(b"\x02\x07\x40\x12", 4)


@pytest.mark.parametrize("frame", FRAMES, ids=lambda f: f.hex()[:12])
def test_whole_frames_are_found(frame: bytes) -> None:
    assert frames_of([frame]) == [frame]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda f: f.hex()[:12])
def test_byte_by_byte(frame: bytes) -> None:
    assert frames_of([bytes((byte,)) for byte in frame]) == [frame]


@given(st.lists(st.sampled_from(FRAMES), max_size=8), st.data())
def test_however_the_bytes_come(frames: list[bytes], draw: st.DataObject) -> None:
    line = b"".join(frames)
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(line)), max_size=10)))
    chunks = [line[a:b] for a, b in zip([0, *cuts], [*cuts, len(line)], strict=True)]
    assert frames_of(chunks) == frames


def test_garbage_before_a_frame_costs_only_itself() -> None:
    receiver = Receiver()
    receiver.feed(b"\x00\xff\x77\x13" + FRAMES[0])
    assert receiver.frame() == FRAMES[0]
    assert receiver.errors == 1


def test_a_lost_byte_costs_its_frame_and_not_the_next() -> None:
    receiver = Receiver()
    receiver.feed(FRAMES[1][:7] + FRAMES[1][8:])
    receiver.frame()
    receiver.silence()
    receiver.feed(FRAMES[0])
    assert receiver.frame() == FRAMES[0]


def test_silence_forgets_what_is_unfinished() -> None:
    receiver = Receiver()
    receiver.feed(FRAMES[2][:10])
    assert receiver.frame() is None
    receiver.silence()
    receiver.silence()
    assert receiver.errors == 1
    receiver.feed(FRAMES[0])
    assert receiver.frame() == FRAMES[0]


def test_no_frame_is_longer_than_the_standard_permits() -> None:
    receiver = Receiver()
    receiver.feed(bytes((1, 4, 255)) + bytes(300))
    assert receiver.frame() is None
    assert len(receiver.data) < LONGEST


@pytest.mark.parametrize(
    ("head", "request_", "response"),
    [
        (b"\x01\x03\x00\x00", 8, 5),
        (b"\x01\x10\x00\x00", 0, 8),
        (b"\x01\x2b\x0e\x01", 7, 0),
        (b"\x01\x05\x00\x00", 8, 8),
        (b"\x01\x63\x00\x00", -1, -1),
        (b"\x01\x83\x02\x00", -1, 5),
        (b"\x01\x2b\x0e\x01\x81\x00\x00\x01", 7, 0),
    ],
)
def test_sizes(head: bytes, request_: int, response: int) -> None:
    assert request_size(head, len(head)) == request_
    assert response_size(head, len(head)) == response


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_noise_is_never_a_frame_with_a_wrong_crc(noise: bytes) -> None:
    for frame in frames_of([noise]):
        assert sealed(frame, len(frame))


@settings(max_examples=300)
@given(st.sampled_from(FRAMES), st.lists(st.integers(0, 8 * 40), min_size=1, max_size=3, unique=True))
def test_up_to_three_flipped_bits_never_pass(frame: bytes, bits: list[int]) -> None:
    # CRC-16 finds every error of up to three bits in frames of this length (Hamming distance 4).
    spoilt = bytearray(frame)
    for bit in {bit % (8 * len(frame)) for bit in bits}:
        spoilt[bit // 8] ^= 1 << bit % 8
    for found in frames_of([bytes(spoilt)]):
        assert found != bytes(spoilt)
        assert found in bytes(spoilt)


@settings(max_examples=200)
@given(st.lists(st.sampled_from(FRAMES), min_size=1, max_size=5), st.data())
def test_lost_and_added_bytes_bring_nothing_that_was_not_sent(frames: list[bytes], draw: st.DataObject) -> None:
    line = bytearray(b"".join(frames))
    for _ in range(draw.draw(st.integers(1, 3))):
        place = draw.draw(st.integers(0, len(line) - 1))
        if draw.draw(st.booleans()):
            del line[place]
        else:
            line.insert(place, draw.draw(st.integers(0, 255)))
    for found in frames_of([bytes(line)]):
        assert found in frames or sealed(found, len(found))
