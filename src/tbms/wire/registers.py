"""The register map, as data: what lies where in every node, and what each bit means."""

from tbms.wire.fields import Block

VERSION = 4  # of this map; a node and a master with different ones do not work together
CELLS = 4  # cells of one node
OUTPUTS = 6  # relay outputs of the base board
NODES = 4  # most nodes of one bus: 16 cells
BASE_ADDRESS = 1  # the base board; slaves follow from 2 in the order of their cells

BASE = 1  # identity.kind: a board with shunt, contactors, outputs and panel
SLAVE = 2  # identity.kind: four cells and their balancer

# Holding registers, written by the broadcast of every cycle (function 16); it may end after the last node's word.
CONTROL = Block(
    0x0000,
    (
        ("heartbeat", "count"),
        ("latch", "count"),
        ("permits", "word"),
        ("switches", "word"),
        ("balance_1", "word"),
        ("balance_2", "word"),
        ("balance_3", "word"),
        ("balance_4", "word"),
    ),
)
BALANCE_WORDS = 4  # place of the first balance word in CONTROL

# Input registers, read in every cycle (function 4). A slave ends before the current.
MEASUREMENT = Block(
    0x0000,
    (
        ("latch", "count"),
        ("window", "short_ms"),
        ("status", "byte"),
        ("guard", "word"),
        ("voltage_age", "ms"),
        ("temperature_age", "ms"),
        ("cell_1", "mv"),
        ("cell_2", "mv"),
        ("cell_3", "mv"),
        ("cell_4", "mv"),
        ("temperature_1", "dc"),
        ("temperature_2", "dc"),
        ("temperature_3", "dc"),
        ("temperature_4", "dc"),
        ("board_temperature", "c"),
        ("supply", "dv"),
        ("current", "ma"),
        ("pack_voltage", "cv"),
        ("charge_bus_voltage", "cv"),
        ("load_bus_voltage", "cv"),
        ("io", "word"),
        ("own_current", "small_ma"),
        ("store_voltage", "cv"),
        ("asleep_charge", "dmah"),
    ),
)
SLAVE_MEASUREMENT = 14  # registers of it that a slave has

# Input registers that say who a node is and how it fares; read when it connects and for diagnosis.
IDENTITY = Block(
    0x0100,
    (
        ("version", "count"),
        ("kind", "count"),
        ("firmware", "word"),
        ("address", "count"),
        ("configuration_crc", "word"),
        ("uptime", "long"),
        ("frames", "long"),
        ("crc_errors", "count"),
        ("exceptions", "count"),
        ("tripped", "word"),
        ("tripped_cell", "count"),
    ),
)

# Holding registers with limits and times; written whole, in one frame, with its CRC, and read back.
CONFIGURATION = Block(
    0x0100,
    (
        ("version", "count"),
        ("chemistry", "count"),
        ("cells", "word"),
        ("temperatures", "word"),
        ("overvoltage", "mv"),
        ("overvoltage_delay", "ms"),
        ("undervoltage", "mv"),
        ("undervoltage_delay", "ms"),
        ("overtemperature_charge", "dc"),
        ("overtemperature_charge_delay", "ms"),
        ("undertemperature_charge", "dc"),
        ("undertemperature_charge_delay", "ms"),
        ("overtemperature_discharge", "dc"),
        ("overtemperature_discharge_delay", "ms"),
        ("undertemperature_discharge", "dc"),
        ("undertemperature_discharge_delay", "ms"),
        ("sample_age", "ms"),
        ("heartbeat", "ms"),
        ("lease", "ms"),
        ("charger_lease", "ms"),
        ("open_current", "ma"),
        ("open_wait", "ms"),
        ("load_hold", "s"),
        ("balance_minimum", "mv"),
        ("bus", "count"),
        ("output_1", "word"),
        ("output_2", "word"),
        ("output_3", "word"),
        ("output_4", "word"),
        ("output_5", "word"),
        ("output_6", "word"),
        ("crc", "word"),
    ),
)

