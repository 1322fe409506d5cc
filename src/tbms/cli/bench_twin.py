"""`tbms bench twin`: simulated seconds a second, of the world alone and of the whole system in virtual time.

Every figure is of processor time, so that a busy machine measures the same as an idle one; the best of
several runs, as the rest is disturbance.
"""

from collections.abc import Callable, Iterator
from time import process_time

import click

from tbms.cli.bench import Row
from tbms.core.state import State
from tbms.core.step import step
from tbms.model.action import ALL_OFF
from tbms.settings import load
from tbms.twin.boat import boat
from tbms.twin.face import FastFace
from tbms.twin.sensors import Sensors
from tbms.twin.world import Controls, World

CELLS = 16
DAY = 86400.0
OUTPUTS = (True, True, True, True, False, False)
PRE_CHARGE = Controls(True, False, True, OUTPUTS, True, True)
CLOSED = Controls(True, True, False, OUTPUTS, True, True)
CLOSING = 10.0  # s at the loop's own period, in which the contactors close, before long steps begin
SPEEDS = (
    # step s, bar in simulated s a second (None: only reported), steps measured
    (1.0, 15_000.0, 20_000),
    (0.1, 2_000.0, 20_000),
    (10.0, 200_000.0, 8_640),
    (60.0, None, 8_640),
)


def rows(quick: bool) -> Iterator[Row]:
    """The figures against their bars."""
    runs, share = (2, 0.2) if quick else (5, 1.0)
    for dt, bar, steps in SPEEDS:
        count = round(steps * share)
        speed = max(_world(dt, count) for _ in range(runs))
        yield Row(f"world, {CELLS} cells, {dt:g} s steps", speed, "simulated s/s", bar, at_most=False)
    read = max(_world(1.0, round(20_000 * share), read=True) for _ in range(runs))
    yield Row(f"world and sensors, {CELLS} cells, 1 s steps", read, "simulated s/s", 15_000.0, at_most=False)
    hour = 3600.0 * (0.5 if quick else 2.0)
    whole = max(hour / _system(1.0, hour, "mixed") for _ in range(runs))
    yield Row(f"whole system (world, core), {CELLS} cells, 1 s steps", whole, "simulated s/s", 2_000.0, at_most=False)
    day = min(_system(10.0, DAY, "dull") for _ in range(1 if quick else 3))
    yield Row("a quiet day in 10 s steps, whole system", day, "s", 5.0)


def _timed(work: Callable[[], None]) -> float:
    """Processor time of `work`, s."""
    start = process_time()
    work()
    return process_time() - start


def _running() -> World:
    """A boat under way at 10 h, both contactors closed, the engine on."""
    world = boat(CELLS, clock=10 * 3600.0)
    world.engine = True
    world.advance(1.5, PRE_CHARGE)
    for _ in range(20):
        world.advance(1.0, CLOSED)
    return world


def _world(dt: float, steps: int, *, read: bool = False) -> float:
    """Simulated seconds a second."""
    world, sensors = _running(), Sensors(CELLS)
    world.advance(dt, CLOSED)

    def work() -> None:
        for _ in range(steps):
            world.advance(dt, CLOSED)
            if read:
                sensors.read(world)

    return dt * steps / _timed(work)


def _system(dt: float, duration: float, sky: str) -> float:
    """Processor time of `duration` simulated seconds of boat and core, s."""
    settings = load(None, [f"pack.cells={CELLS}"])
    face = FastFace(boat(CELLS, sky=sky, clock=0.0 if duration >= DAY else 10 * 3600.0))
    period = settings.period

    def work() -> None:
        state, actions = State.initial(settings, soc=0.6), ALL_OFF
        time = 0.0
        while time < duration:
            sample = face.exchange(actions)
            state, actions, _ = step(state, sample, (), settings)
            time += period if time < CLOSING else dt
            face.sleep_until(time)

    taken = _timed(work)
    world = face.world
    if not (world.charge_contactor.closed and world.load_contactor.closed):
        raise click.ClickException("the contactors did not stay closed: this was no quiet time")
    return taken
