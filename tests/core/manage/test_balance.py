"""Balancing: who gives, when it looks, and what it has moved."""

from typing import Any

import pytest
from tests.strategies import Rig, make

from tbms.core import snapshot as api
from tbms.core.manage.balance import LOOK_TIME, PAUSE_TIME, WORK_TIME, donors, voltages, words
from tbms.core.manage.scene import Scene
from tbms.model.command import Command, CommandKind
from tbms.model.event import EventKind
from tbms.model.snapshot import LoopSnapshot

LOOP = LoopSnapshot(0.1, 1, 0, None, None)


def rig(*keys: str) -> Rig:
    one = Rig(make("pack.cells=8", "pack.capacity=100", *keys)).ready()
    one.run(LOOK_TIME)
    one.events.clear()
    return one


def shown(one: Rig) -> Any:
    return api.snapshot(one.state, one.sample(), one.done(), one.settings, LOOP).balancing


def apart(one: Rig, **volts: float) -> None:
    """All cells at 3.44 V but those named c1.. c8."""
    one.cells = [volts.get(f"c{n}", 3.44) for n in range(1, 9)]


@pytest.mark.parametrize(("high", "low", "on"), [
    (3.451, 3.440, True), (3.4499, 3.440, False), (3.399, 3.30, False), (3.401, 3.39, True), (3.60, 3.56, False),
])  # fmt: skip
def test_it_starts_above_its_window_at_its_difference(high: float, low: float, on: bool) -> None:
    one = rig()
    one.cells = [low] * 8
    one.cells[4] = high
    one.run(1)
    assert any(one.done().balance) is on
    assert shown(one).on is on


def test_passive_all_high_cells_give_and_the_words_are_per_node() -> None:
    one = rig()
    apart(one, c2=3.46, c7=3.448, c8=3.4449)
    one.run(1)
    assert one.done().balance == (0b0010, 0b0100)
    assert (shown(one).donors, shown(one).receiver) == ((2, 7), 1)
    assert [e.cause for e in one.events if e.kind is EventKind.BALANCE] == [
        "cell 2 3.460 V, cell 1 3.440 V: 20 mV apart"
    ]


def test_active_only_the_highest_gives() -> None:
    one = rig("balance.mode=active", "balance.current=4")
    apart(one, c2=3.46, c7=3.47)
    one.run(1)
    assert one.done().balance == (0, 0b0100)
    assert shown(one).donors == (7,)


def test_a_low_donor_gives_nothing() -> None:
    one = rig("balance.window=3.30")
    one.cells = [3.30] * 8
    one.cells[2] = 3.34
    one.run(1)
    assert one.done().balance == (0, 0)
    assert shown(one).cause == "highest cell 3.340 V < 3.350 V"


def test_a_donor_that_falls_below_its_minimum_stops_giving() -> None:
    one = rig()
    apart(one, c2=3.46)
    one.run(1)
    one.cells = [3.30] * 8
    one.cells[1], one.cells[2] = 3.349, 3.36
    one.run(0.2)
    assert one.done().balance == (0, 0)


def test_it_looks_without_its_own_current_and_ends_at_the_small_difference() -> None:
    one = rig()
    apart(one, c2=3.46)
    one.run(0.2)
    assert any(one.done().balance)
    one.run(WORK_TIME - 0.5)
    assert any(one.done().balance)
    one.run(1)
    assert not any(one.done().balance)
    assert shown(one).on
    apart(one, c2=3.446)
    one.run(LOOK_TIME)
    assert any(one.done().balance)  # 6 mV: it goes on
    apart(one, c2=3.4449)
    one.run(WORK_TIME + LOOK_TIME + 1)
    assert not shown(one).on
    assert [e.phase for e in one.events if e.kind is EventKind.BALANCE] == ["came", "went"]
    assert one.events[-1].cause == "nothing to do"
    time, charge = shown(one).time, shown(one).charge
    assert time[0] == 0.0
    assert time[1] == pytest.approx(2 * WORK_TIME, abs=1.0)
    assert charge[1] == pytest.approx(2 * WORK_TIME * 0.15 / 3600.0, abs=1e-4)


def test_at_the_edge_of_its_window_it_does_not_chatter() -> None:
    one = rig()
    one.cells = [3.37] * 8
    for number in range(1200):
        one.cells[1] = 3.4005 if number % 2 else 3.3995
        one.tick(dt=1.0)
    assert len([e for e in one.events if e.kind is EventKind.BALANCE]) == 1
    one.cells[1] = 3.375
    one.run(WORK_TIME + LOOK_TIME + 1, dt=1.0)
    assert not shown(one).on
    one.cells[1] = 3.41
    one.run(PAUSE_TIME - WORK_TIME - LOOK_TIME, dt=1.0)
    assert not shown(one).on
    one.run(WORK_TIME + LOOK_TIME + 2, dt=1.0)
    assert shown(one).on


def test_switched_off_nothing_works() -> None:
    one = rig("balance.mode=off")
    apart(one, c2=3.5)
    one.run(20)
    assert not any(one.done().balance)
    assert shown(one).cause == "switched off"


def test_an_unknown_cell_ends_it_at_once() -> None:
    one = rig()
    apart(one, c2=3.46)
    one.run(1)
    one.cells[7], one.pack = None, 8 * 3.44 + 0.02
    one.tick()
    assert not any(one.done().balance)
    assert shown(one).cause == "a cell is unknown"


def test_a_stop_ends_it_at_once() -> None:
    one = rig()
    apart(one, c2=3.46)
    one.run(1)
    one.tick(Command(CommandKind.STOP))
    assert not any(one.done().balance)
    assert shown(one).cause == "stopped"


def test_a_full_receiver_ends_it() -> None:
    one = rig()
    one.cells = [3.551] * 8
    one.cells[1] = 3.58
    one.run(1)
    assert shown(one).cause == "lowest cell 3.551 V > 3.550 V"


def looked(one: Rig, current: float | None, resistance: tuple[float | None, ...]) -> Scene:
    measured = one.state.measured
    assert measured is not None
    known = one.state.estimate._replace(resistance=resistance)
    return Scene(measured._replace(current=current), known, one.state.verdict, one.state.relays.on, (), None)


def test_open_circuit_voltages_see_no_resistance() -> None:
    one = rig("balance.basis=ocv")
    apart(one, c2=3.46)
    one.tick()
    rules, ohms = one.settings.balance, (0.001, 0.002) + (0.001,) * 6
    assert voltages(looked(one, 20.0, ohms), rules)[:2] == pytest.approx([3.42, 3.42])
    assert voltages(looked(one, None, ohms), rules)[:2] == [3.44, 3.46]
    assert voltages(looked(one, 20.0, (None, *ohms[1:])), rules)[:2] == [3.44, 3.46]
    seen = looked(one, 20.0, ohms)
    assert donors(voltages(seen, rules), seen, False, rules) == ()


def test_words_of_cells() -> None:
    assert words((0, 3, 4, 15), 4) == (0b1001, 0b0001, 0, 0b1000)
