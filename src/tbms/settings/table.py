"""The protections as data: what each judges, in which direction, and what its cut forbids."""

from typing import NamedTuple

from tbms.model.limit import Measure, Place


class Kind(NamedTuple):
    """One protection, without its figures.

    scale: what multiplies the figures of the chemistry table: capacity, cells or nothing.
    sign: of the settings' figures against the measured quantity (discharge currents are set as magnitudes).
    pauses: while it cannot be judged a delay does not run (else what is unknown counts as still beyond).
    """

    id: str
    measure: Measure
    place: Place
    unit: str
    words: str
    above: bool
    forbids_charge: bool
    forbids_discharge: bool
    scale: str = ""
    sign: float = 1.0
    pauses: bool = False


_CELL = (Measure.CELL_VOLTAGE, Place.CELL, "V")
_PACK = (Measure.PACK_VOLTAGE, Place.PACK, "V")
_AMPERE = (Measure.CURRENT, Place.PACK, "A")
_HOT = (Measure.TEMPERATURE_HOT, Place.CELL, "°C")
_COLD = (Measure.TEMPERATURE_COLD, Place.CELL, "°C")
_TOLD = (True, False, False)  # above; its cut is an alarm that forbids nothing by itself

KINDS = (
    # id, measure, place and unit, words, above, forbids charge, forbids discharge
    Kind("cell_overvoltage", *_CELL, "cell overvoltage", True, True, False),
    Kind("cell_undervoltage", *_CELL, "cell undervoltage", False, False, True),
    Kind("cell_damaged", *_CELL, "cell damaged", False, True, True),
    Kind("pack_overvoltage", *_PACK, "pack overvoltage", True, True, False, "cells"),
    Kind("pack_undervoltage", *_PACK, "pack undervoltage", False, False, True, "cells"),
    Kind("overcurrent_charge", *_AMPERE, "charge current", True, True, False, "capacity"),
    Kind("overcurrent_charge_peak", *_AMPERE, "peak charge current", True, True, False, "capacity"),
    Kind("overcurrent_discharge", *_AMPERE, "discharge current", False, False, True, "capacity", -1.0),
    Kind("overcurrent_discharge_peak", *_AMPERE, "peak discharge current", False, False, True, "capacity", -1.0),
    Kind("overtemperature_charge", *_HOT, "too hot to charge", True, True, False),
    Kind("undertemperature_charge", *_COLD, "too cold to charge", False, True, False),
    Kind("overtemperature_discharge", *_HOT, "too hot", True, True, True),
    Kind("undertemperature_discharge", *_COLD, "too cold to discharge", False, False, True),
    Kind("voltage_spread", Measure.VOLTAGE_SPREAD, Place.PACK, "V", "cell voltage spread", *_TOLD, pauses=True),
    Kind("temperature_spread", Measure.TEMPERATURE_SPREAD, Place.PACK, "K", "temperature spread", True, True, False),
    Kind("resistance_spread", Measure.RESISTANCE_SPREAD, Place.PACK, "%", "resistance spread", *_TOLD, pauses=True),
    Kind("temperature_rate", Measure.TEMPERATURE_RATE, Place.CELL, "K/min", "heats up", True, True, True),
    Kind("board_temperature", Measure.BOARD_TEMPERATURE, Place.NODE, "°C", "board", True, True, True),
    Kind("supply", Measure.SUPPLY, Place.NODE, "V", "supply", False, False, False),
    Kind(
        "sum_of_cells",
        Measure.SUM_OF_CELLS,
        Place.PACK,
        "%",
        "sum of cells against pack",
        True,
        True,
        False,
        pauses=True,
    ),
    Kind(
        "current_while_open", Measure.OPEN_CURRENT, Place.PACK, "A", "current though both contactors are open", *_TOLD
    ),
    Kind(
        "charge_while_forbidden",
        Measure.FORBIDDEN_CHARGE,
        Place.PACK,
        "A",
        "charging although it is forbidden",
        True,
        False,
        True,
        "capacity",
    ),
)

UNDERVOLTAGES = ("cell_undervoltage", "pack_undervoltage")
"""Their limit and cut clear only by charging or by a person: an unloaded cell rebounds above its release."""
