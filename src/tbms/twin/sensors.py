"""Sensors between the world and the boards: noise, quantisation, bias, and their faults."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tbms.model.units import Ampere, Celsius, Volt
from tbms.twin.misread import Past, misread
from tbms.twin.readings import Readings
from tbms.twin.world import World

POOL = 8191  # prime, so that a stride never falls in step with the number of channels


@dataclass(frozen=True, slots=True)
class Accuracy:
    """One kind of sensor: noise (1 sigma), step of its converter, bias (1 sigma from piece to piece)."""

    noise: float
    step: float
    bias: float


CELL = Accuracy(0.0005, 0.0001, 0.0005)  # V, a 16-bit AFE after averaging: data sheets say ±2 mV over all
TEMPERATURE = Accuracy(0.05, 0.1, 0.3)  # K, 10 kΩ NTC of 1 %
CURRENT = Accuracy(0.05, 0.01, 0.03)  # A, 100 µΩ shunt and a 16-bit converter at ±500 A
PACK = Accuracy(0.005, 0.01, 0.01)  # V, divider on a 12-bit converter, averaged
OWN = Accuracy(0.0, 0.001, 0.0)  # A, 20 mΩ and an INA228: its error is far below a step of the register
BUS = Accuracy(0.02, 0.05, 0.02)  # V, the same, faster


class Sensors:
    """All sensors of one boat, each with its own fixed bias, drawn from `seed`.

    Noise comes from a pool of normal numbers made once, read at a random place each time: as good for
    sensors as fresh numbers, and ten times faster.
    """

    def __init__(self, cells: int, seed: int = 1, *, noise: float = 1.0) -> None:
        self.cells = cells
        self._random = random.Random(seed)  # noqa: S311 - a simulation, no secret
        gauss = self._random.gauss
        self._pool = [noise * gauss(0.0, 1.0) for _ in range(POOL)]
        self._room = POOL - 3 * cells - 8
        self.cell_bias: list[Volt] = [noise * gauss(0.0, CELL.bias) for _ in range(cells)]
        self.temperature_bias: list[Celsius] = [noise * gauss(0.0, TEMPERATURE.bias) for _ in range(cells)]
        self.current_bias: Ampere = noise * gauss(0.0, CURRENT.bias)
        self.pack_bias: Volt = noise * gauss(0.0, PACK.bias)
        self._past = Past()

    def read(self, world: World) -> Readings:
        """All readings now."""
        n = self.cells
        start = int(self._random.random() * self._room)
        drawn = self._pool[start : start + 2 * n + 4]
        volts = self._row(world.pack.voltages, self.cell_bias, drawn, CELL)
        warm = self._row(world.pack.temperatures, self.temperature_bias, drawn[n:], TEMPERATURE)
        amps, pack, charge, load = drawn[2 * n :]
        readings = Readings(
            time=world.time,
            cell_voltages=volts,
            temperatures=warm,
            current=_one(world.pack.current + self.current_bias, amps, CURRENT),
            pack_voltage=_one(world.pack.voltage + self.pack_bias, pack, PACK),
            charge_bus_voltage=_one(world.charge_bus.voltage, charge, BUS),
            load_bus_voltage=_one(world.load_bus.voltage, load, BUS),
            feedbacks=(
                world.charge_contactor.feedback,
                world.load_contactor.feedback,
                world.pre_charge.feedback,
            ),
            emergency_stop=world.emergency_stop,
            button=world.button,
            inputs=(world.engine, world.shore),
            board_temperature=world.pack.ambient + 8.0,  # own heat of a board in a closed box
            supply=world.supply,
            own_current=_one(world.own / max(1.0, world.pack.voltage), 0.0, OWN),
            store_voltage=_one(world.store, 0.0, BUS),
        )
        if world.effects.version:
            return misread(readings, world, self._past, drawn)
        return readings

    @staticmethod
    def _row(true: Sequence[float], bias: Sequence[float], noise: Sequence[float], kind: Accuracy) -> tuple[float, ...]:
        """One reading a cell."""
        sigma, step = kind.noise, kind.step
        per = 1.0 / step
        return tuple([round((v + b + sigma * x) * per) / per for v, b, x in zip(true, bias, noise, strict=False)])


def _one(true: float, noise: float, kind: Accuracy) -> float:
    """One reading of a channel."""
    return round((true + kind.noise * noise) / kind.step) * kind.step
