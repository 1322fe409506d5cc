"""Every cut leaves a file, and run again from it the core decides the same."""

import gzip
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.strategies import Rig, four

from tbms.cli.replay import replay
from tbms.core.step import step
from tbms.master import incident as module
from tbms.master.incident import AFTER, KEEP, SEGMENT, SEGMENTS, Incident, LastMinutes, Turn, again, listed, read, write
from tbms.master.recorder import Recorder
from tbms.model.command import Command, CommandKind
from tbms.settings import Settings

OWN = four("protect.cell_overvoltage.cut=3.66")


class Kept(Rig):
    """A battery whose last minutes are kept."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.minutes, self.found = LastMinutes(self.settings), list[Incident]()

    def tick(self, *commands: Command, dt: float = 0.1):  # type: ignore[no-untyped-def]
        before = self.state
        events = super().tick(*commands, dt=dt)
        turn = Turn(self.last, commands, tuple(events))
        if (found := self.minutes.took(before, turn)) is not None:
            self.found.append(found)
        return events

    def sample(self):  # type: ignore[no-untyped-def]
        self.last = super().sample()
        return self.last


def overcharged(settings: Settings = OWN, quiet: float = 30.0) -> Kept:
    """Charged until a cell is over its cut."""
    rig = Kept(settings)
    rig.current = 20.0
    rig.run(quiet)
    rig.tick(Command(CommandKind.ACKNOWLEDGE, who="Ann"))
    rig.cells[2] = 3.7
    rig.run(10.0)
    return rig


@pytest.fixture(scope="module")
def kept() -> Kept:
    return overcharged()


def test_a_cut_freezes_what_came_before_and_after(kept: Kept) -> None:
    (found,) = kept.found
    assert found.cause == "cell 3 3.70 V > 3.66 V for 1.0 s"
    assert found.turns[0].sample.time == 0.0
    cut = next(n for n, turn in enumerate(found.turns) if any(module.is_cut(event) for event in turn.events))
    assert len(found.turns) - 1 - cut == AFTER


def test_run_again_it_decides_the_same(kept: Kept, tmp_path: Path) -> None:
    path = write(tmp_path, kept.found[0], rest=0.0)
    back = read(path)
    assert back.state == kept.found[0].state
    assert back.turns == kept.found[0].turns
    assert back.settings.protections == OWN.protections
    assert all(turn.events == events for turn, events in again(back))


def test_a_core_that_decides_otherwise_is_found_out(kept: Kept, tmp_path: Path) -> None:
    path = write(tmp_path, kept.found[0], rest=0.0)
    done = CliRunner().invoke(replay, [str(path)])
    assert done.exit_code == 0, done.output
    assert "steps up to and after: cell 3 3.70 V > 3.66 V for 1.0 s" in done.output
    assert "charge_contactor changed: closed -> opening" in done.output
    assert "the core decides the same as then" in done.output
    lines = gzip.decompress(path.read_bytes()).splitlines()
    head = json.loads(lines[0])
    head["settings"]["protect"]["cell_overvoltage"]["cut"] = 3.72
    path.write_bytes(gzip.compress(b"\n".join([json.dumps(head).encode(), *lines[1:]])))
    done = CliRunner().invoke(replay, [str(path)])
    assert done.exit_code == 1
    assert "today's core says instead: nothing" in done.output


def test_memory_is_bounded_to_ten_minutes_and_the_one_under_way() -> None:
    rig = Kept(OWN)
    rig.current = 20.0
    rig.run(0.1 * SEGMENT * (SEGMENTS + 3))
    rig.cells[2] = 3.7
    rig.run(10.0)
    (found,) = rig.found
    assert SEGMENTS * SEGMENT <= len(found.turns) <= (SEGMENTS + 1) * SEGMENT
    state = found.state
    for turn in found.turns[:SEGMENT]:
        state, _, events = step(state, turn.sample, turn.commands, OWN)
        assert events == turn.events


def test_cuts_close_together_are_one_incident() -> None:
    rig = overcharged()
    for _ in range(3):
        rig.cells[2] = 3.3
        rig.run(6.0)
        rig.cells[2] = 3.7
        rig.run(4.0)
    assert len(rig.found) == 1
    rig.run(60.0)
    assert len(rig.found) == 2
    first, second = rig.found
    assert second.turns[0].sample.time > first.turns[-1].sample.time
    assert all(turn.events == events for turn, events in again(second))


def test_the_oldest_files_give_way(kept: Kept, tmp_path: Path) -> None:
    small = Incident("why", 0.0, OWN, kept.found[0].state, kept.found[0].turns[:1])
    for number in range(KEEP + 3):
        write(tmp_path, Incident(small.cause, 1.7e9 + number, *_rest(small)), rest=0.0)
    assert len(listed(tmp_path)) == KEEP
    assert listed(tmp_path)[0].name == "20231114T221323Z.jsonl.gz"


def _rest(found: Incident):  # type: ignore[no-untyped-def]
    return found.settings, found.state, found.turns


def test_a_disk_that_refuses_leaves_nothing_half(kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path, kept.found[0], rest=0.0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("harm", ["cut", "flip", "empty", "text", "json", "other"])
def test_a_damaged_file_is_a_sentence(kept: Kept, tmp_path: Path, harm: str) -> None:
    path = write(tmp_path, kept.found[0], rest=0.0)
    data = path.read_bytes()
    middle = len(data) // 2
    path.write_bytes(
        {
            "cut": data[:middle],
            "flip": data[:middle] + bytes((data[middle] ^ 0xFF,)) + data[middle + 1 :],
            "empty": b"",
            "text": b"no gzip at all",
            "json": gzip.compress(b"{"),
            "other": gzip.compress(b'{"format":"tbms incident 9"}'),
        }[harm]
    )
    done = CliRunner().invoke(replay, [str(path)])
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    assert f"{path} cannot be run again: " in done.output


def test_the_recorder_writes_it_while_the_loop_goes_on(kept: Kept, tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.freeze(kept.found[0])
    recorder.freeze(kept.found[0])
    assert recorder.close()
    (path,) = listed(tmp_path / module.FOLDER)
    assert read(path).cause == kept.found[0].cause


def test_a_folder_that_cannot_be_made_ends_nothing(
    kept: Kept, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / module.FOLDER).write_text("in the way")
    recorder = Recorder(tmp_path)
    recorder.freeze(kept.found[0])
    assert recorder.close()
    assert "the incident cannot be kept" in caplog.text
