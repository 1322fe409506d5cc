"""A node's answers as a master looks at them: one measurement in SI, and whether the node is the right one."""

from tbms.wire.fields import to_si
from tbms.wire.registers import (
    BASE,
    BASE_ADDRESS,
    CHARGE_COIL,
    CHARGE_HELD,
    DISCHARGE_HELD,
    IDENTITY,
    IO_BUTTON,
    IO_INPUT_SHIFT,
    IO_INPUTS,
    IO_NO_FEEDBACK,
    IO_STOP,
    LOAD_COIL,
    MEASUREMENT,
    OUTPUTS,
    PRE_CHARGE,
    SLAVE_MEASUREMENT,
    VERSION,
    guard_bit,
    guard_names,
)


class Reading:
    """One measurement of one node, of a base board when the image is longer than a slave's; b"" is no measurement.

    latch: of the control write that froze it. guard: names of its guard's faults. charge_held, discharge_held: what
    its guard would permit. configured: it has its limits. Whatever is unknown is None.
    """

    def __init__(self, image: bytes = b"") -> None:
        self.image = image
        known = len(image) > 0
        self.latch = MEASUREMENT.get(image, "latch") if known else None
        word = MEASUREMENT.number(image, "guard") if known else 0
        self.guard = guard_names(word)
        self.configured = known and not word & guard_bit("unconfigured")
        status = MEASUREMENT.number(image, "status") if known else None
        self.charge_held = None if status is None else status & CHARGE_HELD != 0
        self.discharge_held = None if status is None else status & DISCHARGE_HELD != 0
        self.io = MEASUREMENT.get(image, "io") if len(image) > 2 * SLAVE_MEASUREMENT else None

    def si(self, name: str) -> float | None:
        """A field in SI (V, A, °C, s); None where it is unknown, or a slave does not have it."""
        place, kind = MEASUREMENT.places[name]
        return to_si(kind, MEASUREMENT.get(self.image, name)) if place < len(self.image) else None

    def row(self, name: str, count: int) -> tuple[float | None, ...]:
        """The first `count` of numbered fields: cell or temperature."""
        return tuple(self.si(name + "_" + str(index + 1)) for index in range(count))

    def contacts(self) -> tuple[bool | None, bool | None, bool | None]:
        """Auxiliary contacts of charge and load contactor, and the pre-charge relay."""
        io = self.io
        if io is None:
            return None, None, None
        pre_charge = io & PRE_CHARGE != 0
        if io & IO_NO_FEEDBACK:
            return None, None, pre_charge
        return io & CHARGE_COIL != 0, io & LOAD_COIL != 0, pre_charge

    def outputs(self) -> tuple[bool, ...]:
        """The six relays as driven; () when unknown."""
        io = self.io
        return () if io is None else tuple(io >> index & 1 == 1 for index in range(OUTPUTS))

    def panel(self) -> tuple[bool | None, bool, tuple[bool, ...]]:
        """Emergency stop pressed, button held, digital inputs (() when unknown)."""
        io = self.io
        if io is None:
            return None, False, ()
        inputs = tuple(io >> IO_INPUT_SHIFT + index & 1 == 1 for index in range(IO_INPUTS))
        return io & IO_STOP != 0, io & IO_BUTTON != 0, inputs


def firmware(identity: "bytes | bytearray") -> str:
    """The version of a node's program, major and minor, from its IDENTITY."""
    version = IDENTITY.number(identity, "firmware")
    return str(version >> 8) + "." + str(version & 0xFF)


def stranger(address: int, identity: bytes | bytearray) -> str:
    """Why a master cannot work with the node that gave this IDENTITY, in words; empty when it can."""
    version = IDENTITY.number(identity, "version")
    if version != VERSION:
        return f"node {address} has register map {version}, this master knows {VERSION}: update one of them"
    base = IDENTITY.number(identity, "kind") == BASE
    if base != (address == BASE_ADDRESS):
        return f"node {address} is {'a' if base else 'no'} base board: check the addresses"
    return ""
