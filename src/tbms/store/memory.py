"""Learned values that survive a power cut: two alternating copies, each with a check and a generation."""

import os
from pathlib import Path
from typing import Any

from tbms.store.newer import put_aside, sentence
from tbms.store.plain import encode
from tbms.store.record import pack, unpack

FORMAT = 1  # of the values; a copy that says none is of format 1


class Memory:
    """A small set of named values in two files, of which at least one is whole at any time.

    newer: what to tell where a newer program has saved last; its copies are put aside, whole, before this one saves.
    """

    def __init__(self, folder: Path, name: str = "memory") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._paths = (folder / f"{name}-a", folder / f"{name}-b")
        copies = [_read(path) for path in self._paths]
        own = [copy for copy in copies if copy[2] <= FORMAT]
        self._aside = [path for path, copy in zip(self._paths, copies, strict=True) if copy[2] > FORMAT]
        self._generation = max(copy[0] for copy in copies)
        known, self._values, _ = max(own, key=lambda copy: copy[0], default=(0, {}, FORMAT))
        self.newer = sentence(f"{folder / name}") if known < self._generation else ""

    def load(self) -> dict[str, Any]:
        """The newest whole copy; empty before the first save or where both copies are lost."""
        return dict(self._values)

    def save(self, values: dict[str, Any]) -> None:
        """Replace the older copy; on disk when it returns. Raises OSError and keeps the other copy."""
        for path in self._aside:
            put_aside(path)
        self._aside = []
        generation = self._generation + 1
        data = pack(encode({"format": FORMAT, "generation": generation, "values": values}))
        file = os.open(self._paths[generation % 2], os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if os.pwrite(file, data, 0) < len(data):
                raise OSError(28, "No space left on device", str(self._paths[generation % 2]))
            os.ftruncate(file, len(data))
            os.fsync(file)
        finally:
            os.close(file)
        self._generation, self._values = generation, dict(values)


def _read(path: Path) -> tuple[int, dict[str, Any], int]:
    """Generation, values and format of a copy; no values of a newer format, whose generation counts all the same."""
    try:
        copy = unpack(path.read_bytes())
    except FileNotFoundError:
        copy = None
    if copy is None or not isinstance(copy.get("generation"), int):
        return 0, {}, FORMAT
    told = copy.get("format", 1)
    if isinstance(told, int) and told > FORMAT:
        return copy["generation"], {}, told
    return (copy["generation"], copy["values"], FORMAT) if isinstance(copy.get("values"), dict) else (0, {}, FORMAT)
