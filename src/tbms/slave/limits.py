"""Hard limits as the guard uses them: the master's, never looser than those built in here."""

from tbms.wire.configuration import configuration, configuration_whole
from tbms.wire.registers import (
    CHARGER_ENABLE,
    CHEMISTRIES,
    COMMON,
    CONFIGURATION,
    GENERATOR,
    HEATER,
    OUTPUTS,
    ROLES,
    SAFE_ENERGISED,
)

# Per chemistry, mV: highest overvoltage and lowest undervoltage that any master may set (the front end's own column).
CELL_RANGE = ((3800, 2400), (4280, 2700), (4250, 2700), (2900, 1450))

# (name, 0.1 °C, longest delay ms, +1 an upper limit or -1 a lower one): beyond, cells of any chemistry are harmed.
TEMPERATURES = (
    ("overtemperature_charge", 600, 10000, 1),
    ("undertemperature_charge", -100, 10000, -1),
    ("overtemperature_discharge", 700, 10000, 1),
    ("undertemperature_discharge", -300, 10000, -1),
)
SIGNS = (
    ("overvoltage", 1),
    ("undervoltage", -1),
    ("overtemperature_charge", 1),
    ("undertemperature_charge", -1),
    ("overtemperature_discharge", 1),
    ("undertemperature_discharge", -1),
)
VOLTAGE_DELAYS = (("overvoltage_delay", 3000), ("undervoltage_delay", 6000))

# Longest times (ms; load_hold s), currents (mA) and kinds of wiring a master may set.
LONGEST = (
    ("sample_age", 1000),
    ("heartbeat", 1000),
    ("lease", 2000),
    ("charger_lease", 500),
    ("open_current", 20000),
    ("open_wait", 5000),
    ("load_hold", 600),
    ("bus", COMMON),
)


class Limits:
    """One node's configuration, accepted and ready for use; before that, nothing is permitted.

    image: as the master wrote it. configured: a master's configuration is in force. common: one contactor for all.
    """

    def __init__(self) -> None:
        self.configured = False
        self._take(configuration({}))

    def accept(self, image: bytes) -> bool:
        """Put the image in force if it is whole and nowhere looser than what is built in; else change nothing."""
        if not configuration_whole(image) or not permitted(image):
            return False
        self._take(image)
        self.configured = True
        return True

    def recall(self, image: bytes) -> None:
        """Judge by what was stored before a reset, until a master writes; permits nothing by itself."""
        if configuration_whole(image) and permitted(image):
            self._take(image)

    def _take(self, image: bytes | bytearray) -> None:
        self.image = bytes(image)
        self.cells = CONFIGURATION.number(image, "cells")
        self.temperatures = CONFIGURATION.number(image, "temperatures")
        self.sample_age = CONFIGURATION.number(image, "sample_age")
        self.heartbeat = CONFIGURATION.number(image, "heartbeat")
        self.lease = CONFIGURATION.number(image, "lease")
        self.charger_lease = CONFIGURATION.number(image, "charger_lease")
        self.open_current = CONFIGURATION.number(image, "open_current")
        self.open_wait = CONFIGURATION.number(image, "open_wait")
        self.load_hold = 1000 * CONFIGURATION.number(image, "load_hold")
        self.balance_minimum = CONFIGURATION.number(image, "balance_minimum")
        self.common = CONFIGURATION.number(image, "bus") == COMMON
        self.roles = [CONFIGURATION.number(image, "output_" + str(index + 1)) for index in range(OUTPUTS)]

    def sound(self) -> bool:
        """The image in memory is still whole and permitted: what was accepted has not been changed by a fault."""
        return configuration_whole(self.image) and permitted(self.image)

    def threshold(self, name: str) -> int:
        """The limit in force for a quantity: mV or 0.1 °C; what is built in where the master left it out."""
        value = CONFIGURATION.get(self.image, name)
        return built_in(name, CONFIGURATION.number(self.image, "chemistry")) if value is None else value

    def delay(self, name: str) -> int:
        """How long the quantity must be outside, ms."""
        return CONFIGURATION.number(self.image, name + "_delay")


def built_in(name: str, chemistry: int) -> int:
    """The loosest value of a limit that any master may set: mV or 0.1 °C."""
    if name == "overvoltage":
        return CELL_RANGE[chemistry][0]
    if name == "undervoltage":
        return CELL_RANGE[chemistry][1]
    for temperature, value, _, _ in TEMPERATURES:
        if temperature == name:
            return value
    raise ValueError(name)


def permitted(image: bytes) -> bool:
    """Whether no value is looser than the built-in ones, none that must be known is missing, and every role is safe."""
    chemistry = CONFIGURATION.number(image, "chemistry")
    if chemistry >= len(CHEMISTRIES) or not _within(image, LONGEST) or not _within(image, VOLTAGE_DELAYS):
        return False
    for name, sign in SIGNS:
        value = CONFIGURATION.get(image, name)
        if value is not None and sign * value > sign * built_in(name, chemistry):
            return False
    delays = tuple((name + "_delay", longest) for name, _, longest, _ in TEMPERATURES)
    return _within(image, delays) and CONFIGURATION.get(image, "balance_minimum") is not None and _roles_safe(image)


def _within(image: bytes, rules: tuple[tuple[str, int], ...]) -> bool:
    for name, most in rules:
        value = CONFIGURATION.get(image, name)
        if value is None or not 0 <= value <= most:
            return False
    return True


def _roles_safe(image: bytes) -> bool:
    """What makes heat or charge is safe without current: such an output may not be energised when its lease ends."""
    for index in range(OUTPUTS):
        word = CONFIGURATION.number(image, "output_" + str(index + 1))
        if word & 0xFF >= len(ROLES) or word & ~(0xFF | SAFE_ENERGISED):
            return False
        if word & SAFE_ENERGISED and word & 0xFF in (CHARGER_ENABLE, HEATER, GENERATOR):
            return False
    return True
