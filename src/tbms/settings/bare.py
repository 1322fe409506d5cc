"""Faults without rings, as data: what follows from losing parts, and from switches that do not do as told.

They are the safety concept's degradation table (reference/defaults.md, "Losing parts without going dark").
"""

from typing import NamedTuple

from tbms.model.fault import Ring
from tbms.model.limit import Latch, Limit, Measure, Place, Protection

UNGUARDED_TIME = 600.0  # s: how long a pack may be discharged past one unknown cell
GRACE = 3.0  # s: as long as the nodes give a charger to stop when the master is lost
WELD_TIME = 1.0  # s: current through a contactor whose coil is off, after its time to open
BUS_TIME = 120.0  # s: longer than the capacitors of an inverter keep the voltage of a bus
UNSURE_CHARGE = 0.2  # C: hardest charging while a temperature is unknown (degradation table)
UNSURE_DELAY = 5.0  # s: as a charge current's limit ring, halved: nobody measures the heat
UNSURE_HOLD = 60.0  # s: as after any over-current
SETTLE = 1.0  # s: valid data without a break before a fault of the data clears


class Bare(NamedTuple):
    """Something is wrong (1) or not (0). charge, discharge: forbidden. delay, hold: s before it comes and goes."""

    id: str
    measure: Measure
    place: Place
    words: str
    charge: bool
    discharge: bool
    delay: float = 0.0
    hold: float = SETTLE
    latch: Latch = Latch.OFF
    ring: Ring = Ring.CUT
    grace: float = 0.0


_C, _D, _NO = True, True, False  # columns of the table below: charge and discharge are forbidden
_P = Latch.PERSON
_PACK, _CELL, _NODE = Place.PACK, Place.CELL, Place.NODE

DATA = (
    Bare("node_lost", Measure.NODE_LOST, _NODE, "does not answer", _C, _D),
    Bare("invalid_voltage", Measure.INVALID_VOLTAGE, _CELL, "voltage unknown", _C, _NO, grace=GRACE),
    Bare("unguarded_time", Measure.INVALID_VOLTAGE, _CELL, "voltage unknown for 10 min", _NO, _D, UNGUARDED_TIME),
    Bare("unguarded_voltage", Measure.UNGUARDED_VOLTAGE, _PACK, "unknown cells that nothing vouches for", _NO, _D),
    Bare("open_wire", Measure.OPEN_WIRE, _CELL, "sense wire to the next cell open", _C, _NO, grace=GRACE),
    Bare("invalid_temperature", Measure.INVALID_TEMPERATURE, _CELL, "temperature unknown", _NO, _NO),
    Bare("temperatures_lost", Measure.TEMPERATURES_LOST, _NODE, "has lost its temperatures", _C, _NO, grace=GRACE),
    Bare("unguarded_temperature", Measure.UNGUARDED_TEMPERATURE, _PACK, "no temperature known", _C, _D),
    Bare("invalid_current", Measure.INVALID_CURRENT, _PACK, "current unknown", _NO, _NO),
    Bare("stuck_sensor", Measure.STUCK_VOLTAGE, _CELL, "does not move with the current", _C, _NO, grace=GRACE),
    Bare("stuck_sensor", Measure.STUCK_VOLTAGE, _CELL, "does not move with the current", _NO, _D, UNGUARDED_TIME),
    Bare("stuck_sensor", Measure.STUCK_CURRENT, _PACK, "current does not move with the voltages", _NO, _NO),
    Bare("jumping_sensor", Measure.JUMPS, _CELL, "jumps", _NO, _NO, hold=60.0, ring=Ring.WARN),
    Bare("clock_jump", Measure.CLOCK, _PACK, "time did not advance", _C, _D, hold=0.0),
)

LOOPS = (
    Bare("emergency_stop", Measure.EMERGENCY_STOP, _PACK, "emergency stop pressed", _C, _D, latch=Latch.PERSON),
    Bare("permission_loop", Measure.CHARGE_LOOP, _NODE, "opened its charge loop", _C, _NO),
    Bare("permission_loop", Measure.DISCHARGE_LOOP, _NODE, "opened its discharge loop", _NO, _D),
    Bare("pre_charge", Measure.PRE_CHARGE, _PACK, "pre-charge failed", _NO, _D, latch=Latch.PERSON),
    Bare("weld", Measure.CHARGE_WELD, _PACK, "charge contactor welded", _C, _NO, WELD_TIME, latch=Latch.PERSON),
    Bare("weld", Measure.LOAD_WELD, _PACK, "load contactor welded", _NO, _D, WELD_TIME, latch=Latch.PERSON),
    Bare("weld", Measure.LOAD_BUS, _PACK, "load bus stays at the pack voltage", _NO, _NO, BUS_TIME, ring=Ring.WARN),
    Bare("contactor_cycling", Measure.CHARGE_CYCLES, _PACK, "charge contactor switches too often", _C, _NO, latch=_P),
    Bare("contactor_cycling", Measure.LOAD_CYCLES, _PACK, "load contactor switches too often", _NO, _D, latch=_P),
    Bare(
        "opening_store",
        Measure.STORE,
        _PACK,
        "nothing would open the contactors without power",
        _NO,
        _NO,
        5.0,
        ring=Ring.WARN,
    ),
    Bare("settings_corrupted", Measure.SETTINGS, _PACK, "settings in memory changed", _C, _D, latch=Latch.PERSON),
)


