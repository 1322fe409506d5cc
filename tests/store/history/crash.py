"""Kills the writers of journal and history at random moments, or cuts their power, and looks at what is left.

    python -m tests.store.history.crash kill|power ROUNDS [SEED]

One process writes the journal as the master does and seals it as the monitor does, some 1000 times faster.
`kill` ends it with SIGKILL; `power` stops it, copies the image of the card as the device had it at that moment, and
goes on with the copy (root and a loop device). After each round every row that was acknowledged must be there with
its values, once, and every other row there must be right; at most one frame, 10 rows, may be missing.
"""

import os
import random
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tests.store.history.helpers import LAYOUT, START, values

from tbms.store.history.care import check
from tbms.store.history.channels import TICKS
from tbms.store.history.history import History, unsealed
from tbms.store.history.reader import Reader
from tbms.store.history.stream import stream
from tbms.store.journal_reader import JournalReader
from tbms.store.measurements import MeasurementJournal

FILE_BYTES = 1 << 14  # of each journal file: begun anew every thousand rows
STEP = 5  # s between rows: an hour is sealed every 720
APART = 40_000  # s between the rounds' clocks
IMAGE_BYTES = 24 << 20
AT_RISK = 10  # rows that may be lost: one frame
EARLIEST, LATEST = 0.01, 0.25  # s after the first acknowledged row: when a round ends


@dataclass
class Report:
    """rounds done; rows acknowledged and found; rounds that ended within a seal; what was wrong."""

    rounds: int = 0
    acknowledged: int = 0
    found: int = 0
    sealing: int = 0
    most_lost: int = 0
    wrong: list[str] = field(default_factory=list)


