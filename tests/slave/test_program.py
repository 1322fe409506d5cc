"""The main loop: what it runs when, and what it feeds the watchdog for."""

from pathlib import Path

import pytest
from tests.slave.bench import Numbers

from tbms.slave.node import Node
from tbms.slave.program import COLLECT_MS, Program
from tbms.slave.store import load, save, save_settings, settings
from tbms.slave.update import PROVEN_MS, Update
from tbms.wire.configuration import configuration
from tbms.wire.frames import seal


class Processor:
    """A clock that a test moves. waited: what the loop was ready to wait."""

    def __init__(self) -> None:
        self.time = 1000
        self.heard = b""
        self.sent: list[bytes] = []
        self.waited: list[int] = []
        self.fed = self.collected = self.restarted = self.slept = 0
        self.pause = 0

    def now(self) -> int:
        return self.time

    def read(self) -> bytes:
        data, self.heard = self.heard, b""
        return data

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def wait(self, ms: int) -> None:
        self.waited.append(ms)

    def feed(self) -> None:
        self.fed += 1

    def collect(self) -> None:
        self.collected += 1
        self.time += self.pause

    def restart(self) -> None:
        self.restarted += 1

    def sleep(self, ms: int) -> None:
        self.slept += ms


@pytest.fixture
def loop(tmp_path: Path) -> tuple[Program, Processor]:
    port = Processor()
    return Program(Node(1, Numbers(True), port.time), port, str(tmp_path)), port


def test_a_pass_is_made_when_it_is_due_and_not_before(loop: tuple[Program, Processor]) -> None:
    program, port = loop
    program.turn()
    assert (port.fed, port.waited) == (1, [10])
    port.time += 4
    port.heard = seal(b"\x01\x04\x00\x00\x00\x14")
    program.turn()
    assert (port.fed, port.waited, len(port.sent)) == (1, [10, 6], 1)
    port.time += 6
    program.turn()
    assert port.fed == 2


def test_a_late_pass_is_not_caught_up(loop: tuple[Program, Processor]) -> None:
    program, port = loop
    program.turn()
    port.time += 57
    program.turn()
    assert port.fed == 2
    assert port.waited[-1] == 10
    program.turn()
    assert port.fed == 2


def test_the_watchdog_starves_without_measurement_or_guard(
    loop: tuple[Program, Processor], monkeypatch: pytest.MonkeyPatch
) -> None:
    program, port = loop
    for missing in ("measured", "guarded"):
        done = port.fed

        def broken(now: int, missing: str = missing) -> None:
            program.node.measured = program.node.guarded = True
            setattr(program.node, missing, False)

        program.ran = 0
        monkeypatch.setattr(program.node, "step", broken)
        for _ in range(10):
            port.time += 10
            program.turn()
        assert port.fed == done


def test_garbage_is_collected_once_a_cycle_and_only_when_there_is_time(loop: tuple[Program, Processor]) -> None:
    program, port = loop
    for _ in range(100):
        program.turn()
        port.time += 10
    assert port.collected == 1000 // COLLECT_MS - 1
    port.time += 500
    port.pause = 12
    program.turn()
    assert port.waited[-1] == 10  # the collection took the whole pass: the next is due, nothing is waited for
    assert port.collected == 1000 // COLLECT_MS


def test_what_is_stored_survives_only_whole(tmp_path: Path) -> None:
    folder = str(tmp_path)
    assert load(folder, "limits") is None
    save(folder, "limits", b"abc")
    before = (tmp_path / "limits").stat().st_mtime_ns
    save(folder, "limits", b"abc")
    assert (tmp_path / "limits").stat().st_mtime_ns == before
    assert load(folder, "limits") == b"abc"
    for cut in range(5):
        (tmp_path / "limits").write_bytes((tmp_path / "limits").read_bytes()[:cut])
        assert load(folder, "limits") is None
    assert settings(folder, 2, 115_200) == (2, 115_200)
    save_settings(folder, 4, 9_600)
    assert settings(folder, 2, 115_200) == (4, 9_600)
    save(folder, "settings", b"\0\1")
    assert settings(folder, 2, 115_200) == (2, 115_200)


def test_new_firmware_starts_when_nothing_is_permitted_and_proves_itself(
    loop: tuple[Program, Processor], tmp_path: Path
) -> None:
    program, port = loop
    update = Update(str(tmp_path), "a")
    program.node.registers.update = update
    program.turn()
    assert (update.proven, port.restarted) == (False, 0)
    program.node.heartbeat.runs = True
    for _ in range(PROVEN_MS // 10 + 1):
        port.time += 10
        program.turn()
    assert (update.proven, port.restarted) == (True, 0)
    update.done = True
    program.turn()
    assert port.restarted == 1


@pytest.mark.parametrize(
    ("changes", "threshold"), [({"overvoltage": 3700}, 3700), ({"overvoltage": 4000}, 3750)], ids=["safe", "too loose"]
)
def test_stored_limits_are_judged_like_written_ones(
    changes: dict[str, int | None], threshold: int, tmp_path: Path
) -> None:
    save(str(tmp_path), "limits", bytes(configuration(changes)))
    program = Program(Node(1, Numbers(True), 0), Processor(), str(tmp_path))
    assert program.node.guard.overvoltage.threshold == threshold
    assert not program.node.limits.configured
