"""The whole system over nodes that run in the real interpreter."""

import os
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cli.test_run import eventually, finished, folder, running, state
from tests.tools import tool

from tbms.cli.run import run

__all__ = ["folder"]


def interpreters(folder: Path) -> list[int]:
    """The MicroPython processes of this boat."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if b"target.py" in line and os.fsencode(folder) in line:
            found.append(int(entry.name))
    return found


@pytest.mark.slow
def test_the_whole_system_on_micropython(folder: Path) -> None:
    tool("micropython")
    with running(folder, "--nodes", "micropython") as (system, _):
        eventually(lambda: state(folder)["load_contactor"]["phase"] == "closed")
        assert len(interpreters(folder)) == 4
        shown = state(folder)
        assert all(node["online"] for node in shown["nodes"])
        assert all(3.0 < cell["voltage"] < 3.5 for cell in shown["cell"])
        system.send_signal(signal.SIGINT)
        finished(system)
        assert system.returncode == 0
    eventually(lambda: not interpreters(folder))


def test_interpreters_are_for_the_simulated_boat_in_real_time(folder: Path) -> None:
    for more in (["--speed", "60"], ["--hardware"]):
        result = CliRunner().invoke(run, ["--nodes", "micropython", "--data-dir", str(folder), *more])
        assert result.exit_code == 2
        assert "for the simulated boat in real time" in result.output
