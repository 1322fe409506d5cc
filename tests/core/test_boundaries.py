"""Every ring of every protection: one step each side of its value, one period each side of its delays."""

from collections.abc import Iterator

import pytest
from tests.strategies import PERIOD, Rig, came, four, went

from tbms.model.fault import Ring
from tbms.model.limit import Latch, Limit, Measure, Protection

SETTINGS = four("contactors.reclose_time=30")
RINGED = [p for p in SETTINGS.protections if p.measure <= Measure.TEMPERATURE_COLD]
STEP = {"V": 0.001, "A": 0.1, "°C": 0.1}
PLACE = 2


def cases() -> Iterator[tuple[Protection, Ring, Limit]]:
    for protection in RINGED:
        for ring, limit in protection.rings:
            yield protection, ring, limit


LASTING = Latch.OFF, Latch.RETRIES
CASES = [pytest.param(*case, id=f"{case[0].id}-{case[1]}") for case in cases()]
CLEARING = [pytest.param(*case, id=f"{case[0].id}-{case[1]}") for case in cases() if case[2].latch in LASTING]


def put(rig: Rig, protection: Protection, value: float) -> None:
    """Give the protection's measure this value at one place, everything else stays well."""
    if protection.measure is Measure.CELL_VOLTAGE:
        rig.cells[PLACE] = value
        rig.pack = 13.2
    elif protection.measure is Measure.PACK_VOLTAGE:
        rig.pack = value
    elif protection.measure is Measure.CURRENT:
        rig.current = value
    else:
        rig.temperatures[PLACE] = value


def off(protection: Protection) -> list[str]:
    """Every ring of every other protection removed."""
    others = [key for key in SETTINGS.rungs if key != protection.id]
    return [
        f"protect.{key}.{ring}=off" for key in others for ring in Ring if SETTINGS.rungs[key].value[ring] is not None
    ]


def events_of(rig: Rig, protection: Protection, ring: Ring, ticks: int) -> list[int]:
    """In which of the coming ticks this ring came or went."""
    return [n for n in range(ticks) if any(e.key == protection.id and e.ring is ring for e in rig.tick())]


def steps(delay: float) -> int:
    return round(delay / PERIOD)


@pytest.mark.parametrize(("protection", "ring", "limit"), CASES)
def test_trips_after_its_delay_and_not_a_period_before(protection: Protection, ring: Ring, limit: Limit) -> None:
    rig = Rig(SETTINGS, live=False)
    rig.run(1)
    side = 1 if limit.above else -1
    put(rig, protection, limit.threshold + side * STEP[protection.unit])
    assert events_of(rig, protection, ring, steps(limit.delay)) == []
    assert events_of(rig, protection, ring, 1) == [0]
    event = came(rig.events, protection.id)[-1]
    assert event.ring is ring
    assert event.limit == limit.threshold
    assert event.cell == (PLACE + 1 if protection.place == "cell" else None)


@pytest.mark.parametrize(("protection", "ring", "limit"), CASES)
def test_at_the_threshold_it_never_trips(protection: Protection, ring: Ring, limit: Limit) -> None:
    rig = Rig(SETTINGS, live=False)
    put(rig, protection, limit.threshold)
    assert events_of(rig, protection, ring, steps(limit.delay) + 5) == []


@pytest.mark.parametrize(("protection", "ring", "limit"), CASES)
def test_one_good_sample_begins_the_delay_anew(protection: Protection, ring: Ring, limit: Limit) -> None:
    rig = Rig(SETTINGS, live=False)
    beyond = limit.threshold + (1 if limit.above else -1) * STEP[protection.unit]
    put(rig, protection, beyond)
    assert events_of(rig, protection, ring, steps(limit.delay)) == []
    put(rig, protection, limit.threshold)
    rig.tick()
    put(rig, protection, beyond)
    assert events_of(rig, protection, ring, steps(limit.delay)) == []
    assert events_of(rig, protection, ring, 1) == [0]


def tripped(protection: Protection, ring: Ring, limit: Limit) -> Rig:
    rig = Rig(SETTINGS, live=False)
    put(rig, protection, limit.threshold + (1 if limit.above else -1) * STEP[protection.unit])
    assert events_of(rig, protection, ring, steps(limit.delay) + 1)
    return rig


@pytest.mark.parametrize(("protection", "ring", "limit"), CLEARING)
def test_clears_at_its_release_after_its_hold(protection: Protection, ring: Ring, limit: Limit) -> None:
    rig = tripped(protection, ring, limit)
    inside = limit.release + (1 if limit.above else -1) * STEP[protection.unit]
    if limit.needs_charging:
        rig.current = 10.0
        rig.run(60)
    put(rig, protection, inside)
    assert went([e for e in rig.run(2 * PERIOD) if e.ring is ring], protection.id) == []
    put(rig, protection, limit.release)
    hold = steps(limit.release_delay)
    assert events_of(rig, protection, ring, hold) == []
    assert events_of(rig, protection, ring, 1) == [0]


@pytest.mark.parametrize(("protection", "ring", "limit"), CLEARING)
def test_one_sample_off_its_release_begins_the_hold_anew(protection: Protection, ring: Ring, limit: Limit) -> None:
    rig = tripped(protection, ring, limit)
    if limit.needs_charging:
        rig.current = 10.0
        rig.run(60)
    put(rig, protection, limit.release)
    hold = steps(limit.release_delay)
    assert events_of(rig, protection, ring, hold) == []
    put(rig, protection, limit.release + (1 if limit.above else -1) * STEP[protection.unit])
    rig.tick()
    put(rig, protection, limit.release)
    assert events_of(rig, protection, ring, hold) == []
    assert events_of(rig, protection, ring, 1) == [0]


@pytest.mark.parametrize("protection", RINGED, ids=lambda p: p.id)
def test_each_alone_forbids_what_the_table_says_and_nothing_else(protection: Protection) -> None:
    others = off(protection)
    ring, limit = protection.rings[-1]
    assert ring is Ring.CUT
    rig = Rig(four(*others), live=False)
    put(rig, protection, limit.threshold + (1 if limit.above else -1) * STEP[protection.unit])
    rig.run(limit.delay)
    assert rig.state.may_charge
    assert rig.state.may_discharge
    rig.tick()
    assert rig.state.may_charge is not protection.forbids_charge
    assert rig.state.may_discharge is not protection.forbids_discharge


@pytest.mark.parametrize("protection", RINGED, ids=lambda p: p.id)
def test_at_the_outermost_threshold_everything_is_permitted(protection: Protection) -> None:
    others = off(protection)
    rig = Rig(four(*others), live=False)
    put(rig, protection, protection.outermost)
    rig.run(40)
    assert rig.state.may_charge
    assert rig.state.may_discharge
    assert rig.state.verdict.faults == ()
