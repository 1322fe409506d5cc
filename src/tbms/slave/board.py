"""What the node code asks of its hardware; a board file, or the simulator, fills it in."""

from tbms.wire.registers import CELLS, IO_INPUTS


class Board:
    """Measured values as plain integers, and the pins, of one node.

    `measure` fills the attributes, None where unknown; the node reads them and never the hardware.
    cell_mv: mV. temperature_dc: 0.1 °C. voltage_age, temperature_age: ms since the newest conversion, when measured.
    window: ms over which one conversion of all cells spreads. group_mv: their sum by the controller's own converter.
    board_temperature: °C. supply_dv: 0.1 V. healthy: the analog front end answers and is configured.
    tripped: loops that it has opened by itself (CHARGE, DISCHARGE).
    Base board only: current_ma (positive charges), current_age ms, bus voltages in 10 mV, own_ma (what all boards and
    coils draw from the pack), asleep_dmah (what they drew while it slept before this start, 0.1 mAh), store_cv (of what
    opens bi-stable contactors without power, 10 mV), charge_contact and load_contact (auxiliary contacts), pre_charge,
    emergency_stop (second contact), button, inputs.
    """

    def __init__(self, base: bool) -> None:
        self.base = base
        self.cell_mv: list[int | None] = [None] * CELLS
        self.temperature_dc: list[int | None] = [None] * CELLS
        self.voltage_age: int | None = None
        self.temperature_age: int | None = None
        self.window: int | None = None
        self.group_mv: int | None = None
        self.board_temperature: int | None = None
        self.supply_dv: int | None = None
        self.healthy = True
        self.tripped = 0
        self.current_ma: int | None = None
        self.current_age: int | None = None
        self.pack_cv: int | None = None
        self.charge_bus_cv: int | None = None
        self.load_bus_cv: int | None = None
        self.own_ma: int | None = None
        self.store_cv: int | None = None
        self.asleep_dmah: int | None = None
        self.charge_contact: bool | None = None
        self.load_contact: bool | None = None
        self.pre_charge = False
        self.emergency_stop = False
        self.button = False
        self.inputs = [False] * IO_INPUTS

    def measure(self, now: int) -> None:
        """Take over the newest conversions and inputs; now: ms, wraps."""

    def doze(self) -> None:
        """The program ends now, and begins anew when the board wakes: whatever can count meanwhile shall."""

    def chemistry(self, place: int) -> None:
        """The master has said what the cells are: place in CHEMISTRIES."""

    def loops(self, levels: int) -> None:
        """Set the two permission pins (CHARGE, DISCHARGE) to these levels.

        Each pin feeds a charge pump: its contact holds only while the level changes in every pass.
        """

    def switches(self, word: int) -> None:
        """Energise what is set of outputs 1..6, CHARGE_COIL, LOAD_COIL and PRE_CHARGE; base board only."""

    def balance(self, cells: int) -> None:
        """Bleed or drain the cells whose bit is set."""

    def panel(self, led: int, buzzer: int) -> None:
        """Show and sound: places in LEDS and BUZZERS; a slave has a LED only."""
