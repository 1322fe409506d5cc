"""What the owner's ranges can look at: words, units and believable figures of every measure."""

from math import inf
from typing import NamedTuple

from tbms.model.sample import OUTPUTS, SourceKind, SourceState

INPUTS = 4  # digital inputs of the base board
DAY = 86400.0  # s
LEVELS = {"warn": 1, "limit": 2, "cut": 3}
"""Rings as numbers, for limits on the alarm level."""
SPREAD = ("lowest", "highest", "average", "spread")


class Kind(NamedTuple):
    """A measure that ranges can look at.

    low, high: believable figures. of: words that say which of several; spread: or a cell by its number. switch: count
    of numbered places that are on or off. choices: what start may be where it is no figure.
    """

    words: str
    unit: str
    low: float = -inf
    high: float = inf
    of: tuple[str, ...] = ()
    spread: bool = False
    switch: int = 0
    choices: tuple[str, ...] = ()


KINDS = {
    "cell_voltage": Kind("cell", "V", 0.0, 5.0, SPREAD, spread=True),
    "pack_voltage": Kind("pack", "V", 0.0, 80.0),
    "current": Kind("current", "A", -1e4, 1e4),
    "power": Kind("power", "W", -1e6, 1e6),
    "soc": Kind("state of charge", "", 0.0, 1.0),
    "soh": Kind("state of health", "", 0.0, 1.5),
    "temperature": Kind("cell", "°C", -60.0, 120.0, SPREAD, spread=True),
    "resistance": Kind("cell", "Ω", 0.0, 1.0, SPREAD, spread=True),
    "solar_power": Kind("solar power", "W", 0.0, 1e6),
    "board_temperature": Kind("board temperature", "°C", -60.0, 150.0),
    "supply": Kind("supply", "V", 0.0, 80.0),
    "input": Kind("input", "", switch=INPUTS, choices=("on", "off")),
    "output": Kind("output", "", switch=OUTPUTS, choices=("on", "off")),
    "charger_state": Kind("charge", "", of=tuple(SourceKind), choices=tuple(SourceState)),
    "alarm": Kind("alarm level", "", choices=tuple(LEVELS)),
    "time_of_day": Kind("time of day", ""),
}

PLACED = {
    # measure: what lowest and highest are called, for people
    "cell_voltage": {"lowest": "lowest cell", "highest": "highest cell", "average": "mean cell", "spread": "spread"},
    "temperature": {
        "lowest": "coldest cell", "highest": "hottest cell", "average": "mean temperature", "spread": "spread",
    },
    "resistance": {
        "lowest": "lowest resistance", "highest": "highest resistance", "average": "mean resistance",
        "spread": "spread of resistance",
    },
}  # fmt: skip

STATES = {"off": "off", "bulk": "in bulk", "absorption": "in absorption", "float": "in float"}
"""What a charger does, for people."""


def clock(text: str) -> float | None:
    """HH:MM as s since midnight; None where it is no time."""
    hours, colon, minutes = text.partition(":")
    if not colon or not (hours.isdigit() and minutes.isdigit()) or len(minutes) != 2:
        return None
    seconds = int(hours) * 3600.0 + int(minutes) * 60.0
    return seconds if seconds < DAY and int(minutes) < 60 else None
