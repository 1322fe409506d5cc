"""`tbms settings` against a served API."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.master.serving import TEXT
from tests.master.test_settings import asked

from tbms import __version__
from tbms.cli.settings import settings
from tbms.settings import load
from tbms.settings.form import filled
from tbms.store.versions import FOLDER, Versions


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose name leaves room for a socket's."""
    with tempfile.TemporaryDirectory(prefix="tbms") as folder:
        yield Path(folder)


def said(folder: Path, *arguments: str) -> str:
    return CliRunner().invoke(settings, [*arguments, "--data-dir", str(folder)]).output


def lines(folder: Path, *each: tuple[str, ...]) -> list[str]:
    """What several commands say, one after the other."""

    async def scene() -> list[str]:
        async with asked(folder) as (system, _, _):
            system.shop.cabinet.open(1.0)
            return [await asyncio.to_thread(said, folder, *arguments) for arguments in each]

    return asyncio.run(scene())


def test_they_are_shown_changed_and_brought_back(short: Path) -> None:
    told = lines(
        short, ("show",), ("show", "protect.cell_overvoltage.cut"), ("show", "pack.colour"),
        ("set", "name=Borea", "protect.cell_overvoltage.warn=3.5", "pack.capacity="), ("rollback",), ("versions",),
    )  # fmt: skip
    assert told[:2] == [TEXT, "3.65\n"]
    assert "no such key" in told[2]
    assert told[3].splitlines() == [
        'name "Aurora" -> "Borea"', *told[3].splitlines()[1:-1], "Version 2. Kept; in force at the next start.",
    ]  # fmt: skip
    assert "pack.capacity 100.0 -> 280.0" in told[3]
    assert told[4].endswith("Version 3. What is in force stays.\n")
    assert len(told[5].splitlines()) == 3
    assert "the settings file: no difference" in told[5]


def test_a_file_is_judged(short: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(TEXT.replace("Aurora", "Ç"), encoding="utf-8")
    bad.write_text("nme = 1\nnam = 2\n")
    told = lines(
        short,
        ("check", str(good)),
        ("check", str(bad)),
        ("set", "nme=1"),
        ("set", "nme"),
        ("set", "name=Aurora"),
    )
    assert told[0] == 'name "Aurora" -> "Ç"\nIt would be in force at once.\n'
    assert told[1].count("no such key") == 2
    assert "no such key" in told[2]
    assert "nme is no KEY=VALUE" in told[3]
    assert "Nothing differs." in told[4]


def test_without_a_master_it_says_so(short: Path) -> None:
    assert said(short, "versions") == f"Error: no master answers in {short}; start it, or name its --data-dir\n"


def test_an_older_file_is_written_anew(short: Path) -> None:
    async def scene() -> list[str]:
        async with asked(short) as (system, _, _):
            system.shop.cabinet.open(1.0)
            await asyncio.to_thread(said, short, "migrate")
            older = TEXT.replace("format = 2\n", "# old\n")
            system.shop.cabinet.text = older
            (short / "boat.toml").write_text(older, encoding="utf-8")
            return [await asyncio.to_thread(said, short, "migrate") for _ in range(2)]

    first, second = asyncio.run(scene())
    assert first == f"Version 2. {short / 'boat.toml'} is of the present format now; nothing else differs.\n"
    assert second == f"{short / 'boat.toml'} is of the present format already.\n"
    assert (short / "boat.toml").read_text() == "format = 2\n# old\n" + TEXT.replace("format = 2\n", "")


def test_this_program_alone_says_whether_it_can_use_a_file_and_what_would_differ(short: Path) -> None:
    file = short / "boat.toml"
    file.write_text("[protect.pack_overvoltage]\nguard = 58\n")
    needs = f"is missing: a real battery needs it, in A, before anything closes ({file})"
    assert said(short, "check", "--alone", str(file)) == (
        "protect.pack_overvoltage.guard = 58 is left out: boards and chips judge single cells, it never did anything\n"
        f"pack.fuse {needs}\npack.cable {needs}\npack.shunt {needs}\ncontactors.breaking_current {needs}\n"
        f"TBMS {__version__} can use {file}.\n"
    )
    before = filled(load(None, ["charge.tail=9"]))
    Versions(short / FOLDER).add(1.0, "Ann", [], "", before)
    assert "charge.tail 9.0 -> 14.0\n" in said(short, "check", "--alone", str(file))
    file.write_text("format = 99\n")
    refused = CliRunner().invoke(settings, ["check", "--alone", str(file), "--data-dir", str(short)])
    assert refused.exit_code == 1
    assert "written by a newer TBMS, update this one" in refused.output
