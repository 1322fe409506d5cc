"""What the API asks, made into commands: judged once more, and always as coming over a network."""

from typing import Any

from tbms.model.command import Command, CommandKind
from tbms.model.sample import OUTPUTS

VALUES = ("on", "off", "auto")
NAME = 64  # characters of a name that are kept for the log


def command(request: dict[str, Any], now: float) -> Command | str:
    """The command in a request that arrived at monotonic time `now`, or why there is none, as a sentence."""
    if request.get("kind") not in {kind.value for kind in CommandKind}:
        return "this is no command"
    kind = CommandKind(request["kind"])
    who = str(request.get("who") or "")[:NAME]
    if kind is not CommandKind.OUTPUT:
        return Command(kind, who=who)
    target, value, duration = request.get("target"), request.get("value"), request.get("duration")
    if type(target) is not int or not 1 <= target <= OUTPUTS or value not in VALUES:
        return f"an output is commanded by its number 1..{OUTPUTS} and on, off or auto"
    if duration is not None and not (isinstance(duration, int | float) and 0 < duration <= 86_400):
        return "an override lasts at most a day"
    return Command(kind, target, value, who, until=None if duration is None else now + duration)