TABLE = values(0, APART // STEP)
_MESSAGE = struct.Struct("<II?")


def write(folder: Path, number: int, pipe: int) -> None:
    """Append rows for ever; tell how many were appended and acknowledged, and when a seal begins."""
    journal = MeasurementJournal(folder / "measurements", LAYOUT, boot=number, file_bytes=FILE_BYTES)
    reader, history = JournalReader(folder / "measurements"), History(folder / "history")
    start, before = START + number * APART, journal.acknowledged
    for row, data in enumerate(TABLE.T.tolist()):
        journal.append(row * STEP, start + row * STEP, data)
        sealing = row % 40 == 39
        os.write(pipe, _MESSAGE.pack(row + 1, journal.acknowledged - before, sealing))
        if sealing:
            history.take(reader.read(), reader.layouts)
            history.seal(everything=row % 80 == 79)
            if journal.problem or history.problem:
                raise SystemExit(f"{journal.problem} {history.problem}")


def run_until(moment: float, folder: Path, number: int, how: signal.Signals) -> tuple[int, tuple[int, int, bool]]:
    """Write for `moment` s after the first row, then send the signal: the writer's id and its last message."""
    back, pipe = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            write(folder, number, pipe)
        finally:
            os._exit(1)
    os.close(pipe)
    os.set_blocking(back, False)
    data, deadline = b"", time.monotonic() + 30.0
    while (now := time.monotonic()) < deadline and select.select([back], [], [], deadline - now)[0]:
        chunk = os.read(back, 1 << 16)
        if not chunk:
            raise SystemExit(f"round {number}: the writer ended by itself")
        deadline = min(deadline, now + moment) if not data else deadline
        data += chunk
    os.kill(child, how)
    if how == signal.SIGKILL:
        os.waitpid(child, 0)
    while select.select([back], [], [], 0)[0] and (chunk := os.read(back, 1 << 16)):
        data += chunk
    os.close(back)
    appended, acknowledged, sealing = _MESSAGE.unpack(data[-_MESSAGE.size :])  # a pipe passes 9 bytes whole
    return child, (appended, acknowledged, sealing)


def found_rows(folder: Path, number: int) -> tuple[list[int], list[str]]:
    """Numbers of the rows of a round that are there, and what is wrong with them."""
    reader, wrong = Reader(folder / "history"), []
    reader.show_tail(*unsealed(reader, folder / "measurements"))
    start_ds = (START + number * APART) * TICKS
    tables = list(stream(reader, start_ds, start_ds + APART * TICKS, LAYOUT.names))
    wrong += [f"round {number}: {trouble}" for trouble in reader.troubles]
    reader.close()
    rows: list[int] = []
    for table in tables:
        numbers = ((table.labels_ds - start_ds) // (STEP * TICKS)).tolist()
        rows += numbers
        if (np.stack(table.values) != TABLE[:, numbers]).any():
            wrong.append(f"round {number}: wrong values in rows {numbers[0]} to {numbers[-1]}")
    if len(set(rows)) != len(rows):
        wrong.append(f"round {number}: {len(rows) - len(set(rows))} rows twice")
    return sorted(rows), wrong


def judge(folder: Path, number: int, told: tuple[int, int, bool], report: Report) -> list[int]:
    """Hold what is there against what was told; the rows found."""
    appended, acknowledged, sealing = told
    rows, wrong = found_rows(folder, number)
    report.wrong += wrong
    if rows != list(range(len(rows))) or len(rows) < acknowledged:
        report.wrong.append(f"round {number}: {acknowledged} rows acknowledged, {len(rows)} found")
    lost = max(0, appended - len(rows))
    if lost > AT_RISK:
        report.wrong.append(f"round {number}: {lost} rows lost")
    report.rounds += 1
    report.acknowledged += acknowledged
    report.found += len(rows)
    report.sealing += sealing
    report.most_lost = max(report.most_lost, lost)
    return rows


def finish(folder: Path, found: dict[int, list[int]], report: Report) -> Report:
    """At the end nothing that was ever found may be missing, and everything must pass its check."""
    for number, rows in found.items():
        again, wrong = found_rows(folder, number)
        report.wrong += wrong
        if again != rows:
            report.wrong.append(f"round {number}: {len(rows)} rows found then, {len(again)} at the end")
    report.wrong += check(folder / "history")
    return report


def kill(rounds: int, seed: int, folder: Path) -> Report:
    """SIGKILL at random moments, always in the same folder."""
    dice, report, found = random.Random(seed), Report(), {}
    for number in range(1, rounds + 1):
        _, told = run_until(dice.uniform(EARLIEST, LATEST), folder, number, signal.SIGKILL)
        found[number] = judge(folder, number, told, report)
    return finish(folder, found, report)


@contextmanager
def mounted(image: Path) -> Iterator[Path]:
    """The file system in an image; whatever happens within, it is not left mounted."""
    place = Path(tempfile.mkdtemp(prefix="tbms-card-"))
    subprocess.run(["mount", "-o", "loop", image, place], check=True)
    try:
        yield place
    finally:
        left = subprocess.run(["umount", place], capture_output=True, check=False).returncode
        if left:
            subprocess.run(["umount", "--lazy", place], check=True)
        place.rmdir()
    if left:
        raise RuntimeError("a file on the card was left open")


def make_image(image: Path, size: int = IMAGE_BYTES) -> None:
    """A card with ext4 in 4 KB blocks."""
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.ext4", "-q", "-b", "4096", "-J", "size=4", image], check=True)


def power(rounds: int, seed: int, folder: Path) -> Report:
    """The card as its device had it at random moments; each round goes on with what the last one left."""
    dice, report, found = random.Random(seed), Report(), {}
    image, cut = folder / "card.img", folder / "cut.img"
    make_image(image)
    for number in range(1, rounds + 1):
        with mounted(image) as card:
            child, told = run_until(dice.uniform(EARLIEST, LATEST), card, number, signal.SIGSTOP)
            shutil.copyfile(image, cut)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        cut.replace(image)
        with mounted(image) as card:
            found[number] = judge(card, number, told, report)
    with mounted(image) as card:
        return finish(card, found, report)


def main() -> None:
    """Run a campaign and print its report; exit status 1 where something was wrong."""
    how, rounds = sys.argv[1], int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 30)
    with tempfile.TemporaryDirectory(prefix="tbms-crash-") as folder:
        report = {"kill": kill, "power": power}[how](rounds, seed, Path(folder))
    print(
        f"{how}: {report.rounds} rounds (seed {seed}), {report.acknowledged} rows acknowledged, {report.found} found,"
        f" {report.sealing} ended within a seal, at most {report.most_lost} rows lost"
    )
    for wrong in report.wrong:
        print(wrong)
    sys.exit(bool(report.wrong))


if __name__ == "__main__":
    main()
