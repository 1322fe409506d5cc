"""The node's program put through its paces in its own dialect: the same file runs on CPython and on MicroPython.

Run: micropython -X heapsize=200k tests/dialect/program.py SRC ROOT
"""

import sys

if __name__ == "__main__":  # on a microcontroller there is no installed package
    sys.path[:0] = sys.argv[1:3]

from tests.slave.bench import Bench

from tbms.slave.limits import Limits
from tbms.wire import registers as wire
from tbms.wire.configuration import configuration, configuration_whole
from tbms.wire.crc import crc16
from tbms.wire.fields import KINDS, Block
from tbms.wire.frames import Receiver, seal
from tbms.wire.reading import Reading


def crc() -> None:
    """The published vectors."""
    assert crc16(b"") == 0xFFFF
    assert crc16(b"\x02\x07") == 0x1241
    assert crc16(b"123456789") == 0x4B37


def fields() -> None:
    """Signed, unsigned and unknown values survive, on an interpreter whose int.from_bytes ignores the sign."""
    for kind in KINDS:
        block = Block(0, (("a", kind), ("b", kind)))
        image = block.image()
        invalid = KINDS[kind][1]
        values: tuple[int | None, ...] = (0, 1, 100)
        if invalid is not None:
            values += (None,)
            if invalid < 0:
                values += (-1, -100, -invalid - 1)
        for value in values:
            block.put(image, "b", value)
            assert block.get(image, "b") == value
    image = bytearray(2)
    Block(0, (("a", "mv"),)).put(image, "a", 99_999)
    assert image == b"\x80\x00"


def frames() -> None:
    """Bytes one by one, garbage, and a lost byte."""
    receiver = Receiver()
    frame = seal(b"\x01\x04\x00\x00\x00\x14")
    for byte in b"\xff\x00" + frame:
        assert receiver.frame() is None
        receiver.feed(bytes((byte,)))
    assert receiver.frame() == frame
    receiver.feed(frame[:3] + frame[4:])
    receiver.frame()
    receiver.silence()
    receiver.feed(frame)
    assert receiver.frame() == frame


def map_() -> None:
    """Permits, guard names, configuration."""
    assert [wire.permits_bits(wire.permits_word(bits)) for bits in range(4)] == [0, 1, 2, 3]
    assert wire.permits_bits(0xFFFF) == 0
    assert wire.guard_names(1 << 12) == ("heartbeat",)
    assert wire.switches_word((True,) * 6, (False, True, False), "alarm", "silent") == 0x8BF
    assert configuration_whole(configuration({}))
    assert not Limits().accept(bytes(configuration({"overvoltage": 3801})))


def guard() -> None:
    """An overvoltage opens charge-permit after its delay and nothing else."""
    bench = Bench().start()
    assert bench.closed == wire.BOTH
    bench.board.cell_mv[2] = 3760
    bench.run(1_980)
    assert bench.closed == wire.BOTH
    bench.run(50)
    assert bench.closed == wire.DISCHARGE
    assert bench.faults() == ("cell_overvoltage",)


def silence() -> None:
    """The staged sequence, and that nothing outlives its lease."""
    bench = Bench({"output_1": wire.CHARGER_ENABLE, "output_2": wire.LOAD, "load_hold": 5})
    bench.start(switches=0b11 | wire.CHARGE_COIL | wire.LOAD_COIL)
    bench.board.current_ma = 60_000
    for until, driven in (
        (400, 0b11 | wire.CHARGE_COIL | wire.LOAD_COIL),
        (500, 0b10 | wire.CHARGE_COIL | wire.LOAD_COIL),
        (2_000, wire.CHARGE_COIL | wire.LOAD_COIL),
        (3_000, wire.LOAD_COIL),
        (5_000, 0),
    ):
        began = bench.now
        while bench.board.driven != driven:
            bench.run(10, master=False)
            assert bench.now - began <= until


def server() -> None:
    """Reads, exceptions, identification."""
    bench = Bench(address=2).start()
    reading = bench.reading()
    assert isinstance(reading, Reading)
    assert reading.row("cell", 4) == (3.3, 3.301, 3.302, 3.303)
    assert reading.charge_held
    assert bench.ask(1, 0, 5)[1:3] == b"\x81\x01"
    assert b"slave" in bench.node.receive(seal(bytes((2, 43, 14, 1, 0))))
    assert bench.configure({"undervoltage": 2000})[1:3] == b"\x90\x03"


def wrap() -> None:
    """The clock of time.ticks_ms wraps at 2**30."""
    bench = Bench(now=(1 << 30) // 100 * 100 - 1_000).start()
    bench.run(2_000)
    assert bench.now > 1 << 30
    assert bench.closed == wire.BOTH


CHECKS = (crc, fields, frames, map_, guard, silence, server, wrap)

if __name__ == "__main__":
    for check in CHECKS:
        check()
        print("ok", check.__name__)
