"""Read settings from TOML and the command line; everything that is wrong is said at once."""

import tomllib
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tbms.settings.compiled import OcvPoint, Settings
from tbms.settings.compiler import build
from tbms.settings.migrate import KEY, migrate
from tbms.settings.ocv import read as read_ocv
from tbms.settings.order import check
from tbms.settings.positions import lines
from tbms.settings.problems import Key, SettingsError, Source, dotted, sentences, shown
from tbms.settings.schema import Schema


def value_of(text: str) -> Any:
    """A value of the command line: as TOML reads it, else the bare word."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def key_of(text: str) -> Key:
    """outputs[2].name -> ("outputs", 1, "name")."""
    parts: list[str | int] = []
    for part in text.strip().split("."):
        name, bracket, place = part.partition("[")
        parts.append(name)
        if bracket and place.rstrip("]").isdigit():
            parts.append(max(int(place.rstrip("]")) - 1, 0))
    return tuple(parts)


def _put(data: dict[str, Any], key: Key, value: Any) -> bool:
    """Set one value in nested tables; False where something on the way is no table."""
    spot: Any = data
    for part, following in zip(key, [*key[1:], None], strict=True):
        last = following is None
        if isinstance(spot, list) and isinstance(part, int):
            spot.extend({} for _ in range(part + 1 - len(spot)) if part < 64)
            if part >= len(spot):
                return False
        elif not isinstance(spot, dict):
            return False
        if last:
            spot[part] = value
            return True
        if isinstance(spot, dict):
            spot.setdefault(part, [] if isinstance(following, int) else {})
        spot = spot[part]
    return False


def _override(data: dict[str, Any], overrides: Sequence[str]) -> tuple[frozenset[Key], list[str]]:
    keys, problems = set(), []
    for text in overrides:
        name, equals, value = text.partition("=")
        key = key_of(name)
        if not equals or not name.strip():
            problems.append(f"--set {text}: must be KEY=VALUE")
        elif not _put(data, key, value_of(value.strip())):
            problems.append(f"--set {text}: {dotted(key[:-1])} is no table of keys")
        else:
            keys.add(key)
    return frozenset(keys), problems


def text_of(path: Path | None) -> str:
    """What a settings file says; nothing where there is none. Raises SettingsError where it cannot be read."""
    try:
        return "" if path is None else path.read_text(encoding="utf-8")
    except OSError as problem:
        raise SettingsError([f"{path}: {problem.strerror or 'cannot be read'}"]) from None
    except UnicodeDecodeError:
        raise SettingsError([f"{path}: must be a text file in UTF-8"]) from None


def _read(path: Path | None, text: str) -> tuple[dict[str, Any], list[str]]:
    """What a text says in the present format, without the format; and what a person should know of it."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise SettingsError([f"{path}: not valid TOML: {problem}"]) from None
    notes = migrate(data, str(path))
    data.pop(KEY, None)
    return data, notes


def notes(path: Path | None, text: str) -> list[str]:
    """What a person should know of how settings of an older format are read. Raises SettingsError."""
    return _read(path, text)[1]


def _without(data: Any, key: Key) -> None:
    """Take one value out, so that the rest can still be judged."""
    spot = data
    for part in key[:-1]:
        try:
            spot = spot[part]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(spot, dict):
        spot.pop(key[-1], None)
    elif isinstance(spot, list) and isinstance(key[-1], int) and key[-1] < len(spot):
        if isinstance(spot[key[-1]], dict):
            spot[key[-1]] = {}
        else:
            del spot[key[-1]]


def _validate(data: dict[str, Any], source: Source) -> tuple[Schema, dict[Key, str]]:
    """The schema of everything that can be read, and a sentence for each key that cannot."""
    found: dict[Key, str] = {}
    while True:
        try:
            return Schema.model_validate(data), found
        except ValidationError as problem:
            fresh = sentences(problem, source)
            if not fresh.keys() - found.keys():
                raise SettingsError(list((found | fresh).values())) from None
            found |= fresh
            for key in sorted(fresh, key=lambda key: [part for part in key if isinstance(part, int)], reverse=True):
                _without(data, key)  # the last of a list first: the others keep their places


def _table(schema: Schema, path: Path | None, source: Source) -> tuple[tuple[OcvPoint, ...], dict[Key, str]]:
    key: Key = ("pack", "ocv")
    if not schema.pack.ocv:
        return (), {}
    table = Path(schema.pack.ocv)
    if path is not None and key not in source.overridden:
        table = path.parent / table
    try:
        return read_ocv(table), {}
    except (OSError, ValueError, EOFError, zlib.error) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        return (), {key: f"pack.ocv = {shown(schema.pack.ocv)}: {reason}{source.where(key)}"}


def load(
    path: Path | str | None = None,
    overrides: Sequence[str] = (),
    text: str | None = None,
    ocv: tuple[OcvPoint, ...] | None = None,
    real: bool = False,
) -> Settings:
    """Settings from a TOML file, then overrides "key=value", then defaults.

    text: what the file at `path` is to hold, judged as if it stood there. ocv: the owner's table, where it has been
    read before; with both, no file is touched. real: a battery whose fuse, cables, shunt and contactors must be known.
    Raises SettingsError with every problem at once: each names key, value, what is permitted, file and line.
    """
    place = None if path is None else Path(path)
    text = text_of(place) if text is None else text
    data, _ = _read(place, text)
    positions = lines(text.replace("\r\n", "\n"))
    overridden, problems = _override(data, overrides)
    source = Source(str(place or ""), positions, overridden)
    schema, refused = _validate(data, source)
    points, unread = _table(schema, place, source) if ocv is None else (ocv, {})
    contradictions = check(schema, source, real)
    known = {key: text for key, text in contradictions.items() if key not in refused}
    problems += [*refused.values(), *unread.values(), *known.values()]
    if problems:
        raise SettingsError(problems)
    return build(schema, points)
