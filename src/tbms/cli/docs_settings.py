"""docs/settings.md: every key with default, permitted range, unit and help, made from the schema and its tables."""

from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo

from tbms.settings import compiler, energy
from tbms.settings.chemistry import CHEMISTRIES, LFP
from tbms.settings.derive import LADDER, base
from tbms.settings.fields import permitted
from tbms.settings.migrate import FORMAT
from tbms.settings.problems import keys
from tbms.settings.schema import Layers, Protect, Schema
from tbms.settings.table import KINDS, Kind

NAMES = tuple(CHEMISTRIES)

DERIVED = {
    # key: default, where it comes from other settings
    "sensors.sample_age_warn": "0.3",
    "sensors.current_range": f"{compiler.CURRENT_RANGE:g} C",
    "contactors.pre_charge_current": f"{compiler.PRE_CHARGE_CURRENT:g} C, at least 0.05 A",
    "contactors.reclose_current": f"{compiler.RECLOSE_CURRENT:g} C",
    "contactors.reclose_voltage": ", ".join(f"{n} {c.reclose_voltage:.2f}" for n, c in CHEMISTRIES.items()),
    "charge.absorption": ", ".join(f"{n} {c.absorption:.2f}" for n, c in CHEMISTRIES.items()),
    "charge.float": ", ".join(f"{n} {c.float_voltage:.2f}" for n, c in CHEMISTRIES.items()),
    "charge.tail": f"{compiler.TAIL:g} C",
    "charge.current": "first ring of overcurrent_charge",
    "charge.discharge_current": "first ring of overcurrent_discharge",
    "sleep.voltage": f"{energy.DEEP:g} above protect.cell_undervoltage.cut",
    "balance.window": f"{energy.WINDOW:g} below absorption",
    "balance.donor_minimum": "charge.float",
    "balance.receiver_maximum": "first ring of cell_overvoltage",
}

HEAD = """# Settings

Generated from `src/tbms/settings` by `tbms docs`; do not edit.

A settings file is TOML; a key like `pack.cells` stands in the table `[pack]`. Whatever is left out has its default, so
a file holds only what differs. `--set KEY=VALUE` on the command line comes over the file (`outputs[2].name` is the
second of a list). Every problem is reported at once, with key, value, permitted range, file and line; with any
problem nothing closes.

A file begins with `format = FORMAT_NOW`; without it, it is of format 1. An older one is read as what it means today:
what it said in vain is left out and told. It is written so when a person next changes something, or by `tbms settings
migrate`. One of a newer format is refused: update TBMS first.

Quantities are in V, A, °C, s and Ah. Current limits are written as positive magnitudes: the key says in which
direction. C is the current that fills the battery's capacity in one hour.

## How the rings fit together

Each protection has up to three rings in the master and two layers behind it, in this order:

| rung | who acts | what happens |
|---|---|---|
| `warn` | master | people are told |
| `limit` | master | chargers or loads are asked to stop: `charger_enable` and `load` outputs go off |
| `cut` | master | the contactor of that direction opens |
| `guard` | every node's firmware | that node opens its permission loop |
| `afe` | the measuring chip | the same, in silicon |

* A rung is a number, or `"off"`. Those present must lie strictly in this order, and the delay of the cut may not be
  longer than that of the guard, nor the guard's than the chip's.
* What you set stands. A default gives way to it *inwards*: with a lower overvoltage `cut`, the defaults of `limit` and
  `warn` move down with it and keep their distance. A default never gives way outwards: to raise `cut` above `guard`,
  set `guard` too. Only the cut of a `_peak` over-current follows a raised cut of its slower sister.
* `release` is where every ring of a protection clears; a ring that does not contain it clears at a small hysteresis of
  its own (1 °C, 0.6 % of a voltage, 5 % of a current).
* An undervoltage clears for loads only after `contactors.reclose_time` of net charging at `reclose_current` and with
  the lowest cell at `contactors.reclose_voltage`, or when a person presses the button for three seconds.
* A delay has elapsed at the delay less half a loop period, and is at least one period long.
"""


