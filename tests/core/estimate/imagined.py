"""An imagined battery for the estimator's tests: cells that obey the shipped curve, with known resistance."""

from math import exp

from tests.strategies import make

from tbms.core.estimate import EstimateState, update
from tbms.core.estimate.ocv import blend, curve, look
from tbms.core.measure.measured import Measured
from tbms.model.event import Event
from tbms.settings.compiled import Settings


def one(*overrides: str) -> Settings:
    """One LFP cell of 100 Ah."""
    return make("pack.cells=1", "pack.capacity=100", *overrides)


def seen(
    time: float, dt: float, voltages: tuple[float | None, ...], current: float | None, heat: float | None = 25.0
) -> Measured:
    """A judged sample."""
    known = [value for value in voltages if value is not None]
    return Measured(
        time=time,
        timestamp=0.0,
        clock=time,
        dt=dt,
        live=False,
        fresh=True,
        complete=True,
        voltages=voltages,
        temperatures=() if heat is None else (heat,) * len(voltages),
        current=current,
        pack_voltage=sum(known),
        lowest=min(known, default=None),
        highest=max(known, default=None),
        readings=(),
        nodes=(),
    )


class Battery:
    """Cells in series with SOC, capacity (relative) and resistance (Ω) of each; place: in the hysteresis gap."""

    def __init__(self, settings: Settings, soc: float, ohms: float = 3e-4, place: float = -0.75) -> None:
        self.settings, self.time, self.place = settings, 0.0, place
        self.soc = [soc] * settings.cells
        self.capacity = [1.0] * settings.cells
        self.ohms = [ohms] * settings.cells
        self.slow = [ohms / 2.0] * settings.cells
        self.filtered = 0.0
        self.made = blend(curve(settings), 25.0)
        self.events: list[Event] = []

    def sample(self, current: float, dt: float) -> Measured:
        """dt s at a current, A."""
        self.time += dt
        self.filtered += (1.0 - exp(-dt / 10.0)) * (current - self.filtered)
        voltages = []
        for k in range(len(self.soc)):
            self.soc[k] += current * dt / 3600.0 / self.settings.capacity / self.capacity[k]
            rest = look(self.made.middle, self.soc[k]) + self.place * look(self.made.half_gap, self.soc[k])
            voltages.append(rest + self.ohms[k] * current + self.slow[k] * self.filtered)
        return seen(self.time, dt, tuple(voltages), current)

    def run(self, state: EstimateState, current: float, seconds: float, dt: float = 1.0) -> EstimateState:
        """The estimator through a stretch of constant current."""
        for _ in range(round(seconds / dt)):
            state, told = update(state, self.sample(current, dt), dt, self.settings)
            self.events += told
        return state

    def told(self) -> list[str]:
        """Keys of the events so far."""
        return [event.key for event in self.events]
