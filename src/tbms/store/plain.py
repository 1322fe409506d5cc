"""Frozen nouns to and from what JSON can say."""

import json
import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from tbms.model.event import Event, EventKind, Glance, Phase
from tbms.model.fault import Ring, Severity


@cache
def _shape(noun: type) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    names = tuple(field.name for field in fields(noun))
    return names, attrgetter(*names) if len(names) > 1 else lambda item: (getattr(item, names[0]),)


def plain(value: Any) -> Any:
    """The value in dicts, lists, strings, numbers, booleans and None.

    A dataclass becomes a dict of its fields, an enum its value, a tuple a list. A number that
    is not finite becomes None: JSON has no word for it, and it means unknown or never.
    """
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return value
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        names, values = _shape(type(value))
        return {name: plain(item) for name, item in zip(names, values(value), strict=True)}
    raise TypeError(f"no plain form for {type(value).__name__}")


def encode(value: Any) -> bytes:
    """One line of JSON in ASCII, without its line feed."""
    return json.dumps(plain(value), allow_nan=False, separators=(",", ":")).encode("ascii")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def noun(kind: Any, value: Any) -> Any:
    """The noun of type `kind` that `plain` made this value from; members that are missing stay at their defaults.

    Raises ValueError, KeyError or TypeError where it cannot be one.
    """
    if get_origin(kind) in (Union, UnionType):
        kind = next(choice for choice in get_args(kind) if choice is not NoneType)
    if value is None:
        return None
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(noun(one, item) for one, item in zip(kinds, value, strict=True))
    if isinstance(kind, type) and is_dataclass(kind):
        return kind(**{name: noun(of, value[name]) for name, of in _hints(kind).items() if name in value})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    return value


def event_from(values: dict[str, Any]) -> Event:
    """The event that `plain` made these values from.

    Raises ValueError, KeyError or TypeError where they cannot be an event. Fields that this
    version does not know are left out, so that an older program reads a newer journal.
    """
    known = {field.name for field in fields(Event)}
    kept = {name: value for name, value in values.items() if name in known}
    kept["kind"] = EventKind(kept["kind"])
    kept["phase"] = Phase(kept["phase"])
    kept["severity"] = Severity(kept["severity"])
    kept["ring"] = None if kept.get("ring") is None else Ring(kept["ring"])
    for name in ("before", "after"):
        kept[name] = noun(Glance, kept.get(name))
    return Event(**kept)
