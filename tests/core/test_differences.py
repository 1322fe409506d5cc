"""Protections that compare values, follow them, or look at open contactors: one step each side of every figure."""

from collections.abc import Callable

import pytest
from tests.strategies import PERIOD, Rig, came, four, make

from tbms.core.estimate.resistance import SURE, Part
from tbms.model.command import Command, CommandKind
from tbms.model.fault import Ring
from tbms.settings.chemistry import CHEMISTRIES

Put = Callable[[Rig, float], None]


def voltage(rig: Rig, value: float) -> None:
    rig.cells = [3.3, 3.3, 3.3, 3.3 - value]
    rig.current = 0.0


def temperature(rig: Rig, value: float) -> None:
    rig.temperatures = [20.0, 20.0, 20.0, 20.0 + value]


def board(rig: Rig, value: float) -> None:
    rig.node(1, board_temperature=value)


def supply(rig: Rig, value: float) -> None:
    rig.node(1, supply=value)


def total(rig: Rig, value: float) -> None:
    rig.pack = 13.2 / (1 + value / 100)


def leaking(rig: Rig, value: float) -> None:
    rig.current = value


RINGS = [
    ("voltage_spread", voltage, 0.001),
    ("temperature_spread", temperature, 0.01),
    ("board_temperature", board, 0.01),
    ("supply", supply, -0.01),
    ("sum_of_cells", total, 0.01),
]
CASES = [
    pytest.param(key, put, step, ring, id=f"{key}-{ring}")
    for key, put, step in RINGS
    for ring in Ring
    if four().rungs[key].value[ring] is not None
]


@pytest.mark.parametrize(("key", "put", "step", "ring"), CASES)
def test_one_step_each_side_of_a_figure_and_of_its_delay(key: str, put: Put, step: float, ring: Ring) -> None:
    rig = Rig().ready()
    rungs = rig.settings.rungs[key]
    threshold, delay = rungs.value[ring], rungs.delay[ring]
    assert threshold is not None
    put(rig, threshold - step / 2)
    rig.run(delay + 1)
    assert not [e for e in came(rig.events, key) if e.ring is ring]
    put(rig, threshold + step)
    rig.run(delay - PERIOD)
    assert not [e for e in came(rig.events, key) if e.ring is ring]
    rig.run(2 * PERIOD)
    assert [e for e in came(rig.events, key) if e.ring is ring]


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_a_loaded_pack_does_not_cry_wolf(chemistry: str) -> None:
    kind = CHEMISTRIES[chemistry]
    rig = Rig(four(f"pack.chemistry={chemistry}"), cells=[kind.nominal] * 4).ready()
    rig.cells[3] = kind.nominal - 0.12
    rig.current = -5.0
    rig.run(100)
    assert not came(rig.events, "voltage_spread")
    rig.current = -4.9
    rig.run(30)
    rig.current = -20.0
    rig.run(60)
    rig.current = 0.0
    rig.run(59)
    assert not came(rig.events, "voltage_spread")  # a delay that was broken off begins anew
    rig.run(2)
    assert "voltage_spread warn" in rig.faults()
    rig.current = -50.0
    rig.cells[3] = kind.nominal
    rig.run(30)
    assert "voltage_spread warn" in rig.faults()  # under load nobody knows that it has gone


def test_above_the_knee_the_spread_counts_under_any_current() -> None:
    rig = Rig(cells=[3.30, 3.30, 3.30, 3.41]).ready()
    rig.current = 30.0
    rig.run(61)
    assert "voltage_spread warn" in rig.faults()


def test_an_odd_low_cell_forbids_loads_and_an_odd_high_one_chargers() -> None:
    low = Rig().ready()
    low.cells = [3.3, 3.3, 3.3, 2.79]
    low.run(11)
    assert "voltage_spread:4 cut" in low.faults()
    assert (low.state.may_charge, low.state.may_discharge) == (True, False)
    high = Rig().ready()
    high.cells = [3.0, 3.0, 3.0, 3.51]
    high.run(11)
    assert "voltage_spread:4 cut" in high.faults()
    assert (high.state.may_charge, high.state.may_discharge) == (False, True)


