"""What the boards' analog and digital inputs see at one instant."""

from dataclasses import dataclass

from tbms.model.units import Ampere, Celsius, Second, Volt


@dataclass(frozen=True, slots=True)
class Readings:
    """Raw readings, with noise, quantisation, bias and faults in them; None: the input gives nothing.

    time: of the world. cell_voltages, temperatures: one a cell. current: positive charges.
    pack_voltage: across the whole pack. charge_bus_voltage, load_bus_voltage: behind the contactors.
    feedbacks: auxiliary contacts of charge contactor, load contactor, pre-charge relay, True = closed.
    emergency_stop: its second contact, True = pressed. button: held. inputs: engine on, shore on.
    board_temperature, supply: of the boards. own_current: that they and the coils draw from the pack.
    store_voltage: of the store that opens bi-stable contactors.
    """

    time: Second
    cell_voltages: tuple[Volt, ...]
    temperatures: tuple[Celsius, ...]
    current: Ampere
    pack_voltage: Volt
    charge_bus_voltage: Volt
    load_bus_voltage: Volt
    feedbacks: tuple[bool, bool, bool]
    emergency_stop: bool
    button: bool
    inputs: tuple[bool, ...]
    board_temperature: Celsius
    supply: Volt
    own_current: Ampere
    store_voltage: Volt
