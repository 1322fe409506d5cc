"""A boat with one bus: chargers and loads behind one contactor, its coil fed by either permission loop."""

import pytest

from tbms.twin.boat import boat
from tbms.twin.inject import Injection
from tbms.twin.world import BOARD_POWER, COIL_POWER, RELAY_POWER, Controls

OUT = (True, True, True, True, False, False)
PRE = Controls(pre_charge=True, charge_loop=True)
ON = Controls(True, True, False, OUT, True, True)


@pytest.mark.parametrize(
    ("charge_coil", "load_coil", "charge_loop", "discharge_loop", "shut"),
    [
        (True, True, True, True, True),
        (True, False, True, False, True),
        (False, True, False, True, True),
        (True, False, False, True, False),
        (False, True, True, False, False),
        (False, False, True, True, False),
    ],
)
def test_each_coil_output_feeds_it_from_its_own_loop(
    charge_coil: bool, load_coil: bool, charge_loop: bool, discharge_loop: bool, shut: bool
) -> None:
    world = boat(common=True)
    world.advance(0.2, Controls(charge_coil, load_coil, charge_loop=charge_loop, discharge_loop=discharge_loop))
    assert world.load_contactor.closed is shut
    assert world.charge_contactor is world.load_contactor
    assert world.charge_bus is world.load_bus


def test_the_emergency_stop_opens_it() -> None:
    world = boat(common=True)
    world.advance(0.2, ON)
    world.emergency_stop = True
    world.advance(0.1, ON)
    assert not world.load_contactor.closed


def test_chargers_and_loads_meet_on_the_bus() -> None:
    world = boat(common=True, clock=11.5 * 3600.0, sky="clear")
    world.engine = True
    world.advance(1.0, PRE)
    for _ in range(60):
        world.advance(1.0, ON)
    own = (BOARD_POWER + COIL_POWER + sum(ON.outputs) * RELAY_POWER + world.load_bus.power) / world.pack.voltage
    assert world.load_bus.given > 60.0
    assert world.load_bus.power > 0.0
    assert world.current == pytest.approx(world.load_bus.given - own, abs=0.1)


def test_a_charger_holds_the_open_bus_and_the_loads_live_on_it() -> None:
    world = boat(common=True, clock=0.0, sun=0.0)
    world.shore = True
    for _ in range(20):
        world.advance(1.0, Controls(outputs=OUT))
    assert world.load_bus.voltage > world.pack.voltage
    assert world.load_bus.power > 0.0
    assert world.load_bus.given > 0.0
    own = BOARD_POWER + sum(OUT) * RELAY_POWER
    assert world.current == pytest.approx(-own / world.pack.voltage, rel=0.01)
    world.shore = False
    for _ in range(5):
        world.advance(1.0, Controls(outputs=OUT))
    assert world.load_bus.voltage < world.pack.voltage


@pytest.mark.parametrize("kind", ["contactor_welded", "bus_short"])
def test_there_is_no_charge_contactor_and_no_charge_bus_to_break(kind: str) -> None:
    world = boat(common=True)
    with pytest.raises(ValueError, match=r"one of load(, pre_charge)?, not 'charge'"):
        world.inject(Injection(kind, "charge"))
    world.inject(Injection(kind, "load"))
    world.advance(0.1, ON)
    assert world.load_contactor.welded is (kind == "contactor_welded")
    assert (world.load_bus.short > 0.0) is (kind == "bus_short")
    boat().inject(Injection(kind, "charge"))
