"""What the controllers run after a reset, over a controller made of emulated chips."""

import importlib.util
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from tests.drivers.emulators.bq76952 import Bq76952 as Bq76952Emulator
from tests.drivers.emulators.bus import Clock, EmulatedPort
from tests.drivers.emulators.ina228 import Ina228 as Ina228Emulator
from tests.slave_chips.whole import Cells

from tbms.slave.chips import machine_port
from tbms.slave.chips.port import Timeout
from tbms.wire.frames import seal
from tbms.wire.registers import IDENTITY

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
AFE, SHUNT, OWN = 0x08, 0x40, 0x41


class PowerOff(BaseException):
    """The end of a test's controller."""


class Controller(ModuleType):
    """`machine` of a controller: pins, buses, watchdog. life: ms until the power goes."""

    def __init__(self, life: int) -> None:  # noqa: C901 - all classes of one module, as the firmware sees it
        super().__init__("machine")
        self.clock = Clock()
        self.life = life
        cells = Cells()
        self.chip, self.meter = Bq76952Emulator(cells.stack), Ina228Emulator(cells.shunt, 100)
        self.own_meter = Ina228Emulator(cells.supply, 20_000)
        self.pins: dict[int, int] = {}
        self.question = seal(bytes((1, 4, IDENTITY.start >> 8, 0, 0, IDENTITY.size)))
        self.answers = b""
        self.fed = self.resets = 0
        self.baud = 0
        made = self

        class Pin:
            IN, OUT, IRQ_FALLING = 0, 1, 2

            def __init__(self, number: int, mode: int = 0, value: int = 0) -> None:
                self.number = number
                made.pins.setdefault(number, value)

            def value(self, level: int | None = None) -> int:
                if level is not None:
                    made.pins[self.number] = level
                return made.pins[self.number]

            def irq(self, *_: Any) -> None:
                made.pins[self.number] = -1

        class Dimmed:
            def __init__(self, pin: Pin, freq: int, duty_u16: int) -> None:
                self.pin = pin
                self.duty_u16(duty_u16)

            def duty_u16(self, duty: int) -> None:
                made.pins[self.pin.number] = duty

        class Converter:
            def __init__(self, pin: Pin) -> None:
                self.pin = pin

            def read_u16(self) -> int:
                return 36_000

        class Line:
            RTS = 2

            def __init__(self, number: int, baud: int, **_: Any) -> None:
                made.baud = baud

            def read(self) -> bytes | None:
                found, made.question = made.question, b""
                return found or None

            def write(self, data: bytes) -> None:
                made.answers += data

            def any(self) -> int:
                return len(made.question)

            def flush(self) -> None:
                made.answers += b"|"

        class Wires:
            def __init__(self, number: int, **_: Any) -> None:
                chips: dict[int, Any] = {AFE: made.chip, SHUNT: made.meter, OWN: made.own_meter}
                self.chips = {address: EmulatedPort(made.clock, chip) for address, chip in chips.items()}

            def readfrom_mem(self, address: int, register: int, count: int) -> bytes:
                try:
                    return self.chips[address].read(register, count)
                except Timeout as problem:
                    raise OSError from problem

            def writeto_mem(self, address: int, register: int, data: bytes) -> None:
                self.chips[address].write(register, data)

        class Dog:
            def __init__(self, timeout: int) -> None:
                assert timeout == 1000

            def feed(self) -> None:
                made.fed += 1

        self.Pin, self.PWM, self.ADC, self.UART, self.I2C, self.WDT = Pin, Dimmed, Converter, Line, Wires, Dog

    def pause(self, us: int) -> None:
        self.clock.advance(us)
        self.chip.run(self.clock.us)
        self.meter.run(self.clock.us)
        self.own_meter.run(self.clock.us)

    def idle(self) -> None:
        self.pause(1000)
        if self.clock.ms > self.life:
            raise PowerOff

    def reset(self) -> None:
        self.resets += 1
        raise PowerOff

    def deepsleep(self, ms: int) -> None:
        raise PowerOff


def loaded(name: str, path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FIRMWARE / path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def live(board: str, monkeypatch: pytest.MonkeyPatch, life: int = 1000) -> Controller:
    machine = Controller(life)
    monkeypatch.setitem(sys.modules, "machine", machine)
    monkeypatch.setitem(sys.modules, "board", loaded("board", f"boards/{board}.py"))
    monkeypatch.setitem(sys.modules, "machine_io", loaded("machine_io", "machine_io.py"))
    monkeypatch.setattr(time, "ticks_ms", lambda: machine.clock.ms, raising=False)
    monkeypatch.setattr(time, "ticks_add", lambda a, b: a + b, raising=False)
    monkeypatch.setattr(time, "ticks_diff", lambda a, b: a - b, raising=False)
    monkeypatch.setattr(sys, "print_exception", lambda problem: print(repr(problem)), raising=False)
    monkeypatch.setattr(machine_port, "pause", machine.pause)
    monkeypatch.setattr(sys, "path", ["/a", *sys.path])
    with pytest.raises(PowerOff):
        loaded("firmware_main", "main.py")
    return machine


@pytest.mark.parametrize("board", ["esp32s3", "rp2350"])
def test_it_starts_measures_and_answers(
    board: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = live(board, monkeypatch)
    assert machine.resets == 0, capsys.readouterr().out
    assert machine.fed > 50
    assert machine.baud == 115_200
    assert machine.chip.fet_en  # the front end is configured
    if board == "esp32s3":
        assert machine.answers[:3] == bytes((1, 4, 2 * IDENTITY.size))
        assert machine.meter.registers[2] == 1250  # the shunt monitor, too
    else:
        assert machine.answers == b""  # the question was for another


def test_whatever_goes_wrong_is_a_reset(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("tbms.slave.node.Node.step", lambda *_: 1 // 0)
    assert live("rp2350", monkeypatch).resets == 1
    assert "ZeroDivisionError" in capsys.readouterr().out


@pytest.mark.parametrize("board", ["esp32s3", "rp2350"])
def test_no_pin_is_used_twice(board: str) -> None:
    pins = loaded("board", f"boards/{board}.py")
    used = [number % 100 for _, number in pins.PINS] + [number for _, number in pins.ANALOG]
    used += [pins.TX, pins.RX, pins.DRIVER_ENABLE, pins.SCL, pins.SDA]
    assert len(used) == len(set(used))
    allowed = set(range(22)) | set(range(35, 49)) if board == "esp32s3" else set(range(30))
    assert set(used) <= allowed
    if board == "esp32s3":
        assert not {19, 20} & set(used)  # USB


def test_the_board_arms_what_wakes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Controller(0)
    loaded("board", "boards/rp2350.py").arm_wake(machine)
    assert machine.pins[1] == -1
    woken: list[Any] = []
    esp32 = SimpleNamespace(WAKEUP_ANY_HIGH=1, wake_on_ext1=lambda pins, how: woken.append((len(pins), how)))
    monkeypatch.setitem(sys.modules, "esp32", esp32)
    loaded("board", "boards/esp32s3.py").arm_wake(machine)
    assert woken == [(2, 1)]
