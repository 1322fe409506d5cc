"""New firmware over the bus: only whole, only while nothing is permitted, and never without a way back."""

import hashlib
import importlib.util
import struct
from pathlib import Path
from types import ModuleType

import pytest
from tests.slave.bench import Bench

from tbms.slave.update import BEGIN, COMMIT, DATA, LARGEST, Update
from tbms.wire.frames import seal

ROOT = Path(__file__).resolve().parents[2]


def boot() -> ModuleType:
    spec = importlib.util.spec_from_file_location("boot_file", ROOT / "firmware" / "boot.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def row(name: str, data: bytes) -> bytes:
    return bytes((len(name),)) + name.encode() + len(data).to_bytes(4, "big") + data


IMAGE = row("tbms/__init__.py", b"") + row("tbms/slave/node.py", b"x" * 701) + row("main.txt", b"new")


class Node:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bench = Bench(address=2)
        self.update = Update(str(folder), "a")
        self.bench.node.registers.update = self.update
        self.bench.run(20, master=False)

    def write(self, start: int, data: bytes) -> bytes:
        """The exception's code as a byte, or nothing."""
        data += b"\0" * (len(data) % 2)
        head = struct.pack(">BBHHB", 2, 16, start, len(data) // 2, len(data))
        reply = self.bench.node.receive(seal(head + data))
        return reply[2:3] if reply[1] & 0x80 else b""

    def begin(self, image: bytes, digest: bytes | None = None) -> bytes:
        return self.write(BEGIN, len(image).to_bytes(4, "big") + (digest or hashlib.sha256(image).digest()))

    def data(self, image: bytes, offset: int, size: int = 200) -> bytes:
        return self.write(DATA, offset.to_bytes(4, "big") + image[offset : offset + size])

    def send(self, image: bytes, twice: bool = False) -> None:
        for offset in range(0, len(image), 200):
            for _ in range(1 + twice):
                assert self.data(image, offset) == b""

    def commit(self) -> bytes:
        return self.write(COMMIT, b"\0\1")

    def record(self) -> bytes:
        path = self.folder / "boot"
        return path.read_bytes() if path.exists() else b""


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


@pytest.mark.parametrize("twice", [False, True], ids=["once", "every answer lost once"])
def test_a_whole_image_is_laid_beside_the_old_one_and_tried(node: Node, twice: bool) -> None:
    assert node.begin(IMAGE) == b""
    node.send(IMAGE, twice)
    assert node.record() == b""
    assert node.commit() == b""
    assert node.update.done
    assert (node.folder / "b/tbms/slave/node.py").read_bytes() == b"x" * 701
    assert (node.folder / "b/main.txt").read_bytes() == b"new"
    assert node.record() == b"b1"


def test_a_trial_that_proves_well_is_kept(node: Node) -> None:
    (node.folder / "boot").write_bytes(b"b1")
    assert boot().choose(str(node.folder)) == "b"
    started = Update(str(node.folder), "b")
    started.step(9_999, True)
    started.step(20_000, False)
    assert node.record() == b"a0"
    started.step(10_000, True)
    assert node.record() == b"b0"
    started.step(11_000, True)
    assert boot().choose(str(node.folder)) == "b"


def test_a_trial_that_does_not_prove_well_is_the_last_of_it(node: Node) -> None:
    (node.folder / "boot").write_bytes(b"b1")
    assert boot().choose(str(node.folder)) == "b"
    assert boot().choose(str(node.folder)) == "a"
    assert boot().choose(str(node.folder)) == "a"


@pytest.mark.parametrize("record", [b"", b"c0", b"b", b"xyz"])
def test_a_record_that_is_none_starts_the_first(record: bytes, tmp_path: Path) -> None:
    assert boot().choose(str(tmp_path)) == "a"
    (tmp_path / "boot").write_bytes(record)
    assert boot().choose(str(tmp_path)) == "a"


@pytest.mark.parametrize("upto", range(0, len(IMAGE), 200))
def test_an_interrupted_update_leaves_the_old_one(node: Node, upto: int) -> None:
    node.begin(IMAGE)
    node.send(IMAGE[:upto])
    assert node.commit() == b"\3"
    assert node.record() == b""
    assert node.begin(IMAGE) == b""
    node.send(IMAGE)
    assert node.commit() == b""


def test_a_damaged_image_is_refused(node: Node) -> None:
    node.begin(IMAGE, b"\1" * 32)
    node.send(IMAGE)
    assert node.commit() == b"\3"
    assert node.record() == b""


@pytest.mark.parametrize(
    "image",
    [
        row("../boot", b"b0"),
        row("/boot", b"b0"),
        row("", b"x"),
        row("a", b"xyz")[:-1],
        b"\4abcd\0\0",
        row("a/b", b"")[:3],
    ],
    ids=["up", "root", "no name", "short", "no size", "no name's end"],
)
def test_an_image_that_is_no_row_of_files_is_refused(node: Node, image: bytes) -> None:
    node.begin(image)
    node.send(image)
    assert node.commit() == b"\3"
    assert node.record() == b""


def test_what_is_out_of_order_is_refused(node: Node) -> None:
    assert node.data(IMAGE, 0) == b"\3"
    assert node.write(BEGIN, b"\0" * 10) == b"\3"
    assert node.begin(b"") == b"\3"
    assert node.write(BEGIN, (LARGEST + 1).to_bytes(4, "big") + bytes(32)) == b"\3"
    assert node.begin(IMAGE) == b""
    assert node.data(IMAGE, 200) == b"\3"
    assert node.write(DATA, b"\0\0") == b"\3"
    assert node.write(COMMIT, b"\0\2") == b"\3"
    assert node.write(DATA + 2, b"\0\0") == b"\2"


def test_nothing_is_taken_while_a_loop_is_permitted(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.bench.start()
    assert node.begin(IMAGE) == b"\6"
    assert list(tmp_path.iterdir()) == []
