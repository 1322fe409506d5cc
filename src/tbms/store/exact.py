"""Nouns as JSON and back again, exactly: what comes back equals what went, to the last bit."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def exact(value: Any) -> Any:
    """The value in dicts, lists and what JSON knows; a number that is not finite becomes its name."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return {str(key): exact(item) for key, item in value.items()}
    if isinstance(value, tuple):
        names = getattr(value, "_fields", None)
        items = [exact(item) for item in value]
        return items if names is None else dict(zip(names, items, strict=True))
    if is_dataclass(value):
        return {field.name: exact(getattr(value, field.name)) for field in fields(value) if field.init}
    raise TypeError(f"no exact form for {type(value).__name__}")


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def back(kind: Any, value: Any) -> Any:
    """The value of type `kind` that `exact` made this from.

    Raises ValueError, KeyError or TypeError where it cannot be one.
    """
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return None if value is None else back(_choice(get_args(kind), value), value)
    if origin is tuple:
        return _tuple(get_args(kind), value)
    if origin is frozenset:
        return frozenset(back(get_args(kind)[0], item) for item in value)
    if not isinstance(kind, type) or kind is NoneType:
        return value
    if is_dataclass(kind) or hasattr(kind, "_fields"):
        hints = _hints(kind)
        return kind(**{name: back(hints[name], item) for name, item in value.items()})
    if issubclass(kind, Enum):
        return kind(value)
    return float(value) if kind is float else value


def _tuple(inner: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
    return tuple([back(one, item) for one, item in zip(kinds, value, strict=True)])


def _choice(kinds: tuple[Any, ...], value: Any) -> Any:
    """The alternative of a union that a value is of."""
    real = [kind for kind in kinds if kind is not NoneType]
    if len(real) == 1:
        return real[0]
    return next((kind for kind in real if kind is type(value)), real[0])
