"""Whatever comes over the line, the server stays sane: bounded, sealed, and moved by nothing but whole frames."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.campaign import examples
from tests.slave.bench import Bench

from tbms.wire.frames import LONGEST, seal, sealed
from tbms.wire.registers import CONTROL, permits_word

CONTROL_BYTES = 9 + 16
words = st.integers(0, 0xFFFF)


def control(beat: int, permits: int, switches: int) -> bytes:
    values = (beat, beat, permits_word(permits), switches, 0, 0, 0, 0)
    head = bytes((0, 16, 0, CONTROL.start, 0, 8, 16))
    return seal(head + b"".join(value.to_bytes(2, "big") for value in values))


def request(address: int, function: int, start: int, count: int) -> bytes:
    return seal(bytes((address, function)) + start.to_bytes(2, "big") + count.to_bytes(2, "big"))


frames = st.one_of(
    st.builds(control, words, st.integers(0, 3), words),
    st.builds(request, st.integers(0, 3), st.integers(0, 255), words, words),
    st.binary(max_size=300).map(lambda body: seal(body)),
)


@st.composite
def hurt(draw: st.DrawFn) -> bytes:
    """A frame with bytes changed, lost or added, or none at all."""
    data = bytearray(draw(frames))
    for _ in range(draw(st.integers(0, 3))):
        if data:
            place = draw(st.integers(0, len(data) - 1))
            kind = draw(st.sampled_from(("flip", "lose", "add")))
            if kind == "flip":
                data[place] ^= 1 << draw(st.integers(0, 7))
            elif kind == "lose":
                del data[place]
            else:
                data.insert(place, draw(st.integers(0, 255)))
    return bytes(data)


def orders(stream: bytes) -> bool:
    """Somewhere in the bytes is a whole control write."""
    return any(
        stream[place + 1] == 16 and sealed(stream[place : place + size], size)
        for size in range(CONTROL_BYTES - 6, CONTROL_BYTES + 1, 2)
        for place in range(len(stream) - size + 1)
        if stream[place] in (0, 1)
    )


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(hurt(), st.binary(max_size=40)), max_size=6), st.integers(1, 40), st.booleans())
def test_whatever_comes_over_the_line(pieces: list[bytes], cut: int, pauses: bool) -> None:
    bench = Bench().start()
    node = bench.node
    before = (node.permission.permits, node.outputs.wanted, node.limits.image)
    stream = b"".join(pieces)
    for place in range(0, len(stream), cut):
        reply = node.receive(stream[place : place + cut])
        assert len(reply) <= LONGEST
        assert not reply or sealed(reply, len(reply))
        assert len(node.server.receiver.data) <= LONGEST + cut
        if pauses:
            bench.run(10, master=False)
    if not orders(stream):
        assert (node.permission.permits, node.outputs.wanted) == before[:2]
    assert node.limits.image == before[2]  # a configuration has its own check: none of these is one
    bench.run(200)  # silence, then the master again: the node answers and its loops hold or were opened on purpose
    assert bench.reading().row("cell", 4) == (3.3, 3.301, 3.302, 3.303)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=8))
def test_after_any_noise_a_whole_frame_is_found_again(noise: list[bytes]) -> None:
    bench = Bench().start()
    for piece in noise:
        bench.node.receive(piece)
    bench.run(30, master=False)
    assert bench.ask(4, 0, 1)[1] == 4
