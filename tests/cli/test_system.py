"""The processes together: who sleeps or only shows is started again; without control nothing goes on."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tbms.cli import processes, system
from tbms.cli.processes import Child
from tbms.cli.run_control import ASLEEP
from tbms.cli.system import Page, Part, System, boards_awake
from tbms.monitor import service

CONTROL = """
import pathlib, sys
runs = pathlib.Path(sys.argv[1])
runs.write_text(runs.read_text() + "x")
sys.exit(int(sys.argv[2]) if len(runs.read_text()) == 1 else 7)
"""
API = "import socket, sys; socket.socket(fileno=int(sys.argv[-1])).recv(1)"  # until control has gone
FOREVER = "import signal; signal.pause()"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts run their text instead of a module."""
    real = processes.start

    def start(name: str, module: str, arguments: Sequence[str], keep: Sequence[int] = (), first: bool = False) -> Child:
        return real(name, "tests.cli.says", [module, *arguments], keep, first=first)

    monkeypatch.setattr(system, "start", start)
    monkeypatch.setattr(system, "DOZING", 0.01)


def together(folder: Path, awake: Callable[[float], bool], status: int = ASLEEP, switch_off: str = "") -> System:
    runs = folder / "runs"
    runs.write_text("")
    return System(
        Part("control", CONTROL, [str(runs), str(status)], first=True),
        Part("api", API, []),
        [Part("the monitor", FOREVER, [])],
        Page("127.0.0.1", 9),
        "Boat",
        awake,
        switch_off=switch_off,
    )


@pytest.mark.usefixtures("started")
def test_a_master_that_sleeps_is_started_again_when_its_boards_wake(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    looks = iter([False, False, True])
    off = tmp_path / "off"
    whole = together(tmp_path, lambda _asleep: next(looks), switch_off=f"{sys.executable} -c \"open('{off}', 'w')\"")
    assert whole.run() == 1
    said, problems = capfd.readouterr()
    assert off.exists()
    assert (tmp_path / "runs").read_text() == "xx"
    assert "the master sleeps until a charger or the reset button wakes it" in said
    assert "the master starts again" in said
    assert "control ended by itself with status 7; the others were stopped." in problems
    assert "killed" not in problems
    assert all(child.ended for child in whole.children)


@pytest.mark.usefixtures("started")
def test_who_ends_the_system_while_it_sleeps_is_obeyed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def awake(_asleep: float) -> bool:
        whole.ended.append(15)
        return False

    whole = together(tmp_path, awake)
    assert whole.run() == 0
    assert capfd.readouterr().out.endswith("Stopped.\n")
    assert (tmp_path / "runs").read_text() == "x"


@pytest.mark.usefixtures("started")
def test_a_master_that_ends_otherwise_ends_all(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert together(tmp_path, lambda _asleep: True, status=3).run() == 1
    assert "control ended by itself with status 3" in capfd.readouterr().err


WAITS = """
import pathlib, select, socket, sys
end = socket.socket(fileno=int(sys.argv[sys.argv.index("--link-fd") + 1]))
while not (end.recv(9) if select.select([end], [], [], 0.01)[0] else len(pathlib.Path(sys.argv[1]).read_text()) > 1):
    pass
sys.exit(7)
"""
DIES = """
import socket, sys
if "--again" not in sys.argv:
    sys.exit(70)
end = socket.socket(fileno=int(sys.argv[-1]))
end.send(b"again")
end.recv(1)
"""
DIES_ONCE = """
import pathlib, signal, sys
lives = pathlib.Path(sys.argv[1])
lives.write_text(lives.read_text() + "x")
if len(lives.read_text()) == 1:
    sys.exit(70)
signal.pause()
"""


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("who", ["api", "the monitor"])
def test_control_goes_on_when_what_only_shows_it_dies_and_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], who: str
) -> None:
    monkeypatch.setattr(system, "AGAIN", 0.1)
    whole = together(tmp_path, lambda _asleep: False)
    whole.control = Part("control", WAITS, [str(tmp_path / "runs")], first=True)
    if who == "api":
        whole.api = Part("api", DIES, [])
    else:
        whole.api, whole.others = Part("api", FOREVER, []), [Part("the monitor", DIES_ONCE, [str(tmp_path / "runs")])]
    assert whole.run() == 1
    problems = capfd.readouterr().err
    assert problems.count(f"{who} ended by itself with status 70 and is started again.") == 1
    assert problems.count("started again") == 1
    assert "control ended by itself with status 7; the others were stopped." in problems


