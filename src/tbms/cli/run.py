"""`tbms run`: the whole system, its processes started, watched and ended together."""

import fcntl
import json
import os
import socket
import ssl
import sys
from contextlib import ExitStack
from pathlib import Path

import click

from tbms.cli.in_force import in_force
from tbms.cli.system import Page, Part, System, boards_awake
from tbms.settings import Settings, SettingsError
from tbms.store.memory import Memory
from tbms.store.replace import replace_file

AURORA = Path(__file__).with_name("aurora.toml")
HOST = "127.0.0.1"
SLOW_NODES = "bus.timeout=0.04"  # s: four interpreters on one computer wait for each other

PEM = click.Path(path_type=Path, exists=True, dir_okay=False, resolve_path=True)


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
@click.option("--tls", type=(PEM, PEM), metavar="CERT KEY", help="Certificate and key (PEM) of the web page.")
@click.option("--api-tcp", metavar="[HOST:]PORT", help="Serve the API on this TCP port, too.")
@click.option("--hardware", is_flag=True, help="The nodes on bus.port of the settings instead of a simulated boat.")
@click.option(
    "--nodes", type=click.Choice(["python", "micropython"]), default="python", help="What runs the simulated nodes."
)
@click.option("--page/--no-page", "paged", default=True, help="Without: the master alone, as a service of its own.")
@click.option("--open/--no-open", "show", default=False, help="Open the page in a browser.")
def run(
    speed: float | None,
    settings_file: Path | None,
    overrides: tuple[str, ...],
    data_dir: Path,
    port: int,
    host: str,
    tls: tuple[Path, Path] | None,
    api_tcp: str | None,
    hardware: bool,
    nodes: str,
    paged: bool,
    show: bool,
) -> None:
    """Run the whole system, by default on a simulated boat, and show it on a web page. Ctrl-C ends it."""
    data_dir = data_dir.absolute()
    _refuse(speed, hardware, nodes, data_dir, page := Page(host, port, tls))
    changes = [*overrides, *_place(data_dir, speed, hardware), *[SLOW_NODES] * (nodes == "micropython")]
    settings_file = (settings_file or _own(data_dir, hardware)).absolute()
    settings = _settings(settings_file, changes, data_dir, hardware)
    given = _given(data_dir, settings_file, changes, hardware)
    with ExitStack() as stack:
        _claim(data_dir, stack)
        if paged:
            _free(page)
        others = [Part("the monitor", "tbms.monitor", _monitor(data_dir, page))] if paged else []
        if not (speed or hardware):
            arguments = [*_simulator(settings, data_dir), "--nodes", nodes]
            others.append(Part("the simulator", "tbms.simulator", arguments, first=True))
        fast, tcp = ["--speed", str(speed)] if speed else [], ["--tcp", api_tcp] if api_tcp else []
        status = System(
            Part("the control process", "tbms.cli.run_control", [*given, *fast], first=True),
            Part("the API process", "tbms.cli.run_api", [*given, *tcp]),
            *(others, page if paged else None, settings.name),
            # boards that nobody may ask are awake when their own time must be over
            (lambda asleep: asleep >= settings.sleep.wake_time) if hardware else lambda _asleep: boards_awake(data_dir),
            switch_off=settings.schema.sleep.command if hardware else "",
            show=show,
        ).run()
    sys.exit(status)


def _given(data_dir: Path, settings_file: Path, changes: list[str], hardware: bool) -> list[str]:
    """What control and API are told alike."""
    given = ["--data-dir", str(data_dir), "--settings", str(settings_file)]
    return given + [part for change in changes for part in ("--set", change)] + ["--simulated"] * (not hardware)


def _refuse(speed: float | None, hardware: bool, nodes: str, data_dir: Path, page: Page) -> None:
    """What makes no sense, or what a process would refuse a moment later with the contactors closed already."""
    if speed and hardware:
        raise click.UsageError("--speed is for the simulated boat; real hardware runs in real time")
    if nodes != "python" and (speed or hardware):
        raise click.UsageError("--nodes is for the simulated boat in real time, not for --speed or --hardware")
    from tbms.monitor.__main__ import exposed

    if refusal := exposed(page.host, data_dir):
        raise click.ClickException(refusal)
    if page.tls:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*page.tls)
        except OSError as problem:
            raise click.ClickException(
                f"{page.tls[0]} and {page.tls[1]} are no certificate and its key: {problem}"
            ) from None


def _own(data_dir: Path, hardware: bool) -> Path:
    """The data folder's own settings file; where there is none, the simulated boat's settings are put there."""
    path = data_dir / "settings.toml"
    if not path.exists():
        if hardware:
            raise click.ClickException(f"{path} is missing: put the settings of your battery there (docs/install.md)")
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


def _settings(path: Path, changes: list[str], data_dir: Path, hardware: bool) -> Settings:
    try:
        begun = in_force(path, changes, data_dir, hardware)
        for sentence in filter(None, (begun.said, *begun.told)):
            click.echo(f"{path}: {sentence}", err=True)
        return begun.settings
    except SettingsError as found:
        click.echo("\n".join(found.problems), err=True)
        click.echo("Nothing was started: the settings above must be mended first.", err=True)
        sys.exit(2)


def _monitor(data_dir: Path, page: Page) -> list[str]:
    given = ["--socket", str(data_dir / "tbms.sock"), "--host", page.host, "--port", str(page.port)]
    return [*given, "--tls-cert", str(page.tls[0]), "--tls-key", str(page.tls[1])] if page.tls else given


def _simulator(settings: Settings, data_dir: Path) -> list[str]:
    """The simulated boat goes on with the charge at which it was left."""
    arguments = ["--dir", str(data_dir), "--cells", str(settings.cells), "--capacity", str(settings.capacity)]
    arguments += ["--bus", settings.schema.contactors.bus]
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


def _free(page: Page) -> None:
    try:
        socket.create_server((page.host, page.port), family=page.family).close()
    except OSError as problem:
        raise click.ClickException(
            f"port {page.port} at {page.host} cannot be used ({os.strerror(problem.errno or 0)}); use another --port"
        ) from None
