"""Days of sun and of loads."""

import random
from math import exp, pi, sin

from tbms.model.units import Second, Watt
from tbms.twin.profile import DAY, Profile


def sun_day(peak: Watt, seed: int = 1, *, rise: Second = 6 * 3600.0, fall: Second = 20 * 3600.0) -> Profile:
    """W of solar panels of `peak` W over one day, minute by minute."""
    draw = random.Random(f"sun/{seed}")  # noqa: S311 - a simulation, no secret
    values, cloud = [], 0.0
    for minute in range(1440):
        t = minute * 60.0
        cloud = max(0.0, min(0.8, cloud + draw.gauss(0.0, 0.06) - 0.01))
        high = sin(pi * (t - rise) / (fall - rise)) if rise < t < fall else 0.0
        values.append(peak * 0.8 * high**1.3 * (1.0 - cloud))
    return Profile([60.0 * m for m in range(1440)], values, linear=True)


def load_day(kind: str, part: float, seed: int = 1) -> Profile:
    """W of a group of loads over one day; part: 1 for a 16-cell, 280 Ah boat."""
    draw = random.Random(f"{kind}/{seed}")  # noqa: S311 - a simulation, no secret
    times, values = [], []
    for slot in range(int(DAY / 120)):
        hour = slot / 30.0
        if kind == "base":
            watts = 60.0 + (70.0 if slot % 15 < 5 else 0.0)
        else:
            watts = 40.0 + 150.0 * exp(-((hour - 20.0) ** 2) / 6.0)
            if draw.random() < 0.02:
                watts += 1800.0
        times.append(slot * 120.0)
        values.append(watts * part)
    return Profile(times, values)
