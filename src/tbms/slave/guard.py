"""The guard: hard limits with delays over what this node measures, and what each one forbids.

Written apart from the master's protection on purpose: a second opinion, dumber and in integers.
"""

from tbms.slave.board import Board
from tbms.slave.limits import TEMPERATURES, Limits
from tbms.wire.registers import BOTH, CELLS, CHARGE, DISCHARGE, guard_bit

PASS_MS = 10  # the node runs at least this often

OVERVOLTAGE = guard_bit("cell_overvoltage")
UNDERVOLTAGE = guard_bit("cell_undervoltage")
SAMPLE_AGE = guard_bit("sample_age")
INVALID_VOLTAGE = guard_bit("invalid_voltage")
INVALID_TEMPERATURE = guard_bit("invalid_temperature")
GROUP_VOLTAGE = guard_bit("group_voltage")
BOARD_TEMPERATURE = guard_bit("board_temperature")
AFE = guard_bit("afe")
UNCONFIGURED = guard_bit("unconfigured")
EMERGENCY_STOP = guard_bit("emergency_stop")
SELF_CHECK = guard_bit("self_check")

# Undervoltage never forbids charging, overvoltage never discharging; what cannot be trusted, or burns, forbids both.
FORBIDS_CHARGE = (
    OVERVOLTAGE
    | guard_bit("overtemperature_charge")
    | guard_bit("undertemperature_charge")
    | guard_bit("overtemperature_discharge")
    | SAMPLE_AGE
    | INVALID_VOLTAGE
    | INVALID_TEMPERATURE
    | GROUP_VOLTAGE
    | BOARD_TEMPERATURE
    | UNCONFIGURED
    | EMERGENCY_STOP
    | SELF_CHECK
)
FORBIDS_DISCHARGE = (
    UNDERVOLTAGE
    | guard_bit("overtemperature_discharge")
    | guard_bit("undertemperature_discharge")
    | SAMPLE_AGE
    | GROUP_VOLTAGE
    | BOARD_TEMPERATURE
    | UNCONFIGURED
    | EMERGENCY_STOP
    | SELF_CHECK
)

OPEN_WIRE_MS = 600000  # discharge goes on so long with a broken wire while the group's sum is plausible
CELLS_OF_A_WIRE = 2
GROUP_PART = 33  # the sum of cells and the group's own measurement may differ by 1/33 (3 %) ...
GROUP_MS = 3000  # ... for this long
BOARD_HOT = 90  # °C, beyond which the converter is out of its range
BOARD_MS = 5000
STUBBORN_MS = 10000  # an overvoltage that the charge loop does not end in this time opens a common contactor by both
TEMPERATURE_AGE_MS = 2000  # a cell's temperature moves slowly; a sensor chain that is silent for longer is dead
LOST_TEMPERATURES = 2  # one lost sensor is the master's matter (neighbours stand in), two are not
CELL_MV = (500, 5000)  # what a cell can have; a reading outside is a broken wire, not a voltage
TEMPERATURE_DC = (-390, 1190)  # inside the ends of the converter's range, where a broken or shorted sensor reads
SELF_CHECK_MS = 1000  # once a second the limits in memory are compared with what was accepted
FOREVER_MS = 1 << 29  # times count up to here and stay


class Limit:
    """One hard limit: trips when its value has been outside for the delay.

    bit: in the guard word. sign: 1 trips above the threshold, -1 below. outside: ms so far, -1 inside.
    """

    def __init__(self, bit: int, sign: int) -> None:
        self.bit = bit
        self.sign = sign
        self.threshold = 0
        self.delay = 0
        self.outside = -1

    def step(self, value: int | None, dt: int) -> int:
        """The bit when tripped, else 0. An unknown value is never a reason to be calm: time runs on."""
        if value is not None and self.sign * value <= self.sign * self.threshold:
            self.outside = -1
            return 0
        if self.outside >= 0:
            self.outside = min(self.outside + dt, FOREVER_MS)
        elif value is not None:
            self.outside = 0
        return self.bit if self.outside >= 0 and self.outside + PASS_MS // 2 >= self.delay else 0


