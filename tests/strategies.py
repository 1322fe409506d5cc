"""Builders and hypothesis strategies that several tests share: settings, samples, a battery driven step by step."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from math import inf, nan
from typing import Any

from hypothesis import strategies as st

from tbms import settings as settings_room
from tbms.core.state import State
from tbms.core.step import Outcome, step
from tbms.model.action import Actions
from tbms.model.command import Command
from tbms.model.event import Event, EventKind, Phase
from tbms.model.sample import NodeReport, Sample, SwitchReport
from tbms.model.snapshot import ContactorPhase
from tbms.settings.compiled import Settings

PERIOD = 0.1
ROLES = ("charger_enable", "load", "alarm", "general", "fan")


@cache
def make(*overrides: str) -> Settings:
    """Settings from overrides, made once."""
    return settings_room.load(overrides=overrides)


def four(*overrides: str) -> Settings:
    """A battery of four LFP cells, 100 Ah, with an output of each common role."""
    roles = tuple(f"outputs[{number}].role={role}" for number, role in enumerate(ROLES, 1))
    return make("pack.cells=4", "pack.capacity=100", *roles, *overrides)


@dataclass
class Rig:
    """A battery driven step by step; every value can be set, switches follow the actions unless told otherwise.

    live: with nodes and switches; else as recorded data. follow: contactors and the load bus obey.
    own: A that the boards draw, where that is measured; asleep_charge, awake: as in a sample.
    """

    settings: Settings = field(default_factory=four)
    soc: float | None = 0.5
    live: bool = True
    follow: bool = True
    time: float = 0.0
    current: float | None = 0.0
    cells: list[float | None] = field(default_factory=list)
    temperatures: list[float | None] = field(default_factory=list)
    pack: float | str | None = "sum"
    nodes: list[NodeReport] = field(default_factory=list)
    switches: dict[str, Any] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    own: float | None = None
    asleep_charge: float | None = None
    awake: float = 0.0

    def __post_init__(self) -> None:
        """Fill in a healthy battery."""
        count = self.settings.cells
        self.state = State.initial(self.settings, self.soc)
        self.cells = self.cells or [3.3] * count
        if self.settings.temperature:
            self.temperatures = self.temperatures or [20.0] * count
        if self.live and not self.nodes:
            self.nodes = [NodeReport(n, True, 0.03, 0.1, True, True) for n in range(1, self.settings.nodes + 1)]
        self.started = False

    def done(self) -> Actions:
        """What the newest step asked for."""
        return self.state.actions

    def phase(self, side: str) -> ContactorPhase:
        """Where the charge or the load contactor is."""
        return self.state.charge.phase if side == "charge" else self.state.load.phase

    def sample(self) -> Sample:
        """The sample as it would be measured now."""
        known = [value for value in self.cells if value is not None]
        total = sum(known) if self.pack == "sum" else self.pack
        assert not isinstance(total, str)
        return Sample(
            self.time,
            1.7e9 + self.time,
            self.current,
            tuple(self.cells),
            tuple(self.temperatures),
            total,
            tuple(self.nodes),
            self._switches(total) if self.live else None,
            own_current=self.own,
            asleep_charge=self.asleep_charge,
            awake=self.awake,
        )

    def _switches(self, pack: float | None) -> SwitchReport:
        done = self.done()
        obey: dict[str, Any] = {
            "charge_contactor": done.charge_contactor,
            "load_contactor": done.load_contactor,
            "pre_charge": done.pre_charge,
            "outputs": done.outputs,
            "charge_bus_voltage": pack,
            "load_bus_voltage": pack if done.pre_charge or done.load_contactor else 0.0,
            "emergency_stop": False,
        }
        return SwitchReport(**(obey | self.switches))

    def tick(self, *commands: Command, dt: float = PERIOD) -> list[Event]:
        """One step later; gives its events."""
        if self.started:
            self.time = round(self.time + dt, 6)
        self.started = True
        outcome: Outcome = step(self.state, self.sample(), commands, self.settings)
        self.state = outcome.state
        self.events += outcome.events
        return list(outcome.events)

    def run(self, seconds: float, dt: float = PERIOD) -> list[Event]:
        """Steps for so long; gives their events."""
        return [event for _ in range(round(seconds / dt)) for event in self.tick(dt=dt)]

    def ready(self) -> "Rig":
        """Run until both contactors are closed."""
        self.run(3.0)
        assert self.done().charge_contactor
        assert self.done().load_contactor
        self.events.clear()
        return self

    def ready_for_loads(self) -> "Rig":
        """Run until the load contactor is closed and the charge contactor rests."""
        self.run(4.0)
        assert self.done().load_contactor
        assert not self.done().charge_contactor
        self.events.clear()
        return self

    def node(self, number: int, **changes: Any) -> None:
        """Change the report of one node, from 1."""
        self.nodes[number - 1] = replace(self.nodes[number - 1], **changes)

    def faults(self) -> set[str]:
        """What stands now: id, or id:number, with its ring."""
        found = set()
        for fault in self.state.verdict.faults:
            number = fault.cell if fault.cell is not None else fault.node
            found.add(f"{fault.id}{'' if number is None else f':{number}'} {fault.ring}")
        return found


def came(events: Sequence[Event], key: str = "") -> list[Event]:
    """Faults that came."""
    return [e for e in events if e.kind is EventKind.FAULT and e.phase is Phase.CAME and key in ("", e.key)]


def went(events: Sequence[Event], key: str = "") -> list[Event]:
    """Faults that went."""
    return [e for e in events if e.kind is EventKind.FAULT and e.phase is Phase.WENT and key in ("", e.key)]


# boundary-dense values of four LFP cells of 100 Ah: at, just inside and just beyond every threshold and release
GOOD_VOLTAGES = st.sampled_from(
    [0.5, 2.4, 2.59, 2.6, 2.61, 2.89, 2.9, 3.0, 3.1, 3.19, 3.2, 3.3, 3.4, 3.44, 3.45, 3.46, 3.55, 3.6, 3.65, 3.651, 3.7]
)
VOLTAGES = st.one_of(GOOD_VOLTAGES, GOOD_VOLTAGES, GOOD_VOLTAGES, st.sampled_from([0.0, 0.49, 5.0, 5.1, -3.3, nan]))
TEMPERATURES = st.sampled_from(
    [
        -60.0,
        -39.0,
        -20.1,
        -20.0,
        -15.0,
        -2.1,
        -2.0,
        0.0,
        3.0,
        5.0,
        20.0,
        40.0,
        42.0,
        45.1,
        50.0,
        50.1,
        60.0,
        60.1,
        130.0,
    ]
)
CURRENTS = st.sampled_from([-2500.0, -200.1, -200.0, -120.1, -80.0, -2.0, 0.0, 1.9, 2.0, 50.0, 70.0, 70.1, 100.1, inf])
STEPS = st.sampled_from([0.1] * 8 + [0.05, 0.3, 1.0, 5.0, 60.0, 61.0, 0.0, -7.0])
AGES = st.sampled_from([0.0, 0.1, 0.3, 0.31, 0.5, 0.51, 2.0, 2.1, inf])


def unknown_or(values: st.SearchStrategy[float]) -> st.SearchStrategy[float | None]:
    """A value, now and then nothing."""
    return st.one_of(values, values, values, st.none())
