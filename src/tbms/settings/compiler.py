"""Compile a checked schema into the settings that the core reads."""

from tbms.model.fault import Ring
from tbms.model.limit import Latch, Limit, Measure, Protection
from tbms.model.sample import OUTPUTS
from tbms.settings.bare import (
    DATA,
    LOOPS,
    UNSURE_CHARGE,
    aged,
    blind,
    feedback,
    gap,
    overrun,
    protection,
    shared,
    unsure,
)
from tbms.settings.chemistry import CHEMISTRIES
from tbms.settings.compiled import (
    ChargeTargets,
    ContactorRules,
    HardLimit,
    HardLimits,
    OcvPoint,
    OutputRole,
    Settings,
    SleepRules,
    nodes,
)
from tbms.settings.derive import RINGS, Rungs, ladders, ring_release
from tbms.settings.energy import balance_rules, charge_rules, deep_voltage
from tbms.settings.ranges import compiled
from tbms.settings.schema import Output, Schema
from tbms.settings.sides import sides
from tbms.settings.table import UNDERVOLTAGES

LEASE = 2.0  # s: an output that is not refreshed for this long falls to its safe state
SPEAKING = ("alarm", "backup")  # roles that are on when nobody renews them: the boat may lose its supply then
CHARGER_LEASE = 0.5  # s: a charger must stop before its contactor is opened under it
RECLOSE_CURRENT = 0.02  # C: less may be a charger's own standby
CLOSE_SHARE = 0.5  # of the pack's voltage: a charger for another one; a flat pack may lie 30 % below its own charger
TAIL = 0.05  # C: end of absorption
PRE_CHARGE_CURRENT = 0.002  # C: what a charged bus may still draw; 0.05 A is a shunt's zero
CURRENT_RANGE = 20.0  # C: above the surge of any load that a fuse lets pass


def _limit(rungs: Rungs, ring: Ring, threshold: float, schema: Schema, reclose: float) -> Limit:
    kind = rungs.kind
    release, delay, charging = ring_release(rungs, threshold), rungs.release_delay, False
    if ring is not Ring.WARN and kind.id in UNDERVOLTAGES:
        scale = schema.pack.cells if kind.scale == "cells" else 1
        release, delay, charging = max(release, reclose * scale), schema.contactors.reclose_time, True
    return Limit(
        threshold=kind.sign * threshold,
        above=kind.above,
        delay=rungs.delay[ring],
        release=kind.sign * release,
        release_delay=delay,
        latch=rungs.latch if ring is Ring.CUT else Latch.OFF,
        needs_charging=charging,
        pauses=kind.pauses,
    )


def _protection(rungs: Rungs, schema: Schema, reclose: float) -> Protection | None:
    kind = rungs.kind
    limits = tuple(
        (ring, _limit(rungs, ring, threshold, schema, reclose))
        for ring in RINGS
        if (threshold := rungs.value[ring]) is not None
    )
    if not limits:
        return None
    return Protection(
        kind.id,
        kind.measure,
        kind.place,
        kind.unit,
        kind.words,
        kind.above,
        limits,
        kind.forbids_charge,
        kind.forbids_discharge,
    )


def _faults(schema: Schema, targets: ChargeTargets) -> tuple[Protection, ...]:
    """All faults without rings of their own."""
    sensors = schema.sensors
    switched = (*DATA, *LOOPS, *feedback(schema.contactors.feedback_delay))
    return (
        aged(age_warn(schema), sensors.sample_age),
        gap(sensors.gap),
        overrun(sensors.sample_age),
        blind(targets.absorption, targets.float_voltage),
        unsure(UNSURE_CHARGE * schema.pack.capacity),
        *map(protection, shared(switched) if schema.contactors.bus == "common" else switched),
    )


def _hard(rungs: dict[str, Rungs], schema: Schema) -> HardLimits:
    layers: dict[str, dict[str, HardLimit]] = {"guard": {}, "afe": {}}
    for key, figures in rungs.items():
        for layer, found in layers.items():
            threshold = figures.value[layer]
            if threshold is not None:
                found[key] = HardLimit(threshold, figures.delay[layer])
    return HardLimits(layers["guard"], layers["afe"], schema.sensors.sample_age, schema.contactors.load_hold)


def _output(given: Output) -> OutputRole:
    role, closed = str(given.role), given.contact == "nc"
    lease = CHARGER_LEASE if role == "charger_enable" else LEASE
    coil = None if given.drive == "hold" or given.off_coil is None else given.off_coil - 1
    safe = (role in SPEAKING) is not closed and coil is None
    return OutputRole(given.name, role, safe, lease, closed, coil, given.pulse)


def _outputs(schema: Schema) -> tuple[OutputRole, ...]:
    given = [_output(output) for output in schema.outputs]
    return (*given, *[OutputRole("unused", "unused", False, LEASE)] * (OUTPUTS - len(given)))


def _standby(schema: Schema) -> float:
    """Current below which nothing flows that counts, A."""
    return max(0.05, PRE_CHARGE_CURRENT * schema.pack.capacity)