class Guard:
    """All hard limits of one node.

    faults: guard word of this pass. cell: 1..4, the cell that tripped a voltage limit last, 0 before.
    low, high: extremes of what was looked at last, lowest and highest: their places; sum, lost: of all fitted ones.
    unseen: ms since every fitted cell had a value. checked: ms since the self-check; unsound: it failed.
    """

    def __init__(self, board: Board, limits: Limits) -> None:
        self.board = board
        self.limits = limits
        self.faults = UNCONFIGURED
        self.cell = 0
        self.low: int | None = None
        self.high: int | None = None
        self.lost = 0
        self.sum = 0
        self.lowest = 0
        self.highest = 0
        self.unseen = 0
        self.checked = 0
        self.unsound = False
        self.overvoltage = Limit(OVERVOLTAGE, 1)
        self.undervoltage = Limit(UNDERVOLTAGE, -1)
        self.group = Limit(GROUP_VOLTAGE, 1)
        self.hot = Limit(BOARD_TEMPERATURE, 1)
        self.temperatures = tuple(Limit(guard_bit(name), sign) for name, _, _, sign in TEMPERATURES)
        self.configure()

    def configure(self) -> None:
        """Take over the limits in force; times that run go on."""
        for name, limit in self._named():
            limit.threshold, limit.delay = self.limits.threshold(name), self.limits.delay(name)
        self.group.delay = GROUP_MS
        self.hot.threshold, self.hot.delay = BOARD_HOT, BOARD_MS

    def _named(self) -> "list[tuple[str, Limit]]":
        named = [("overvoltage", self.overvoltage), ("undervoltage", self.undervoltage)]
        return named + [(TEMPERATURES[index][0], limit) for index, limit in enumerate(self.temperatures)]

    def _check(self, dt: int) -> int:
        """The self-check, when it is due."""
        self.checked += dt
        if self.checked >= SELF_CHECK_MS:
            self.checked = 0
            self.unsound = not (self.limits.sound() and self._same())
        return SELF_CHECK if self.unsound else 0

    def _same(self) -> bool:
        """Every limit in force is the one that stands in the image."""
        for name, limit in self._named():
            if limit.threshold != self.limits.threshold(name) or limit.delay != self.limits.delay(name):
                return False
        return True

    def step(self, dt: int) -> int:
        """The loops that must stay open now: CHARGE, DISCHARGE, BOTH or 0. dt: ms since the last pass."""
        board = self.board
        faults = 0 if self.limits.configured else UNCONFIGURED
        faults |= self._check(dt)
        if board.emergency_stop:
            faults |= EMERGENCY_STOP
        lost = board.tripped if board.healthy else BOTH  # a trip opens its own loop, a dead front end both
        if lost:
            faults |= AFE
        if board.voltage_age is None or board.voltage_age > self.limits.sample_age:
            faults |= SAMPLE_AGE
        faults |= self._temperatures(dt) | self.hot.step(board.board_temperature, dt)
        faults |= self._voltages(dt)  # last: sum and lost are the voltages' from here on
        self.faults = faults
        forbidden = (CHARGE if faults & FORBIDS_CHARGE else 0) | (DISCHARGE if faults & FORBIDS_DISCHARGE else 0)
        if self.limits.common and self.overvoltage.outside >= self.overvoltage.delay + STUBBORN_MS:
            forbidden |= DISCHARGE
        return forbidden | lost | self._unseen(dt)

    def _voltages(self, dt: int) -> int:
        self._extremes(self.board.cell_mv, self.limits.cells, CELL_MV)
        faults = self.overvoltage.step(self.high, dt) | self.undervoltage.step(self.low, dt)
        if faults:
            self.cell = self.highest if faults & OVERVOLTAGE else self.lowest
        group = self.board.group_mv
        if group is not None and not self.lost:
            self.group.threshold = group // GROUP_PART
            faults |= self.group.step(abs(group - self.sum), dt)
        return faults | (INVALID_VOLTAGE if self.unseen > self.limits.sample_age else 0)

    def _temperatures(self, dt: int) -> int:
        faults = 0
        self._extremes(self.board.temperature_dc, self.limits.temperatures, TEMPERATURE_DC)
        for limit in self.temperatures:
            faults |= limit.step(self.high if limit.sign > 0 else self.low, dt)
        age = self.board.temperature_age
        old = self.limits.temperatures != 0 and (age is None or age > TEMPERATURE_AGE_MS)
        if old or self.lost >= LOST_TEMPERATURES:
            faults |= INVALID_TEMPERATURE
        return faults

    def _unseen(self, dt: int) -> int:
        """Cells without a value: charging stops by the fault; discharge later, at once where the sum does not fit."""
        self.unseen = min(self.unseen + dt, FOREVER_MS) if self.lost else 0
        if self.unseen <= self.limits.sample_age:
            return 0
        return 0 if self.unseen < OPEN_WIRE_MS and self._plausible() else BOTH

    def _plausible(self) -> bool:
        """The cells on both sides of one broken wire, by the group's own measurement, stand between their limits."""
        lost, group = self.lost, self.board.group_mv
        if lost > CELLS_OF_A_WIRE or group is None:
            return False
        return lost * self.undervoltage.threshold <= group - self.sum <= lost * self.overvoltage.threshold

    def _extremes(self, values: list[int | None], fitted: int, within: tuple[int, int]) -> None:
        self.low = self.high = None
        self.lost = self.sum = 0
        for index in range(CELLS):
            value = values[index]
            if not fitted >> index & 1:
                continue
            if value is None or not within[0] <= value <= within[1]:
                self.lost += 1
                continue
            self.sum += value
            if self.low is None or value < self.low:
                self.low, self.lowest = value, index + 1
            if self.high is None or value > self.high:
                self.high, self.highest = value, index + 1
