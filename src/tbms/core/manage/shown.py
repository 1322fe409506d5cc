"""Ranges, charging, balancing and panel as the API gives them."""

from math import inf
from typing import TypedDict

from tbms.core.manage import charge_cycle
from tbms.core.manage.manage import Managed
from tbms.core.protect.verdict import Verdict
from tbms.model.action import Actions
from tbms.model.sample import Sample
from tbms.model.snapshot import BalancingSnapshot, ChargingSnapshot, PanelSnapshot, RangeSnapshot
from tbms.settings.compiled import Settings


def ranges(managed: Managed, settings: Settings) -> tuple[RangeSnapshot, ...]:
    """Every range."""
    return tuple(
        RangeSnapshot(rule.name, str(run.stage), rule.alarm, run.since if run.since > -inf else None, run.cause)
        for rule, run in zip(settings.rules.ranges, managed.ranges.runs, strict=True)
    )


def charging(managed: Managed, verdict: Verdict) -> ChargingSnapshot:
    """What chargers and loads are told; volts to 10 mV, currents to 0.1 A."""
    now = managed.charging
    return ChargingSnapshot(
        cvl=round(now.limits.cvl.value, 2),
        ccl=round(now.limits.ccl.value, 1),
        dcl=round(now.limits.dcl.value, 1),
        stage=str(now.stage),
        full=now.full,
        empty=charge_cycle.empty(verdict),
        profile=now.profile,
        resting=now.resting,
    )


def balancing(managed: Managed) -> BalancingSnapshot:
    """Who gives and who gets, cells from 1."""
    now = managed.balancing
    return BalancingSnapshot(
        on=now.on,
        donors=tuple(place + 1 for place in now.donors),
        receiver=None if now.receiver is None else now.receiver + 1,
        time=tuple(round(spent, 1) for spent in now.time),
        charge=tuple(round(given, 4) for given in now.charge),
        cause=now.cause,
    )


def panel(sample: Sample, actions: Actions, limp: float | None) -> PanelSnapshot:
    """LED, buzzer and buttons. limp: time left of limping home, s, None while nobody does."""
    switches = sample.switches
    return PanelSnapshot(
        str(actions.led),
        str(actions.buzzer),
        None if switches is None else switches.button,
        None if switches is None else switches.emergency_stop,
        limp,
    )


class Fields(TypedDict):
    """The fields of a snapshot that management fills."""

    ranges: tuple[RangeSnapshot, ...]
    charging: ChargingSnapshot
    balancing: BalancingSnapshot
    panel: PanelSnapshot


def fields(
    managed: Managed, verdict: Verdict, sample: Sample, actions: Actions, settings: Settings, limp: float | None
) -> Fields:
    """All of them; limp as in `panel`."""
    return Fields(
        ranges=ranges(managed, settings),
        charging=charging(managed, verdict),
        balancing=balancing(managed),
        panel=panel(sample, actions, limp),
    )