@pytest.mark.usefixtures("started")
def test_what_cannot_begin_ends_all(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    whole = together(tmp_path, lambda _asleep: False)
    whole.control, whole.api = Part("control", FOREVER, [], first=True), Part("api", "raise SystemExit(2)", [])
    assert whole.run() == 1
    assert "api ended by itself with status 2; the others were stopped." in capfd.readouterr().err


@pytest.mark.usefixtures("started")
def test_later_a_refusal_is_a_death_like_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system, "AGAIN", 0.1)
    monkeypatch.setattr(system, "READY", -1.0)
    whole = together(tmp_path, lambda _asleep: False)
    whole.control = Part("control", WAITS, [str(tmp_path / "runs")], first=True)
    whole.api = Part("api", DIES.replace("70", "2"), [])
    assert whole.run() == 1
    problems = capfd.readouterr().err
    assert "api ended by itself with status 2 and is started again." in problems
    assert "control ended by itself with status 7; the others were stopped." in problems


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize(
    "command", ["/nowhere/poweroff", "poweroff 'unclosed", f"{sys.executable} -c 'raise SystemExit(1)'"]
)
def test_a_computer_that_cannot_be_switched_off_stays_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    times: list[float] = []

    def awake(asleep: float) -> bool:
        times.append(asleep)
        return len(times) > 2

    assert together(tmp_path, awake, switch_off=command).run() == 1
    said, problems = capfd.readouterr()
    assert "the master starts again" in said
    assert "sleep.command could not be carried out, this computer stays on" in problems
    assert "Traceback" not in problems
    assert times == sorted(times)


def test_boards_that_nobody_simulates_are_awake(tmp_path: Path) -> None:
    assert boards_awake(tmp_path)


BEATS = """
import os, select, signal, sys
beat = int(sys.argv[sys.argv.index("--beat-fd") + 1])
for _ in range(int(sys.argv[1])):
    os.write(beat, b".")
    select.select([], [], [], 0.02)
signal.pause()
"""


@pytest.mark.usefixtures("started")
def test_a_control_that_stands_still_is_ended_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system, "STANDSTILL", 0.5)
    told: list[str] = []
    monkeypatch.setattr(service, "notify", told.append)
    monkeypatch.setattr(service, "interval", lambda: 0.0)
    whole = together(tmp_path, lambda _asleep: False)
    whole.control, whole.api = Part("control", BEATS, ["30"], first=True), Part("api", FOREVER, [])
    assert whole.run() == 1
    problems = capfd.readouterr().err
    assert problems.count("control has stood still for 0.5 s and is ended.") == 1
    assert "control ended by itself by SIGKILL; the others were stopped." in problems
    assert told.count("WATCHDOG=1") > 3
    assert all(child.pulse < 0 for child in whole.children)


@pytest.mark.usefixtures("started")
def test_a_control_that_never_told_anything_is_not_ended_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A simulated boat in virtual time has no cycles to tell of."""
    monkeypatch.setattr(system, "STANDSTILL", 0.0)
    whole = together(tmp_path, lambda _asleep: False)
    quiet = "import select; select.select([], [], [], 0.3); raise SystemExit(7)"
    whole.control, whole.api = Part("control", quiet, [], first=True), Part("api", FOREVER, [])
    assert whole.run() == 1
    assert "stood still" not in capfd.readouterr().err
