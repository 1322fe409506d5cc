"""What goes on inside a BQ76952: memory, measuring loops, protections, FETs and pins, in virtual time.

Facts: TI SLUUBY2B (technical reference), SLUSE13B (data sheet), SLUAA11B, E2E FAQ 1237508, E2E 1328137, 1042664.
Raw numbers on purpose, and nothing of the driver's: this is the second opinion. Runs on CPython and MicroPython.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    World = Callable[[int], tuple[Sequence[int], int, Sequence[int | str]]]

TICK_US = 3300  # comparators look at the cells so often
LOOP_TICKS = 19  # 63 ms: 21 slots of 3 ms
SLEEP_TICKS = 1515  # 5 s between measurements while asleep
SECOND_TICKS = 303
OPEN_DROP_MV = 750  # 55 µA for 3 ms out of 220 nF

# Data memory after a reset: address, bytes.
DEFAULTS = (
    (0x91A8, b"\x04\x2c\x72\x41"),
    (0x9234, b"\x82\x29\x00\x00\x00\x00\x00"),
    (0x925F, b"\x02\x00\x88\x00\x00\x00\x98\xd5\x56\x00\xe4\xe6\xe2\x00\x00\xf8\xfc\xf7\xf4"),
    (0x9273, b"\x32\x00\x32\x4a\x00\x56\x4a\x00\x02\x02\x00\x0a\x0f\x02\x04\x04\x01\x03\x07\x05\x02"),
    (0x929A, b"\x37\x02\x32\x3c\x02\x37\x50\x02\x41\x55\x02\x50\x00\x02\x05\x00\x02\x05\xec\x02\xf1\x03"),
    (0x92B2, b"\x3c\x00"),
    (0x92FA, b"\x00\x00\x00\x07\x00\x00\x00\x00\x00\x05\x00\x00"),
    (0x9308, b"\x0d\x01"),
    (0x9314, b"\x05"),
    (0x9335, b"\x00\xec\x3c\x46\x14\x01\x3c\x0f\x28\x14\x3c\x0f\x28\x14\x40"),
)


def at_rest(us: int) -> "tuple[Sequence[int], int, Sequence[int | str]]":
    """Physics: 16 cells mV, current mA (positive charges), nine pins' temperature 0.1 °C ('open', 'short' possible)."""
    return [3300] * 16, 0, [250] * 9


