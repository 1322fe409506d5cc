"""What simulated chargers tell of themselves."""

from dataclasses import replace

from tbms.model.action import Actions
from tbms.model.sample import SourceKind, SourceReport, SourceState
from tbms.twin.boat import boat
from tbms.twin.face import FastFace

CLOSED = Actions(permit_charge=True, permit_discharge=True, charge_contactor=True, load_contactor=True)
OFF = (0.0, SourceState.OFF)


def told(face: FastFace, *enabled: SourceKind) -> dict[SourceKind, SourceReport]:
    """After a minute with these chargers enabled."""
    actions = replace(CLOSED, outputs=(*(kind in enabled for kind in SourceKind), False, False, False))
    face.exchange(actions)
    face.sleep_until(face.now() + 60.0)
    return {source.kind: source for source in face.exchange(actions).sources}


def test_each_tells_its_own_power_and_state() -> None:
    face = FastFace(boat(sky="clear", clock=12 * 3600.0, soc=0.5))
    face.world.shore = True
    found = told(face, SourceKind.SOLAR, SourceKind.SHORE)
    solar, shore, alternator = (found[kind] for kind in (SourceKind.SOLAR, SourceKind.SHORE, SourceKind.ALTERNATOR))
    current, voltage = face.world.chargers[0].current, face.world.charge_bus.voltage
    assert solar.power is not None
    assert shore.power is not None
    assert abs(solar.power - current * voltage) < 0.1
    assert solar.power > 500.0
    assert shore.power > 2000.0
    assert solar.state == shore.state == SourceState.BULK
    assert (alternator.power, alternator.state) == OFF  # the engine does not run


def test_a_charger_that_is_told_to_stop_or_has_no_sun_is_off() -> None:
    face = FastFace(boat(clock=12 * 3600.0))
    solar = told(face)[SourceKind.SOLAR]
    assert (solar.power, solar.state) == OFF
    solar = told(FastFace(boat(clock=0.0)), SourceKind.SOLAR)[SourceKind.SOLAR]
    assert (solar.power, solar.state) == OFF


def test_a_full_battery_lets_it_float() -> None:
    face = FastFace(boat(sun=1200.0, clock=12 * 3600.0, soc=0.995))
    for _ in range(90):
        found = told(face, SourceKind.SOLAR)
    assert found[SourceKind.SOLAR].state in (SourceState.ABSORPTION, SourceState.FLOAT)
