"""A common contactor: held through the loop of the direction in which current flows, and never by surprise."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.slave.bench import PASS, Bench

from tbms.slave.guard import STUBBORN_MS
from tbms.slave.limits import Limits
from tbms.slave.outputs import Outputs
from tbms.slave.permission import Heartbeat
from tbms.wire.configuration import configuration
from tbms.wire.registers import BOTH, CHARGE, CHARGE_COIL, COILS, COMMON, DISCHARGE, LOAD_COIL, PRE_CHARGE

WIRED: dict[str, int | None] = {"bus": COMMON, "open_current": 500}


class Wired(Bench):
    """A base board whose two coil outputs feed one contactor, and the two loops of the boards behind it.

    flows: mA while the contact is closed. others: what the other nodes hold.
    """

    def __init__(self, **changes: int | None) -> None:
        super().__init__({**WIRED, **changes})
        self.flows = 0
        self.others = BOTH
        self.board.load_contact = False
        self.moved = 0

    def shut(self) -> bool:
        """The contact is closed."""
        return self.board.load_contact is True

    def run(self, ms: int, master: bool = True) -> None:
        for _ in range(ms // PASS):
            super().run(PASS, master)
            coil = self.board.driven >> 6 & self.others & self.closed
            was, self.board.load_contact = self.board.load_contact, coil != 0
            self.moved += was is not self.board.load_contact
            self.board.current_ma = self.flows if self.board.load_contact else 0

    def sail(self, flows: int) -> "Wired":
        """Closed, with this current."""
        self.start(switches=COILS)
        self.flows = flows
        self.run(100)
        assert self.shut()
        self.moved = 0
        return self


@pytest.mark.parametrize(("flows", "coil"), [(500, CHARGE_COIL), (90_000, CHARGE_COIL), (-500, LOAD_COIL)])
def test_the_coil_is_fed_through_the_loop_of_the_currents_direction(flows: int, coil: int) -> None:
    assert Wired().sail(flows).board.driven & COILS == coil


@pytest.mark.parametrize(("first", "coil"), [(20_000, CHARGE_COIL), (-20_000, LOAD_COIL)])
@pytest.mark.parametrize("little", [499, 0, -499])
def test_where_next_to_nothing_flows_it_stays_with_its_loop(first: int, coil: int, little: int) -> None:
    bench = Wired().sail(first)
    bench.flows = little
    bench.run(200)
    assert bench.board.driven & COILS == coil


@pytest.mark.parametrize("whose", ["this board's guard", "another node"])
@pytest.mark.parametrize(("flows", "loop"), [(20_000, CHARGE), (-20_000, DISCHARGE)])
def test_the_loss_of_that_loop_opens_it_for_good_whoever_drops_it(whose: str, flows: int, loop: int) -> None:
    bench = Wired().sail(flows)
    if whose == "another node":
        bench.others = BOTH & ~loop
    else:
        bench.board.cell_mv[1] = 3_800 if loop == CHARGE else 2_400
    bench.run(4_500)
    assert not bench.shut()
    assert bench.moved == 1


@pytest.mark.parametrize(("flows", "loop"), [(20_000, DISCHARGE), (-20_000, CHARGE)])
def test_the_loss_of_the_other_loop_opens_nothing(flows: int, loop: int) -> None:
    bench = Wired().sail(flows)
    bench.others = BOTH & ~loop
    bench.run(1_000)
    assert bench.shut()
    bench.flows = -flows  # until the current turns
    bench.run(100)
    assert not bench.shut()
    assert bench.moved == 1


def test_an_empty_battery_can_be_charged_and_a_full_one_used() -> None:
    empty = Wired()
    empty.board.cell_mv[1] = 2_400
    empty.start(CHARGE, COILS)
    empty.flows = 10_000
    empty.run(6_000)
    assert empty.shut()
    assert empty.closed == CHARGE
    frost = Wired()
    frost.board.temperature_dc[1] = -60
    frost.start(DISCHARGE, COILS)
    frost.flows = -10_000
    frost.run(7_000)
    assert frost.shut()
    assert frost.closed == DISCHARGE


def test_an_overvoltage_that_does_not_end_opens_it_whatever_the_shunt_says() -> None:
    bench = Wired().sail(0)
    bench.board.cell_mv[1] = 3_751
    bench.run(2_000 + STUBBORN_MS - PASS)
    assert bench.shut()
    assert bench.closed == DISCHARGE
    bench.run(2 * PASS)
    assert bench.closed == 0
    assert not bench.shut()


def test_with_two_contactors_an_overvoltage_never_forbids_discharging() -> None:
    bench = Bench().start(switches=COILS)
    bench.board.cell_mv[1] = 3_751
    bench.run(2 * STUBBORN_MS)
    assert bench.closed == DISCHARGE
    assert bench.board.driven & COILS == LOAD_COIL


@pytest.mark.parametrize(
    ("current", "own", "way"),
    [
        (-770, 770, CHARGE_COIL),  # a charger has been let in and gives nothing yet
        (-770, None, 0),
        (-770, -300, 0),
        (-1_300, 770, 0),  # 530 mA of loads
        (-200, 770, CHARGE_COIL),
        (600, 770, CHARGE_COIL),
    ],
)
def test_what_the_boards_themselves_drain_is_no_forbidden_discharge(current: int, own: int | None, way: int) -> None:
    bench = Wired()
    bench.board.cell_mv[1] = 2_400
    bench.board.own_ma = own
    bench.start(CHARGE, COILS)
    bench.flows = current
    bench.run(6_000)
    assert bench.closed == CHARGE
    assert bench.board.driven & COILS == way


def test_what_the_boards_draw_never_makes_a_charge_of_nothing() -> None:
    bench = Wired()
    bench.board.temperature_dc[1] = -60
    bench.board.own_ma = 770
    bench.start(DISCHARGE, COILS)
    bench.flows = 0  # a charger that ignores its stop feeds just the loads and the boards
    bench.run(7_000)
    assert bench.closed == DISCHARGE
    assert bench.shut()
    bench.flows = 770
    bench.run(1_000)
    assert not bench.shut()


@pytest.mark.parametrize(("current", "age"), [(None, 0), (-20_000, None), (-20_000, 501)])
def test_an_unknown_current_may_charge(current: int | None, age: int | None) -> None:
    bench = Wired().start(switches=COILS)
    bench.run(100)
    Bench.run(bench, PASS)
    bench.board.current_ma, bench.board.current_age = current, age
    Bench.run(bench, PASS)
    assert bench.board.driven & COILS == CHARGE_COIL
    bench.permits = DISCHARGE
    Bench.run(bench, 200)
    assert bench.board.driven & COILS == 0


def test_the_master_dies_by_day_and_the_loads_stay_on() -> None:
    bench = Wired().sail(20_000)
    bench.run(480, master=False)
    bench.flows = 300  # the charger has obeyed its relay; next to nothing is drawn
    bench.run(2_000, master=False)
    assert bench.closed == DISCHARGE
    assert bench.shut()
    assert bench.moved == 0
    bench.flows = -20_000
    bench.run(57_000, master=False)
    assert bench.shut()
    bench.run(1_000, master=False)
    assert not bench.shut()


def test_the_master_dies_under_a_charger_that_ignores_it() -> None:
    bench = Wired().sail(20_000)
    bench.run(2_800, master=False)
    assert bench.shut()
    bench.run(300, master=False)
    assert not bench.shut()
    bench.run(3_000, master=False)
    assert bench.moved == 1


def test_without_an_auxiliary_contact_that_says_closed_no_loop_takes_over() -> None:
    bench = Wired().sail(20_000)
    bench.flows = 0
    bench.run(100)
    bench.board.load_contact = None
    bench.permits = DISCHARGE
    Bench.run(bench, 200)
    assert bench.board.driven & COILS == 0


@pytest.mark.parametrize("permits", [CHARGE, DISCHARGE, BOTH])
def test_either_loop_feeds_its_pre_charge_while_the_master_lives(permits: int) -> None:
    bench = Wired().start(permits, PRE_CHARGE)
    assert bench.board.driven & PRE_CHARGE
    bench.run(600, master=False)
    assert not bench.board.driven & PRE_CHARGE
    assert not Wired().start(0, PRE_CHARGE).board.driven & PRE_CHARGE
    assert bool(Bench().start(permits, PRE_CHARGE).board.driven & PRE_CHARGE) is bool(permits & DISCHARGE)


def test_a_kind_of_wiring_that_is_not_known_is_refused() -> None:
    assert Limits().accept(bytes(configuration({"bus": COMMON})))
    assert not Limits().accept(bytes(configuration({"bus": COMMON + 1})))


class World:
    """Outputs alone with a contact that follows at once, for every order of events."""

    def __init__(self) -> None:
        limits = Limits()
        assert limits.accept(bytes(configuration(WIRED)))
        self.outputs = Outputs(limits, Heartbeat())
        self.contact = False
        self.loops = BOTH  # of the other nodes: what fell closes only after the master has let go of it (ADR 5)
        self.lost = 0  # a direction whose loop was lost while it flowed: nothing may close until the master lets go

    def step(self, wanted: bool, own: int, others: int, flows: int) -> None:
        self.outputs.wanted = COILS if wanted else 0
        self.loops = others = self.loops & others if wanted else others
        current = flows if self.contact else 0
        before = self.contact
        word = self.outputs.step(own, False, current, before) & COILS
        assert word in (0, CHARGE_COIL, LOAD_COIL)
        self.contact = word >> 6 & own & others != 0
        direction = CHARGE if current >= 500 else DISCHARGE if current <= -500 else 0
        assert not (self.contact and direction and not direction & own & others), "its loop is open, and it flows"
        self.lost = 0 if not wanted else self.lost or (direction if before and not self.contact else 0)
        assert not (self.contact and self.lost), "closed again by surprise"


STEPS = [
    (wanted, own, others, flows)
    for wanted, own, others, flows in product(
        (True, True, False), (CHARGE, DISCHARGE, BOTH, BOTH), (CHARGE, DISCHARGE, BOTH), (-9_000, -499, 0, 499, 9_000)
    )
]


@given(st.lists(st.sampled_from(STEPS), max_size=40))
@settings(max_examples=400, deadline=None)
def test_in_whatever_order_loops_and_currents_come_and_go(steps: list[tuple[bool, int, int, int]]) -> None:
    world = World()
    for step in steps:
        world.step(*step)
