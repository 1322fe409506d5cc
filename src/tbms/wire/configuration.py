"""The configuration a master writes into a node: its usual values, and how it is sealed and checked."""

import struct

from tbms.wire.crc import crc16
from tbms.wire.fields import to_wire
from tbms.wire.registers import CONFIGURATION, ROLES, SAFE_ENERGISED, VERSION

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
    ("charger_lease", 500),
    ("open_current", 5000),
    ("open_wait", 3000),
    ("load_hold", 60),
    ("balance_minimum", 3350),
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


# The protections that a node guards itself: settings key and the field of its threshold.
GUARDED = (
    ("cell_overvoltage", "overvoltage"),
    ("cell_undervoltage", "undervoltage"),
    ("overtemperature_charge", "overtemperature_charge"),
    ("undertemperature_charge", "undertemperature_charge"),
    ("overtemperature_discharge", "overtemperature_discharge"),
    ("undertemperature_discharge", "undertemperature_discharge"),
)


def guard_changes(guard: dict[str, tuple[float, float]]) -> dict[str, int | None]:
    """Configuration fields for hard limits given in SI: settings key -> (threshold V or °C, delay s).

    A key that is absent is a ring left out: the node then falls back on what is built into it.
    """
    changes: dict[str, int | None] = {}
    for key, name in GUARDED:
        kind = CONFIGURATION.places[name][1]
        changes[name] = to_wire(kind, guard[key][0]) if key in guard else None
        if key in guard:
            changes[name + "_delay"] = to_wire("ms", guard[key][1])
    return changes


def role_changes(roles: tuple[tuple[str, bool], ...]) -> dict[str, int | None]:
    """Configuration fields for the six outputs: name out of ROLES, and whether energised is the safe state."""
    changes: dict[str, int | None] = {}
    for index, (role, safe) in enumerate(roles):
        changes["output_" + str(index + 1)] = ROLES.index(role) | (SAFE_ENERGISED if safe else 0)
    return changes