def test_a_spread_around_the_middle_is_an_alarm_that_forbids_nothing() -> None:
    rig = Rig(four("protect.voltage_spread.cut=0.15"), cells=[3.39, 3.39, 3.39, 3.22]).ready()
    rig.run(11)
    assert rig.faults() == {"voltage_spread cut"}
    assert (rig.state.may_charge, rig.state.may_discharge) == (True, True)


def test_spreads_can_be_switched_off() -> None:
    ids = ("voltage_spread", "sum_of_cells")
    rig = Rig(four(*[f"protect.{key}.{ring}=off" for key in ids for ring in ("warn", "cut")])).ready()
    rig.cells[3], rig.pack = 2.7, 11.0
    rig.run(100)
    assert not came(rig.events, "voltage_spread")
    assert not came(rig.events, "sum_of_cells")


def test_a_missing_sensor_adds_nothing_to_the_temperature_spread() -> None:
    rig = Rig().ready()
    rig.temperatures = [20.0, None, 22.0, 20.0]
    rig.run(70)
    assert not came(rig.events, "temperature_spread")


def resistances(rig: Rig, steps: int, *values: float | None) -> None:
    """Let so many load steps have shown these resistances, Ω."""
    parts = rig.state.estimate.parts._replace(ohmic=tuple(None if v is None else Part(v, 1e-12, steps) for v in values))
    rig.state = rig.state._replace(estimate=rig.state.estimate._replace(parts=parts))


@pytest.mark.parametrize(
    ("steps", "values", "expected"),
    [
        (SURE, (1e-3, 2e-3, None, None), False),
        (SURE - 1, (1e-3, 1e-3, 1e-3, 1.6e-3), False),
        (SURE, (1e-3, 1e-3, 1e-3, 1.6e-3), True),
    ],
)
def test_resistances_are_compared_when_three_are_known_for_sure(
    steps: int, values: tuple[float | None, ...], expected: bool
) -> None:
    rig = Rig().ready()
    for _ in range(620):
        resistances(rig, steps, *values)
        rig.tick()
    assert bool(came(rig.events, "resistance_spread")) is expected


def test_a_cell_that_heats_up_fast_is_told_then_latched() -> None:
    rig = Rig().ready()
    rig.run(20)
    for _ in range(600):
        rig.temperatures[2] += 4.0 / 600  # type: ignore[operator]  # K/min
        rig.tick()
    assert "temperature_rate:3 warn" in rig.faults()
    while_warned = rig.state
    assert while_warned.may_discharge
    for _ in range(400):
        rig.temperatures[2] += 12.0 / 600  # type: ignore[operator]
        rig.tick()
    assert "temperature_rate:3 cut" in rig.faults()
    assert not rig.state.may_charge
    assert not rig.state.may_discharge
    rig.run(300)
    assert rig.state.verdict.latched_charge
    rig.tick(Command(CommandKind.CLOSE, local=True))
    rig.run(10)
    assert rig.state.may_charge


def test_slow_heat_is_no_rate() -> None:
    rig = Rig().ready()
    for _ in range(1200):
        rig.temperatures = [value + 2.5 / 600 for value in rig.temperatures]  # type: ignore[operator]
        rig.tick()
    assert not came(rig.events, "temperature_rate")


def test_a_plug_put_in_is_no_heat_and_three_jumps_are_a_bad_sensor() -> None:
    rig = Rig().ready()
    rig.run(20)
    rig.temperatures[1] = 31.0
    rig.run(70)
    assert not came(rig.events, "temperature_rate")
    assert not came(rig.events, "jumping_sensor")
    for value in (20.0, 31.0, 20.0):
        rig.temperatures[1] = value
        rig.run(5)
    assert "jumping_sensor:2 warn" in rig.faults()
    assert rig.state.may_charge
    rig.run(130)
    assert rig.faults() == set()


def test_a_cell_voltage_that_jumps_alone_is_a_sensor() -> None:
    rig = Rig().ready()
    for value in (2.95, 3.35, 2.95, 3.3):
        rig.cells[0] = value
        rig.run(1)
    assert "jumping_sensor:1 warn" in rig.faults()
    together = Rig().ready()
    for value in (2.95, 3.35, 2.95, 3.3):
        together.cells = [value] * 4
        together.run(1)
    assert not came(together.events, "jumping_sensor")


