"""Pins of the slave board with an RP2350A (Raspberry Pi Pico 2): four cells, both permission loops, a LED."""

ADDRESS = 2  # until another one is set
UART, TX, RX, DRIVER_ENABLE, PARITY = 0, 0, 1, 3, 0  # parity 0: even
I2C, SCL, SDA = 0, 5, 4
INPUTS = (1, 2, 3, 16)  # of the front end: four cells
THERMISTORS = (3, 4, 5, 6)  # TS1, TS2, TS3, HDQ
SHUNT_A = 0  # none
CHARGE_DRIVE = LOAD_DRIVE = 0
IN, DIMMED = 100, 200
PINS = (("charge_permit", 6), ("discharge_permit", 7), ("green", 8), ("red", 9))
ANALOG = (("group", 26), ("supply", 27), ("board", 28))


def arm_wake(machine):
    """A falling edge on the bus ends a light sleep; the timer ends it anyway."""
    machine.Pin(RX, machine.Pin.IN).irq(lambda pin: None, machine.Pin.IRQ_FALLING)
