"""New firmware over the bus: received beside the running one, checked, tried once, and kept only when it proves well.

An image is a row of files: length of the name (1), name, size (4, big-endian), content. Slots are folders "a" and "b";
the file "boot" names the one to start and whether that is a trial (firmware/boot.py reads it and nothing else).
"""

import hashlib
import os
import struct

from tbms.wire.frames import BUSY, ILLEGAL_ADDRESS, ILLEGAL_VALUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

BEGIN = 0x0300  # size (2 registers), then SHA-256 (16)
DATA = 0x0320  # offset (2 registers), then up to 200 bytes, an even number
COMMIT = 0x0390  # 1: check, unpack, start the new one on trial
LARGEST = 400000
PROVEN_MS = 10000  # a new firmware that has heard the master and lived so long is kept
HEAD = 4
DIGEST = 32
CHUNK = 512


class Update:
    """The receiving end. folder: where slots, image and boot record lie. slot: "a" or "b", the one that runs."""

    def __init__(self, folder: str, slot: str) -> None:
        self.folder = folder
        self.slot = slot
        self.size = 0
        self.received = 0
        self.digest = b""
        self.done = False
        self.proven = False

    def write(self, start: int, words: bytes, locked: bool) -> int:
        """A write to one of the three places; 0, or the code of the exception. locked: a loop is permitted."""
        if start not in (BEGIN, DATA, COMMIT):
            return ILLEGAL_ADDRESS
        if locked:
            return BUSY
        if start == BEGIN:
            return self._begin(words)
        return self._data(words) if start == DATA else self._commit(words)

    def step(self, uptime: int, master: bool) -> None:
        """Keep this firmware once it has lived long enough under a master."""
        if not self.proven and master and uptime >= PROVEN_MS:
            self.proven = True
            self._boot(self.slot, False)

    def _begin(self, words: bytes) -> int:
        if len(words) != HEAD + DIGEST:
            return ILLEGAL_VALUE
        self.size = struct.unpack(">I", words[:HEAD])[0]
        self.digest = bytes(words[HEAD:])
        self.received = 0
        if not 0 < self.size <= LARGEST:
            self.size = 0
            return ILLEGAL_VALUE
        with open(self._image(), "wb"):
            return 0

    def _data(self, words: bytes) -> int:
        """The next bytes; those that were there already are taken for a repetition."""
        offset = struct.unpack(">I", words[:HEAD])[0] if len(words) > HEAD else -1
        data = words[HEAD:]
        if self.received and offset + min(len(data), self.size - offset) == self.received:
            return 0
        if offset != self.received or not self.size or offset >= self.size:
            return ILLEGAL_VALUE
        data = data[: self.size - offset]  # the last register may be half full
        with open(self._image(), "ab") as file:
            file.write(data)
        self.received += len(data)
        return 0

    def _commit(self, words: bytes) -> int:
        if words != b"\0\1" or not self.size or self.received != self.size or not self._sound():
            self.size = 0
            return ILLEGAL_VALUE
        other = "b" if self.slot == "a" else "a"
        if not self._unpack(self.folder + "/" + other):
            return ILLEGAL_VALUE
        self._boot(other, True)
        self.size = 0
        self.done = True
        return 0

    def _image(self) -> str:
        return self.folder + "/image"

    def _sound(self) -> bool:
        digest = hashlib.sha256()
        with open(self._image(), "rb") as file:
            chunk = file.read(CHUNK)
            while chunk:
                digest.update(chunk)
                chunk = file.read(CHUNK)
        return digest.digest() == self.digest

    def _unpack(self, folder: str) -> bool:
        """Lay the files into a slot; False where the image is not a row of files."""
        make(folder)
        with open(self._image(), "rb") as file:
            length = file.read(1)
            while length:
                name = file.read(length[0]).decode()
                head = file.read(4)
                if len(head) < 4 or not plain(name):
                    return False
                for place in range(len(name)):
                    if name[place] == "/":
                        make(folder + "/" + name[:place])
                if not copy(file, folder + "/" + name, struct.unpack(">I", head)[0]):
                    return False
                length = file.read(1)
        return True

    def _boot(self, slot: str, trial: bool) -> None:
        path = self.folder + "/boot"
        with open(path + ".new", "wb") as file:
            file.write(slot.encode() + (b"1" if trial else b"0"))
        os.rename(path + ".new", path)


def plain(name: str) -> bool:
    """The name stays inside its folder."""
    return bool(name) and name[0] != "/" and ".." not in name


def copy(source: "BinaryIO", path: str, left: int) -> bool:
    """Copy so many bytes into a file; False where the source ends before."""
    with open(path, "wb") as file:
        while left:
            chunk = source.read(min(left, CHUNK))
            if not chunk:
                return False
            file.write(chunk)
            left -= len(chunk)
    return True


def make(folder: str) -> None:
    """A folder, unless it is there."""
    try:
        os.mkdir(folder)
    except OSError:
        return
