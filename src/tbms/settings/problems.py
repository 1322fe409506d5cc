"""What is wrong with settings, in sentences: key, value, permitted range, nearest known key, file and line."""

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from tbms.settings.fields import permitted
from tbms.settings.schema import Schema

Key = tuple[str | int, ...]
"""Path to a value: names of sections and keys, and places in a list from 0."""


class SettingsError(ValueError):
    """Settings that must not be used; problems has one sentence for each thing that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Source:
    """Where each value was set: file and line, or the command line."""

    name: str
    lines: Mapping[Key, int]
    overridden: frozenset[Key]

    def where(self, key: Key) -> str:
        """'(boat.toml line 7)', or '(--set)'; nothing for a default."""
        if any(key == given[: len(key)] or given == key[: len(given)] for given in self.overridden):
            return " (--set)"
        for length in range(len(key), 0, -1):
            line = self.lines.get(key[:length])
            if line is not None:
                return f" ({self.name} line {line})"
        return f" ({self.name})" if self.name else ""


def dotted(key: Key) -> str:
    """The key as the owner writes it: outputs[2].name, places from 1."""
    text = ""
    for part in key:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def shown(value: object) -> str:
    """A value as TOML writes it, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def _model(annotation: Any) -> type[BaseModel] | None:
    """The section that an annotation stands for, list items included."""
    if get_origin(annotation) is None and isinstance(annotation, type):
        return annotation if issubclass(annotation, BaseModel) else None
    return next((m for part in get_args(annotation) if (m := _model(part)) is not None), None)


def find(key: Key) -> tuple[type[BaseModel] | None, FieldInfo | None, Key]:
    """The deepest section and field on the way to key, and the key of that field."""
    section: type[BaseModel] | None = Schema
    field: FieldInfo | None = None
    for depth, part in enumerate(key):
        if isinstance(part, int):
            continue
        if section is None or part not in section.model_fields:
            return section, field, key[:depth]
        field = section.model_fields[part]
        section = _model(field.annotation)
    return section, field, key


def keys(section: type[BaseModel] = Schema, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key that can be set, dotted, with its field; a list's items as name[]."""
    for name, field in section.model_fields.items():
        inner = _model(field.annotation)
        if inner is None:
            yield prefix + name, field
        else:
            listed = "[]" if get_origin(field.annotation) is list else ""
            yield from keys(inner, f"{prefix}{name}{listed}.")


def _unknown(key: Key, source: Source) -> str:
    names = {name.replace("[]", ""): name for name, _ in keys()}
    section, _, _ = find(key[:-1])
    siblings = list(section.model_fields) if section is not None else []
    near = difflib.get_close_matches(str(key[-1]), siblings, 1, 0.6)
    if near:
        guess = dotted((*key[:-1], near[0]))
    else:
        plain = dotted(tuple(part for part in key if isinstance(part, str)))
        guess = next(iter(difflib.get_close_matches(plain, [*names, *Schema.model_fields], 1, 0.0)), "")
    return f"{dotted(key)}: no such key; the nearest is {guess}{source.where(key)}"


def _refused(error: Mapping[str, Any], key: Key, field: FieldInfo, source: Source) -> str:
    section = _model(field.annotation)
    where = source.where(key)
    if error["type"] == "too_long" and section is not None:
        return f"{dotted(key)}: at most {error['ctx']['max_length']} are possible{where}"
    wanted = "a list of tables" if get_origin(field.annotation) is list else "a table of keys"
    if section is None:
        wanted = permitted(field)
    return f"{dotted(key)} = {shown(error['input'])}: must be {wanted}{where}"


def sentences(problem: ValidationError, source: Source) -> dict[Key, str]:
    """One sentence per key that was refused; the many complaints about a union's members are one."""
    found: dict[Key, str] = {}
    for error in problem.errors():
        location: Key = error["loc"]
        if error["type"] == "extra_forbidden":
            found[location] = _unknown(location, source)
            continue
        _, field, key = find(location)
        if field is not None and key not in found:
            found[key] = _refused(error, key, field, source)
    return found
