"""What must hold between settings: rings and layers ordered in value and in time, releases on the safe side."""

from collections.abc import Iterator
from itertools import pairwise

from tbms.model.fault import Ring
from tbms.settings import energy, outputs, range_checks
from tbms.settings.compiler import age_warn, charge_targets, current_range, first_ring, reclose_voltage
from tbms.settings.derive import DELAYS, LADDER, RATED, RATINGS, Rungs, ladders, rating
from tbms.settings.problems import Key, Source, dotted
from tbms.settings.schema import Schema

Problem = tuple[Key, str]
"""The key to blame and the sentence without its place."""

REAL = "a real battery needs it, in A, before anything closes"


def _figure(value: float, unit: str) -> str:
    return f"{value:g} {unit}".strip()


def _key(rungs: Rungs, name: str) -> Key:
    return ("protect", rungs.kind.id, name)


def _blame(rungs: Rungs, first: str, second: str) -> tuple[str, str]:
    """Which of two keys to name: the one that was set; and the other."""
    return (second, first) if second in rungs.explicit and first not in rungs.explicit else (first, second)


def _values(rungs: Rungs) -> Iterator[Problem]:
    """Every rung that was set must lie strictly between its neighbours."""
    present = [(name, value) for name in LADDER if (value := rungs.value[name]) is not None]
    for place, (name, value) in enumerate(present):
        inner = present[place - 1] if place else None
        outer = present[place + 1] if place + 1 < len(present) else None
        too_low = inner is not None and rungs.direction * (value - inner[1]) <= 0
        too_high = outer is not None and rungs.direction * (outer[1] - value) <= 0
        if name in rungs.explicit and (too_low or too_high):
            yield _key(rungs, name), f"= {_figure(value, rungs.kind.unit)}: must be {_between(rungs, inner, outer)}"


def _between(rungs: Rungs, inner: tuple[str, float] | None, outer: tuple[str, float] | None) -> str:
    """'above limit (3.6 V) and below guard (3.75 V)'."""
    low, high = (inner, outer) if rungs.direction > 0 else (outer, inner)
    unit = rungs.kind.unit
    bounds = [
        f"{word} {side[0]} ({_figure(side[1], unit)})" for word, side in (("above", low), ("below", high)) if side
    ]
    return " and ".join(bounds)


def _delays(rungs: Rungs) -> Iterator[Problem]:
    layers = [name for name in ("cut", "guard", "afe") if rungs.value[name] is not None]
    for inner, outer in pairwise(layers):
        if rungs.delay[inner] <= rungs.delay[outer]:
            continue
        name, other = _blame(rungs, DELAYS[inner], DELAYS[outer])
        short, long = rungs.delay[outer], rungs.delay[inner]
        if name == DELAYS[inner]:
            yield _key(rungs, name), f"= {long:g} s: must be at most {other} ({short:g} s)"
        else:
            yield _key(rungs, name), f"= {short:g} s: must be at least {other} ({long:g} s)"


def _short(rungs: Rungs, period: float) -> Iterator[Problem]:
    for ring in (Ring.WARN, Ring.LIMIT, Ring.CUT):
        if rungs.value[ring] is not None and rungs.delay[ring] < period:
            yield (
                _key(rungs, DELAYS[ring]),
                f"= {rungs.delay[ring]:g} s: must be {period:g} to 3600 s (loop.period is the shortest)",
            )


def _release(rungs: Rungs) -> Iterator[Problem]:
    cut = rungs.value["cut"]
    if cut is None or rungs.direction * (cut - rungs.release) > 0:
        return
    side = "below" if rungs.direction > 0 else "above"
    yield (
        _key(rungs, "release"),
        f"= {_figure(rungs.release, rungs.kind.unit)}: must be {side} cut ({_figure(cut, rungs.kind.unit)})",
    )


PAIRS = (
    # two protections whose rungs must not meet: the first lies below the second
    ("cell_undervoltage", "cell_overvoltage"),
    ("pack_undervoltage", "pack_overvoltage"),
    ("undertemperature_charge", "overtemperature_charge"),
    ("undertemperature_discharge", "overtemperature_discharge"),
)


