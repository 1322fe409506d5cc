"""`tbms update`: another version beside what runs, gone over to when it is well, and back when it is not."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner
from tests.campaign import CAMPAIGN
from tests.cli.computer import SOURCES, Computer, wheel

from tbms.cli import update as module
from tbms.cli.environments import CURRENT, PREVIOUS, Failed, Shelf, keep, promised, sum_of, wheel_in
from tbms.cli.master import NoMaster, ask
from tbms.store.memory import Memory
from tbms.store.versions import FOLDER, Versions

CALM: dict[str, Any] = {"faults": [], "charge_contactor": {"phase": "closed"}, "load_contactor": {"phase": "latched"}}


MOMENTS = tuple(range(1, 13)) if CAMPAIGN else (7, 9)
"""To be killed: before and after the first link; in a campaign at every step, from before the wheel is unpacked."""
NEVER = 99


def said(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(module.update, arguments)
    assert done.exit_code == status, done.output
    return done.output


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose name leaves room for a socket's."""
    with tempfile.TemporaryDirectory(prefix="tbms") as folder:
        yield Path(folder)


def break_start(source: Path) -> None:
    (source / "cli" / "run_control.py").write_text("raise SystemExit(3)\n")
    (source / "cli" / "run.py").write_text((source / "cli" / "run.py").read_text().replace("import fcntl", "import x"))


def need_more(source: Path) -> None:
    path = source / "settings" / "migrate.py"
    path.write_text(path.read_text().replace("OLDEST, FORMAT = min(STEPS)", "OLDEST, FORMAT = 9"))


class Sticks(dict[str, Path]):
    """Memory sticks by version, made when they are asked for."""

    EDITS: ClassVar = {"1.2.0": break_start, "1.3.0": need_more}

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __missing__(self, version: str) -> Path:
        self[version] = wheel(self._folder, version, self.EDITS.get(version, lambda source: None))
        return self[version]


@pytest.fixture(scope="module")
def sticks(tmp_path_factory: pytest.TempPathFactory) -> Sticks:
    """Two versions that work, 1.2.0, whose master does not start, and 1.3.0, which refuses today's settings."""
    return Sticks(tmp_path_factory.mktemp("sticks"))


