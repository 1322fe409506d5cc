"""`tbms bench latency`: from the crossing of a limit to the command at the node, over the paced serial line."""

import random
import statistics
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from tbms.cli.bench import Row
from tbms.cli.bench_rig import Rig, RigError
from tbms.cli.latency_cases import (
    CASES,
    CHARGE,
    CHARGER_STOP,
    COMMON,
    LOAD,
    LOAD_SHED,
    LONG,
    NOT_TIMED,
    SAMPLE_BAR,
    Case,
    Injected,
)
from tbms.cli.pauses import Pauses
from tbms.cli.run import AURORA
from tbms.settings import load

RUNS = 50
FEW = 3  # runs at a default delay, or at one of which each would take long
ANEW = 20  # runs that each need a new master
QUICK = {RUNS: 5, FEW: 1, ANEW: 2}
BOATS = 2  # side by side: each takes a fifth of a core, so none waits for another
WATTS = 8000.0  # a step of 0.6 V in the pack's voltage
BIAS = 60.0  # A shown as charging, so that an undervoltage may clear
SETTLE = 0.15  # s: one cycle and a half, so that the node knows the newest word
STANDS = 1.0  # s until what stands all the while is known
LOAD_STARTS = 1.3  # s after its contactor has closed until the simulated load draws again
GIVEN_UP = 5.0  # s beyond the delay after which a command counts as never come
AGAIN = 10  # times a boat is set up anew when a run could not be provoked or seen
SOAK = 15  # times the load is switched before its voltages are taken: the cells' slow part has settled then
PROVOKED = 0.4  # s of a run in which the load is switched
RESTING: dict[tuple[str, ...], float] = {CHARGE: 0.7, LOAD: 1.8}  # s of a run in which it is not
PRESSED = ("emergency_stop",)
PERIOD = 0.1  # s: a command earlier than its delay by more than a cycle is not the answer to what was provoked


@dataclass
class Run:
    """One provocation: s beyond the configured delay, from sample and from crossing."""

    from_sample: float
    from_crossing: float


@dataclass
class Measured:
    """All runs of a case. delay: configured, s. repeated: runs during which the machine itself stood still."""

    delay: float
    runs: list[Run]
    repeated: int = 0


def rows(quick: bool) -> Iterable[Row]:
    """Two rows a case and delay: from the first crossing sample, and from the crossing."""
    jobs = [(case, least) for least in (True, False) for case in CASES if not (case.fixed and least)]
    counts = [_count(case, least) for case, least in jobs]
    with ProcessPoolExecutor(BOATS, get_context("spawn")) as pool:
        begun = [
            pool.submit(measure, case, least, QUICK[count] if quick else count)
            for (case, least), count in zip(jobs, counts, strict=True)
        ]
        measurements = [one.result() for one in begun]
    for (case, least), found in zip(jobs, measurements, strict=True):
        yield from _rows(case, least, found)


def notes() -> Iterable[str]:
    """Every protection without a row, and why."""
    yield "Not timed:"
    for (key, charge, discharge), why in NOT_TIMED.items():
        sides = " and ".join(word for word, so in (("charge", charge), ("discharge", discharge)) if so) or "nothing"
        yield f"  {key} (forbids {sides}): {why}"


def _count(case: Case, least: bool) -> int:
    if case.fixed:
        return FEW if case.delay(load()) >= LONG else ANEW if case.anew else RUNS
    return (ANEW if case.anew else RUNS) if least else FEW


def _rows(case: Case, least: bool, found: Measured) -> Iterable[Row]:
    which = "fixed delay" if case.fixed else "least delay" if least else "default delay"
    for words, bar, values in (
        ("from sample", SAMPLE_BAR, [run.from_sample for run in found.runs]),
        ("from crossing", case.crossing_bar, [run.from_crossing for run in found.runs]),
    ):
        more = {
            "configured_delay": found.delay,
            "median": statistics.median(values),
            "worst": max(values),
            "runs": len(values),
            "repeated": found.repeated,
        }
        yield Row(f"{case.name}, {which}, {words}", max(values), "s", bar, more=more)


def measure(case: Case, least: bool, runs: int) -> Measured:
    """A case on a boat of its own, so many times.

    A run during which the machine itself stood still (see pauses.py) is repeated, at most once on average.
    """
    with Rig(["--bus", "common"] if case.common else []) as rig, Pauses() as pauses:
        _bias(rig, case)
        overrides = case.overrides(least, _between(rig, case) if case.by_load else None)
        settings = load(AURORA, [*overrides, "name=bench"])
        found = Measured(case.delay(settings), [])
        draw = random.Random(f"{case.name} {least}")  # noqa: S311 - phases of a measurement, no secret
        again, fresh = AGAIN, False
        while len(found.runs) < runs:
            try:
                if not fresh:
                    _begin(rig, case, overrides)
                fresh, began = not case.anew, time.monotonic()
                run = _run(rig, case, found.delay, case.threshold(settings), draw)
            except RigError:
                again, fresh = again - 1, False
                if again < 0:
                    raise
                continue
            if pauses.longest(began, time.monotonic()) and found.repeated < runs:
                found.repeated += 1
            else:
                found.runs.append(run)
        return found


