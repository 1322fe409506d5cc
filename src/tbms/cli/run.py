"""`tbms run`: the whole system, its processes started, watched and ended together."""

import fcntl
import json
import os
import signal
import socket
import sys
import time
import webbrowser
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import click

from tbms.cli.processes import Child, start, stop
from tbms.master.link import pair
from tbms.settings import Settings, SettingsError, load
from tbms.store.memory import Memory
from tbms.store.versions import replace_file

AURORA = Path(__file__).with_name("aurora.toml")
HOST = "127.0.0.1"
LAST_TO_COME = ("the monitor",)  # goes first: it has no battery to bring to a safe state
SLOW_NODES = "bus.timeout=0.04"  # s: four interpreters on one computer wait for each other
LOOK = 0.1  # s between two looks at the processes
READY = 60.0  # s after which a page that does not answer is told about

Found = tuple[str, str, list[str], tuple[int, ...], bool]
"""A process to start: name, module, arguments, descriptors it keeps, whether it is on the way to the contactors."""


@click.command()
@click.option("--speed", type=click.FloatRange(min=0.1, max=10_000), help="Simulate so many times faster, without bus.")
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path),
    help="Settings (TOML). Without it: settings.toml in the data folder, at first those of a simulated boat.",
)
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override one setting; may be repeated.")
@click.option("--data-dir", type=click.Path(path_type=Path), default=Path(".run"), help="Where data and sockets live.")
@click.option("--port", type=click.IntRange(1, 65_535), default=8480, help="Port of the web page.")
@click.option("--host", default=HOST, help="Address of the web page; beyond this computer once a password exists.")
@click.option("--api-tcp", metavar="[HOST:]PORT", help="Serve the API on this TCP port, too.")
@click.option("--hardware", is_flag=True, help="The nodes on bus.port of the settings instead of a simulated boat.")
@click.option(
    "--nodes", type=click.Choice(["python", "micropython"]), default="python", help="What runs the simulated nodes."
)
@click.option("--open/--no-open", "show", default=False, help="Open the page in a browser.")
def run(
    speed: float | None,
    settings_file: Path | None,
    overrides: tuple[str, ...],
    data_dir: Path,
    port: int,
    host: str,
    api_tcp: str | None,
    hardware: bool,
    nodes: str,
    show: bool,
) -> None:
    """Run the whole system, by default on a simulated boat, and show it on a web page. Ctrl-C ends it."""
    data_dir = data_dir.absolute()
    _refuse(speed, hardware, nodes, host, data_dir)
    changes = [*overrides, *_place(data_dir, speed, hardware)]
    changes += [SLOW_NODES] * (nodes == "micropython")
    settings = _settings(settings_file := (settings_file or _own(data_dir)).absolute(), changes)
    given = ["--data-dir", str(data_dir), "--settings", str(settings_file)]
    given += [part for change in changes for part in ("--set", change)]
    with ExitStack() as stack:
        _claim(data_dir, stack)
        _free(port)
        control_end, api_end = pair()
        system: list[Found] = [
            ("the control process", "tbms.cli.run_control", _control(given, control_end, speed, hardware),
             (control_end.fileno(),), True),
            ("the API process", "tbms.cli.run_api", [*given, "--link-fd", str(api_end.fileno()),
             *(["--tcp", api_tcp] if api_tcp else [])], (api_end.fileno(),), False),
            ("the monitor", "tbms.monitor", _monitor(data_dir, host, port), (), False),
        ]  # fmt: skip
        if not (speed or hardware):
            system.append(
                ("the simulator", "tbms.simulator", [*_simulator(settings, data_dir), "--nodes", nodes], (), True)
            )
        status = _together(system, (control_end, api_end), port, settings.name, show)
    sys.exit(status)


def _refuse(speed: float | None, hardware: bool, nodes: str, host: str, data_dir: Path) -> None:
    """What makes no sense, or what a process would refuse a moment later with the contactors closed already."""
    if speed and hardware:
        raise click.UsageError("--speed is for the simulated boat; real hardware runs in real time")
    if nodes != "python" and (speed or hardware):
        raise click.UsageError("--nodes is for the simulated boat in real time, not for --speed or --hardware")
    from tbms.monitor.__main__ import exposed

    if refusal := exposed(host, data_dir):
        raise click.ClickException(refusal)


