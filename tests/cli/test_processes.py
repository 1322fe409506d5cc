import io
import json
from pathlib import Path

import pytest
from tests.settings.test_change import same

from tbms.cli.processes import guarded, start, stop
from tbms.cli.run_api import judge_of, main, place


@pytest.mark.parametrize(
    ("text", "read"),
    [("9000", ("127.0.0.1", 9000)), ("127.0.0.2:9000", ("127.0.0.2", 9000)), ("[::1]:9000", ("::1", 9000))],
)
def test_an_address_is_read(text: str, read: tuple[str, int]) -> None:
    assert place(text) == read


@pytest.mark.parametrize("text", ["", "host", "host:", "host:0", "host:99999", "host:-1"])
def test_no_address_is_said(text: str) -> None:
    import argparse

    with pytest.raises(argparse.ArgumentTypeError, match="no HOST:PORT"):
        place(text)


def test_a_process_that_does_not_start_says_how_it_ended() -> None:
    child = start("the nothing", "tbms.no_such_module", [], quiet=True)
    assert child.end(1e9)
    assert child.ended
    assert child.how == "with status 1"
    assert stop([child]) == []


def test_settings_are_judged_in_a_process_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = judge_of(tmp_path / "boat.toml", ["pack.cells=4"])
    found = judge(same('name = "Aurora"\n'), None, {"name": "Borea"})
    assert (found.problems, found.applies, found.text) == ((), "now", 'format = 2\nname = "Borea"\n')
    assert list(map(str, found.differences)) == ['name "Aurora" -> "Borea"']
    (problem,) = judge(same(""), "nme = 1\n", None).problems
    assert "nme" in problem
    assert "boat.toml line 1" in problem
    assert judge(same(""), None, {"name": ["\ud800"]}).problems
    monkeypatch.setattr("tbms.cli.run_api.JUDGING", 0.001)
    assert "took longer than 0.001 s to judge" in judge(same(""), "", None).problems[0]


def test_the_api_refuses_bad_settings_all_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("a = 1\nb = 2\n")
    assert main(["--settings", str(bad), "--data-dir", str(tmp_path), "--simulated"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_judging_prints_what_it_comes_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {"texts": ["", ""], "text": "[pack]\ncells=99\n", "changes": None}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(asked)))
    assert main(["--judge", "--simulated", "--settings", "boat.toml"]) == 0
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert problem.endswith("(boat.toml line 2)")


def test_a_change_of_a_real_battery_must_say_what_its_parts_bear(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({"texts": ["", ""], "text": "", "changes": None})))
    assert main(["--judge", "--settings", "boat.toml"]) == 0
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 4


def test_what_is_slow_to_read_waits_for_the_next_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tbms.cli.run_api.LIVE", -1.0)
    monkeypatch.setattr("sys.stdin", io.StringIO('{"texts": ["", ""], "text": "name = \\"x\\"", "changes": null}'))
    assert main(["--judge", "--simulated", "--settings", "boat.toml"]) == 0
    assert json.loads(capsys.readouterr().out)["applies"] == "restart"


def test_what_a_process_did_not_foresee_is_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> int:
        raise ZeroDivisionError("division by zero")

    monkeypatch.delenv("TBMS_DEBUG", raising=False)
    assert guarded(broken) == 70
    assert capsys.readouterr().err == "tbms: ZeroDivisionError: division by zero (TBMS_DEBUG=1 shows where)\n"
    monkeypatch.setenv("TBMS_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        guarded(broken)
    assert guarded(lambda: 3) == 3


def test_the_api_alone_says_how_it_is_started(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = tmp_path / "good.toml"
    good.write_text('name = "Aurora"\n')
    assert main(["--settings", str(good), "--data-dir", str(tmp_path), "--simulated"]) == 2
    assert capsys.readouterr().err.endswith("; start it with tbms run\n")
