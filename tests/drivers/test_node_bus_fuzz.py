"""Whatever a line gives to the master, it believes a value only when the frame is whole and of this cycle."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.campaign import examples
from tests.slave.bench import Bench

from tbms.drivers.node_bus import NodeBus, bus
from tbms.model.action import Actions
from tbms.ports import DeviceError
from tbms.wire.frames import sealed

TRUE = (3.3, 3.301, 3.302, 3.303)


class Serial:
    """A serial port with a node at its other end, and a line that does to its answers what a test wants."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.hurt: Callable[[bytes], bytes] = bytes
        self.last = b""
        self.believable = True
        self._waiting = b""
        self.is_open = True

    @property
    def in_waiting(self) -> int:
        return len(self._waiting)

    def write(self, data: bytes) -> int:
        self.bench.run(100, master=False)
        answer = self.bench.node.receive(data)
        self.bench.run(10, master=False)
        self._waiting = self.hurt(answer) if answer else b""
        return len(data)

    def read(self, count: int = 1) -> bytes:
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    def reset_input_buffer(self) -> None:
        self._waiting = b""

    def close(self) -> None:
        self.is_open = False


@pytest.fixture(scope="module", autouse=True)
def no_waiting() -> Any:
    patch = pytest.MonkeyPatch()
    patch.setattr(bus.time, "sleep", lambda _: None)  # type: ignore[attr-defined]
    yield
    patch.undo()


def joined() -> tuple[NodeBus, Serial]:
    bus = NodeBus("nowhere", 115200, "none", 4, timeout=0.001)
    port = Serial()
    bus._client.socket = port
    sample = None
    for _ in range(12):
        sample = bus.exchange(Actions())
    assert sample is not None
    assert sample.cell_voltages == TRUE
    return bus, port


def change(data: bytes, places: list[tuple[int, int]], keep: int) -> bytes:
    result = bytearray(data)
    for place, bit in places:
        result[place % len(result)] ^= 1 << bit
    return bytes(result[: max(1, len(result) - keep)])


def disturbing(each: Any) -> Callable[[bytes], bytes]:
    """Other bytes altogether, or the answer with changes."""

    def hurt(data: bytes) -> bytes:
        return each if isinstance(each, bytes) else change(data, *each)

    return hurt


PLACES = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 7)), max_size=4)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.one_of(st.tuples(PLACES, st.integers(0, 3)), st.binary(max_size=80)), min_size=1, max_size=8))
def test_no_wrong_value_is_believed(disturbed: list[Any]) -> None:
    bus, port = joined()
    for each in disturbed:
        port.hurt = disturbing(each)
        lucky = isinstance(each, bytes) and len(each) > 4 and sealed(each, len(each))
        try:
            sample = bus.exchange(Actions())
        except DeviceError:
            continue
        if not lucky:
            assert sample.cell_voltages in (TRUE, (None,) * 4)
    port.hurt = bytes
    bus._opened = -1e9
    bus._client.socket = port
    for node in bus._nodes:
        node.probe = -1e9
    for _ in range(12):
        for node in bus._nodes:
            node.probe = -1e9
        sample = bus.exchange(Actions())
    assert sample.cell_voltages == TRUE
