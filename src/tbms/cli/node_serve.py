"""The node's program on a Linux computer without microcontroller, joined to the master by a local pseudo-terminal."""

import gc
import os
import select
import signal
import sys
import time
import tty
from pathlib import Path
from types import FrameType
from typing import Any

import click

from tbms.slave.board import Board
from tbms.slave.chips.bq76952 import Bq76952
from tbms.slave.chips.chip_board import ChipBoard
from tbms.slave.chips.ina228 import Ina228
from tbms.slave.chips.linux_port import LinuxI2C, module
from tbms.slave.chips.port import NotReady
from tbms.slave.node import Node
from tbms.slave.program import Program
from tbms.slave.store import settings

LAYERS = (
    "This installation has 2 layers of protection, not 3: the measuring chip, and the master. The guard runs in a "
    "process of its own, but on the master's computer: what stops that computer stops both. Wire DCHG and DDSG of the "
    "chip into the coils' supply; without that there is 1 layer."
)
AFE_ADDRESS, SHUNT_ADDRESS = 0x08, 0x40
INPUTS, THERMISTORS = (1, 2, 3, 16), (3, 4, 5, 6)
CLOCK = (1 << 30) - 1


class Pty:
    """The program's port: a pseudo-terminal behind a link, and this computer's clock. running: until told to end."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.running = True
        self.fd, self._other = os.openpty()
        tty.setraw(self._other)
        os.set_blocking(self.fd, False)
        link.parent.mkdir(parents=True, exist_ok=True)
        new = link.with_name(f".{link.name}.{os.getpid()}")
        new.symlink_to(os.ttyname(self._other))
        new.replace(link)

    def now(self) -> int:
        """Time in ms."""
        return int(time.monotonic() * 1000) & CLOCK

    def read(self) -> bytes:
        """What the master has sent."""
        try:
            return os.read(self.fd, 4096)
        except OSError:
            return b""

    def write(self, data: bytes) -> None:
        """Answer."""
        try:
            os.write(self.fd, data)
        except OSError:
            return

    def wait(self, ms: int) -> None:
        """Until the master says something."""
        select.select([self.fd], [], [], ms / 1000)

    def feed(self) -> None:
        """Nothing watches this process but the charge pumps behind its pins."""

    def collect(self) -> None:
        """Collect garbage, the young only."""
        gc.collect(0)

    def restart(self) -> None:
        """Begin anew: whoever started this process starts it again."""
        self.running = False

    def sleep(self, ms: int) -> None:
        """A computer that runs the master does not sleep."""

    def close(self) -> None:
        """Remove the link and the terminal."""
        self.link.unlink(missing_ok=True)
        os.close(self.fd)
        os.close(self._other)


class LinuxBoard(ChipBoard):
    """A board whose controller is this computer: it has no converter of its own, so no second look at the group."""

    def _slow(self) -> None:
        if self.shunt is not None:
            self.pack_cv = None if self.shunt.bus_mv is None else self.shunt.bus_mv // 10
            self.board_temperature = None if self.shunt.die_dc is None else self.shunt.die_dc // 10


class GpioPins:
    """The computer's pins by the names of the board, through libgpiod; a name without a line does nothing."""

    def __init__(self, chip: str, lines: dict[str, int]) -> None:
        gpiod = module("gpiod")
        self._values = gpiod.line.Value
        self._lines = lines
        out = gpiod.LineSettings(direction=gpiod.line.Direction.OUTPUT, output_value=self._values.INACTIVE)
        read = gpiod.LineSettings(direction=gpiod.line.Direction.INPUT)
        config = {number: read if name in READ else out for name, number in lines.items()}
        self._request: Any = gpiod.request_lines(chip, consumer="tbms", config=config) if config else None

    def level(self, name: str) -> bool:
        """A digital input is high; one that is not wired is low, and a stop that is not wired is not pressed."""
        if name not in self._lines:
            return name == "stop_closed"
        return bool(self._request.get_value(self._lines[name]) == self._values.ACTIVE)

    def raw(self, name: str) -> int:
        """There is no converter."""
        return 0

    def drive(self, name: str, duty: int) -> None:
        """Switch a pin."""
        if name in self._lines:
            self._request.set_value(self._lines[name], self._values.ACTIVE if duty else self._values.INACTIVE)


INPUT_PINS = ("input_1", "input_2", "input_3", "input_4")
READ = ("charge_contact", "load_contact", "pre_charge_contact", "stop_closed", "button", *INPUT_PINS)


def hardware(i2c: int, shunt: int, chip: str, lines: dict[str, int]) -> LinuxBoard:
    """The board on this computer's buses; what is missing is one sentence."""
    try:
        afe = Bq76952(LinuxI2C(i2c, AFE_ADDRESS), INPUTS, THERMISTORS)
        meter = Ina228(LinuxI2C(i2c, SHUNT_ADDRESS), shunt)
        return LinuxBoard(GpioPins(chip, lines), afe, meter)
    except (NotReady, OSError) as problem:
        raise click.ClickException(str(problem)) from None


def run(board: Board, link: Path, folder: Path) -> None:
    """Serve until a signal comes or the program wants to begin anew."""
    folder.mkdir(parents=True, exist_ok=True)
    port = Pty(link)

    def end(_: int, __: FrameType | None) -> None:
        port.running = False

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    address, _ = settings(str(folder), 1, 115200)
    program = Program(Node(address, board, port.now()), port, str(folder))
    try:
        while port.running:
            program.turn()
    finally:
        board.loops(0)
        board.switches(0)
        port.close()
    sys.stdout.flush()
