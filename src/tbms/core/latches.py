"""What only a person may lift must stand over a restart: a stop, and every latched cut."""

from collections.abc import Iterator
from math import isfinite
from typing import Any

from tbms.core.adopt import name
from tbms.core.protect.limits import Entry, Watch
from tbms.core.protect.verdict import verdict
from tbms.core.state import State
from tbms.model.limit import Protection
from tbms.settings.compiled import Settings

NONE: dict[str, Any] = {"stopped": "", "latched": []}
"""What `saved` gives where nothing stands."""

WORDS = 64  # characters of a name
MOST = 64  # entries


def saved(state: State, settings: Settings) -> dict[str, Any]:
    """Who stopped the battery, and what is latched, in JSON's nouns."""
    return {"stopped": state.stopped, "latched": list(_latched(state, settings))}


def _latched(state: State, settings: Settings) -> Iterator[list[Any]]:
    for protection, watch in zip(settings.protections, state.watches, strict=True):
        for ring, entries in enumerate(watch or ()):
            for entry in entries:
                if entry.latched:
                    yield [*name(protection), str(protection.rings[ring][0]), entry.place, entry.value]


def restored(values: Any, fresh: State, settings: Settings) -> State:
    """The state of a boot with what `saved` gave; what is not sound, or is no protection any more, is left out."""
    if not isinstance(values, dict):
        return fresh
    stopped, listed = values.get("stopped"), values.get("latched")
    entries = [each for each in listed[:MOST] if _sound(each)] if isinstance(listed, list) else []
    watches = tuple(_watch(protection, entries) for protection in settings.protections)
    return fresh._replace(
        stopped=stopped[:WORDS] if isinstance(stopped, str) else "",
        watches=watches,
        verdict=verdict(settings.protections, watches),
    )


def _sound(entry: Any) -> bool:
    if not isinstance(entry, list) or len(entry) != 7:
        return False
    place, value = entry[5], entry[6]
    number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return number and isinstance(place, int) and not isinstance(place, bool) and 0 <= place < 64


def _watch(protection: Protection, entries: list[list[Any]]) -> Watch:
    """The latched entries of one protection, as they stand after a trip."""
    own = [entry for entry in entries if entry[:4] == list(name(protection))]
    rings = tuple(
        tuple(
            Entry(place, value, 0.0, tripped=0.0, tries=1, latched=True) for *_, at, place, value in own if at == ring
        )
        for ring, _ in protection.rings
    )
    return rings if any(rings) else None
