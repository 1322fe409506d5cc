"""The standard boat: 16 cells of 280 Ah, solar, alternator, shore charger, and a day's loads."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import cos, pi

from tbms.model.units import AmpereHour, Celsius, Fraction, Second, Watt
from tbms.twin.balancer import Balancer
from tbms.twin.charger import Charger
from tbms.twin.days import base_day, comfort_day, sun_day
from tbms.twin.lfp import LARGE_CAPACITY, lfp280
from tbms.twin.load import Load
from tbms.twin.pack import Pack
from tbms.twin.profile import DAY, Profile
from tbms.twin.world import World

ABSORPTION, FLOAT = 3.45, 3.35  # V per cell, the charge targets of the coordinated defaults
LOCKOUT, RESTART = 2.5, 2.8  # V per cell at which converters give up and start again
SPREAD_CAPACITY, SPREAD_R0, SPREAD_LINK, SPREAD_SOC = 0.02, 0.08, 0.2, 0.005  # 1 sigma within one batch
FULL_PACK = 16 * LARGE_CAPACITY  # cells x Ah for which the loads of days.py are meant
ALTERNATOR, SHORE, SOLAR = 60.0, 50.0, 40.0  # A at 280 Ah
WATER_HEATER = 800.0  # W at 16 cells of 280 Ah
FIELD = 0.15  # s, time constant of an alternator's field
SUPPRESSED = 5.0  # V per cell at which its avalanche rectifier clamps a load dump


@dataclass(frozen=True, slots=True)
class Weather:
    """°C around the cells over the day, warmest at 15 h: mean and half the swing."""

    mean: Celsius = 22.0
    swing: Celsius = 4.0

    def __call__(self, time: Second) -> Celsius:
        """At `time` s since midnight of the first day."""
        return self.mean + self.swing * cos(2.0 * pi * (time - 15.0 * 3600.0) / DAY)


class Shaft:
    """A source that gives its current while someone has switched it on (engine, shore cable)."""

    def __init__(self) -> None:
        self.on: Callable[[], bool] = bool
        self.current = 0.0

    def __call__(self, _: Second) -> float:
        """A it could give now."""
        return self.current if self.on() else 0.0


def boat(
    cells: int = 16,
    capacity: AmpereHour = LARGE_CAPACITY,
    *,
    soc: Fraction = 0.6,
    temperature: Celsius = 22.0,
    seed: int = 1,
    clock: Second = 8 * 3600.0,
    spread: float = 1.0,
    sun: Watt | Profile = 1200.0,
    sky: str = "mixed",
    swing: Celsius = 4.0,
    loads: Profile | None = None,
    balancer: Balancer | None = None,
    common: bool = False,
) -> World:
    """A boat at `clock` s after midnight, its cells spread as one batch is (`spread` scales it; 0: equal).

    sun: W of solar panels under `sky` (clear, mixed, dull), or W over the day. loads: W over the day in place of
    the comfort loads. common: chargers and loads on one bus behind one contactor. Outputs: 1 enables solar, 2 the
    alternator, 3 the shore charger, 4 feeds the comfort loads, 5 the water heater; instruments and fridge hang on the
    load bus directly.
    """
    pack = _pack(cells, capacity, soc, temperature, seed, spread)
    part = cells * capacity / FULL_PACK
    panels = sun if isinstance(sun, Profile) else sun_day(sun * part, seed, sky)
    engine, shore = Shaft(), Shaft()
    world = World(
        pack,
        _chargers(cells, capacity, panels, engine, shore),
        _loads(cells, part, seed, loads),
        ambient=Weather(temperature, swing),
        clock=clock,
        balancer=balancer,
        common=common,
    )
    engine.on, shore.on = (lambda: world.engine), (lambda: world.shore)
    return world


def _chargers(
    cells: int, capacity: AmpereHour, panels: Profile, engine: Shaft, shore: Shaft
) -> tuple[Charger, Charger, Charger]:
    """Solar, alternator and shore charger for this pack."""
    scale = capacity / LARGE_CAPACITY
    top, rest = ABSORPTION * cells, FLOAT * cells
    engine.current, shore.current = ALTERNATOR * scale, SHORE * scale
    return (
        Charger("solar", panels, SOLAR * scale, top, rest, by_power=True, output=1, soft_start=2.0),
        Charger(
            *("alternator", engine, ALTERNATOR * scale, top, rest),
            output=2,
            soft_start=5.0,
            inertia=FIELD,
            clamp=SUPPRESSED * cells,
        ),
        Charger("shore", shore, SHORE * scale, top, rest, output=3),
    )


def _loads(cells: int, part: float, seed: int, given: Profile | None) -> tuple[Load, Load, Load]:
    """Instruments and fridge, comfort loads, water heater."""
    lockout, restart = LOCKOUT * cells, RESTART * cells
    comfort = given or comfort_day(part, seed)
    heater = Profile.constant(WATER_HEATER * part)
    return (
        Load("base", base_day(part, seed), lockout=lockout, restart=restart),
        Load("comfort", comfort, output=4, lockout=lockout, restart=restart),
        Load("water_heater", heater, output=5, lockout=lockout, restart=restart),
    )


def _pack(cells: int, capacity: AmpereHour, soc: Fraction, temperature: Celsius, seed: int, spread: float) -> Pack:
    """Cells of one batch: capacity, resistance, link and SOC drawn from the seed."""
    draw = random.Random(seed).gauss  # noqa: S311 - a simulation, no secret
    base, scale = lfp280(), capacity / LARGE_CAPACITY
    made, socs = [], []
    for _ in range(cells):
        r = (1.0 + spread * SPREAD_R0 * draw(0.0, 1.0)) / scale
        made.append(
            replace(
                base,
                capacity=capacity * (1.0 + spread * SPREAD_CAPACITY * draw(0.0, 1.0)),
                r0=base.r0 * r,
                r1=base.r1 * r,
                r2=base.r2 * r,
                link=base.link * (1.0 + spread * SPREAD_LINK * draw(0.0, 1.0)),
                leakage=base.leakage * scale,
                heat_capacity=base.heat_capacity * scale,
            )
        )
        socs.append(soc + spread * SPREAD_SOC * draw(0.0, 1.0))
    return Pack(made, socs, temperature)
