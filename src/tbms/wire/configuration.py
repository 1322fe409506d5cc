"""The configuration a master writes into a node: its usual values, and how it is sealed and checked."""

import struct

from tbms.wire.crc import crc16
from tbms.wire.registers import CONFIGURATION, SEPARATE, VERSION

# Guard column of the LFP table, and the lease and heartbeat times of the safety concept.
USUAL: tuple[tuple[str, int | None], ...] = (
    ("version", VERSION),
    ("chemistry", 0),
    ("cells", 0b1111),
    ("temperatures", 0b1111),
    ("overvoltage", 3750),
    ("overvoltage_delay", 2000),
    ("undervoltage", 2500),
    ("undervoltage_delay", 4000),
    ("overtemperature_charge", 550),
    ("overtemperature_charge_delay", 5000),
    ("undertemperature_charge", -50),
    ("undertemperature_charge_delay", 5000),
    ("overtemperature_discharge", 650),
    ("overtemperature_discharge_delay", 5000),
    ("undertemperature_discharge", None),
    ("undertemperature_discharge_delay", 5000),
    ("sample_age", 500),
    ("heartbeat", 500),
    ("lease", 2000),
    ("charger_lease", 450),  # off within 0.5 s of a master's death, a late pass included
    ("open_current", 5000),
    ("open_wait", 3000),
    ("load_hold", 60),
    ("balance_minimum", 3350),
    ("bus", SEPARATE),
)


def configuration(changes: dict[str, int | None]) -> bytearray:
    """A sealed configuration: the usual values with these changes, in wire units; None is a ring left out."""
    image = CONFIGURATION.image()
    for name, value in USUAL:
        CONFIGURATION.put(image, name, value)
    for name in changes:
        CONFIGURATION.put(image, name, changes[name])
    struct.pack_into(">H", image, len(image) - 2, crc16(image, 0, len(image) - 2))
    return image


def configuration_whole(image: bytes | bytearray) -> bool:
    """Whether the image is of full length, of this map's version, and its CRC is right."""
    if len(image) != 2 * CONFIGURATION.size or CONFIGURATION.get(image, "version") != VERSION:
        return False
    return CONFIGURATION.get(image, "crc") == crc16(image, 0, len(image) - 2)