def _text(value: Any) -> str:
    if value is None or value == []:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float | int) else f'"{value}"' if value != "" else "none"


def _default(key: str, field: FieldInfo) -> str:
    return DERIVED.get(key) or _text(None if field.is_required() else field.get_default(call_default_factory=False))


def _table(section: str, fields: list[tuple[str, FieldInfo]], title: str) -> Iterator[str]:
    yield f"\n## {section}\n\n{title}\n\n| key | default | permitted | meaning |\n|---|---|---|---|\n"
    for key, field in fields:
        yield f"| `{key}` | {_default(key, field)} | {permitted(field)} | {field.description or ''} |\n"


def _figure(kind: Kind, name: str, key: str) -> str:
    """One default of a protection for one chemistry; currents in C, pack voltages per cell."""
    figures = CHEMISTRIES[name].figures[kind.id]
    rungs = base(kind, figures, 1.0)
    if key in LADDER:
        value = rungs.value[key]
        return "off" if value is None else f"{value:g}"
    rung = "cut" if key == "delay" else key.removesuffix("_delay")
    if key.endswith("delay") and rung in LADDER:
        return "–" if rungs.value[rung] is None else f"{rungs.delay[rung]:g}"
    return str(rungs.latch) if key == "latch" else f"{getattr(rungs, key):g}"


def _unit(kind: Kind, key: str) -> str:
    if key.endswith("delay"):
        return "s"
    if key == "latch":
        return ""
    return {"": kind.unit, "capacity": "C", "cells": "V per cell"}[kind.scale]


def _protection(kind: Kind) -> Iterator[str]:
    field = Protect.model_fields[kind.id]
    forbids = [w for w, f in (("charging", kind.forbids_charge), ("discharging", kind.forbids_discharge)) if f]
    yield f"\n### protect.{kind.id}\n\n{str(field.description).capitalize()}. "
    yield f"Judged {'cell by cell' if kind.place == 'cell' else 'for the pack'}; its cut forbids "
    yield f"{' and '.join(forbids) or 'nothing'}.\n\n"
    yield f"| key | {' | '.join(NAMES)} | default in | permitted |\n|---|{'---|' * len(NAMES)}---|---|\n"
    rings: Any = field.annotation
    for key, inner in rings.model_fields.items():
        defaults = " | ".join(_figure(kind, name, key) for name in NAMES)
        yield f"| `{key}` | {defaults} | {_unit(kind, key)} | {permitted(inner)} |\n"


PROTECT = """
## protect

The protections. Defaults per chemistry; their sources, and which of them are engineering values, stand in
`src/tbms/settings/chemistry.py`. Check them against the data sheet of your cells. A key is `protect.`, the protection,
and one of these:

"""


def _protections() -> Iterator[str]:
    yield PROTECT
    yield "| key | meaning |\n|---|---|\n"
    for key, field in Layers.model_fields.items():
        yield f"| `{key}` | {field.description} |\n"
    for kind in KINDS:
        yield from _protection(kind)


def text() -> str:
    """The whole document."""
    every = list(keys())
    general = [(k, f) for k, f in every if "." not in k]
    parts = [HEAD.replace("FORMAT_NOW", str(FORMAT)), *_table("General", general, "The battery as a whole.")]
    for name, field in Schema.model_fields.items():
        fields = [(k, f) for k, f in every if k.startswith((f"{name}.", f"{name}[]."))]
        if name == "protect":
            parts += _protections()
        elif fields:
            parts += _table(name, fields, f"{str(field.description).capitalize()}.")
    parts.append("\n## Chemistries\n\n| name | cells | nominal V |\n|---|---|---|\n")
    parts += [f"| `{n}` | {c.title} | {c.nominal:g} |\n" for n, c in CHEMISTRIES.items()]
    parts.append(f"\nWithout a choice the battery is `{NAMES[0]}`: {LFP.title}.\n")
    return "".join(parts)
