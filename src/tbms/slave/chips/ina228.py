"""TI INA228 (I2C) and INA229 (SPI): current, charge and voltage of the pack over a 50 mV shunt.

Source: TI SLYS021A (INA228 data sheet) sections 7.6 and 8.1. Positive current charges: the shunt is wired so.
"""

import struct

from tbms.slave.chips.port import STALE_MS, TRIES, Corrupt, NotReady, Refused, Stamp, Timeout, elapsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tbms.slave.chips.port import Port

CONFIG = 0x00
ADC_CONFIG = 0x01
SHUNT_CAL = 0x02
VSHUNT = 0x04
VBUS = 0x05
DIETEMP = 0x06
CHARGE = 0x0A
DIAG_ALRT = 0x0B
MANUFACTURER_ID = 0x3E
DEVICE_ID = 0x3F

RESET = 0x8000
NARROW = 0x0010  # ADCRANGE: ±40.96 mV instead of ±163.84 mV
CNVRF = 0x0002  # a conversion was completed; reading the register clears it
MEMSTAT = 0x0001  # 1: the trim memory is sound
TEXAS = 0x5449
DEVICES = (0x228, 0x229)
CONVERSION = 0xF922  # all three quantities for ever, 540 µs each, mean of 16
WINDOW_MS = 26
ASLEEP = 0xF927  # the same, mean of 1024: it counts while the controller sleeps, and says so by this
FULL_RANGE_NV = 163840000
NARROW_RANGE_NV = 40960000
COUNTER = 1 << 40

CLOSE_PART = 200  # two readings of the shunt agree within 0.5 % of its rating
CLOSE_MV = 100
CLOSE_DC = 20
MATCH_MS = 2000  # counter and readings are compared over so long ...
MATCH_PART = 10  # ... and may differ by 10 % of the rating: a pulsing load is sampled, not counted, by the readings


