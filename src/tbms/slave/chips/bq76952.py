"""TI BQ76952: measures 3 to 16 cells and up to seven thermistors, bleeds cells, and guards them in silicon.

Sources: TI SLUUBY2B (technical reference), SLUSE13B (data sheet), E2E 1328137 (registers change while they are read).
"""

import struct

from tbms.slave.chips.bleed import Bleed
from tbms.slave.chips.bq769x2 import LONGEST, Link, hexadecimal
from tbms.slave.chips.bq76952_settings import AfeLimits, applied, settings
from tbms.slave.chips.bq76952_status import (
    BATTERY_STATUS,
    CHG_ON,
    DCHG_TRIPPED,
    DDSG_TRIPPED,
    DSG_ON,
    FET_STATUS,
    FIRST_PIN,
    HEAD,
    TAIL,
    TAIL_SIZE,
    close_head,
    close_tail,
    safety,
    stack,
    temperature,
    voltages,
)
from tbms.slave.chips.cells import known, plausible_sum
from tbms.slave.chips.port import STALE_MS, TRIES, Corrupt, NotReady, Refused, Stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tbms.slave.chips.port import Port

DEVICE_NUMBER = 0x7695
ALARM_STATUS = 0x62
ALARM_ENABLE = 0x66

# Subcommands.
DEVICE = 0x0001
FET_ENABLE = 0x0022  # toggles
MFG_STATUS = 0x0057
BLEED = 0x0083
SET_CFGUPDATE = 0x0090
EXIT_CFGUPDATE = 0x0092
FET_CONTROL = 0x0097
SLEEP_DISABLE = 0x009A

# Bits of BatteryStatus, AlarmStatus, MFG_STATUS, FET_CONTROL (1 forbids).
CFGUPDATE = 0x0001
POR = 0x0008
WD = 0x0010
SEALED = 0x0300
ADSCAN = 0x0002
FULLSCAN = 0x0080
FET_EN = 0x10
DSG_PDSG_OFF = 0x03
CHG_PCHG_OFF = 0x0C

MODE_POLLS = 10  # ms until CFGUPDATE must be entered or left; data sheet 2 ms
CHECK_MS = 1000
CHECK_PAGE = 0x9261  # 32 bytes from here: enabled protections, what they open, voltage limits
BLEED_RENEW_MS = 1000  # repeated so often to the chip, which stops by itself after 2 s


