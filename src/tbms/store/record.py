"""One record of a journal: a line of text that carries its own check."""

import json
import re
from typing import Any
from zlib import crc32

_HEAD = 9  # eight hexadecimal digits of CRC32 and a space
_START = re.compile(rb'[0-9a-f]{8} \{"id":')


def pack(body: bytes) -> bytes:
    """The line of a body without line feeds: its CRC32 in hexadecimal, a space, the body, a line feed."""
    return b"%08x %b\n" % (crc32(body), body)


def unpack(line: bytes) -> dict[str, Any] | None:
    """The object in a line (with or without its line feed); None where the check fails."""
    body = line[_HEAD:].removesuffix(b"\n")
    if line[:_HEAD] != b"%08x " % crc32(body):
        return None
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def damaged_records(line: bytes) -> int:
    """How many records a damaged line may have held, at least 1 (a lost line feed joins two)."""
    return max(1, len(_START.findall(line)))