def _meeting(found: dict[str, Rungs]) -> Iterator[Problem]:
    for low, high in PAIRS:
        floor, ceiling = found[low], found[high]
        lows = [(v, n) for n in LADDER if (v := floor.value[n]) is not None] + [(floor.release, "release")]
        highs = [(v, n) for n in LADDER if (v := ceiling.value[n]) is not None] + [(ceiling.release, "release")]
        (value, name), (bound, other) = max(lows), min(highs)
        if value < bound:
            continue
        if other in ceiling.explicit and name not in floor.explicit:
            yield _meets(ceiling, other, bound, f"above protect.{low}.{name}", value)
        else:
            yield _meets(floor, name, value, f"below protect.{high}.{other}", bound)


def _meets(rungs: Rungs, name: str, value: float, side: str, bound: float) -> Problem:
    """Blame a figure that was set, or the one that a derived figure follows from."""
    unit = rungs.kind.unit
    must = f"must be {side} ({_figure(bound, unit)})"
    if name in rungs.explicit:
        return _key(rungs, name), f"= {_figure(value, unit)}: {must}"
    cause = next((rung for rung in ("cut", "limit", "warn", "guard", "afe") if rung in rungs.explicit), name)
    given = rungs.value.get(cause)
    shown = "" if given is None else f"= {_figure(given, unit)}: "
    return _key(rungs, cause), f"{shown}with it {name} becomes {_figure(value, unit)}, which {must}"


def _peaks(found: dict[str, Rungs]) -> Iterator[Problem]:
    for name in ("overcurrent_charge", "overcurrent_discharge"):
        slow, fast = found[name], found[f"{name}_peak"]
        cut, peak = slow.value["cut"], fast.value["cut"]
        if cut is None or peak is None:
            continue
        if peak < cut:
            yield _key(fast, "cut"), f"= {peak:g} A: must be at least protect.{name}.cut ({cut:g} A)"
        if fast.delay["cut"] > slow.delay["cut"]:
            yield (
                _key(fast, "delay"),
                f"= {fast.delay['cut']:g} s: must be at most protect.{name}.delay ({slow.delay['cut']:g} s)",
            )


def _voltages(schema: Schema, found: dict[str, Rungs]) -> Iterator[Problem]:
    """Charge targets and re-closing lie between the rings."""
    targets, reclose = charge_targets(schema, found), reclose_voltage(schema, found)
    absorption, low = targets.absorption, targets.float_voltage
    if low > absorption:
        yield ("charge", "float"), f"= {low:g} V: must be at most charge.absorption ({absorption:g} V)"
    top = first_ring(found["cell_overvoltage"])
    if top is not None and absorption >= top:
        sentence = f"= {absorption:g} V: must be below the first ring of protect.cell_overvoltage ({top:g} V)"
        yield ("charge", "absorption"), sentence
    cut = found["cell_undervoltage"].value["cut"]
    if cut is not None and reclose <= cut:
        sentence = f"= {reclose:g} V: must be above protect.cell_undervoltage.cut ({cut:g} V)"
        yield ("contactors", "reclose_voltage"), sentence


def _depths(schema: Schema, found: dict[str, Rungs]) -> Iterator[Problem]:
    """Undervoltage, sleep and damage come in this order."""
    low, harmed, sleep = found["cell_undervoltage"], found["cell_damaged"], schema.sleep.voltage
    floor, reclose = harmed.value["cut"], reclose_voltage(schema, found)
    lowest = [(value, name) for name in LADDER if (value := low.value[name]) is not None]
    if floor is not None and lowest and floor >= min(lowest)[0]:
        value, name = min(lowest)
        if "cut" in harmed.explicit or name not in low.explicit:
            yield _key(harmed, "cut"), f"= {floor:g} V: must be below protect.cell_undervoltage.{name} ({value:g} V)"
        else:
            yield _key(low, name), f"= {value:g} V: must be above protect.cell_damaged.cut ({floor:g} V)"
    if isinstance(sleep, float) and not (floor or 0.0) < sleep < reclose:
        above = f"must be above protect.cell_damaged.cut ({floor or 0.0:g} V)"
        must = f"{above} and below {reclose:g} V, where loads come back"
        yield ("sleep", "voltage"), f"= {sleep:g} V: {must}"