def _own(data_dir: Path) -> Path:
    """The data folder's own settings file; where there is none, the simulated boat's settings are put there."""
    path = data_dir / "settings.toml"
    if not path.exists():
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            replace_file(path, AURORA.read_bytes())
        except OSError as problem:
            raise click.ClickException(f"{path} cannot be written: {problem.strerror}") from None
    return path


def _place(data_dir: Path, speed: float | None, hardware: bool) -> list[str]:
    """What the way of running decides over the settings."""
    if speed or hardware:
        return []
    return [f"bus.port={json.dumps(str(data_dir / 'bus'), ensure_ascii=False)}", 'bus.parity="none"']


def _settings(path: Path, changes: list[str]) -> Settings:
    try:
        return load(path, changes)
    except SettingsError as found:
        click.echo("\n".join(found.problems), err=True)
        click.echo("Nothing was started: the settings above must be mended first.", err=True)
        sys.exit(2)


def _control(given: list[str], end: socket.socket, speed: float | None, hardware: bool) -> list[str]:
    arguments = [*given, "--link-fd", str(end.fileno())]
    if not hardware:
        arguments.append("--simulated")
    return [*arguments, "--speed", str(speed)] if speed else arguments


def _monitor(data_dir: Path, host: str, port: int) -> list[str]:
    return ["--socket", str(data_dir / "tbms.sock"), "--host", host, "--port", str(port)]


def _simulator(settings: Settings, data_dir: Path) -> list[str]:
    """The simulated boat goes on with the charge at which it was left."""
    arguments = ["--dir", str(data_dir), "--cells", str(settings.cells), "--capacity", str(settings.capacity)]
    soc = Memory(data_dir).load().get("soc")
    if isinstance(soc, float) and 0.0 <= soc <= 1.0:
        arguments += ["--soc", f"{soc:.4f}"]
    return [*arguments, "--baud", str(settings.schema.bus.baud)]


def _claim(data_dir: Path, stack: ExitStack) -> None:
    """Make the data folder ours, or say who has it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = stack.enter_context((data_dir / "lock").open("a+", encoding="ascii"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        who = lock.read().strip()
        raise click.ClickException(
            f"TBMS runs in {data_dir} already (process {who}); stop it or use another --data-dir"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()


def _free(port: int) -> None:
    try:
        socket.create_server((HOST, port)).close()
    except OSError as problem:
        raise click.ClickException(
            f"port {port} cannot be used ({os.strerror(problem.errno or 0)}); use another --port"
        ) from None


def _together(system: list[Found], ends: tuple[socket.socket, ...], port: int, name: str, show: bool) -> int:
    """Start everything, tell the address, and wait for the end of it; exit status."""
    ended: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN or number is not signal.SIGHUP:  # nohup ignores it
            signal.signal(number, lambda number, _frame: ended.append(number))
    children: list[Child] = []
    try:
        for process in system:
            children.append(start(*process))  # noqa: PERF401 - what was started before a failure must be stopped
        for end in ends:
            end.close()
        dead = _watch(children, ended, port, name, show)
    finally:
        killed = stop(sorted(children, key=lambda child: child.name not in LAST_TO_COME))
    for child_name in killed:
        click.echo(f"{child_name} did not end when asked and was killed.", err=True)
    if dead:
        click.echo(f"{dead.name} ended by itself {dead.how}; the others were stopped.", err=True)
        return 1
    click.echo("Stopped.")
    return 0


def _watch(children: list[Child], ended: list[int], port: int, name: str, show: bool) -> Child | None:
    """Wait until a person or a process ends it: the process, or None."""
    address, told, began = f"http://{HOST}:{port}", False, time.monotonic()
    while not ended:
        for child in children:
            if child.ended:
                return child
        if not told and _answers(port):
            click.echo(f"{name}: {address} (Ctrl-C ends it)")
            told = True
            if show:
                webbrowser.open(address)
        elif not told and time.monotonic() - began > READY:
            click.echo(f"The page at {address} does not answer yet; protection runs.", err=True)
            told = True
        time.sleep(LOOK)
    return None


def _answers(port: int) -> bool:
    """The page is there."""
    connection = HTTPConnection(HOST, port, timeout=1.0)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
