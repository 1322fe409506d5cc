"""CRC-16 of Modbus RTU (polynomial 0x8005 reflected, start 0xFFFF)."""

# One entry per nibble: 16 words instead of 256, because a microcontroller keeps it in RAM.
_NIBBLES = (
    0x0000,
    0xCC01,
    0xD801,
    0x1400,
    0xF001,
    0x3C00,
    0x2800,
    0xE401,
    0xA001,
    0x6C00,
    0x7800,
    0xB401,
    0x5000,
    0x9C01,
    0x8801,
    0x4400,
)


def crc16(data: bytes | bytearray, start: int = 0, end: int = -1) -> int:
    """CRC-16 over data[start:end], 0..0xFFFF; end -1 means all of it.

    On the line it follows the data low byte first.
    Source: MODBUS over Serial Line V1.02, section 6.2.2.
    """
    table = _NIBBLES
    crc = 0xFFFF
    for index in range(start, len(data) if end < 0 else end):
        byte = data[index]
        crc = (crc >> 4) ^ table[(crc ^ byte) & 0x0F]
        crc = (crc >> 4) ^ table[(crc ^ (byte >> 4)) & 0x0F]
    return crc