def _contactors(schema: Schema) -> ContactorRules:
    rules, capacity = schema.contactors, schema.pack.capacity
    return ContactorRules(
        ready_samples=rules.ready_samples,
        reclose_delay=rules.reclose_delay,
        feedback=rules.feedback,
        feedback_delay=rules.feedback_delay,
        pre_charge_voltage=rules.pre_charge_voltage,
        pre_charge_current=rules.pre_charge_current or _standby(schema),
        pre_charge_timeout=rules.pre_charge_timeout,
        pre_charge_tries=rules.pre_charge_tries,
        pre_charge_lockout=rules.pre_charge_lockout,
        reclose_current=rules.reclose_current or RECLOSE_CURRENT * capacity,
        close_voltage=rules.close_voltage
        or CLOSE_SHARE * CHEMISTRIES[schema.pack.chemistry].nominal * schema.pack.cells,
        closings=rules.closings,
        breaking_current=rules.breaking_current,
        store_voltage=rules.store_voltage if rules.kind == "bistable" else None,
        common=rules.bus == "common",
    )


def _sleep(schema: Schema, rungs: dict[str, Rungs]) -> SleepRules:
    given = schema.sleep
    voltage = deep_voltage(rungs) if given.voltage is None else None if given.voltage == "off" else given.voltage
    return SleepRules(voltage, given.delay, 3600.0 * given.wake_hours, _standby(schema))


def _temperatures(protections: tuple[Protection, ...], measured: bool) -> tuple[Protection, ...]:
    thermal = (
        Measure.TEMPERATURE_HOT,
        Measure.TEMPERATURE_COLD,
        Measure.INVALID_TEMPERATURE,
        Measure.UNGUARDED_TEMPERATURE,
        Measure.TEMPERATURES_LOST,
        Measure.UNSURE_CURRENT,
        Measure.TEMPERATURE_SPREAD,
        Measure.TEMPERATURE_RATE,
    )
    return protections if measured else tuple(p for p in protections if p.measure not in thermal)


def current_range(schema: Schema, rungs: dict[str, Rungs]) -> float:
    """Largest believable current, A: what is set, or 20 C, but always beyond every cut."""
    cuts = [figures.value["cut"] or 0.0 for figures in rungs.values() if figures.kind.unit == "A"]
    return schema.sensors.current_range or max(CURRENT_RANGE * schema.pack.capacity, 2 * max(cuts))


def age_warn(schema: Schema) -> float:
    """Age of data that is told, s."""
    return schema.sensors.sample_age_warn or min(0.3, 0.6 * schema.sensors.sample_age)


def charge_targets(schema: Schema, rungs: dict[str, Rungs]) -> ChargeTargets:
    """Charge targets; the defaults give way inwards to a lower overvoltage ring and to each other."""
    chemistry, given = CHEMISTRIES[schema.pack.chemistry], schema.charge
    absorption = chemistry.absorption
    top, usual = first_ring(rungs["cell_overvoltage"]), chemistry.figures["cell_overvoltage"].warn
    if top is not None and usual is not None:
        absorption = min(absorption, round(top - (usual - chemistry.absorption), 3))
    absorption = given.absorption or absorption
    low = given.float or round(
        min(chemistry.float_voltage, absorption - chemistry.absorption + chemistry.float_voltage), 3
    )
    return ChargeTargets(absorption, given.tail or TAIL * schema.pack.capacity, low)


def first_ring(rungs: Rungs) -> float | None:
    """Threshold of the ring that is met first; None where all are off."""
    return next((value for ring in RINGS if (value := rungs.value[ring]) is not None), None)


def reclose_voltage(schema: Schema, rungs: dict[str, Rungs]) -> float:
    """Lowest cell at which loads come back after an undervoltage, V; never below the release."""
    usual = max(CHEMISTRIES[schema.pack.chemistry].reclose_voltage, rungs["cell_undervoltage"].release)
    return schema.contactors.reclose_voltage or usual


def build(schema: Schema, ocv: tuple[OcvPoint, ...] = ()) -> Settings:
    """The settings of a schema that has passed every check."""
    rungs = ladders(schema)
    targets, reclose = charge_targets(schema, rungs), reclose_voltage(schema, rungs)
    figures = targets.absorption, targets.float_voltage, targets.tail
    ringed = tuple(p for figures in rungs.values() if (p := _protection(figures, schema, reclose)) is not None)
    every = ringed + sides(rungs) + _faults(schema, targets)
    measured = schema.sensors.temperature == "per_cell"
    protections = _temperatures(every, measured)
    return Settings(
        schema=schema,
        name=schema.name,
        chemistry=schema.pack.chemistry,
        cells=schema.pack.cells,
        capacity=schema.pack.capacity,
        nodes=nodes(schema.pack.cells),
        period=schema.loop.period,
        protections=protections,
        rungs=rungs,
        temperature=measured,
        temperature_age=schema.sensors.temperature_age,
        sample_age=schema.sensors.sample_age,
        sample_age_warn=age_warn(schema),
        gap=schema.sensors.gap,
        valid_current=current_range(schema, rungs),
        own_power=schema.sensors.own_power,
        contactors=_contactors(schema),
        outputs=_outputs(schema),
        charge=targets,
        sleep=_sleep(schema, rungs),
        hard_limits=_hard(rungs, schema),
        charging=charge_rules(schema, rungs, figures),
        balance=balance_rules(schema, rungs, figures),
        ocv=ocv,
        checks=tuple(map(hash, protections)),
        rules=compiled(schema),
    )
