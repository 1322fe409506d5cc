"""The last ten minutes at every cut: samples, commands and what was decided, so that it can be run again.

A file is gzip of JSON lines: first what it is about, the settings and the core's state at its beginning, then one line
a step. Run again from there, the core must decide the same: `tbms replay FILE`.
"""

import gzip
import json
import os
import time
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tbms.core.state import State
from tbms.core.step import step
from tbms.model.command import Command
from tbms.model.event import Event, EventKind, Phase
from tbms.model.fault import Ring
from tbms.model.sample import Sample
from tbms.settings import Settings, build
from tbms.settings.compiled import OcvPoint
from tbms.settings.schema import Schema
from tbms.store.exact import back, exact
from tbms.store.newer import sentence

KIND = "tbms incident "
FORMAT = f"{KIND}1"
FOLDER, SUFFIX = "incidents", ".jsonl.gz"
SEGMENT = 600  # steps between two states that are kept: a minute at 10 Hz
SEGMENTS = 10  # whole ones: the last ten minutes at least
AFTER = 50  # steps that are kept after a cut: what came of it
KEEP = 50  # files; the oldest go first
EASY = 0.002  # s of rest after every few lines, for the loop runs in the same process
LINES = 10


@dataclass(frozen=True, slots=True)
class Turn:
    """One step: what the core was given and what happened."""

    sample: Sample
    commands: tuple[Command, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Incident:
    """cause, timestamp (UTC, s): of the cut. state: of the core before the first turn."""

    cause: str
    timestamp: float
    settings: Settings
    state: State
    turns: tuple[Turn, ...]


class LastMinutes:
    """The last ten minutes in memory; `took` gives an incident once a cut and what came of it are in.

    Cuts that follow each other within a minute make one incident: a fault that flickers fills no card.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._segments: deque[tuple[State, list[Turn]]] = deque(maxlen=SEGMENTS + 1)
        self._cut: Event | None = None
        self._left = 0
        self._quiet = SEGMENT

    def took(self, before: State, turn: Turn) -> Incident | None:
        """Add a turn that began at the state `before`."""
        if not self._segments or len(self._segments[-1][1]) >= SEGMENT:
            self._segments.append((before, []))
        self._segments[-1][1].append(turn)
        self._quiet += 1
        if self._cut is None:
            self._cut = next((event for event in turn.events if is_cut(event)), None)
            self._left = max(AFTER, SEGMENT - self._quiet)
            return None
        self._left -= 1
        return self._frozen(self._cut) if self._left <= 0 else None

    def ended(self) -> Incident | None:
        """What is in memory where a cut is still being followed: nothing more is added. None where none is."""
        return None if self._cut is None else self._frozen(self._cut)

    def _frozen(self, cut: Event) -> Incident:
        """What is in memory; the next incident begins where this one ends."""
        turns = tuple(each for _, segment in self._segments for each in segment)
        state = self._segments[0][0]
        self._segments.clear()
        self._cut, self._quiet = None, 0
        return Incident(cut.cause, cut.timestamp, self._settings, state, turns)


def is_cut(event: Event) -> bool:
    """A protection has reached its cut ring."""
    return event.kind is EventKind.FAULT and event.phase is Phase.CAME and event.ring is Ring.CUT


def write(folder: Path, incident: Incident, rest: float = EASY) -> Path:
    """Put it on disk under its time; the oldest files give way. Raises OSError and leaves nothing half."""
    folder.mkdir(parents=True, exist_ok=True)
    name = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(incident.timestamp))
    path, part = folder / f"{name}{SUFFIX}", folder / f"{name}.part"
    try:
        with part.open("wb") as raw:
            with gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
                for number, line in enumerate(_lines(incident)):
                    packed.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
                    if number % LINES == 0:
                        time.sleep(rest)
            raw.flush()
            os.fsync(raw.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    for old in listed(folder)[:-KEEP]:
        old.unlink(missing_ok=True)
    return path


def listed(folder: Path) -> list[Path]:
    """All incident files, oldest first."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def _lines(incident: Incident) -> Iterator[dict[str, Any]]:
    schema = incident.settings.schema
    yield {
        "format": FORMAT,
        "cause": incident.cause,
        "timestamp": incident.timestamp,
        "settings": json.loads(schema.model_dump_json(exclude_unset=True)),
        "ocv": [exact(point) for point in incident.settings.ocv],
        "state": exact(incident.state),
    }
    yield from (exact(turn) for turn in incident.turns)


def read(path: Path) -> Incident:
    """An incident as it was written. Raises OSError, or ValueError with a sentence where the file is no whole one."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as text:
            head = json.loads(next(text, "null"))
            if not isinstance(head, dict) or not str(head.get("format")).startswith(KIND):
                raise ValueError("it is no incident file")
            if head["format"] != FORMAT:
                raise ValueError(sentence("it"))
            points = tuple(OcvPoint(**point) for point in head["ocv"])
            settings = build(Schema.model_validate(head["settings"]), points)
            turns = tuple(back(Turn, json.loads(line)) for line in text)
            return Incident(head["cause"], head["timestamp"], settings, back(State, head["state"]), turns)
    except (EOFError, KeyError, TypeError, AttributeError, ValueError, gzip.BadGzipFile, zlib.error) as problem:
        raise ValueError(f"{path} cannot be run again: {problem}") from None


def again(incident: Incident) -> Iterator[tuple[Turn, tuple[Event, ...]]]:
    """Every turn, and what the core of today says to it."""
    state = incident.state
    for turn in incident.turns:
        state, _, events = step(state, turn.sample, turn.commands, incident.settings)
        yield turn, events
