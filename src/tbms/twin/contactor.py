"""A contactor or relay: coil in, main contact out, with the time its armature takes."""

from math import inf

from tbms.model.units import Ohm, Second

CLOSE_DELAY = 0.025  # s, data sheets of 200-500 A contactors say 20-30 ms
OPEN_DELAY = 0.015  # s, 10-20 ms with a suppressed coil
RELAY_CLOSE_DELAY = 0.010  # s, a power relay
RELAY_OPEN_DELAY = 0.005  # s


class Contactor:
    """Main contact and auxiliary contact of one switch.

    closed: the main contact conducts. feedback: what the auxiliary contact says.
    resistance: of contact and cable of its branch. welded, stuck: it can not open, not close any more.
    bounce: s a contact bounces open again after every closing (chatter); 0 is a healthy one.
    lies: the auxiliary contact shows the opposite.
    operations: closings so far.
    """

    def __init__(
        self,
        name: str,
        close_delay: Second = CLOSE_DELAY,
        open_delay: Second = OPEN_DELAY,
        resistance: Ohm = 0.0005,
    ) -> None:
        self.name = name
        self.close_delay = close_delay
        self.open_delay = open_delay
        self.resistance = resistance
        self.coil = False
        self.closed = False
        self.welded = self.stuck = self.lies = False
        self.bounce = 0.0
        self.due = inf
        self.operations = 0
        self._bounces = 0

    @property
    def feedback(self) -> bool:
        """The auxiliary contact: True = closed. It moves with the armature, so a weld shows."""
        return self.closed != self.lies

    def drive(self, time: Second, coil: bool) -> None:
        """Give or take the coil's supply at `time`; the contact follows when `due`."""
        if coil != self.coil:
            self.coil = coil
            self._bounces = 2 if coil and self.bounce > 0.0 else 0
        if self._target() == self.closed:
            if self._bounces == 0:
                self.due = inf
        elif self.due == inf:
            self.due = time + (self.close_delay if not self.closed else self.open_delay)

    def settle(self, time: Second) -> bool:
        """Move the contact if it is due by `time`; True when it moved."""
        if self.due > time:
            return False
        self.due = inf
        if not self._bounces and self._target() == self.closed:
            return False
        self.closed = not self.closed
        self.operations += self.closed
        if self._bounces:
            self._bounces -= 1
            self.due = time + self.bounce
        return True

    def _target(self) -> bool:
        """Where the contact wants to be."""
        if self.closed:
            return self.coil or self.welded
        return self.coil and not self.stuck
