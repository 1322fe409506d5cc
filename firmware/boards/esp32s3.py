"""Pins of the base board with an ESP32-S3-WROOM-1 (16 MB flash, no PSRAM: garbage collection stays short)."""

ADDRESS = 1  # until another one is set
UART, TX, RX, DRIVER_ENABLE, PARITY = 1, 17, 18, 8, 0  # parity 0: even
I2C, SCL, SDA = 0, 9, 10
INPUTS = (1, 2, 3, 16)  # of the front end: four cells
THERMISTORS = (3, 4, 5, 6)  # TS1, TS2, TS3, HDQ
SHUNT_A = 500  # at 50 mV
CHARGE_DRIVE = LOAD_DRIVE = 1  # 0 held, 1 economiser, 2 pulses
IN, DIMMED = 100, 200
PINS = (
    ("charge_permit", 35),
    ("discharge_permit", 36),
    ("output_1", 11),
    ("output_2", 12),
    ("output_3", 13),
    ("output_4", 14),
    ("output_5", 21),
    ("output_6", 47),
    ("charge_close", DIMMED + 38),
    ("load_close", DIMMED + 39),
    ("pre_charge", 40),
    ("green", 45),  # strapping pins, low at the start: LEDs with their resistors pull them there
    ("red", 46),
    ("buzzer", DIMMED + 48),
    ("charge_contact", IN + 41),
    ("load_contact", IN + 42),
    ("pre_charge_contact", IN + 43),
    ("stop_closed", IN + 16),
    ("button", IN + 7),
    ("input_1", IN + 37),
    ("input_2", IN + 44),
    ("input_3", IN + 0),
    ("input_4", IN + 15),  # alive: the charge bus, or a charger whose relay fell open with the boards
)
ANALOG = (("group", 1), ("supply", 2), ("board", 3), ("pack", 4), ("charge_bus", 5), ("load_bus", 6))  # converter 1
WAKE = (7, 15)  # button, charge bus: any of them high ends a deep sleep


def arm_wake(machine):
    """Let the wake pins end a deep sleep."""
    import esp32

    esp32.wake_on_ext1(tuple(machine.Pin(pin, machine.Pin.IN) for pin in WAKE), esp32.WAKEUP_ANY_HIGH)
