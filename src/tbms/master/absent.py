"""The sample of a cycle in which nothing could be reached: everything unknown, every age growing."""

from dataclasses import replace
from math import inf

from tbms.model.sample import CELLS_PER_NODE, NodeReport, Sample


class Absent:
    """Remembers who was there, so that what is missing has a true age.

    cells: in series; sensors: temperatures measured, 0..cells.
    """

    def __init__(self, cells: int, sensors: int) -> None:
        nodes = -(-cells // CELLS_PER_NODE)
        self._cells, self._sensors = cells, sensors
        self._nodes = tuple(NodeReport(address, False, inf, inf) for address in range(1, nodes + 1))
        self._seen: float | None = None

    def seen(self, sample: Sample) -> None:
        """A sample that came from the bus."""
        self._nodes, self._seen = sample.nodes, sample.time

    def sample(self, time: float, timestamp: float) -> Sample:
        """What is known at monotonic `time` when nothing answers: no value, and since when."""
        gone = inf if self._seen is None else time - self._seen
        nodes = tuple(
            replace(
                node,
                online=False,
                age=node.age + gone,
                temperature_age=node.temperature_age + gone,
                charge_loop=None,
                discharge_loop=None,
                board_temperature=None,
                supply=None,
            )
            for node in self._nodes
        )
        return Sample(time, timestamp, None, (None,) * self._cells, (None,) * self._sensors, None, nodes)
