"""What must hold whatever comes: samples, faults, commands and clock jumps in any order."""

from dataclasses import replace
from math import inf

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.strategies import (
    AGES,
    CURRENTS,
    GOOD_VOLTAGES,
    PERIOD,
    STEPS,
    TEMPERATURES,
    VOLTAGES,
    Rig,
    four,
    unknown_or,
)

from tbms.core.measure.flow import LEAK
from tbms.core.protect.contactors import Contactor
from tbms.core.step import step
from tbms.model.command import INSTALLER, Command, CommandKind
from tbms.model.event import EventKind, Phase
from tbms.model.fault import Ring
from tbms.model.sample import Sample
from tbms.model.snapshot import ContactorPhase

SLACK = PERIOD / 2
SETTINGS = four("contactors.reclose_time=5", "contactors.ready_samples=2")
ONE = four("contactors.reclose_time=5", "contactors.ready_samples=2", "contactors.bus=common")
CUT = 3.65
CUT_DELAY = 1.0

COMMANDS = st.sampled_from(
    [(), (), (), ()]
    + [(Command(kind, local=local),) for kind in (CommandKind.STOP, CommandKind.CLOSE) for local in (True, False)]
    + [(Command(CommandKind.OUTPUT, 1, "on"),), (Command(CommandKind.OUTPUT, 2, "on"),)]
)

MOMENT = st.fixed_dictionaries(
    {},
    optional={
        "dt": STEPS,
        "cell": st.tuples(st.integers(0, 3), unknown_or(VOLTAGES)),
        "temperature": st.tuples(st.integers(0, 3), unknown_or(TEMPERATURES)),
        "current": unknown_or(CURRENTS),
        "age": AGES,
        "loops": st.tuples(st.sampled_from([True, True, False, None]), st.sampled_from([True, True, False, None])),
        "stop": st.sampled_from([False, False, True, None]),
        "feedback": st.sampled_from([True, False, None, "follow"]),
        "commands": COMMANDS,
        "stay": st.integers(1, 30),
    },
)
STORY = st.lists(MOMENT, min_size=1, max_size=25)


def apply(rig: Rig, moment: dict) -> tuple[tuple[Command, ...], float, int]:  # type: ignore[type-arg]  # of anything
    """Let one moment happen to the battery; gives commands, dt and how long it stays like that."""
    if "cell" in moment:
        rig.cells[moment["cell"][0]] = moment["cell"][1]
    if "temperature" in moment:
        rig.temperatures[moment["temperature"][0]] = moment["temperature"][1]
    if "current" in moment:
        rig.current = moment["current"]
    if rig.live:
        rig.node(1, age=moment.get("age", 0.05), temperature_age=moment.get("age", 0.05))
        charge, discharge = moment.get("loops", (True, True))
        rig.node(1, charge_loop=charge, discharge_loop=discharge, guard=() if charge and discharge else ("afe",))
        rig.switches = {"emergency_stop": moment.get("stop", False)}
        if moment.get("feedback", "follow") != "follow":
            rig.switches["charge_contactor"] = moment["feedback"]
    return moment.get("commands", ()), moment.get("dt", PERIOD), moment.get("stay", 1)


def tell(rig: Rig, story: list[dict]) -> None:  # type: ignore[type-arg]
    """A whole story; every step is checked by the rig's watcher."""
    for moment in story:
        commands, dt, stay = apply(rig, moment)
        for _ in range(stay):
            rig.tick(*commands, dt=dt)
            commands, dt = (), PERIOD


