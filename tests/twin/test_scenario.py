"""Scenario files: what they may say, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from tbms.twin.scenario import Expectation, load, observe, parse

LEAST: dict[str, Any] = {"title": "least", "duration": 10}


def test_a_scenario_is_read_whole() -> None:
    scenario = parse(
        LEAST
        | {
            "step": 0.5,
            "settings": ["pack.cells=8"],
            "boat": {"cells": 8, "soc": 0.3, "engine": True, "hour": 12.0, "noise": 0.0},
            "fault": [{"kind": "ntc_open", "where": 2, "start": 4}],
            "do": [{"at": 6, "what": "stop"}, {"at": 2, "what": "shore", "value": True}],
            "pace": [{"at": 4, "step": 2.0}],
            "expect": [{"event": "x"}, {"what": "soc", "above": 0.2}],
        }
    )
    assert list(scenario.times()) == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 6.0, 8.0, 10.0]
    assert [deed.what for deed in scenario.deeds] == ["shore", "stop"]
    face = scenario.face()
    assert face.world.pack.count == 8
    assert face.world.engine
    assert face.world.clock == 12 * 3600.0
    face.sleep_until(5.0)
    face.sleep_until(6.0)
    assert face.world.effects.value["ntc_open"][1] == 1.0


def test_days_may_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_text("time,pv_kw\n0,0.5\n", encoding="utf-8")
    (tmp_path / "s.toml").write_text(
        'title = "file"\nduration = 10\n'
        '[boat]\nsun_file = {path = "day.csv", column = "pv_kw", scale = 1000.0}\n'
        'load_file = {path = "day.csv", column = "pv_kw", scale = 200.0}\n',
        encoding="utf-8",
    )
    world = load(tmp_path / "s.toml").face().world
    assert world.chargers[0].source(0.0) == 500.0
    assert world.loads[1].power(0.0) == 100.0


def test_everything_watched_has_a_value() -> None:
    seen = observe(parse(LEAST).face().world)
    assert seen["charge_contactor"] is False
    assert seen["soc"] == pytest.approx(0.6, abs=0.01)
    assert {"solar_current", "base_runs", "hottest", "supply"} <= set(seen)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"colour": 1}, "unknown key colour"),
        ({"step": 0}, "steps must be positive"),
        ({"pace": [{"at": 5, "step": 1.0}, {"at": 3, "step": 1.0}]}, "their times must rise"),
        ({"fault": [{"kind": "gremlin"}]}, r"\[\[fault\]\] number 1: no fault is called"),
        ({"do": [{"at": 1, "what": "dance"}]}, r"\[\[do\]\] number 1: nobody can do 'dance'"),
        ({"do": [{"what": "stop"}]}, r"\[\[do\]\] number 1: .*'at'"),
        ({"expect": [{"by": 1}]}, r"\[\[expect\]\] number 1: expect either an event or"),
        ({"expect": [{"event": "a", "what": "soc"}]}, "expect either an event or"),
        ({"expect": [{"what": "soc"}]}, "soc must have `is`, `above` or `below`"),
        ({"expect": [{"what": "soc", "over": 1}]}, "over"),
    ],
)
def test_a_mistake_is_named(more: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse(LEAST | more)


def test_a_file_is_named_in_its_mistake(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text("title = \n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"wrong\.toml: "):
        load(path)
    path.write_text('duration = 5\ntitle = "short"\n', encoding="utf-8")
    assert load(path).title == "short"


@pytest.mark.parametrize(
    ("expected", "seen", "holds"),
    [
        (Expectation(what="a", is_=True), True, True),
        (Expectation(what="a", is_=True), False, False),
        (Expectation(what="a", is_="open"), "open", True),
        (Expectation(what="a", above=1.0), 1.0, False),
        (Expectation(what="a", above=1.0, below=2.0), 1.5, True),
        (Expectation(what="a", below=2.0), None, False),
    ],
)
def test_what_is_watched_is_compared(expected: Expectation, seen: object, holds: bool) -> None:
    assert expected.holds(seen) is holds


def test_an_expectation_can_be_read() -> None:
    assert Expectation(what="soc", is_=1, by=5.0).text == "what='soc', is=1, by=5.0"
