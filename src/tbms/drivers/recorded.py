"""Recorded battery data: a CSV file, plain or gzip, as a stream of samples without switches."""

import csv
import gzip
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from io import TextIOWrapper
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, NoReturn

from tbms.model.sample import Sample
from tbms.ports import Corrupt

GZIP = b"\x1f\x8b"  # how every gzip file begins

Numbers = tuple[float | None, ...]


def _columns(header: Sequence[str], letter: str) -> list[int]:
    """Places of letter1, letter2, ... in a header."""
    found: list[int] = []
    while f"{letter}{len(found) + 1}" in header:
        found.append(header.index(f"{letter}{len(found) + 1}"))
    return found


class Recording:
    """One recorded file: its header read, its rows still to come.

    Columns time (s) and current (A, positive charges); voltage (of the pack) or v1..vN, V; optionally temperature or
    t1..tM, °C. Others are ignored. Raises Corrupt with file, line, column and what was expected.
    cells: voltage columns, 0 where only the pack's is there. sensors: temperature columns.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = max(path.stat().st_size, 1)
        self.raw: BinaryIO = path.open("rb")
        packed = self.raw.read(2) == GZIP
        self.raw.seek(0)
        stream = gzip.GzipFile(fileobj=self.raw) if packed else self.raw
        self.rows = csv.reader(TextIOWrapper(stream, encoding="utf-8-sig", newline=""))
        self.line = 0
        try:
            self.header = [name.strip() for name in self._next() or ()]
            self._check()
        except Corrupt:
            self.close()
            raise
        voltages = _columns(self.header, "v")
        temperatures = _columns(self.header, "t") or self._named("temperature")
        self.cells, self.sensors = len(voltages), len(temperatures)
        pack = self._named("voltage")
        self.pack = bool(pack)
        self.places = [*self._named("time"), *self._named("current"), *pack, *voltages, *temperatures]

    @property
    def read(self) -> float:
        """How much of the file has been read, 0..1."""
        return min(1.0, self.raw.tell() / self.size)

    def close(self) -> None:
        """Let go of the file."""
        self.raw.close()

    def _named(self, name: str) -> list[int]:
        return [self.header.index(name)] if name in self.header else []

    def _fail(self, column: str, expected: str) -> NoReturn:
        where = f", column {column}" if column else ""
        raise Corrupt(f"{self.path}, line {max(self.line, 1)}{where}: {expected}")

    def _next(self) -> list[str] | None:
        """The next row that is not blank, None at the end."""
        try:
            for row in self.rows:
                self.line = self.rows.line_num
                if row:
                    return row
        except (gzip.BadGzipFile, EOFError, zlib.error):
            self.line = self.rows.line_num + 1
            self._fail("", "the compressed file is damaged or cut short")
        except (UnicodeDecodeError, csv.Error):
            self.line = self.rows.line_num + 1
            self._fail("", "expected text in UTF-8, with commas between the columns")
        return None

    def _check(self) -> None:
        """The header names what is needed, once."""
        names = self.header
        for needed in ("time", "current"):
            if needed not in names:
                self._fail(needed, f"expected a header with the column {needed}, found {', '.join(names) or 'nothing'}")
        if "voltage" not in names and "v1" not in names:
            self._fail("voltage", "expected a column voltage (of the pack), or one for each cell: v1, v2, ...")
        known = [n for n in names if re.fullmatch(r"time|current|voltage|temperature|[vt]\d+", n)]
        for name in known:
            if names.count(name) > 1:
                self._fail(name, "expected this column once, found it twice")
        for letter in "vt":
            count = sum(1 for name in known if re.fullmatch(rf"{letter}\d+", name))
            if len(_columns(names, letter)) != count:
                self._fail(letter, f"expected {letter}1, {letter}2, ... without a gap")

    def samples(self, cells: int) -> Iterator[Sample]:
        """Every row as a sample of `cells` cells.

        A pack voltage alone is divided over the cells; M temperatures are spread over them in order. Empty fields and
        nan are unknown. Time must rise from row to row.
        """
        shape = self._shape(cells)
        pick: Callable[[list[str]], tuple[str, ...]] = itemgetter(*self.places)
        width, last = len(self.header), None
        while (row := self._next()) is not None:
            if len(row) != width:
                self._fail("", f"expected {width} columns, found {len(row)}")
            texts = pick(row)
            try:
                values: Numbers = tuple(map(float, texts))
            except ValueError:
                values = self._numbers(texts)
            time = values[0]
            if time is None or not abs(time) < float("inf"):
                self._fail("time", f'expected a number of seconds, found "{texts[0]}"')
            if last is not None and time <= last:
                self._fail("time", f"expected a time after {last:.15g} s, found {texts[0]}")
            last = time
            yield shape(time, values)

    def _numbers(self, texts: Sequence[str]) -> Numbers:
        """Numbers where there are any, None for empty fields."""
        found: list[float | None] = []
        for place, text in zip(self.places, texts, strict=True):
            try:
                found.append(float(text) if text.strip() else None)
            except ValueError:
                self._fail(self.header[place], f'expected a number, found "{text}"')
        return tuple(found)

    def _shape(self, cells: int) -> Callable[[float, Numbers], Sample]:
        """How a row's numbers become a sample."""
        first = 3 if self.pack else 2
        warm = first + self.cells
        spread = [warm + cell * self.sensors // cells for cell in range(cells)] if self.sensors else []

        def shape(time: float, values: Numbers) -> Sample:
            pack = values[2] if self.pack else None
            voltages = values[first:warm] if self.cells else ((pack / cells) if pack is not None else None,) * cells
            return Sample(time, time, values[1], voltages, tuple([values[k] for k in spread]), pack)

        return shape
