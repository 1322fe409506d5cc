"""Settings over the API: judged, kept as versions, taken over by control, brought back."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.master.serving import TEXT, Line, Running, cabinet, running

from tbms import __version__
from tbms.store import versions
from tbms.store.plain import encode
from tbms.store.record import pack
from tbms.store.replace import replace_file


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose name leaves room for a socket's."""
    with tempfile.TemporaryDirectory(prefix="tbms") as folder:
        yield Path(folder)


Told = list[dict[str, Any]]


@asynccontextmanager
async def asked(folder: Path, refusal: str = "") -> AsyncIterator[tuple[Running, Line, Told]]:
    """An API with a client, and a control process that takes or refuses everything."""
    told: Told = []

    async def control(system: Running) -> None:
        while True:
            for request in system.control.requests():
                told.append(request)
                system.control.acknowledge(request["number"], refusal)
            await asyncio.sleep(0)

    async with running(folder) as system, system.client() as line:
        task = asyncio.create_task(control(system))
        try:
            yield system, line, told
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def run(folder: Path, scene: Callable[[Running, Line, Told], Awaitable[None]], refusal: str = "") -> None:
    async def all_of_it() -> None:
        async with asked(folder, refusal) as (system, line, told):
            await scene(system, line, told)

    asyncio.run(all_of_it())


def on_disk(folder: Path) -> str:
    return (folder / "boat.toml").read_text(encoding="utf-8")


def test_they_are_told_with_every_default(short: Path) -> None:
    async def scene(system: Running, line: Line, told: Told) -> None:
        system.shop.cabinet.open(1.0)
        result = (await line.call("settings.get"))["result"]
        assert (result["version"], result["text"]) == (1, TEXT)
        assert result["settings"]["protect"]["cell_overvoltage"]["cut"] == 3.65
        assert not told

    run(short, scene)


def test_they_are_judged_without_a_change(short: Path) -> None:
    async def scene(system: Running, line: Line, told: Told) -> None:
        result = (await line.call("settings.check", changes={"name": "Borea", "pack.cells": 8}))["result"]
        assert result["applies"] == "restart"
        assert {"key": "name", "before": "Aurora", "after": "Borea"} in result["differences"]
        result = (await line.call("settings.check", text="nme = 1"))["result"]
        assert "the nearest is name" in result["problems"][0]
        message = (await line.call("settings.check"))["error"]["message"]
        assert "give either text or changes" in message
        assert (on_disk(short), told) == (TEXT, [])

    run(short, scene)


def test_a_change_is_taken_over_kept_and_brought_back(short: Path) -> None:
    async def scene(system: Running, line: Line, told: Told) -> None:
        system.shop.cabinet.open(1.0)
        result = (await line.call("settings.set", changes={"name": "Borea"}, author="Anna", version=1))["result"]
        assert (result["version"], result["applies"]) == (2, "now")
        assert on_disk(short) == TEXT.replace("Aurora", "Borea")
        assert told[0]["live"]
        assert told[0]["note"] == 'version 2 by Anna: name "Aurora" -> "Borea"'
        assert (await line.call("settings.get"))["result"]["settings"]["name"] == "Borea"

        message = (await line.call("settings.set", changes={"name": "C"}, author="Ben", version=1))["error"]["message"]
        assert message == "version 2 is in force by now, not 1: look at it, then change it again"

        result = (await line.call("settings.rollback", author="Ben"))["result"]
        assert (result["version"], on_disk(short)) == (3, TEXT)
        await line.call("settings.rollback", author="Ben")
        assert on_disk(short) == TEXT.replace("Aurora", "Borea")
        listed = (await line.call("settings.versions"))["result"]["versions"]
        assert [(each["version"], each["author"]) for each in listed] == [
            (4, "Ben"), (3, "Ben"), (2, "Anna"), (1, "the settings file"),
        ]  # fmt: skip
        assert listed[2]["differences"] == ['name "Aurora" -> "Borea"']

    run(short, scene)


def test_what_is_for_the_next_start_is_only_kept(short: Path) -> None:
    async def scene(system: Running, line: Line, told: Told) -> None:
        result = (await line.call("settings.set", changes={"pack.capacity": 200}, author="Anna"))["result"]
        assert result["applies"] == "restart"
        assert not told[0]["live"]
        assert told[0]["note"].endswith("; for the next start")
        assert "capacity = 200" in on_disk(short)

    run(short, scene)


def test_no_change_is_no_version(short: Path) -> None:
    async def scene(system: Running, line: Line, told: Told) -> None:
        assert (await line.call("settings.set", text=TEXT, author="Anna"))["result"]["applies"] == "nothing"
        assert (await line.call("settings.rollback", author="Anna"))["error"]["message"] == (
            "there is no version before this one"
        )
        assert not told

    run(short, scene)


