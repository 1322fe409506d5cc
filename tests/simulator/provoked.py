"""Every protection provoked on the simulated boat, as data: what befalls it, what must open, and who closes again."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.simulator.afloat import Afloat

from tbms.master.guards import configuration_of
from tbms.model.limit import Protection

Deed = Callable[[Afloat], None]

CHARGE, LOAD, BOTH, NOTHING = "charge", "load", "both", "nothing"
ITSELF, PERSON, INSTALLER, LATER = "by itself", "a person", "an installer", "by itself, much later"

COMMON = (
    "pack.cells=8",
    "contactors.reclose_delay=1",
    "contactors.reclose_current=0.01",  # any charging counts
    'outputs=[{name="Solar", role="charger_enable"}, {name="Alternator", role="charger_enable"}, '
    '{name="Shore", role="charger_enable"}, {name="Comfort", role="load"}, {name="Heater", role="heater"}]',
)


def forbids(protection: Protection) -> str:
    """What its rings forbid, or ask to stop."""
    sides = {(True, False): CHARGE, (False, True): LOAD, (True, True): BOTH, (False, False): NOTHING}
    return sides[protection.forbids_charge, protection.forbids_discharge]


@dataclass(frozen=True)
class Case:
    """One protection: its id and what it forbids name it.

    deeds: what befalls the boat under way. opens: which contactors are open at the end, if other than forbidden (a
    ring short of the cut opens nothing; another protection may see the same thing; what has welded stays closed).
    named: in the words of the event. first: another protection that sees the same thing no later and may decide
    instead. settings, boat: other than usual. early: it befalls before the master starts. within: s until all its
    rings are told. lifted: who ends it. mend: how.
    """

    id: str
    forbids: str
    deeds: tuple[Deed, ...]
    opens: str | None = None
    named: str = ""
    first: str = ""
    settings: tuple[str, ...] = ()
    boat: dict[str, Any] = field(default_factory=dict)
    early: bool = False
    within: float = 3.0
    lifted: str = ITSELF
    mend: Deed = Afloat.mend

    @property
    def name(self) -> str:
        return f"{self.id} ({self.forbids})"


def fault(kind: str, where: int | str = 1, severity: float | None = None, **more: Any) -> Deed:
    return lambda boat: boat.befall(kind, where, severity, **more)


def also(*deeds: Deed) -> Deed:
    """Mended, and this too."""

    def do(boat: Afloat) -> None:
        boat.mend()
        for deed in deeds:
            deed(boat)

    return do


def shore(boat: Afloat) -> None:
    boat.world.shore = True


def no_shore(boat: Afloat) -> None:
    boat.world.shore = False


def engine(boat: Afloat) -> None:
    boat.world.engine = True


def wait(seconds: float) -> Deed:
    return lambda boat: boat.run(seconds)


def stopped(boat: Afloat) -> None:
    boat.log.asked.append({"kind": "stop", "who": "Anna"})
    boat.run(1.5)


def stop_pressed(boat: Afloat) -> None:
    boat.world.emergency_stop = True


def stop_released(boat: Afloat) -> None:
    boat.world.emergency_stop = False


def late(seconds: float) -> Deed:
    return lambda boat: boat.stall(seconds)


def stood_still(boat: Afloat) -> None:
    """The master's own clock gives the same time twice."""
    now = boat.yard.now
    boat.plant.spoil = lambda sample: replace(sample, time=now)


def goes_again(boat: Afloat) -> None:
    boat.plant.spoil = lambda sample: sample


def corrupted(boat: Afloat) -> None:
    """A bit of one limit has tipped over in memory."""
    known = boat.control._settings
    first = known.protections[0]
    ring, limit = first.rings[-1]
    bent = replace(first, rings=(*first.rings[:-1], (ring, replace(limit, threshold=limit.threshold + 64.0))))
    boat.control._settings = replace(known, protections=(bent, *known.protections[1:]))


def sound(boat: Afloat) -> None:
    boat.control._settings = boat.settings


BISTABLE = ("contactors.kind=bistable", "contactors.stored_energy=true", "contactors.store_voltage=20")


def store(volts: float) -> Deed:
    def do(boat: Afloat) -> None:
        boat.world.store = volts

    return do


def guard(**limits: int) -> Deed:
    """Somebody else on the bus sets the guard of every node stricter than the master's own limits."""
    return lambda boat: boat.configure({**configuration_of(boat.settings), **limits})


def own_guard(boat: Afloat) -> None:
    boat.configure(configuration_of(boat.settings))


def load_steps(times: int, watts: float, every: float = 0.6) -> Deed:
    def do(boat: Afloat) -> None:
        for step in range(times):
            boat.befall("load_power", "base", watts * (step % 2 == 0), name="steps")
            boat.run(every)

    return do


