"""Settings files of older formats: what each step changes in them, as data.

A file says `format = N` at its top; without it, it is of format 1. An older one is read as what it means today, and is
written so when a person next changes something (or by `tbms settings migrate`).
"""

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import tomlkit

from tbms.settings.problems import SettingsError, shown

KEY = "format"
UNJUDGED = (
    "pack_overvoltage",
    "pack_undervoltage",
    "overcurrent_charge",
    "overcurrent_charge_peak",
    "overcurrent_discharge",
    "overcurrent_discharge_peak",
)
LAYERS = ("guard", "guard_delay", "afe", "afe_delay")

Table = MutableMapping[str, Any]
"""A table of a settings file: plain as it was read, or a document that keeps its comments."""


def _table(data: Table, key: str) -> Table:
    found = data.get(key)
    return found if isinstance(found, MutableMapping) else {}


def _no_layer_without_a_judge(data: Table) -> list[str]:
    """Format 1 took hard limits of the pack and of currents, though boards and chips judge cells alone."""
    protect = _table(data, "protect")
    places = [(name, key) for name in UNJUDGED for key in LAYERS if key in _table(protect, name)]
    gone = [f"protect.{name}.{key} = {shown(protect[name].pop(key))}" for name, key in places]
    return [f"{each} is left out: boards and chips judge single cells, it never did anything" for each in gone]


STEPS: Mapping[int, Callable[[Table], list[str]]] = {
    # format: what makes the next one of it, in place; gives a sentence for each thing that a person should know
    1: _no_layer_without_a_judge,
}
OLDEST, FORMAT = min(STEPS), max(STEPS) + 1
"""The formats that can be read are those from OLDEST to FORMAT, which is written."""


def format_of(data: Table, name: str) -> int:
    """The format of the settings in a file of this name; raises SettingsError for one that is not known here."""
    found = data.get(KEY, OLDEST)
    if not isinstance(found, int) or isinstance(found, bool) or found < OLDEST:
        raise SettingsError([f"{name}: format = {shown(found)}: must be a whole number {OLDEST} to {FORMAT}"])
    if found > FORMAT:
        raise SettingsError(
            [f"{name}: format = {found}: written by a newer TBMS, update this one (it knows {OLDEST} to {FORMAT})"]
        )
    return found


def migrate(data: Table, name: str) -> list[str]:
    """Make settings of an older format those of the present one, in place; what a person should know of it.

    The key `format` is left alone. Raises SettingsError as `format_of`.
    """
    return [sentence for step in range(format_of(data, name), FORMAT) for sentence in STEPS[step](data)]


def rewritten(text: str, name: str) -> str:
    """The text of a settings file in the present format, comments kept; untouched where it is of that already.

    Raises SettingsError as `format_of`, and tomlkit's own errors where it is no TOML.
    """
    document = tomlkit.parse(text)
    if document.get(KEY) == FORMAT:
        return text
    migrate(document, name)
    if KEY in document:
        document[KEY] = FORMAT
        return tomlkit.dumps(document)
    return f"{KEY} = {FORMAT}\n{tomlkit.dumps(document)}"
