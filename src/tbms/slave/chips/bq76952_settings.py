"""What is written into a BQ76952's data memory, and what its silicon makes of the limits.

Sources: TI SLUUBY2B (BQ76952 technical reference) section 13; pin behaviour: TI E2E FAQ "Do the DCHG and DDSG signals
follow the CHG and DSG FET driver pin states".
"""

from tbms.slave.chips.port import Refused

CELL_STEP_TENTH_MV = 506  # thresholds lie on a grid of 50.6 mV
DELAY_STEP_TENTH_MS = 33  # delays on one of 3.3 ms
WATCHDOG_S = 2  # a host silent for so long loses both loops (safety concept)
BLEED_S = 2  # bleeding stops by itself so long after the last command
HYSTERESIS = 4  # 0.2 V: the chip lets go well inside; whether the loop may close again is for others to say
RECOVERY_S = 3

OVERVOLTAGE = 0x9278
OVERVOLTAGE_DELAY = 0x9279
UNDERVOLTAGE = 0x9275
UNDERVOLTAGE_DELAY = 0x9276
HOT_CHARGE = 0x929A
HOT_DISCHARGE = 0x929D
ENABLED_A = 0x9261
ENABLED_B = 0x9262
WATCHDOG = 0x92B2
FIRST_PIN = 0x92FA  # CFETOFF, DFETOFF, ALERT, TS1, TS2, TS3, HDQ, then DCHG and DDSG
THERMISTOR_PINS = 7
THERMISTOR = 0x07  # 18 kΩ pull-up, curve of a 10 kΩ B3435 thermistor, counts for the cells' protections

# Low when the chip forbids, driven high from REG1 when it allows, pulled low when it is off: only a live,
# consenting chip holds a loop. Bits: 7 active low, 5 REG1, 3 drives high, 2 pull-down, 1-0 function DCHG or DDSG.
LOOP_PIN = 0xAE

# (address, bytes, value), whatever the battery.
FIXED = (
    (0x9234, 2, 0x2882),  # never sleeps: an asleep chip measures rarely
    (0x9236, 1, 0x0D),  # REG1 on, 3.3 V: supplies the loop pins
    (0x9237, 1, 0x01),  # its pre-regulator
    (0x9238, 1, 0x00),  # the host watchdog leaves the regulators alone
    (ENABLED_A, 1, 0x0C),  # COV and CUV; no short-circuit trip, a contactor could not break it: that is the fuse's
    (0x9263, 1, 0x02),  # host watchdog, off as delivered
    (0x9265, 1, 0x18),  # CHG opens on OCC, COV: one of two values with which hardware acts at once
    (0x9266, 1, 0xD5),  # CHG opens on FET and die temperature, OTC, UTC
    (0x9267, 1, 0x56),  # CHG opens on latched faults, pre-charge timeout, host watchdog
    (0x9269, 1, 0xE4),  # DSG opens on SCD, OCD, CUV: never on COV
    (0x926A, 1, 0xE6),  # DSG opens on FET and die temperature, OTD, UTD
    (0x926B, 1, 0xE2),  # DSG opens on latched faults, OCD3, host watchdog
    (0x927B, 1, HYSTERESIS),
    (0x927C, 1, HYSTERESIS),
    (0x92AF, 1, RECOVERY_S),
    (WATCHDOG, 2, WATCHDOG_S),
    (0x9301, 1, LOOP_PIN),  # DCHG
    (0x9302, 1, LOOP_PIN),  # DDSG
    (0x9303, 1, 0x06),  # stack in 10 mV
    (0x9308, 1, 0x2C),  # FETs off until the host allows, its commands accepted; two loops, so no body diode to spare
    (0x9314, 1, 1),  # open-wire current every second
    (0x9335, 1, 0x00),  # the chip never balances by itself; commands accepted
    (0x9339, 1, BLEED_S),
    (0x933A, 1, 8),  # at most every second of 16 cells
)


