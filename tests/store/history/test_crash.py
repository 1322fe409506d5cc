"""Power cuts and kills at random moments: 20 of each here, any number by `python -m tests.store.history.crash`."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.store.history.crash import make_image, mounted
from tests.store.history.helpers import LAYOUT, LAYOUTS, START, everything, rows, values

from tbms.store.history.history import History
from tbms.store.journal_reader import JournalReader
from tbms.store.measurements import MeasurementJournal

ROOT = Path(__file__).resolve().parents[3]


def can_mount() -> bool:
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    return subprocess.run(["losetup", "--find"], capture_output=True, check=False).returncode == 0


needs_card = pytest.mark.skipif(
    not can_mount(), reason="a card cut off from its power needs root and a loop device, which are not here"
)


def campaign(how: str, rounds: int, seed: int) -> str:
    command = [sys.executable, "-m", "tests.store.history.crash", how, str(rounds), str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_killed_at_random_moments() -> None:
    assert "20 rounds" in campaign("kill", 20, 7)


@pytest.mark.slow
@needs_card
def test_power_cut_at_random_moments() -> None:
    assert "20 rounds" in campaign("power", 20, 7)


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Path]:
    make_image(tmp_path / "card.img")
    with mounted(tmp_path / "card.img") as place:
        yield place


def append(journal: MeasurementJournal, first: int, count: int) -> None:
    for number, row in enumerate(values(first, count).T.tolist(), first):
        journal.append(number, START + number, row)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(1 << 16))


@needs_card
def test_a_full_card(card: Path) -> None:
    journal = MeasurementJournal(card / "measurements", LAYOUT, boot=1, file_bytes=1 << 18)
    history, reader = History(card / "history"), JournalReader(card / "measurements")
    append(journal, 0, 4000)
    history.take(reader.read(), reader.layouts)
    assert history.seal() == 1
    fill(card / "filler")
    append(journal, 4000, 6000)
    assert journal.problem is None  # its room was taken beforehand
    history.take(reader.read(), reader.layouts)
    if history.seal() == 0:
        assert "the disk is full" in (history.problem or "")
    assert len(everything(history.reader)[0]) == journal.acknowledged
    (card / "filler").unlink()
    journal.close()
    history.take(reader.read(), reader.layouts)
    history.close()
    assert history.problem is None
    labels, stored = everything(card / "history")
    assert len(labels) == 10_000
    assert (stored == values(0, 10_000)).all()


@needs_card
def test_a_full_card_before_the_journal_was_made(card: Path) -> None:
    journal = MeasurementJournal(card / "measurements", LAYOUT, boot=1, file_bytes=1 << 26)
    append(journal, 0, 40)
    assert "No space left" in (journal.problem or "")
    assert journal.acknowledged == 0


@needs_card
def test_a_card_that_turns_read_only(card: Path) -> None:
    history = History(card / "history")
    history.add([rows(0, 4000)], LAYOUTS)
    history.close(seal=False)
    history = History(card / "history")
    history.add([rows(0, 4000)], LAYOUTS)
    history.seal()
    history.close(seal=False)
    subprocess.run(["mount", "-o", "remount,ro", card], check=True)
    journal = MeasurementJournal(card / "measurements", LAYOUT, boot=1, file_bytes=1 << 18)
    append(journal, 0, 20)
    assert "Read-only file system" in (journal.problem or "")
    history = History(card / "history")
    history.add([rows(0, 8000)], LAYOUTS)
    assert history.seal() == 0
    assert history.problem
    assert len(everything(history.reader)[0]) == 8000
    subprocess.run(["mount", "-o", "remount,rw", card], check=True)
    history.close()
    journal.close()
    assert not (history.problem or journal.problem)  # noqa: PT018 - mypy takes two of them for never true
    assert journal.acknowledged == 20
    assert len(everything(card / "history")[0]) == 8000