class Ina228:
    """One shunt monitor. Call `configure` once and whenever `configured` is False, then `read` in every cycle.

    rated_a, rated_mv: what is printed on the shunt, such as 500 A / 50 mV. narrow: the chip's small range.
    current_ma (positive charges; to 3.2 times a 50 mV shunt's rating), bus_mv, die_dc (0.1 °C): None where unknown.
    charge_mas: charge counted by the chip since the start, mA·s, an exact integer that never wraps.
    asleep_mas: charge counted while the controller slept, mA·s; None where none was, or the chip lost its supply.
    gaps: times that charge was lost to the counter, by a reset or a current beyond the rating, where it clips.
    """

    window = WINDOW_MS

    def __init__(self, port: "Port", rated_a: int, rated_mv: int = 50, narrow: bool = False) -> None:
        span = NARROW_RANGE_NV if narrow else FULL_RANGE_NV
        if rated_mv * 1000000 > span:
            raise Refused("the range of ±" + str(span // 1000000) + " mV clips a shunt of " + str(rated_mv) + " mV")
        self._port = port
        self._rated_ma = 1000 * rated_a
        self._rated_nv = 1000000 * rated_mv
        self._span_nv = span
        self._config = NARROW if narrow else 0
        self._calibration = rated_mv * (100 if narrow else 25)  # 13107.2e6 · (rated A / 2^19) · (rated V / rated A)
        self._fresh = Stamp()
        self._started = Stamp()  # of the comparison of counter and readings
        self._at = 0
        self._contradicted = False
        self._raw = -1  # -1: the counter has not started
        self._counted = 0
        self._clipped = False
        self.current_ma: int | None = None
        self.bus_mv: int | None = None
        self.die_dc: int | None = None
        self.asleep_mas: int | None = None
        self.errors = 0
        self.gaps = 0
        self._forget()

    def configure(self) -> None:
        """Reset the chip, set range, conversion and calibration, and read them back; Refused when they differ."""
        self._forget()
        if self._word(MANUFACTURER_ID) != TEXAS or self._word(DEVICE_ID) >> 4 not in DEVICES:
            raise Refused("the shunt monitor is not an INA228")
        if self._intact(ASLEEP):
            self.asleep_mas = self._slept()
        self._begin(CONVERSION)
        if not self._intact():
            raise Refused("the shunt monitor does not keep its settings")
        self._word(DIAG_ALRT)
        self._raw = 0  # the reset cleared it
        self.configured = True

    def doze(self) -> None:
        """Count afresh until the next `configure`, which may be that of another start of the controller."""
        self._forget()
        self._begin(ASLEEP)

    def read(self, now: int) -> bool:
        """Take over what was converted since the last call; True when there is something new.

        Any DeviceError leaves the values as they are; they become unknown when they are older than 500 ms.
        NotReady with `configured` False: the chip was reset, by a brown-out for instance.
        """
        self._expire(now)
        if not self.configured:
            raise NotReady("the shunt monitor is not configured")
        if not self._intact() and not self._intact():
            self._forget()
            raise NotReady("the shunt monitor was reset and has lost its settings")
        flags = self._word(DIAG_ALRT)
        if not flags & MEMSTAT:
            raise Corrupt("the trim memory of the shunt monitor is damaged")
        if not flags & CNVRF:
            return False
        shunt, bus, die, raw = self._settled()
        current = self._rated_ma * shunt * self._span_nv // (self._rated_nv << 19)
        self._count(raw, abs(current) > self._rated_ma)
        self._match(current, now)
        self.current_ma = current
        self.bus_mv = bus
        self.die_dc = die
        self._fresh.renew(now)
        return True

    def age(self, now: int) -> int | None:
        """Age in ms of the newest conversion, None when there is none."""
        return self._fresh.age(now)

    @property
    def charge_mas(self) -> int:
        """Charge counted since the start, mA·s, positive charges."""
        return self._counted * self._rated_ma >> 19

    def _begin(self, conversion: int) -> None:
        """Reset the chip, which clears its counter, and set it up."""
        self._write(CONFIG, RESET)
        self._port.pause(1000)  # data sheet 300 µs
        for register, value in self._setup(conversion):
            self._write(register, value)

    def _setup(self, conversion: int) -> tuple[tuple[int, int], ...]:
        return ((CONFIG, self._config), (ADC_CONFIG, conversion), (SHUNT_CAL, self._calibration))

    def _intact(self, conversion: int = CONVERSION) -> bool:
        """Whether the settings stand; a reset leaves others, SHUNT_CAL 4096 among them."""
        return all(self._word(register) == value for register, value in self._setup(conversion))

    def _slept(self) -> int | None:
        """The charge counted since `doze`, mA·s; None where it reads differently each time."""
        last = self._bytes(CHARGE, 5)
        for _ in range(TRIES):
            again = self._bytes(CHARGE, 5)
            if again == last:
                raw = int.from_bytes(again, "big")
                return (raw - COUNTER if raw >= COUNTER >> 1 else raw) * self._rated_ma >> 19
            last = again
        return None

    def _forget(self) -> None:
        self.configured = False
        self.gaps += self._raw >= 0
        self._raw = -1
        self._fresh.forget()
        self._restart_match()
        self._expire(0)

    def _expire(self, now: int) -> None:
        if not self._fresh.within(now, STALE_MS):
            self.current_ma = None
            self.bus_mv = None
            self.die_dc = None

    def _settled(self) -> tuple[int, int, int, int]:
        """VSHUNT in its unit, bus in mV, die in 0.1 °C, CHARGE in its unit: read until two readings agree."""
        last = self._measurements()
        for _ in range(TRIES):
            again = self._measurements()
            if self._close(last, again):
                return again
            self.errors += 1
            last = again
        raise Corrupt("the shunt monitor reads differently each time")

    def _measurements(self) -> tuple[int, int, int, int]:
        shunt = struct.unpack(">i", self._bytes(VSHUNT, 3) + b"\0")[0] >> 12
        bus = int.from_bytes(self._bytes(VBUS, 3), "big") >> 4
        die = struct.unpack(">h", self._bytes(DIETEMP, 2))[0]
        charge = int.from_bytes(self._bytes(CHARGE, 5), "big")
        return shunt, bus * 1953125 // 10000000, die * 78125 // 1000000, charge

    def _close(self, one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
        """Whether two readings agree; the counter by what a full range adds in a conversion or two."""
        shunt = (self._rated_nv << 19) // self._span_nv
        step = (other[3] - one[3]) % COUNTER
        return (
            abs(one[0] - other[0]) <= shunt // CLOSE_PART
            and abs(one[1] - other[1]) <= CLOSE_MV
            and abs(one[2] - other[2]) <= CLOSE_DC
            and min(step, COUNTER - step) <= 1 << 16
        )

    def _count(self, raw: int, clipped: bool) -> None:
        """Add what the chip counted since the last reading; its 40 bits may have wrapped."""
        step = (raw - self._raw) % COUNTER
        self._counted += step - COUNTER if step >= COUNTER >> 1 else step
        self._raw = raw
        self.gaps += clipped
        self._clipped = self._clipped or clipped

    def _restart_match(self) -> None:
        self._started.forget()
        self._sum = 0
        self._mark = self._counted
        self._clipped = False

    def _match(self, current: int, now: int) -> None:
        """Compare counter and readings over 2 s: a register that stands still shows here.

        It stays refused until the two agree again.
        """
        age = self._started.age(now)
        if age is None:
            self._restart_match()
            self._started.renew(now)
        else:
            self._sum += current * elapsed(now, self._at)
        self._at = now
        if age is not None and age >= MATCH_MS:
            counted = (self._counted - self._mark) * self._rated_ma * 1000 >> 19
            apart = abs(self._sum - counted) > self._rated_ma * age // MATCH_PART
            self._contradicted = apart and not self._clipped
            self._restart_match()
            self._started.renew(now)
        if self._contradicted:
            raise Corrupt("the current read and the charge counted by the shunt monitor contradict each other")

    def _bytes(self, register: int, count: int) -> bytes:
        left = TRIES
        while True:
            try:
                return self._port.read(register, count)
            except Timeout:
                self.errors += 1
                left -= 1
                if not left:
                    raise

    def _word(self, register: int) -> int:
        return int.from_bytes(self._bytes(register, 2), "big")

    def _write(self, register: int, value: int) -> None:
        self._port.write(register, struct.pack(">H", value))
