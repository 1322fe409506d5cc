"""Snapshots of a boat in many moods, built from the model, for the pages to show."""

from dataclasses import replace
from math import inf

from tbms.model.fault import Fault, Ring
from tbms.model.sample import NodeReport
from tbms.model.snapshot import (
    Activity,
    CellSnapshot,
    ContactorPhase,
    ContactorSnapshot,
    CountersSnapshot,
    HealthSnapshot,
    LoopSnapshot,
    OutputSnapshot,
    PanelSnapshot,
    Snapshot,
)

NOON = 1_781_524_800.0  # 15 June 2026, 12:00 UTC
VOLTS = (3.312, 3.314, 3.309, 3.313, 3.316, 3.314, 3.287, 3.307, 3.312, 3.308, 3.307, 3.331, 3.311, 3.314, 3.315, 3.322)
BAND = (2.6, 3.0, 3.55, 3.65)
OUTPUTS = (
    OutputSnapshot("Water heater", "load", True, True, "80 % reached at 14:02"),
    OutputSnapshot("Generator", "generator", False, False, "lowest cell 3.287 V > 3.175 V"),
    OutputSnapshot("Fan", "fan", True, True, "cell 7 at 35.4 °C"),
    OutputSnapshot("Shore charger", "charger_enable", True, True, "charging allowed"),
    OutputSnapshot("Cell heater", "heater", False, False, "coldest cell 18.0 °C", override=True),
    OutputSnapshot("Alarm horn", "alarm", False, False, "no alarm"),
)


def cells(volts: tuple[float | None, ...]) -> tuple[CellSnapshot, ...]:
    """Cells at these voltages, the fifth warmest."""
    return tuple(CellSnapshot(v, 21.0 + 1.3 * (k % 5) + 0.1 * k, 0.05) for k, v in enumerate(volts))


def nodes(count: int) -> tuple[NodeReport, ...]:
    """So many nodes, all well."""
    well = NodeReport(1, True, 0.05, 0.4, True, True, (), 31.0, 12.4, firmware="0.1", limits_agree=True)
    return tuple(replace(well, address=address) for address in range(1, count + 1))


def closed(cause: str = "permitted") -> ContactorSnapshot:
    """A contactor at rest, closed."""
    return ContactorSnapshot(ContactorPhase.CLOSED, True, cause, 40.0)


HEALTH = HealthSnapshot(
    capacity=274.2, capacity_sigma=1.9, soh=0.979, cycles=18.45, resistance=(2.3e-4,) * 11 + (3.9e-4,) + (2.2e-4,) * 4,
    slow=(9e-5,) * 16, steps=(240,) * 16, weak=(7,), joints=(12,), leaks=(),
)  # fmt: skip


def calm(count: int = 16) -> Snapshot:
    """A boat at anchor, discharging, nothing wrong."""
    volts = VOLTS[:count]
    lowest, highest = min(range(count), key=volts.__getitem__), max(range(count), key=volts.__getitem__)
    voltage, current = sum(volts), -22.9
    return Snapshot(
        time=3600.0, timestamp=NOON, name="Aurora · house bank", chemistry="lfp", cells=count, capacity=280.0,
        simulated=True, speed=1.0, activity=Activity.DISCHARGING, voltage=voltage, current=current,
        power=voltage * current, soc=0.76, soc_sigma=0.014, time_to_full=None, time_to_empty=24000.0,
        lowest=lowest + 1, highest=highest + 1, spread=volts[highest] - volts[lowest], stale=0.05,
        cell=cells(volts), cell_band=BAND, may_charge=True, may_discharge=True, charge_contactor=closed(),
        load_contactor=closed(), outputs=OUTPUTS, faults=(), acknowledged=False,
        panel=PanelSnapshot("ok", "silent", False, False),
        nodes=nodes(count // 4), loop=LoopSnapshot(0.1, 36000, 0, 0.004, 0.31, 0.0126),
        health=HEALTH,
        counters=CountersSnapshot(5210.4, 5166.2, 274_000, 268_900, 8_640_000, 92, 4, 5400, 300, 0, *OWN),
    )  # fmt: skip


OWN = (8.0, 2.01, 0.05)


def charging() -> Snapshot:
    """Sun on the panels."""
    return replace(
        calm(), activity=Activity.CHARGING, current=41.6, power=2.21e3, time_to_full=5700.0, time_to_empty=None,
        soc=0.43, soc_sigma=0.004,
    )  # fmt: skip


def warned() -> Snapshot:
    """Cell 7 warms up."""
    fault = Fault("overtemperature_charge", Ring.WARN, 7, None, 42.4, 42.0, "°C", 3480.0)
    base = calm()
    listed = list(base.cell)
    listed[6] = replace(listed[6], temperature=42.4, ring=Ring.WARN)
    return replace(base, cell=tuple(listed), faults=(fault,))


def alarmed() -> Snapshot:
    """Cell 12 overcharged: the charge contactor is open; a warning stands beside it."""
    cut = Fault("cell_overvoltage", Ring.CUT, 12, None, 3.662, 3.65, "V", 3528.0)
    spread = Fault("cell_undervoltage", Ring.WARN, 7, None, 2.991, 3.0, "V", 3400.0)
    base = charging()
    listed = list(base.cell)
    listed[11] = replace(listed[11], voltage=3.662, ring=Ring.CUT)
    listed[6] = replace(listed[6], voltage=2.991, ring=Ring.WARN)
    return replace(
        base, cell=tuple(listed), faults=(spread, cut), may_charge=False, spread=0.671, activity=Activity.RESTING,
        charge_contactor=ContactorSnapshot(ContactorPhase.OPEN, False, "cell 12 3.662 V > 3.65 V for 1.0 s", 3528.0),
        current=0.0, power=0.0, time_to_full=None,
    )  # fmt: skip


def unknown() -> Snapshot:
    """Nothing measured yet; node 3 does not answer."""
    base = calm()
    lost = replace(base.nodes[2], online=False, age=inf, charge_loop=None, discharge_loop=None)
    open_contactor = ContactorSnapshot(
        ContactorPhase.OPEN, None, "start: waiting for a full, valid set of measurements", 0.0
    )
    return replace(
        base, activity=Activity.UNKNOWN, voltage=None, current=None, power=None, soc=None, soc_sigma=None,
        time_to_empty=None, lowest=None, highest=None, spread=None, stale=None,
        cell=tuple(CellSnapshot(None, None, float("inf")) for _ in base.cell), may_charge=False, may_discharge=False,
        charge_contactor=open_contactor, load_contactor=open_contactor,
        nodes=(*base.nodes[:2], lost, base.nodes[3]),
        faults=(Fault("node_lost", Ring.CUT, None, 3, None, None, "", 3590.0),),
    )  # fmt: skip


def long_names() -> Snapshot:
    """Every text longer than anyone should write it."""
    base = alarmed()
    name = "Groẞherzogin Wilhelmine von Ostfriesland · hintere Verbraucherbatterie backbord"
    listed = tuple(
        replace(
            o, name=f"{o.name} of the forward guest cabin, port side", cause=f"{o.cause}; held until 08:00 by a rule"
        )
        for o in base.outputs
    )
    why = "cell 12 3.662 V > 3.650 V for 1.0 s, and the shore charger did not stop within 10 s of being asked"
    return replace(base, name=name, outputs=listed, charge_contactor=replace(base.charge_contactor, cause=why))