class Watched(Rig):
    """A battery whose every step is checked for what must always hold."""

    def tick(self, *commands: Command, dt: float = PERIOD):  # type: ignore[no-untyped-def]
        before = self.state
        events = super().tick(*commands, dt=dt)
        self.over = getattr(self, "over", {})
        self.standing: set[tuple[object, ...]] = getattr(self, "standing", set())
        self.came = getattr(self, "came", {})
        self._charge_is_forbidden_above_the_cut()
        self._policy_never_widens()
        self._every_fault_is_told(events, bool(commands))
        self._no_chatter(before)
        assert 0.0 <= self.state.soc <= 1.0
        assert self.state.estimate.soc_sigma >= 0.0
        return events

    def _charge_is_forbidden_above_the_cut(self) -> None:
        state = self.state
        assert state.measured is not None
        for place, value in enumerate(state.measured.voltages):
            if value is None:
                assert not state.may_charge
            elif value > CUT:
                self.over.setdefault(place, state.clock)
                if state.clock - self.over[place] >= CUT_DELAY:
                    assert not state.may_charge
            else:
                self.over.pop(place, None)

    def _policy_never_widens(self) -> None:
        state, actions = self.state, self.done()
        held = state.charge.ending is not None and state.clock - state.charge.ending < 3.0 - SLACK + 1e-9
        assert state.may_charge or not actions.outputs[0]
        assert state.may_charge or held or not (actions.charge_contactor or actions.permit_charge)
        assert state.may_discharge or not (
            actions.load_contactor or actions.pre_charge or actions.permit_discharge or actions.outputs[1]
        )
        assert actions.charge_contactor or not actions.outputs[0]

    def _every_fault_is_told(self, events, person: bool) -> None:  # type: ignore[no-untyped-def]
        for event in events:
            if event.kind is not EventKind.FAULT:
                continue
            assert event.cause
            if event.phase is Phase.CAME:
                self.came[(event.key, event.ring, event.cell, event.cause)] = self.state.clock
        standing = {
            (p.id, p.measure, ring, entry.place)
            for p, watch in zip(self.settings.protections, self.state.watches, strict=True)
            for ring, entries in enumerate(watch or ())
            for entry in entries
            if entry.tripped is not None
        }
        told = [e for e in events if e.kind is EventKind.FAULT]
        assert len(told) >= len(standing ^ self.standing)
        if not told:
            assert standing == self.standing
        self.standing = {*standing}
        cuts = {f.id for f in self.state.verdict.faults if f.ring is Ring.CUT}
        assert cuts <= {key for key, *_ in standing}

    def _no_chatter(self, before) -> None:  # type: ignore[no-untyped-def]
        """A contactor that opened stays open for its hold, unless somebody asks."""
        if any(e.key == "close" for e in self.events[-8:]):
            self.asked = True
        closing = self.done().charge_contactor and not before.actions.charge_contactor
        if closing and not getattr(self, "asked", False):
            opened = getattr(self, "opened", -inf)
            assert self.state.clock - opened >= self.settings.contactors.reclose_delay - SLACK - 1e-9
        if before.actions.charge_contactor and not self.done().charge_contactor:
            self.opened = self.state.clock
            self.asked = False


@given(STORY)
@settings(max_examples=60, deadline=None)
def test_whatever_happens_to_a_live_battery(story: list[dict]) -> None:  # type: ignore[type-arg]
    rig = Watched(SETTINGS)
    rig.run(0.5)
    tell(rig, story)


class WatchedOne(Watched):
    """The same behind one contactor."""

    def tick(self, *commands: Command, dt: float = PERIOD):  # type: ignore[no-untyped-def]
        before = self.state
        events = super().tick(*commands, dt=dt)
        self._nothing_flows_that_is_forbidden(before.load)
        return events

    def _policy_never_widens(self) -> None:
        state, actions = self.state, self.done()
        shut = actions.load_contactor
        assert shut is actions.charge_contactor
        assert state.may_charge or state.may_discharge or not (shut and state.load.ending is None)
        assert state.may_charge or not actions.outputs[0]
        assert (state.may_discharge and shut) or not actions.outputs[1]
        assert state.may_charge or state.load.ending is not None or not actions.permit_charge
        assert state.may_discharge or shut or not actions.permit_discharge

    def _nothing_flows_that_is_forbidden(self, before: Contactor) -> None:
        """A contactor that stays closed, and waits for no charger to stop, carries nothing that is forbidden."""
        state = self.state
        assert state.measured is not None
        current, fault = state.measured.current, state.verdict.discharge_fault
        if not before.phase is ContactorPhase.CLOSED is state.load.phase or state.load.ending is not None:
            return
        assert state.may_charge or (current is not None and current < LEAK)
        let_in = fault is not None and state.load.since > fault.since
        assert state.may_discharge or let_in or (current is not None and current > -LEAK)


@given(STORY)
@settings(max_examples=60, deadline=None)
def test_whatever_happens_to_a_battery_behind_one_contactor(story: list[dict]) -> None:  # type: ignore[type-arg]
    rig = WatchedOne(ONE)
    rig.run(1.0)
    tell(rig, story)


@given(STORY)
@settings(max_examples=40, deadline=None)
def test_whatever_recorded_data_say(story: list[dict]) -> None:  # type: ignore[type-arg]
    rig = Watched(SETTINGS, live=False)
    rig.tick()
    tell(rig, story)


def charged(rig: Rig, seconds: float) -> None:
    """Let a charger run for so long, wherever its contactor lets it."""
    for _ in range(round(seconds / 0.5)):
        rig.current = 5.0 if rig.done().charge_contactor else 0.0
        rig.tick(dt=0.5)


