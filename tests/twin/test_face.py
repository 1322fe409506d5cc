"""The fast face: plant and clock in virtual time."""

from time import monotonic

import pytest

from tbms.model.action import ALL_OFF, Actions
from tbms.ports import Clock, Plant
from tbms.twin.boat import boat
from tbms.twin.face import FastFace, balanced
from tbms.twin.inject import Injection

CLOSED = Actions(
    permit_charge=True,
    permit_discharge=True,
    charge_contactor=True,
    load_contactor=True,
    outputs=(True,) * 6,
)


def test_it_is_a_plant_and_a_clock() -> None:
    face = FastFace(boat())
    plant: Plant = face
    clock: Clock = face
    assert plant.exchange(ALL_OFF).time == clock.now() == 0.0


def test_time_passes_only_in_sleeping() -> None:
    face = FastFace(boat())
    for _ in range(3):
        assert face.exchange(CLOSED).time == 0.0
    face.sleep_until(150.0)
    assert face.now() == face.exchange(CLOSED).time == 150.0
    assert face.timestamp() == face.epoch + 150.0
    face.sleep_until(100.0)
    assert face.now() == 150.0


def test_a_full_sample() -> None:
    face = FastFace(boat(cells=13))
    sample = face.exchange(ALL_OFF)
    assert len(sample.cell_voltages) == len(sample.temperatures) == 13
    assert [node.address for node in sample.nodes] == [1, 2, 3, 4]
    assert all(node.online and node.age == 0.0 for node in sample.nodes)
    assert sample.switches is not None
    assert not sample.switches.charge_contactor


def test_controls_follow_actions_and_permits() -> None:
    face = FastFace(boat(sun=0.0))
    face.exchange(CLOSED)
    face.sleep_until(0.1)
    sample = face.exchange(CLOSED)
    assert sample.switches is not None
    assert sample.switches.charge_contactor
    assert sample.switches.load_contactor
    assert sample.switches.outputs == (True,) * 6
    assert {(n.charge_loop, n.discharge_loop) for n in sample.nodes} == {(True, True)}
    face.exchange(Actions(permit_charge=False, permit_discharge=True, charge_contactor=True, load_contactor=True))
    face.sleep_until(0.2)
    sample = face.exchange(ALL_OFF)
    assert sample.switches is not None
    assert not sample.switches.charge_contactor
    assert sample.switches.load_contactor


def test_closing_lets_everything_go() -> None:
    face = FastFace(boat(sun=0.0))
    face.exchange(CLOSED)
    face.sleep_until(1.0)
    face.close()
    face.sleep_until(2.0)
    assert not face.world.charge_contactor.closed
    assert not face.world.load_contactor.closed


@pytest.mark.parametrize(("node", "charge_closed"), [(1, False), (3, False)])
def test_a_node_that_hears_nothing_opens_its_loops_after_its_lease(node: int, charge_closed: bool) -> None:
    face = FastFace(boat(sun=0.0))
    face.world.inject(Injection("frames_lost", node, start=1.0, duration=6.0))
    closed = {}
    for n in range(100):
        face.sleep_until(0.1 * n)
        sample = face.exchange(CLOSED)
        closed[n] = face.world.charge_contactor.closed
    assert closed[25]
    assert closed[35] is charge_closed
    assert closed[99]
    assert sample.nodes[node - 1].online


def test_a_lost_base_board_takes_current_and_switches_with_it() -> None:
    face = FastFace(boat())
    face.exchange(CLOSED)
    face.world.inject(Injection("frames_lost", 1))
    face.sleep_until(1.0)
    sample = face.exchange(CLOSED)
    assert sample.current is None
    assert sample.pack_voltage is None
    assert sample.switches is None
    assert not sample.nodes[0].online
    assert sample.nodes[0].age == 1.0
    assert sample.nodes[0].charge_loop is None
    assert sample.nodes[1].online


def test_a_node_never_heard_has_no_values() -> None:
    face = FastFace(boat())
    face.world.inject(Injection("frames_lost", 2))
    face.sleep_until(0.1)
    sample = face.exchange(ALL_OFF)
    assert sample.cell_voltages[4:8] == (None,) * 4
    assert None not in sample.cell_voltages[:4] + sample.cell_voltages[8:]
    assert sample.nodes[1].age == float("inf")


def test_at_a_speed_it_keeps_to_real_time() -> None:
    face = FastFace(boat(), speed=100.0)
    start = monotonic()
    face.sleep_until(5.0)
    assert 0.04 <= monotonic() - start < 2.0


@pytest.mark.parametrize(
    ("words", "cells", "on"),
    [
        ((), 16, []),
        ((0, 0), 8, []),
        ((0b0001, 0b1000), 8, [1, 8]),
        ((0, 0, 0b0110), 10, [10]),
        ((15,), 4, [1, 2, 3, 4]),
    ],
)
def test_balance_words_name_cells(words: tuple[int, ...], cells: int, on: list[int]) -> None:
    assert [k for k, busy in enumerate(balanced(words, cells), 1) if busy] == on