class Bq76952:
    """One chip. Call `configure` once and whenever `configured` is False, then `read` in every cycle.

    inputs: the chip's cell inputs in use from 1, lowest cell first. thermistors: pins, CFETOFF = 0 .. HDQ = 6.
    cell_mv, temperature_dc (0.1 °C), stack_mv, die_dc: None where unknown. alerts, present, tripped: safety words; the
    last is kept until `acknowledge`. charge_on, discharge_on, charge_pin, discharge_pin (the loop pin forbids): what
    the chip reports, None unknown; what the host wishes is another thing and stays in `permitted`.
    bleeding: cells that the chip says it bleeds, None unknown. lost: configurations lost to a reset of the chip.
    blind: from the start of a configuration until the chip has measured everything anew; meanwhile both loops are
    open and no protection works. window: ms over which one conversion of all cells spreads (21 slots of 3 ms).
    """

    window = 63

    def __init__(self, port: "Port", inputs: tuple[int, ...], thermistors: tuple[int, ...], crc: bool = True) -> None:
        self.link = Link(port, crc)
        self._inputs = inputs
        self._thermistors = thermistors
        self._memory: dict[int, int] = {}
        self._watchdog_seen = False
        self._voltages = Stamp()
        self._temperatures = Stamp()
        self._answered = Stamp()
        self._checked = Stamp()
        self._bleed_sent = Stamp()
        self._bleed = Bleed()
        self.lost = 0
        self.alerts = 0
        self.present = 0
        self.tripped = 0
        self._forget()

    def configure(self, limits: AfeLimits) -> AfeLimits:
        """Write everything, read it back, and give the limits that are really applied.

        Opens both loops and stops measuring and protecting for about 0.2 s: `blind` says so until it is over.
        Afterwards nothing is permitted. Refused when the chip is another one, sealed, or does not keep a setting.
        """
        wanted = settings(self._inputs, self._thermistors, limits)
        self._forget()
        self._identify()
        self.link.send(FET_CONTROL, bytes((DSG_PDSG_OFF | CHG_PCHG_OFF,)))
        self._mode(SET_CFGUPDATE, CFGUPDATE)
        try:
            for address, size, value in wanted:
                self.link.send(address, struct.pack("<H", value)[:size])
        finally:
            self._mode(EXIT_CFGUPDATE, 0)
        self._read_back(wanted)
        self._enable_fets()
        self.link.command(SLEEP_DISABLE)
        self.link.write(ALARM_ENABLE, struct.pack("<H", ADSCAN | FULLSCAN))
        self.link.write(ALARM_STATUS, b"\xff\xff")
        self._watchdog_seen = bool(self.link.word(BATTERY_STATUS) & WD)
        self.configured = True
        return applied({address: value for address, _, value in wanted})

    def read(self, now: int) -> bool:
        """Take over what was converted since the last call; True when the cells are new.

        Any DeviceError leaves the values as they are; they become unknown when they are older than 500 ms.
        """
        self._expire(now)
        if not self.configured:
            raise NotReady("the front end is not configured")
        done = self.link.word(ALARM_STATUS) & (ADSCAN | FULLSCAN)
        if done:
            self.link.write(ALARM_STATUS, struct.pack("<H", done))
        head = self.link.settled(0, HEAD, close_head)
        self._judge_status(head[BATTERY_STATUS] | head[BATTERY_STATUS + 1] << 8)
        self.alerts = safety(head, 0)
        self.present = safety(head, 1)
        self.tripped |= self.present
        if not self._checked.within(now, CHECK_MS):
            self._check(now)
        self._take_tail(bool(done & FULLSCAN), now)
        if done & ADSCAN:
            self._take_cells(head, now)
        self._drive_bleed(now)
        return bool(done & ADSCAN)

    def permit(self, charge: bool, discharge: bool) -> None:
        """Allow the chip to hold the loops; it still opens them by itself. To be given anew after a configuration."""
        if not self.configured:
            raise NotReady("the front end is not configured")
        word = (0 if discharge else DSG_PDSG_OFF) | (0 if charge else CHG_PCHG_OFF)
        self.link.send(FET_CONTROL, bytes((word,)))
        self.permitted = (charge, discharge)

    def balance(self, cells: int, now: int) -> None:
        """Wish these cells (bits) bled; to be repeated within 2 s, at most 10 minutes; 0 ends the run.

        Never two neighbours together, never a cell whose voltage is unknown. `read` carries it out.
        """
        self._bleed.wish(cells, now)

    def acknowledge(self) -> None:
        """Forget trips that have passed."""
        self.tripped = self.present

    def healthy(self) -> bool:
        """Whether the chip measures and protects and has not tripped."""
        return self.configured and not self.blind and not self.tripped

    def voltage_age(self, now: int) -> int | None:
        """Age in ms of the newest conversion of the cells, None when there is none."""
        return self._voltages.age(now)

    def temperature_age(self, now: int) -> int | None:
        """Age in ms of the newest conversion of the thermistors, None when there is none."""
        return self._temperatures.age(now)

    def _forget(self) -> None:
        """Nothing is known, nothing permitted."""
        self.configured = False
        self.blind = True
        self.permitted = (False, False)
        for stamp in (self._checked, self._voltages, self._temperatures, self._answered, self._bleed_sent):
            stamp.forget()
        self._bleed.forget()
        self._bled = -1  # what the chip was last told to bleed, -1 unknown
        self._expire(0)

    def _expire(self, now: int) -> None:
        """What is too old becomes unknown."""
        if not self._voltages.within(now, STALE_MS):
            self.cell_mv: list[int | None] = [None] * len(self._inputs)
            self.stack_mv: int | None = None
        if not self._temperatures.within(now, STALE_MS):
            self.temperature_dc: list[int | None] = [None] * len(self._thermistors)
            self.die_dc: int | None = None
        if not self._answered.within(now, STALE_MS):
            self.charge_on: bool | None = None
            self.discharge_on: bool | None = None
            self.charge_pin: bool | None = None
            self.discharge_pin: bool | None = None
            self.bleeding: int | None = None

    def _identify(self) -> None:
        number = self.link.fetch(DEVICE, 2)
        if number != struct.pack("<H", DEVICE_NUMBER):
            raise Refused("the chip is not a BQ76952: device number " + hexadecimal(number[1] << 8 | number[0]))
        if self.link.word(BATTERY_STATUS) & SEALED == SEALED:
            raise Refused("the chip is sealed and cannot be configured")

    def _mode(self, command: int, expected: int) -> None:
        """Enter or leave CFGUPDATE, and see that it happened."""
        self.link.command(command)
        for _ in range(MODE_POLLS):
            self.link.pause(1000)
            if self.link.word(BATTERY_STATUS) & CFGUPDATE == expected:
                return
        raise Refused("the chip does not " + ("enter" if expected else "leave") + " its configuration mode")

    def _read_back(self, wanted: list[tuple[int, int, int]]) -> None:
        """Compare every setting with what the chip holds, and remember it byte by byte."""
        self._memory = {}
        page, start = b"", 0
        for address, size, value in sorted(wanted):
            if address + size > start + len(page):
                page, start = self.link.fetch(address, LONGEST), address
            found = page[address - start : address - start + size]
            if found != struct.pack("<H", value)[:size]:
                raise Refused("setting " + hexadecimal(address) + " is not kept by the chip")
            for place in range(size):
                self._memory[address + place] = found[place]

    def _enable_fets(self) -> None:
        """Let the chip's protections drive its FETs and loop pins: a command that toggles, so look first and after."""
        for _ in range(TRIES):
            if self.link.fetch(MFG_STATUS, 2)[0] & FET_EN:
                return
            self.link.toggle(FET_ENABLE)
        raise Refused("the chip does not take control of its FETs")

    def _judge_status(self, status: int) -> None:
        """After a reset the chip has forgotten its configuration, whatever it still measures."""
        if status & (CFGUPDATE | POR) or (status & WD and not self._watchdog_seen):
            self._lose("the front end was reset and has lost its configuration")

    def _check(self, now: int) -> None:
        """Compare the protections with what was written: a reset may go unseen, memory may fail."""
        page = self.link.fetch(CHECK_PAGE, LONGEST)
        for place in range(LONGEST):
            if page[place] != self._memory.get(CHECK_PAGE + place, page[place]):
                self._lose("setting " + hexadecimal(CHECK_PAGE + place) + " of the front end has changed")
        self._checked.renew(now)

    def _lose(self, why: str) -> None:
        self.lost += 1
        self._forget()
        raise NotReady(why)

    def _take_tail(self, new: bool, now: int) -> None:
        """The FETs always, temperatures when they are new."""
        tail = self.link.settled(TAIL, TAIL_SIZE, close_tail)
        fets = tail[FET_STATUS]
        self.charge_on = bool(fets & CHG_ON)
        self.discharge_on = bool(fets & DSG_ON)
        self.charge_pin = bool(fets & DCHG_TRIPPED)
        self.discharge_pin = bool(fets & DDSG_TRIPPED)
        self._answered.renew(now)
        if new:
            self.die_dc = temperature(tail, 0)
            self.temperature_dc = [temperature(tail, FIRST_PIN + 2 * pin) for pin in self._thermistors]
            self._temperatures.renew(now)
            self.blind = False

    def _take_cells(self, head: bytes, now: int) -> None:
        raw = voltages(head, self._inputs)
        if not plausible_sum(raw, stack(head)):
            raise Corrupt("the cells do not add up to the stack")
        self.cell_mv = known(raw)
        self.stack_mv = stack(head)
        self._voltages.renew(now)

    def _drive_bleed(self, now: int) -> None:
        """Tell the chip which cells to bleed, when that changes and once a second, and ask what it does."""
        valid = 0
        for index in range(len(self.cell_mv)):
            valid |= (self.cell_mv[index] is not None) << index
        target = self._bleed.target(valid, now)
        if target == self._bled and (not target or self._bleed_sent.within(now, BLEED_RENEW_MS)):
            return
        self._bled = -1
        mask = sum(1 << (number - 1) for index, number in enumerate(self._inputs) if target >> index & 1)
        self.link.send(BLEED, struct.pack("<H", mask))
        active = struct.unpack("<H", self.link.fetch(BLEED, 2))[0]
        if active & ~mask:
            raise Corrupt("the front end bleeds cells that nobody asked for")
        self.bleeding = sum(1 << index for index, number in enumerate(self._inputs) if active >> (number - 1) & 1)
        self._bled = target
        self._bleed_sent.renew(now)