@given(STORY)
@example(
    [{"cell": (0, 3.7), "temperature": (0, None), "current": None}, {"current": 70.1, "cell": (3, 3.55), "stay": 19}]
)
@example([{"cell": (0, 0.5)}, {"dt": 60.0}])
@settings(max_examples=25, deadline=None)
def test_every_fault_that_came_goes_when_all_is_well_and_a_person_closes(story: list[dict]) -> None:  # type: ignore[type-arg]
    rig = Watched(SETTINGS)
    rig.run(0.5)
    tell(rig, story)
    rig.cells, rig.temperatures, rig.switches = [3.3] * 4, [20.0] * 4, {}
    rig.node(1, age=0.0, temperature_age=0.0, charge_loop=True, discharge_loop=True, guard=())
    charged(rig, 12)
    rig.tick(Command(CommandKind.CLOSE, who="Ann", local=True))
    charged(rig, 70)
    rig.tick(Command(CommandKind.CLOSE, who="Ann", local=True))
    charged(rig, 80)
    assert {fault.id for fault in rig.state.verdict.faults} <= {"cell_damaged"}, "an installer's, not any person's"
    rig.tick(Command(CommandKind.CLOSE, value=INSTALLER, who="Ann", local=True))
    charged(rig, 80)
    assert rig.state.verdict.faults == ()
    assert rig.done().charge_contactor
    assert rig.done().load_contactor
    told = [e for e in rig.events if e.kind is EventKind.FAULT]
    assert len([e for e in told if e.phase is Phase.CAME]) == len([e for e in told if e.phase is Phase.WENT])


LOW = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.5, 2.3, 2.59, 2.6, 2.9, 3.1, 3.2, 3.3])), max_size=30)


@given(LOW, st.booleans())
@settings(max_examples=25, deadline=None)
def test_undervoltage_alone_never_forbids_charging(low: list[tuple[int, float]], live: bool) -> None:
    rig = Rig(SETTINGS, live=live)
    rig.run(0.5)
    for place, value in low:
        rig.cells[place] = value
        rig.run(0.8)
        assert rig.state.may_charge
    assert rig.done().charge_contactor
    assert rig.done().outputs[0]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([3.3, 3.46, 3.6, 3.66, 4.5])), max_size=30))
@settings(max_examples=25, deadline=None)
def test_overvoltage_alone_never_forbids_discharging(high: list[tuple[int, float]]) -> None:
    rig = Rig(SETTINGS)
    rig.run(1)
    for place, value in high:
        rig.cells[place] = value
        rig.run(0.8)
        assert rig.state.may_discharge
    assert rig.done().load_contactor


HIDDEN = st.tuples(
    st.sets(st.integers(0, 3)),
    st.sets(st.integers(0, 3)),
    st.booleans(),
    st.booleans(),
)


def hide(sample: Sample, what: tuple[set[int], set[int], bool, bool]) -> Sample:
    """The sample with some of its values unknown."""
    cells, temperatures, current, pack = what
    return replace(
        sample,
        cell_voltages=tuple(None if k in cells else v for k, v in enumerate(sample.cell_voltages)),
        temperatures=tuple(None if k in temperatures else v for k, v in enumerate(sample.temperatures)),
        current=None if current else sample.current,
        pack_voltage=None if pack else sample.pack_voltage,
    )


@given(STORY, st.lists(GOOD_VOLTAGES, min_size=4, max_size=4), TEMPERATURES, CURRENTS, HIDDEN)
@settings(max_examples=80, deadline=None)
def test_unknown_never_widens_permission(story, cells, temperature, current, hidden) -> None:  # type: ignore[no-untyped-def]
    rig = Rig(SETTINGS)
    rig.run(0.5)
    tell(rig, story)
    rig.time += PERIOD
    rig.cells, rig.temperatures[1], rig.current = list(cells), temperature, current
    sample = rig.sample()
    known = step(rig.state, sample, (), SETTINGS).state
    unknown = step(rig.state, hide(sample, hidden), (), SETTINGS).state
    assert known.may_charge or not unknown.may_charge
    assert known.may_discharge or not unknown.may_discharge


@given(STORY)
@settings(max_examples=15, deadline=None)
def test_the_same_story_ends_the_same_way(story: list[dict]) -> None:  # type: ignore[type-arg]
    ends = []
    for _ in range(2):
        rig = Rig(SETTINGS)
        tell(rig, story)
        ends.append((rig.state.watches, rig.done(), [(e.time, e.key, e.cause) for e in rig.events]))
    assert repr(ends[0]) == repr(ends[1])
