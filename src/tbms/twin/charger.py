"""Chargers: solar, alternator, shore. Constant current, then constant voltage, then float; stop signal or not."""

from collections.abc import Callable
from math import exp
from typing import Literal

from tbms.model.units import Ampere, Second, Volt

Stage = Literal["bulk", "absorption", "float"]
BusName = Literal["charge", "load"]

REBULK_TIME = 60.0  # s below the re-bulk voltage before a new bulk stage, as chargers do against load dips


class Charger:
    """A source on one of the two buses.

    source: time (s) -> current it could give (A), or power (W) if `by_power`; 0 when there is no sun, no
    engine, no shore. limit: largest current. absorption, floating: its set voltages; rebulk: it starts
    over when it stands below this for a minute. droop: Ω of its regulator and cable: how softly constant
    current turns into constant voltage. output: number (1..6) of the relay that enables it, None if it is
    never told. obeys: it stops when that relay falls. soft_start: s to full current; stop_time: s from
    full current to none after a stop. inertia: s, time constant of the current it can not let go of when
    it is cut off (an alternator's field); clamp: V at which its rectifier or surge protector conducts.
    tail: below this current in absorption, or after absorption_time, it goes to float.
    """

    def __init__(
        self,
        name: str,
        source: Callable[[Second], float],
        limit: Ampere,
        absorption: Volt,
        floating: Volt,
        *,
        by_power: bool = False,
        bus: BusName = "charge",
        output: int | None = None,
        droop: float = 0.002,
        soft_start: Second = 3.0,
        stop_time: Second = 0.2,
        inertia: Second = 0.0,
        clamp: Volt = 80.0,
        absorption_time: Second = 3600.0,
    ) -> None:
        self.name, self.source, self.maximum, self.by_power, self.bus = name, source, limit, by_power, bus
        self.absorption, self.floating, self.rebulk = absorption, floating, floating - 1.0
        self.output, self.conductance = output, 1.0 / droop
        self.soft_start, self.stop_time, self.inertia, self.clamp = soft_start, stop_time, inertia, clamp
        self.tail, self.absorption_time = 0.05 * limit, absorption_time
        self.ignores = False  # set by a fault: the stop signal is not obeyed
        self.lift = 0.0  # V above the set voltage, set by a fault
        self.extra = 0.0  # A above its limit, set by a fault
        self.stage: Stage = "bulk"
        self.enabled = False
        self.share = 0.0  # 0..1 of the limit, moved by soft start and stop
        self.limit = 0.0  # A it could give in this step
        self.setpoint = absorption
        self.current = 0.0  # A it gives
        self.residual = 0.0  # A still flowing out of its inductance after it was cut off
        self._in_stage = 0.0

    def prepare(self, time: Second, dt: Second, enabled: bool, voltage: Volt) -> None:
        """What it can do in the step that begins at `time`: its limit and set voltage."""
        self.enabled = enabled or self.ignores
        if self.enabled:
            if self.share < 1.0:
                self.share = min(1.0, self.share + dt / self.soft_start)
        elif self.share > 0.0:
            self.share = max(0.0, self.share - dt / self.stop_time)
        if self.share == 0.0:
            self.limit = 0.0
            self.stage = "bulk"
            self._in_stage = 0.0
            return
        available = self.source(time)
        if available <= 0.0:  # night, or the engine is off: the next charge begins anew
            self.stage, self._in_stage = "bulk", 0.0
        if self.by_power:
            available /= max(voltage, 10.0)
        self.limit = self.share * (min(self.maximum, available) + self.extra)
        self.setpoint = (self.floating if self.stage == "float" else self.absorption) + self.lift

    def finish(self, dt: Second, voltage: Volt) -> None:
        """Move on through bulk, absorption and float, after a step that ended at `voltage` on its bus."""
        if self.limit <= 0.0:
            return
        limited = self.current < self.limit * 0.98
        if self.stage == "bulk":
            if limited:
                self.stage, self._in_stage = "absorption", 0.0
        elif self.stage == "absorption":
            self._in_stage += dt
            if not limited:
                self.stage = "bulk"
            elif self._in_stage > self.absorption_time or (self._in_stage > REBULK_TIME and self.current < self.tail):
                self.stage, self._in_stage = "float", 0.0
        elif voltage < self.rebulk:
            self._in_stage += dt
            if self._in_stage > REBULK_TIME:
                self.stage, self._in_stage = "bulk", 0.0
        else:
            self._in_stage = 0.0

    def cut_off(self) -> None:
        """The battery has gone from its bus: what flows in its inductance goes on flowing."""
        self.residual = self.current if self.inertia > 0.0 else 0.0

    def decay(self, dt: Second) -> None:
        """Let the residual current die for `dt`."""
        self.residual *= exp(-dt / self.inertia)
        if self.residual < 0.01:
            self.residual = 0.0