def _sensors(schema: Schema, found: dict[str, Rungs]) -> Iterator[Problem]:
    sensors = schema.sensors
    if age_warn(schema) > sensors.sample_age:
        sentence = f"= {age_warn(schema):g} s: must be at most sensors.sample_age ({sensors.sample_age:g} s)"
        yield ("sensors", "sample_age_warn"), sentence
    highest = max(figures.value["cut"] or 0.0 for figures in found.values() if figures.kind.unit == "A")
    if current_range(schema, found) <= highest:
        sentence = f"= {sensors.current_range:g} A: must be above the highest current cut ({highest:g} A)"
        yield ("sensors", "current_range"), sentence


def _ratings(schema: Schema, found: dict[str, Rungs], real: bool) -> Iterator[Problem]:
    """All ratings are given or none, and no current ring that was set lies above the weakest."""
    weakest = rating(schema)
    why = REAL if real else f"must be given, as pack.{weakest[0]} is ({weakest[1]:g} A)" if weakest else ""
    for name in RATINGS if why else ():
        if getattr(schema.pack, name) is None:
            yield ("pack", name), f"is missing: {why}"
    if real and schema.contactors.breaking_current is None:
        yield ("contactors", "breaking_current"), f"is missing: {REAL}"
    if weakest is None:
        return
    for key in RATED:
        for ring in ("warn", "limit", "cut"):
            value = found[key].value[ring]
            if ring in found[key].explicit and value is not None and value > weakest[1]:
                must = f"must be at most pack.{weakest[0]} ({weakest[1]:g} A)"
                yield _key(found[key], ring), f"= {value:g} A: {must}"


def _contactors(schema: Schema) -> Iterator[Problem]:
    """A contactor that stays closed without power protects only where hardware opens it.

    That hardware acts on the loss of either loop; a common contactor must stand the loss of one. Chargers behind it
    can be stopped without going dark only by an output; that a loop has opened it shows in its auxiliary contact.
    """
    given = schema.contactors
    common, bistable = given.bus == "common", given.kind == "bistable"
    if bistable and common:
        yield (
            ("contactors", "kind"),
            '= "bistable": must be monostable with contactors.bus = "common"',
        )
    elif bistable and not given.stored_energy:
        yield (
            ("contactors", "kind"),
            '= "bistable": must be monostable, or contactors.stored_energy true (without power it would stay closed)',
        )
    if bistable and not common and given.store_voltage is None:
        yield ("contactors", "store_voltage"), 'is missing: must be given with contactors.kind = "bistable"'
    if common and not given.feedback:
        yield ("contactors", "feedback"), '= false: must be true with contactors.bus = "common"'
    if common and not any(output.role == "charger_enable" for output in schema.outputs):
        yield ("contactors", "bus"), '= "common": needs an output with the role charger_enable, to stop chargers first'


def check(schema: Schema, source: Source, real: bool = False) -> dict[Key, str]:
    """Everything that contradicts something else, one sentence per key. real: what a real battery needs is there."""
    found = ladders(schema)
    problems: list[Problem] = []
    for rungs in found.values():
        problems += [*_values(rungs), *_delays(rungs), *_short(rungs, schema.loop.period), *_release(rungs)]
    problems += [
        *_meeting(found),
        *_peaks(found),
        *_voltages(schema, found),
        *_depths(schema, found),
        *_sensors(schema, found),
        *_contactors(schema),
        *_ratings(schema, found, real),
    ]
    problems += [*range_checks.problems(schema), *outputs.problems(schema), *energy.problems(schema, found)]
    first = {key: f"{dotted(key)} {sentence}{source.where(key)}" for key, sentence in reversed(problems)}
    return dict(reversed(first.items()))
