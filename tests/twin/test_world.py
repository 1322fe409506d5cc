"""The whole world: power balance, switches, people, supply, and the same story whatever the step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.twin.balancer import Balancer
from tbms.twin.boat import boat
from tbms.twin.charger import Charger
from tbms.twin.inject import Injection
from tbms.twin.lfp import lfp280
from tbms.twin.pack import Pack
from tbms.twin.profile import Profile
from tbms.twin.world import BOARD_POWER, COIL_POWER, RELAY_POWER, Controls, World

OFF = Controls()
OUT = (True, True, True, True, False, False)
PRE = Controls(charge_contactor=True, pre_charge=True, charge_loop=True, discharge_loop=True)
ON = Controls(True, True, False, OUT, True, True)


def running(**given: object) -> World:
    """A boat with both contactors closed and everything running."""
    world = boat(**given)  # type: ignore[arg-type]
    world.advance(1.0, PRE)
    for _ in range(30):
        world.advance(0.1, ON)
    return world


def test_a_new_boat_is_dark() -> None:
    world = boat()
    world.advance(1.0, OFF)
    assert [switch.closed for switch in world.switches] == [False, False, False]
    assert world.load_bus.voltage == 0.0
    assert world.current == pytest.approx(-BOARD_POWER / world.pack.voltage, rel=0.01)


@pytest.mark.parametrize("dt", [0.1, 1.0, 10.0])
def test_power_of_pack_chargers_and_loads_adds_up(dt: float) -> None:
    world = running(clock=11.5 * 3600)
    world.engine = True
    for _ in range(round(600 / dt)):
        world.advance(dt, ON)
        given_, drawn = world.charge_bus.given, world.load_bus.power
        own = (BOARD_POWER + 2 * COIL_POWER + sum(ON.outputs) * RELAY_POWER + drawn) / world.pack.voltage
        assert world.current == pytest.approx(given_ - own, abs=0.05)
    assert world.charge_bus.given > 60.0
    assert world.charge_bus.voltage > world.pack.voltage
    assert world.load_bus.voltage < world.pack.voltage


def test_pre_charge_then_closing_makes_no_inrush() -> None:
    world = boat(sun=0.0)
    world.advance(1.0, PRE)
    assert world.load_bus.voltage > world.pack.voltage - 1.0
    world.advance(0.1, ON)
    gentle = next(m for m in world.marks if m.what == "inrush" and m.where == "load")
    world = boat(sun=0.0)
    world.advance(0.1, ON)
    hard = next(m for m in world.marks if m.what == "inrush" and m.where == "load")
    assert abs(gentle.value) < 100.0 < 1000.0 < hard.value


@given(st.sampled_from([0.01, 0.02, 0.05, 0.1, 0.5, 1.0]))
def test_contacts_move_at_the_same_time_whatever_the_step(dt: float) -> None:
    world = boat(sun=0.0)
    for _ in range(round(1.0 / dt)):
        world.advance(dt, PRE)
    for _ in range(round(1.0 / dt)):
        world.advance(dt, ON)
    closed = {m.where: m.time for m in world.marks if m.what == "closed"}
    assert closed == {"charge": pytest.approx(0.025), "load": pytest.approx(1.025)}


def test_a_step_that_ends_a_hair_before_a_contact_moves() -> None:
    world = boat(sun=0.0)
    world.advance(0.025 - 5e-10, ON)
    world.advance(0.01, ON)
    assert world.load_contactor.closed


def test_the_emergency_stop_opens_both_by_itself() -> None:
    world = running()
    closed = []
    for pressed in (True, False):
        world.emergency_stop = pressed
        world.advance(0.1, ON)
        closed.append((world.charge_contactor.closed, world.load_contactor.closed))
    assert closed == [(False, False), (True, True)]  # the button itself does not latch: that is the boards' part


@pytest.mark.parametrize(
    ("charge_loop", "discharge_loop", "closed"),
    [(True, True, (True, True)), (False, True, (False, True)), (True, False, (True, False))],
)
def test_each_loop_feeds_its_own_coil(charge_loop: bool, discharge_loop: bool, closed: tuple[bool, bool]) -> None:
    world = running()
    world.advance(1.0, Controls(True, True, False, OUT, charge_loop, discharge_loop))
    assert (world.charge_contactor.closed, world.load_contactor.closed) == closed


def test_a_load_dump_leaves_its_mark() -> None:
    world = running(sun=0.0)
    world.engine = True
    for _ in range(10):
        world.advance(1.0, ON)
    before = world.chargers[1].current
    for _ in range(5):
        world.advance(0.1, Controls(False, True, False, OUT, True, True))
    dumps = [m for m in world.marks if m.what == "load_dump"]
    assert before == pytest.approx(60.0)
    assert [(m.where, m.value) for m in dumps] == [("charge", 80.0)]
    opened = next(m for m in world.marks if m.what == "opened")
    assert opened.value == pytest.approx(60.0, abs=0.1)


def test_a_charger_that_is_stopped_first_makes_no_load_dump() -> None:
    world = running(sun=0.0)
    world.engine = True
    for _ in range(10):
        world.advance(1.0, ON)
    for _ in range(5):
        world.advance(0.1, Controls(True, True, False, (False,) * 6, True, True))
    world.advance(0.5, Controls(False, True, False, (False,) * 6, True, True))
    assert not [m for m in world.marks if m.what == "load_dump"]


def test_an_inverter_charger_charges_through_the_load_contactor() -> None:
    charger = Charger("inverter", lambda _: 30.0, 30.0, 13.8, 13.4, bus="load")
    world = World(Pack([lfp280()] * 4, 0.5), [charger], [], ambient=lambda _: 25.0)
    for _ in range(10):
        world.advance(1.0, Controls(load_contactor=True, discharge_loop=True))
    assert world.current == pytest.approx(30.0, abs=0.5)
    assert world.load_bus.voltage > world.pack.voltage


def test_loads_keep_running_when_only_charging_is_cut() -> None:
    world = running(loads=Profile.constant(400.0))
    running_loads = []
    for outputs in (OUT, (False,) * 6):
        world.advance(1.0, Controls(False, True, False, outputs, True, True))
        running_loads.append((world.loads[0].running, world.loads[1].running))
    assert running_loads == [(True, True), (True, False)]


def test_the_boards_lose_their_supply_with_an_empty_pack() -> None:
    world = boat(soc=-0.03, spread=0.0)
    seen = []
    for volts in (0.0, 0.0, 50.0):
        world.charge_bus.voltage = volts
        world.advance(0.15, OFF)
        seen.append(world.supply)
    assert seen == [12.0, 0.0, 12.0]  # the converter holds up for 100 ms; a charger wakes the boards


def test_a_dip_of_the_supply_drops_the_contactors() -> None:
    world = running()
    world.inject(Injection("supply_dip", severity=8.0, duration=0.3))
    closed = []
    for _ in range(5):
        world.advance(0.1, ON)
        closed.append(world.load_contactor.closed)
    assert closed[:3] == [False] * 3
    assert closed[4]


def test_passive_balancing_bleeds_one_cell() -> None:
    world, ref = boat(spread=0.0), boat(spread=0.0)
    controls = Controls(balance=(False, True) + (False,) * 14)
    for _ in range(360):
        world.advance(10.0, controls)
        ref.advance(10.0, OFF)
    less = [b - a for a, b in zip(world.pack.soc, ref.pack.soc, strict=True)]
    assert less[1] == pytest.approx(0.15 / 280.0, rel=1e-4)
    assert max(less[:1] + less[2:]) < 1e-7
    world.advance(10.0, OFF)
    assert world.pack.drain == [0.0] * 16


def test_active_balancing_gives_most_of_it_back() -> None:
    world = boat(spread=0.0, balancer=Balancer("active", 4.0, 0.9))
    ref = boat(spread=0.0)
    controls = Controls(balance=(True,) + (False,) * 15)
    for _ in range(360):
        world.advance(10.0, controls)
        ref.advance(10.0, OFF)
    more = [280.0 * (a - b) for a, b in zip(world.pack.soc, ref.pack.soc, strict=True)]
    assert more[1] == pytest.approx(4.0 * 0.9 / 16, rel=0.01)
    assert sum(more) == pytest.approx(-4.0 * 0.1, rel=0.05)


def test_the_same_seed_tells_the_same_story() -> None:
    stories = []
    for seed in (1, 1, 2):
        world = running(seed=seed)
        world.inject(Injection("loose_busbar", 3, share=0.3, spell=5.0, seed=seed))
        for _ in range(200):
            world.advance(1.0, ON)
        stories.append((world.pack.soc, world.pack.voltages, world.pack.temperatures, list(world.marks)))
    assert stories[0] == stories[1]
    assert stories[0] != stories[2]


def test_long_steps_agree_with_short_ones() -> None:
    worlds = {dt: running(clock=10 * 3600, sky="clear") for dt in (1.0, 10.0, 60.0)}
    for dt, world in worlds.items():
        for _ in range(round(4 * 3600 / dt)):
            world.advance(dt, ON)
    fine = worlds[1.0].pack
    for dt in (10.0, 60.0):
        coarse = worlds[dt].pack
        assert coarse.soc == pytest.approx(fine.soc, abs=0.002)
        assert coarse.temperatures == pytest.approx(fine.temperatures, abs=0.05)


@pytest.mark.parametrize("cells", [4, 8, 13, 16])
def test_any_number_of_cells(cells: int) -> None:
    world = running(cells=cells, capacity=100.0)
    assert world.load_bus.voltage == pytest.approx(3.31 * cells, rel=0.02)
    assert len(world.effects.value["frames_lost"]) == -(-cells // 4)


@given(st.lists(st.tuples(st.sampled_from([0.01, 0.1, 1.0, 60.0]), st.integers(0, 255)), max_size=25))
def test_no_order_of_switching_breaks_it(story: list[tuple[float, int]]) -> None:
    world = boat(soc=0.9)
    for dt, bits in story:
        flags = [bool(bits >> k & 1) for k in range(8)]
        world.engine, world.emergency_stop = flags[6], flags[7] and flags[5]
        world.advance(dt, Controls(flags[0], flags[1], flags[2], (flags[3],) * 6, flags[4], flags[5]))
        assert 0.0 <= world.charge_bus.voltage <= 80.0
        assert 0.0 <= world.load_bus.voltage <= 60.0
        assert 40.0 < world.pack.voltage < 60.0
    assert world.time == pytest.approx(sum(dt for dt, _ in story))