class AfeLimits:
    """The chip's own protections, as wished or as applied.

    Voltages mV, delays ms, temperatures °C; a temperature may be None (off, or no thermistor).
    """

    def __init__(
        self,
        overvoltage: int,
        overvoltage_delay: int,
        undervoltage: int,
        undervoltage_delay: int,
        overtemperature_charge: int | None = None,
        overtemperature_discharge: int | None = None,
        temperature_delay: int = 5000,
    ) -> None:
        self.overvoltage = overvoltage
        self.overvoltage_delay = overvoltage_delay
        self.undervoltage = undervoltage
        self.undervoltage_delay = undervoltage_delay
        self.overtemperature_charge = overtemperature_charge
        self.overtemperature_discharge = overtemperature_discharge
        self.temperature_delay = temperature_delay


def code(value: int, step: int, lowest: int, highest: int, what: str) -> int:
    """The nearest code for a value; step in tenths of its unit. Refused outside the chip's range, never clamped."""
    result = (10 * value + step // 2) // step
    if not lowest <= result <= highest:
        raise Refused(what + " " + str(value) + " cannot be set in this chip")
    return result


def settings(inputs: tuple[int, ...], thermistors: tuple[int, ...], limits: AfeLimits) -> list[tuple[int, int, int]]:
    """All that is written: (address, bytes, value).

    inputs: the chip's cell inputs in use, counted from 1, lowest cell first. thermistors: pins from CFETOFF = 0 to
    HDQ = 6. Refused when a limit lies outside the chip's range or the voltages are not in order.
    """
    over = code(limits.overvoltage, CELL_STEP_TENTH_MV, 20, 110, "overvoltage mV")
    under = code(limits.undervoltage, CELL_STEP_TENTH_MV, 20, 90, "undervoltage mV")
    if under >= over:
        raise Refused("undervoltage is not below overvoltage")
    result = list(FIXED)
    result.append((OVERVOLTAGE, 1, over))
    result.append((UNDERVOLTAGE, 1, under))
    over_delay = code(limits.overvoltage_delay, DELAY_STEP_TENTH_MS, 1, 2047, "overvoltage delay ms")
    result.append((OVERVOLTAGE_DELAY, 2, over_delay))
    under_delay = code(limits.undervoltage_delay, DELAY_STEP_TENTH_MS, 1, 2047, "undervoltage delay ms")
    result.append((UNDERVOLTAGE_DELAY, 2, under_delay))
    result.append((0x9304, 2, _bits(inputs)))
    result += [(FIRST_PIN + pin, 1, THERMISTOR if pin in thermistors else 0) for pin in range(THERMISTOR_PINS)]
    return result + _temperatures(limits, bool(thermistors))


def _bits(inputs: tuple[int, ...]) -> int:
    mask = 0
    for number in inputs:
        mask |= 1 << (number - 1)
    return mask


def _temperatures(limits: AfeLimits, measured: bool) -> list[tuple[int, int, int]]:
    enabled = 0
    result = []
    delay = code(limits.temperature_delay, 10000, 0, 255, "temperature delay ms")
    wishes = (
        (HOT_CHARGE, 0x10, limits.overtemperature_charge),
        (HOT_DISCHARGE, 0x20, limits.overtemperature_discharge),
    )
    for address, bit, degrees in wishes:
        if degrees is None:
            continue
        if not measured or not -40 <= degrees <= 120:
            raise Refused("overtemperature " + str(degrees) + " °C cannot be watched by this chip")
        enabled |= bit
        result += [(address, 1, degrees & 0xFF), (address + 1, 1, delay), (address + 2, 1, (degrees - 5) & 0xFF)]
    result.append((ENABLED_B, 1, enabled))
    return result


def applied(memory: dict[int, int]) -> AfeLimits:
    """The limits that the chip really has, from what was read back: address -> value."""
    delay = memory.get(HOT_CHARGE + 1, memory.get(HOT_DISCHARGE + 1, 0))
    return AfeLimits(
        memory[OVERVOLTAGE] * CELL_STEP_TENTH_MV // 10,
        memory[OVERVOLTAGE_DELAY] * DELAY_STEP_TENTH_MS // 10,
        memory[UNDERVOLTAGE] * CELL_STEP_TENTH_MV // 10,
        memory[UNDERVOLTAGE_DELAY] * DELAY_STEP_TENTH_MS // 10,
        _degrees(memory.get(HOT_CHARGE)),
        _degrees(memory.get(HOT_DISCHARGE)),
        1000 * delay,
    )


def _degrees(byte: int | None) -> int | None:
    if byte is None:
        return None
    return byte - 256 if byte > 127 else byte
