import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tbms.cli.master import NoMaster, Refused, ask
from tbms.cli.run import run
from tbms.cli.system import Page

PATIENCE = 30.0  # s for anything to happen on a busy machine
CAMPER = str(Path(__file__).parents[2] / "examples" / "camper-12v.toml")
MODULES = ("tbms.cli.run_control", "tbms.cli.run_api", "tbms.monitor", "tbms.simulator")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder whose path is short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="tbms") as made:
        yield Path(made)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def tbms(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "tbms.cli.main", *map(str, arguments)]


def processes(folder: Path) -> dict[str, int]:
    """The processes of the system in this folder, by module."""
    found: dict[str, int] = {}
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes().split(b"\0")
            running = (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except (OSError, IndexError):
            continue
        if running and any(str(folder).encode() in part for part in line):
            found |= {module: int(entry.name) for module in MODULES if module.encode() in line}
    return found


def eventually(what: Any) -> Any:
    """The first true answer, within the test's patience."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            if answer := what():
                return answer
        except (OSError, NoMaster, Refused):
            pass
        time.sleep(0.05)
    pytest.fail("it did not happen")


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = free_port()
    command = tbms("run", "--data-dir", folder, "--port", str(port), *arguments)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as system:
        try:
            yield system, port
        finally:
            system.kill()
    eventually(lambda: not processes(folder))


def state(folder: Path) -> dict[str, Any]:
    answer: Any = ask(folder, "state")
    return dict(answer["state"])


def page(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/api/v1/state")
        answer = json.loads(connection.getresponse().read())
        return bool(answer["connected"] and answer["snapshot"]["name"].startswith("Aurora"))
    finally:
        connection.close()


def finished(system: subprocess.Popen[str]) -> str:
    output, _ = system.communicate(timeout=PATIENCE)
    return output


@pytest.mark.slow
def test_the_whole_system_comes_up_shows_itself_and_leaves_nothing_behind(folder: Path) -> None:
    with running(folder) as (system, port):
        began = time.monotonic()
        eventually(lambda: page(port))
        assert time.monotonic() - began < 20
        eventually(lambda: state(folder)["load_contactor"]["phase"] == "closed")
        shown = state(folder)
        assert shown["simulated"]
        assert all(3.0 < cell["voltage"] < 3.5 for cell in shown["cell"])
        assert set(processes(folder)) == set(MODULES)
        system.send_signal(signal.SIGINT)
        output = finished(system)
        assert system.returncode == 0
        assert f"Aurora · house bank: http://127.0.0.1:{port}" in output
        assert output.rstrip().endswith("Stopped.")
        assert "Traceback" not in output
    assert not processes(folder)
    assert not (folder / "tbms.sock").exists()


@pytest.mark.slow
def test_control_outlives_api_and_monitor_and_takes_all_with_it_when_it_dies(folder: Path) -> None:
    with running(folder, "--speed", "60") as (system, port):
        eventually(lambda: state(folder)["speed"] == 60)
        eventually(lambda: page(port))
        control = processes(folder)["tbms.cli.run_control"]
        before = state(folder)["time"]
        for module in ("tbms.cli.run_api", "tbms.monitor"):
            os.kill(processes(folder)[module], signal.SIGKILL)
        eventually(lambda: state(folder)["time"] > before)
        eventually(lambda: page(port))
        assert processes(folder)["tbms.cli.run_control"] == control
        os.kill(control, signal.SIGKILL)
        output = finished(system)
        assert system.returncode == 1
        assert "the API process ended by itself by SIGKILL and is started again." in output
        assert "the monitor ended by itself by SIGKILL and is started again." in output
        assert "the control process ended by itself by SIGKILL; the others were stopped." in output
        assert "Traceback" not in output
    assert not processes(folder)


@pytest.mark.slow
def test_nothing_outlives_a_parent_that_is_killed(folder: Path) -> None:
    with running(folder, "--speed", "60") as (system, _):
        eventually(lambda: len(processes(folder)) == 3)
        eventually(lambda: state(folder))
        system.kill()
        eventually(lambda: not processes(folder))


@pytest.mark.slow
def test_a_missing_serial_port_is_said_and_nothing_closes(folder: Path) -> None:
    asked = ("--hardware", "--settings", CAMPER, "--set", f"bus.port={folder / 'bus'}")
    with running(folder, *asked) as (system, _):
        shown = eventually(lambda: state(folder))
        assert shown["charge_contactor"]["phase"] == shown["load_contactor"]["phase"] == "open"
        assert not any(output["on"] for output in shown["outputs"] if output["role"] != "alarm")
        assert not shown["simulated"]
        system.send_signal(signal.SIGTERM)
        output = finished(system)
        assert output.count(f"serial port {folder / 'bus'} is not there; waiting for it") == 1
        assert "Traceback" not in output


def refused(*arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run(tbms("run", *arguments), capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.returncode, done.stderr


def test_settings_errors_come_all_at_once_and_nothing_starts(folder: Path) -> None:
    bad = folder / "bad.toml"
    bad.write_text("[pack]\ncells = 99\nchemistry = 'lead'\n\n[protct]\n")
    status, said = refused("--settings", bad, "--data-dir", folder / "run")
    assert status == 2
    for expected in ("cells", "chemistry", "protct", "bad.toml", "Nothing was started"):
        assert expected in said
    assert "Traceback" not in said
    assert not (folder / "run").exists()


def test_a_port_in_use_is_one_sentence(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, said = refused("--data-dir", folder, "--port", str(port))
    assert status == 2
    assert said == f"Error: port {port} at 127.0.0.1 cannot be used (Address already in use); use another --port\n"


def test_a_data_folder_in_use_is_one_sentence(folder: Path) -> None:
    import fcntl

    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("123")
        lock.flush()
        status, said = refused("--data-dir", folder, "--port", str(free_port()))
    assert status == 2
    assert said == f"Error: TBMS runs in {folder} already (process 123); stop it or use another --data-dir\n"


def test_speed_and_hardware_exclude_each_other() -> None:
    status, said = refused("--speed", "10", "--hardware")
    assert status == 2
    assert "real hardware runs in real time" in said


def test_a_real_battery_needs_settings_of_its_own(folder: Path) -> None:
    done = CliRunner().invoke(run, ["--hardware", "--data-dir", str(folder)])
    assert done.exit_code == 1
    assert f"{folder / 'settings.toml'} is missing: put the settings of your battery there" in done.output
    (folder / "settings.toml").write_text("[pack]\ncells = 4\n", encoding="utf-8")
    done = CliRunner().invoke(run, ["--hardware", "--data-dir", str(folder)])
    assert done.exit_code == 2
    assert done.output.count("is missing: a real battery needs it, in A, before anything closes") == 4
    assert "Nothing was started" in done.output


def test_the_network_without_a_password_starts_nothing(tmp_path: Path) -> None:
    done = CliRunner().invoke(run, ["--data-dir", str(tmp_path), "--host", "0.0.0.0"])  # noqa: S104 - refused
    assert done.exit_code == 1
    assert "until a password exists (tbms person add)" in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_certificate_that_is_none_starts_nothing(tmp_path: Path) -> None:
    odd = tmp_path / "odd.pem"
    odd.write_text("rubbish")
    data = tmp_path / "data"
    done = CliRunner().invoke(run, ["--data-dir", str(data), "--tls", str(odd), str(odd)])
    assert done.exit_code == 1
    assert "are no certificate and its key" in done.output
    assert not data.exists()


def test_a_page_is_told_as_this_computer_reaches_it() -> None:
    pem = (Path("c"), Path("k"))
    told = [Page(host, 1, tls).address for host, tls in (("0.0.0.0", None), ("::", pem), ("192.0.2.3", pem))]  # noqa: S104
    assert told == ["http://127.0.0.1:1", "https://[::1]:1", "https://192.0.2.3:1"]
