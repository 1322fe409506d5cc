"""`tbms why`: from the running master's socket, else from its log alone."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.master.serving import running
from tests.strategies import Rig

from tbms.cli.why import why
from tbms.core.snapshot import snapshot
from tbms.model.snapshot import LoopSnapshot
from tbms.settings import load
from tbms.settings.form import filled
from tbms.store.events import EventStore
from tbms.store.plain import plain
from tbms.store.versions import FOLDER, Versions


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose name leaves room for a socket's."""
    with tempfile.TemporaryDirectory(prefix="tbms") as folder:
        yield Path(folder)


def opened(folder: Path) -> Rig:
    """A battery whose load contactor has opened, with its log in the folder."""
    rig = Rig().ready()
    rig.cells[1] = 2.5
    rig.run(30)
    log = EventStore(folder / "events")
    log.append(rig.events)
    log.close()
    return rig


def ask(folder: Path, subject: str = "load_contactor") -> str:
    done = CliRunner().invoke(why, [subject, "--data-dir", str(folder)])
    assert done.exit_code == 0
    return done.output


def test_the_running_master_answers(short: Path) -> None:
    rig = opened(short)
    shown = snapshot(rig.state, rig.sample(), rig.done(), rig.settings, LoopSnapshot(0.1, 0, 0, None, None))

    async def scene() -> str:
        async with running(short) as system:
            await system.publish(plain(shown))
            return await asyncio.to_thread(ask, short)

    sentence, stood = asyncio.run(scene()).splitlines()
    assert sentence == (
        "The load contactor has been open for 28 s: cell 2 2.50 V < 2.60 V for 2.0 s. Switch loads off and charge soon."
    )
    assert stood.startswith("Before: 12.4 V, 0 A, ")
    assert "load contactor closed" in stood.split("After:")[0]


def test_a_master_that_hangs_is_not_taken_for_now(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = opened(short)
    shown = snapshot(rig.state, rig.sample(), rig.done(), rig.settings, LoopSnapshot(0.1, 0, 0, None, None))

    async def scene() -> str:
        async with running(short) as system:
            await system.publish(plain(shown))
            monkeypatch.setattr("tbms.master.methods.STALE", -1.0)
            return await asyncio.to_thread(ask, short)

    assert asyncio.run(scene()).startswith("No master answers, so it is not known how the load contactor stands now")


def test_without_a_master_the_log_answers(short: Path) -> None:
    opened(short)
    assert "last changed so: opening -> open (cell 2 2.50 V < 2.60 V for 2.0 s)" in ask(short)


def test_without_a_master_one_contactor_is_called_what_it_was(short: Path) -> None:
    opened(short)
    Versions(short / FOLDER).add(
        1.0, "Ann", [], "", filled(load(None, ["contactors.bus=common", "outputs[1].role=charger_enable"]))
    )
    for subject in ("load_contactor", "charge_contactor"):
        assert ask(short, subject).startswith(
            "No master answers, so it is not known how the main contactor stands now; "
        )


def test_without_anything_it_says_so(short: Path) -> None:
    assert ask(short, "output_3").startswith(
        "No master answers, so it is not known how the output 3 stands now, and its log"
    )


def test_an_unknown_subject_is_refused() -> None:
    assert CliRunner().invoke(why, ["fridge"]).exit_code == 2
