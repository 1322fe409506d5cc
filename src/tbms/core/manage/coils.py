"""From outputs that are on to relays that are energised: NO and NC contacts, latching relays with two coils."""

from math import inf
from typing import NamedTuple

from tbms.model.sample import OUTPUTS
from tbms.settings.compiled import OutputRole


class Relays(NamedTuple):
    """on: what each output does, as the owner sees it. since: when it was told that last, s.

    due: end of the next pulse, s. boot: nothing has been told yet.
    """

    on: tuple[bool, ...] = (False,) * OUTPUTS
    since: tuple[float, ...] = (-inf,) * OUTPUTS
    due: float = inf
    boot: bool = True


def relays(before: Relays, on: tuple[bool, ...], now: float, slack: float, outputs: tuple[OutputRole, ...]) -> Relays:
    """The outputs as decided now; the same object when nothing changed. A boot gives latching relays their pulse."""
    if on == before.on and now < before.due - slack and not before.boot:
        return before
    told = [before.boot or wanted is not was for wanted, was in zip(on, before.on, strict=True)]
    since = tuple([now if fresh else then for fresh, then in zip(told, before.since, strict=True)])
    ends = [then + o.pulse for then, o in zip(since, outputs, strict=True) if o.off_coil is not None]
    return Relays(on, since, min([end for end in ends if end - slack > now], default=inf), False)


def energised(after: Relays, now: float, slack: float, outputs: tuple[OutputRole, ...]) -> tuple[bool, ...]:
    """Each relay's coil."""
    coils = [on is not output.closed for on, output in zip(after.on, outputs, strict=True)]
    for place, output in enumerate(outputs):
        if output.off_coil is None:
            continue
        pulse = now - after.since[place] < output.pulse - slack
        coils[place] = after.on[place] and pulse
        coils[output.off_coil] = not after.on[place] and pulse
    return tuple(coils)