def test_bad_settings_change_nothing_and_every_problem_is_told(short: Path) -> None:
    async def scene(system: Running, line: Line, told: Told) -> None:
        message = (await line.call("settings.set", text="nme = 1\n[pack]\ncells = 99\n", author="A"))["error"][
            "message"
        ]
        assert len(message.splitlines()) == 2
        assert (on_disk(short), told, system.shop.cabinet.newest()) == (TEXT, [], 0)

    run(short, scene)


def test_what_control_refuses_is_not_kept(short: Path) -> None:
    async def scene(system: Running, line: Line, told: Told) -> None:
        message = (await line.call("settings.set", changes={"name": "B"}, author="A"))["error"]["message"]
        assert message == "a contactor would open at once"
        assert (on_disk(short), system.shop.cabinet.newest()) == (TEXT, 0)

    run(short, scene, "a contactor would open at once")


def test_a_file_edited_meanwhile_is_not_overwritten(short: Path) -> None:
    async def scene(system: Running, line: Line, told: Told) -> None:
        for edited in (b"name = 'C'\n", b"\xff"):
            (short / "boat.toml").write_bytes(edited)
            message = (await line.call("settings.set", changes={"name": "B"}, author="A"))["error"]["message"]
            assert "has been edited since it was read: start again" in message
            assert (short / "boat.toml").read_bytes() == edited
        (short / "boat.toml").unlink()
        assert "error" in await line.call("settings.set", changes={"name": "B"}, author="A")
        assert not told

    run(short, scene)


@pytest.mark.parametrize("broken", [1, 2])
def test_a_full_disk_is_said(short: Path, monkeypatch: pytest.MonkeyPatch, broken: int) -> None:
    """1: the version cannot be kept. 2: the file cannot be written, when control has taken it over already."""
    real, calls = replace_file, [0]

    def failing(path: Path, data: bytes) -> None:
        calls[0] += 1
        if calls[0] == broken:
            raise OSError(28, "No space left on device")
        real(path, data)

    monkeypatch.setattr(versions, "replace_file", failing)
    monkeypatch.setattr("tbms.master.cabinet.replace_file", failing)

    async def scene(system: Running, line: Line, told: Told) -> None:
        message = (await line.call("settings.set", changes={"name": "B"}, author="A"))["error"]["message"]
        assert "No space left on device" in message
        assert ("nothing is changed" in message, bool(told)) == (broken == 1, broken == 2)
        assert on_disk(short) == TEXT

    run(short, scene)


def test_what_a_person_edited_is_a_version_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "boat.toml"
    cabinet(path).open(1.0)
    again = cabinet(path)
    again.open(2.0)
    assert again.newest() == 1
    edited = cabinet(path, TEXT.replace("Aurora", "Borea"))
    edited.open(3.0)
    newest = edited.versions.newest()
    assert newest
    assert newest.differences == ('name "Aurora" -> "Borea"',)
    assert json.loads(json.dumps(edited.settings))["name"] == "Borea"


def test_what_waits_for_the_next_start_is_never_taken_over_by_a_later_change(short: Path) -> None:
    async def scene(system: Running, line: Line, told: Told) -> None:
        system.shop.cabinet.open(1.0)
        await line.call("settings.set", changes={"pack.cells": 8}, author="Anna")
        assert (await line.call("settings.get"))["result"]["pending"] is True
        result = (await line.call("settings.set", changes={"name": "Borea"}, author="Anna"))["result"]
        assert result["applies"] == "restart"
        assert [each["live"] for each in told] == [False, False]
        await line.call("settings.rollback", author="Anna")
        result = (await line.call("settings.set", text=TEXT, author="Anna"))["result"]
        assert result["applies"] == "nothing"
        assert not told[-1]["note"].endswith("for the next start")
        assert (await line.call("settings.get"))["result"]["pending"] is False
        assert on_disk(short) == TEXT
        assert (await line.call("settings.set", changes={"name": "C"}, author="Anna"))["result"]["applies"] == "now"

    run(short, scene)


@pytest.mark.parametrize(("changes", "waits"), [({"name": "Borea"}, False), ({"pack.cells": 8}, True)])
def test_what_waits_still_waits_when_the_api_process_has_died(
    short: Path, changes: dict[str, object], waits: bool
) -> None:
    async def scene(system: Running, line: Line, told: Told) -> None:
        system.shop.cabinet.open(1.0)
        await line.call("settings.set", changes={"name": "A"}, author="Anna")
        running = on_disk(short)
        await line.call("settings.set", changes=changes, author="Anna")
        text = on_disk(short)
        after = cabinet(short / "boat.toml", text)
        after.resume()
        assert (after.text, after.running) == (text, running if waits else text)
        assert after.judge(None, {"name": "C"}).applies == ("restart" if waits else "now")
        after.open(2.0)  # control has begun anew, with the file
        again = cabinet(short / "boat.toml", text)
        again.resume()
        assert again.running == text

    run(short, scene)


