"""Measured files, and `tbms replay` of them, for the benches."""

import sys
from pathlib import Path

from tbms.cli.replay import replay

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def data(name: str) -> Path:
    """A measured file; one sentence where the folder is not there."""
    path = DATA / f"{name}.csv.gz"
    if not path.exists():
        raise FileNotFoundError(2, "measured data is not beside this repository", str(path))
    return path


def run(source: Path, settings: dict[str, str | float], start: float | None, folder: Path) -> Path:
    """`tbms replay` of a file; gives the file it wrote."""
    out, said = folder / "out.csv", sys.stderr
    overrides = tuple(f"{key}={value}" for key, value in settings.items())
    assert replay.callback is not None  # noqa: S101 - a click command has one
    with (folder / "said.txt").open("w", encoding="utf-8") as quiet:
        sys.stderr = quiet
        try:
            replay.callback(
                source=source, file=None, out=out, events=folder / "events.jsonl", soc=start, overrides=overrides
            )
        finally:
            sys.stderr = said
    return out
