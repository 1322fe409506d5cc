"""Whether switches and permission loops do what they were told."""

from typing import NamedTuple

from tbms.core.measure.reading import CALM, UNKNOWN, WRONG, Reading, flags
from tbms.model.sample import NodeReport, Sample, SwitchReport


class Drive(NamedTuple):
    """What the step before asked for, as far as it can be judged by this sample.

    charge, load: coil of that contactor. permit_charge, permit_discharge: given for long enough to be followed.
    armed: permits have been given since the start; before, an open loop is no fault.
    feedback: contactors have auxiliary contacts. pre_charge_failed: all its tries are used up.
    common: both coils are of one contactor, which rightly stays open unless all loops are permitted and held.
    """

    charge: bool = False
    load: bool = False
    permit_charge: bool = False
    permit_discharge: bool = False
    armed: bool = False
    feedback: bool = True
    pre_charge_failed: bool = False
    common: bool = False


CALM_SWITCHES = (CALM,) * 6
"""Recorded data: nothing to judge."""


def _open(held: bool | None, node: NodeReport, permitted: bool, armed: bool) -> bool | None:
    """A node holds its loop open although it is permitted, or because of its own guard."""
    if held is None:
        return None
    return not held and (permitted or (armed and bool(node.guard)))


def _loops(nodes: tuple[NodeReport, ...], drive: Drive) -> tuple[Reading, Reading]:
    for node in nodes:
        if node.charge_loop is not True or node.discharge_loop is not True:
            break
    else:
        return CALM, CALM
    charge = [_open(node.charge_loop, node, drive.permit_charge, drive.armed) for node in nodes]
    discharge = [_open(node.discharge_loop, node, drive.permit_discharge, drive.armed) for node in nodes]
    return flags(charge), flags(discharge)


def _differs(told: bool, reported: bool | None, powered: bool) -> Reading:
    """The auxiliary contact contradicts the coil; a coil without its loop's supply rightly stays open."""
    if reported is None:
        return UNKNOWN
    return WRONG if reported is not told and (powered or not told) else CALM


def powered(nodes: tuple[NodeReport, ...]) -> tuple[bool, bool]:
    """Whether the charge and the discharge loop are closed through every node."""
    charge = discharge = True
    for node in nodes:
        charge = charge and node.charge_loop is True
        discharge = discharge and node.discharge_loop is True
    return charge, discharge


def lack(switches: SwitchReport | None, needed: float | None) -> str:
    """What is missing to open contactors that stay closed without power; needed: V, None where they do not stay so."""
    if needed is None or switches is None:
        return ""
    if switches.store_voltage is None:
        return "the store that opens the contactors is not measured"
    if switches.store_voltage < needed:
        return f"the store that opens the contactors has {switches.store_voltage:.1f} V of {needed:g} V"
    return ""


def readings(sample: Sample, drive: Drive) -> tuple[Reading, ...]:
    """Charge loop, discharge loop, feedback of both contactors, pre-charge, emergency stop: 1 where wrong."""
    charge_loop, discharge_loop = _loops(sample.nodes, drive)
    charge = load = stop = CALM
    switches = sample.switches
    if switches is not None:
        stop = UNKNOWN if switches.emergency_stop is None else WRONG if switches.emergency_stop else CALM
        if drive.feedback and (
            switches.charge_contactor is not drive.charge or switches.load_contactor is not drive.load
        ):
            supply = powered(sample.nodes)
            if drive.common:
                supply = (all(supply) and drive.permit_charge and drive.permit_discharge,) * 2
            charge = _differs(drive.charge, switches.charge_contactor, supply[0])
            load = _differs(drive.load, switches.load_contactor, supply[1])
    return charge_loop, discharge_loop, charge, load, WRONG if drive.pre_charge_failed else CALM, stop
