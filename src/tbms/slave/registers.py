"""The node's registers: images in which reads are answered, and writes with their meaning."""

import struct

from tbms.slave.board import Board
from tbms.slave.guard import Guard
from tbms.slave.limits import Limits
from tbms.slave.update import Update
from tbms.wire.fields import LONGEST_MS, NEVER_MS
from tbms.wire.frames import BUSY, ILLEGAL_ADDRESS, ILLEGAL_VALUE
from tbms.wire.registers import (
    BALANCE_WORDS,
    BASE,
    BASE_ADDRESS,
    BAUDS,
    CELLS,
    CONFIGURATION,
    CONTROL,
    IDENTITY,
    IO_BUTTON,
    IO_INPUT_SHIFT,
    IO_INPUTS,
    IO_NO_FEEDBACK,
    IO_STOP,
    MEASUREMENT,
    NODES,
    OUTPUT_BITS,
    SERVICE,
    SLAVE,
    SLAVE_MEASUREMENT,
    VERSION,
)

FIRMWARE = 0x0001  # high byte major, low byte minor
VENDOR = "TBMS"


class Registers:
    """Everything a master can read from and write to this node.

    control: image of the last control write; fresh: it has not been looked at yet. identify: ms for which the LED
    shall flash. clear: the counters shall be cleared. restart: the program shall begin anew.
    locked: a loop is permitted, so nothing may be changed that ends the program. unsaved: limits, or address and baud
    (100 bits/s), are to be stored. sleep: minutes to sleep. update: takes new firmware.
    measured: the latched measurement; latched: ms since it was.
    """

    def __init__(self, address: int, board: Board, limits: Limits, guard: Guard) -> None:
        self.address = address
        self.board = board
        self.limits = limits
        self.guard = guard
        self.control = CONTROL.image()
        self.fresh = False
        self.identify = 0
        self.clear = False
        self.restart = False
        self.locked = True
        self.unsaved = False
        self.sleep = 0
        self.baud = 1152
        self.update: Update | None = None
        self.measured = MEASUREMENT.image()
        self.latched = 0
        self.voltage_age: int | None = None
        self.temperature_age: int | None = None
        self.identity = IDENTITY.image()
        self.measurement_size = MEASUREMENT.size if board.base else SLAVE_MEASUREMENT
        IDENTITY.put(self.identity, "version", VERSION)
        IDENTITY.put(self.identity, "kind", BASE if board.base else SLAVE)
        IDENTITY.put(self.identity, "firmware", FIRMWARE)
        IDENTITY.put(self.identity, "address", address)

    def read(self, inputs: bool, start: int, count: int) -> bytes | None:
        """`count` registers from `start`, input or holding ones; None where one of them does not exist."""
        if inputs:
            found = _part(self.measured, start - MEASUREMENT.start, count, self.measurement_size)
            return found or _part(self.identity, start - IDENTITY.start, count, IDENTITY.size)
        found = _part(self.control, start - CONTROL.start, count, CONTROL.size)
        return found or _part(self.limits.image, start - CONFIGURATION.start, count, CONFIGURATION.size)

    def write(self, start: int, words: bytes) -> int:
        """Carry out a write; 0, or the code of the exception."""
        if start == CONTROL.start and BALANCE_WORDS < len(words) // 2 <= CONTROL.size:
            self.control[: len(words)] = words
            for index in range(len(words), len(self.control)):
                self.control[index] = 0
            self.fresh = True
            return 0
        if start == CONFIGURATION.start and len(words) == 2 * CONFIGURATION.size:
            if not self.limits.accept(words):
                return ILLEGAL_VALUE
            self.guard.configure()
            self.board.chemistry(CONFIGURATION.number(words, "chemistry"))
            self.unsaved = True
            IDENTITY.put(self.identity, "configuration_crc", CONFIGURATION.number(words, "crc"))
            return 0
        if len(words) == 2 and 0 <= start - SERVICE.start < SERVICE.size:
            return self._service(start - SERVICE.start, struct.unpack(">H", words)[0])
        return self.update.write(start, words, self.locked) if self.update else ILLEGAL_ADDRESS

    def _service(self, place: int, value: int) -> int:
        if place == 0:
            self.identify = 1000 * value
        elif place == 1:
            self.clear = value == 1
            return 0 if self.clear else ILLEGAL_VALUE
        elif self.locked:
            return BUSY
        elif place == 2 and (value == BASE_ADDRESS if self.board.base else BASE_ADDRESS < value <= NODES):
            self.address = value
            self.unsaved = self.restart = True
        elif place == 3 and value in BAUDS:
            self.baud = value
            self.unsaved = self.restart = True
        elif place == 4:
            self.sleep = value
        else:
            return ILLEGAL_VALUE
        return 0

    def balance_word(self) -> int:
        """The balance word of this node in the last control write."""
        place = 2 * (BALANCE_WORDS + self.address - 1)
        word: int = struct.unpack_from(">H", self.control, place)[0]
        return word

    def latch(self) -> None:
        """Freeze the newest conversions for the reads to come."""
        board, image = self.board, self.measured
        for index in range(CELLS):
            MEASUREMENT.put(image, "cell_" + str(index + 1), board.cell_mv[index])
            MEASUREMENT.put(image, "temperature_" + str(index + 1), board.temperature_dc[index])
        MEASUREMENT.put(image, "latch", CONTROL.number(self.control, "latch"))
        MEASUREMENT.put(image, "window", board.window)
        MEASUREMENT.put(image, "board_temperature", board.board_temperature)
        MEASUREMENT.put(image, "supply", board.supply_dv)
        MEASUREMENT.put(image, "current", board.current_ma)
        MEASUREMENT.put(image, "pack_voltage", board.pack_cv)
        MEASUREMENT.put(image, "charge_bus_voltage", board.charge_bus_cv)
        MEASUREMENT.put(image, "load_bus_voltage", board.load_bus_cv)
        MEASUREMENT.put(image, "own_current", board.own_ma)
        MEASUREMENT.put(image, "store_voltage", board.store_cv)
        MEASUREMENT.put(image, "asleep_charge", board.asleep_dmah)
        self.voltage_age, self.temperature_age = board.voltage_age, board.temperature_age
        self.latched = 0

    def step(self, dt: int, status: int, faults: int, energised: int) -> None:
        """Bring what is not latched up to date: ages, permission, guard word, inputs and outputs."""
        self.latched = min(self.latched + dt, LONGEST_MS)
        image = self.measured
        MEASUREMENT.put(image, "voltage_age", self._age(self.voltage_age))
        MEASUREMENT.put(image, "temperature_age", self._age(self.temperature_age))
        MEASUREMENT.put(image, "status", status)
        MEASUREMENT.put(image, "guard", faults)
        MEASUREMENT.put(image, "io", io_word(self.board, energised))

    def _age(self, age: int | None) -> int:
        return NEVER_MS if age is None else min(age + self.latched, LONGEST_MS)

    def identification(self, index: int) -> bytes:
        """Objects 0..2 of the device identification: vendor, product, revision."""
        product = "base board" if self.board.base else "slave"
        revision = str(FIRMWARE >> 8) + "." + str(FIRMWARE & 0xFF) + " map " + str(VERSION)
        return (VENDOR, product, revision)[index].encode()


def _part(image: bytes | bytearray, place: int, count: int, size: int) -> bytes | None:
    """`count` registers from `place` of an image with `size` of them; None where that reaches beyond."""
    if place < 0 or place + count > size:
        return None
    return bytes(memoryview(image)[2 * place : 2 * (place + count)])


def io_word(board: Board, energised: int) -> int:
    """MEASUREMENT.io of a base board: outputs as driven, contacts, stop, button and inputs as read."""
    word = energised & OUTPUT_BITS
    if board.charge_contact is None or board.load_contact is None:
        word |= IO_NO_FEEDBACK
    else:
        word |= board.charge_contact << 6 | board.load_contact << 7
    word |= board.pre_charge << 8
    for index in range(IO_INPUTS):
        word |= board.inputs[index] << IO_INPUT_SHIFT + index
    return word | (IO_STOP if board.emergency_stop else 0) | (IO_BUTTON if board.button else 0)
