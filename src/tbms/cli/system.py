"""The processes of a running system: started, watched, put to sleep and woken, and ended together."""

import os
import shlex
import signal
import socket
import ssl
import subprocess
import time
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import NamedTuple

import click

from tbms.cli.inject import ask
from tbms.cli.processes import Child, start, stop
from tbms.cli.run_control import ASLEEP
from tbms.master.link import pair
from tbms.monitor import service

LAST_TO_COME = ("the monitor",)  # ends first: it has no battery to bring to a safe state
STANDSTILL = 10.0  # s without a cycle, twice what control itself allows
LOOK = 0.1  # s between two looks at the processes
READY = 60.0  # s of the beginning: a page that does not answer after it is told about
DOZING = 1.0  # s between two looks at boards that sleep
MOMENT = 0.5  # s between the end of the one and of the other, at most
SWITCHING_OFF = 30.0  # s that a command which switches this computer off may take
ENDING = 5.0  # s that the API process may take to end after control has
AGAIN = 5.0  # s between two starts of the same process, at least
REFUSED = 2  # status of a process that cannot begin, for a reason that it has told; later it is a death like others
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what they mean for this computer


class Page(NamedTuple):
    """Where the web page listens; tls: certificate and key."""

    host: str
    port: int
    tls: tuple[Path, Path] | None = None

    @property
    def family(self) -> socket.AddressFamily:
        """IPv4 or IPv6."""
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET

    @property
    def near(self) -> str:
        """The host as this computer reaches it."""
        return EVERYWHERE.get(self.host, self.host)

    @property
    def address(self) -> str:
        """For a browser on this computer."""
        near = f"[{self.near}]" if ":" in self.near else self.near
        return f"{'https' if self.tls else 'http'}://{near}:{self.port}"

    def answers(self) -> bool:
        """The page is there."""
        connection = HTTPConnection(self.near, self.port, timeout=1.0)
        if self.tls:
            own = ssl.create_default_context(cafile=str(self.tls[0]))  # trusted, whatever name it bears
            own.check_hostname, own.verify_flags = False, own.verify_flags | ssl.VERIFY_X509_PARTIAL_CHAIN
            connection = HTTPSConnection(self.near, self.port, timeout=1.0, context=own)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status < 500
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


class Part(NamedTuple):
    """A process to start: name, module, arguments; first: on the way from cell to contactor."""

    name: str
    module: str
    arguments: Sequence[str]
    first: bool = False


