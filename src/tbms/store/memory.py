"""Learned values that survive a power cut: two alternating copies, each with a check and a generation."""

import os
from pathlib import Path
from typing import Any

from tbms.store.plain import encode
from tbms.store.record import pack, unpack


class Memory:
    """A small set of named values in two files, of which at least one is whole at any time."""

    def __init__(self, folder: Path, name: str = "memory") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._paths = (folder / f"{name}-a", folder / f"{name}-b")
        generation, values = max((_read(path) for path in self._paths), key=lambda copy: copy[0])
        self._generation = generation
        self._values = values

    def load(self) -> dict[str, Any]:
        """The newest whole copy; empty before the first save or where both copies are lost."""
        return dict(self._values)

    def save(self, values: dict[str, Any]) -> None:
        """Replace the older copy; on disk when it returns. Raises OSError and keeps the other copy."""
        generation = self._generation + 1
        data = pack(encode({"generation": generation, "values": values}))
        file = os.open(self._paths[generation % 2], os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if os.pwrite(file, data, 0) < len(data):
                raise OSError(28, "No space left on device", str(self._paths[generation % 2]))
            os.ftruncate(file, len(data))
            os.fsync(file)
        finally:
            os.close(file)
        self._generation, self._values = generation, dict(values)


def _read(path: Path) -> tuple[int, dict[str, Any]]:
    try:
        copy = unpack(path.read_bytes())
    except FileNotFoundError:
        return 0, {}
    if copy is None or not isinstance(copy.get("generation"), int) or not isinstance(copy.get("values"), dict):
        return 0, {}
    return copy["generation"], copy["values"]
