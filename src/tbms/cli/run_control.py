"""The control process: composes plant, clock, settings and store, and runs the loop until it is told to end."""

import argparse
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tbms.cli.in_force import in_force
from tbms.cli.processes import guarded
from tbms.core import latches
from tbms.core.state import State
from tbms.master import logs, realtime
from tbms.master.control import SAVE_EVERY, Control
from tbms.master.guards import configuration_of
from tbms.master.link import ControlEnd
from tbms.master.recorder import Recorder
from tbms.master.restore import reborn, restored
from tbms.ports import Clock, Plant, Sources
from tbms.settings import load
from tbms.settings.compiled import Settings
from tbms.settings.problems import SettingsError
from tbms.store.memory import Memory

FAST_PERIOD = 1.0  # s of one step of the fast face
ASLEEP = 75  # exit status: the battery is nearly empty and the boards sleep (sysexits.h: try again later)


class RealClock:
    """ports.Clock on this machine. beat: a pipe on which a parent hears in every cycle that this process goes on."""

    def __init__(self, beat: int = -1) -> None:
        self._beat = beat

    def now(self) -> float:
        """CLOCK_MONOTONIC, s: the same for every process of this machine."""
        return time.monotonic()

    def timestamp(self) -> float:
        """UTC, s since 1970."""
        return time.time()

    def sleep_until(self, due: float) -> None:
        """Return at monotonic `due`; renews the deadline watch, so that a loop that hangs is ended."""
        realtime.arm()
        if self._beat >= 0:
            with suppress(OSError):  # a parent that does not listen holds nothing up
                os.write(self._beat, b".")
        if (left := due - time.monotonic()) > 0.0:
            time.sleep(left)


def main(arguments: list[str] | None = None) -> int:
    """Run; exit status 2 with every problem of the settings, nothing closes then; ASLEEP once all sleep."""
    asked = _parser().parse_args(arguments)
    try:
        begun = in_force(asked.settings, asked.set, asked.data_dir, not asked.simulated)
    except SettingsError as found:
        print(*found.problems, sep="\n", file=sys.stderr)
        return 2
    settings = begun.settings
    realtime.prefer()
    end_logs, recorder, ended = logs.start("control", asked.data_dir), Recorder(asked.data_dir), _on_signal()
    remembered, newer = ({}, "") if asked.forget else _remembered(asked.data_dir)
    # a simulated boat of virtual time stood still while nobody simulated it
    now = remembered.get("timestamp", 0.0) if asked.speed else time.time()
    known = restored(remembered, now)
    plant, clock = _plant(settings, asked.speed, known[0] if known else 0.6, remembered.get("timestamp"), asked.beat_fd)
    state = reborn(State.initial(settings, *(known or ())), remembered, settings, now, clock.now())
    if not asked.speed:  # there is no panel to lift anything in virtual time
        state = latches.restored(remembered.get("latches"), state, settings)
    control = Control(
        plant,
        clock,
        settings,
        state,
        ControlEnd(socket.socket(fileno=asked.link_fd)),
        recorder,
        simulated=asked.simulated,
        speed=asked.speed or 1.0,
        period=FAST_PERIOD if asked.speed else None,
        reload=lambda text: load(asked.settings, asked.set, text, settings.ocv),
        kept=remembered,
        warning="; ".join(filter(None, (begun.said, newer))),
        sources=_sources(asked.data_dir) if asked.simulated and not asked.speed else None,
    )
    realtime.settle()
    control.run(lambda: bool(ended))
    realtime.disarm()
    recorder.close()
    end_logs()
    return ASLEEP if control.asleep else 0


def _remembered(folder: Path) -> tuple[dict[str, Any], str]:
    """What the last run had learned, and what to tell; nothing where the folder cannot be used (the recorder says so).

    What a newer program saved last is not known here, and a person may have stopped the battery meanwhile: so it is
    stopped until a person lifts that.
    """
    try:
        memory = Memory(folder)
    except OSError:
        return {}, ""
    if not memory.newer:
        return memory.load(), ""
    stopped = {"latches": latches.NONE | {"stopped": "a newer TBMS"}}
    return memory.load() | stopped, f"{memory.newer}; the battery is stopped until the reset button is held"


def _on_signal() -> list[int]:
    """A list that is filled when the process is asked to end."""
    ended: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: ended.append(number))
    return ended


def _plant(settings: Settings, speed: float | None, soc: float, saved: float | None, beat: int) -> tuple[Plant, Clock]:
    """The nodes on the bus, or the simulated boat's fast face (charged to `soc`) when a speed is asked for.

    saved: UTC of the last run's values; virtual time goes on after it, so that its history is one life.
    """
    if speed:
        from tbms.twin.boat import boat
        from tbms.twin.face import EPOCH, FastFace

        epoch = max(EPOCH, saved + SAVE_EVERY + FAST_PERIOD) if isinstance(saved, int | float) else EPOCH
        world = boat(settings.cells, settings.capacity, soc=soc, common=settings.contactors.common)
        face = FastFace(world, speed=speed, epoch=epoch)
        return face, face
    from tbms.drivers.node_bus import NodeBus

    bus = settings.schema.bus
    nodes = NodeBus(
        bus.port,
        bus.baud,
        bus.parity,
        settings.cells,
        configuration_of(settings),
        temperatures=settings.temperature,
        timeout=bus.timeout,
    )
    return nodes, RealClock(beat)


def _sources(folder: Path) -> Sources:
    """The simulated boat's chargers; its fast face brings them with every sample."""
    from tbms.drivers.simulated_sources import SimulatedSources

    return SimulatedSources(folder / "simulator.sock")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tbms.cli.run_control")
    parser.add_argument("--link-fd", type=int, required=True, help="the end of the pipe to the API")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--settings", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--beat-fd", type=int, default=-1, help="where to tell in every cycle that it goes on")
    parser.add_argument("--speed", type=float, help="the simulated boat, so many times faster than real time")
    parser.add_argument("--simulated", action="store_true")
    parser.add_argument("--forget", action="store_true", help="begin without what the last run had learned")
    return parser


if __name__ == "__main__":
    sys.exit(guarded(main))
