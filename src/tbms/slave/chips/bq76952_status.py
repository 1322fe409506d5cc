"""What a BQ76952 reports, as names and numbers: safety bits, FETs, temperatures, and when two readings agree.

Source: TI SLUUBY2B (BQ76952 technical reference) section 12.
"""

import struct

# One transfer of HEAD bytes from 0x00 on holds safety, battery status, cells and stack; one from TAIL on the rest.
HEAD = 0x36
SAFETY = 0x02  # alert A, status A, alert B, status B, alert C, status C
BATTERY_STATUS = 0x12
CELL_1 = 0x14
STACK = 0x34
TAIL = 0x68  # die temperature, nine pins, and the FETs at its end
TAIL_SIZE = 24
FIRST_PIN = 2  # place of CFETOFF in the tail
FET_STATUS = 23  # place in the tail

# FET_STATUS: "on" where a bit is 1. FET_CONTROL has other places, and forbids where a bit is 1.
CHG_ON = 0x01
DSG_ON = 0x04
DCHG_TRIPPED = 0x10
DDSG_TRIPPED = 0x20

# Safety bits: A, then B above it, then C.
TRIPS = (
    ("undervoltage", 0x000004),
    ("overvoltage", 0x000008),
    ("overcurrent_charge", 0x000010),
    ("overcurrent_discharge", 0x800060),
    ("short_circuit", 0x000080),
    ("undertemperature_charge", 0x000100),
    ("undertemperature_discharge", 0x000200),
    ("die_undertemperature", 0x000400),
    ("overtemperature_charge", 0x001000),
    ("overtemperature_discharge", 0x002000),
    ("die_overtemperature", 0x004000),
    ("fet_overtemperature", 0x008000),
    ("host_watchdog", 0x020000),
    ("pre_charge_timeout", 0x040000),
    ("overvoltage_latched", 0x100000),
    ("overcurrent_latched", 0x200000),
    ("short_circuit_latched", 0x400000),
)

# Which loops the chip opens on a trip, as it is configured here: charge 1, discharge 2.
CHARGE_TRIPS = 0x14D518  # COV, OCC, temperatures of charging and of the die, latched overvoltage, pre-charge timeout
DISCHARGE_TRIPS = 0xE0E6E4  # CUV, OCD, SCD, temperatures of discharging and of the die, latched currents
WATCHDOG_TRIP = 0x020000

CLOSE_MV = 5  # two readings of a cell that differ by more are read again: torn or disturbed
CLOSE_STACK = 10  # 10 mV
CLOSE_TEMPERATURE = 20  # 0.1 K
COLDEST_DC = -400  # beyond: thermistor open
HOTTEST_DC = 1250  # beyond: thermistor shorted
ZERO_CELSIUS = 2731  # 0.1 K


def trips(word: int) -> list[str]:
    """Names of the protections whose bits are set in a safety word (A, B, C from the lowest byte up)."""
    return [name for name, bits in TRIPS if word & bits]


def loops(word: int) -> int:
    """The loops that trips open: 1 charge, 2 discharge."""
    both = 3 if word & WATCHDOG_TRIP else 0
    return both | (1 if word & CHARGE_TRIPS else 0) | (2 if word & DISCHARGE_TRIPS else 0)


def safety(head: bytes, place: int) -> int:
    """The word of alerts (place 0) or of trips (place 1)."""
    return head[SAFETY + place] | head[SAFETY + 2 + place] << 8 | head[SAFETY + 4 + place] << 16


def voltages(head: bytes, inputs: tuple[int, ...]) -> list[int]:
    """The cells at these inputs, mV."""
    return [struct.unpack_from("<h", head, CELL_1 + 2 * (number - 1))[0] for number in inputs]


def stack(head: bytes) -> int:
    """The stack at its ends, mV."""
    return 10 * int(struct.unpack_from("<H", head, STACK)[0])


def temperature(tail: bytes, place: int) -> int | None:
    """0.1 °C of the sensor at this place of the tail; None where it is open or shorted."""
    value = int(struct.unpack_from("<h", tail, place)[0]) - ZERO_CELSIUS
    return value if COLDEST_DC <= value <= HOTTEST_DC else None


def close_head(one: bytes, other: bytes) -> bool:
    """Whether two readings of the head agree: flags equal, cells within 5 mV, the stack within 100 mV."""
    if one[SAFETY:CELL_1] != other[SAFETY:CELL_1] or abs(stack(one) - stack(other)) > 10 * CLOSE_STACK:
        return False
    return _close(one, other, CELL_1, STACK, CLOSE_MV)


def close_tail(one: bytes, other: bytes) -> bool:
    """Whether two readings of the tail agree: FETs equal, temperatures within 2 K."""
    return one[FET_STATUS] == other[FET_STATUS] and _close(one, other, 0, FIRST_PIN + 18, CLOSE_TEMPERATURE)


def _close(one: bytes, other: bytes, start: int, end: int, most: int) -> bool:
    for place in range(start, end, 2):
        if abs(struct.unpack_from("<h", one, place)[0] - struct.unpack_from("<h", other, place)[0]) > most:
            return False
    return True
