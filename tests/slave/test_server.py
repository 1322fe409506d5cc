"""The node's Modbus server, against the standard and against pymodbus as master."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.framer import FramerType
from pymodbus.framer.rtu import FramerRTU
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.mei_message import ReadDeviceInformationRequest, ReadDeviceInformationResponse
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)
from tests.slave.bench import PASS, Bench

from tbms.slave.server import SILENCE_MS
from tbms.wire import registers as wire
from tbms.wire.configuration import configuration
from tbms.wire.frames import seal, sealed
from tbms.wire.registers import CONFIGURATION, CONTROL, IDENTITY, MEASUREMENT, SERVICE, permits_word

FRAMER = FramerRTU(DecodePDU(False))
ALL_OFF = [1, 1, permits_word(0), 0, 0]


def through_pymodbus(bench: Bench, request: ModbusPDU) -> ModbusPDU | None:
    """What pymodbus makes of the node's answer to a request that pymodbus made."""
    assert FramerType.RTU
    reply = bench.node.receive(FRAMER.buildFrame(request))
    if not reply:
        return None
    used, answer = FRAMER.handleFrame(reply, request.dev_id, 0)
    assert used == len(reply)
    assert answer is not None
    return answer


@pytest.mark.parametrize("address", [1, 2, 4])
def test_pymodbus_reads_the_measurement(address: int) -> None:
    bench = Bench(address=address).start()
    count = MEASUREMENT.size if address == 1 else wire.SLAVE_MEASUREMENT
    answer = through_pymodbus(bench, ReadInputRegistersRequest(address=0, count=count, dev_id=address))
    assert answer is not None
    assert answer.registers[5:9] == [3300, 3301, 3302, 3303]
    assert answer.registers[0] == bench.beat


def test_pymodbus_writes_and_reads_back_the_configuration() -> None:
    bench = Bench()
    image = configuration({"overvoltage": 3700})
    words = list(struct.unpack(f">{CONFIGURATION.size}H", image))
    start = CONFIGURATION.start
    answer = through_pymodbus(
        bench, WriteMultipleRegistersRequest(address=start, registers=words, dev_id=1, count=len(words))
    )
    assert answer is not None
    assert not answer.isError()
    back = through_pymodbus(bench, ReadHoldingRegistersRequest(address=start, count=len(words), dev_id=1))
    assert back is not None
    assert back.registers == words


def test_pymodbus_identifies_the_node() -> None:
    answer = through_pymodbus(Bench(address=3), ReadDeviceInformationRequest(read_code=1, object_id=0, dev_id=3))
    assert isinstance(answer, ReadDeviceInformationResponse)
    assert answer.information == {0: b"TBMS", 1: b"slave", 2: b"0.1 map 4"}


def test_pymodbus_writes_one_register() -> None:
    bench = Bench()
    answer = through_pymodbus(bench, WriteSingleRegisterRequest(address=SERVICE.start, registers=[10], dev_id=1))
    assert answer is not None
    assert answer.registers == [10]


def request(function: int, *words: int, address: int = 1) -> bytes:
    return seal(bytes((address, function)) + struct.pack(f">{len(words)}H", *words))


def written(start: int, words: list[int], address: int = 1) -> bytes:
    return seal(struct.pack(f">BBHHB{len(words)}H", address, 16, start, len(words), 2 * len(words), *words))


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (request(1, 0, 8), 1),
        (request(2, 0, 8), 1),
        (request(5, 0, 0xFF00), 1),
        (seal(bytes((1, 15, 0, 0, 0, 8, 1, 0xFF))), 1),
        (seal(bytes((1, 43, 13, 1, 0))), 1),
        (request(4, MEASUREMENT.size, 1), 2),
        (request(4, 0, MEASUREMENT.size + 1), 2),
        (request(4, IDENTITY.start, IDENTITY.size + 1), 2),
        (request(3, CONTROL.size, 1), 2),
        (request(3, CONFIGURATION.start - 1, 2), 2),
        (request(6, 0, 5), 2),
        (request(6, SERVICE.start + SERVICE.size, 5), 2),
        (written(0, [1, 2, 3, 4]), 2),
        (written(0, [1] * 9), 2),
        (written(1, [1, 2, 3, 4, 5]), 2),
        (written(CONFIGURATION.start, [1] * (CONFIGURATION.size - 1)), 2),
        (seal(bytes((1, 43, 14, 4, 3))), 2),
        (request(4, 0, 0), 3),
        (request(3, 0, 126), 3),
        (written(CONFIGURATION.start, [1] * CONFIGURATION.size), 3),
        (request(6, SERVICE.start + 1, 2), 3),
        (written(0, []), 3),
        (seal(bytes((1, 16, 0, 0, 0, 5, 4, 0, 0, 0, 0))), 3),
        (seal(bytes((1, 43, 14, 2, 0))), 3),
    ],
)
def test_exceptions(frame: bytes, code: int) -> None:
    bench = Bench()
    reply = bench.node.receive(frame)
    assert reply[:3] == bytes((1, frame[1] | 0x80, code))
    assert sealed(reply, len(reply))
    assert bench.node.server.exceptions == 1


