"""`tbms bench latency`: from the crossing of a limit to the command at the node, over the paced serial line."""

import random
import statistics
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from tbms.cli.bench import Row
from tbms.cli.bench_rig import Rig, RigError
from tbms.cli.latency_cases import CASES, CHARGE, CHARGER_STOP, LOAD, LOAD_SHED, SAMPLE_BAR, Case, measured
from tbms.settings import load

RUNS = {True: 50, False: 3}  # at the least permitted delay, and at the default
QUICK = {True: 5, False: 1}
BOATS = 3  # run side by side: each takes a fifth of a core, so none waits for another
WATTS = 8000.0  # a step of 0.6 V in the pack's voltage
BIAS = 60.0  # A shown as charging, so that an undervoltage may clear
SETTLE = 0.15  # s: one cycle and a half, so that the node knows the newest word
LOAD_STARTS = 1.3  # s after its contactor has closed until the simulated load draws again
SOAK = 20  # times the load is switched before its voltages are taken
CELLS = 16


@dataclass
class Run:
    """One provocation: s beyond the configured delay, from sample and from crossing."""

    from_sample: float
    from_crossing: float


def rows(quick: bool) -> Iterable[Row]:
    """Two rows a case and delay: from the first crossing sample, and from the crossing."""
    jobs = [(case, least) for least in (True, False) for case in CASES]
    counts = QUICK if quick else RUNS
    with ProcessPoolExecutor(BOATS, get_context("spawn")) as pool:
        begun = [pool.submit(measure, case, least, counts[least]) for case, least in jobs]
        measurements = [one.result() for one in begun]
    for (case, least), (delay, runs) in zip(jobs, measurements, strict=True):
        yield from _rows(case, least, delay, runs)


def _rows(case: Case, least: bool, delay: float, runs: Sequence[Run]) -> Iterable[Row]:
    which = "least delay" if least else "default delay"
    for words, bar, values in (
        ("from sample", SAMPLE_BAR, [run.from_sample for run in runs]),
        ("from crossing", case.crossing_bar, [run.from_crossing for run in runs]),
    ):
        more = {
            "configured_delay": delay,
            "median": statistics.median(values),
            "worst": max(values),
            "runs": len(values),
        }
        yield Row(f"{case.name}, {which}, {words}", max(values), "s", bar, more=more)


def measure(case: Case, least: bool, runs: int) -> tuple[float, list[Run]]:
    """The configured delay of a case, and its runs on a boat of its own."""
    with Rig() as rig:
        rig.ask(
            "inject", kind="shunt_offset", severity=BIAS if case.commands in (LOAD, LOAD_SHED) else 0.0, name="bias"
        )
        cut = _between(rig, case) if case.by_load else None
        overrides = case.overrides(least, cut)
        settings = load(None, [*overrides, "name=bench"])
        delay, threshold = case.delay(settings), case.threshold(settings)
        rig.start_control(overrides)
        draw = random.Random(f"{case.name} {least}")  # noqa: S311 - phases of a measurement, no secret
        return delay, [_run(rig, case, delay, threshold, draw) for _ in range(runs)]


def _between(rig: Rig, case: Case) -> float:
    """A threshold half-way between the pack's voltage with and without the load."""
    rig.start_control(case.overrides(False))
    rig.until(lambda: _well(rig, LOAD), 20.0)
    found = []
    for turn in range(2 * SOAK):
        _switch(rig, turn % 2 == 0)
        rig.spend(0.5)
        found.append(next(float(row["pack_voltage"]) for row in reversed(rig.samples) if row["pack_voltage"]))
    rig.ask("clear", name="load")
    return round((found[-2] + found[-1]) / 2, 3)


def _switch(rig: Rig, on: bool) -> float:
    """Switch the big load; gives when it was asked, at most one step of the world (10 ms) before it happens."""
    return float(rig.ask("inject", kind="load_power", where="base", severity=WATTS if on else 0.0, name="load")["time"])


def _run(rig: Rig, case: Case, delay: float, threshold: float, draw: random.Random) -> Run:
    """Provoke once, at a random moment of the cycle, and let everything come back."""
    read = measured(case, cell := draw.randint(1, CELLS))
    if case.by_load:
        _switch(rig, case.beyond > 0)
    rig.until(lambda: _well(rig, case.commands), 30.0)
    rig.ask("trace", watch=[])
    rig.spend(SETTLE + draw.uniform(0.0, 0.2) + (LOAD_STARTS if case.by_load and case.commands == LOAD else 0.0))
    present = read(rig.samples[-1])
    if present is None:
        raise RigError(f"{case.name}: nothing is measured")
    rig.samples.clear()
    asked = _provoke(rig, case, cell, threshold + case.beyond - present)
    rig.until(lambda: _fallen(rig, case.commands), delay + 5.0)
    rig.spend(SETTLE)
    records = rig.ask("trace", stop=True)["records"]
    if not case.by_load:
        rig.ask("clear", name="test")
    return _timed(case, records, asked, [(row["time"], read(row)) for row in rig.samples], threshold, delay)


def _provoke(rig: Rig, case: Case, cell: int, change: float) -> float:
    if case.by_load:
        return _switch(rig, case.beyond < 0)
    where = 1 if case.unit == "A" else cell
    return float(rig.ask("inject", kind=case.kind, where=where, severity=change, name="test")["time"])


def _timed(
    case: Case,
    records: Sequence[dict[str, Any]],
    asked: float,
    samples: Sequence[tuple[float, float | None]],
    threshold: float,
    delay: float,
) -> Run:
    sign = 1.0 if case.beyond > 0 else -1.0
    crossed = [time for time, value in samples if value is not None and sign * (value - threshold) > 0.0]
    fell = [
        record["time"]
        for record in records
        if record["what"] == "command" and record["name"] in case.commands and not record["on"]
    ]
    commanded = [time for time in fell if time > asked]
    if not crossed or not commanded:
        raise RigError(f"{case.name}: {'no command' if crossed else 'no crossing'} was seen")
    return Run(min(commanded) - min(crossed) - delay, min(commanded) - asked - delay)


def _well(rig: Rig, commands: tuple[str, ...]) -> bool:
    """What the case switches off is on."""
    shown = rig.snapshot
    if not shown or shown["load_contactor"]["phase"] != "closed":
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
    return not bool(shown["may_charge" if commands == CHARGE else "may_discharge"])
