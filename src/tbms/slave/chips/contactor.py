"""Driving a contactor's coil: held, held with less after it has pulled in, or moved by pulses."""

HOLD, ECONOMISER, PULSE = 0, 1, 2
PULL_IN_MS = 300  # full current until the armature is home: data sheets say 20 to 75 ms, fourfold
HOLDING = 30  # % afterwards: coils hold with a fifth of their pull-in power
FULL = 100
PULSE_MS = 100  # a bi-stable contactor moves within 20 to 50 ms


class Contactor:
    """One coil, or the two of a bi-stable contactor.

    kind: HOLD, ECONOMISER or PULSE. close, open: duty in % of the closing and of the opening coil, now.
    A bi-stable contactor stays closed without power: it protects only with stored energy that opens it by hardware.
    It gets an opening pulse at the start.
    """

    def __init__(self, kind: int = HOLD) -> None:
        self.kind = kind
        self.close = 0
        self.open = 0
        self._on = False
        self._since = 0 if kind == PULSE else PULSE_MS

    def step(self, on: bool, dt: int) -> None:
        """Let dt ms pass under this wish."""
        if on != self._on:
            self._on = on
            self._since = 0
        else:
            self._since = min(self._since + dt, PULL_IN_MS)
        if self.kind == PULSE:
            pulse = FULL if self._since < PULSE_MS else 0
            self.close, self.open = (pulse, 0) if on else (0, pulse)
        elif self.kind == ECONOMISER and self._since >= PULL_IN_MS:
            self.close = HOLDING if on else 0
        else:
            self.close = FULL if on else 0
