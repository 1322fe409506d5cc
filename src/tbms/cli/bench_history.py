"""`tbms bench history`: what a lifetime of 1 s rows costs on the card, and how fast it is looked at.

The synthetic solar boat of bench/solar_year.py, 30 days of it (TBMS_BENCH_DAYS=365: the whole year).
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module, util
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

import tbms
from tbms.cli.bench import Row
from tbms.store.history.block import Rows
from tbms.store.history.channels import TICKS, layout
from tbms.store.history.export import to_csv
from tbms.store.history.history import History
from tbms.store.history.parquet import to_parquet
from tbms.store.history.query import query
from tbms.store.history.quota import size_of
from tbms.store.history.reader import Reader
from tbms.store.history.stream import stream
from tbms.store.journal_reader import JournalReader
from tbms.store.measurements import MeasurementJournal

START = 1_735_689_600  # 2025-01-01, s: a year that is over
DAY = 86_400
COLUMNS = layout(16)
SHOWN = ("v1", "t3", "current", "soc")
POINTS = 2000
BLOCK = 4096  # bytes of a file system's block: the least that is written
IMAGE_BYTES = 128 << 20
REPEATS = 15


def rows(quick: bool) -> Iterator[Row]:
    """The table."""
    days = int(os.environ.get("TBMS_BENCH_DAYS", "2" if quick else "30"))
    with tempfile.TemporaryDirectory(prefix="tbms-bench-") as place:
        folder = Path(place)
        yield from _sizes(folder / "month", days)
        yield _written(folder, hours=3 if quick else 24)
        yield from _views(folder, days)
        yield from _exports(folder, days)


def _solar_year() -> Any:
    path = Path(tbms.__file__).parents[2] / "bench" / "solar_year.py"
    spec = util.spec_from_file_location("solar_year", path)
    if spec is None or spec.loader is None or not path.exists():
        raise click.ClickException(f"the generator {path} is not here: this benchmark runs from the repository")
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _part(values: NDArray[np.int16], first: int, step: int = 1) -> Rows:
    """Rows whose clock began at START; `first` counts them."""
    times = (first + np.arange(values.shape[1], dtype=np.int64)) * step * TICKS
    return Rows(COLUMNS.key, 1, START * TICKS, True, times, values)


def fill(folder: Path, days: int) -> float:
    """Store days of the solar boat from START on, sealed hour by hour; CPU time spent on sealing, s."""
    history, spent = History(folder), 0.0
    for day, values in enumerate(_solar_year().days(days)):
        for hour in range(24):
            history.add(
                [_part(values[:, hour * 3600 : (hour + 1) * 3600], day * DAY + hour * 3600)], {COLUMNS.key: COLUMNS}
            )
            before = time.process_time()
            history.seal()
            spent += time.process_time() - before
    history.close()
    _no_trouble(history)
    return spent


def _sizes(folder: Path, days: int) -> Iterator[Row]:
    spent = fill(folder, days)
    stored = size_of(folder)
    yield Row(
        "stored, roll-ups included", stored / (days * DAY), "B/row", 10.2,
        more={"note": f"{days} days at 1 s, {stored / 1e6:.1f} MB"},
    )  # fmt: skip
    yield Row("CPU to seal an hour", 1000 * spent / (24 * days), "ms")


def _no_trouble(history: History) -> None:
    if history.problem or history.reader.troubles:
        raise click.ClickException(f"{history.problem} {list(history.reader.troubles)}")


def _written(folder: Path, hours: int) -> Row:
    """Bytes that reach the card with journal and seals, 10 s at risk, as for a whole day."""
    values = next(_solar_year().days(1))
    try:
        with _card(folder / "card.img") as (card, counter):
            before = counter()
            _live(card, values, hours)
            os.sync()
            written, how = counter() - before, "block-device counter, ext4 in 4 KB blocks, accelerated"
    except (OSError, subprocess.CalledProcessError):
        written, how = (
            _computed(folder / "live", values, hours),
            "computed: each flush in whole 4 KB blocks; needs root to count",
        )
    scaled = "" if hours == 24 else f", from {hours} h"
    return Row(
        "written to the card, 10 s at risk", written / hours * 24 / 1e6, "MB/day", 60, more={"note": how + scaled}
    )


def _live(folder: Path, values: NDArray[np.int16], hours: int) -> None:
    """Journal and seal as master and monitor do."""
    journal = MeasurementJournal(folder / "measurements", COLUMNS, boot=1)
    reader, history = JournalReader(folder / "measurements"), History(folder / "history")
    for number, row in enumerate(values[:, : hours * 3600].T.tolist()):
        journal.append(number, START + number, row)
        if number % 3600 == 30:
            history.take(reader.read(), reader.layouts)
            history.seal()
    journal.close()
    history.take(reader.read(), reader.layouts)
    history.close()
    _no_trouble(history)


def _computed(folder: Path, values: NDArray[np.int16], hours: int) -> int:
    """The same where no block device can be watched: frames by their place, sealed pages twice (log and file)."""
    (folder / "measurements").mkdir(parents=True)
    _live(folder, values, hours)
    frames = JournalReader(folder / "measurements").read()
    place = total = 0
    for frame in frames:
        total += ((place + len(frame.data) - 1) // BLOCK - place // BLOCK + 1) * BLOCK
        place += len(frame.data)
    return total + 2 * size_of(folder / "history") + 2 * hours * BLOCK


@contextmanager
def _card(image: Path) -> Iterator[tuple[Path, Callable[[], int]]]:
    """An ext4 in an image, and what counts the bytes written to its device."""
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    place = Path(tempfile.mkdtemp(prefix="tbms-card-"))
    _run("mkfs.ext4", "-q", "-b", str(BLOCK), "-E", "lazy_itable_init=0,lazy_journal_init=0", image)
    _run("mount", "-o", "loop", image, place)
    try:
        device = Path(_run("findmnt", "-n", "-o", "SOURCE", place).strip()).name
        MeasurementJournal(place / "measurements", COLUMNS, boot=1).close()  # made once in a lifetime
        os.sync()
        yield place, lambda: int(Path(f"/sys/block/{device}/stat").read_text().split()[6]) * 512
    finally:
        _run("umount", "--lazy", place)
        place.rmdir()


def _run(*command: str | Path) -> str:
    path = shutil.which(command[0]) or command[0]
    return subprocess.run([path, *command[1:]], check=True, capture_output=True, text=True).stdout  # noqa: S603 - constants


def _views(folder: Path, days: int) -> Iterator[Row]:
    year = folder / "month" if days >= 365 else _coarse_year(folder / "year")
    reader = Reader(year)
    cold, warm = _timed(lambda: query(reader, START, START + 365 * DAY, SHOWN, POINTS).level)
    note = {"note": "" if days >= 365 else "a year of rows every 10 min: as many hours"}
    yield Row("a year, 4 channels, 2000 points, warm", warm, "ms", 15, more={"first": cold} | note)
    reader.close()
    reader = Reader(folder / "month")
    middle = START + (days - 1.5) * DAY
    cold, warm = _timed(lambda: query(reader, middle, middle + DAY, SHOWN, POINTS).level)
    yield Row("24 h, 4 channels, 2000 points, from 1 s rows", warm, "ms", 40, more={"first": cold})
    cold, warm = _timed(lambda: query(reader, START, START + days * DAY, SHOWN, POINTS).level)
    yield Row(f"{days} days, 4 channels, 2000 points", warm, "ms", more={"first": cold})
    reader.close()


def _coarse_year(folder: Path) -> Path:
    values = np.concatenate([day[:, ::600] for day in _solar_year().days(60)], axis=1)
    history = History(folder)
    for day in range(366):
        own = values[:, day % 60 * 144 : (day % 60 + 1) * 144]
        history.add([_part(own, day * 144, 600)], {COLUMNS.key: COLUMNS})
        history.seal()
    history.close()
    _no_trouble(history)
    return folder


def _timed(look: Callable[[], str]) -> tuple[float, float]:
    """First time and median of the later ones, ms."""
    times = []
    for _ in range(1 + REPEATS):
        before = time.perf_counter()
        look()
        times.append(1000 * (time.perf_counter() - before))
    return times[0], float(np.median(times[1:]))


def _exports(folder: Path, days: int) -> Iterator[Row]:
    reader = Reader(folder / "month")
    span = START * TICKS, (START + min(days, 30) * DAY) * TICKS
    scale = 30 / min(days, 30)
    note = {} if scale == 1 else {"note": f"from {days} days"}
    before = time.perf_counter()
    with (folder / "month.csv").open("wb") as file:
        to_csv(stream(reader, *span, COLUMNS.names), COLUMNS.names, file)
    yield Row("a month to CSV", scale * (time.perf_counter() - before), "s", 12, more=note)
    try:
        import_module("pyarrow.parquet")
    except ImportError:
        click.echo("a month to Parquet: not measured, pyarrow (an optional extra) is not installed", err=True)
        return
    before = time.perf_counter()
    to_parquet(stream(reader, *span, COLUMNS.names), COLUMNS.channels, folder / "month.parquet")
    yield Row("a month to Parquet", scale * (time.perf_counter() - before), "s", 6, more=note)