def feedback(delay: float) -> tuple[Bare, ...]:
    """Contactors that differ from their command for `delay` s."""
    words = "contactor differs from its command"
    return (
        Bare(
            "contactor_feedback", Measure.CHARGE_FEEDBACK, _PACK, f"charge {words}", _C, _NO, delay, latch=Latch.PERSON
        ),
        Bare("contactor_feedback", Measure.LOAD_FEEDBACK, _PACK, f"load {words}", _NO, _D, delay, latch=Latch.PERSON),
    )


CHARGE_SIDE = (Measure.CHARGE_WELD, Measure.CHARGE_CYCLES, Measure.CHARGE_FEEDBACK)
LOAD_SIDE = (Measure.LOAD_WELD, Measure.LOAD_CYCLES, Measure.LOAD_FEEDBACK, Measure.PRE_CHARGE)


def shared(bares: tuple[Bare, ...]) -> tuple[Bare, ...]:
    """The same for a common contactor: what is wrong with it is said once, and forbids both directions."""
    return tuple(
        bare._replace(charge=True, discharge=True, words=bare.words.replace("load contactor", "main contactor"))
        if bare.measure in LOAD_SIDE
        else bare
        for bare in bares
        if bare.measure not in CHARGE_SIDE
    )


def protection(bare: Bare) -> Protection:
    """The fault as a protection with the cut ring alone."""
    limit = Limit(0.5, True, bare.delay, 0.5, bare.hold, bare.latch)
    rings = ((bare.ring, limit),)
    return Protection(
        bare.id, bare.measure, bare.place, "", bare.words, True, rings, bare.charge, bare.discharge, bare.grace
    )


def aged(warn: float, cut: float) -> Protection:
    """Data of a node that are too old, s: told at warn, and at cut nothing of that node counts any more."""
    rings = ((Ring.WARN, Limit(warn, True, 0.0, warn, SETTLE)), (Ring.CUT, Limit(cut, True, 0.0, warn, SETTLE)))
    return Protection("sample_age", Measure.NODE_AGE, _NODE, "s", "age of data", True, rings, True, True)


def gap(limit: float) -> Protection:
    """Too long without a sample, s; the next fresh one clears it."""
    rings = ((Ring.CUT, Limit(limit, True, 0.0, limit)),)
    return Protection("sample_gap", Measure.STEP, _PACK, "s", "gap in the data", True, rings, True, True)


def overrun(warn: float) -> Protection:
    """The control loop ran late by more than `warn` s: the nodes' leases cover that, but a person should know."""
    rings = ((Ring.WARN, Limit(warn, True, 0.0, warn / 2, UNSURE_HOLD)),)
    return Protection("loop_overrun", Measure.LATE, _PACK, "s", "control loop late", True, rings, False, False)


def unsure(limit: float) -> Protection:
    """While a temperature is unknown, charging harder than `limit` (A): asked to stop, then cut."""
    rings = (
        (Ring.LIMIT, Limit(limit, True, UNSURE_DELAY, limit / 2, UNSURE_HOLD)),
        (Ring.CUT, Limit(limit, True, 2 * UNSURE_DELAY, limit / 2, UNSURE_HOLD, Latch.RETRIES)),
    )
    words = "charge current with a temperature unknown"
    return Protection("unsure_charge", Measure.UNSURE_CURRENT, _PACK, "A", words, True, rings, True, False)


def blind(absorption: float, release: float) -> Protection:
    """Without a current, charging ends at the absorption voltage of the highest cell, V."""
    rings = ((Ring.CUT, Limit(absorption, True, 0.0, release, SETTLE)),)
    words = "charged without a known current"
    return Protection("unguarded_charge", Measure.UNGUARDED_CHARGE, _PACK, "V", words, True, rings, True, False)
