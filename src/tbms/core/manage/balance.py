"""Balancing: who gives and who gets, decided while no balancer works, and what it has moved."""

from math import inf
from typing import NamedTuple

from tbms.core.manage.scene import Scene
from tbms.model.event import Event, EventKind, Phase
from tbms.model.fault import Severity
from tbms.model.sample import CELLS_PER_NODE
from tbms.settings.compiled import Settings
from tbms.settings.energy import BalanceRules

WORK_TIME = 50.0  # s of work between two looks; a node's own limit of one run is 600 s
PAUSE_TIME = 300.0  # s between two runs: a difference at the edge of its figures is no reason to hurry
WINDOW_HYSTERESIS = 0.02  # V below the window at which a run ends: a run is not to end by the noise that began it
LOOK_TIME = 10.0  # s without own current before voltages are compared: they have settled, and no lead drops any


class Balancing(NamedTuple):
    """What balancing remembers.

    on: a run is going on. since: when its work or its look began, or the run ended, s. donors: places that give, ()
    while looking.
    receiver: place of the lowest cell. words: one of four bits a node. time, charge: given by each cell, s and Ah.
    cause: why it works, or why not.
    """

    on: bool
    since: float
    donors: tuple[int, ...]
    receiver: int | None
    words: tuple[int, ...]
    time: tuple[float, ...]
    charge: tuple[float, ...]
    cause: str


def initial(settings: Settings) -> Balancing:
    """At a boot: nothing works."""
    zero = (0.0,) * settings.cells
    return Balancing(False, -inf, (), None, (0,) * settings.nodes, zero, zero, "nothing to do")


def forbidden(scene: Scene, rules: BalanceRules) -> str:
    """Why no balancer may work, whatever the differences; empty when it may."""
    measured = scene.measured
    if rules.mode == "off":
        return "switched off"
    if not scene.trusted:
        return "stopped"
    if None in measured.voltages or measured.highest is None or measured.lowest is None:
        return "a cell is unknown"
    if measured.highest < rules.donor_minimum:
        return f"highest cell {measured.highest:.3f} V < {rules.donor_minimum:.3f} V"
    if measured.lowest > rules.receiver_maximum:
        return f"lowest cell {measured.lowest:.3f} V > {rules.receiver_maximum:.3f} V"
    return ""


def voltages(scene: Scene, rules: BalanceRules) -> list[float]:
    """The voltages that are compared, V; open-circuit ones where asked for and every resistance is known."""
    measured, resistance = scene.measured, scene.estimate.resistance
    values = [value for value in measured.voltages if value is not None]
    known = [value for value in resistance if value is not None]
    if not rules.ocv or measured.current is None or len(known) != len(values):
        return values
    current = measured.current
    return [voltage - current * ohm for voltage, ohm in zip(values, known, strict=True)]


def donors(values: list[float], scene: Scene, on: bool, rules: BalanceRules) -> tuple[int, ...]:
    """Places that give: all that stand above the lowest by more than `stop`, or the highest alone if active."""
    low, high, measured = min(values), max(values), scene.measured.voltages
    if high < rules.window - (WINDOW_HYSTERESIS if on else 0.0) or high - low <= (rules.stop if on else rules.start):
        return ()
    chosen = [
        place
        for place, value in enumerate(values)
        if value - low > rules.stop and (measured[place] or 0.0) >= rules.donor_minimum
    ]
    if rules.mode == "active" and chosen:
        return (max(chosen, key=values.__getitem__),)
    return tuple(chosen)


def words(places: tuple[int, ...], nodes: int) -> tuple[int, ...]:
    """Four bits a node."""
    found = [0] * nodes
    for place in places:
        found[place // CELLS_PER_NODE] |= 1 << place % CELLS_PER_NODE
    return tuple(found)


def _look(state: Balancing, scene: Scene, settings: Settings) -> Balancing:
    """Compare, and begin to work, go on, or end."""
    values = voltages(scene, settings.balance)
    given = donors(values, scene, state.on, settings.balance)
    if not given:
        return _off(state, scene.clock, "nothing to do", settings)
    receiver = values.index(min(values))
    high = values.index(max(values))
    cause = (
        f"cell {high + 1} {values[high]:.3f} V, cell {receiver + 1} {values[receiver]:.3f} V: "
        f"{1000 * (values[high] - values[receiver]):.0f} mV apart"
    )
    return state._replace(
        on=True, since=scene.clock, donors=given, receiver=receiver, words=words(given, settings.nodes), cause=cause
    )


def _off(state: Balancing, now: float, cause: str, settings: Settings) -> Balancing:
    if not state.on and state.cause == cause:
        return state
    since = now if state.on else state.since
    idle = (0,) * settings.nodes
    return state._replace(on=False, since=since, donors=(), receiver=None, words=idle, cause=cause)


def _counted(state: Balancing, dt: float, rules: BalanceRules) -> Balancing:
    """Time and charge of the step that ends now added to its donors."""
    time, charge = list(state.time), list(state.charge)
    for place in state.donors:
        time[place] += dt
        charge[place] += rules.current * dt / 3600.0
    return state._replace(time=tuple(time), charge=tuple(charge))


def _working(state: Balancing, scene: Scene, settings: Settings) -> Balancing:
    """A run: work, then look."""
    slack, spent = settings.period / 2, scene.clock - state.since
    if not state.donors:
        return _look(state, scene, settings) if spent >= LOOK_TIME - slack else state
    measured = scene.measured.voltages
    low = any((measured[place] or 0.0) < settings.balance.donor_minimum for place in state.donors)
    if spent >= WORK_TIME - slack or low:
        return state._replace(since=scene.clock, donors=(), words=(0,) * settings.nodes)
    return state


def advance(state: Balancing, scene: Scene, settings: Settings, events: list[Event]) -> Balancing:
    """Balancing after this moment; the same object when nothing changed. Events are added to the list."""
    rules = settings.balance
    counted = _counted(state, scene.measured.dt, rules) if state.donors else state
    cause = forbidden(scene, rules)
    if cause:
        after = _off(counted, scene.clock, cause, settings)
    elif counted.on:
        after = _working(counted, scene, settings)
    elif (scene.measured.highest or 0.0) < rules.window or scene.clock < counted.since + PAUSE_TIME:
        after = counted
    else:
        after = _look(counted, scene, settings)
    if after.on is not state.on:
        events.append(_event(after, scene))
    return after


def _event(after: Balancing, scene: Scene) -> Event:
    measured = scene.measured
    phase = Phase.CAME if after.on else Phase.WENT
    return Event(
        measured.time, measured.timestamp, EventKind.BALANCE, "balancing", phase, Severity.INFO, cause=after.cause
    )
