"""The simulator as a process: it announces its port, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.simulator.live import live

from tbms.cli.inject import inject

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_comes_and_goes(number: signal.Signals, tmp_path: Path) -> None:
    directory = os.path.relpath(tmp_path / "run", ROOT)  # sockets have no room for long paths
    process = subprocess.Popen(
        [sys.executable, "-m", "tbms.simulator", "--dir", directory, "--cells", "4"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "src"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith(f"bus: {directory}/bus -> /dev/pts/")
    assert (tmp_path / "run" / "bus").is_char_device()
    assert (tmp_path / "run" / "simulator.sock").is_socket()
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert errors == ""
    assert list((tmp_path / "run").iterdir()) == []


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(inject, arguments)
    return result.exit_code, result.output


def test_faults_by_command() -> None:
    with live(4) as simulated:
        place = ("--data-dir", str(simulated.directory))
        assert run("open_wire", "--cell", "3", "--duration", "10", *place) == (0, "injected: open_wire:3\n")
        assert run("contactor_welded", "--where", "load", *place) == (0, "injected: contactor_welded:load\n")
        status, output = run("list", *place)
        assert status == 0
        assert "active: open_wire:3, contactor_welded:load" in output
        assert run("clear", "open_wire:3", *place) == (0, "cleared: open_wire:3\n")
        assert run("press", "emergency_stop", *place) == (0, "pressed: emergency_stop\n")
        assert run("release", "emergency_stop", *place) == (0, "released: emergency_stop\n")
        assert run("clear", *place) == (0, "cleared: contactor_welded:load\n")
        assert run("clear", *place) == (0, "cleared: nothing was active\n")
        status, output = run("open_wyre", *place)
        assert status == 1
        assert "no fault is called 'open_wyre'" in output


def test_without_a_simulator(tmp_path: Path) -> None:
    status, output = run("list", "--data-dir", str(tmp_path))
    assert status == 1
    assert "no simulator answers" in output
    assert "Traceback" not in output
