"""A change of the settings: the new text with the owner's comments kept, what differs, and when it can take effect."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

import tomlkit
from tomlkit.exceptions import TOMLKitError

from tbms.settings.form import filled
from tbms.settings.load import key_of, load
from tbms.settings.migrate import rewritten
from tbms.settings.problems import Key, SettingsError, dotted, shown

Applies = Literal["nothing", "now", "restart"]

AT_START = (
    "pack.chemistry",
    "pack.cells",
    "pack.capacity",
    "pack.ocv",
    "loop.",
    "bus.",
    "sensors.temperature",
    "contactors.bus",
)
"""Keys on which the shape of the core's memory, the drivers or the learned values stand."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One key with its value before and after; None where it was not set, or is not any more."""

    key: str
    before: Any
    after: Any

    def __str__(self) -> str:
        """'protect.cell_overvoltage.cut 3.65 -> 3.6'."""
        return f"{self.key} {_said(self.before)} -> {_said(self.after)}"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a change comes to. text: the settings file as it would be. settings: of it, in plain words."""

    problems: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    applies: Applies = "nothing"
    text: str = ""
    settings: dict[str, Any] | None = None


class Texts(NamedTuple):
    """file: what the settings file says. running: what is in force, which differs while a change waits for a start."""

    file: str
    running: str


def judged(
    path: Path | None,
    overrides: Sequence[str],
    texts: Texts,
    text: str | None,
    changes: Mapping[str, Any] | None = None,
    real: bool = False,
) -> Judgement:
    """Judge a whole new text, or changes by dotted keys (None takes a key out) of the file's.

    The differences are those from the file; when they can take effect is judged by what is in force.
    real: as for `load`.
    """
    try:
        new = changed(texts.file, changes, path) if text is None else text
        after = load(path, overrides, new, real=real)
    except SettingsError as found:
        return Judgement(problems=tuple(found.problems))
    now = filled(after)
    told = tuple(differences(_before(path, overrides, texts.file), now))
    waiting = told if texts.file == texts.running else tuple(differences(_before(path, overrides, texts.running), now))
    return Judgement((), told, applies(waiting), new, now)


def _before(path: Path | None, overrides: Sequence[str], old: str) -> dict[str, Any]:
    """The settings that were; none where they cannot be read any more: then everything is new."""
    try:
        return filled(load(path, overrides, old))
    except SettingsError:
        return {}


def applies(found: Sequence[Difference]) -> Applies:
    """When a change with these differences can take effect."""
    if not found:
        return "nothing"
    return "restart" if any(each.key.startswith(AT_START) for each in found) else "now"


def differences(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Difference]:
    """Every key that differs in filled settings (settings.form), in their order; followers of another key, too."""
    was, now = dict(_flat("", before)), dict(_flat("", after))
    for key in [*now, *(key for key in was if key not in now)]:
        if was.get(key) != now.get(key):
            yield Difference(key, was.get(key), now.get(key))


def _flat(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{key}.{name}" if key else name, inner)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for place, item in enumerate(value, 1):
            yield from _flat(f"{key}[{place}]", item)
    elif value is not None and value != []:
        yield key, value


def changed(text: str, changes: Mapping[str, Any] | None, path: Path | None = None) -> str:
    """The text in the present format with some keys set (None: taken out); all else, comments included, as it was.

    Raises SettingsError for a key that cannot be reached, for text that is no TOML and for an unknown format.
    """
    try:
        document = tomlkit.parse(rewritten(text, str(path)))
    except TOMLKitError as problem:
        raise SettingsError([f"not valid TOML: {problem}"]) from None
    problems = []
    for name, value in (changes or {}).items():
        try:
            _put(document, key_of(name), value)
        except (TOMLKitError, LookupError, TypeError, ValueError):
            problems.append(f"{name}: cannot be set: {dotted(key_of(name)[:-1]) or 'it'} is no table of keys")
    if problems:
        raise SettingsError(problems)
    return tomlkit.dumps(document)


def _put(spot: Any, key: Key, value: Any) -> None:
    """Set one value in nested tables, making those that are missing; None takes it out, where it is there."""
    for part, following in pairwise(key):
        if isinstance(part, int):
            while len(spot) <= part and len(spot) < 64:
                spot.append(tomlkit.table())
        elif part not in spot:
            if value is None:
                return
            spot[part] = tomlkit.aot() if isinstance(following, int) else tomlkit.table()
        spot = spot[part]
    last = key[-1]
    if value is None:
        if isinstance(last, int) or last in spot:
            del spot[last]
    elif isinstance(last, int) and last == len(spot):
        spot.append(tomlkit.item(value))
    else:
        spot[last] = value


def _said(value: Any) -> str:
    return "unset" if value is None else shown(value)
