"""Why a contactor or an output stands as it does, in one sentence for a person."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

from tbms.settings.advice import ADVICE

Json = Mapping[str, Any]

CONTACTORS = {"charge_contactor": "charge contactor", "load_contactor": "load contactor"}
COMMON = {"load_contactor": "main contactor"}
"""Where chargers and loads share one."""
Subject = Literal[
    "charge_contactor", "load_contactor", "output_1", "output_2", "output_3", "output_4", "output_5", "output_6"
]
SUBJECTS: tuple[str, ...] = get_args(Subject)
_CLOSED, _LATCHED = "closed", "latched"
_MOVING = ("opening", "pre_charge")
_UNITS = ((86_400.0, "d"), (3600.0, "h"), (60.0, "min"))


class Why(NamedTuple):
    """subject: out of SUBJECTS. state: phase, on or off; None where it is not known. event: the newest about it.

    stood: how the battery stood before and after that, in words; empty where the log does not say.
    """

    subject: str
    state: str | None
    sentence: str
    event: Json | None
    stood: str = ""


def why(subject: str, state: Json | None, events: Sequence[Json], common: bool = False) -> Why:
    """The answer from the state as the API gives it (None: not known now) and the newest events, oldest first.

    common: chargers and loads shared one contactor when that was last known, for where the state is not.
    """
    names = COMMON if (common if state is None else state.get("common")) else CONTACTORS
    about = "load_contactor" if names is COMMON and subject in CONTACTORS else subject
    event = next((each for each in reversed(events) if each["key"] == about), None)
    return _answer(about, state, events, event, names)._replace(subject=subject, stood=_stood(about, events, names))


def _answer(
    subject: str, state: Json | None, events: Sequence[Json], event: Json | None, names: Mapping[str, str]
) -> Why:
    """All but how the battery stood."""
    if state is None:
        asleep = _sleep(events)
        return Why(subject, None, f"{asleep['cause']}." if asleep else _past(subject, event, names), asleep or event)
    if subject in CONTACTORS:
        return _contactor(subject, state, events, event, names[subject])
    return _output(subject, state, event)


def _sleep(events: Sequence[Json]) -> Json | None:
    """The event that sent everything to sleep, where nothing has begun anew since."""
    newest = next((each for each in reversed(events) if each["key"] in ("sleep", "start")), None)
    return newest if newest is not None and (newest["key"], newest["phase"]) == ("sleep", "came") else None


def _past(subject: str, event: Json | None, names: Mapping[str, str]) -> str:
    """What the log alone knows: without its master the boards open one thing after the other, the loads last."""
    name = names.get(subject, subject.replace("_", " "))
    unknown = f"No master answers, so it is not known how the {name} stands now"
    if event is None:
        return f"{unknown}, and its log tells nothing of it. The boards open what nobody renews."
    return f"{unknown}; it last changed so: {event['cause']}. The boards open what nobody renews."


def _contactor(subject: str, state: Json, events: Sequence[Json], event: Json | None, name: str) -> Why:
    found = state[subject]
    phase, cause = str(found["phase"]), str(found["cause"]).rstrip(".")
    since = "" if event is None else f" for {_lasting(state['timestamp'] - event['timestamp'])}"
    parts = [f"The {name} has been {phase}{since}: {cause}."]
    fault = _reason(event, cause, events)
    if fault is not None and phase != _CLOSED:
        parts.append(ADVICE.get(str(fault["key"]), ""))
    if phase == _LATCHED:
        parts.append("Only a person at the panel closes it again: hold the reset button for 3 s.")
    return Why(subject, phase, " ".join(part for part in parts if part), fault or event)


def _reason(event: Json | None, cause: str, events: Sequence[Json]) -> Json | None:
    """The fault that decided, by the contactor's own event, else the one that the cause speaks of."""
    faults = [each for each in reversed(events) if each["kind"] == "fault" and each["phase"] == "came"]
    decided = (event.get("rule"), event.get("cell"), event.get("limit")) if event else (None,)
    named = (each for each in faults if (each["key"], each.get("cell"), each.get("limit")) == decided)
    spoken = (each for each in faults if each.get("cause") and str(each["cause"]) in cause)
    return next(named, None) or next(spoken, None)


def _output(subject: str, state: Json, event: Json | None) -> Why:
    number = int(subject.removeprefix("output_"))
    found = state["outputs"][number - 1]
    on = "on" if found["on"] else "off"
    by_hand = ", set by hand" if found["override"] else ""
    named = f"Output {number} ({found['name']})" if found["name"] else f"Output {number}"
    return Why(subject, on, f"{named} is {on}{by_hand}: {found['cause']}.", event)


def _stood(subject: str, events: Sequence[Json], names: Mapping[str, str]) -> str:
    """How the battery stood before and after it was last switched, in words; empty where the log does not say.

    A contactor on its way is followed back to where it set out, so that the current after it is that of an open one.
    """
    changes = [each for each in events if each["key"] == subject and each.get("before") and each.get("after")]
    if not changes:
        return ""
    first = last = changes.pop()
    while changes and first["before"].get(subject) in _MOVING:
        first = changes.pop()
    return f"Before: {_glance(first['before'], names)}. After: {_glance(last['after'], names)}."


def _glance(seen: Json, names: Mapping[str, str]) -> str:
    """'13.3 V, 48.2 A, 93 % charged, cells 3.312 (2) to 3.655 V (3), 21 to 23 °C, charge contactor closed, ...'."""
    parts = [f"{seen[name]:g} {unit}" for name, unit in (("voltage", "V"), ("current", "A")) if seen[name] is not None]
    parts.append(f"{100 * seen['soc']:.0f} % charged")
    if seen["lowest"] is not None:
        parts.append(
            f"cells {seen['lowest']:.3f} ({seen['lowest_cell']}) to {seen['highest']:.3f} V ({seen['highest_cell']})"
        )
    if seen["coldest"] is not None:
        parts.append(f"{seen['coldest']:g} to {seen['warmest']:g} °C")
    on = ", ".join(map(str, seen["outputs"])) or "none"
    return ", ".join((*parts, *(f"{name} {seen[key]}" for key, name in names.items()), f"outputs on: {on}"))


def _lasting(seconds: float) -> str:
    """'12 s', '5 min', '3 h', '2 d'."""
    for unit, name in _UNITS:
        if seconds >= unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{max(0.0, seconds):.0f} s"
