"""Charge management and balancing: the figures that hold, and what must hold between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tbms.model.units import Ampere, Fraction, Second, Volt
from tbms.settings.derive import Rungs
from tbms.settings.manage import SocPoint, TemperaturePoint, VoltagePoint
from tbms.settings.schema import Schema

Problem = tuple[tuple[str | int, ...], str]
Points = tuple[tuple[float, float], ...]
"""A table: what is looked at, and the share of the largest current there; between two points it is a straight line."""

DAY = 86400.0  # s
PROFILES = {
    # profile: charging begins again at or below, and ends at or above this state of charge; 1.0 is full
    "store": (0.40, 0.50),
    "away": (0.45, 0.55),
    "ready": (0.95, 1.00),
    "balance": (0.99, 1.00),
}
WINDOW = 0.05  # V below absorption: 3.40 V for LFP (defaults.md), above its flat part
TRICKLE = 0.1  # share at the absorption voltage's far end and at the coldest warning: enough to warm up and to finish

DEEP = 0.2  # V above the cut of undervoltage: 2.80 V for LFP (defaults.md, deep discharge)
DEEP_CURRENT = 0.05  # C: a deeply discharged cell is charged gently
BLIND_CURRENT = 0.2  # C: with one temperature sensor lost (degradation table)


@dataclass(frozen=True, slots=True)
class ChargeRules:
    """Charge management, every figure resolved; V per cell, shares of the largest currents.

    profiles: (begin again, end) in state of charge; "normal" is missing, it never rests. deep_current: for a lowest
    cell below deep. blind_current: with a temperature unknown.
    """

    absorption: Volt
    float_voltage: Volt
    tail: Ampere
    tail_time: Second
    absorption_time: Second
    rebulk_soc: Fraction
    current: Ampere
    discharge_current: Ampere
    by_voltage: Points
    by_temperature: Points
    by_soc: Points
    discharge_by_voltage: Points
    discharge_by_temperature: Points
    hold: Second
    rise: Fraction
    profile: str
    profiles: dict[str, tuple[Fraction, Fraction]]
    full_every: Second
    deep: Volt
    deep_current: Ampere
    blind_current: Ampere


@dataclass(frozen=True, slots=True)
class BalanceRules:
    """Balancing, every figure resolved."""

    mode: str
    start: Volt
    stop: Volt
    window: Volt
    donor_minimum: Volt
    receiver_maximum: Volt
    ocv: bool
    current: Ampere
    rest_current: Ampere


def _points(given: Sequence[VoltagePoint | TemperaturePoint | SocPoint], default: Points) -> Points:
    return tuple((point.at, point.share) for point in given) or default


def _bound(rungs: Rungs, *names: str) -> float | None:
    return next((value for name in names if (value := rungs.value[name]) is not None), None)


def _below(absorption: float, high: Rungs) -> Points:
    """Full current to the absorption voltage, none at the first ring of overvoltage."""
    top = _bound(high, "warn", "limit", "cut")
    if top is None:
        return ()
    return ((absorption, 1.0), ((absorption + top) / 2.0, TRICKLE), (top, 0.0))


def _between(low: Rungs, high: Rungs) -> Points:
    """None beyond the limits, a trickle at the cold warning, all of it well inside both."""
    cold, cool = _bound(low, "limit", "cut"), _bound(low, "warn")
    hot, warm = _bound(high, "limit", "cut"), _bound(high, "warn")
    points = [] if cold is None else [(cold, 0.0)]
    points += [] if cool is None else [(cool, TRICKLE), (cool + 10.0, 1.0)]
    points += [] if warm is None else [(warm - 5.0, 1.0), (warm, 0.5)]
    points += [] if hot is None else [(hot, 0.0)]
    return tuple(points) if all(one[0] < other[0] for one, other in pairwise(points)) else ()


def _above(low: Rungs) -> Points:
    """No discharge at the limit ring of undervoltage, all of it a little above the warning."""
    bottom, warn = _bound(low, "limit", "cut"), _bound(low, "warn")
    if bottom is None:
        return ()
    return ((bottom, 0.0), ((bottom + 0.2 if warn is None else 2 * warn - bottom), 1.0))


def deep_voltage(found: dict[str, Rungs]) -> float | None:
    """Lowest cell below which a battery is charged gently, and sleeps, V; None where undervoltage cuts nothing."""
    cut = found["cell_undervoltage"].value["cut"]
    return None if cut is None else round(cut + DEEP, 3)


def charge_rules(schema: Schema, found: dict[str, Rungs], targets: tuple[float, float, float]) -> ChargeRules:
    """Charge management; targets: absorption and float (V per cell), tail (A)."""
    given, (absorption, low, tail) = schema.charge, targets
    most = _bound(found["overcurrent_charge"], "warn", "limit", "cut")
    least = _bound(found["overcurrent_discharge"], "warn", "limit", "cut")
    return ChargeRules(
        absorption,
        low,
        tail,
        given.tail_time,
        given.absorption_time,
        given.rebulk_soc,
        current=given.current or most or 0.5 * schema.pack.capacity,
        discharge_current=given.discharge_current or least or schema.pack.capacity,
        by_voltage=_points(given.by_voltage, _below(absorption, found["cell_overvoltage"])),
        by_temperature=_points(
            given.by_temperature, _between(found["undertemperature_charge"], found["overtemperature_charge"])
        ),
        by_soc=_points(given.by_soc, ()),
        discharge_by_voltage=_points(given.discharge_by_voltage, _above(found["cell_undervoltage"])),
        discharge_by_temperature=_points(
            given.discharge_by_temperature,
            _between(found["undertemperature_discharge"], found["overtemperature_discharge"]),
        ),
        hold=given.hold,
        rise=given.rise,
        profile=given.profile,
        profiles=PROFILES | {"cycle": (given.cycle_low, given.cycle_high)},
        full_every=given.full_days * DAY,
        deep=deep_voltage(found) or 0.0,
        deep_current=DEEP_CURRENT * schema.pack.capacity,
        blind_current=BLIND_CURRENT * schema.pack.capacity,
    )


def balance_rules(schema: Schema, found: dict[str, Rungs], targets: tuple[float, float, float]) -> BalanceRules:
    """Balancing; targets: absorption and float (V per cell), tail (A)."""
    given, (absorption, low, _) = schema.balance, targets
    top = _bound(found["cell_overvoltage"], "warn", "limit", "cut")
    return BalanceRules(
        given.mode,
        given.start,
        given.stop,
        window=given.window or round(absorption - WINDOW, 3),
        donor_minimum=given.donor_minimum or low,
        receiver_maximum=given.receiver_maximum or top or absorption,
        ocv=given.basis == "ocv",
        current=given.current,
        rest_current=0.05 * schema.pack.capacity,
    )


TABLES = ("by_voltage", "by_temperature", "by_soc", "discharge_by_voltage", "discharge_by_temperature")


def problems(schema: Schema, found: dict[str, Rungs]) -> Iterator[Problem]:
    """Everything that contradicts something else in charge management and balancing."""
    charge, balance = schema.charge, schema.balance
    for name in TABLES:
        points = getattr(charge, name)
        for place, (one, other) in enumerate(pairwise(points), 1):
            if other.at <= one.at:
                yield ("charge", name, place, "at"), f"= {other.at:g}: must be above the point before it ({one.at:g})"
    if charge.cycle_low >= charge.cycle_high:
        yield ("charge", "cycle_low"), f"= {charge.cycle_low:g}: must be below cycle_high ({charge.cycle_high:g})"
    for key, given in (("current", "overcurrent_charge"), ("discharge_current", "overcurrent_discharge")):
        value, cut = getattr(charge, key), found[given].value["cut"]
        if value is not None and cut is not None and value >= cut:
            yield ("charge", key), f"= {value:g} A: must be below protect.{given}.cut ({cut:g} A)"
    if balance.stop >= balance.start:
        yield ("balance", "stop"), f"= {balance.stop:g} V: must be below start ({balance.start:g} V)"