class Silicon:
    """world: physics as a function of time in µs, see at_rest. shunt: µΩ.

    Faults: stuck {input from 0: mV}, frozen (converter stands), open_wires {upper end of input from 0: its mV above
    the stack's foot when it broke}, ignored (data memory addresses that take nothing), sealed, deaf (ignores
    CFGUPDATE), torn (so many coming readings show cell 1 a high byte too low), ghost (bits that bleed unasked),
    toggle_dead (FET_ENABLE has no effect), slow_us (added to each subcommand), number (device number).
    """

    def __init__(self, world: "World" = at_rest, crc: bool = True, shunt: int = 500) -> None:
        self.world = world
        self.crc = crc
        self.shunt = shunt
        self.number = 0x7695
        self.stuck: dict[int, int] = {}
        self.open_wires: dict[int, int] = {}
        self.ignored: tuple[int, ...] = ()
        self.frozen = self.sealed = self.deaf = self.toggle_dead = False
        self.torn = self.ghost = self.slow_us = 0
        self.toggles = 0
        self.time = 0
        self.reset()

    def reset(self, watchdog: bool = False) -> None:
        """Power-on or brown-out, or the chip's own watchdog: memory as delivered, FETs off."""
        self.memory = bytearray(0x280)
        for address, data in DEFAULTS:
            self.memory[address - 0x9180 : address - 0x9180 + len(data)] = data
        self.por = True
        self.wd = watchdog
        self.config = False
        self.fet_en = False
        self.sleep_en = True
        self.host_off = 0
        self.buffer = bytearray(34)
        self.seal = bytearray(2)
        self.code = 0
        self.ready = 0
        self.alarm = 0
        self.alarm_enable = 0xF800
        self.status = [0, 0, 0]
        self.alert = [0, 0, 0]
        self.counts: dict[tuple[int, int], int] = {}
        self.clear: dict[tuple[int, int], int] = {}
        self.bleed = 0
        self.bleed_until = 0
        self.ticks = 0
        self.loops = 0
        self.heard = self.time
        self.cells = [0] * 16
        self.stack = 0
        self.temperatures = [2981] * 10

    # -- time ----------------------------------------------------------------------------------------------------

    def run(self, now: int) -> None:
        """Live until `now`, µs."""
        while self.time + TICK_US <= now:
            self.time += TICK_US
            if not self.config:
                self._tick()

    def _tick(self) -> None:
        self.ticks += 1
        cells, current, temperatures = self._world()
        if self.time >= self.bleed_until:
            self.bleed = 0
        self._compare_cells(cells)
        self._compare_current(current)
        self._watch_host()
        asleep = self.sleep_en and self.byte(0x9235) & 1 and abs(current) < 20
        if self.ticks % (SLEEP_TICKS if asleep else LOOP_TICKS) == 0 and not self.frozen:
            self._convert(cells, temperatures)
        if self.ticks % SECOND_TICKS == 0:
            self._second(temperatures)

    def _world(self) -> "tuple[Sequence[int], int, Sequence[int | str]]":
        """Physics as the pins see it: a broken sense wire floats."""
        cells, current, temperatures = self.world(self.time)
        if not self.open_wires:
            return cells, current, temperatures
        ends: list[int] = []
        total = 0
        for index in range(16):
            total += cells[index]
            ends.append(self.open_wires.get(index, total))
        return [ends[i] - (ends[i - 1] if i else 0) for i in range(16)], current, temperatures

    def _convert(self, cells: "Sequence[int]", temperatures: "Sequence[int | str]") -> None:
        self.loops += 1
        self.cells = [self.stuck.get(i, cells[i]) for i in range(16)]
        self.stack = sum(self.world(self.time)[0]) // 10
        self._latch(0x0002)
        if self.loops % 3 == 0:
            self.temperatures = [2981] + [kelvin(value) for value in temperatures]
            self._latch(0x0080)

    def _latch(self, bit: int) -> None:
        self.alarm |= bit & self.alarm_enable

    def _second(self, temperatures: "Sequence[int | str]") -> None:
        every = self.byte(0x9314)
        if every and self.ticks // SECOND_TICKS % every == 0:
            for wire in self.open_wires:
                self.open_wires[wire] -= OPEN_DROP_MV
        read = [kelvin(temperatures[i]) - 2731 for i in range(9) if self.byte(0x92FA + i) == 0x07]
        table = ((4, 0x929A, 1), (5, 0x929D, 1), (0, 0x92A6, -1), (1, 0x92A9, -1))
        for bit, address, sign in table:
            limit = 10 * signed(self.byte(address))
            back = 10 * signed(self.byte(address + 2))
            out = any(sign * value > sign * limit for value in read)
            safe = all(sign * value <= sign * back for value in read)
            self._judge(1, bit, out, safe, self.byte(address + 1), self.byte(0x9262))
        recovery = self.byte(0x92AF)
        for key in self.clear:
            self.clear[key] += 1
            if self.clear[key] >= recovery:
                self.status[key[0]] &= ~(1 << key[1])

    # -- protections ---------------------------------------------------------------------------------------------

    def _judge(self, group: int, bit: int, out: bool, safe: bool, delay: int, enabled: int) -> None:
        """One protection: alert while outside, trip after the delay; recovery is timed once a second."""
        key = (group, bit)
        mask = 1 << bit
        if not enabled & mask:
            self.counts.pop(key, 0)
            self.alert[group] &= ~mask
            self.status[group] &= ~mask
            self.clear.pop(key, 0)
            return
        self.counts[key] = self.counts.get(key, 0) + 1 if out else 0
        self.alert[group] = self.alert[group] | mask if out else self.alert[group] & ~mask
        if out and self.counts[key] >= delay:
            self.status[group] |= mask
        if self.status[group] & mask and safe:
            self.clear.setdefault(key, 0)
        else:
            self.clear.pop(key, 0)

    def _compare_cells(self, cells: "Sequence[int]") -> None:
        mask = self.word(0x9304) or 0xFFFF
        used = [10 * cells[i] for i in range(16) if mask >> i & 1]
        low = 506 * self.byte(0x9275)
        high = 506 * self.byte(0x9278)
        enabled = self.byte(0x9261)
        lowest, highest = min(used), max(used)
        self._judge(0, 2, lowest < low, lowest >= low + 506 * self.byte(0x927B), self.word(0x9276), enabled)
        self._judge(0, 3, highest > high, highest <= high - 506 * self.byte(0x927C), self.word(0x9279), enabled)

    def _compare_current(self, current: int) -> None:
        sense = current * self.shunt  # nV
        enabled = self.byte(0x9261)
        for bit, address, sign in ((4, 0x9280, 1), (5, 0x9282, -1), (6, 0x9284, -1)):
            out = sign * sense > 2000000 * self.byte(address)
            self._judge(0, bit, out, not out, self.byte(address + 1) + 2, enabled)
        steps = (10, 20, 40, 60, 80, 100, 125, 150, 175, 200, 250, 300, 350, 400, 450, 500)
        out = -sense > 1000000 * steps[self.byte(0x9286) & 15]
        self._judge(0, 7, out, not out, 1, enabled)

    def _watch_host(self) -> None:
        if not self.byte(0x9263) & 2:
            self.status[2] &= ~2
        elif self.time - self.heard >= 1000000 * self.word(0x92B2):
            self.status[2] |= 2

    def _blocked(self, first: int) -> bool:
        return any(self.status[i] & self.byte(first + i) for i in range(3))

    @property
    def dsg(self) -> bool:
        """Whether the discharge FET is on."""
        able = self.fet_en and not self.config and self.byte(0x9308) & 0x08
        return bool(able and not self.host_off & 1 and not self._blocked(0x9269))

    @property
    def chg(self) -> bool:
        """Whether the charge FET is on; with one series path it is also closed to spare its body diode."""
        able = self.fet_en and not self.config and self.byte(0x9308) & 0x08
        if able and self.byte(0x9308) & 1 and self.dsg and -self.world(self.time)[1] > self.byte(0x9273):
            return True
        return bool(able and not self.host_off & 4 and not self._blocked(0x9265))

    def charge_loop(self) -> bool:
        """Whether the DCHG pin holds the charge-permit loop of a board that wants it driven high."""
        return self._loop(0x9301, self.chg)

    def discharge_loop(self) -> bool:
        """Whether the DDSG pin holds the discharge-permit loop."""
        return self._loop(0x9302, self.dsg)

    def _loop(self, address: int, on: bool) -> bool:
        pin = self.byte(address)
        supplied = not pin & 0x20 or (self.byte(0x9236) & 1 and self.byte(0x9237) & 1)
        if pin & 3 != 2 or not pin & 0x08 or not supplied:
            return False
        return on if pin & 0x80 else not on

    def byte(self, address: int) -> int:
        return self.memory[address - 0x9180]

    def word(self, address: int) -> int:
        return self.memory[address - 0x9180] | self.memory[address - 0x917F] << 8


def kelvin(value: "int | str") -> int:
    """0.1 K of 0.1 °C; an open thermistor looks very cold to the chip, a shorted one very hot."""
    if isinstance(value, str):
        return {"open": 1950, "short": 4900}[value]
    return value + 2731


def signed(byte: int) -> int:
    return byte - 256 if byte > 127 else byte
