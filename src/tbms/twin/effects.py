"""What the active faults do to the parts of the world."""

from collections.abc import Sequence

from tbms.twin.bus import Bus
from tbms.twin.charger import Charger
from tbms.twin.contactor import Contactor
from tbms.twin.faults import Effects
from tbms.twin.load import Load
from tbms.twin.pack import Pack


def apply_to_pack(effects: Effects, pack: Pack) -> None:
    """Cell parameters and heat with the faults in force."""
    value = effects.value
    heater = value["heater_stuck"][0] / pack.count
    for k, base in enumerate(pack.base):
        growth = 1.0 + value["resistance_growth"][k]
        pack.change(
            k,
            capacity=base.capacity * (1.0 - value["capacity_loss"][k]),
            r0=base.r0 * growth,
            r1=base.r1 * growth,
            r2=base.r2 * growth,
            link=base.link + value["loose_busbar"][k],
            leakage=base.leakage + value["self_discharge"][k],
            cooling=base.cooling * (1.0 - value["cooling_loss"][0]),
        )
        pack.heat[k] = pack.warmth[k] = heater + value["runaway"][k]
        shift = value["soc_shift"][k] - pack.shifted[k]
        if shift:
            pack.shifted[k] += shift
            pack.shift(k, shift)


def apply_to_devices(
    effects: Effects,
    switches: Sequence[Contactor],
    buses: Sequence[Bus],
    chargers: Sequence[Charger],
    loads: Sequence[Load],
) -> None:
    """Contactors, buses, chargers and loads with the faults in force."""
    value = effects.value
    for i, switch in enumerate(switches):
        switch.welded = value["contactor_welded"][i] > 0.0
        switch.stuck = value["contactor_stuck"][i] > 0.0
        switch.lies = value["feedback_wrong"][i] > 0.0
        switch.bounce = value["contactor_chatter"][i]
    for i, bus in enumerate(buses):
        bus.short = value["bus_short"][i]
        bus.added = value["bus_capacitance"][i]
    for i, charger in enumerate(chargers):
        charger.ignores = value["ignores_stop"][i] > 0.0
        charger.lift = value["charger_overvoltage"][i]
        charger.extra = value["charger_current"][i]
    for i, load in enumerate(loads):
        load.sticks = value["load_not_shed"][i] > 0.0
        load.extra = value["load_power"][i]
