"""The two buses behind the contactors: a capacitor each, and what charges or drains it."""

from math import exp, inf

from tbms.model.units import Ampere, Second, Volt
from tbms.twin.charger import BusName, Charger
from tbms.twin.contactor import Contactor
from tbms.twin.load import Load

STEP_VOLTS = 0.1  # V a bus may move in one inner step while something on it is not linear

PART = 0.05  # of its time constant: inner step while an inductance empties itself


class Bus:
    """One side of the boat: charge bus or load bus.

    capacitance: F of all inputs on it. bleed: Ω that empties it. voltage: V now.
    peak: highest V since the switch last opened (a load dump shows here).
    """

    def __init__(self, name: BusName, switch: Contactor, capacitance: float, bleed: float = 10000.0) -> None:
        self.name, self.switch, self.capacitance, self.bleed = name, switch, capacitance, bleed
        self.chargers: list[Charger] = []
        self.loads: list[Load] = []
        self.voltage = 0.0
        self.peak = 0.0
        self.power = 0.0  # W of constant-power loads in this step
        self.conductance = 0.0  # S of resistive loads in this step
        self.short = 0.0  # S set by a fault
        self.added = 0.0  # F set by a fault

    def prepare(self, time: Second, dt: Second, outputs: tuple[bool, ...]) -> None:
        """Ask every charger and load what it wants in this step."""
        voltage = self.voltage
        for charger in self.chargers:
            charger.prepare(time, dt, charger.output is None or outputs[charger.output - 1], voltage)
        watts, siemens = 0.0, self.short
        for load in self.loads:
            w, s = load.prepare(time, dt, load.output is None or outputs[load.output - 1], voltage)
            watts += w
            siemens += s
        self.power, self.conductance = watts, siemens

    @property
    def farads(self) -> float:
        """F of everything on it."""
        return self.capacitance + self.added

    @property
    def drawn(self) -> Ampere:
        """A that its loads take at its present voltage."""
        return self.power / max(self.voltage, 1.0) + self.conductance * self.voltage

    @property
    def given(self) -> Ampere:
        """A that its chargers give."""
        return sum(charger.current for charger in self.chargers)

    def join(self, supply: Volt) -> None:
        """Follow the pack through the closed contactor, after a step that ended at `supply`."""
        self.voltage = supply
        self.voltage = supply + (self.given - self.drawn) * self.switch.resistance

    def cut_off(self) -> None:
        """The contactor has opened: inductive sources push on."""
        self.peak = self.voltage
        for charger in self.chargers:
            charger.cut_off()

    def alone(self, dt: Second, supply: Volt = 0.0, resistance: float = inf) -> float:
        """Let the bus stand alone for `dt`; gives the charge (A s) that came through the pre-charge resistor.

        supply, resistance: pack voltage behind the pre-charge resistor, inf when its relay is open. Exact
        exponentials between small steps: a bus with only resistors takes one step whatever its length.
        """
        taken, left = 0.0, dt
        through = 1.0 / resistance
        while left > 0.0:
            steady, conductance, linear = self._drive(supply * through, through)
            final, tau = steady / conductance, self.farads / conductance
            gap = self.voltage - final
            step = left
            if not linear and abs(gap) > STEP_VOLTS and not self._pinned():
                step = min(step, STEP_VOLTS * tau / abs(gap))
            if inertia := min((c.inertia for c in self.chargers if c.residual > 0.0), default=0.0):
                step = min(step, PART * inertia)
            fading = exp(-step / tau)
            mean = final + gap * tau / step * (1.0 - fading)
            taken += (supply - mean) * through * step
            self._move(final + gap * fading, step)
            left -= step
        for charger in self.chargers:
            charger.current = min(max((charger.setpoint - self.voltage) * charger.conductance, 0.0), charger.limit)
        return taken

    def _drive(self, current: float, conductance: float) -> tuple[float, float, bool]:
        """(A at 0 V, S, whether nothing can change within the step) seen from the capacitor now."""
        current_in, siemens = current, conductance + 1.0 / self.bleed + self.conductance
        linear = True
        voltage = self.voltage
        for charger in self.chargers:
            if charger.limit <= 0.0 and charger.residual == 0.0:
                continue
            linear = False
            regulated = (charger.setpoint - voltage) * charger.conductance
            if regulated >= charger.limit > charger.residual:
                current_in += charger.limit
            elif regulated > charger.residual:
                current_in += charger.setpoint * charger.conductance
                siemens += charger.conductance
            else:
                current_in += charger.residual
        if self.power > 0.0:
            if voltage < max(load.lockout for load in self.loads):
                self.power = 0.0
            else:
                linear = False
                current_in -= self.power / voltage
        return current_in, siemens, linear

    def _pinned(self) -> bool:
        """A surge protector holds the voltage while an inductance empties into it."""
        return any(c.residual > 1.0 and self.voltage >= c.clamp for c in self.chargers)

    def _move(self, voltage: Volt, dt: Second) -> None:
        """Take the capacitor to `voltage`, clamped by surge protection, and let inductances fade."""
        for charger in self.chargers:
            if charger.residual > 0.0:
                charger.decay(dt)
                voltage = min(voltage, charger.clamp)
        self.voltage = max(0.0, voltage)
        self.peak = max(self.peak, self.voltage)
