"""A node's board with real chips: front end, shunt monitor, balancer matrix, the controller's pins and converter."""

from tbms.slave.board import Board
from tbms.slave.chips.bq76952_settings import AfeLimits
from tbms.slave.chips.bq76952_status import loops
from tbms.slave.chips.contactor import Contactor
from tbms.slave.chips.ntc import B3950, resistance, temperature
from tbms.slave.chips.port import DeviceError, Stamp
from tbms.slave.limits import CELL_RANGE
from tbms.wire.registers import CHARGE, CHARGE_COIL, DISCHARGE, IO_INPUTS, LEDS, LOAD_COIL, OUTPUTS, PRE_CHARGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from tbms.slave.chips.bq76952 import Bq76952
    from tbms.slave.chips.ina228 import Ina228
    from tbms.slave.chips.matrix import Matrix

    class Io(Protocol):
        """The controller's pins, by the names of the board file."""

        def level(self, name: str) -> bool:
            """A digital input is high."""

        def raw(self, name: str) -> int:
            """An analog input, 0..65535."""

        def drive(self, name: str, duty: int) -> None:
            """An output, 0..100 %."""


AFE_MS = 50  # reading the front end takes 6 ms of I2C: once a conversion is enough
SHUNT_MS = 20
SLOW_MS = 100  # the controller's own converter
OWN_MS = 250  # of the boards' own supply: sooner than its values grow stale
AGAIN_MS = 1000  # between two attempts to configure a chip
FULL_SCALE = 65535
PULL_UP = 10000  # Ω, of the board's thermistor
# The front end's own limits beside CELL_RANGE: delays ms, then °C.
OVERVOLTAGE_MS, UNDERVOLTAGE_MS, HOT_CHARGE, HOT_DISCHARGE = 3000, 6000, 60, 70
RECEIVER_MV = 3550  # a cell above is charged by no balancer
SCALES = (("group", 24000), ("pack", 7200), ("charge_bus", 7200), ("load_bus", 7200), ("supply", 200))
"""Input and its value at full scale: mV, then three in 10 mV, then 0.1 V."""
OF_ALL = ("group", "supply")  # what a slave's converter reads, too


