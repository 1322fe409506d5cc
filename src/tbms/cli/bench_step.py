"""`tbms bench step`: how long one core.step() takes for 4, 8 and 16 cells."""

from collections.abc import Iterator
from random import Random
from statistics import median, quantiles
from time import perf_counter

from tbms import settings as settings_room
from tbms.cli.bench import Row
from tbms.core.state import State
from tbms.core.step import step
from tbms.model.sample import NodeReport, Sample, SwitchReport
from tbms.settings.compiled import Settings

BAR = 300.0  # µs, median for 16 cells
PERIOD = 0.1  # s


def sample(number: int, cells: int, state: State, random: Random) -> Sample:
    """A live sample of a healthy battery: every value moves a little, the switches follow the actions before."""
    voltages = tuple(3.30 + random.gauss(0.0, 0.001) for _ in range(cells))
    nodes = tuple(
        NodeReport(address, True, 0.03, 0.1, True, True, (), 31.0, 12.1) for address in range(1, -(-cells // 4) + 1)
    )
    pack, done = sum(voltages), state.actions
    return Sample(
        time=number * PERIOD,
        timestamp=1.7e9 + number * PERIOD,
        current=-20.0 + random.gauss(0.0, 0.1),
        cell_voltages=voltages,
        temperatures=tuple(22.0 + random.gauss(0.0, 0.1) for _ in range(cells)),
        pack_voltage=pack,
        nodes=nodes,
        switches=SwitchReport(
            done.charge_contactor, done.load_contactor, done.pre_charge, done.outputs, pack, pack, False, False
        ),
    )


def times(settings: Settings, count: int, seed: int = 1) -> list[float]:
    """µs of each of `count` steps, after a warm-up of 200."""
    random, state, taken = Random(seed), State.initial(settings, 0.8), []  # noqa: S311 - noise, no secret
    for number in range(count + 200):
        next_sample = sample(number, settings.cells, state, random)
        start = perf_counter()
        state = step(state, next_sample, (), settings).state
        taken.append(1e6 * (perf_counter() - start))
    return taken[200:]


KINDS = (
    ("cell_voltage", "lowest", 3.175, 3.5), ("cell_voltage", "highest", 3.5, 3.4),
    ("cell_voltage", "spread", 0.1, 0.05),
    ("pack_voltage", None, 56.0, 54.0), ("current", None, 30.0, 10.0), ("power", None, 900.0, 100.0),
    ("soc", None, 0.99, 0.5), ("temperature", "highest", 35.0, 27.0), ("temperature", "lowest", 5.0, 10.0),
    ("cell_voltage", 3, 3.1, 3.2),
)  # fmt: skip


def ranges(count: int) -> list[str]:
    """Overrides for so many of the owner's ranges, one measure after the other, each with an alarm."""
    made = []
    for number in range(1, count + 1):
        measure, of, start, stop = KINDS[number % len(KINDS)]
        place = "" if of is None else f'of = "{of}", ' if isinstance(of, str) else f"of = {of}, "
        when = f'[{{ measure = "{measure}", {place}start = {start}, stop = {stop} }}]'
        made += [f"ranges[{number}].when={when}", f"ranges[{number}].alarm=warning"]
    return made


def rows(quick: bool) -> Iterator[Row]:
    """Median per cell count, with the 99th percentile; the last with 20 of the owner's ranges."""
    for cells, count in ((4, 0), (8, 0), (16, 0), (16, 20)):
        roles = [f"pack.cells={cells}", "outputs[1].role=charger_enable", "outputs[2].role=load"]
        settings = settings_room.load(overrides=roles + ranges(count))
        taken = times(settings, 500 if quick else 5000)
        yield Row(
            f"{cells} cells, {count} ranges" if count else f"{cells} cells",
            median(taken),
            "µs",
            BAR if cells == 16 else None,
            more={"p99": quantiles(taken, n=100)[98]},
        )
