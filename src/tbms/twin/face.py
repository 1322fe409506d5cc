"""The fast face: the world as the master's plant and clock, in virtual time and without a bus."""

from math import inf
from time import monotonic, sleep

from tbms.model.action import ALL_OFF, Actions
from tbms.model.sample import CELLS_PER_NODE, NodeReport, Sample, SwitchReport
from tbms.model.units import Second
from tbms.twin.sensors import Sensors
from tbms.twin.world import Controls, World

EPOCH = 1780000000.0  # s since 1970 at time 0: a day in 2026, so that runs repeat exactly
LONGEST = 60.0  # s of one step of the world


class FastFace:
    """ports.Plant and ports.Clock on one world: time passes in `sleep_until`, `exchange` takes none.

    Controls follow the actions of the last exchange: leases and heartbeat of the nodes are left out, their
    permission loops are the master's own permits. world, sensors: what is simulated. speed: how many
    times faster than real time it may run; None is as fast as it goes. epoch: UTC at time 0.
    """

    def __init__(
        self, world: World, sensors: Sensors | None = None, *, speed: float | None = None, epoch: Second = EPOCH
    ) -> None:
        self.world = world
        self.sensors = sensors or Sensors(world.pack.count)
        self.speed, self.epoch = speed, epoch
        self.controls = Controls()
        self._actions = ALL_OFF
        self._began = monotonic()
        self._nodes = -(-world.pack.count // CELLS_PER_NODE)
        self._seen = [-inf] * self._nodes

    def now(self) -> Second:
        """Virtual time, s."""
        return self.world.time

    def timestamp(self) -> Second:
        """UTC as the simulated wall clock shows it."""
        return self.epoch + self.world.time + self.world.effects.value["clock_jump"][0]

    def sleep_until(self, time: Second) -> None:
        """Let the world go on to `time`, in steps of at most a minute; in real time if a speed is set."""
        while self.world.time < time - 1e-9:
            self.world.advance(min(LONGEST, time - self.world.time), self.controls)
        if self.speed:
            ahead = self.world.time / self.speed - (monotonic() - self._began)
            if ahead > 0.0:
                sleep(ahead)

    def exchange(self, actions: Actions) -> Sample:
        """Let `actions` drive the world from now on, and give everything as it is now."""
        if actions != self._actions:
            self._actions = actions
            self.controls = self._follow(actions)
        world = self.world
        got = self.sensors.read(world)
        nodes = tuple(self._report(i) for i in range(self._nodes))
        return Sample(
            time=world.time,
            timestamp=self.timestamp(),
            current=got.current if nodes[0].online else None,
            cell_voltages=got.cell_voltages,
            temperatures=got.temperatures,
            pack_voltage=got.pack_voltage,
            nodes=nodes,
            switches=SwitchReport(
                charge_contactor=got.feedbacks[0],
                load_contactor=got.feedbacks[1],
                pre_charge=got.feedbacks[2],
                outputs=actions.outputs,
                charge_bus_voltage=got.charge_bus_voltage,
                load_bus_voltage=got.load_bus_voltage,
                emergency_stop=got.emergency_stop,
                button=got.button,
                inputs=got.inputs,
            ),
        )

    def close(self) -> None:
        """Let go: every lease runs out."""
        self.controls = Controls()

    def _follow(self, actions: Actions) -> Controls:
        """What the boards do when the master wants `actions`."""
        cells = range(self.world.pack.count)
        words = actions.balance
        balance = tuple(
            k // CELLS_PER_NODE < len(words) and bool(words[k // CELLS_PER_NODE] >> k % CELLS_PER_NODE & 1)
            for k in cells
        )
        return Controls(
            charge_contactor=actions.charge_contactor,
            load_contactor=actions.load_contactor,
            pre_charge=actions.pre_charge,
            outputs=actions.outputs,
            charge_loop=actions.permit_charge,
            discharge_loop=actions.permit_discharge,
            balance=balance if any(words) else (),
        )

    def _report(self, index: int) -> NodeReport:
        """How node `index` (from 0) answers."""
        got_temperature = self.world.pack.ambient + 8.0
        return NodeReport(
            address=index + 1,
            online=True,
            age=0.0,
            temperature_age=0.0,
            charge_loop=True,
            discharge_loop=True,
            guard=(),
            board_temperature=got_temperature,
            supply=self.world.supply,
        )