def test_a_voltage_that_follows_the_current_does_not_jump() -> None:
    rig = Rig().ready()
    for value, current in ((2.9, -80.0), (3.3, 0.0)) * 3:
        rig.cells[0], rig.current = value, current
        rig.tick()
    assert not came(rig.events, "jumping_sensor")


def stepped(rig: Rig, current: float, stuck: int | None = None) -> None:
    """The load changes: every cell answers, except one."""
    rig.current = current
    rig.cells = [3.3 + 1e-3 * current if place != stuck else 3.3 for place in range(4)]
    rig.run(1)


def test_a_cell_that_never_answers_the_current_is_stuck() -> None:
    rig = Rig().ready()
    for current in (-20.0, 0.0):
        stepped(rig, current, stuck=1)
    assert not came(rig.events, "stuck_sensor")
    stepped(rig, -20.0, stuck=1)
    assert "stuck_sensor:2 cut" in rig.faults()
    assert (rig.state.may_charge, rig.state.may_discharge) == (False, True)
    rig.run(601, dt=1.0)
    assert not rig.state.may_discharge
    stepped(rig, -40.0)
    rig.run(2)
    assert "stuck_sensor:2 cut" not in rig.faults()


def test_a_cell_that_moves_by_itself_is_not_stuck_though_no_current_can_flow() -> None:
    rig = Rig().ready()
    for current in (-20.0, 0.0, -20.0):
        stepped(rig, current, stuck=1)
    rig.run(601, dt=1.0)
    rig.current = 0.0
    rig.run(2)
    assert "stuck_sensor:2 cut" in rig.faults()
    rig.cells[1] = 3.299
    rig.run(2)
    assert not any("stuck_sensor" in fault for fault in rig.faults())


def test_at_rest_nothing_is_stuck() -> None:
    rig = Rig().ready()
    rig.run(60)
    assert rig.faults() == set()


def test_a_current_that_never_answers_the_voltages_is_stuck() -> None:
    rig = Rig().ready()
    for volts in (3.25, 3.3, 3.25):
        rig.cells = [volts] * 4
        rig.run(1)
    assert "stuck_sensor cut" in rig.faults()
    assert rig.state.may_charge
    rig.current = -2.0
    rig.run(2)
    assert rig.faults() == set()


def test_the_sum_of_cells_counts_as_a_cell_unknown() -> None:
    rig = Rig(pack=13.2).ready()
    rig.cells[0] = 2.8
    rig.run(4)
    assert (rig.state.may_charge, rig.state.may_discharge) == (False, True)
    assert "sum_of_cells cut" in rig.faults()
    rig.run(600, dt=1.0)
    assert not rig.state.may_discharge


def test_an_unknown_cell_ends_a_delay_of_the_sum_and_a_pack_of_nothing_has_none() -> None:
    rig = Rig(pack=13.2).ready()
    rig.cells[0] = 2.8
    rig.run(2)
    rig.cells[0] = None
    rig.run(5)
    rig.pack = 0.0
    rig.cells[0] = 3.3
    rig.run(5)
    assert not came(rig.events, "sum_of_cells")


def test_a_weak_supply_is_an_alarm_and_a_hot_board_opens() -> None:
    rig = Rig().ready()
    rig.node(1, supply=9.4)
    rig.run(0.3)
    assert rig.faults() == {"supply:1 cut"}
    assert rig.state.may_discharge
    rig.node(1, supply=12.0, board_temperature=85.1)
    rig.run(5.1)
    assert not rig.state.may_charge
    assert not rig.state.may_discharge


STOP = Command(CommandKind.STOP, who="Ann")


@pytest.mark.parametrize("current", [0.51, -0.51])
def test_current_through_open_contactors_is_an_alarm(current: float) -> None:
    rig = Rig().ready()
    rig.tick(STOP)
    rig.run(2)
    rig.current = 0.5 if current > 0 else -0.5
    rig.run(7)
    assert not came(rig.events, "current_while_open")
    rig.current = current
    rig.run(4.9)
    assert not came(rig.events, "current_while_open")
    rig.run(0.2)
    assert "current_while_open cut" in rig.faults()


