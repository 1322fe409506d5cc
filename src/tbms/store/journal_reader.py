"""Reads the measurement journal while the master writes it; keeps its place, so that following it is cheap."""

from dataclasses import dataclass
from pathlib import Path

from tbms.store.frame import MAGIC, Frame, newer, parse, walk
from tbms.store.history.channels import Layout
from tbms.store.measurements import NAMES
from tbms.store.newer import sentence

CHUNK = 1 << 20
LOOK_AHEAD = 1 << 16  # over so much damage a follower looks for the next frame; a fresh reader looks everywhere


@dataclass
class _Place:
    generation: int
    offset: int


class JournalReader:
    """Gives the frames of a journal's folder in the order of their rows.

    layouts: the columns met so far, by key. skipped: bytes of damage stepped over. trouble: what to tell where a newer
    program has written; empty where not.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._place: _Place | None = None
        self._answered: int | None = None
        self._ahead: list[Frame] = []
        self.layouts: dict[int, Layout] = {}
        self.skipped = 0
        self.trouble = ""

    def read(self) -> list[Frame]:
        """All frames with rows that are new since the last call; at the first call all that are kept.

        Raises OSError where the journal is there but cannot be read.
        """
        found: list[Frame] = []
        if self._place is None:
            self._from_the_start(found)
            return found
        while self._follow(self._place, found):
            pass
        return found

    def after(self, sequence: int, limit: int = 1000) -> list[Frame]:
        """At most `limit` frames that hold rows numbered above `sequence`, in order.

        Cheap when each call asks for what follows the answer before. A number that the journal has not
        reached (it was begun anew) is answered from the oldest frame on.
        """
        if sequence == self._answered:
            self._ahead += self.read()
        else:
            self._place = None
            self._ahead = self.read()
            if self._ahead and sequence < self._ahead[-1].next_sequence:
                self._ahead = [frame for frame in self._ahead if frame.next_sequence - 1 > sequence]
        answer, self._ahead = self._ahead[:limit], self._ahead[limit:]
        self._answered = answer[-1].next_sequence - 1 if answer else sequence
        return answer

    def _contents(self, number: int, offset: int = 0, size: int = -1) -> bytes:
        try:
            with (self._folder / NAMES[number]).open("rb", buffering=0) as file:
                file.seek(offset)
                return file.read(size)
        except FileNotFoundError:
            return b""

    def _from_the_start(self, found: list[Frame]) -> None:
        laps: list[tuple[int, int, list[Frame]]] = []
        self.trouble = ""
        for number in range(len(NAMES)):
            contents = self._contents(number)
            if newer(contents):
                self.trouble = sentence(str(self._folder / NAMES[number]))
            frames = [item for item in walk(contents) if item[1].generation % 2 == number]
            if frames:
                generation = max(frame.generation for _, frame in frames)
                lap = [(end, frame) for end, frame in frames if frame.generation == generation]
                laps.append((generation, lap[-1][0], [frame for _, frame in lap]))
        for generation, end, lap_frames in sorted(laps):
            for frame in lap_frames:
                self._take(frame, found)
            self._place = _Place(generation, end)

    def _follow(self, place: _Place, found: list[Frame]) -> bool:
        """Read on from the place; True while there may be more."""
        number = place.generation % 2
        data = self._contents(number, place.offset, CHUNK)
        position = 0
        while (frame := self._next(data, position, place.generation)) is not None:
            start, taken = frame
            self.skipped += start - position
            position = start + len(taken.data)
            self._take(taken, found)
        place.offset += position
        return position > 0 or self._turn(place, found)

    def _next(self, data: bytes, position: int, generation: int) -> tuple[int, Frame] | None:
        """The next frame of the generation at or, over damage, soon after `position`."""
        start = position
        while 0 <= start < position + LOOK_AHEAD:
            frame = parse(data, start)
            if frame is not None and frame.generation == generation:
                return start, frame
            start = data.find(MAGIC, start + 1)
        return None

    def _turn(self, place: _Place, found: list[Frame]) -> bool:
        """Go over to the file begun after this one; start again where the writer has overtaken."""
        own = self._later(place.generation % 2, place.generation)
        other = self._later(1 - place.generation % 2, place.generation)
        if own is not None or (other is not None and other > place.generation + 1):
            self._from_the_start(found)
            return False
        if other is None:
            return False
        place.generation, place.offset = other, 0
        return True

    def _later(self, number: int, generation: int) -> int | None:
        """A generation later than this one at the beginning of a file."""
        frames = walk(self._contents(number, 0, LOOK_AHEAD))
        return next((frame.generation for _, frame in frames if frame.generation > generation), None)

    def _take(self, frame: Frame, found: list[Frame]) -> None:
        if frame.rows:
            found.append(frame)
        elif frame.layout not in self.layouts:
            self.layouts[frame.layout] = frame.columns()
