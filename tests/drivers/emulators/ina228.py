"""An INA228 as its register facts describe it: conversions, counter, flags, in virtual time.

Facts: TI SLYS021A (data sheet) section 7.6. Raw numbers on purpose, and nothing of the driver's.
Runs on CPython and MicroPython.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

RESET = {0x00: 0, 0x01: 0xFB68, 0x02: 0x1000, 0x03: 0, 0x0C: 0x7FFF, 0x0D: 0x8000, 0x0E: 0x7FFF, 0x0F: 0, 0x10: 0x7FFF}
TIMES_US = (50, 84, 150, 280, 540, 1052, 2074, 4120)
AVERAGES = (1, 4, 16, 64, 128, 256, 512, 1024)
SIZES = {0x04: 3, 0x05: 3, 0x07: 3, 0x08: 3, 0x09: 5, 0x0A: 5}


def at_rest(us: int) -> tuple[int, int, int]:
    """Physics: current mA (positive charges), bus mV, die 0.1 °C."""
    return 0, 52800, 250


class Ina228:
    """world: physics as a function of time in µs, see at_rest. shunt: µΩ.

    Faults: frozen (no conversions), stuck (VSHUNT keeps this raw value, None works), damaged (trim memory),
    kept (registers that take nothing), device (id register).
    """

    def __init__(self, world: "Callable[[int], tuple[int, int, int]]" = at_rest, shunt: int = 500) -> None:
        self.world = world
        self.shunt = shunt
        self.device = 0x2281
        self.maker = 0x5449
        self.frozen = self.damaged = False
        self.stuck: int | None = None
        self.kept: tuple[int, ...] = ()
        self.time = 0
        self.reset()

    def reset(self) -> None:
        """Power-on, brown-out or the reset bit."""
        self.registers = dict(RESET)
        self.results = {0x04: 0, 0x05: 0, 0x06: 0, 0x07: 0, 0x08: 0}
        self.counted = 0  # charge, in units of the current register times µs
        self.energy = 0
        self.ready = self.overflow = self.wrapped = False
        self.next = self.time + self.period()

    def period(self) -> int:
        """µs of one conversion of bus, shunt and die with its average."""
        word = self.registers[0x01]
        return sum(TIMES_US[word >> shift & 7] for shift in (9, 6, 3)) * AVERAGES[word & 7]

    def run(self, now: int) -> None:
        """Live until `now`, µs."""
        while self.next <= now:
            self.time = self.next
            period = self.period()
            self.next += period
            if not self.frozen and self.registers[0x01] >> 12 == 0xF:
                self._convert(period)
        self.time = now

    def _convert(self, period: int) -> None:
        current, bus, die = self.world(self.time)
        sense = current * self.shunt  # nV
        raw = sense * 1000 // 78125 if self.registers[0] & 0x10 else sense * 10 // 3125
        raw = max(-(1 << 19), min((1 << 19) - 1, raw))
        calibration = self.registers[0x02] & 0x7FFF
        amount = raw * 4096 // calibration if calibration else 0
        self.overflow = not -(1 << 19) <= amount < 1 << 19
        amount = max(-(1 << 19), min((1 << 19) - 1, amount))
        self.results[0x04] = raw if self.stuck is None else self.stuck
        self.results[0x05] = bus * 10000000 // 1953125
        self.results[0x06] = die * 64 // 5  # 7.8125 m°C, die in 0.1 °C
        self.results[0x07] = amount
        self.results[0x08] = abs(amount) * bus // 3200
        before = self.counted // 1000000
        self.counted += amount * period
        self.energy += self.results[0x08] * period
        self.wrapped |= abs(before) < 1 << 39 <= abs(self.counted // 1000000)
        self.ready = True

    def read(self, register: int, count: int) -> bytes:
        size = SIZES.get(register, 2)
        value = self._value(register)
        data = (value & ((1 << 8 * size) - 1)).to_bytes(size, "big")
        return (data + bytes(count))[:count]

    def _value(self, register: int) -> int:
        if register in (0x04, 0x05, 0x07):
            return self.results[register] << 4
        if register in (0x06, 0x08):
            return self.results[register]
        if register == 0x09:
            return self.energy // 16000000
        if register == 0x0A:
            self.wrapped = False
            return self.counted // 1000000
        if register == 0x0B:
            flags = (not self.damaged) | self.ready << 1 | self.overflow << 9 | self.wrapped << 10
            self.ready = False
            return flags
        return {0x3E: self.maker, 0x3F: self.device}.get(register, self.registers.get(register, 0))

    def write(self, register: int, data: bytes) -> None:
        value = data[0] << 8 | data[1]
        if register in self.kept:
            return
        if register == 0 and value & 0x8000:
            self.reset()
        elif register == 0 and value & 0x4000:
            self.counted = self.energy = 0
            self.registers[0] = value & ~0x4000
        elif register in self.registers:
            self.registers[register] = value
            if register == 0x01:
                self.next = self.time + self.period()
