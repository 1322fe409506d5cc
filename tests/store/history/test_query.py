from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.history.helpers import LAYOUT, LAYOUTS, START, rows

from tbms.store.history.block import DAY_DS, HOUR_DS, lasting
from tbms.store.history.channels import UNKNOWN
from tbms.store.history.files import HistoryError
from tbms.store.history.history import History
from tbms.store.history.query import level_for, query
from tbms.store.history.reader import Reader


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """30 hours at 10 s, the last two not sealed, with a gap of five hours."""
    history = History(tmp_path_factory.mktemp("history"))
    history.add([rows(0, 3600, step=10), rows(5400, 5400, step=10)], LAYOUTS)
    history.seal()
    assert history.problem is None
    assert history.reader.tail(0, 1 << 50)
    return history.reader


ALL = np.concatenate([np.arange(3600), np.arange(5400, 10_800)])


@settings(max_examples=60, deadline=None)
@given(
    start=st.integers(-4000, 110_000),
    length=st.integers(1, 60_000),
    points=st.integers(1, 1500),
)
def test_raw_columns_are_what_counting_by_hand_gives(stored: Reader, start: int, length: int, points: int) -> None:
    points = max(points, length // 59 + 1)  # so that rows are asked for
    view = query(stored, START + start, START + start + length, ["v1", "relays"], points)
    assert view.level == "raw"
    for name in ("v1", "relays"):
        column = LAYOUT.index[name]
        data = np.concatenate([rows(0, 3600, step=10).values[column], rows(5400, 5400, step=10).values[column]])
        step = LAYOUT.channels[column].step
        places = (ALL * 10 - start) * points // length
        inside = (places >= 0) & (places < points)
        curve = view.curves[name]
        shown = np.flatnonzero(~np.isnan(curve.low))
        expected = {int(place) for place, value in zip(places[inside], data[inside], strict=True) if value != UNKNOWN}
        assert set(shown.tolist()) == expected
        for place in shown[:: max(1, len(shown) // 20)]:
            own = data[inside & (places == place) & (data != UNKNOWN)]
            if name == "v1":
                assert curve.low[place] == pytest.approx(own.min() * step)
                assert curve.high[place] == pytest.approx(own.max() * step)
                assert curve.mean[place] == pytest.approx(own.mean() * step)
            else:
                assert curve.low[place] == np.bitwise_and.reduce(own)
                assert curve.high[place] == np.bitwise_or.reduce(own)
                assert curve.mean[place] == own[-1]


@pytest.mark.parametrize(("points", "level"), [(100, "minute"), (20, "hour")])
def test_longer_views_hold_the_same_extremes_and_means(stored: Reader, points: int, level: str) -> None:
    coarse = query(stored, START, START + 108_000, ["v1", "t2", "relays"], points)
    fine = query(stored, START, START + 108_000, ["v1", "t2", "relays"], points * 100 if points > 20 else 2000)
    assert coarse.level == level
    for name, curve in coarse.curves.items():
        other = fine.curves[name]
        with np.errstate(all="ignore"):
            assert np.nanmin(curve.low) <= np.nanmin(other.low) + 1e-9
            assert np.nanmax(curve.high) >= np.nanmax(other.high) - 1e-9
            if name != "relays":
                assert np.nanmean(curve.mean) == pytest.approx(
                    np.nanmean(other.mean), abs=0.002 if name == "v1" else 0.2
                )


def test_a_gap_stays_a_gap(stored: Reader) -> None:
    view = query(stored, START, START + 108_000, ["v1"], 30)
    assert np.flatnonzero(np.isnan(view.curves["v1"].mean)).tolist() == [10, 11, 12, 13, 14]


def test_the_coarsest_level_that_fills_the_columns_is_chosen() -> None:
    assert level_for(0, DAY_DS, 2000) == "raw"
    assert level_for(0, 30 * DAY_DS, 2000) == "minute"
    assert level_for(0, 365 * DAY_DS, 2000) == "hour"
    assert level_for(0, HOUR_DS * 100, 101) == "minute"


@pytest.mark.parametrize(
    ("end", "names", "points", "words"),
    [
        (START, ["v1"], 10, "an end after its start"),
        (START + 1, ["v1"], 0, "1 to 20000 points"),
        (START + 1, ["v1"], 20_001, "1 to 20000 points"),
        (START + 1, ["v3", "x"], 10, "no channel v3, x; there are v1, v2"),
    ],
)
def test_a_question_that_makes_no_sense_is_told_why(
    stored: Reader, end: float, names: list[str], points: int, words: str
) -> None:
    with pytest.raises(HistoryError, match=words):
        query(stored, START, end, names, points)


def test_an_empty_history_says_so(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="empty"):
        query(Reader(tmp_path), 0, 1, ["v1"], 1)


def test_idle_rows_weigh_for_the_time_they_stand_for(tmp_path: Path) -> None:
    history = History(tmp_path)
    busy, idle = rows(0, 60), rows(6, 6, step=10)
    busy.values[0], idle.values[0] = 3000, 4000
    history.add([busy, idle], LAYOUTS)
    view = query(history.reader, START, START + 120, ["v1"], 1)
    assert view.curves["v1"].mean[0] == pytest.approx(3.5, abs=0.01)
    assert int(lasting(busy.times_ds).sum()) == int(lasting(idle.times_ds).sum()) == 600
