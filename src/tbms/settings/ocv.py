"""An owner's own open-circuit voltage table, read from CSV."""

import csv
import gzip
import math
from pathlib import Path

from tbms.settings.compiled import OcvPoint


def _number(row: dict[str, str | None], *names: str) -> float | None:
    for name in names:
        text = (row.get(name) or "").strip()
        if text:
            value = float(text)
            return value if math.isfinite(value) else None
    return None


def read(path: Path) -> tuple[OcvPoint, ...]:
    """Points by rising soc; columns soc and discharge and charge, or soc and voltage (or mean), V per cell.

    Rows without a voltage are left out; where only one direction is known it stands for both. ValueError, with a
    sentence, for anything that is not such a table.
    """
    points = []
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    for row in csv.DictReader(text.splitlines()):
        soc, both = _number(row, "soc"), _number(row, "voltage", "mean")
        down, up = _number(row, "discharge") or both, _number(row, "charge") or both
        if soc is None or (down is None and up is None):
            continue
        points.append(OcvPoint(soc, down or up or 0.0, up or down or 0.0))
    points.sort(key=lambda point: point.soc)
    if len(points) < 2 or not (-0.01 <= points[0].soc < points[-1].soc <= 1.01):
        raise ValueError("needs a column soc (0 to 1) and a column voltage, or discharge and charge, with two rows")
    return tuple(points)
