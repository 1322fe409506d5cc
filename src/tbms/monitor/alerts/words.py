"""Alerts in sentences, from the catalogues of the pages, so that both say the same."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tbms.monitor.alerts.watch import SILENCE, Notice, Standing

LINES = 8  # faults in one message; the rest is counted


@cache
def catalogue(bundle: Path, language: str) -> dict[str, str]:
    """The sentences of a language; none where the pages are not built."""
    try:
        found: dict[str, str] = json.loads((bundle / "messages" / f"{language}.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found


def title(boat: str, notices: Sequence[Notice], words: Mapping[str, str]) -> str:
    """'Aurora: Alarm', or that all of it is over."""
    if all(notice.kind == "over" for notice in notices):
        return f"{boat}: {words.get('alert.over', 'over')}"
    worst = "alarm" if any(n.standing.severity == "alarm" for n in notices if n.kind != "over") else "warning"
    return f"{boat}: {words.get(f'severity.{worst}', worst)}"


def body(notices: Sequence[Notice], now: float, words: Mapping[str, str]) -> str:
    """One line a fault: what, how far, since when, what to do."""
    lines = [_line(notice, now, words) for notice in notices[:LINES]]
    if len(notices) > LINES:
        lines.append(words.get("alert.more", "and {n} more").replace("{n}", str(len(notices) - LINES)))
    return "\n".join(lines)


def _line(notice: Notice, now: float, words: Mapping[str, str]) -> str:
    each = notice.standing
    said = f"{_name(each, words)}{_figures(each.fault, words)}"
    if notice.kind == "over":
        return f"{said}: {words.get('alert.over', 'over')}"
    if notice.kind != "came":
        minutes = max(1, round((now - each.since) / 60))
        key = f"alert.{notice.kind}"
        said += f" ({words.get(key, notice.kind + ', {n} min').replace('{n}', str(minutes))})"
    return f"{said}. {words.get('todo.' + each.fault['id'], words.get('todo.other', ''))}".strip()


def _name(each: Standing, words: Mapping[str, str]) -> str:
    fault = each.fault["id"]
    if fault == SILENCE:
        return words.get("alert.silence", "The master is silent")
    return words.get(f"fault.{fault}", fault.replace("_", " "))


def _figures(fault: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """', Cell 3: 3.66 V' as far as it is known."""
    number = fault.get("cell") or fault.get("node")
    subject = ""
    if number:
        subject = words.get("subject.cell" if fault.get("cell") else "subject.node", "{n}").replace("{n}", str(number))
    value, unit = fault.get("value"), fault.get("unit") or ""
    if value is not None and unit == "A":
        value = abs(value)  # the fault's name says which way it flows
    shown = "" if value is None else f"{value:.4g} {unit}".strip()
    told = ": ".join(part for part in (subject, shown) if part)
    return f", {told}" if told else ""