def test_what_runs_is_the_file_where_nobody_could_note_it(short: Path) -> None:
    alone = cabinet(short / "boat.toml")
    alone.resume()
    assert alone.running == TEXT
    alone.versions.note_running("")  # all as shipped: known, and not the file
    alone.resume()
    assert alone.running == ""
    (short / versions.FOLDER / versions.RUNNING).write_bytes(b"00000000 {}")
    alone.resume()
    assert alone.running == TEXT


def test_a_change_is_made_though_what_runs_cannot_be_noted(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_self: object, _text: str) -> None:
        raise OSError(28, "No space left on device")

    async def scene(system: Running, line: Line, told: Told) -> None:
        monkeypatch.setattr(versions.Versions, "note_running", full)
        assert (await line.call("settings.set", changes={"name": "B"}, author="A"))["result"]["applies"] == "now"
        assert 'name = "B"' in on_disk(short)

    run(short, scene)


def test_a_file_that_cannot_be_used_is_put_aside_by_the_next_change(short: Path) -> None:
    async def scene(system: Running, line: Line, told: Told) -> None:
        kept = system.shop.cabinet
        kept.refused = ("boat.toml: not valid TOML",)
        (short / "boat.toml").write_text("[pack\n")
        found = (await line.call("settings.get"))["result"]
        assert (found["refused"], found["text"]) == (["boat.toml: not valid TOML"], TEXT)
        same = (await line.call("settings.set", changes={"name": "Aurora"}, author="Ann"))["result"]
        assert same["differences"] == []
        assert (await line.call("settings.get"))["result"]["refused"] == []

    run(short, scene)
    assert on_disk(short) == TEXT
    assert (short / "boat.toml.unusable").read_text() == "[pack\n"


def test_a_file_that_is_gone_is_written_again(short: Path) -> None:
    async def scene(system: Running, line: Line, told: Told) -> None:
        system.shop.cabinet.refused = ("boat.toml: No such file or directory",)
        (short / "boat.toml").unlink()
        await line.call("settings.set", changes={"name": "Borea"}, author="Ann")

    run(short, scene)
    assert on_disk(short) == TEXT.replace("Aurora", "Borea")


def test_the_same_file_that_means_something_else_to_a_newer_program_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "boat.toml"
    before = cabinet(path)
    before.settings["charge"]["tail"] = 9.0  # a default of the program before
    assert before.open(1.0) == ("the settings file", [])
    assert cabinet(path).open(2.0) == (f"TBMS {__version__}, started", ["charge.tail 9.0 -> 5.0"])
    assert cabinet(path).open(3.0)[1] == []
    assert [each.differences for each in cabinet(path).versions.all()] == [(), ("charge.tail 9.0 -> 5.0",)]
    assert cabinet(path).before() is None


def test_a_version_that_says_more_or_less_than_this_program_knows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "boat.toml"
    store = cabinet(path).versions
    rest = {"time": 1.0, "author": "Ann", "differences": [], "text": TEXT}
    for number, more in enumerate(({}, {"of_tomorrow": 1}), 1):
        replace_file_in(path.parent / versions.FOLDER / f"{number:06d}.json", {"version": number, **rest, **more})
    assert [(each.version, each.settings) for each in store.all()] == [(1, None), (2, None)]
    assert cabinet(path).open(2.0)[1] == []
    newest = store.newest()
    assert newest
    assert newest.settings
    assert newest.settings["name"] == "Aurora"


def replace_file_in(path: Path, values: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(pack(encode(values)))


OLDER = TEXT.replace("format = 2\n", "") + "[protect.pack_overvoltage]\nguard = 15  # belt and braces\n"


def test_a_version_of_an_older_format_is_brought_back_as_it_was(short: Path) -> None:
    async def scene(system: Running, line: Line, told: Told) -> None:
        system.shop.cabinet.open(1.0)
        result = (await line.call("settings.set", text=OLDER, author="Anna"))["result"]
        assert result["applies"] == "nothing"  # what it says more was never judged by anybody
        result = (await line.call("settings.set", changes={"name": "Borea"}, author="Anna"))["result"]
        assert (result["version"], result["applies"]) == (3, "now")
        assert on_disk(short).startswith("format = 2\nname = ")
        assert "guard" not in on_disk(short)
        result = (await line.call("settings.rollback", author="Ben"))["result"]
        assert [each["key"] for each in result["differences"]] == ["name"]
        assert on_disk(short) == OLDER
        assert (await line.call("settings.get"))["result"]["settings"]["name"] == "Aurora"

    run(short, scene)
