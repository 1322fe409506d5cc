"""Where current flows that should not, and what the buses say about contactors that are open."""

from typing import NamedTuple

from tbms.core.measure.measured import Measured
from tbms.core.measure.reading import CALM, UNKNOWN, WRONG, Reading, single
from tbms.model.sample import SwitchReport
from tbms.settings.compiled import Settings

OPENED = 1.0  # s: a contactor has opened, and the field of its coil and its arc are gone
SAME_BUS = 0.2  # V: a bus this near to the pack is connected to it, or a capacitor that has not emptied
LEAK = 0.5  # A: more than the zero of a shunt (coordinated table)


class Flow(NamedTuple):
    """How the contactors stood in the step before.

    charge_open, load_open: the coil has been off for long enough. load_closed, charge_closed: energised.
    forbidden: charging is forbidden.
    """

    charge_open: bool
    load_open: bool
    charge_closed: bool
    load_closed: bool
    forbidden: bool


CALM_FLOW = (CALM,) * 5


def _same(bus: float | None, pack: float | None) -> bool:
    return bus is not None and pack is not None and abs(bus - pack) < SAME_BUS


def parted(flow: Flow, measured: Measured, switches: SwitchReport | None) -> bool:
    """Nothing but the boards' own consumption flows: both contactors are open, and buses or auxiliary contacts say so.

    More than a leak through buses that stand at the pack's own voltage may be a weld, and is no zero. Nor is anything
    right after a restart, while the boards may still hold what the master before had closed.
    """
    if switches is None or measured.current is None or not (flow.charge_open and flow.load_open):
        return False
    if switches.charge_contactor or switches.load_contactor or switches.pre_charge:
        return False
    buses, pack = (switches.charge_bus_voltage, switches.load_bus_voltage), measured.pack_voltage
    apart = all(bus is not None and not _same(bus, pack) for bus in buses)
    seen = switches.charge_contactor is False and switches.load_contactor is False
    return apart or (seen and abs(measured.current) <= LEAK)


def readings(flow: Flow, measured: Measured, switches: SwitchReport | None, settings: Settings) -> tuple[Reading, ...]:
    """Current while open, charging while forbidden, welds of both contactors, and a load bus that does not fall.

    A charge contactor is proven welded only with both open: before, the current may come through the load contactor.
    """
    if switches is None or not (flow.charge_open or flow.load_open):
        return CALM_FLOW
    current, pack = measured.current, measured.pack_voltage
    if current is None:
        return (UNKNOWN,) * 4 + (_bus(flow, switches, pack),)
    both = flow.charge_open and flow.load_open
    through = abs(current + (measured.own or 0.0))  # the contactors, if both are open
    leak = single(through) if both else CALM
    forbidden = single(current) if flow.charge_open and flow.load_closed and flow.forbidden else CALM
    much = settings.contactors.reclose_current
    load_flows = flow.load_open and (through > LEAK if both else flow.charge_closed and current < -much)
    charge = WRONG if both and through > LEAK and _same(switches.charge_bus_voltage, pack) else CALM
    load = WRONG if load_flows and _same(switches.load_bus_voltage, pack) else CALM
    return leak, forbidden, charge, load, _bus(flow, switches, pack)


def _bus(flow: Flow, switches: SwitchReport, pack: float | None) -> Reading:
    return WRONG if flow.load_open and _same(switches.load_bus_voltage, pack) else CALM
