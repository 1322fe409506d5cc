"""Defaults of every protection per chemistry, each ring with its delay, in V per cell, C-rates and °C.

Source of every figure not marked: the coordinated table of the safety concept (reference/defaults.md), itself joined
from the defaults of seven open battery systems. Figures marked (e) are engineering values of this project where that
table gives none. The installer checks all of them against the cell maker's data sheet.
"""

from typing import NamedTuple

from tbms.model.limit import Latch


class Figures(NamedTuple):
    """One row: value and delay (s) of each ring and layer, None where it has none."""

    warn: float | None
    warn_delay: float
    limit: float | None
    limit_delay: float
    cut: float | None
    delay: float
    release: float | None = None
    release_delay: float = 5.0  # (e) nothing clears faster than this: relays and chargers are not to chatter
    guard: float | None = None
    guard_delay: float | None = None
    afe: float | None = None
    afe_delay: float | None = None
    latch: Latch = Latch.OFF


class Chemistry(NamedTuple):
    """What is known of a chemistry before a battery is.

    nominal: V per cell. absorption, float_voltage: charge targets, V per cell.
    reclose_voltage: lowest cell at which loads come back after an undervoltage, V.
    knee: from here up a voltage spread means something even under load, V.
    figures: per protection; voltages per cell, currents in C, temperatures in °C.
    """

    title: str
    nominal: float
    absorption: float
    float_voltage: float
    reclose_voltage: float
    knee: float
    figures: dict[str, Figures]


_CURRENT = {
    # release at 0.45 C and 0.75 C (e): 10 % inside the warning; 60 s and 3 tries are the table's
    "overcurrent_charge": Figures(0.5, 30, 0.6, 10, 0.7, 10, 0.45, 60, latch=Latch.RETRIES),
    "overcurrent_charge_peak": Figures(None, 1, None, 1, 1.0, 1, 0.45, 60, latch=Latch.RETRIES),
    "overcurrent_discharge": Figures(0.8, 30, None, 10, 1.2, 10, 0.75, 60, latch=Latch.RETRIES),
    "overcurrent_discharge_peak": Figures(None, 1, None, 1, 2.0, 0.3, 0.75, 60, latch=Latch.RETRIES),
}

_TEMPERATURE = {
    "overtemperature_charge": Figures(42, 10, 45, 5, 50, 5, 40, guard=55, guard_delay=5, afe=60),
    "undertemperature_charge": Figures(5, 10, 0, 5, -2, 5, 3, guard=-5, guard_delay=5),
    "overtemperature_discharge": Figures(50, 10, 55, 5, 60, 5, 50, guard=65, guard_delay=5, afe=70),
    "undertemperature_discharge": Figures(-15, 10, None, 5, -20, 5, -15),
}

_OTHERS = {
    "voltage_spread": Figures(0.100, 60, None, 60, 0.500, 10, 0.080),
    "temperature_spread": Figures(5, 60, 10, 60, None, 60, 4),
    # (e): a busbar that has come loose doubles a cell's resistance; new cells differ by 10 %
    "resistance_spread": Figures(50, 60, None, 60, None, 60, 40),
    "temperature_rate": Figures(3, 30, None, 10, 10, 10, 2, latch=Latch.PERSON),  # release (e)
    "board_temperature": Figures(70, 5, 80, 5, 85, 5, 65),
    "supply": Figures(10.5, 1, None, 1, 9.5, 0.2, 11),
    "sum_of_cells": Figures(0.5, 10, None, 3, 3, 3, 0.4),
    "current_while_open": Figures(None, 5, None, 5, 0.5, 5, 0.3),  # release (e)
    # (e): as much as a net charging that counts; three seconds end before a node's guard at 3.75 V
    "charge_while_forbidden": Figures(None, 3, None, 3, 0.02, 3, 0.01, 60, latch=Latch.RETRIES),
}


def _over(warn: float, limit: float, cut: float, release: float, guard: float, afe: float) -> Figures:
    return Figures(warn, 5, limit, 2, cut, 1, release, guard=guard, guard_delay=2, afe=afe, afe_delay=3)


def _under(warn: float, limit: float, cut: float, release: float, guard: float, afe: float) -> Figures:
    return Figures(warn, 5, limit, 5, cut, 2, release, guard=guard, guard_delay=4, afe=afe, afe_delay=6)


def _damaged(cut: float, release: float) -> Figures:
    # delay (e): loads are off long before; a minute tells a harmed cell from a wire that is being refastened
    return Figures(None, 60, None, 60, cut, 60, release, latch=Latch.INSTALLER)


