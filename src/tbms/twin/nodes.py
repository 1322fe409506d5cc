"""The nodes as the fast face shows them: who answers, and how old what they say is."""

import random
from math import inf

from tbms.model.action import Actions
from tbms.model.sample import CELLS_PER_NODE, NodeReport
from tbms.model.units import Celsius, Second, Volt
from tbms.twin.readings import Readings
from tbms.twin.world import World

LEASE = 2.0  # s without a word from the master after which a node opens its loops
BROWN_OUT = 6.0  # V of the boards' supply below which their controllers stop
SILENCING = ("frames_lost", "frames_corrupt", "duplicate_address")  # share of frames that do not get through


class Nodes:
    """One node for every four cells. voltages, temperatures: per cell, as last heard; None if never.

    base: the base board has heard the master within its lease. together: all nodes have, so loops may close.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.cells = world.pack.count
        self.count = -(-self.cells // CELLS_PER_NODE)
        self.voltages: tuple[Volt | None, ...] = (None,) * self.cells
        self.temperatures: tuple[Celsius | None, ...] = (None,) * self.cells
        self.base = self.together = True
        self._random = random.Random(self.count)  # noqa: S311 - a simulation, no secret
        self._answered = [True] * self.count
        self._heard: list[Second] = [world.time] * self.count
        self._measured: list[Second] = [-inf] * self.count

    def hear(self, time: Second) -> bool:
        """The nodes hear the master or not; True when `base` or `together` has changed by it."""
        value = self.world.effects.value
        if not self.world.effects.version:
            self._heard = [time] * self.count
            return False
        for i in range(self.count):
            lost = max(value[kind][i] for kind in SILENCING)
            silent = value["node_hang"][i] > 0.0 or self.world.supply < BROWN_OUT
            self._answered[i] = not silent and self._random.random() >= lost
            if self._answered[i]:
                self._heard[i] = time
        before = self.base, self.together
        self.base = time - self._heard[0] < LEASE
        self.together = all(time - heard < LEASE for heard in self._heard)
        return before != (self.base, self.together)

    def reports(self, got: Readings, actions: Actions) -> tuple[NodeReport, ...]:
        """How the nodes answer; takes over the values of those that do."""
        if not self.world.effects.version:
            self.voltages, self.temperatures = got.cell_voltages, got.temperatures
            self._measured = [got.time] * self.count
            return tuple(self._report(i, got, actions) for i in range(self.count))
        volts, warm = list(self.voltages), list(self.temperatures)
        stale = self.world.effects.value["data_stale"]
        for i in range(self.count):
            if self._answered[i] and not stale[i]:
                mine = slice(CELLS_PER_NODE * i, min(CELLS_PER_NODE * (i + 1), self.cells))
                volts[mine], warm[mine] = got.cell_voltages[mine], got.temperatures[mine]
                self._measured[i] = got.time
        self.voltages, self.temperatures = tuple(volts), tuple(warm)
        return tuple(self._report(i, got, actions) for i in range(self.count))

    def _report(self, index: int, got: Readings, actions: Actions) -> NodeReport:
        """How one node answers."""
        age = got.time - self._measured[index]
        online = self._answered[index]
        held = self.together or got.time - self._heard[index] < LEASE
        return NodeReport(
            address=index + 1,
            online=online,
            age=age,
            temperature_age=age,
            charge_loop=(actions.permit_charge and held) if online else None,
            discharge_loop=(actions.permit_discharge and held) if online else None,
            board_temperature=got.board_temperature if online else None,
            supply=got.supply if online else None,
        )
