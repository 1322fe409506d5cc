import pytest

from tbms.wire import registers as wire
from tbms.wire.reading import Reading, firmware, stranger


def image(base: bool, **values: int | None) -> bytes:
    registers = wire.MEASUREMENT.image()
    for name, value in values.items():
        wire.MEASUREMENT.put(registers, name, value)
    return bytes(registers if base else registers[: 2 * wire.SLAVE_MEASUREMENT])


def test_no_measurement_knows_nothing() -> None:
    nothing = Reading()
    assert nothing.latch is None
    assert nothing.charge_held is None
    assert nothing.discharge_held is None
    assert nothing.guard == ()
    assert not nothing.configured
    assert nothing.row("cell", 4) == (None,) * 4
    assert nothing.contacts() == (None, None, None)
    assert nothing.outputs() == ()
    assert nothing.panel() == (None, False, ())


def test_a_slave() -> None:
    status = wire.CHARGE_HELD | wire.CHARGE_CLOSED
    guard = wire.guard_bit("cell_undervoltage")
    reading = Reading(image(False, latch=7, status=status, guard=guard, cell_1=3301, temperature_2=-55, supply=119))
    assert reading.latch == 7
    assert reading.charge_held
    assert reading.discharge_held is False
    assert reading.guard == ("cell_undervoltage",)
    assert reading.configured
    assert reading.row("cell", 2) == (3.301, None)
    assert reading.si("temperature_2") == -5.5
    assert reading.si("supply") == 11.9
    assert reading.si("current") is None
    assert reading.contacts() == (None, None, None)


def test_a_base_board() -> None:
    io = 0b100001 | wire.CHARGE_COIL | wire.PRE_CHARGE | wire.IO_STOP | 1 << wire.IO_INPUT_SHIFT + 1
    reading = Reading(image(True, io=io, current=-12_345, pack_voltage=5301, guard=wire.guard_bit("unconfigured")))
    assert reading.si("current") == -12.345
    assert reading.si("pack_voltage") == 53.01
    assert reading.si("load_bus_voltage") is None
    assert reading.contacts() == (True, False, True)
    assert reading.outputs() == (True, False, False, False, False, True)
    assert reading.panel() == (True, False, (False, True, False, False))
    assert not reading.configured


def test_contacts_that_cannot_be_read() -> None:
    assert Reading(image(True, io=wire.IO_NO_FEEDBACK | wire.LOAD_COIL)).contacts() == (None, None, False)


@pytest.mark.parametrize(
    ("address", "version", "kind", "words"),
    [
        (1, wire.VERSION, wire.BASE, ""),
        (2, wire.VERSION, wire.SLAVE, ""),
        (1, wire.VERSION, wire.SLAVE, "node 1 is no base board"),
        (3, wire.VERSION, wire.BASE, "node 3 is a base board"),
        (2, wire.VERSION + 1, wire.SLAVE, f"node 2 has register map {wire.VERSION + 1}"),
    ],
)
def test_who_is_refused(address: int, version: int, kind: int, words: str) -> None:
    registers = wire.IDENTITY.image()
    wire.IDENTITY.put(registers, "version", version)
    wire.IDENTITY.put(registers, "kind", kind)
    said = stranger(address, registers)
    assert said.startswith(words)
    assert bool(said) == bool(words)


def test_the_version_of_a_nodes_program() -> None:
    registers = wire.IDENTITY.image()
    wire.IDENTITY.put(registers, "firmware", 0x020C)
    assert firmware(registers) == "2.12"
