"""What the simulated chargers tell of themselves, as real ones do over a cable of their own."""

from tbms.model.sample import SourceKind, SourceReport, SourceState
from tbms.twin.world import World

KINDS = {kind.value: kind for kind in SourceKind}


def reports(world: World) -> tuple[SourceReport, ...]:
    """Every charger whose name is a kind, as it is now."""
    volts = {charger.name: bus.voltage for bus in world.buses for charger in bus.chargers}
    return tuple(
        SourceReport(
            charger.name,
            KINDS[charger.name],
            0.0,
            round(max(0.0, charger.current) * volts[charger.name], 1),
            SourceState(charger.stage) if charger.limit > 0.0 else SourceState.OFF,
        )
        for charger in world.chargers
        if charger.name in KINDS
    )
