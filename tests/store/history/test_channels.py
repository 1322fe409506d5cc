import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.store.history.channels import ALARMS, RELAYS, UNKNOWN, Channel, Layout, edge, layout


def test_sixteen_cells_make_39_columns() -> None:
    columns = layout(16)
    assert len(columns.channels) == 39
    assert columns.names[:2] == ("v1", "v2")
    assert columns.names[-7:] == ("voltage", "current", "power", "soc", "soh", "relays", "alarms")
    assert len(RELAYS) <= 15
    assert len(ALARMS) == 15


@pytest.mark.parametrize(("current", "step"), [(100, 0.01), (327, 0.01), (560, 0.02), (1200, 0.05), (90_000, 1.0)])
def test_the_step_of_the_current_follows_its_range(current: float, step: float) -> None:
    columns = layout(4, current)
    assert columns.channels[columns.index["current"]].step == step


def test_a_layout_survives_as_text() -> None:
    columns = layout(4, 560)
    assert Layout.parse(columns.text) == columns
    assert Layout.parse(columns.text).key == columns.key


@given(value=st.floats(allow_nan=True, allow_infinity=True) | st.none())
def test_any_value_can_be_stored_and_unknown_stays_unknown(value: float | None) -> None:
    stored = Channel("v1", "V", 0.001).stored(value)
    if value is None or math.isnan(value):
        assert stored == UNKNOWN
    elif abs(value) < 32.7:
        assert stored * 0.001 == pytest.approx(value, abs=0.0005001)
    else:
        assert stored == math.copysign(min(32767, round(min(abs(value), 1e6) * 1000)), value)


@pytest.mark.parametrize(("step", "decimals"), [(0.001, 3), (0.1, 1), (0.02, 2), (1.0, 0), (0.0001, 4)])
def test_decimals_follow_the_step(step: float, decimals: int) -> None:
    assert replace(Channel("x", "", 1.0), step=step).decimals == decimals


def test_an_edge_is_a_change_of_relays_or_alarms() -> None:
    columns = layout(2)
    before = (0,) * len(columns.channels)
    moved = (1, *before[1:])
    switched = (*before[:-2], 4, 0)
    assert not edge(columns, None, before)
    assert not edge(columns, before, moved)
    assert edge(columns, moved, switched)
