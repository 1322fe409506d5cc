"""A stored year, made once and kept in .cache: what a monitor is like that has much to remember."""

import shutil
from pathlib import Path

import click

import tbms
from tbms.cli.bench_history import fill
from tbms.store.history.quota import size_of

YEAR = 365  # days at 1 s
QUICK = 3
CACHE = Path(tbms.__file__).parents[2] / ".cache" / "bench"


def lay(folder: Path, quick: bool) -> dict[str, int]:
    """Put the year into the history of a data folder; how many days and MB it is."""
    days = QUICK if quick else YEAR
    kept = CACHE / f"days-{days}"
    if not kept.exists():
        click.echo(f"storing {days} days at 1 s in {kept}; this is done once", err=True)
        begun = kept.with_suffix(".new")
        shutil.rmtree(begun, ignore_errors=True)
        begun.mkdir(parents=True)
        fill(begun, days)
        begun.rename(kept)
    shutil.copytree(kept, folder / "history")
    return {"days": days, "stored_mb": round(size_of(kept) / 1e6)}