def _begin(rig: Rig, case: Case, overrides: Sequence[str]) -> None:
    """A master that has forgotten everything, on a boat where nothing is wrong but what stands all the while."""
    rig.ask("clear")
    for name in PRESSED:
        rig.ask("press", what=name, down=False)
    _bias(rig, case)
    rig.start_control(overrides)
    if case.before:
        rig.until(f"{case.name}: all closed", lambda: _well(rig, CHARGE), 30.0)
        for number, fault in enumerate(case.before):
            _inject(rig, fault, f"before {number}")
        rig.spend(STANDS)


def _inject(rig: Rig, fault: Injected, name: str) -> float:
    kind, where, severity = fault
    return float(rig.ask("inject", kind=kind, where=where, severity=severity, name=name)["time"])


def _bias(rig: Rig, case: Case) -> None:
    if case.bias:
        _inject(rig, ("shunt_offset", 1, BIAS), "bias")


def _between(rig: Rig, case: Case) -> float:
    """A threshold half-way between the pack's voltage with and without the load, in the rhythm of the runs."""
    rig.start_control(case.overrides(False))
    rig.until(case.name, lambda: _well(rig, LOAD), 20.0)
    found = []
    for turn in range(2 * SOAK):
        provoked = turn % 2 == 1
        _switch(rig, provoked is (case.beyond < 0))
        rig.spend(PROVOKED if provoked else RESTING[case.commands])
        found.append(next(float(row["pack_voltage"]) for row in reversed(rig.samples) if row["pack_voltage"]))
    rig.ask("clear", name="load")
    return round((found[-2] + found[-1]) / 2, 3)


def _switch(rig: Rig, on: bool) -> float:
    """Switch the big load; gives when it was asked, at most one step of the world (10 ms) before it happens."""
    return float(rig.ask("inject", kind="load_power", where="base", severity=WATTS if on else 0.0, name="load")["time"])


def _run(rig: Rig, case: Case, delay: float, threshold: float, draw: random.Random) -> Run:
    """Provoke once, at a random moment of the cycle; RigError where it could not be provoked or seen."""
    where = draw.choice(case.places)
    place = where if isinstance(where, int) else 1
    if case.by_load:
        _switch(rig, case.beyond > 0)
    rig.until(f"{case.name}: all closed", lambda: _well(rig, case.commands), 30.0)
    rig.ask("trace", watch=[])
    rig.spend(SETTLE + draw.uniform(0.0, 0.2) + (LOAD_STARTS if case.by_load and case.commands == LOAD else 0.0))
    present = case.read(rig.samples[-1], place) if rig.samples else None
    if present is None or not _well(rig, case.commands):
        raise RigError(f"{case.name}: not ready to be provoked")
    rig.samples.clear()
    severity = case.scale * (threshold + case.beyond - present) if case.severity is None else case.severity
    asked = _provoke(rig, case, where, severity)
    commanded = _commanded(rig, case, asked, asked + case.first + delay + GIVEN_UP)
    samples = [(float(row["time"]), case.read(row, place)) for row in rig.samples]
    _calm(rig, case)
    sign = 1.0 if case.beyond > 0 else -1.0
    crossed = [(at, value) for at, value in samples if value is not None and sign * (value - threshold) > 0.0]
    if not crossed or commanded - crossed[0][0] < delay - PERIOD:
        raise RigError(f"{case.name}: {'something else acted' if crossed else 'the crossing was not seen'}")
    seen, value = crossed[0]
    crossing = seen - (value - threshold) if case.aged else asked + case.first
    return Run(commanded - seen - delay, commanded - crossing - delay)


def _commanded(rig: Rig, case: Case, asked: float, until: float) -> float:
    """When the node had parsed the command; `until` when it never came."""
    while True:
        rig.spend(SETTLE)
        if _fallen(rig, case.commands) or time.monotonic() > until:
            fell = [
                float(record["time"])
                for record in rig.ask("trace")["records"]
                if record["what"] == "command" and record["name"] in case.commands and not record["on"]
            ]
            if found := [moment for moment in fell if moment > asked]:
                return min(found)
            if time.monotonic() > until:
                return until


def _provoke(rig: Rig, case: Case, where: int | str, severity: float) -> float:
    if case.by_load:
        return _switch(rig, case.beyond < 0)
    if case.kind in PRESSED:
        return float(rig.ask("press", what=case.kind)["time"])
    return _inject(rig, (case.kind, where, severity), "test")


def _calm(rig: Rig, case: Case) -> None:
    if case.kind in PRESSED:
        rig.ask("press", what=case.kind, down=False)
    elif not case.by_load:
        rig.ask("clear", name="test")


def _well(rig: Rig, commands: tuple[str, ...]) -> bool:
    """What the case switches off is on."""
    shown = rig.snapshot
    if not shown or shown["load_contactor"]["phase"] != "closed":
        return False
    if commands == COMMON and not (shown["may_charge"] and shown["may_discharge"]):
        return False
    if commands in (CHARGE, CHARGER_STOP) and shown["charge_contactor"]["phase"] != "closed":
        return False
    outputs = commands if commands in (CHARGER_STOP, LOAD_SHED) else ()
    return all(shown["outputs"][int(name[-1]) - 1]["on"] for name in outputs)


def _fallen(rig: Rig, commands: tuple[str, ...]) -> bool:
    """The case has switched it off."""
    shown = rig.snapshot
    if commands in (CHARGER_STOP, LOAD_SHED):
        return not any(shown["outputs"][int(name[-1]) - 1]["on"] for name in commands)
    if commands == COMMON:
        return bool(shown["load_contactor"]["phase"] != "closed")
    return not bool(shown["may_charge" if commands == CHARGE else "may_discharge"])
