import logging
from logging.handlers import QueueListener
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.master import logs
from tbms.master.absent import Absent
from tbms.master.commands import command
from tbms.master.logs import Seldom
from tbms.master.restore import DRIFT_PER_DAY, UNKNOWN, restored
from tbms.model.command import Command, CommandKind
from tbms.model.sample import NodeReport, Sample

NOW = 1_800_000_000.0
SAVED = {"soc": 0.6, "soc_sigma": 0.02, "timestamp": NOW}


def test_what_was_learned_is_believed_less_the_longer_it_is_ago() -> None:
    soc, sigma = restored(SAVED, NOW + 10) or (0.0, 0.0)
    assert soc == 0.6
    assert 0.02 < sigma < 0.025
    _, later = restored(SAVED, NOW + 10 * 86_400) or (0.0, 0.0)
    assert later == pytest.approx((0.02**2 + 0.005**2 + (10 * DRIFT_PER_DAY) ** 2) ** 0.5)
    assert (restored(SAVED, NOW + 1e9) or (0, 0))[1] == UNKNOWN


def test_a_clock_that_went_back_counts_as_a_month() -> None:
    assert (restored(SAVED, NOW - 5) or (0, 0))[1] == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize(
    "wrong",
    [{"soc": None}, {"soc": "0.5"}, {"soc": 1.5}, {"soc": nan}, {"soc": True}, {"soc_sigma": -1}, {"timestamp": inf}],
)
def test_what_makes_no_sense_is_not_restored(wrong: dict[str, Any]) -> None:
    assert restored(SAVED | wrong, NOW) is None
    assert restored({}, NOW) is None


def test_ages_of_what_is_gone_go_on_from_what_was_seen() -> None:
    absent = Absent(6, 6)
    never = absent.sample(5.0, NOW)
    assert [node.age for node in never.nodes] == [inf, inf]
    assert never.cell_voltages == never.temperatures == (None,) * 6
    absent.seen(
        Sample(10.0, NOW, 1.0, (3.3,) * 6, nodes=(NodeReport(1, True, 0.1, 0.2, True), NodeReport(2, True, 0.3, 0.4)))
    )
    gone = absent.sample(12.0, NOW)
    assert [node.age for node in gone.nodes] == [pytest.approx(2.1), pytest.approx(2.3)]
    assert [node.online for node in gone.nodes] == [False, False]
    assert gone.nodes[0].charge_loop is None
    assert gone.current is None


def test_an_override_has_its_end() -> None:
    read = command({"kind": "output", "target": 2, "value": "on", "duration": 60, "who": "x" * 200}, 100.0)
    assert read == Command(CommandKind.OUTPUT, 2, "on", "x" * 64, False, 160.0)


@given(
    request=st.dictionaries(
        st.sampled_from(["kind", "target", "value", "duration", "who", "local", "until"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text()
        | st.sampled_from([*CommandKind, "on", "auto"]),
    )
)
def test_no_request_becomes_a_local_command(request: dict[str, Any]) -> None:
    read = command(request, 100.0)
    if isinstance(read, Command):
        assert not read.local
        assert read.until is None or 100.0 < read.until <= 100.0 + 86_400
        assert read.kind is not CommandKind.OUTPUT or read.value in ("on", "off", "auto")
    else:
        assert read


def test_one_line_at_once_then_one_a_minute() -> None:
    seldom = Seldom(60.0)
    assert [seldom.now("bus", time) for time in (0.0, 1.0, 59.0, 60.0, 61.0)] == [True, False, False, True, False]
    assert seldom.now("disk", 1.0)


def test_logging_drops_lines_rather_than_wait(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    monkeypatch.setattr(logs, "QUEUED", 3)
    monkeypatch.setattr(QueueListener, "start", lambda self: None)
    monkeypatch.setattr(QueueListener, "stop", lambda self: None)
    try:
        logs.start("control", tmp_path)
        handler = root.handlers[0]
        for number in range(10):
            logging.getLogger("tbms").warning("line %d", number)
        assert getattr(handler, "dropped", None) == 7
    finally:
        root.handlers[:] = before
        root.setLevel(level)
