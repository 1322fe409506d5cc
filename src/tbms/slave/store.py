"""What a node keeps over a reset: small images in files, each with its CRC, replaced in one step."""

import os
import struct

from tbms.wire.crc import crc16
from tbms.wire.fields import Block

SETTINGS = Block(0, (("address", "count"), ("baud", "count")))  # baud in 100 bits/s
CONFIGURATION_FILE = "limits"
SETTINGS_FILE = "settings"


def load(folder: str, name: str) -> bytes | None:
    """What was saved under this name; None where there is nothing, or not all of it."""
    try:
        with open(folder + "/" + name, "rb") as file:
            data: bytes = file.read()
    except OSError:
        return None
    if len(data) < 2 or struct.unpack(">H", data[-2:])[0] != crc16(data, 0, len(data) - 2):
        return None
    return data[:-2]


def save(folder: str, name: str, data: bytes) -> None:
    """Keep the data; a reset in between leaves what was there before. What is there already is not written again."""
    if load(folder, name) == data:
        return
    path = folder + "/" + name
    with open(path + ".new", "wb") as file:
        file.write(data + struct.pack(">H", crc16(data)))
    os.rename(path + ".new", path)


def settings(folder: str, address: int, baud: int) -> tuple[int, int]:
    """Address and baud rate as they were set, else as given."""
    image = load(folder, SETTINGS_FILE)
    if image is None or len(image) != 2 * SETTINGS.size:
        return address, baud
    return SETTINGS.number(image, "address"), 100 * SETTINGS.number(image, "baud")


def save_settings(folder: str, address: int, baud: int) -> None:
    """Set address and baud rate for the next start."""
    image = SETTINGS.image()
    SETTINGS.put(image, "address", address)
    SETTINGS.put(image, "baud", baud // 100)
    save(folder, SETTINGS_FILE, bytes(image))
