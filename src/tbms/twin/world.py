"""The simulated world: pack, switches, buses, chargers, loads, weather, people, and the faults in them."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from tbms.model.sample import OUTPUTS
from tbms.model.units import Ampere, Celsius, Ohm, Second, Watt
from tbms.twin.balancer import Balancer
from tbms.twin.bus import Bus
from tbms.twin.charger import Charger
from tbms.twin.circuit import solve
from tbms.twin.contactor import RELAY_CLOSE_DELAY, RELAY_OPEN_DELAY, Contactor
from tbms.twin.effects import apply_to_devices, apply_to_pack
from tbms.twin.faults import Effects
from tbms.twin.inject import Injection, Schedule
from tbms.twin.load import Load
from tbms.twin.pack import Pack

TINY = 1e-9  # s, below the resolution of any event here
BOARD_VOLTS = 12.0  # V out of the boards' DC/DC converter
CONVERTER_LOW = 1.8  # V per cell below which that converter gives up: 29 V of a 48 V pack
HOLD_UP = 0.1  # s for which it goes on without its source
COIL_VOLTS = 6.0  # V at which 12 V coils let go
STORE_VOLTS = 48.0  # V of the charged store that opens bi-stable contactors
BOARD_POWER = 2.0  # W of base board and slaves together
SLEEP_POWER = 0.05  # W of the same asleep: 1 mA of a 48 V pack (reference/defaults.md)
CABLE = 0.01  # Ω of cables and capacitors that limit an inrush
COIL_POWER = 3.0  # W of one held coil with economiser
RELAY_POWER = 1.6  # W of one energised output: the coil of an automotive relay, 90 Ω at 12 V
MARKS = 1000  # how many marks are kept


@dataclass(frozen=True, slots=True)
class Controls:
    """What the boards do to the world; nobody renews it, the nodes' leases are the nodes' business.

    charge_contactor, load_contactor, pre_charge: coils switched on. charge_loop, discharge_loop: the
    permission loops are closed, so coils have supply (charge contactor on the first, load contactor and
    pre-charge on the second; in a world with one bus both outputs feed the one contactor, each from its loop,
    and pre-charge has either; the emergency stop breaks both by itself). outputs: six relays, True =
    energised. balance: per cell, True = its balancer works; empty is none.
    """

    charge_contactor: bool = False
    load_contactor: bool = False
    pre_charge: bool = False
    outputs: tuple[bool, ...] = (False,) * OUTPUTS
    charge_loop: bool = False
    discharge_loop: bool = False
    balance: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """Something worth seeing that is shorter than a step.

    what: load_dump (value: peak V of the bus), inrush (A), opened, closed (value: A through it before).
    """

    time: Second
    what: str
    where: str
    value: float


class World:
    """Everything outside the boards. Time goes only forward, by `advance`.

    time: s since the start. clock: time of day (s) at time 0. ambient: time of day -> °C.
    emergency_stop: pressed. button: the reset button is held. engine, shore: the engine runs, the shore
    cable is in; both are digital inputs 1 and 2. common: one bus behind one contactor, the load contactor; the
    charge bus and the charge contactor are the same. boards: W that base board and
    slaves draw together; own: with coils and relays, in the last step. store: V. supply: V of the boards, held until
    `held_until` when its source is gone. pulse: A s that an inrush has taken
    from the pack and the next piece must book.
    """

    def __init__(
        self,
        pack: Pack,
        chargers: Sequence[Charger],
        loads: Sequence[Load],
        *,
        ambient: Callable[[Second], Celsius],
        clock: Second = 0.0,
        pre_charge_resistance: Ohm = 10.0,
        charge_capacitance: float = 0.005,
        load_capacitance: float = 0.02,
        balancer: Balancer | None = None,
        common: bool = False,
    ) -> None:
        self.pack, self.ambient, self.clock, self.common = pack, ambient, clock, common
        self.chargers, self.loads = tuple(chargers), tuple(loads)
        self.load_contactor = Contactor("load")
        self.charge_contactor = self.load_contactor if common else Contactor("charge")
        self.pre_charge = Contactor("pre_charge", RELAY_CLOSE_DELAY, RELAY_OPEN_DELAY, pre_charge_resistance)
        self.switches = (self.charge_contactor, self.load_contactor, self.pre_charge)
        self.load_bus = Bus("load", self.load_contactor, load_capacitance + charge_capacitance * common)
        self.charge_bus = self.load_bus if common else Bus("charge", self.charge_contactor, charge_capacitance)
        self.buses = (self.load_bus,) if common else (self.charge_bus, self.load_bus)
        for bus in self.buses:
            bus.chargers = [charger for charger in chargers if common or charger.bus == bus.name]
        self.load_bus.loads = list(loads)
        self.balancer = balancer or Balancer()
        self.effects = Effects(pack.count, tuple(c.name for c in chargers), tuple(x.name for x in loads), common)
        self.schedule = Schedule(self.effects)
        self.marks: deque[Mark] = deque(maxlen=MARKS)
        self.controls = Controls()
        self.boards: Watt = BOARD_POWER
        self.own: Watt = BOARD_POWER
        self.store = STORE_VOLTS
        self.emergency_stop = self.button = self.engine = self.shore = False
        self.time, self.supply, self.held_until, self.pulse = 0.0, BOARD_VOLTS, 0.0, 0.0

    @property
    def time_of_day(self) -> Second:
        """Time since midnight of the first day, s."""
        return self.clock + self.time

    @property
    def current(self) -> Ampere:
        """Through the pack, positive charges, in the last step."""
        return self.pack.current

    def inject(self, fault: Injection) -> None:
        """Let a fault begin, as its start says; ValueError when its place does not exist."""
        self.schedule.add(fault, self.time)

    def clear(self, name: str) -> bool:
        """End a fault; False when none has this name. A cell that was harmed stays as it is."""
        return self.schedule.remove(name)

    def advance(self, dt: Second, controls: Controls) -> None:
        """Let `dt` s (0.01..60) pass with the boards doing `controls` all the time.

        The step is cut where a contact moves, so delays of milliseconds are kept in steps of seconds.
        """
        if controls is not self.controls:
            self._told(controls)
        end = self.time + dt
        self._faults()
        while True:
            self._drive()
            due = min(self.charge_contactor.due, self.load_contactor.due, self.pre_charge.due)
            piece = min(due, end) - self.time
            if piece > TINY:
                self._step(piece)
                self.time += piece
            for switch in self.switches:
                if switch.due <= self.time + TINY:
                    self._move(switch)
            if self.time >= end - TINY:
                break
        self.time = end

    def _told(self, controls: Controls) -> None:
        """Take new controls, and tell the schedule about chargers stopped or started by them."""
        for charger in self.chargers:
            if charger.output is not None:
                before, after = (c.outputs[charger.output - 1] for c in (self.controls, controls))
                if before != after:
                    self.schedule.happened("charger_starts" if after else "charger_stops", self.time)
        self.controls = controls

    def _faults(self) -> None:
        """Bring the faults up to now, and what hangs on them."""
        if self.schedule.active:
            self.schedule.soc(min(self.pack.soc), max(self.pack.soc), self.time)
        if self.schedule.update(self.time):
            apply_to_pack(self.effects, self.pack)
            buses = self.charge_bus, self.load_bus
            apply_to_devices(self.effects, self.switches, buses, self.chargers, self.loads)
        if max(self.pack.voltage, self.charge_bus.voltage) > CONVERTER_LOW * self.pack.count:
            self.held_until = self.time + HOLD_UP
        dip = self.effects.value["supply_dip"][0]
        self.supply = max(0.0, BOARD_VOLTS - dip) if self.time <= self.held_until else 0.0

    def _drive(self) -> None:
        """Give every coil what command, permission loop, supply and emergency stop leave of it."""
        controls, time = self.controls, self.time
        failed = self.effects.value["coil_failure"]
        supplied = self.supply > COIL_VOLTS and not self.emergency_stop
        charge, discharge = supplied and controls.charge_loop, supplied and controls.discharge_loop
        into, out = controls.charge_contactor and charge, controls.load_contactor and discharge
        if self.common:
            out, discharge = into or out, charge or discharge
        else:
            self.charge_contactor.drive(time, into and not failed[0])
        self.load_contactor.drive(time, out and not failed[1])
        self.pre_charge.drive(time, controls.pre_charge and discharge and not failed[2])

    def _move(self, switch: Contactor) -> None:
        """A contact moves: an opening lets the bus go, a closing joins two capacitors."""
        if not switch.settle(switch.due) or switch is self.pre_charge:
            return
        bus = self.charge_bus if switch is self.charge_contactor else self.load_bus
        verb = "closes" if switch.closed else "opens"
        self.schedule.happened(f"{switch.name}_contactor_{verb}", self.time)
        through = bus.given - bus.drawn
        self.marks.append(Mark(self.time, "closed" if switch.closed else "opened", bus.name, through))
        if not switch.closed:
            bus.cut_off()
            return
        gap = self.pack.voltage - bus.voltage
        inside = sum(cell.r0 + cell.link for cell in self.pack.cells) + CABLE
        self.marks.append(Mark(self.time, "inrush", bus.name, gap / (switch.resistance + inside)))
        self.pulse += gap * bus.farads
        bus.voltage = self.pack.voltage
        bus.peak = 0.0

    def _step(self, dt: Second) -> None:
        """Let `dt` s pass in which no contact moves."""
        pack, now = self.pack, self.clock + self.time
        outputs = self.controls.outputs
        chargers: list[Charger] = []
        power = conductance = taken = 0.0
        for bus in self.buses:
            bus.prepare(now, dt, outputs)
            if bus.switch.closed:
                chargers += bus.chargers
                power += bus.power
                conductance += bus.conductance
            else:
                taken += self._alone(bus, dt)
        held = sum(bus.switch.coil for bus in self.buses)
        own = self.own = self.boards + COIL_POWER * held + RELAY_POWER * sum(outputs)
        taken += self.pulse
        self.pulse = 0.0
        self.balancer.work(pack, self.controls.balance, self.effects.value["internal_short"])
        emf, resistance = pack.forecast(dt)
        current = solve(emf, resistance, chargers, power + own, conductance, taken / dt, pack.voltage)
        pack.ambient = self.ambient(now) + self.effects.value["ambient"][0]
        pack.advance(dt, current)
        for bus in self.buses:
            if bus.switch.closed:
                bus.join(pack.voltage)
            for charger in bus.chargers:
                charger.finish(dt, bus.voltage)

    def _alone(self, bus: Bus, dt: Second) -> float:
        """A bus behind an open contactor; gives the A s that pre-charge took from the pack."""
        before, pushed, through = bus.peak, any(charger.residual > 0.0 for charger in bus.chargers), inf
        if bus is self.load_bus and self.pre_charge.closed:
            through = self.pre_charge.resistance
        taken = bus.alone(dt, self.pack.voltage, through)
        if pushed and bus.peak > before and bus.peak > 1.1 * self.pack.voltage:
            self._dump(bus)
        return taken

    def _dump(self, bus: Bus) -> None:
        """Record a load dump: one mark an opening, its value the highest so far."""
        last = next(
            (m for m in reversed(self.marks) if m.where == bus.name and m.what in ("load_dump", "opened")), None
        )
        if last is not None and last.what == "load_dump":
            self.marks.remove(last)
            self.marks.append(Mark(last.time, "load_dump", bus.name, bus.peak))
        else:
            self.marks.append(Mark(self.time, "load_dump", bus.name, bus.peak))