def test_broadcasts_are_carried_out_and_not_answered() -> None:
    bench = Bench()
    assert bench.node.receive(written(0, ALL_OFF, address=0)) == b""
    assert bench.node.receive(request(4, 0, 5, address=0)) == b""
    assert bench.node.receive(request(1, 0, 5, address=0)) == b""
    assert bench.node.server.frames == 3


def test_frames_for_others_are_no_matter() -> None:
    bench = Bench(address=2)
    assert bench.node.receive(request(4, 0, 5)) == b""
    assert bench.node.receive(seal(bytes((1, 4, 2, 0, 7)))) == b""
    assert bench.node.server.frames == 0


def test_the_answer_of_another_node_with_this_address_is_no_request() -> None:
    bench = Bench()
    for answer in (seal(bytes((1, 4, 2, 0, 7))), seal(bytes((1, 0x84, 2))), seal(bytes((1, 16, 0, 0, 0, 5)))):
        assert bench.node.receive(answer) == b""
    once = request(6, SERVICE.start, 3)
    assert bench.node.receive(once) == once
    assert bench.node.receive(once) == b""
    assert bench.node.receive(once) == once


def test_an_answer_is_never_sent_to_an_older_question() -> None:
    bench = Bench()
    asked = request(4, IDENTITY.start, 1) + request(4, IDENTITY.start + 3, 1) + request(4, 0, 1, address=2)
    assert bench.node.receive(asked) == b""
    assert bench.node.receive(asked[:16]) == bench.ask(4, IDENTITY.start + 3, 1)


def test_an_unfinished_frame_is_dropped_after_a_silence() -> None:
    bench = Bench()
    whole = request(4, IDENTITY.start, 1)
    assert bench.node.receive(whole[:5]) == b""
    bench.run(2 * PASS, master=False)
    assert bench.node.receive(whole[5:]) == b""
    bench.run(2 * PASS, master=False)
    assert bench.node.receive(whole)
    assert bench.node.receive(whole[:5]) == b""
    bench.run(PASS, master=False)
    assert bench.node.receive(whole[5:])


def test_identification_object_by_object() -> None:
    bench = Bench()
    assert b"TBMS" in bench.node.receive(seal(bytes((1, 43, 14, 4, 0))))
    assert b"base board" in bench.node.receive(seal(bytes((1, 43, 14, 4, 1))))
    assert b"TBMS" in bench.node.receive(seal(bytes((1, 43, 14, 1, 200))))  # a stream begins anew
    tail = bench.node.receive(seal(bytes((1, 43, 14, 1, 2))))
    assert b"map 4" in tail
    assert b"TBMS" not in tail


def test_the_latch_freezes_values_and_their_age_goes_on() -> None:
    bench = Bench().start()
    bench.board.voltage_age, bench.board.temperature_age = 40, 100
    bench.speak()
    bench.board.cell_mv = [3400] * 4
    bench.run(50, master=False)
    reading = bench.reading()
    assert reading.latch == bench.beat
    assert reading.row("cell", 4) == (3.300, 3.301, 3.302, 3.303)
    assert reading.si("voltage_age") == pytest.approx(0.09)
    assert reading.si("temperature_age") == pytest.approx(0.15)
    assert reading.si("window") == pytest.approx(0.063)
    bench.run(200_000, master=False)
    assert bench.reading().si("voltage_age") == pytest.approx(65.534)


def test_before_the_first_latch_nothing_is_known() -> None:
    bench = Bench()
    bench.run(PASS, master=False)
    reading = bench.reading()
    assert reading.row("cell", 4) == (None,) * 4
    assert reading.si("voltage_age") is None
    assert reading.si("current") is None


def test_what_the_base_board_reports() -> None:
    bench = Bench().start(switches=0b101)
    board = bench.board
    board.charge_contact, board.pre_charge, board.emergency_stop, board.button = True, True, True, True
    board.inputs = [False, True, False, True]
    bench.run(100)
    reading = bench.reading()
    assert reading.contacts() == (True, True, True)
    assert reading.panel() == (True, True, (False, True, False, True))
    assert reading.si("current") == -2.0
    assert reading.si("pack_voltage") == 53.0
    assert reading.si("board_temperature") == 30
    board.load_contact = None
    bench.run(100)
    assert bench.reading().contacts() == (None, None, True)


