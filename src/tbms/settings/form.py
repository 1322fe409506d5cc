"""Settings for people: what a form needs to know of every key, and every default filled in."""

from functools import cache
from typing import Any, get_origin

from tbms.settings.compiled import Settings
from tbms.settings.compiler import reclose_voltage
from tbms.settings.derive import DELAYS, LADDER, Rungs
from tbms.settings.fields import bounds, facts, permitted, unit, words
from tbms.settings.problems import keys
from tbms.settings.schema import Schema


@cache
def form() -> list[dict[str, Any]]:
    """Every key that can be set, in the order of the schema; a list's items as `outputs[].name`.

    kind: number, whole, switch, choice, text or list. unit: symbol, or empty. low, high: bounds, or null.
    choices: words that are accepted (beside a number, where kind is number). help, permitted: in English.
    """
    return [_entry(key, field) for key, field in keys()]


def _entry(key: str, field: Any) -> dict[str, Any]:
    kinds, choices = facts(field), [word for word in words(field) if isinstance(word, str)]
    low, high = bounds(field)
    return {
        "key": key,
        "kind": _kind(field.annotation, kinds, words(field)),
        "unit": unit(field),
        "low": low,
        "high": high,
        "choices": choices or list(words(field)),
        "default": None if field.is_required() else field.get_default(call_default_factory=True),
        "help": field.description or "",
        "permitted": permitted(field),
    }


def _kind(annotation: Any, kinds: list[Any], choices: tuple[str | int, ...]) -> str:
    if get_origin(annotation) is list:
        return "list"
    for noun, kind in ((bool, "switch"), (float, "number"), (int, "whole")):
        if noun in kinds:
            return kind
    return "choice" if choices else "text"


def sections() -> dict[str, str]:
    """The groups of keys and what they are about."""
    return {name: str(field.description) for name, field in Schema.model_fields.items()}


def filled(settings: Settings) -> dict[str, Any]:
    """The settings as they are written, with every derived default in its place; null where there is none."""
    plain: dict[str, Any] = settings.schema.model_dump(mode="json")
    for name, rungs in settings.rungs.items():
        given = plain["protect"][name]
        given |= {key: value for key, value in _rungs(rungs).items() if key in given}
    for section, figures in _derived(settings).items():
        plain[section] |= {key: round(value, 6) for key, value in figures.items() if plain[section][key] is None}
    return plain


def _rungs(rungs: Rungs) -> dict[str, Any]:
    """The figures of one protection by their keys."""
    values = {rung: "off" if value is None else value for rung, value in rungs.value.items()}
    delays = {DELAYS[rung]: rungs.delay[rung] for rung in LADDER if rungs.value[rung] is not None}
    return {**values, **delays, "release": rungs.release, "release_delay": rungs.release_delay, "latch": rungs.latch}


def _derived(settings: Settings) -> dict[str, dict[str, float]]:
    """Defaults that come from the rest of the settings."""
    contactors, charge, charging, balance = settings.contactors, settings.charge, settings.charging, settings.balance
    return {
        "sensors": {"current_range": settings.valid_current, "sample_age_warn": settings.sample_age_warn},
        "contactors": {
            "pre_charge_current": contactors.pre_charge_current,
            "reclose_voltage": reclose_voltage(settings.schema, settings.rungs),
            "reclose_current": contactors.reclose_current,
            "close_voltage": contactors.close_voltage,
        },
        "charge": {
            "absorption": charge.absorption,
            "tail": charge.tail,
            "float": charge.float_voltage,
            "current": charging.current,
            "discharge_current": charging.discharge_current,
        },
        "balance": {
            "window": balance.window,
            "donor_minimum": balance.donor_minimum,
            "receiver_maximum": balance.receiver_maximum,
        },
    }
