import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.monitor.scenes import calm

from tbms.model.fault import Fault, Ring
from tbms.model.snapshot import CellSnapshot, ContactorPhase
from tbms.store.history.channels import ALARMS, RELAYS, UNKNOWN, Channel, Layout, edge, layout, row


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


def named(mask: int, names: tuple[str, ...]) -> set[str]:
    return {name for bit, name in enumerate(names) if mask >> bit & 1}


def test_a_snapshot_becomes_a_row() -> None:
    columns, now = layout(16), calm(16)
    stored = dict(zip(columns.names, row(columns, now, soh=0.973), strict=True))
    assert (stored["v1"], stored["v7"], stored["t1"]) == (3312, 3287, 210)
    assert (stored["current"], stored["soc"], stored["soh"]) == (-2290, 7600, 9730)
    assert stored["voltage"] == round(sum(cell.voltage or 0 for cell in now.cell) * 100)
    assert named(stored["relays"], RELAYS) == {
        "output_1", "output_3", "output_4", "charge_contactor", "load_contactor", "may_charge", "may_discharge",
    }  # fmt: skip
    assert stored["alarms"] == 0


def test_what_a_snapshot_does_not_know_is_unknown_in_its_row() -> None:
    now = calm(4)
    lost = replace(now, cell=(CellSnapshot(None, None, 9.0), *now.cell[1:]), soc=None, current=None, outputs=())
    stored = dict(zip(layout(4).names, row(layout(4), lost), strict=True))
    assert all(stored[name] == UNKNOWN for name in ("v1", "t1", "soc", "soh", "current"))
    assert stored["v2"] != UNKNOWN
    assert not named(stored["relays"], RELAYS) & set(RELAYS[:6])


@pytest.mark.parametrize(
    ("fault", "flag"),
    [
        ("cell_overvoltage", "cell_overvoltage"),
        ("overcurrent_discharge_peak", "overcurrent_discharge"),
        ("invalid_temperature", "invalid"),
        ("sample_gap", "invalid"),
        ("node_lost", "node_lost"),
        ("contactor_feedback", "other"),
    ],
)
def test_each_fault_has_a_flag(fault: str, flag: str) -> None:
    now = calm(4)
    opening = replace(now.charge_contactor, phase=ContactorPhase.PRE_CHARGE)
    alarm = replace(now, faults=(Fault(fault, Ring.WARN, 1, None, 3.7, 3.65, "V", 1.0),), charge_contactor=opening)
    stored = dict(zip(layout(4).names, row(layout(4), alarm), strict=True))
    assert named(stored["alarms"], ALARMS) == {flag}
    assert "pre_charge" in named(stored["relays"], RELAYS)
    assert "charge_contactor" not in named(stored["relays"], RELAYS)
