"""Services: what is written, judged by systemd itself, and what a service tells it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click import ClickException
from click.testing import CliRunner
from tests.cli.test_run import eventually, finished, processes, tbms

from tbms.cli import install as module
from tbms.cli.install import install
from tbms.monitor import service

UNITS = "etc/systemd/system"
EXPOSED = 2.0  # of 10: what `systemd-analyze security` may say at most
analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this computer")


def installed(root: Path, *more: str) -> str:
    done = CliRunner().invoke(install, ["--root", str(root), *more])
    assert done.exit_code == 0, done.output
    return done.output


def test_units_are_written_once_and_again_where_they_differ(tmp_path: Path) -> None:
    said = installed(tmp_path, "--kiosk")
    assert said.count("written:") == 7
    assert "http://127.0.0.1:8480" in said
    monitor = (tmp_path / UNITS / "tbms-monitor.service").read_text()
    order = "/usr/local/lib/tbms/current/bin/python -m tbms.monitor --socket /var/lib/tbms/tbms.sock"
    assert f"{order} --host 127.0.0.1 --port 8480\n" in monitor
    assert (tmp_path / "usr/local/lib/tbms/current").resolve() == Path(sys.prefix).resolve()
    assert os.readlink(tmp_path / "usr/local/bin/tbms") == "/usr/local/lib/tbms/current/bin/tbms"
    assert "{" not in monitor
    assert installed(tmp_path, "--kiosk") == "Nothing differs.\n"
    assert installed(tmp_path, "--kiosk", "--port", "80").count("written:") == 2


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    said = installed(tmp_path, "--dry-run")
    assert "# /etc/systemd/system/tbms-master.service" in said
    assert "WatchdogSec=15" in said
    assert list(tmp_path.iterdir()) == []


@analyze
@pytest.mark.parametrize("name", module.SERVICES)
def test_systemd_understands_the_units_and_finds_them_closed(tmp_path: Path, name: str) -> None:
    pem = tmp_path / "own.pem"
    pem.write_text("")
    installed(tmp_path, "--tls", str(pem), str(pem))
    unit = str(tmp_path / UNITS / name)
    text = Path(unit).read_text().replace("/usr/local/lib/tbms/current", sys.prefix)  # systemd looks for programs
    Path(unit).write_text(text)
    judged = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (judged.returncode, judged.stderr) == (0, "")
    found = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", unit], capture_output=True, text=True, check=True
    )
    assert float(found.stdout.rpartition("service: ")[2].split()[0]) <= EXPOSED


@pytest.mark.parametrize(
    ("who", "prefix", "has", "sentence"),
    [
        (1000, "/opt/tbms", ("systemctl", "cage", "chromium"), "sudo tbms install"),
        (0, "/home/ann/tbms", ("systemctl", "cage", "chromium"), "install TBMS outside /home"),
        (0, "/opt/tbms", ("cage", "chromium"), "no systemd"),
        (0, "/opt/tbms", ("systemctl", "chromium"), "apt-get install cage chromium"),
        (0, "/opt/tbms", ("systemctl", "cage"), "apt-get install cage chromium"),
    ],
)
def test_where_it_cannot_be_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, who: int, prefix: str, has: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: who)
    monkeypatch.setattr(sys, "prefix", prefix)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if name in has else None)
    done = CliRunner().invoke(install, ["--kiosk"])
    assert done.exit_code == 1
    assert sentence in done.output


def test_services_are_enabled_and_a_failure_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run(order: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(order)
        return subprocess.CompletedProcess(order, int(order[1] == "restart"), "", "no bus")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(module, "DATA", str(tmp_path))
    module._start(list(module.SERVICES), [])
    later = ["systemctl", "start", "--no-block", *module.SERVICES]
    assert asked == [["systemctl", "enable", *module.SERVICES], later], "a master without settings is no failure"
    (tmp_path / "settings.toml").touch()
    asked.clear()
    module._start(list(module.SERVICES), [])
    assert asked[1:] == [["systemctl", "start", *module.SERVICES]]
    asked.clear()
    with pytest.raises(ClickException, match=r"systemctl restart tbms-master\.service.*: no bus"):
        module._start(list(module.SERVICES), ["etc/systemd/system/tbms-master.service", module.USERS])
    assert [order[:2] for order in asked] == [
        ["systemd-sysusers", "/etc/sysusers.d/tbms.conf"],
        ["systemctl", "daemon-reload"],
        ["systemctl", "enable"],
        ["systemctl", "restart"],
    ]


def test_nothing_is_installed_that_the_network_would_reach_without_a_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(sys, "prefix", "/opt/tbms")
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(module, "DATA", str(tmp_path))
    monkeypatch.setattr(module, "_written", lambda *_: pytest.fail("written"))
    done = CliRunner().invoke(install, ["--host", "::"])
    assert done.exit_code == 1
    assert "until a password exists" in done.output
    assert f"tbms person add NAME --data-dir {tmp_path}" in done.output


def test_a_private_key_is_handed_over_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    for name in ("boat.pem", "boat.key"):
        (tmp_path / name).write_text("")
    installed(tmp_path, "--tls", str(tmp_path / "boat.pem"), str(tmp_path / "boat.key"))
    monitor = (tmp_path / UNITS / "tbms-monitor.service").read_text().splitlines()
    assert f"LoadCredential=key:{tmp_path}/boat.key" in monitor
    assert next(line for line in monitor if "ExecStart" in line).endswith(" --tls-cert %d/cert --tls-key %d/key")
    installed(tmp_path)
    assert "LoadCredential" not in (tmp_path / UNITS / "tbms-monitor.service").read_text()


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="systemd-sysusers is not on this computer")
def test_the_user_of_the_kiosk_is_one_that_systemd_makes(tmp_path: Path) -> None:
    installed(tmp_path, "--kiosk")
    users = str(tmp_path / module.USERS)
    said = subprocess.run(
        ["systemd-sysusers", "--dry-run", f"--root={tmp_path}", users], capture_output=True, text=True, check=True
    )
    assert "Creating user 'tbms-kiosk'" in said.stdout + said.stderr
    assert "\nUser=tbms-kiosk\n" in (tmp_path / UNITS / module.KIOSK).read_text()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "etc").write_text("a file where the folder should be")
    done = CliRunner().invoke(install, ["--root", str(tmp_path)])
    assert done.exit_code == 1
    assert "cannot be written" in done.output


@pytest.fixture
def systemd(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What a service talks to: a datagram socket."""
    with tempfile.TemporaryDirectory(prefix="tbms") as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(f"{folder}/notify")
        line.settimeout(30.0)
        monkeypatch.setenv("NOTIFY_SOCKET", f"{folder}/notify")
        yield line


def test_nobody_is_told_where_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not service.notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    assert not service.notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "@tbms-nobody")
    assert not service.notify("READY=1")


def test_the_watchdogs_time_is_for_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "15000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert service.interval() == 5.0
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert service.interval() is None
    monkeypatch.setenv("WATCHDOG_USEC", "soon")
    assert service.interval() is None


@pytest.mark.slow
def test_the_master_alone_is_a_service_that_tells_it_lives(systemd: socket.socket) -> None:
    with tempfile.TemporaryDirectory(prefix="tbms") as folder:
        command = tbms("run", "--no-page", "--speed", "60", "--data-dir", folder)
        beats = os.environ | {"WATCHDOG_USEC": "600000"}
        beats.pop("WATCHDOG_PID", None)
        with subprocess.Popen(
            command, env=beats, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as system:
            try:
                assert [systemd.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
                assert "tbms.monitor" not in processes(Path(folder))
                system.send_signal(signal.SIGTERM)
                said = finished(system)
            finally:
                system.kill()
        assert "the master runs" in said
        assert said.rstrip().endswith("Stopped.")
        eventually(lambda: not processes(Path(folder)))
