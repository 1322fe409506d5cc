"""The protections as data: what each judges, in which direction, and what its cut forbids."""

from typing import NamedTuple

from tbms.model.limit import Measure, Place


class Kind(NamedTuple):
    """One protection, without its figures.

    scale: what multiplies the figures of the chemistry table: capacity, cells or nothing.
    sign: of the settings' figures against the measured quantity (discharge currents are set as magnitudes).
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


_CELL = (Measure.CELL_VOLTAGE, Place.CELL, "V")
_PACK = (Measure.PACK_VOLTAGE, Place.PACK, "V")
_AMPERE = (Measure.CURRENT, Place.PACK, "A")
_HOT = (Measure.TEMPERATURE_HOT, Place.CELL, "°C")
_COLD = (Measure.TEMPERATURE_COLD, Place.CELL, "°C")

KINDS = (
    # id, measure, place and unit, words, above, forbids charge, forbids discharge
    Kind("cell_overvoltage", *_CELL, "cell overvoltage", True, True, False),
    Kind("cell_undervoltage", *_CELL, "cell undervoltage", False, False, True),
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
)

UNDERVOLTAGES = ("cell_undervoltage", "pack_undervoltage")
"""Their limit and cut clear only by charging or by a person: an unloaded cell rebounds above its release."""
