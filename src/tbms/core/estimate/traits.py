"""What the estimator takes for granted about a chemistry, each figure with its unit and its reason."""

from typing import NamedTuple


class Traits(NamedTuple):
    """Spreads and lengths that belong to a chemistry.

    doubt: of the open-circuit curve beyond its shapes, V at one standard deviation, keeping its value over
    `doubt_length` of SOC. settle: share of the slow curves' half gap that remains at rest. resistance: of a cell at
    25 °C as R x capacity, Ω Ah. ohmic: the least and the most that its steps at once may plausibly be.
    """

    doubt: float
    doubt_length: float
    settle: float
    resistance: float
    ohmic: tuple[float, float]


TRAITS = {
    # doubt: what is left between the sources of tables.py; settle: rests of A123 at three temperatures 0.8, of the
    # 1.2 Ah cell 0.6; resistance: A123 0.08, 1.2 Ah cell 0.10, 35 Ah cells (PulseBat) 0.11, aged Leaf cell 0.18, with
    # their slow parts; ohmic, measured with leads and links: A123 0.02-0.035, 1.2 Ah cell 0.03, PulseBat 0.08, HG2
    # 0.03-0.08, 20R with its leads 0.145, Leaf 0.02-0.05; the least known are 0.014 (A123 26650, 1 kHz), 0.005 (LTO)
    "lfp": Traits(doubt=0.0035, doubt_length=0.25, settle=0.75, resistance=0.05, ohmic=(0.010, 0.18)),
    "nmc": Traits(doubt=0.010, doubt_length=0.25, settle=0.5, resistance=0.07, ohmic=(0.008, 0.3)),
    "lmo": Traits(doubt=0.010, doubt_length=0.25, settle=0.5, resistance=0.15, ohmic=(0.008, 0.4)),
    "lto": Traits(doubt=0.006, doubt_length=0.25, settle=0.5, resistance=0.04, ohmic=(0.003, 0.2)),
}
OWN_DOUBT = {"lfp": 0.003, "nmc": 0.005, "lmo": 0.006, "lto": 0.006}
"""The same for a table that the owner gave: V at one standard deviation."""

WINDOW = 20.0  # s: over which voltage and current are averaged before they are believed
AXIS = 0.004  # SOC: how far a published curve may be shifted along its axis
AXIS_EMPTY = 0.009  # the same at the lower knee: "empty" of two laboratories differs
AXIS_FULL = 0.006  # the same near full
AXIS_OWN = 0.006  # the same for an owner's table
REVERSAL = 15.0  # per unit of SOC: how fast the voltage crosses the hysteresis gap after a reversal
GAP_SPREAD = 0.15  # standard deviation of the place in the gap, in half gaps
SETTLE_SPREAD = 0.1  # standard deviation of `settle` between cells
SHAPE_SPREAD = 0.8  # standard deviations of the sources' spread that a new cell is expected to have
OFFSET = 0.001  # C: zero error of a good shunt, one standard deviation
OFFSET_TAIL = 0.35  # share of shunts with a bad one
OFFSET_BAD = (0.017, 0.006)  # C: mean size and spread of a bad one
OFFSET_WANDER = 1e-8  # C² an hour: how the zero moves, 0.3 % of C in a month
GAIN = 0.002  # SOC per square root of throughput in capacities: gain, efficiency
BETWEEN = 0.35  # of the variance of a step of the current: what flows between two samples is seen by neither
BLIND = 0.3  # C: what may flow unseen while nothing is measured
BLIND_PLACE = 0.5  # half gaps: by which the place in the gap may have changed meanwhile
BLIND_RELAX = 0.02  # V: polarisation that may have come meanwhile
CAPACITY = 0.005  # relative: capacity as told
PLACE_UNKNOWN = 0.7  # half gaps: where in the gap a resting battery starts
PLACE_FLOWING = (0.7, 0.4)  # mean (with the sign of the current) and spread where current flows at the start
RELAX_START = 0.004  # V: polarisation left over at the start, at rest
RELAX_FLOWING = 0.1  # V per C of current at the start: the same where current flows
RELAX_TIME = 1300.0  # s: how long a polarisation that the model does not know lasts
RELAX_FLOOR = 0.001  # V: its least standard deviation
RELAX_SHARE = 0.2  # of the modelled polarisation: how wrong that is taken to be
NOISE = 0.002  # V: of an averaged voltage
NOISE_SHARE = 0.05  # of the modelled polarisation, white
INFLATION = 3.0  # voltage errors of successive windows are alike: count only one in three
