"""Rows of `tbms bench soc` about a battery that has taught its own curve: the estimator alone, without a replay."""

from collections.abc import Iterator

from tbms import settings as settings_room
from tbms.cli import bench_score
from tbms.cli.bench import Row
from tbms.cli.bench_replay import data
from tbms.core import estimate
from tbms.core.estimate import EstimateState, memory
from tbms.core.measure.measured import measure
from tbms.core.measure.switches import Drive
from tbms.model.sample import Sample
from tbms.settings.compiled import Settings

HOUR = 3600.0
FILE, CAPACITY = "a123/dynamic_+25C", 2.0495
COLUMNS = ("time", "current", "voltage", "temperature")
OFFSET = 0.041  # A: 2 % of C


def _again(before: EstimateState, settings: Settings, offset: float = 0.0) -> tuple[EstimateState, bench_score.Track]:
    """The file once more from a wrong start; of what was learned the curve alone is kept.

    Gives (s, SOC, sigma) of every sample.
    """
    curve = {key: value for key, value in memory.saved(before).items() if key in ("version", "own")}
    state = memory.restored(curve, estimate.initial(settings, 0.6), settings, HOUR)
    found: bench_score.Track = []
    last = None
    for time, current, voltage, heat in bench_score.read(data(FILE), COLUMNS):
        sample = Sample(time, 0.0, current + offset, (voltage,), (heat,))
        seen = measure(sample, last, 0.0, Drive(), settings)
        state, _ = estimate.update(state, seen, seen.dt, settings)
        found.append((time, state.soc, state.soc_sigma))
        last = time
    return state, found


def rows() -> Iterator[Row]:
    """A third discharge, after two have taught and judged the curve; nothing is told of the truth."""
    settings = settings_room.load(overrides=["pack.cells=1", "pack.chemistry=lfp", f"pack.capacity={CAPACITY}"])
    truth = bench_score.read(data(FILE), ("time", "soc"))
    known = estimate.initial(settings, 0.6)
    for _way in range(2):
        known, _found = _again(known, settings)
    for name, offset, bar in (("third run, own curve", 0.0, 1.2), ("third run, own curve, +2 % C offset", OFFSET, 3.0)):
        _state, found = _again(known, settings, offset)
        scored = bench_score.score(truth, found, 0.0, HOUR)
        told = {
            "worst": round(scored.worst, 2),
            "end": round(scored.end, 2),
            "inside": round(scored.inside, 3),
            "sigma": round(scored.sigma, 2),
            "given": f"{CAPACITY:g} Ah, lfp, taught by two runs",
        }
        yield Row(f"A123 25 °C, {name}", scored.rmse, "%", bar, more=told)
