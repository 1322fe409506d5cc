"""`tbms bench failsafe`: the master dies while charging, or stands still; what the nodes do then, and how soon."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from statistics import median
from time import monotonic, sleep
from typing import Any

from tbms.cli.bench import Row
from tbms.cli.bench_rig import Rig, RigError
from tbms.cli.pauses import Pauses

RUNS = 50
QUICK = 3
BOATS = 2  # run side by side
HOLD = 5.0  # s that the owner wants the load contactor held
GUARD_DELAY = 2.0  # s: before the master's silence opens the charge contactor
OBEDIENT, DISOBEDIENT, GUARD = "chargers obey", "a charger does not stop", "overvoltage, guard alone"
CHARGERS, OTHERS = ("1", "2", "3"), ("4",)  # outputs of the simulated boat that are on while it charges
GROWTH = 80.0  # times the resistance of one cell, which lifts it over its hard limit while it is charged
BEFORE = 0.3  # s before the death that belong to a run: the last heartbeats
FORCED = 2.5  # s after which a contactor that opens was not opened because its current was small
SETTINGS = (f"contactors.load_hold={HOLD}", f"protect.cell_overvoltage.guard_delay={GUARD_DELAY}")


@dataclass
class Run:
    """One death: s from it until each thing fell, inf where it did not. repeated: tries before it that do not count."""

    charger: float
    charge_contactor: float
    load_contactor: float
    others: float
    discharge_loop: float
    charge_loop: float
    repeated: int = 0


def rows(quick: bool) -> Iterable[Row]:
    """The staged sequence with obedient chargers and without, then the guard alone."""
    count = QUICK if quick else RUNS
    jobs = [(case, part) for case in (OBEDIENT, DISOBEDIENT, GUARD) for part in _shares(count)]
    with ProcessPoolExecutor(BOATS, get_context("spawn")) as pool:
        done = list(pool.map(measure, *zip(*jobs, strict=True)))
    for case in (OBEDIENT, DISOBEDIENT, GUARD):
        runs = [run for (name, _), found in zip(jobs, done, strict=True) if name == case for run in found]
        yield from _guard(case, runs) if case == GUARD else _staged(case, runs)


def _shares(count: int) -> list[int]:
    return [count // BOATS + (index < count % BOATS) for index in range(BOATS)]


def _staged(case: str, runs: Sequence[Run]) -> Iterable[Row]:
    wait = 3.1 if case == DISOBEDIENT else FORCED
    yield _row(f"{case}: charger-enable off", runs, "charger", 0.5)
    yield _row(f"{case}: charge contactor open", runs, "charge_contactor", wait)
    yield _row(f"{case}: other leased outputs off", runs, "others", 2.1)
    yield _row(f"{case}: load contactor held", runs, "load_contactor", HOLD - 0.2, at_most=False)
    yield _row(f"{case}: and then open", runs, "load_contactor", HOLD + 0.1)


def _guard(case: str, runs: Sequence[Run]) -> Iterable[Row]:
    yield _row(f"{case}: charge-permit down", runs, "charge_loop", GUARD_DELAY + 0.15)
    yield _row(f"{case}: discharge-permit stays", runs, "discharge_loop", HOLD - 0.2, at_most=False)


def _row(case: str, runs: Sequence[Run], what: str, bar: float, at_most: bool = True) -> Row:
    """The worst of all runs against its bar."""
    values = [getattr(run, what) for run in runs]
    more = {"median": median(values), "runs": len(runs), "repeated": sum(run.repeated for run in runs)}
    return Row(case, max(values) if at_most else min(values), "s", bar, at_most=at_most, more=more)


def measure(case: str, runs: int) -> list[Run]:
    """So many deaths of the master on one boat.

    A run during which the machine itself stood still (see pauses.py) is repeated, at most once on average.
    """
    with Rig() as rig, Pauses() as pauses:
        rig.ask("press", what="shore")
        if case != OBEDIENT:
            rig.ask("inject", kind="ignores_stop", where="shore")
        done: list[Run] = []
        left = runs
        while len(done) < runs:
            repeated = 0
            run, began = _run(rig, case)
            while left and pauses.longest(began - BEFORE, monotonic()):
                left, repeated = left - 1, repeated + 1
                run, began = _run(rig, case)
            done.append(replace(run, repeated=repeated))
        return done


def _run(rig: Rig, case: str) -> tuple[Run, float]:
    """Charge, kill the master, look for 1 s longer than the load contactor is held; and when it died."""
    rig.start_control(SETTINGS)
    rig.until("charging", lambda: _charging(rig), 40.0)
    rig.spend(0.5)
    rig.ask("trace", watch=[])
    rig.spend(0.1)
    began = monotonic()
    if case == GUARD:
        began = float(rig.ask("inject", kind="resistance_growth", where=7, severity=GROWTH, name="test")["time"])
    rig.kill_control()
    sleep(max(0.0, began + HOLD + 1.0 - monotonic()))
    records = rig.ask("trace", stop=True)["records"]
    if case == GUARD:
        rig.ask("clear", name="test")
    return _timed(records, began), began


def _charging(rig: Rig) -> bool:
    shown = rig.snapshot
    closed = shown and all(shown[name]["phase"] == "closed" for name in ("charge_contactor", "load_contactor"))
    return bool(closed and shown["current"] is not None and shown["current"] > 8.0 and _on(shown))


def _on(shown: dict[str, Any]) -> bool:
    return all(shown["outputs"][int(name) - 1]["on"] for name in CHARGERS + OTHERS)


def _timed(records: Sequence[dict[str, Any]], began: float) -> Run:
    """When the last of each kind fell, after the death."""

    def fell(what: str, names: Iterable[str]) -> float:
        times = []
        for name in names:
            states = [each for each in records if each["what"] == what and each["name"] == name]
            gone = [each["time"] for each in states if not each["on"] and each["time"] > began]
            if not any(each["on"] for each in states):
                raise RigError(f"{what} {name} was not on before the master died")
            times.append(gone[0] - began if gone else float("inf"))
        return max(times)

    return Run(
        fell("output", CHARGERS),
        fell("contact", ["charge"]),
        fell("contact", ["load"]),
        fell("output", OTHERS),
        fell("loop", ["discharge"]),
        fell("loop", ["charge"]),
    )
