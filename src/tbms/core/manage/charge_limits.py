"""cvl, ccl, dcl: what chargers and loads are told, from the worst cell; down at once, up after a hold and slowly."""

from math import inf
from typing import NamedTuple

from tbms.core.manage.scene import UNCERTAIN, Scene
from tbms.model.limit import Measure
from tbms.settings.energy import ChargeRules, Points

VOLT_RISE = 0.001  # V/s per cell by which a lowered charge voltage comes back
HAIR = 0.002  # V above its target that a cell may stand without being held back: noise of one sample


class Ramp(NamedTuple):
    """A limit now, and when it was lowered last, s."""

    value: float
    lowered: float = -inf


class Limits(NamedTuple):
    """cvl: charge voltage, V of the pack. ccl, dcl: charge and discharge current, A, both positive."""

    cvl: Ramp
    ccl: Ramp
    dcl: Ramp


def interpolate(points: Points, at: float) -> float:
    """Share at this value: straight lines between the points, level outside; 1 without a table."""
    if not points:
        return 1.0
    below, share = points[0]
    if at <= below:
        return share
    for above, other in points:
        if at <= above:
            return share + (other - share) * (at - below) / (above - below)
        below, share = above, other
    return share


def follow(ramp: Ramp, target: float, now: float, hold: float, step: float) -> Ramp:
    """The limit after this moment: down at once, up by at most `step` once it was not lowered for `hold` s."""
    if target < ramp.value:
        return Ramp(target, now)
    if target == ramp.value or now - ramp.lowered < hold:
        return ramp
    return Ramp(min(target, ramp.value + step), ramp.lowered)


def _thermal(scene: Scene, points: Points) -> float:
    """The worse share of the coldest and the hottest cell; an unknown one stands in with its margin."""
    readings = scene.measured.readings
    cold, hot = readings[Measure.TEMPERATURE_COLD].lowest, readings[Measure.TEMPERATURE_HOT].highest
    if cold is None or hot is None:
        return 1.0 if not scene.measured.temperatures else 0.0
    return min(interpolate(points, cold), interpolate(points, hot))


def charge_current(scene: Scene, rules: ChargeRules) -> float:
    """Largest charge current now, A; 0 while charging is forbidden or a cell is unknown."""
    measured = scene.measured
    if not scene.charge or measured.highest is None or measured.lowest is None or None in measured.voltages:
        return 0.0
    share = min(interpolate(rules.by_voltage, measured.highest), _thermal(scene, rules.by_temperature))
    if rules.by_soc and scene.estimate.soc_sigma <= UNCERTAIN:
        share = min(share, interpolate(rules.by_soc, scene.estimate.soc))
    most = rules.current * share
    if measured.lowest < rules.deep:
        most = min(most, rules.deep_current)
    return min(most, rules.blind_current) if None in measured.temperatures else most


def discharge_current(scene: Scene, rules: ChargeRules) -> float:
    """Largest discharge current now, A, positive; 0 while discharging is forbidden."""
    lowest = scene.measured.lowest
    if scene.limp and scene.discharge:
        return rules.discharge_current
    if not scene.discharge or lowest is None:
        return 0.0
    share = min(interpolate(rules.discharge_by_voltage, lowest), _thermal(scene, rules.discharge_by_temperature))
    return rules.discharge_current * share


def charge_voltage(scene: Scene, target: float, cells: int) -> float:
    """Voltage for the pack, V: the target for every cell, less what any cell stands above it."""
    full = cells * target
    highest = scene.measured.highest
    if highest is None or highest <= target + HAIR:
        return full
    return sum(target if voltage is None or voltage > target else voltage for voltage in scene.measured.voltages)


def advance(limits: Limits, scene: Scene, target: float, cells: int, rules: ChargeRules) -> Limits:
    """All three after this moment; the same object when nothing changed. target: V per cell."""
    now, dt = scene.clock, scene.measured.dt
    loads = 0.0 if scene.limp else rules.hold
    after = Limits(
        follow(limits.cvl, charge_voltage(scene, target, cells), now, rules.hold, VOLT_RISE * cells * dt),
        follow(limits.ccl, charge_current(scene, rules), now, rules.hold, rules.rise * rules.current * dt),
        follow(limits.dcl, discharge_current(scene, rules), now, loads, rules.rise * rules.discharge_current * dt),
    )
    return limits if all(one is other for one, other in zip(after, limits, strict=True)) else after