# Holding registers that ask for one thing at once (function 6).
SERVICE = Block(
    0x0200,
    (
        ("identify", "s"),
        ("clear_counters", "count"),
        ("address", "count"),  # from the next start on, which is at once; only while nothing is permitted
        ("baud", "count"),  # the same, in 100 bits/s
        # The same, to all nodes at once by broadcast, for traffic wakes a slave. The base board wakes by its button or
        # a charger's voltage, all of them when the time is over.
        ("sleep_minutes", "count"),
    ),
)
BAUDS = (96, 192, 384, 576, 1152)  # in 100 bits/s

# Permission: bits of CONTROL.permits (low byte; the high byte is its complement) and of both loops.
CHARGE = 1
DISCHARGE = 2
BOTH = 3

# MEASUREMENT.status
CHARGE_HELD = 1  # the guard holds its contact in the charge-permit loop, whatever the master permits
DISCHARGE_HELD = 2
CHARGE_CLOSED = 4  # the contact is closed: guard and master both permit
DISCHARGE_CLOSED = 8

# CONTROL.switches and the same bits of MEASUREMENT.io: outputs 1..6, then
OUTPUT_BITS = 0x3F
COIL_SHIFT = 6  # CHARGE_COIL and LOAD_COIL in the order of CHARGE and DISCHARGE
CHARGE_COIL = 1 << 6
LOAD_COIL = 1 << 7
COILS = CHARGE_COIL | LOAD_COIL
PRE_CHARGE = 1 << 8
LED_SHIFT = 9  # three bits: place in LEDS
BUZZER_SHIFT = 12  # two bits: place in BUZZERS
LEDS = ("off", "ok", "open", "warning", "alarm", "pre_alarm")
BUZZERS = ("silent", "warning", "alarm", "pre_alarm")

# MEASUREMENT.io: bits 6 and 7 are the auxiliary contacts, 8 the pre-charge relay, then
IO_STOP = 1 << 9
IO_BUTTON = 1 << 10
IO_INPUT_SHIFT = 11  # four digital inputs
IO_INPUTS = 4
IO_NO_FEEDBACK = 1 << 15  # the auxiliary contacts cannot be read: bits 6 and 7 mean nothing

# CONFIGURATION.chemistry, .bus and .output_n (low byte role, bit 8: energised is the safe state)
CHEMISTRIES = ("lfp", "nmc", "lmo", "lto")
SEPARATE, COMMON = 0, 1  # a contactor for chargers and one for loads; one for both, fed by either loop
ROLES = ("unused", "charger_enable", "load", "alarm", "heater", "generator", "fan", "general")
UNUSED, CHARGER_ENABLE, LOAD, ALARM, HEATER, GENERATOR, FAN, GENERAL = 0, 1, 2, 3, 4, 5, 6, 7
SAFE_ENERGISED = 1 << 8

# MEASUREMENT.guard: name of each bit, lowest first.
GUARD = (
    "cell_overvoltage",
    "cell_undervoltage",
    "overtemperature_charge",
    "undertemperature_charge",
    "overtemperature_discharge",
    "undertemperature_discharge",
    "sample_age",
    "invalid_voltage",
    "invalid_temperature",
    "group_voltage",
    "board_temperature",
    "afe",
    "heartbeat",
    "unconfigured",
    "emergency_stop",
    "self_check",
)


def guard_bit(name: str) -> int:
    """The bit of MEASUREMENT.guard with this name."""
    return 1 << GUARD.index(name)


def guard_names(word: int) -> tuple[str, ...]:
    """The names of the bits that are set."""
    return tuple(name for index, name in enumerate(GUARD) if word >> index & 1)


def permits_word(bits: int) -> int:
    """CONTROL.permits for these bits: a stuck or zeroed word never reads as a permit."""
    return bits | (~bits & 0xFF) << 8


def permits_bits(word: int) -> int:
    """CHARGE and DISCHARGE of a permits word; nothing where it is not well formed."""
    bits = word & 0xFF
    return bits & BOTH if word == permits_word(bits) else 0


def switches_word(outputs: tuple[bool, ...], coils: tuple[bool, bool, bool], led: str, buzzer: str) -> int:
    """CONTROL.switches for six outputs, the coils (charge, load, pre-charge), and names out of LEDS and BUZZERS."""
    word = LEDS.index(led) << LED_SHIFT | BUZZERS.index(buzzer) << BUZZER_SHIFT
    for place, on in enumerate(tuple(outputs) + tuple(coils)):
        word |= on << place
    return word