def _pack(warn: float, cut: float, release: float, delays: tuple[float, float]) -> Figures:
    return Figures(warn, 5, None, delays[0], cut, delays[1], release)


LFP = Chemistry(
    title="lithium iron phosphate (LiFePO4)",
    nominal=3.2,
    absorption=3.45,
    float_voltage=3.35,
    reclose_voltage=3.20,
    knee=3.40,
    figures={
        "cell_overvoltage": _over(3.55, 3.60, 3.65, 3.45, 3.75, 3.80),
        "cell_undervoltage": _under(3.00, 2.90, 2.60, 3.10, 2.50, 2.40),
        "cell_damaged": _damaged(2.0, 2.1),  # release (e)
        "pack_overvoltage": _pack(3.50, 3.60, 3.45, (2, 1)),  # release (e): that of a cell
        "pack_undervoltage": _pack(3.00, 2.60, 3.10, (5, 2)),  # (e): cells x the values of a cell
        **_CURRENT,
        **_TEMPERATURE,
        **_OTHERS,
    },
)

NMC = Chemistry(
    title="lithium nickel manganese cobalt oxide",
    nominal=3.65,
    absorption=4.10,
    float_voltage=4.00,
    reclose_voltage=3.50,  # (e)
    knee=4.05,  # (e)
    figures={
        "cell_overvoltage": _over(4.15, 4.18, 4.22, 4.08, 4.25, 4.28),  # release (e)
        "cell_undervoltage": _under(3.30, 3.20, 3.00, 3.40, 2.80, 2.70),  # release (e)
        "cell_damaged": _damaged(2.0, 2.1),  # (e): as LFP
        "pack_overvoltage": _pack(4.13, 4.20, 4.08, (2, 1)),  # (e): 20 mV inside the cell's
        "pack_undervoltage": _pack(3.30, 3.00, 3.40, (5, 2)),  # (e)
        **_CURRENT,  # (e): as LFP
        **_TEMPERATURE,  # (e): as LFP
        **_OTHERS,
    },
)

LMO = Chemistry(
    title="lithium manganese oxide (Nissan Leaf class)",
    nominal=3.75,
    absorption=4.10,
    float_voltage=4.00,
    reclose_voltage=3.50,  # (e)
    knee=4.05,  # (e)
    figures={
        "cell_overvoltage": _over(4.12, 4.15, 4.20, 4.05, 4.23, 4.25),  # release (e)
        "cell_undervoltage": _under(3.30, 3.20, 3.02, 3.40, 2.80, 2.70),  # release (e)
        "cell_damaged": _damaged(2.0, 2.1),  # (e): as LFP
        "pack_overvoltage": _pack(4.10, 4.18, 4.05, (2, 1)),  # (e): 20 mV inside the cell's
        "pack_undervoltage": _pack(3.30, 3.02, 3.40, (5, 2)),  # (e)
        **_CURRENT,  # (e): as LFP
        **_TEMPERATURE,  # (e): as LFP
        **_OTHERS,
    },
)

LTO = Chemistry(
    title="lithium titanate",
    nominal=2.3,
    absorption=2.65,
    float_voltage=2.40,
    reclose_voltage=2.10,  # (e)
    knee=2.60,  # (e)
    figures={
        "cell_overvoltage": _over(2.70, 2.75, 2.80, 2.60, 2.85, 2.90),  # release (e)
        "cell_undervoltage": _under(1.90, 1.80, 1.60, 2.00, 1.50, 1.45),  # release (e)
        "cell_damaged": _damaged(1.0, 1.1),  # (e): titanate bears more
        "pack_overvoltage": _pack(2.68, 2.78, 2.60, (2, 1)),  # (e): 20 mV inside the cell's
        "pack_undervoltage": _pack(1.90, 1.60, 2.00, (5, 2)),  # (e)
        **_CURRENT,  # (e): as LFP, though the cells bear more: cables and fuses decide
        **_TEMPERATURE,
        **_OTHERS,
        # (e): titanate plates no lithium in frost; makers allow charging down to -20 or -30 °C
        "undertemperature_charge": Figures(-10, 10, -15, 5, -20, 5, -12, guard=-25, guard_delay=5),
        "undertemperature_discharge": Figures(-20, 10, None, 5, -25, 5, -20),
    },
)

CHEMISTRIES = {"lfp": LFP, "nmc": NMC, "lmo": LMO, "lto": LTO}
