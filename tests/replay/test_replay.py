"""`tbms replay`: what goes in, what comes out, and what is said when it cannot be."""

from pathlib import Path

import pytest
from tests.replay.reading import events, rows, run

HEADER = ["time", "soc", "soc_sigma", "may_charge", "may_discharge", "faults", "capacity", "soh"]


def day(folder: Path, *lines: str, header: str = "time,current,v1,v2,v3,v4,t1") -> Path:
    path = folder / "day.csv"
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


def quiet(start: int, count: int) -> list[str]:
    return [f"{time},0,3.3,3.3,3.3,3.3,20" for time in range(start, start + count)]


def test_one_line_out_for_each_line_in(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    result = run(day(tmp_path, *quiet(0, 5), "5.25,-1,3.3,3.3,3.3,3.3,20"), "--out", out, "--initial-soc", "0.5")
    assert result.exit_code == 0, result.output
    found = rows(out)
    assert [row["time"] for row in found] == ["0", "1", "2", "3", "4", "5.25"]
    assert list(found[0]) == [*HEADER, "r1", "r2", "r3", "r4"]
    assert all(row["may_charge"] == row["may_discharge"] == "1" for row in found)
    assert all(0.0 <= float(row["soc"]) <= 1.0 for row in found)
    assert all(float(row["soc_sigma"]) >= 0.0 for row in found)
    assert found[0]["faults"] == ""


def test_faults_name_id_and_cell_and_only_cuts(tmp_path: Path) -> None:
    lines = [*quiet(0, 3), *(f"{time},0,3.3,2.5,3.3,3.66,20" for time in range(3, 12))]
    out, log = tmp_path / "out.csv", tmp_path / "events.jsonl"
    assert run(day(tmp_path, *lines), "--out", out, "--events", log).exit_code == 0
    found = rows(out)
    assert found[3]["faults"] == ""
    assert found[4]["faults"] == "cell_overvoltage:4"
    assert (found[4]["may_charge"], found[4]["may_discharge"]) == ("0", "1")
    assert found[-1]["faults"] == "cell_overvoltage:4;cell_undervoltage:2"
    assert found[-1]["may_discharge"] == "0"
    told = events(log)
    assert [event["id"] for event in told] == list(range(1, len(told) + 1))
    first = next(event for event in told if event["key"] == "cell_overvoltage")
    assert (first["cell"], first["ring"], first["phase"], first["value"]) == (4, "cut", "came", 3.66)
    assert first["cause"] == "cell 4 3.66 V > 3.65 V for 1.0 s"
    assert {"id", "boot", "time", "timestamp", "kind", "key", "phase", "cell", "value", "limit", "unit"} <= set(first)


def test_a_gap_is_an_event_and_fresh_data_restore_permission(tmp_path: Path) -> None:
    out, log = tmp_path / "out.csv.gz", tmp_path / "events.jsonl"
    result = run(day(tmp_path, *quiet(0, 3), *quiet(100, 3)), "--out", out, "--events", log)
    assert result.exit_code == 0
    found = rows(out)
    assert [(row["may_charge"], row["may_discharge"], row["faults"]) for row in found[2:5]] == [
        ("1", "1", ""),
        ("0", "0", "sample_gap"),
        ("1", "1", ""),
    ]
    gap = [event for event in events(log) if event["key"] == "sample_gap"]
    assert [(event["phase"], event["time"], event["value"]) for event in gap] == [
        ("came", 100.0, 98.0),
        ("went", 101.0, 1.0),
    ]


def test_the_longest_gap_is_a_setting(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert run(day(tmp_path, *quiet(0, 2), *quiet(100, 2)), "--out", out, "--set", "sensors.gap=120").exit_code == 0
    assert all(row["faults"] == "" for row in rows(out))


def test_without_temperatures_their_rules_are_left_out_and_said(tmp_path: Path) -> None:
    path = day(tmp_path, "0,0,3.3,3.3", "1,0,3.3,3.3", header="time,current,v1,v2")
    result = run(path, "--out", tmp_path / "out.csv", "--set", "pack.cells=2")
    assert result.exit_code == 0
    assert "sensors.temperature=none" in result.stderr
    assert rows(tmp_path / "out.csv")[1]["may_charge"] == "1"


def test_a_pack_voltage_is_divided_and_said(tmp_path: Path) -> None:
    path = day(tmp_path, "0,0,13.2", "1,0,13.2", header="time,current,voltage")
    result = run(path, "--out", tmp_path / "out.csv", "--set", "pack.cells=4")
    assert "the pack voltage is divided evenly over 4 cells" in result.stderr
    assert rows(tmp_path / "out.csv")[1]["may_charge"] == "1"


def test_an_unsaid_number_of_cells_is_found_and_said(tmp_path: Path) -> None:
    result = run(day(tmp_path, *quiet(0, 2)), "--out", tmp_path / "out.csv")
    assert "pack.cells is not set: 4" in result.stderr
    path = day(tmp_path, "0,0,26.4", "1,0,26.4", header="time,current,voltage")
    result = run(path, "--out", tmp_path / "out.csv")
    assert "taken as 8" in result.stderr
    assert len(rows(tmp_path / "out.csv")[0]) == len(HEADER) + 8


def test_a_settings_file_and_overrides(tmp_path: Path) -> None:
    file = tmp_path / "boat.toml"
    file.write_text("[pack]\ncells = 4\ncapacity = 100\n", encoding="utf-8")
    lines = [f"{time},0,3.3,3.3,3.3,3.61,20" for time in range(4)]
    out = tmp_path / "out.csv"
    arguments = (day(tmp_path, *lines), "--settings", file, "--out", out)
    assert run(*arguments).exit_code == 0
    assert rows(out)[-1]["may_charge"] == "1"
    result = run(*arguments, "--set", "protect.cell_overvoltage.cut=3.60")
    assert result.exit_code == 0, result.output
    assert rows(out)[-1]["may_charge"] == "0"


def test_an_empty_recording_gives_a_header(tmp_path: Path) -> None:
    assert run(day(tmp_path), "--out", tmp_path / "out.csv").exit_code == 0
    assert rows(tmp_path / "out.csv") == []


def test_an_unknown_value_narrows_and_comes_back(tmp_path: Path) -> None:
    lines = [*quiet(0, 2), "2,0,3.3,,3.3,3.3,20", *quiet(3, 3)]
    assert run(day(tmp_path, *lines), "--out", tmp_path / "out.csv").exit_code == 0
    found = rows(tmp_path / "out.csv")
    assert found[2]["may_charge"] == "0"
    assert "invalid_voltage:2" in found[2]["faults"]
    assert found[-1]["may_charge"] == found[-1]["may_discharge"] == "1"


@pytest.mark.parametrize(
    ("header", "line", "arguments", "expected"),
    [
        ("time,current,v1", "0,x,3", (), "line 2, column current: expected a number"),
        ("time,current,v1", "0,1,3", ("--set", "pack.cells=4"), "line 1, column v2: expected v1 to v4"),
        ("time,current,v1,t1,t2", "0,1,3,20,20", (), "line 1, column t2: expected at most one temperature"),
        ("time,current,v1", "0,1,3", ("--set", "pack.cels=4"), "pack.cels: no such key; the nearest is pack.cells"),
        ("time,current,v1", "0,1,3", ("--settings", "none.toml"), "none.toml: No such file"),
    ],
)
def test_what_a_person_can_mend_is_a_sentence_and_status_2(
    tmp_path: Path, header: str, line: str, arguments: tuple[str, ...], expected: str
) -> None:
    out = tmp_path / "out.csv"
    result = run(day(tmp_path, line, header=header), "--out", out, *arguments)
    assert result.exit_code == 2
    assert expected in result.stderr
    assert "Traceback" not in result.output
    assert list(tmp_path.glob("out.csv*")) == []


def test_all_problems_of_the_settings_are_told(tmp_path: Path) -> None:
    result = run(
        day(tmp_path, *quiet(0, 1)), "--out", tmp_path / "o.csv", "--set", "pack.cells=77", "--set", "bus.baud=1"
    )
    assert result.exit_code == 2
    assert "pack.cells = 77" in result.stderr
    assert "bus.baud = 1" in result.stderr


def test_a_failure_leaves_an_older_result_alone(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("older", encoding="utf-8")
    assert run(day(tmp_path, *quiet(0, 2), "9,9"), "--out", out).exit_code == 2
    assert out.read_text(encoding="utf-8") == "older"


@pytest.mark.parametrize("soc", ["-0.1", "1.1", "x"])
def test_an_impossible_start_is_refused(tmp_path: Path, soc: str) -> None:
    assert run(day(tmp_path, *quiet(0, 1)), "--out", tmp_path / "o.csv", "--initial-soc", soc).exit_code == 2


def test_what_cannot_be_written_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tbms.cli.main import main

    path = day(tmp_path, *quiet(0, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["tbms", "replay", str(path), "--out", str(tmp_path / "no" / "out.csv")])
        with pytest.raises(SystemExit) as left:
            main()
    assert left.value.code == 2
    assert "out.csv cannot be written: No such file or directory" in capsys.readouterr().err
