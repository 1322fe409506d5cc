"""`tbms install`: the master and the monitor as services of this computer (systemd)."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from tbms.cli.environments import BASE, COMMAND, CURRENT, Shelf, replace_link
from tbms.cli.run import PEM
from tbms.cli.system import Page
from tbms.store.replace import replace_file

UNITS = Path(__file__).with_name("units")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DATA = "/var/lib/tbms"
SERVICES = ("tbms-master.service", "tbms-monitor.service")
KIOSK = "tbms-kiosk.service"
JOURNAL = "etc/systemd/journald.conf.d/tbms.conf"
USERS = "etc/sysusers.d/tbms.conf"
HERE = "127.0.0.1"
NOTHING = "Nothing differs."


@click.command()
@click.option("--host", default=HERE, help="Address of the web page; beyond this computer once a password exists.")
@click.option("--port", type=click.IntRange(1, 65_535), default=8480, help="Port of the web page.")
@click.option("--tls", type=(PEM, PEM), metavar="CERT KEY", help="Certificate and key (PEM) of the web page.")
@click.option("--kiosk", is_flag=True, help="Show the page on this computer's display, too (needs cage and chromium).")
@click.option("--root", type=click.Path(path_type=Path, file_okay=False), help="Write below this folder only.")
@click.option("--dry-run", is_flag=True, help="Only print what would be written.")
def install(host: str, port: int, tls: tuple[Path, Path] | None, kiosk: bool, root: Path | None, dry_run: bool) -> None:
    """Make master and monitor services that start with this computer. Run it again to change or repair them."""
    files = dict(_files(Page(host, port, tls), kiosk))
    if dry_run:
        for name, text in files.items():
            click.echo(f"# /{name}\n{text}")
        return
    if root is None and (refusal := _refusal(host, kiosk)):
        raise click.ClickException(refusal)
    changed = _linked(Shelf(root or Path("/")))  # before what leads there
    changed += [name for name, text in files.items() if _written(root or Path("/"), name, text)]
    for name in changed:
        click.echo(f"written: /{name}")
    if root is None:
        _start([Path(name).name for name in files if name.endswith(".service")], changed)
        if not _settings().exists():
            click.echo(f"The master waits for {_settings()}: put the settings of your battery there (docs/install.md)")
    click.echo(f"The page: {Page(host, port, tls).address}; settings and data: {DATA}" if changed else NOTHING)


def _refusal(host: str, kiosk: bool) -> str:
    """Why services cannot be installed on this computer, and what to do; empty where they can."""
    from tbms.monitor.__main__ import exposed  # a web server's worth of modules

    if os.geteuid() != 0:
        return "services are installed by root: sudo tbms install (--dry-run shows what it writes)"
    if home := _hidden():
        return f"services see no home folders: install TBMS outside {home}, in /opt for example"
    if shutil.which("systemctl") is None:
        return "this computer has no systemd; start `tbms run --hardware` by its own means"
    if kiosk and not (shutil.which("cage") and any(map(shutil.which, BROWSERS))):
        return "a display needs cage and chromium: apt-get install cage chromium"
    said = exposed(host, Path(DATA))
    return said and f"{said} (sudo tbms person add NAME --data-dir {DATA})"


def _hidden() -> str:
    """The home folder that holds this installation; empty where none does."""
    own = Path(sys.prefix).resolve()
    return next((home for home in ("/home", "/root", "/run/user") if own.is_relative_to(home)), "")


def _files(page: Page, kiosk: bool) -> Iterator[tuple[str, str]]:
    """Where each file goes, without the leading slash, and what it says."""
    binaries = Path("/", BASE, CURRENT, "bin")
    tls, credentials = "", ""
    if page.tls:  # read by root and handed over: a private key stays readable by nobody else
        tls = " --tls-cert %d/cert --tls-key %d/key"
        credentials = f"LoadCredential=cert:{page.tls[0]}\nLoadCredential=key:{page.tls[1]}\n"
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), "/usr/bin/chromium")
    words = {name: str(binaries / name) for name in ("tbms", "python")} | {"host": page.host, "port": str(page.port)}
    words |= {"tls": tls, "credentials": credentials, "browser": browser, "address": page.address}
    for name in (*SERVICES, *([KIOSK] if kiosk else [])):
        text = (UNITS / name).read_text(encoding="utf-8")
        for word, value in words.items():
            text = text.replace(f"{{{word}}}", value)
        yield f"etc/systemd/system/{name}", text
    if kiosk:
        yield USERS, (UNITS / "users.conf").read_text(encoding="utf-8")
    yield JOURNAL, (UNITS / "journal.conf").read_text(encoding="utf-8")


def _written(root: Path, name: str, text: str) -> bool:
    """Write the file where it says something else; whether it did."""
    path = root / name
    try:
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text.encode())
    except OSError as problem:
        raise click.ClickException(f"{path} cannot be written: {problem.strerror}") from None
    return True


def _linked(shelf: Shelf) -> list[str]:
    """Let the services, and `tbms` on the path, lead to the program that does this; the links that changed."""
    own, found = Path(sys.prefix).resolve(), []
    try:
        if shelf.at(CURRENT) != own:
            shelf.use(own, shelf.at(CURRENT))
            found.append(f"{BASE}/{CURRENT}")
        if not shelf.command.is_symlink() and not shelf.command.exists():
            replace_link(shelf.command, Path("/", BASE, CURRENT, "bin", "tbms"))
            found.append(COMMAND)
    except OSError as problem:
        raise click.ClickException(f"{problem.filename} cannot be written: {problem.strerror}") from None
    return found


def _settings() -> Path:
    return Path(DATA) / "settings.toml"


def _start(services: list[str], changed: Sequence[str]) -> None:
    """Let systemd take over what has changed, and start what does not run yet."""
    orders = [["systemd-sysusers", f"/{USERS}"]] if USERS in changed else []
    orders += [["systemctl", "restart", "systemd-journald"]] if JOURNAL in changed else []
    orders += [["systemctl", "daemon-reload"]] if changed else []
    orders += [["systemctl", "enable", *services]]
    # a master without settings ends and is started again every second: that is no failure of the services
    later = [] if _settings().exists() else ["--no-block"]
    orders += [["systemctl", "restart" if changed else "start", *later, *services]]
    for order in orders:
        done = subprocess.run(order, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
        if done.returncode:
            raise click.ClickException(f"{' '.join(order)}: {done.stderr.strip() or 'failed'}")
