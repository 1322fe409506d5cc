"""What a node's microcontroller runs after a reset: its board, its chips, its program, for ever."""

import gc
import sys
import time

import board  # one of firmware/boards, copied to the controller as board.py
import machine
from machine_io import Pins

from tbms.slave.chips.bq76952 import Bq76952
from tbms.slave.chips.chip_board import ChipBoard
from tbms.slave.chips.contactor import Contactor
from tbms.slave.chips.ina228 import Ina228
from tbms.slave.chips.machine_port import MachineI2C
from tbms.slave.node import Node
from tbms.slave.program import WATCHDOG_MS, Program
from tbms.slave.store import settings
from tbms.slave.update import Update

FOLDER = "/data"
SHUNT_ADDRESS, OWN_ADDRESS, AFE_ADDRESS = 0x40, 0x41, 0x08
OWN_A, OWN_MV = 2, 40  # shunt in the boards' supply line: 20 mΩ, wired so that what they draw is positive


class Controller:
    """The processor as the program's port. `enable` of the RS-485 driver is the UART's own (RTS)."""

    def __init__(self, baud):
        self.uart = machine.UART(board.UART, baud, tx=board.TX, rx=board.RX, rts=board.DRIVER_ENABLE,
                                 parity=board.PARITY, flow=machine.UART.RTS, timeout=0, rxbuf=512)  # fmt: skip
        self.watchdog = machine.WDT(timeout=WATCHDOG_MS)

    def now(self):
        """Time in ms."""
        return time.ticks_ms()

    def read(self):
        """What has come."""
        return self.uart.read() or b""

    def write(self, data):
        """Send."""
        self.uart.write(data)

    def wait(self, ms):
        """Until something comes."""
        end = time.ticks_add(time.ticks_ms(), ms)
        while not self.uart.any() and time.ticks_diff(end, time.ticks_ms()) > 0:
            machine.idle()

    def feed(self):
        """Restart the watchdog."""
        self.watchdog.feed()

    def collect(self):
        """Collect garbage."""
        gc.collect()

    def restart(self):
        """Begin anew, when the last answer has gone."""
        self.uart.flush()
        machine.reset()

    def sleep(self, ms):
        """Deep sleep; the button or a charger's voltage (board.WAKE) ends it."""
        self.uart.flush()
        board.arm_wake(machine)
        machine.deepsleep(ms)


def main():
    """Build and run; whatever goes wrong ends in a reset, with every pin at its pull-down."""
    address, baud = settings(FOLDER, board.ADDRESS, 115200)
    pins = Pins(machine, board.PINS, board.ANALOG)
    bus = machine.I2C(board.I2C, scl=machine.Pin(board.SCL), sda=machine.Pin(board.SDA), freq=400000)
    shunt = own = None
    if address == 1:
        shunt = Ina228(MachineI2C(bus, SHUNT_ADDRESS), board.SHUNT_A)
        own = Ina228(MachineI2C(bus, OWN_ADDRESS), OWN_A, OWN_MV, narrow=True)
    afe = Bq76952(MachineI2C(bus, AFE_ADDRESS), board.INPUTS, board.THERMISTORS)
    node_board = ChipBoard(pins, afe, shunt, own=own)
    node_board.coils = (Contactor(board.CHARGE_DRIVE), Contactor(board.LOAD_DRIVE))
    node = Node(address, node_board, time.ticks_ms())
    node.registers.baud = baud // 100
    node.registers.update = Update("", sys.path[0].strip("/"))  # the slot that boot.py chose
    gc.disable()  # the program collects when there is time; an allocation that fails still collects
    gc.enable()
    program = Program(node, Controller(baud), FOLDER)
    while True:
        program.turn()


try:
    main()
except Exception as problem:  # noqa: BLE001 - nobody is there to whom it could be said
    sys.print_exception(problem)
    machine.reset()
