"""The estimator's memory: what is known of the battery, and how it begins."""

from typing import NamedTuple

from tbms.core.estimate import capacity as store
from tbms.core.estimate import resistance
from tbms.core.estimate.capacity import Capacity
from tbms.core.estimate.cells import Cell
from tbms.core.estimate.charge import Charge
from tbms.core.estimate.doubts import Doubts
from tbms.core.estimate.leak import Leak
from tbms.core.estimate.limits import Power
from tbms.core.estimate.ocv import Blend, Curve, blend, curve
from tbms.core.estimate.own import Own
from tbms.core.estimate.resistance import Resistances
from tbms.core.estimate.zero import NOTHING, Seen, Zero
from tbms.settings.compiled import Settings

UNKNOWN_SOC, UNKNOWN_SIGMA = 0.5, 0.29  # where nothing is known: anywhere between empty and full
TOLD_SIGMA = 0.3  # of a told state of charge until a voltage has been seen
ROOM = 25.0  # °C: where no temperature is measured


class EstimateState(NamedTuple):
    """What is known of the battery.

    soc, soc_sigma: of the pack, limited by its weakest cells; 0..1, one standard deviation. capacity: Ah, None
    before it was measured. soh: of the capacity, 0..1. resistance: ohmic, per cell at 25 °C, Ω. power: 2, 10, 60 s.
    told: SOC and sigma as remembered or given. curve: for the settings. blend: at the battery's temperature.
    charge: of the mean cell. cells: how each differs. apart: sums of V above the mean cell in this window.
    voltage, current: last known. lost: s since. zero, known_zero: readings of the shunt's zero, and as remembered.
    given: Ah that balancing had taken from each cell at the last correction. leak: how cells drift day by day.
    own: what the battery teaches of its own curve.
    """

    soc: float
    soc_sigma: float
    capacity: float | None
    soh: float | None
    resistance: tuple[float | None, ...]
    power: Power | None
    told: tuple[float | None, float | None]
    curve: Curve
    blend: Blend
    charge: Charge | None
    cells: tuple[Cell, ...]
    apart: tuple[float, ...]
    parts: Resistances
    store: Capacity
    doubts: Doubts
    voltage: float
    current: float
    lost: float
    zero: Zero = NOTHING
    known_zero: Seen | None = None
    given: tuple[float, ...] = ()
    leak: Leak = Leak()
    own: Own = Own()


def initial(settings: Settings, soc: float | None = None, sigma: float | None = None) -> EstimateState:
    """The start: soc 0..1 as remembered or told, sigma its standard deviation; None where nothing is known."""
    told = None if soc is None else min(1.0, max(0.0, soc))
    table = curve(settings)
    return EstimateState(
        soc=UNKNOWN_SOC if told is None else told,
        soc_sigma=UNKNOWN_SIGMA if told is None else TOLD_SIGMA if sigma is None else sigma,
        capacity=None,
        soh=None,
        resistance=(),
        power=None,
        told=(told, sigma),
        curve=table,
        blend=blend(table, ROOM),
        charge=None,
        cells=(),
        apart=(0.0,) * settings.cells,
        parts=resistance.none(settings.cells),
        store=store.start(settings.capacity),
        doubts=Doubts(),
        voltage=0.0,
        current=0.0,
        lost=0.0,
    )


def capacity_now(state: EstimateState) -> float:
    """Capacity that charge is counted with, Ah: measured, else as told."""
    return state.store.told if state.capacity is None else state.capacity
