"""The port on a microcontroller's buses and on Linux, over emulated chips behind those buses' own faces."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from tests.drivers.emulators.bq76952 import Bq76952
from tests.drivers.emulators.ina228 import Ina228 as Ina228Emulator

from tbms.slave.chips import linux_port, machine_port
from tbms.slave.chips.bq769x2 import Link
from tbms.slave.chips.ina228 import Ina228
from tbms.slave.chips.linux_port import LinuxI2C, LinuxSPI
from tbms.slave.chips.machine_port import MachineI2C, MachineSPI
from tbms.slave.chips.port import NotReady, Timeout


class Wires:
    """Two chips on emulated buses; time advances with the adapters' waiting, not the computer's."""

    def __init__(self) -> None:
        self.us = 0
        self.afe = Bq76952()
        self.shunt = Ina228Emulator()
        self.shunt.device = 0x2291
        self.gone = False
        self.selected = False
        self.closed = 0

    def wait(self, seconds: float) -> None:
        self.us += round(seconds * 1e6)
        self.afe.run(self.us)
        self.shunt.run(self.us)

    def readfrom_mem(self, address: int, register: int, count: int, /) -> bytes:
        if self.gone or address != 0x08:
            raise OSError(19)
        return self.afe.read(register, count)

    def writeto_mem(self, address: int, register: int, data: bytes, /) -> None:
        if self.gone or address != 0x08:
            raise OSError(19)
        self.afe.write(register, data)

    def write_readinto(self, sent: bytes, received: bytearray, /) -> None:
        assert self.selected
        assert len(sent) == len(received)
        if sent[0] & 1:
            received[1:] = self.shunt.read(sent[0] >> 2, len(sent) - 1)
        else:
            self.shunt.write(sent[0] >> 2, sent[1:])

    def value(self, level: int, /) -> None:
        self.selected = not level

    def xfer2(self, sent: list[int]) -> list[int]:
        received = bytearray(len(sent))
        self.selected = True
        self.write_readinto(bytes(sent), received)
        return list(received)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def wires(monkeypatch: pytest.MonkeyPatch) -> Wires:
    found = Wires()
    for module in (machine_port, linux_port):
        monkeypatch.setattr(module, "time", SimpleNamespace(sleep=found.wait))
    return found


def test_a_chip_on_machine_i2c(wires: Wires) -> None:
    assert Link(MachineI2C(wires, 0x08)).fetch(0x0001, 2) == b"\x95\x76"
    wires.gone = True
    with pytest.raises(Timeout, match="0x08"):
        MachineI2C(wires, 0x08).read(0, 2)
    with pytest.raises(Timeout, match="0x09"):
        MachineI2C(wires, 0x09).write(0, b"\0")


def test_a_chip_on_machine_spi(wires: Wires) -> None:
    driver = Ina228(MachineSPI(wires, wires), 100)
    driver.configure()
    wires.wait(0.1)
    assert driver.read(100)
    assert driver.bus_mv == 52800
    assert not wires.selected


class Message:
    """As smbus2.i2c_msg."""

    def __init__(self, address: int, data: bytes, reading: bool) -> None:
        self.address = address
        self.data = data
        self.reading = reading

    @staticmethod
    def read(address: int, count: int) -> "Message":
        return Message(address, bytes(count), True)

    @staticmethod
    def write(address: int, data: Any) -> "Message":
        return Message(address, bytes(data), False)

    def __bytes__(self) -> bytes:
        return self.data


def linux(monkeypatch: pytest.MonkeyPatch, wires: Wires) -> None:
    class Bus:
        def __init__(self, number: int) -> None:
            if number != 1:
                raise FileNotFoundError(2, "No such file or directory")

        def i2c_rdwr(self, first: Message, second: Message | None = None) -> None:
            if second is None:
                wires.writeto_mem(first.address, first.data[0], first.data[1:])
            else:
                second.data = wires.readfrom_mem(first.address, first.data[0], len(second.data))

        def close(self) -> None:
            wires.close()

    class Spi:
        max_speed_hz = 0
        mode = 0

        def open(self, bus: int, select: int) -> None:
            if bus:
                raise PermissionError(13, "Permission denied")

        def xfer2(self, sent: list[int]) -> list[int]:
            assert (self.max_speed_hz, self.mode) == (1000000, 1)
            return wires.xfer2(sent)

        def close(self) -> None:
            wires.close()

    monkeypatch.setitem(sys.modules, "smbus2", SimpleNamespace(SMBus=Bus, i2c_msg=Message))
    monkeypatch.setitem(sys.modules, "spidev", SimpleNamespace(SpiDev=Spi))


def test_a_chip_on_linux_i2c(wires: Wires, monkeypatch: pytest.MonkeyPatch) -> None:
    linux(monkeypatch, wires)
    port = LinuxI2C(1, 0x08)
    assert Link(port).fetch(0x0001, 2) == b"\x95\x76"
    Link(port).write(0x66, b"\x82\x00")
    assert wires.afe.alarm_enable == 0x82
    wires.gone = True
    with pytest.raises(Timeout, match="no answer from the chip at 0x08"):
        port.read(0, 2)
    port.close()
    assert wires.closed == 1
    with pytest.raises(NotReady, match="/dev/i2c-7 cannot be opened"):
        LinuxI2C(7, 0x08)


def test_a_chip_on_linux_spi(wires: Wires, monkeypatch: pytest.MonkeyPatch) -> None:
    linux(monkeypatch, wires)
    port = LinuxSPI(0, 0)
    driver = Ina228(port, 500)
    driver.configure()
    wires.wait(0.1)
    assert driver.read(100)
    port.close()
    assert wires.closed == 1
    with pytest.raises(NotReady, match=r"/dev/spidev1\.0 cannot be opened"):
        LinuxSPI(1, 0)


@pytest.mark.parametrize(("name", "opener"), [("smbus2", LinuxI2C), ("spidev", LinuxSPI)])
def test_a_missing_module_is_said_in_words(name: str, opener: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(NotReady, match=f"no module {name}; install it: pip install {name}"):
        opener(1, 8)
