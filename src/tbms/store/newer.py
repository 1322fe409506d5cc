"""A newer program's file in an older program's hands: said as that, and put aside whole where it must write itself.

Every kind of file carries its format, and where it says none it is of format 1: memory and events as `format`, a month
of history as the database's `user_version`, its blocks and the frames of the journal in their first bytes.
"""

from pathlib import Path

SUFFIX = ".newer"


def sentence(what: str) -> str:
    """For people: it is not damaged, and what to do."""
    return f"{what} was written by a newer TBMS: update this one"


def put_aside(path: Path) -> None:
    """Move it out of the way; the newer program finds it beside its place. Raises OSError."""
    path.rename(path.with_name(f"{path.name}{SUFFIX}"))
