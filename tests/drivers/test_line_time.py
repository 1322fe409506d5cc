"""One bus cycle of a base board and three slaves fits into the line: computed, and measured on the paced bus."""

import statistics
import time

import pytest
from tests.simulator.live import live

from tbms.drivers.node_bus import BITS, SILENCE, NodeBus
from tbms.model.action import Actions
from tbms.simulator.rig import TURNAROUND
from tbms.wire.registers import CONTROL, MEASUREMENT, SLAVE_MEASUREMENT

BAR = 0.060  # s
SLAVES = 3
BAUD = 115200


def test_computed() -> None:
    byte = BITS / BAUD
    control = (9 + 2 * CONTROL.size) * byte + SILENCE
    reads = [MEASUREMENT.size] + SLAVES * [SLAVE_MEASUREMENT]
    cycle = control + sum((8 + 5 + 2 * count) * byte + TURNAROUND for count in reads)
    assert cycle == pytest.approx(0.0256, abs=0.001)
    assert cycle <= BAR


@pytest.mark.slow
def test_measured_on_the_paced_bus() -> None:
    with live(16) as boat:
        bus = NodeBus(boat.bus, BAUD, "none", 16)
        times = []
        for _ in range(40):
            sample = bus.exchange(Actions())
            if all(node.online for node in sample.nodes):
                times.append(bus.cycle)
            time.sleep(0.03)
        bus.close()
    assert len(times) >= 20
    assert 0.0256 - 0.001 <= statistics.median(times) <= BAR
