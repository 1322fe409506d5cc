"""A day in the life of the boat: measured rows in a sealed history, and what happened."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.monitor import scenes

from tbms.store.history.block import Rows
from tbms.store.history.channels import TICKS, layout
from tbms.store.history.history import History

STEP = 10  # s between rows
BOOT = 7


def fill(folder: Path, end: float = scenes.NOON, hours: int = 26, cells: int = 16) -> None:
    """Write the history below `folder` that ends at `end` (UTC, s): a night, a sunny morning."""
    columns = layout(cells, 560.0)
    times = np.arange(0, hours * 3600, STEP, dtype=np.int64)
    history = History(folder / "history")
    rows = Rows(columns.key, BOOT, round((end - hours * 3600) * TICKS), True, times * TICKS, _values(times, end, cells))
    history.add([rows], {columns.key: columns})
    history.close()
    assert history.problem is None


def _values(times: NDArray[np.int64], end: float, cells: int) -> NDArray[np.int16]:
    day = (times - times[-1] + end) / 86_400 * 2 * math.pi
    power = 900 * np.maximum(0, -np.cos(day)) * 2 - 400 - 60 * np.sin(day * 9)
    soc = 0.70 + np.cumsum(power - power.mean()) * STEP / 3600 / 28_000
    current = power / 53.0
    volts = [3.3 + 0.02 * (soc - 0.6) + current * 0.0004 + 0.002 * ((k * 5) % 7 - 3) for k in range(cells)]
    heat = [20.0 + 0.2 * k + 3 * np.maximum(0, -np.cos(day)) for k in range(cells)]
    flags = np.full(len(times), 0b11011000001)
    step = 0.02
    return np.array(
        [
            *(np.rint(v / 0.001) for v in volts), *(np.rint(t / 0.1) for t in heat), np.rint(sum(volts) / 0.01),
            np.rint(current / step), np.rint(power), np.rint(soc / 0.0001), np.full(len(times), 9800), flags,
            np.zeros(len(times)),
        ]
    ).astype(np.int16)  # fmt: skip


def happened(**parts: Any) -> dict[str, Any]:
    """One event, as the master tells it."""
    return {
        "time": 1.0, "timestamp": scenes.NOON, "kind": "fault", "key": "cell_overvoltage", "phase": "came",
        "severity": "warning", "cell": None, "value": None, "limit": None, "unit": "", "cause": "", "boot": 1,
        "ring": None,
    } | parts  # fmt: skip


GLANCE = {
    "voltage": 53.6, "current": 46.2, "soc": 0.93, "lowest": 3.331, "lowest_cell": 4, "highest": 3.662,
    "highest_cell": 12, "coldest": 21.4, "warmest": 23.0, "charge_contactor": "closed",
    "load_contactor": "closed", "outputs": [1, 4],
}  # fmt: skip

EVENTS = [
    happened(id=1, timestamp=scenes.NOON - 90_000, kind="system", key="start", phase="changed", severity="info",
             cause="the master has started; everything is open"),
    happened(id=2, timestamp=scenes.NOON - 80_000, kind="contactor", key="load_contactor", phase="changed",
             severity="info", value="closed", cause="permitted"),
    happened(id=3, timestamp=scenes.NOON - 20_000, key="overtemperature_charge", cell=7, value=42.4, limit=42.0,
             unit="°C", ring="warn", cause="cell 7 42.4 °C > 42.0 °C for 10.0 s"),
    happened(id=4, timestamp=scenes.NOON - 19_000, kind="command", key="acknowledge", phase="changed", severity="info",
             cause="Anna: alarms seen"),
    happened(id=5, timestamp=scenes.NOON - 15_000, key="overtemperature_charge", phase="went", cell=7, value=39.9,
             limit=40.0, unit="°C", ring="warn", severity="info"),
    happened(id=6, timestamp=scenes.NOON - 9_000, key="cell_overvoltage", cell=12, value=3.662, limit=3.65, unit="V",
             ring="cut", severity="alarm", cause="cell 12 3.662 V > 3.65 V for 1.0 s"),
    happened(id=7, timestamp=scenes.NOON - 9_000, kind="contactor", key="charge_contactor", phase="changed",
             severity="alarm", value="open", cause="cell 12 3.662 V > 3.65 V for 1.0 s",
             before=GLANCE, after=GLANCE | {"current": 0.1, "charge_contactor": "open", "outputs": []}),
    happened(id=8, timestamp=scenes.NOON - 600, kind="output", key="output_5", phase="changed", severity="info",
             value="on", cause="set by hand"),
]  # fmt: skip
