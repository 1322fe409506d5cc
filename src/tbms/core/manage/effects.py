"""What the ranges add up to: a wish for each output they drive, outputs kept off, an alarm, a charge profile."""

from typing import NamedTuple

from tbms.core.manage.ranges import Run, Stage, active
from tbms.model.sample import OUTPUTS
from tbms.settings.rules import RangeRule, Rules


class Wished(NamedTuple):
    """What a range wants of an output, and why."""

    on: bool
    cause: str


class Effects(NamedTuple):
    """The sum of all ranges.

    wishes: per output, None where no range drives it. inhibited: why an output is kept off, empty where it is not.
    alarm: "none", "warning" or "alarm". profile: of charging, empty for the one that is set.
    """

    wishes: tuple[Wished | None, ...] = (None,) * OUTPUTS
    inhibited: tuple[str, ...] = ("",) * OUTPUTS
    alarm: str = "none"
    profile: str = ""


IDLE = Effects()


def _wish(rule: RangeRule, run: Run, place: int) -> Wished | None:
    """What one range wants of one output."""
    if place in rule.warm_outputs:
        stage = "" if run.stage in (Stage.ON, Stage.OFF) else f" ({run.stage.replace('_', ' ')})"
        return Wished(run.stage is Stage.ON, f"{rule.name}: {run.cause}{stage}")
    if place in rule.outputs:
        return Wished(active(run), f"{rule.name}: {run.cause}")
    return None


def _joined(wishes: list[Wished]) -> Wished | None:
    """An output is on while any range wants it on."""
    return next((wish for wish in wishes if wish.on), wishes[0] if wishes else None)


def effects(rules: Rules, runs: tuple[Run, ...]) -> Effects:
    """What all runs add up to."""
    pairs = list(zip(rules.ranges, runs, strict=True))
    at_work = [(rule, run) for rule, run in pairs if active(run)]
    wishes = [_joined([wish for rule, run in pairs if (wish := _wish(rule, run, place))]) for place in range(OUTPUTS)]
    inhibited = [
        next((f"{rule.name}: {run.cause}" for rule, run in at_work if place in rule.inhibit), "")
        for place in range(OUTPUTS)
    ]
    alarms = {rule.alarm for rule, _ in at_work}
    return Effects(
        tuple(wishes),
        tuple(inhibited),
        next((alarm for alarm in ("alarm", "warning") if alarm in alarms), "none"),
        next((rule.profile for rule, _ in at_work if rule.profile), ""),
    )