@pytest.mark.slow
def test_over_to_the_next_version_and_back_with_real_environments_and_masters(
    tmp_path: Path, short: Path, sticks: Sticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    boat = Computer(monkeypatch, tmp_path, short, services=True)
    boat.install(sticks["1.0.0"])
    boat.quick = False
    try:
        boat.restart()
        _goes_over(boat, sticks)
        boat.quick = True
        _comes_back_by_itself(boat, sticks)
        assert "TBMS 1.0.0 runs" in said("--rollback")
        assert (ask(short, "hello", token="")["version"], boat.version) == ("1.0.0", "1.0.0")
        assert "TBMS 1.1.0 runs" in said("--rollback")
    finally:
        boat.stop()
    log = (tmp_path / module.LOG).read_text().splitlines()
    assert any("TBMS 1.1.0 runs" in line for line in log)
    assert any("not done: TBMS 1.2.0 was not well here" in line for line in log)
    assert all(line[:2] == "20" for line in log)


def _goes_over(boat: Computer, sticks: Sticks) -> None:
    told = said("--check", str(sticks["1.1.0"]))
    assert "installed: TBMS 1.0.0" in told
    assert "before: nothing" in told
    assert "offered: TBMS 1.1.0" in told
    assert "is the one told" in told
    boat.asked.clear()
    told = said(str(sticks["1.1.0"]), "--now")
    assert f"TBMS 1.1.0 can use {boat.shelf.at(CURRENT)}/before/settings.toml." in told
    assert [order[2] for order in boat.asked if order[:2] == ["systemctl", "restart"]] == [
        "tbms-monitor.service", "tbms-master.service",
    ]  # fmt: skip
    assert (ask(boat.data, "hello", token="")["version"], boat.version) == ("1.1.0", "1.1.0")
    current, before = boat.shelf.at(CURRENT), boat.shelf.at(PREVIOUS)
    assert current
    assert before
    assert before.name.startswith("1.0.0-")
    kept = current / "before"
    assert (kept / "settings.toml").read_bytes() == (boat.data / "settings.toml").read_bytes()
    assert [each.text for each in Versions(kept / FOLDER).all()] == [
        each.text for each in Versions(boat.data / FOLDER).all()
    ][: len(Versions(kept / FOLDER).all())]
    assert kept.stat().st_mode & 0o077 == 0


def _comes_back_by_itself(boat: Computer, sticks: Sticks) -> None:
    before = boat.shelf.at(PREVIOUS)
    told = said(str(sticks["1.2.0"]), "--now", status=1)
    assert "the version before is brought back" in told
    assert "TBMS 1.2.0 was not well here; TBMS 1.1.0 runs again" in told
    assert (ask(boat.data, "hello", token="")["version"], boat.version) == ("1.1.0", "1.1.0")
    assert boat.shelf.at(PREVIOUS) == before
    told = said(str(sticks["1.3.0"]), "--now", status=1)
    assert "format = 2: must be a whole number" in told
    assert (ask(boat.data, "hello", token="")["version"], boat.version) == ("1.1.0", "1.1.0")


@pytest.mark.slow
def test_killed_at_any_moment_there_is_a_program_that_runs(
    tmp_path: Path, short: Path, sticks: Sticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    boat = Computer(monkeypatch, tmp_path, short)
    boat.install(sticks["1.0.0"])
    Memory(short).save({"soc": 0.5})
    shutil.copy(SOURCES / "src/tbms/cli/aurora.toml", short / "settings.toml")
    seen = set()
    for moment in (*MOMENTS, NEVER):
        order = [sys.executable, "-m", "tests.cli.computer", str(tmp_path), str(short), str(sticks["1.1.0"])]
        done = subprocess.run([*order, str(moment)], cwd=SOURCES, capture_output=True, check=False)
        seen.add((done.returncode, boat.version))
        if moment != NEVER and boat.version == "1.1.0":  # as it was before, for the next moment
            boat.shelf.use(boat.shelf.at(PREVIOUS) or tmp_path, None)
    assert seen == {(-signal.SIGKILL, "1.0.0"), (-signal.SIGKILL, "1.1.0"), (0, "1.1.0")}
    assert len([path for path in boat.shelf.base.iterdir() if path.is_dir() and not path.is_symlink()]) == 2


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """A folder with something that bears the name of a wheel."""
    folder = tmp_path / "stick"
    folder.mkdir()
    (folder / "tbms-1.1.0-py3-none-any.whl").write_bytes(b"wheel")
    return folder


def test_a_wheel_is_a_file_or_the_only_one_of_a_folder(stick: Path) -> None:
    (path,) = stick.iterdir()
    assert wheel_in(stick) == wheel_in(path) == path
    (stick / "numpy-2.0-py3-none-any.whl").write_bytes(b"")
    assert wheel_in(stick) == path
    for wrong in (stick / "numpy-2.0-py3-none-any.whl", stick.parent, Path(__file__)):
        with pytest.raises(Failed, match="must be a wheel of TBMS"):
            wheel_in(wrong)
    (stick / "tbms-1.2.0-py3-none-any.whl").write_bytes(b"")
    with pytest.raises(Failed, match="exactly one"):
        wheel_in(stick)


def test_nothing_unverified_is_installed(stick: Path) -> None:
    path = wheel_in(stick)
    with pytest.raises(Failed, match=r"give its --sha256, or put tbms-1.1.0-py3-none-any.whl.sha256 beside it"):
        promised(path, None)
    beside = path.with_name(f"{path.name}.sha256")
    for wrong in ("", "abc", "g" * 64):
        beside.write_text(wrong)
        with pytest.raises(Failed, match="64 hexadecimal digits"):
            promised(path, None)
    beside.write_text(f"{'a' * 64}  {path.name}\n")
    assert promised(path, None) == "a" * 64
    assert promised(path, sum_of(path).upper()) == sum_of(path)  # what a person gives counts


def test_what_is_not_what_was_told_is_not_even_looked_into(
    stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boat = Computer(monkeypatch, tmp_path / "boat", tmp_path)
    boat.shelf.base.mkdir(parents=True)
    boat.shelf.use(tmp_path, None)
    told = said(str(stick), "--sha256", "0" * 64, status=1)
    assert "its SHA-256 differs from the one told" in told
    assert boat.asked == []
    assert boat.shelf.at(CURRENT) == tmp_path.resolve()
    assert "NOT the one told" in said("--check", str(stick), "--sha256", "0" * 64)


def test_root_follows_no_link_out_of_the_data(tmp_path: Path) -> None:
    data, secret = tmp_path / "data", tmp_path / "secret"
    data.mkdir()
    secret.write_text("root's own")
    (data / "settings.toml").symlink_to(secret)
    (data / FOLDER).mkdir()
    (data / FOLDER / "000001.json").symlink_to(secret)
    (data / "memory-a").write_bytes(b"memory")
    (data / "own.csv").write_bytes(b"soc,voltage")
    kept = keep(data, tmp_path / "kept")
    assert (kept / "memory-a").read_bytes() == b"memory"
    assert (kept / "own.csv").read_bytes() == b"soc,voltage"
    assert (kept / "settings.toml").is_symlink()
    assert (kept / FOLDER / "000001.json").is_symlink()
    assert kept.stat().st_mode & 0o777 == 0o700
    (data / "memory-a").write_bytes(b"newer")
    assert (keep(data, kept) / "memory-a").read_bytes() == b"newer"


@pytest.mark.parametrize(
    "arguments", [(), ("--rollback", "."), ("--check", "--rollback"), ("--check", "--rollback", ".")]
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...]) -> None:
    assert "give SOURCE, or --rollback" in said(*arguments, status=2)


def test_where_nothing_is_installed_it_says_so(stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Computer(monkeypatch, tmp_path / "boat", tmp_path)
    assert "sudo tbms install makes them" in said(str(stick), "--sha256", "0" * 64, status=1)
    assert said("--check") == "installed: nothing\nbefore: nothing\n"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "sudo tbms update" in said(str(stick), status=1)


def test_there_must_be_a_version_to_go_back_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boat = Computer(monkeypatch, tmp_path / "boat", tmp_path)
    boat.shelf.base.mkdir(parents=True)
    boat.shelf.use(tmp_path, None)
    assert "there is no version before this one" in said("--rollback", status=1)
    boat.shelf.use(tmp_path, tmp_path / "gone")
    assert "there is no version before this one" in said("--rollback", status=1)


def test_one_update_at_a_time(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    with shelf.held(), pytest.raises(Failed, match="another update is running"), shelf.held():
        pass


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, ""),
        ({"faults": [{"id": "cell_overvoltage", "ring": "warn"}]}, ""),
        ({"faults": [{"id": "cell_overvoltage", "ring": "limit"}]}, "a fault stands (cell overvoltage)"),
        ({"faults": [{"id": "node_lost", "ring": "cut"}]}, "a fault stands (node lost)"),
        ({"charge_contactor": {"phase": "opening"}}, "the charge contactor is opening"),
        ({"load_contactor": {"phase": "pre_charge"}}, "the load contactor is pre charge"),
    ],
)
def test_the_master_is_not_restarted_at_a_bad_moment(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], why: str
) -> None:
    state = CALM | change
    monkeypatch.setattr(module, "ask", lambda folder, method: {"state": state})
    assert module.unsafe(state) == why
    module._calm(True)
    if why:
        with pytest.raises(Failed, match="try again later, or with --now"):
            module._calm(False)
    else:
        module._calm(False)


