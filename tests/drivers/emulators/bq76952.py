"""A BQ76952 on its bus: direct commands, subcommands and data memory, with CRC and with its latencies.

Facts and rules as in silicon.py. Runs on CPython and MicroPython.
"""

from tests.drivers.emulators.bus import Nak
from tests.drivers.emulators.silicon import Silicon

BUSY_US = {0x0001: 400, 0x0083: 8500, 0x0090: 2000, 0x0092: 1000}  # others 600


def crc8(data: bytes, crc: int = 0) -> int:
    for byte in data:
        for bit in range(7, -1, -1):
            crc = (crc << 1) ^ (0x107 if (crc >> 7 ^ byte >> bit) & 1 else 0)
            crc &= 0xFF
    return crc


class Bq76952(Silicon):
    """The whole chip; see Silicon for physics and faults."""

    def read(self, register: int, count: int) -> bytes:
        """As on the wire: with a CRC behind each byte when the part has one."""
        self.heard = self.time
        self.status[2] &= ~2
        data = bytes(self._direct(register + i) for i in range(count // 2 if self.crc else count))
        if not self.crc:
            return data
        result = bytearray()
        start = crc8(bytes((0x10, register, 0x11)))
        for value in data:
            result.append(value)
            result.append(crc8(bytes((value,)), start))
            start = 0
        return bytes(result)

    def write(self, register: int, data: bytes) -> None:
        if self.crc:
            data = self._unpacked(register, data)
        self.heard = self.time
        self.status[2] &= ~2
        if register == 0x3E and len(data) > 1:
            self.code = data[0] | data[1] << 8
            if len(data) == 2:
                self._begin()
            else:
                self.buffer[: len(data) - 2] = data[2:]
        elif register == 0x60 and len(data) == 2:
            self._commit(data[0], data[1] - 4)
        elif register == 0x62:
            self.alarm &= ~(data[0] | (data[1] << 8 if len(data) > 1 else 0))
        elif register == 0x66 and len(data) == 2:
            self.alarm_enable = data[0] | data[1] << 8

    def _unpacked(self, register: int, data: bytes) -> bytes:
        plain = bytearray()
        for index in range(0, len(data) - 1, 2):
            head = bytes((0x10, register, data[index])) if index == 0 else bytes((data[index],))
            if crc8(head) != data[index + 1]:
                raise Nak
            plain.append(data[index])
        return bytes(plain)

    def _begin(self) -> None:
        """A subcommand: what it does, and what it leaves in the buffer."""
        code = self.code
        self.ready = self.time + BUSY_US.get(code, 600) + self.slow_us
        if code == 0x0090 and not self.deaf and not self.sealed:
            self.config = True
            self.bleed = 0
        elif code == 0x0092 and self.config:
            self.config = self.por = False
            self.host_off = 0x0F if self.byte(0x9308) & 0x20 else self.host_off
            self.heard = self.time
        elif code == 0x0022 and not self.toggle_dead:
            self.fet_en = not self.fet_en
            self.toggles += 1
        elif code == 0x0095:
            self.host_off = 0x0F
        elif code == 0x0096:
            self.host_off = 0
        elif code == 0x009A:
            self.sleep_en = False
        elif code == 0x0012:
            self.reset()
            return
        self._answer(self._content(code))

    def _content(self, code: int) -> bytes:
        if 0x9180 <= code < 0x9400:
            return bytes(self.memory[code - 0x9180 : code - 0x9180 + 32])
        value = {0x0001: self.number, 0x0057: self.fet_en << 4, 0x0083: self.bleed | self.ghost}.get(code, 0)
        return bytes((value & 0xFF, value >> 8))

    def _answer(self, data: bytes) -> None:
        self.buffer = bytearray(34)
        self.buffer[: len(data)] = data
        total = (self.code & 0xFF) + (self.code >> 8) + sum(data)
        self.seal = bytearray((~total & 0xFF, len(data) + 4))

    def _commit(self, check: int, count: int) -> None:
        """Write what the buffer holds, if checksum and length are right."""
        data = self.buffer[:count]
        if count < 1 or check != ~((self.code & 0xFF) + (self.code >> 8) + sum(data)) & 0xFF:
            return
        self.ready = self.time + 600
        if self.code == 0x0097 and self.byte(0x9308) & 0x04:
            self.host_off = data[0]
        elif self.code == 0x0083 and not self.byte(0x9335) & 0x10 and not self.config:
            self.bleed = (data[0] | data[1] << 8) & self.word(0x9304)
            self.bleed_until = self.time + 1000000 * self.byte(0x9339)
        elif 0x9180 <= self.code < 0x9400 and self.config and not self.sealed:
            for index in range(count):
                if self.code + index not in self.ignored:
                    self.memory[self.code - 0x9180 + index] = data[index]

    def _direct(self, address: int) -> int:
        if 0x14 <= address < 0x34:
            value = self.cells[(address - 0x14) // 2] & 0xFFFF
            if address < 0x16 and self.torn:
                self.torn -= address == 0x15
                value = (value & 0xFF00) - 0x100
            return value >> 8 if address & 1 else value & 0xFF
        if 0x68 <= address < 0x7C:
            return self.temperatures[(address - 0x68) // 2] >> (8 if address & 1 else 0) & 0xFF
        if 0x02 <= address <= 0x07:
            return (self.status if address & 1 else self.alert)[(address - 2) // 2] & 0xFF
        if address in (0x3E, 0x3F):
            return 0xFF if self.time < self.ready else self.code >> (8 if address & 1 else 0) & 0xFF
        if 0x40 <= address < 0x60:
            return self.buffer[address - 0x40]
        if address in (0x60, 0x61):
            return self.seal[address - 0x60]
        return self._flags(address)

    def _flags(self, address: int) -> int:
        battery = self.config | self.sleep_en << 2 | self.por << 3 | self.wd << 4 | (0x300 if self.sealed else 0x100)
        battery |= 0x0800 if any(self.status) else 0
        words = {0x12: battery, 0x34: self.stack, 0x62: self.alarm, 0x66: self.alarm_enable}
        if address == 0x7F:
            return self.chg | self.dsg << 2 | (not self.chg) << 4 | (not self.dsg) << 5
        value = words.get(address & ~1, 0)
        return value >> 8 & 0xFF if address & 1 else value & 0xFF
