"""What management must remember over a restart: when the battery was full, why chargers rest, when a range last ran."""

from math import isfinite
from typing import Any

from tbms.core.manage.charge_cycle import Charging
from tbms.core.manage.manage import Managed
from tbms.core.manage.ranges import Run
from tbms.settings.compiled import Settings

LONGEST = 10 * 366 * 86_400.0  # s: what is longer ago has no meaning
WORDS = 200  # characters of a reason


def saved(state: Managed, clock: float, settings: Settings) -> dict[str, Any]:
    """The values at `clock` (s, of the core), as ages, so that a clock that begins anew can take them; for JSON."""
    charging = state.charging
    return {
        "full": None if charging.full_at is None else clock - charging.full_at,
        "resting": charging.resting,
        "profile": charging.profile,
        "rested": {
            name: clock - run.rested
            for name, run in zip(settings.rules.names(), state.ranges.runs, strict=True)
            if run.rested is not None
        },
    }


def restored(values: Any, fresh: Managed, settings: Settings, away: float) -> Managed:
    """The state of a boot with what `saved` gave, away s ago; what is not sound, or has another name, is left out."""
    if not isinstance(values, dict):
        return fresh
    charging, away = fresh.charging, max(0.0, away)
    if (full := _age(values.get("full"))) is not None:
        charging = charging._replace(full_at=-(full + away))
    return fresh._replace(
        charging=_resting(values, charging),
        ranges=fresh.ranges._replace(runs=_runs(values.get("rested"), fresh.ranges.runs, settings, away)),
    )


def _resting(values: dict[str, Any], charging: Charging) -> Charging:
    resting, profile = values.get("resting"), values.get("profile")
    if not isinstance(resting, str) or len(resting) > WORDS or profile != charging.profile:
        return charging
    return charging._replace(resting=resting)


def _runs(rested: Any, runs: tuple[Run, ...], settings: Settings, away: float) -> tuple[Run, ...]:
    ages = {name: _age(value) for name, value in rested.items()} if isinstance(rested, dict) else {}
    return tuple(
        run if (age := ages.get(name)) is None else run._replace(rested=-(age + away))
        for name, run in zip(settings.rules.names(), runs, strict=True)
    )


def _age(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return float(value) if 0.0 <= value <= LONGEST else None
