"""A master that shows one scene with moving values: `python -m tests.monitor.preview SOCKET SCENE`."""

import asyncio
import math
import random
import sys
from dataclasses import replace
from pathlib import Path

from tests.monitor import scenes
from tests.monitor.fake import FakeMaster

from tbms.model.snapshot import Snapshot


def moved(scene: Snapshot, time: float, dice: random.Random) -> Snapshot:
    """The scene `time` s later: noise on the cells, a swing on the current."""
    listed = tuple(
        cell if cell.voltage is None else replace(cell, voltage=round(cell.voltage + dice.gauss(0, 0.0008), 4))
        for cell in scene.cell
    )
    current = scene.current and round(scene.current + 1.5 * math.sin(time / 7), 2)
    power = current and scene.voltage and current * scene.voltage
    return replace(
        scene, time=scene.time + time, timestamp=scene.timestamp + time, cell=listed, current=current, power=power
    )


async def run(path: Path, scene: Snapshot) -> None:
    """Show it at 10 Hz until interrupted."""
    master, dice = FakeMaster(path), random.Random(1)
    await master.start()
    for tick in range(10**9):
        master.show(moved(scene, tick / 10, dice))
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), getattr(scenes, sys.argv[2])()))