def test_counters_and_their_clearing() -> None:
    bench = Bench(address=2).start()
    bench.board.cell_mv[3] = 2000
    bench.run(5000)
    bench.node.receive(b"\x02\x63rubbish")
    bench.ask(1, 0, 1)
    bench.run(PASS, master=False)
    identity = bench.ask(4, IDENTITY.start, IDENTITY.size)[3:-2]
    assert IDENTITY.get(identity, "kind") == wire.SLAVE
    assert IDENTITY.get(identity, "address") == 2
    assert IDENTITY.number(identity, "uptime") == 5
    assert IDENTITY.number(identity, "frames") > 50
    assert IDENTITY.number(identity, "crc_errors") > 0
    assert IDENTITY.get(identity, "exceptions") == 1
    assert IDENTITY.number(identity, "tripped") & wire.guard_bit("cell_undervoltage")
    assert IDENTITY.get(identity, "tripped_cell") == 4
    assert IDENTITY.get(identity, "configuration_crc") == CONFIGURATION.get(configuration({}), "crc")
    bench.board.cell_mv[3] = 3300
    bench.run(PASS, master=False)
    bench.node.receive(request(6, SERVICE.start + 1, 1, address=2))
    bench.run(PASS, master=False)
    identity = bench.ask(4, IDENTITY.start, IDENTITY.size)[3:-2]
    assert IDENTITY.get(identity, "frames") == 0
    assert IDENTITY.get(identity, "tripped_cell") == 0


def test_identify_flashes_the_led_for_so_long() -> None:
    bench = Bench(address=2).start(switches=1 << wire.LED_SHIFT)
    bench.node.receive(request(6, SERVICE.start, 2, address=2))
    seen = set()
    for _ in range(199):
        bench.run(PASS)
        seen.add(bench.board.shown[0])
    assert seen == {wire.LEDS.index("ok"), wire.LEDS.index("warning")}
    bench.run(1000)
    assert bench.board.shown[0] == wire.LEDS.index("ok")


def test_an_led_code_that_is_not_known_is_the_worst_known() -> None:
    bench = Bench().start(switches=7 << wire.LED_SHIFT)
    assert bench.board.shown[0] == len(wire.LEDS) - 1


def test_a_short_control_write_clears_the_words_behind_it() -> None:
    bench = Bench(address=4)
    bench.node.receive(written(0, [1, 1, permits_word(0), 0, 1, 2, 3, 4], address=0))
    assert bench.node.registers.balance_word() == 4
    bench.node.receive(written(0, ALL_OFF, address=0))
    assert bench.node.registers.balance_word() == 0


@settings(max_examples=300)
@given(st.lists(st.binary(min_size=1, max_size=60), max_size=6))
def test_noise_moves_nothing(chunks: list[bytes]) -> None:
    bench = Bench().start(permits=0)
    before = bench.node.limits.image
    for chunk in chunks:
        bench.node.receive(chunk)
        bench.node.step(bench.now)
    assert bench.closed == 0
    assert bench.board.driven == 0
    assert bench.node.limits.image == before


@settings(max_examples=200)
@given(st.data())
def test_a_spoilt_control_write_is_not_obeyed(draw: st.DataObject) -> None:
    bench = Bench().start(permits=0)
    frame = bytearray(written(0, [9, 9, permits_word(3), wire.CHARGE_COIL | 0x3F, 0], address=0))
    for _ in range(draw.draw(st.integers(1, 3))):
        place = draw.draw(st.integers(0, len(frame) - 1))
        kind = draw.draw(st.sampled_from(["flip", "lose", "add"]))
        if kind == "flip":
            frame[place] ^= 1 << draw.draw(st.integers(0, 7))
        elif kind == "lose":
            del frame[place]
        else:
            frame.insert(place, draw.draw(st.integers(0, 255)))
    intact = written(0, [9, 9, permits_word(3), wire.CHARGE_COIL | 0x3F, 0], address=0) in bytes(frame)
    bench.node.receive(bytes(frame))
    bench.node.step(bench.now)
    assert intact or bench.closed == 0


def test_an_unfinished_frame_is_dropped_after_just_its_silence() -> None:
    server = Bench().start().node.server
    frame = seal(bytes((1, 4, 0, 0, 0, 1)))
    server.step(1000)
    server.receive(frame[:4])
    server.step(SILENCE_MS - 1)
    server.receive(frame[4:5])
    server.step(SILENCE_MS - 1)
    assert server.receive(frame[5:])
    server.receive(frame[:4])
    server.step(SILENCE_MS - 8)
    server.step(8)
    assert server.receive(frame[4:]) == b""


def test_bytes_of_a_frame_may_lie_fifteen_milliseconds_apart() -> None:
    assert SILENCE_MS == 15


@pytest.mark.parametrize(
    ("code", "wanted", "objects"), [(1, 0, [0, 1, 2]), (1, 1, [1, 2]), (1, 5, [0, 1, 2]), (4, 0, [0]), (4, 2, [2])]
)
def test_which_objects_identify_a_node(code: int, wanted: int, objects: list[int]) -> None:
    reply = Bench().start().node.receive(seal(bytes((1, 0x2B, 0x0E, code, wanted))))
    assert reply[:7] == bytes((1, 0x2B, 0x0E, code, 0x81, 0, 0))
    assert reply[7] == len(objects)
    found, place = [], 8
    for _ in range(reply[7]):
        found.append(reply[place])
        place += 2 + reply[place + 1]
    assert found == objects
    assert place == len(reply) - 2