@pytest.mark.parametrize(("current", "own", "flows"), [(-0.7, 0.6, False), (-0.7, None, True), (0.0, 0.6, True)])
def test_what_the_boards_draw_does_not_flow_through_open_contactors(
    current: float, own: float | None, flows: bool
) -> None:
    rig = Rig(own=own).ready()
    rig.tick(STOP)
    rig.current = current
    rig.run(8)
    assert ("current_while_open cut" in rig.faults()) is flows


def test_an_unknown_current_neither_proves_nor_clears() -> None:
    rig = Rig().ready()
    rig.tick(STOP)
    rig.current = -2.0
    rig.run(8)
    rig.current = None
    rig.run(20)
    assert "current_while_open cut" in rig.faults()


def test_an_inverter_that_charges_through_the_load_contactor_loses_it() -> None:
    rig = Rig(cells=[3.3, 3.3, 3.3, 3.66]).ready_for_loads()
    rig.current = 1.9
    rig.run(10)
    assert rig.state.may_discharge
    rig.current = 2.1
    rig.run(2.9)
    assert rig.done().load_contactor
    assert not rig.done().outputs[0]
    rig.run(0.2)
    assert not rig.done().load_contactor
    assert "charge_while_forbidden cut" in rig.faults()
    assert came(rig.events, "charge_while_forbidden")[0].cause.startswith("charging although it is forbidden 2.1 A")


def test_charging_where_it_is_allowed_is_none_of_its_business() -> None:
    rig = Rig().ready()
    rig.current = 30.0
    rig.run(30)
    assert rig.faults() == set()


@pytest.mark.parametrize(("side", "alone"), [("charge", False), ("load", True), ("load", False)])
def test_a_weld_shows_by_current_and_voltage_without_an_auxiliary_contact(side: str, alone: bool) -> None:
    rig = Rig(four("contactors.feedback=false")).ready()
    rig.switches = {"charge_bus_voltage": 0.0, "load_bus_voltage": 0.0}
    rig.switches[f"{side}_bus_voltage"] = 13.2
    if alone:
        rig.cells[1] = 2.59
        rig.run(4)
        rig.switches[f"{side}_bus_voltage"] = sum(rig.cells)
    else:
        rig.tick(STOP)
    rig.current = 5.0 if side == "charge" else -5.0
    rig.run(3.3)
    assert "weld cut" in rig.faults()
    assert [e.cause for e in came(rig.events, "weld")] == [f"{side} contactor welded"]


def test_a_charged_capacitor_is_no_weld_and_a_bus_that_stays_is_told() -> None:
    rig = Rig(four("contactors.feedback=false")).ready()
    rig.tick(STOP)
    rig.switches = {"load_bus_voltage": 13.1}
    rig.run(100, dt=1.0)
    assert not came(rig.events, "weld")
    rig.run(25, dt=1.0)
    assert rig.faults() == {"weld warn"}
    rig.switches = {"load_bus_voltage": 9.0}
    rig.run(3)
    assert rig.faults() == set()


def test_settings_that_change_in_memory_open_everything() -> None:
    settings = make("pack.cells=4", "pack.capacity=100", "name=damaged")
    rig = Rig(settings).ready()
    rig.run(10)
    assert rig.faults() == set()
    limit = settings.protections[20].rings[0][1]
    object.__setattr__(limit, "threshold", limit.threshold + 1.0)
    rig.run(10)
    assert not rig.state.may_discharge
    assert "settings_corrupted cut" in rig.faults()


def test_without_any_cell_voltage_nothing_is_compared() -> None:
    rig = Rig().ready()
    rig.cells = [None] * 4
    rig.run(2)
    assert not {"voltage_spread", "jumping_sensor", "stuck_sensor"} & {fault.id for fault in rig.state.verdict.faults}


def test_a_current_that_answers_a_little_is_not_stuck() -> None:
    rig = Rig().ready()
    for volts, current in ((3.25, 0.0), (3.3, 0.0), (3.25, -2.0), (3.3, -2.0), (3.25, -2.0)):
        rig.cells, rig.current = [volts] * 4, current
        rig.run(1)
    assert not came(rig.events, "stuck_sensor")