class ChipBoard(Board):
    """afe, shunt (base board), matrix (boards with an active balancer, else the front end bleeds); io: the pins.

    own: monitor in the boards' supply line, on a base board that has one; its bus input is at the store that opens
    bi-stable contactors. coils: drives of charge and load contactor. problems: what is wrong with front end,
    shunt monitor, matrix and own, each a sentence or "".
    """

    def __init__(
        self,
        io: "Io",
        afe: "Bq76952",
        shunt: "Ina228 | None" = None,
        matrix: "Matrix | None" = None,
        own: "Ina228 | None" = None,
    ) -> None:
        super().__init__(shunt is not None)
        self.io = io
        self.afe = afe
        self.shunt = shunt
        self.matrix = matrix
        self.own = own
        self.coils = (Contactor(), Contactor())
        self.problems = ["", "", "", ""]
        self.healthy = False
        self.now = 0
        self.dt = 0
        self._afe_read = Stamp()
        self._shunt_read = Stamp()
        self._slow_read = Stamp()
        self._afe_tried = Stamp()
        self._shunt_tried = Stamp()
        self._own_read = Stamp()
        self._own_tried = Stamp()
        self._applied = -1
        self.chemistry(0)

    def chemistry(self, place: int) -> None:
        """The front end's limits for these cells; place in CHEMISTRIES."""
        high, low = CELL_RANGE[place]
        self._limits = AfeLimits(high, OVERVOLTAGE_MS, low, UNDERVOLTAGE_MS, HOT_CHARGE, HOT_DISCHARGE)
        self._chemistry = place

    def measure(self, now: int) -> None:
        """Read what is due: at most one chip a pass."""
        self.dt = (now - self.now) & 0x3FFFFFFF
        self.now = now
        if not self._afe_read.within(now, AFE_MS - 1):
            self._afe_read.renew(now)
            self._try(0, self._front_end)
        elif self.base and not self._shunt_read.within(now, SHUNT_MS - 1):
            self._shunt_read.renew(now)
            self._try(1, self._current)
        elif self.own is not None and not self._own_read.within(now, OWN_MS - 1):
            self._own_read.renew(now)
            self._try(3, self._supply)
        elif not self._slow_read.within(now, SLOW_MS - 1):
            self._slow_read.renew(now)
            self._slow()
        self._take()
        self._inputs()

    def _try(self, chip: int, read: "Callable[[], None]") -> None:
        try:
            read()
        except DeviceError as problem:
            self.problems[chip] = str(problem)

    def _front_end(self) -> None:
        afe, now = self.afe, self.now
        if not afe.configured or self._applied != self._chemistry:
            if self._afe_tried.within(now, AGAIN_MS):
                return
            self._afe_tried.renew(now)
            afe.configure(self._limits)
            self._applied = self._chemistry
        if afe.permitted != (True, True) and not afe.blind:
            afe.permit(True, True)
        afe.read(now)
        self.problems[0] = ""
        afe.acknowledge()  # what stays open until a person or the master has seen it, stays so in the node

    def _current(self) -> None:
        if self.shunt is not None and self._read(self.shunt, self._shunt_tried):
            self.problems[1] = ""

    def _supply(self) -> None:
        if self.own is not None and self._read(self.own, self._own_tried):
            self.problems[3] = ""

    def _read(self, monitor: "Ina228", tried: Stamp) -> bool:
        """Read a monitor, configured again where that is lost, once a second; False while that is waited for."""
        if not monitor.configured:
            if tried.within(self.now, AGAIN_MS):
                return False
            tried.renew(self.now)
            monitor.configure()
        monitor.read(self.now)
        return True

    def _take(self) -> None:
        afe, now = self.afe, self.now
        self.voltage_age, self.temperature_age = afe.voltage_age(now), afe.temperature_age(now)
        for index in range(len(afe.cell_mv)):
            self.cell_mv[index] = None if self.voltage_age is None else afe.cell_mv[index]
        for index in range(len(afe.temperature_dc)):
            self.temperature_dc[index] = None if self.temperature_age is None else afe.temperature_dc[index]
        self.window = afe.window
        self.healthy = afe.configured and not afe.blind
        self.tripped = loops(afe.present) if self.healthy else 0
        if self.shunt is not None:
            self.current_ma, self.current_age = self.shunt.current_ma, self.shunt.age(now)
        if self.own is not None:
            self.own_ma, store = self.own.current_ma, self.own.bus_mv
            self.store_cv = None if store is None else store // 10
            slept = self.own.asleep_mas
            self.asleep_dmah = None if slept is None else (slept + 180) // 360

    def _slow(self) -> None:
        values = [self.io.raw(name) * scale // FULL_SCALE for name, scale in SCALES if self.base or name in OF_ALL]
        self.group_mv, self.supply_dv = values[0], values[-1]
        if self.base:
            self.pack_cv, self.charge_bus_cv, self.load_bus_cv = values[1:4]
        found = temperature(B3950, resistance(self.io.raw("board"), FULL_SCALE, PULL_UP))
        self.board_temperature = None if found is None else found // 10

    def _inputs(self) -> None:
        if not self.base:
            return
        level = self.io.level
        self.charge_contact, self.load_contact = level("charge_contact"), level("load_contact")
        self.pre_charge = level("pre_charge_contact")
        self.emergency_stop, self.button = not level("stop_closed"), level("button")
        for index in range(IO_INPUTS):
            self.inputs[index] = level("input_" + str(index + 1))

    def doze(self) -> None:
        """The monitor in the supply line counts on while the controller sleeps."""
        if self.own is not None and self.own.configured:
            self._try(3, self.own.doze)

    def loops(self, levels: int) -> None:
        """The two permission pins."""
        self.io.drive("charge_permit", 100 if levels & CHARGE else 0)
        self.io.drive("discharge_permit", 100 if levels & DISCHARGE else 0)

    def switches(self, word: int) -> None:
        """Relays and coils."""
        for index in range(OUTPUTS):
            self.io.drive("output_" + str(index + 1), 100 if word >> index & 1 else 0)
        for name, coil, bit in (("charge", self.coils[0], CHARGE_COIL), ("load", self.coils[1], LOAD_COIL)):
            coil.step(bool(word & bit), self.dt)
            self.io.drive(name + "_close", coil.close)
            self.io.drive(name + "_open", coil.open)
        self.io.drive("pre_charge", 100 if word & PRE_CHARGE else 0)

    def balance(self, cells: int) -> None:
        """Bleed these cells, or drain the highest of them into the lowest of all."""
        if self.matrix is None:
            self.afe.balance(cells, self.now)
            return
        try:
            self._move(self.matrix, cells)
        except DeviceError as problem:
            self.problems[2] = str(problem)

    def _move(self, matrix: "Matrix", cells: int) -> None:
        donor = receiver = -1
        for index in range(len(self.cell_mv)):
            value = self.cell_mv[index]
            if value is None:
                continue
            if cells >> index & 1 and (donor < 0 or value > (self.cell_mv[donor] or 0)):
                donor = index
            if value <= RECEIVER_MV and (receiver < 0 or value < (self.cell_mv[receiver] or 0)):
                receiver = index
        if donor < 0 or receiver < 0 or donor == receiver:
            matrix.withdraw(self.now)
            return
        matrix.order(donor, receiver, self.now)
        matrix.step(self.now)

    def panel(self, led: int, buzzer: int) -> None:
        """Green is well, flashing open; red flashing a warning, fast a pre-alarm, steady an alarm; tones likewise."""
        name, flash, fast = LEDS[led], self.now // 500 & 1, self.now // 125 & 1
        self.io.drive("green", 100 if name == "ok" or (name == "open" and flash) else 0)
        red = name == "alarm" or (name == "warning" and flash) or (name == "pre_alarm" and fast)
        self.io.drive("red", 100 if red else 0)
        if self.base:
            eighth = self.now // 125 % 8
            sounds = buzzer == 2 or (buzzer == 1 and self.now // 250 % 8 == 0) or (buzzer == 3 and eighth in (0, 2))
            self.io.drive("buzzer", 50 if sounds else 0)
