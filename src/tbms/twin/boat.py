"""The standard boat: 16 cells of 280 Ah, solar, alternator, shore charger, and a day's loads."""

import random
from dataclasses import replace
from math import cos, pi

from tbms.model.units import Celsius, Second
from tbms.twin.balancer import Balancer
from tbms.twin.charger import Charger
from tbms.twin.days import load_day, sun_day
from tbms.twin.lfp import lfp280
from tbms.twin.load import Load
from tbms.twin.pack import Pack
from tbms.twin.profile import DAY
from tbms.twin.world import World

ABSORPTION, FLOAT = 3.45, 3.35  # V per cell, the charge targets of the coordinated defaults
SPREAD_CAPACITY, SPREAD_R0, SPREAD_SOC = 0.02, 0.08, 0.005  # 1 sigma between cells of one batch


class Weather:
    """°C around the cells over the day: warmest at 15 h."""

    def __init__(self, mean: Celsius = 22.0, swing: Celsius = 4.0) -> None:
        self.mean, self.swing = mean, swing

    def __call__(self, time: Second) -> Celsius:
        """At `time` s since midnight of the first day."""
        return self.mean + self.swing * cos(2.0 * pi * (time - 15.0 * 3600.0) / DAY)


def boat(
    cells: int = 16,
    capacity: float = 280.0,
    *,
    soc: float = 0.6,
    temperature: Celsius = 22.0,
    seed: int = 1,
    clock: Second = 8 * 3600.0,
    spread: float = 1.0,
    sun: float = 1200.0,
    balancer: Balancer | None = None,
) -> World:
    """A boat at `clock` s after midnight, its cells spread as one batch is (`spread` scales it; 0: equal).

    sun: W of solar panels. Outputs: 1 enables solar, 2 the alternator, 3 the shore charger, 4 feeds the
    comfort loads (shed first); instruments and pumps hang on the load bus directly.
    """
    pack = _pack(cells, capacity, soc, temperature, seed, spread)
    scale = capacity / 280.0
    top, rest = ABSORPTION * cells, FLOAT * cells
    world: World

    def engine(_: Second) -> float:
        return 60.0 * scale if world.engine else 0.0

    def shore(_: Second) -> float:
        return 50.0 * scale if world.shore else 0.0

    chargers = (
        Charger("solar", sun_day(sun, seed), 40.0 * scale, top, rest, by_power=True, output=1, soft_start=2.0),
        Charger(
            "alternator", engine, 60.0 * scale, top, rest, output=2, soft_start=5.0, inertia=0.15, clamp=5.0 * cells
        ),
        Charger("shore", shore, 50.0 * scale, top, rest, output=3),
    )
    part = cells / 16.0 * scale
    loads = (
        Load("base", load_day("base", part, seed), lockout=2.5 * cells, restart=2.8 * cells),
        Load("comfort", load_day("comfort", part, seed), output=4, lockout=2.5 * cells, restart=2.8 * cells),
    )
    world = World(pack, chargers, loads, ambient=Weather(temperature), clock=clock, balancer=balancer)
    return world


def _pack(cells: int, capacity: float, soc: float, temperature: Celsius, seed: int, spread: float) -> Pack:
    """Cells of one batch: capacity, R0, link and SOC drawn from the seed."""
    draw = random.Random(seed).gauss  # noqa: S311 - a simulation, no secret
    base = lfp280()
    scale = capacity / base.capacity
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
                link=base.link * (1.0 + spread * 0.2 * draw(0.0, 1.0)),
                leakage=base.leakage * scale,
                heat_capacity=base.heat_capacity * scale,
            )
        )
        socs.append(soc + spread * SPREAD_SOC * draw(0.0, 1.0))
    return Pack(made, socs, temperature)
