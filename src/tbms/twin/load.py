"""Loads: constant power behind converters, or plain resistance; each may hang on one of the six outputs."""

from collections.abc import Callable
from math import inf

from tbms.model.units import Ohm, Second, Volt, Watt

START_DELAY = 1.0  # s a converter looks at its input before it starts: pre-charge is over by then


class Load:
    """A consumer on the load bus.

    power: time (s) -> W drawn. resistance: Ω beside it (lamps, heaters), inf for none.
    output: number (1..6) of the relay that feeds it, None if it hangs on the bus directly.
    lockout, restart: V below which its converter gives up, and above which it starts again after a second.
    """

    def __init__(
        self,
        name: str,
        power: Callable[[Second], Watt],
        *,
        resistance: Ohm = inf,
        output: int | None = None,
        lockout: Volt = 40.0,
        restart: Volt = 44.0,
    ) -> None:
        self.name, self.power, self.resistance, self.output = name, power, resistance, output
        self.lockout, self.restart = lockout, restart
        self.sticks = False  # set by a fault: it is not shed when its relay falls
        self.extra = 0.0  # W more, set by a fault
        self.running = False
        self.fed = False
        self._waited = 0.0

    def prepare(self, time: Second, dt: Second, fed: bool, voltage: Volt) -> tuple[Watt, float]:
        """(W, S) it draws in the step that begins at `time`, its bus standing at `voltage`."""
        self.fed = fed or self.sticks
        if self.running:
            self.running = self.fed and voltage >= self.lockout
        else:
            self._waited = self._waited + dt if self.fed and voltage >= self.restart else 0.0
            self.running = self._waited > START_DELAY
        watts = self.power(time) + self.extra if self.running else 0.0
        return watts, 1.0 / self.resistance if self.fed else 0.0
