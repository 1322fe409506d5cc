"""Every fault of the table, and how it shows in the readings or in the world."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean, pstdev

import pytest

from tbms.model.action import Actions
from tbms.twin.balancer import Balancer
from tbms.twin.boat import boat
from tbms.twin.face import FastFace
from tbms.twin.faults import FAULTS, Place
from tbms.twin.inject import Injection
from tbms.twin.profile import Profile
from tbms.twin.readings import Readings
from tbms.twin.sensors import Sensors
from tbms.twin.world import Controls, World

OUT = (True, True, True, True, False, False)
ON = Controls(True, True, False, OUT, True, True)
PRE = Controls(True, False, True, OUT, True, True)
OFF = Controls()


@dataclass
class Pair:
    """Two boats alike but for the fault: well, and ill."""

    well: World
    ill: World
    sensors: tuple[Sensors, Sensors]

    def run(self, seconds: float, controls: Controls = ON, dt: float = 1.0) -> None:
        for _ in range(round(seconds / dt)):
            for world, sensors in zip((self.well, self.ill), self.sensors, strict=True):
                world.advance(dt, controls)
                sensors.read(world)

    def read(self) -> tuple[Readings, Readings]:
        return self.sensors[0].read(self.well), self.sensors[1].read(self.ill)

    def volts(self) -> list[float]:
        """How far each cell of the ill one reads from the well one."""
        well, ill = self.read()
        return [round(b - a, 6) for a, b in zip(well.cell_voltages, ill.cell_voltages, strict=True)]

    def warm(self) -> list[float]:
        well, ill = self.read()
        return [round(b - a, 6) for a, b in zip(well.temperatures, ill.temperatures, strict=True)]


def world(load: float, soc: float) -> World:
    made = boat(
        spread=0.0, sun=0.0, loads=Profile.constant(load), soc=soc, swing=0.0, balancer=Balancer("passive", 0.5)
    )
    made.advance(1.0, PRE)
    for _ in range(5):
        made.advance(1.0, ON)
    return made


def pair(
    kind: str, where: int | str = 1, severity: float | None = None, load: float = 2000.0, soc: float = 0.6
) -> Pair:
    """Both run with both contactors closed; the fault begins now."""
    made = Pair(world(load, soc), world(load, soc), (Sensors(16, noise=0.0), Sensors(16, noise=0.0)))
    made.run(1)
    made.ill.inject(Injection(kind, where, severity))
    return made


def others(values: list[float], *cells: int) -> list[float]:
    return [v for k, v in enumerate(values, 1) if k not in cells]


def loose_busbar() -> None:
    two = pair("loose_busbar", 4, 1e-3)
    two.run(600)
    assert two.volts()[3] == pytest.approx(two.ill.current * 1e-3, rel=0.02)
    assert max(map(abs, others(two.volts(), 4))) < 0.001
    assert two.ill.pack.temperatures[3] > two.well.pack.temperatures[3] + 0.1


def sense_resistance() -> None:
    two = pair("sense_resistance", 4, 0.5)
    two.run(2)
    assert max(map(abs, two.volts())) < 0.001
    two.run(2, Controls(True, True, False, OUT, True, True, balance=(False,) * 3 + (True,) + (False,) * 12))
    assert two.volts()[3] == pytest.approx(-0.25, abs=0.002)
    assert two.volts()[4] == pytest.approx(0.25, abs=0.002)


def open_wire() -> None:
    two = pair("open_wire", 4)
    two.run(2)
    well, ill = two.read()
    assert ill.cell_voltages[3] < 0.3
    assert sum(ill.cell_voltages[3:5]) == pytest.approx(sum(well.cell_voltages[3:5]), abs=0.001)


def swapped_wires() -> None:
    two = pair("swapped_wires", 4)
    two.run(2)
    well, ill = two.read()
    assert ill.cell_voltages[4] == pytest.approx(-well.cell_voltages[4], abs=0.001)
    assert ill.cell_voltages[3] == pytest.approx(2 * well.cell_voltages[3], abs=0.001)
    assert sum(ill.cell_voltages[3:6]) == pytest.approx(sum(well.cell_voltages[3:6]), abs=0.001)


def voltage_offset() -> None:
    two = pair("voltage_offset", 2, 0.02)
    two.run(2)
    assert two.volts() == pytest.approx([0.0, 0.02] + [0.0] * 14, abs=2e-4)


def voltage_gain() -> None:
    two = pair("voltage_gain", 2, 0.01)
    two.run(2)
    assert two.volts()[1] == pytest.approx(0.01 * two.read()[0].cell_voltages[1], abs=2e-4)


def voltage_stuck() -> None:
    two = pair("voltage_stuck", 2)
    two.run(2)
    held = two.read()[1].cell_voltages[1]
    two.run(5, Controls(True, False, False, OUT, True, True))
    well, ill = two.read()
    assert ill.cell_voltages[1] == held
    assert well.cell_voltages[1] - held > 0.005


def voltage_noise() -> None:
    two = pair("voltage_noise", 2, 0.05)
    two.sensors = (Sensors(16), Sensors(16))
    seen = []
    for _ in range(200):
        two.run(1)
        seen.append(two.read()[1].cell_voltages)
    assert pstdev(v[1] for v in seen) == pytest.approx(0.05, rel=0.3)
    assert pstdev(v[2] for v in seen) < 0.005


def ntc_open() -> None:
    two = pair("ntc_open", 3)
    two.run(1)
    assert two.read()[1].temperatures[2] == -40.0


def ntc_short() -> None:
    two = pair("ntc_short", 3)
    two.run(1)
    assert two.read()[1].temperatures[2] == 120.0


def ntc_drift() -> None:
    two = pair("ntc_drift", 3, 5.0)
    two.run(1)
    assert two.warm()[2] == pytest.approx(5.0)
    assert max(others(two.warm(), 3)) == 0.0


def ntc_stuck() -> None:
    two = pair("ntc_stuck", 3)
    two.run(1)
    two.ill.pack.set_temperature(2, 40.0)
    two.run(2)
    assert two.read()[1].temperatures[2] == pytest.approx(22.0, abs=1.0)


def ntc_detached() -> None:
    two = pair("ntc_detached", 3, 0.8)
    for each in (two.well, two.ill):
        each.pack.set_temperature(2, 42.0)
    two.run(1)
    assert two.read()[1].temperatures[2] == pytest.approx(26.0, abs=0.5)


def shunt_offset() -> None:
    two = pair("shunt_offset", 1, 0.5)
    two.run(2, OFF)
    well, ill = two.read()
    assert ill.current - well.current == pytest.approx(0.5, abs=0.01)


def shunt_gain() -> None:
    two = pair("shunt_gain", 1, -2.0)
    two.run(2)
    well, ill = two.read()
    assert ill.current == pytest.approx(-well.current, abs=0.02)
    assert well.current < -30.0


def shunt_stuck() -> None:
    two = pair("shunt_stuck")
    two.run(2)
    held = two.read()[1].current
    two.run(3, OFF)
    well, ill = two.read()
    assert ill.current == held
    assert abs(well.current) < 1.0


def shunt_open() -> None:
    two = pair("shunt_open")
    two.run(2)
    well, ill = two.read()
    assert ill.current == 0.0
    assert ill.cell_voltages == pytest.approx(well.cell_voltages, abs=1e-3)


def sampling_skew() -> None:
    two = pair("sampling_skew", 1, 3.0)
    two.run(10)
    two.run(2, OFF)
    well, ill = two.read()
    assert abs(well.current) < 1.0
    assert ill.current < -30.0
    two.run(4, OFF)
    assert abs(two.read()[1].current) < 1.0


def capacity_loss() -> None:
    two = pair("capacity_loss", 6, 0.3)
    two.run(3600, dt=10.0)
    lost = [a - b for a, b in zip(two.well.pack.soc, two.ill.pack.soc, strict=True)]
    used = 0.6 - two.well.pack.soc[5]
    assert lost[5] == pytest.approx(used * 0.3 / 0.7, rel=0.02)
    assert max(map(abs, others(lost, 6))) < 1e-4


def soc_shift() -> None:
    two = pair("soc_shift", 6, -0.05)
    two.run(2)
    assert two.well.pack.soc[5] - two.ill.pack.soc[5] == pytest.approx(0.05, abs=1e-4)
    two.ill.clear("soc_shift:6")
    two.run(2)
    assert two.well.pack.soc[5] == pytest.approx(two.ill.pack.soc[5], abs=1e-4)


def self_discharge() -> None:
    two = pair("self_discharge", 6, 1.0)
    two.run(3600, OFF, dt=10.0)
    lost = [a - b for a, b in zip(two.well.pack.soc, two.ill.pack.soc, strict=True)]
    assert lost[5] == pytest.approx(1.0 / 280.0, rel=0.01)


def internal_short() -> None:
    two = pair("internal_short", 6, 100.0)
    two.run(60)
    assert two.volts()[5] < -0.05
    rise = (two.ill.pack.temperatures[5] - two.well.pack.temperatures[5]) / 60.0
    assert rise == pytest.approx(3.2**2 * 100.0 / 5400.0, rel=0.15)


def resistance_growth() -> None:
    two = pair("resistance_growth", 6, 0.5)
    two.run(60)
    assert two.volts()[5] < -0.003
    assert max(map(abs, others(two.volts(), 6))) < 0.001


def runaway() -> None:
    two = pair("runaway", 6, 500.0)
    two.run(60)
    assert two.warm()[5] > 4.0
    assert 0.0 < two.warm()[4] < 1.0


def contactor_welded() -> None:
    two = pair("contactor_welded", "charge")
    two.run(1)
    two.run(5, OFF)
    well, ill = two.read()
    assert well.feedbacks == (False, False, False)
    assert ill.feedbacks == (True, False, False)
    assert ill.charge_bus_voltage == pytest.approx(ill.pack_voltage, abs=0.1)


def contactor_stuck() -> None:
    two = pair("contactor_stuck", "load")
    two.run(3, OFF)
    two.run(3)
    well, ill = two.read()
    assert well.feedbacks[1]
    assert not ill.feedbacks[1]
    assert ill.load_bus_voltage < 45.0


def coil_failure() -> None:
    two = pair("coil_failure", "load")
    two.run(1)
    assert not two.read()[1].feedbacks[1]
    assert two.read()[0].feedbacks[1]


def contactor_chatter() -> None:
    two = pair("contactor_chatter", "load", 0.05)
    two.run(1, OFF)
    two.run(1)
    moves = [m for m in two.ill.marks if m.where == "load" and m.what in ("opened", "closed")]
    assert len(moves) == len([m for m in two.well.marks if m.where == "load" and m.what in ("opened", "closed")]) + 2


def feedback_wrong() -> None:
    two = pair("feedback_wrong", "load")
    two.run(1)
    assert not two.read()[1].feedbacks[1]
    assert two.ill.load_contactor.closed


def bus_short() -> None:
    two = pair("bus_short", "load", 0.2)
    two.run(3, OFF)
    two.run(2, PRE)
    well, ill = two.read()
    assert well.load_bus_voltage > 50.0
    assert ill.load_bus_voltage < 25.0


def bus_capacitance() -> None:
    two = pair("bus_capacitance", "load", 0.2)
    two.run(5, OFF)
    two.well.load_bus.voltage = two.ill.load_bus.voltage = 0.0
    two.run(0.5, PRE, dt=0.1)
    well, ill = two.read()
    assert well.load_bus_voltage > 40.0
    assert ill.load_bus_voltage < 20.0


def ignores_stop() -> None:
    two = pair("ignores_stop", "shore", load=100.0)
    two.well.shore = two.ill.shore = True
    two.run(10)
    two.run(5, Controls(True, True, False, (False,) * 6, True, True))
    well, ill = two.read()
    assert well.current < 0.0
    assert ill.current > 40.0


def charger_overvoltage() -> None:
    two = pair("charger_overvoltage", "shore", 3.0, load=0.0, soc=0.99)
    two.well.shore = two.ill.shore = True
    two.run(1800, dt=5.0)
    well, ill = two.read()
    assert well.pack_voltage < 55.4
    assert ill.pack_voltage > 56.0


def charger_current() -> None:
    two = pair("charger_current", "shore", 100.0, load=100.0)
    two.well.shore = two.ill.shore = True
    two.run(10)
    well, ill = two.read()
    assert ill.current - well.current == pytest.approx(100.0, abs=1.0)


def charger_ripple() -> None:
    two = pair("charger_ripple", "shore", 0.4, load=100.0)
    two.well.shore = two.ill.shore = True
    two.run(10)
    seen = []
    for _ in range(100):
        two.run(0.1, dt=0.1)
        well, ill = two.read()
        seen.append(ill.pack_voltage - well.pack_voltage)
    assert pstdev(seen) == pytest.approx(0.4 / 2**0.5, rel=0.3)
    assert abs(mean(seen)) < 0.15


def load_not_shed() -> None:
    two = pair("load_not_shed", "comfort")
    two.run(5, Controls(True, True, False, (True, True, True, False, False, False), True, True))
    well, ill = two.read()
    assert well.current > -5.0
    assert ill.current < -30.0


def load_power() -> None:
    two = pair("load_power", "base", 3000.0)
    two.run(2)
    well, ill = two.read()
    assert ill.current - well.current == pytest.approx(-3000.0 / 52.5, rel=0.03)


def reports(kind: str, severity: float | None = None) -> list[tuple[bool, float]]:
    """(online, age) of node 2 over ten samples after the fault began."""
    face = FastFace(boat(sun=0.0))
    face.exchange(Actions(permit_charge=True, permit_discharge=True))
    face.world.inject(Injection(kind, 2, severity))
    seen = []
    for n in range(1, 11):
        face.sleep_until(0.1 * n)
        node = face.exchange(Actions(permit_charge=True, permit_discharge=True)).nodes[1]
        seen.append((node.online, round(node.age, 3)))
    return seen


def frames_lost() -> None:
    assert reports("frames_lost")[-1] == (False, 1.0)


def frames_corrupt() -> None:
    seen = reports("frames_corrupt", 0.5)
    assert {online for online, _ in seen} == {True, False}
    assert max(age for _, age in seen) < 1.0


def data_stale() -> None:
    assert reports("data_stale")[-1] == (True, 1.0)


def duplicate_address() -> None:
    assert reports("duplicate_address")[-1] == (False, 1.0)


def node_hang() -> None:
    assert reports("node_hang")[-1] == (False, 1.0)


def supply_dip() -> None:
    two = pair("supply_dip", 1, 8.0)
    two.run(1)
    assert two.read()[1].supply == pytest.approx(4.0)
    assert two.read()[1].feedbacks == (False, False, False)


def clock_jump() -> None:
    face = FastFace(boat())
    before = face.timestamp()
    face.world.inject(Injection("clock_jump", severity=-3600.0))
    face.sleep_until(10.0)
    assert face.timestamp() - before == pytest.approx(10.0 - 3600.0)
    assert face.now() == 10.0


def ambient() -> None:
    two = pair("ambient", 1, 30.0)
    two.run(3600, dt=10.0)
    assert min(two.warm()) > 10.0


def heater_stuck() -> None:
    two = pair("heater_stuck", 1, 1600.0)
    two.run(600, OFF, dt=10.0)
    assert two.warm() == pytest.approx([100.0 * 600 / 5400] * 16, rel=0.15)


def cooling_loss() -> None:
    two = pair("cooling_loss", 1, 0.9)
    for each in (two.well, two.ill):
        each.inject(Injection("heater_stuck", 1, 400.0))
    two.run(7200, OFF, dt=10.0)
    assert min(two.warm()) > 5.0


CHECKS: dict[str, Callable[[], None]] = {name: globals()[name] for name in FAULTS}


@pytest.mark.parametrize("kind", FAULTS)
def test_it_shows_as_the_table_says(kind: str) -> None:
    CHECKS[kind]()


@pytest.mark.parametrize("kind", FAULTS)
def test_it_is_gone_when_cleared(kind: str) -> None:
    made = boat()
    where: dict[Place, int | str] = {
        Place.CONTACTOR: "charge",
        Place.BUS: "load",
        Place.CHARGER: "shore",
        Place.LOAD: "base",
    }
    injection = Injection(kind, where.get(FAULTS[kind].place, 1))
    made.inject(injection)
    made.advance(0.1, OFF)
    assert any(any(values) for values in made.effects.value.values())
    assert made.clear(injection.label)
    made.advance(0.1, OFF)
    assert not any(any(values) for values in made.effects.value.values())
    assert [cell.r0 for cell in made.pack.cells] == [cell.r0 for cell in made.pack.base]