@dataclass
class System:
    """What runs together.

    control, api: the master, which sleeps when the battery is nearly empty. others: monitor and simulator, which go
    on then. page: None where there is none. awake: whether the boards are, asked while the master sleeps, with the
    seconds since it fell asleep. switch_off: a command for this computer when it may sleep; empty: it stays on.
    """

    control: Part
    api: Part
    others: Sequence[Part]
    page: Page | None
    name: str
    awake: Callable[[float], bool]
    switch_off: str = ""
    show: bool = False
    children: list[Child] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    pipe: socket.socket | None = None

    def run(self) -> int:
        """Start everything, tell the address, and wait for the end of it; exit status."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN or number is not signal.SIGHUP:  # nohup ignores it
                signal.signal(number, lambda number, _frame: self.ended.append(number))
        try:
            self._master()
            for part in self.others:  # one by one: what was started before a failure must be stopped
                self.children.append(_begin(part))
            dead = self._watch()
        finally:
            killed = stop(sorted(self.children, key=self._turn))
            if self.pipe:
                self.pipe.close()
        for child_name in killed:
            click.echo(f"{child_name} did not end when asked and was killed.", err=True)
        if dead:
            click.echo(f"{dead.name} ended by itself {dead.how}; the others were stopped.", err=True)
            return 1
        click.echo("Stopped.")
        return 0

    def _turn(self, child: Child) -> int:
        """Whose turn it is to end: the page, then the master, then what it acts on."""
        return (*LAST_TO_COME, self.control.name, self.api.name, child.name).index(child.name)

    def _master(self) -> None:
        """Control and API, with the pipe between them."""
        pulse, beat = os.pipe()
        for number in (pulse, beat):
            os.set_blocking(number, False)
        if self.pipe:
            self.pipe.close()
        end, self.pipe = pair()
        control = _begin(self.control, "--beat-fd", beat, "--link-fd", end.fileno())
        control.pulse = pulse
        self.children += [control, self._api()]
        os.close(beat)
        end.close()

    def _api(self, *more: str) -> Child:
        assert self.pipe is not None  # noqa: S101 - there is one while control runs
        return _begin(self.api, *more, "--link-fd", self.pipe.fileno())

    def _dead(self, beginning: bool) -> Child | None:
        """One without which nothing goes on, or that cannot begin. API and monitor are started again: control lives."""
        for place, child in enumerate(self.children):
            if not child.ended:
                continue
            if child.name not in (self.api.name, *LAST_TO_COME) or (beginning and child.process.returncode == REFUSED):
                return child
            if time.monotonic() - child.began >= AGAIN:
                click.echo(f"{child.name} ended by itself {child.how} and is started again.", err=True)
                self.children[place] = self._again(child.name)
        return None

    def _again(self, name: str) -> Child:
        if name == self.api.name:
            return self._api("--again")
        return _begin(next(part for part in self.others if part.name == name))

    def _hangs(self) -> bool:
        """Control stands still so long that its own watch must be dead, too: it is ended. True while it is not gone."""
        for child in self.children:
            if child.silent(time.monotonic()) > STANDSTILL and not child.ended:
                if not child.condemned:
                    click.echo(f"{child.name} has stood still for {STANDSTILL:g} s and is ended.", err=True)
                    child.condemned = True
                    child.process.kill()
                return True
        return False

    def _watch(self) -> Child | None:
        """Wait until a person or a process ends it: the process, or None."""
        told, began = False, time.monotonic()
        service.notify("READY=1")
        beat, beaten = service.interval(), began
        while not self.ended:
            late = time.monotonic() - began > READY
            if not self._hangs() and beat is not None and time.monotonic() - beaten >= beat:
                beaten = time.monotonic()
                service.notify("WATCHDOG=1")
            if any(child.ended for child in self.children) and not self._slept() and (dead := self._dead(not late)):
                return dead
            told = told or self._told(late)
            time.sleep(LOOK)
        return None

    def _told(self, late: bool) -> bool:
        """Tell the address once the page answers, or that it does not; whether that was said."""
        if self.page is None:
            click.echo(f"{self.name}: the master runs (Ctrl-C ends it)")
            return True
        if self.page.answers():
            click.echo(f"{self.name}: {self.page.address} (Ctrl-C ends it)")
            if self.show:
                webbrowser.open(self.page.address)
            return True
        if late:
            click.echo(f"The page at {self.page.address} does not answer yet; protection runs.", err=True)
        return late

    def _slept(self) -> bool:
        """Whether the master has fallen asleep; returns when it has been started again, or a person ends it."""
        master = [child for child in self.children if child.name in (self.control.name, self.api.name)]
        if not any(child.ended for child in master):
            return False
        control = next(child for child in master if child.name == self.control.name)
        with suppress(subprocess.TimeoutExpired):  # the API may have been seen to end a moment before it
            control.process.wait(MOMENT)
        if control.process.returncode != ASLEEP:
            return False
        for child in master:
            child.end(time.monotonic() + ENDING)
            self.children.remove(child)
        click.echo("The battery is nearly empty: the master sleeps until a charger or the reset button wakes it.")
        self._switch_off()
        fell = time.monotonic()
        while not self.ended and not self.awake(time.monotonic() - fell):
            service.notify("WATCHDOG=1")
            time.sleep(DOZING)
        if not self.ended:
            click.echo("The boards are awake: the master starts again.")
            self._master()
        return True

    def _switch_off(self) -> None:
        """Ask this computer to switch itself off, where it may; a command that fails costs its consumption, no more."""
        if not self.switch_off:
            return
        try:
            subprocess.run(shlex.split(self.switch_off), check=True, timeout=SWITCHING_OFF)  # noqa: S603 - the owner's own
        except (OSError, ValueError, subprocess.SubprocessError) as problem:
            click.echo(f"sleep.command could not be carried out, this computer stays on: {problem}", err=True)


def _begin(part: Part, *more: str | int) -> Child:
    """Start it; more: further arguments, of which the numbers are those of files that it is given."""
    given = tuple(each for each in more if isinstance(each, int))
    return start(part.name, part.module, [*part.arguments, *map(str, more)], given, first=part.first)


def boards_awake(folder: Path) -> bool:
    """The simulated base board is awake; it powers the master's computer. So it is, too, when nobody can say."""
    try:
        return not ask(folder / "simulator.sock", {"op": "state"})["nodes"][0]["asleep"]
    except click.ClickException:
        return True
