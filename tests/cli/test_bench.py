"""What `tbms bench` makes of its rows."""

import pytest
from click.testing import CliRunner

from tbms.cli.bench import Row, bench


def test_a_bar_holds_on_its_side() -> None:
    assert Row("a", 1.0, "s", 1.0).holds
    assert not Row("a", 1.1, "s", 1.0).holds
    assert Row("a", 1.1, "s", 1.0, at_most=False).holds
    assert Row("a", 1.1, "s").holds
    assert not Row("a", None, "s", 1.0).holds
    assert Row("a", None, "s").holds


def test_what_could_not_be_measured_is_printed_as_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tbms.cli.bench_step.rows", lambda _quick: [Row("a", None, "s", 1.0, more={"of": None})])
    done = CliRunner().invoke(bench, ["step"])
    assert done.exit_code == 1
    assert "unknown" in done.output
    assert '"value": null' in CliRunner().invoke(bench, ["step", "--json"]).output