def test_a_master_that_is_gone_may_be_restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object) -> None:
        raise NoMaster

    monkeypatch.setattr(module, "ask", nobody)
    module._calm(False)


@pytest.mark.parametrize("told", ["0.9", None])
def test_another_version_or_none_that_answers_is_not_well(monkeypatch: pytest.MonkeyPatch, told: str | None) -> None:
    def answer(folder: Path, method: str, **_: object) -> dict[str, Any]:
        if told is None:
            raise NoMaster
        return {"version": told}

    monkeypatch.setattr(module, "ask", answer)
    monkeypatch.setattr(module, "_run", lambda order, as_owner: "")
    monkeypatch.setattr(module, "WELL_WITHIN", 0.01)
    monkeypatch.setattr(module, "LOOK", 0.01)
    with pytest.raises(
        Failed, match=r"no master of TBMS 1.0 answers within 0.01 s" + (r" \(0.9 does\)" if told else "$")
    ):
        module._restart("1.0")


def test_an_order_that_fails_says_why_and_stands_in_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = module._run
    Computer(monkeypatch, tmp_path, tmp_path)
    with pytest.raises(Failed, match=r"sh -c .*: no room; sorry"):
        run(["sh", "-c", "echo no room >&2; echo sorry >&2; exit 3"], False)
    with pytest.raises(Failed, match="/no/such"):
        run(["/no/such"], False)
    log = (tmp_path / module.LOG).read_text()
    assert log.splitlines()[-1].endswith("Z /no/such")