def charges_through_the_load_side(boat: Afloat) -> None:
    """The shore charger is an inverter-charger: it sits on the load bus, and does not obey."""
    charger = next(each for each in boat.world.chargers if each.name == "shore")
    charger.bus = "load"
    boat.world.charge_bus.chargers.remove(charger)
    boat.world.load_bus.chargers.append(charger)
    boat.befall("ignores_stop", "shore")
    boat.world.shore = True


def plugged(times: int) -> Deed:
    """A loose plug: the sensor is off and on again."""

    def do(boat: Afloat) -> None:
        for _ in range(times):
            boat.befall("ntc_drift", 3, 12.0)
            boat.run(0.8)
            boat.mend()
            boat.run(0.8)

    return do


def trips(times: int) -> Deed:
    """Something opens both contactors again and again."""

    def do(boat: Afloat) -> None:
        for _ in range(times):
            boat.befall("frames_lost", 2, 1.0)
            boat.until(lambda: boat.contacts == (False, False), 3.0)
            boat.mend()
            boat.until(lambda: boat.contacts == (True, True), 8.0)

    return do


FULL = {"soc": 0.97}
RESCUED = also(shore, wait(3.0), no_shore)  # charged a little: then loads may come back

CASES = (
    Case("cell_overvoltage", CHARGE, (fault("voltage_offset", 3, 0.33),), named="cell 3", boat=FULL),
    Case("cell_undervoltage", LOAD, (fault("voltage_offset", 3, -0.72),), named="cell 3", mend=RESCUED),
    Case("cell_damaged", BOTH, (fault("voltage_offset", 3, -1.4),), named="cell 3", lifted=INSTALLER,
         first="cell_undervoltage"),
    Case(
        *("pack_overvoltage", CHARGE, (shore,)),
        settings=("protect.pack_overvoltage.warn=27.15", "protect.pack_overvoltage.cut=27.25",
                  "protect.pack_overvoltage.release=27.1"),
        boat={"soc": 0.985},
        within=8.0,
        mend=also(no_shore, fault("load_power", "base", 2000.0)),
    ),
    Case(
        *("pack_undervoltage", LOAD, (fault("load_power", "base", 8000.0),)),
        settings=("protect.pack_undervoltage.warn=26.2", "protect.pack_undervoltage.cut=26.1",
                  "protect.pack_undervoltage.release=26.3"),
        mend=also(shore),
    ),
    Case("overcurrent_charge", CHARGE, mend=also(no_shore),
         deeds=(shore, fault("ignores_stop", "shore"), fault("charger_current", "shore", 250.0))),
    Case(
        *("overcurrent_charge_peak", CHARGE),
        (shore, fault("charger_overvoltage", "shore"), fault("charger_current", "shore", 300.0)),
        settings=("protect.overcurrent_charge.limit=off", "protect.overcurrent_charge.cut=off"),
        mend=also(no_shore),
    ),
    Case("overcurrent_discharge", LOAD, (fault("load_power", "base", 12000.0),)),
    Case("overcurrent_discharge_peak", LOAD, (fault("load_power", "base", 20000.0),)),
    Case("overtemperature_charge", CHARGE, (fault("ntc_drift", 3, 31.0),), named="cell 3"),
    Case("undertemperature_charge", CHARGE, (fault("ntc_drift", 3, -26.0),), named="cell 3"),
    Case("overtemperature_discharge", BOTH, (fault("ntc_drift", 3, 41.0),), named="cell 3",
         first="overtemperature_charge"),
    Case("undertemperature_discharge", LOAD, (fault("ntc_drift", 3, -46.0),), BOTH, named="cell 3"),
    Case("voltage_spread", NOTHING, (fault("voltage_offset", 3, -0.55),), LOAD, named=""),
    Case("voltage_spread", LOAD, (fault("voltage_offset", 3, -0.55),), named="cell 3"),
    Case("voltage_spread", CHARGE, (fault("voltage_offset", 3, 0.6),), named="cell 3", first="cell_overvoltage"),
    Case("temperature_spread", CHARGE, (fault("ntc_drift", 3, 13.0),), NOTHING),
    Case("resistance_spread", NOTHING, (fault("loose_busbar", 3, 2e-3), load_steps(20, 1500.0, 0.5)), lifted=LATER),
    Case("temperature_rate", BOTH, (fault("runaway", 3, 3000.0),), within=40.0, named="cell 3", lifted=PERSON,
         mend=also(wait(16.0))),
    Case("board_temperature", BOTH, (fault("ambient", 1, 58.0),), named="node"),
    Case("supply", NOTHING, (fault("supply_dip", 1, 2.8),), named="node"),
    Case("sum_of_cells", CHARGE, tuple(fault("voltage_offset", cell, 0.3) for cell in (2, 3, 6))),
    Case("sum_of_cells", LOAD, tuple(fault("voltage_offset", cell, 0.3) for cell in (2, 3, 6)), BOTH, within=6.0,
         first="permission_loop"),
    Case("current_while_open", NOTHING, (stopped, fault("shunt_offset", 1, 3.0)), BOTH, lifted=PERSON),
    Case(
        *("charge_while_forbidden", LOAD),
        (charges_through_the_load_side, wait(3.0), fault("voltage_offset", 3, 0.37)),
        BOTH,
        within=8.0,
        mend=also(no_shore),
    ),
    Case("sample_age", BOTH, (fault("data_stale", 2),), named="node 2"),
    Case("sample_gap", BOTH, (late(1.6),), settings=("sensors.gap=1",)),
    Case("loop_overrun", NOTHING, (late(0.62),), CHARGE),  # the nodes have missed its heartbeat for half a second
    Case("unguarded_charge", CHARGE, (fault("shunt_offset", 1, 6000.0), fault("voltage_offset", 3, 0.2))),
    Case("unsure_charge", CHARGE, (shore, engine, wait(6.0), fault("ntc_open", 2))),
    Case("node_lost", BOTH, (fault("frames_lost", 2, 1.0),), named="node 2", first="sample_age"),
    Case("invalid_voltage", CHARGE, (fault("open_wire", 8),), named="cell 8"),
    Case("unguarded_time", LOAD, (fault("open_wire", 8),), BOTH, within=6.0, named="cell 8"),
    Case("unguarded_voltage", LOAD, (fault("open_wire", 0), fault("open_wire", 8)), BOTH),
    Case("open_wire", CHARGE, (fault("open_wire", 3),), named="cell 3", first="invalid_voltage"),
    Case("invalid_temperature", NOTHING, (fault("ntc_open", 2),), named="cell 2"),
    Case("temperatures_lost", CHARGE, (fault("ntc_open", 1), fault("ntc_open", 2)), named="node 1"),
    Case("unguarded_temperature", BOTH, tuple(fault("ntc_open", cell) for cell in range(1, 9)),
         first="temperatures_lost"),
    Case("invalid_current", NOTHING, (fault("shunt_offset", 1, 6000.0),)),
    Case("stuck_sensor", CHARGE, (fault("voltage_stuck", 3), load_steps(4, 3000.0)), named="cell 3"),
    Case("stuck_sensor", LOAD, (fault("voltage_stuck", 3), load_steps(4, 3000.0)), BOTH, within=6.0, named="cell 3"),
    Case("stuck_sensor", NOTHING, (fault("shunt_stuck"), load_steps(5, 6000.0))),
    Case("jumping_sensor", NOTHING, (plugged(2),), named="cell 3", lifted=LATER),
    Case("clock_jump", BOTH, (stood_still,), mend=goes_again),
    Case("emergency_stop", BOTH, (stop_pressed,), lifted=PERSON, mend=stop_released),
    Case("permission_loop", CHARGE, (guard(overvoltage=3200),), named="node", mend=own_guard),
    Case("permission_loop", LOAD, (guard(undervoltage=3400),), named="node", within=6.0, mend=own_guard),
    Case("pre_charge", LOAD, (fault("bus_short", "load"),), early=True, within=20.0, lifted=PERSON,
         settings=("contactors.pre_charge_lockout=1",)),
    Case("weld", CHARGE, (shore, fault("ignores_stop", "shore"), fault("contactor_welded", "charge"), stopped), LOAD,
         lifted=PERSON),
    Case("weld", LOAD, (fault("contactor_welded", "load"), stopped), CHARGE, lifted=PERSON),
    Case("weld", NOTHING, (fault("contactor_welded", "load"), stopped), CHARGE, within=6.0, lifted=PERSON),
    Case("contactor_cycling", CHARGE, (trips(2),), BOTH, settings=("contactors.closings=1",), lifted=PERSON),
    Case("contactor_cycling", LOAD, (trips(2),), BOTH, settings=("contactors.closings=1",), lifted=PERSON),
    Case("opening_store", NOTHING, (store(11.0),), within=8.0, settings=BISTABLE, mend=store(48.0)),
    Case("settings_corrupted", BOTH, (corrupted,), within=8.0, lifted=PERSON, mend=sound),
    Case("contactor_feedback", CHARGE, (fault("feedback_wrong", "charge"),), lifted=PERSON),
    Case("contactor_feedback", LOAD, (fault("feedback_wrong", "load"),), lifted=PERSON),
)  # fmt: skip
