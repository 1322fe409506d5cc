"""The fast face: the world as the master's plant and clock, in virtual time and without a bus."""

from time import monotonic, sleep

from tbms.model.action import ALL_OFF, Actions
from tbms.model.sample import CELLS_PER_NODE, Sample, SwitchReport
from tbms.model.units import Second
from tbms.twin.nodes import Nodes
from tbms.twin.readings import Readings
from tbms.twin.sensors import Sensors
from tbms.twin.sources import reports as told
from tbms.twin.world import BOARD_POWER, SLEEP_POWER, Controls, World

EPOCH = 1780000000.0  # s since 1970 at time 0: a day in 2026, so that runs repeat exactly
LONGEST = 60.0  # s of one step of the world


class FastFace:
    """ports.Plant and ports.Clock on one world: time passes in `sleep_until`, `exchange` takes none.

    Controls follow the actions of the last exchange at once; of the nodes' own behaviour only this is left: a
    node that hears nothing for 2 s opens both loops, the base board then lets go of coils and outputs too.
    world, sensors: what is simulated. speed: how many times faster than real time it may run; None is as
    fast as it goes. epoch: UTC at time 0.
    """

    def __init__(
        self, world: World, sensors: Sensors | None = None, *, speed: float | None = None, epoch: Second = EPOCH
    ) -> None:
        self.world = world
        self.sensors = sensors or Sensors(world.pack.count)
        self.speed, self.epoch = speed, epoch
        self.controls = Controls()
        self.nodes = Nodes(world)
        self._actions = ALL_OFF
        self._began: Second | None = None

    def now(self) -> Second:
        """Virtual time, s."""
        return self.world.time

    def timestamp(self) -> Second:
        """UTC as the simulated wall clock shows it."""
        return self.epoch + self.world.time + self.world.effects.value["clock_jump"][0]

    def sleep_until(self, time: Second) -> None:
        """Let the world go on to `time`, in steps of at most a minute; in real time if a speed is set."""
        if self._began is None:
            self._began = monotonic() - self.world.time / (self.speed or 1.0)
        while self.world.time < time - 1e-9:
            self.world.advance(min(LONGEST, time - self.world.time), self.controls)
        if self.speed:
            ahead = self.world.time / self.speed - (monotonic() - self._began)
            if ahead > 0.0:
                sleep(ahead)

    def exchange(self, actions: Actions) -> Sample:
        """Let `actions` drive the world from now on, and give everything as it is now."""
        changed = self.nodes.hear(self.world.time)
        if changed or actions is not self._actions:
            self._actions = actions
            self.controls = self._follow(actions)
            self.world.boards = SLEEP_POWER if actions.sleep else BOARD_POWER
        got = self.sensors.read(self.world)
        reports = self.nodes.reports(got, actions)
        base = reports[0].online
        return Sample(
            time=self.world.time,
            timestamp=self.timestamp(),
            current=got.current if base else None,
            cell_voltages=self.nodes.voltages,
            temperatures=self.nodes.temperatures,
            pack_voltage=got.pack_voltage if base else None,
            nodes=reports,
            switches=self._switches(got) if base else None,
            sources=told(self.world),
            own_current=got.own_current if base else None,
        )

    def close(self) -> None:
        """Let go: every lease runs out."""
        self._actions = ALL_OFF
        self.controls = Controls()

    def _switches(self, got: Readings) -> SwitchReport:
        """What the base board reports."""
        charge, load, pre_charge = got.feedbacks
        return SwitchReport(
            charge_contactor=charge,
            load_contactor=load,
            pre_charge=pre_charge,
            outputs=self.controls.outputs,
            charge_bus_voltage=got.charge_bus_voltage,
            load_bus_voltage=got.load_bus_voltage,
            emergency_stop=got.emergency_stop,
            button=got.button,
            inputs=got.inputs,
            store_voltage=got.store_voltage,
        )

    def _follow(self, actions: Actions) -> Controls:
        """What the boards do when the master wants `actions`."""
        together = self.nodes.together
        if not self.nodes.base:
            return Controls()
        return Controls(
            charge_contactor=actions.charge_contactor,
            load_contactor=actions.load_contactor,
            pre_charge=actions.pre_charge,
            outputs=actions.outputs,
            charge_loop=actions.permit_charge and together,
            discharge_loop=actions.permit_discharge and together,
            balance=balanced(actions.balance, self.world.pack.count),
        )


def balanced(words: tuple[int, ...], cells: int) -> tuple[bool, ...]:
    """Per cell whether its balancer works, from one word of four bits a node; empty when none does."""
    if not any(words):
        return ()
    found = [False] * cells
    for node, word in enumerate(words):
        for k in range(CELLS_PER_NODE):
            if word >> k & 1 and node * CELLS_PER_NODE + k < cells:
                found[node * CELLS_PER_NODE + k] = True
    return tuple(found)
