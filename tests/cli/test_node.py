"""`tbms node`: nodes listed, named, addressed and updated over a real pseudo-terminal, and served by this computer."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.slave.bench import Numbers

from tbms.cli import node as tool
from tbms.cli.bundle import files, image
from tbms.cli.node import copies, joined, node, send, words
from tbms.cli.node_serve import LAYERS, LinuxBoard, Pty, run
from tbms.slave.node import Node
from tbms.slave.program import Program
from tbms.slave.store import settings
from tbms.slave.update import Update
from tbms.wire.registers import VERSION


class Served:
    """A slave behind a pseudo-terminal; it starts anew when its program wants to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = Pty(folder / "bus")
        self.starts = 0
        self.ended = False
        self.awake = threading.Event()  # the first passes are over: until then a node changes nothing
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self.ended:
            self.starts += 1
            self.port.running = True
            address, _ = settings(str(self.folder), 2, 115_200)
            node = Node(address, Numbers(address == 1), self.port.now())
            node.registers.update = Update(str(self.folder), "a")
            program = Program(node, self.port, str(self.folder))
            while self.port.running and not self.ended:
                program.turn()
                if node.registers.locked is False:
                    self.awake.set()

    def stop(self) -> None:
        self.ended = True
        self._thread.join(5)
        self.port.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    slave = Served(tmp_path)
    assert slave.awake.wait(5)
    yield slave
    slave.stop()


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "ANSWER", 0.1)
    monkeypatch.setattr(tool, "TRIES", 2)


def call(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(node, arguments)
    return result.exit_code, result.output


def place(served: Served) -> tuple[str, ...]:
    return ("--port", str(served.port.link), "--parity", "none")


def test_list_info_and_set_address(served: Served) -> None:
    status, output = call("list", *place(served))
    assert status == 0
    assert output.startswith(f"node 2: slave, firmware 0.1, register map {VERSION}, up ")
    assert output.count("\n") == 1
    status, output = call("info", "2", *place(served))
    assert status == 0
    assert "tripped_cell         0" in output
    assert "unconfigured" in output
    assert call("set-address", "2", "3", *place(served)) == (0, "node 2 is node 3 now\n")
    assert "node 3: slave" in call("list", *place(served))[1]
    assert "node 2 does not answer" in call("info", "2", *place(served))[1]
    status, output = call("set-address", "2", "3", *place(served))
    assert status == 1
    assert "there is a node 3 already" in output


def test_new_firmware_over_the_bus(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = bytes((8,)) + b"new.text" + (3).to_bytes(4, "big") + b"new"
    monkeypatch.setattr(tool, "image", lambda target: rows)
    status, output = call("update", "2", *place(served))
    assert status == 0, output
    assert f"{len(rows)} bytes sent; node 2: slave" in output
    assert (served.folder / "b/new.text").read_bytes() == b"new"
    assert (served.folder / "boot").read_bytes() == b"b1"
    assert served.starts >= 2


def test_a_refusal_and_an_absence_are_sentences(served: Served, tmp_path: Path) -> None:
    with joined(str(served.port.link), 115_200, "none") as bus:
        with pytest.raises(Exception, match="does not accept this value"):
            send(bus, 2, b"")
        with pytest.raises(Exception, match="node 4 does not answer"):
            bus.write(4, 0x200, [1])
    status, output = call("list", "--port", str(tmp_path / "nowhere"))
    assert status == 1
    assert "cannot be opened" in output


def test_the_real_image_is_what_a_node_needs() -> None:
    data = image(None)
    names = [path.as_posix() for path in files()]
    assert {"tbms/__init__.py", "tbms/slave/node.py", "tbms/slave/chips/bq76952.py", "tbms/wire/crc.py"} <= set(names)
    assert "tbms/slave/chips/linux_port.py" not in names
    assert all(name.encode() in data for name in names)
    assert len(data) < 400_000
    assert words(b"abc") == [0x6162, 0x6300]


def test_flashing_copies_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for board in ("esp32s3", "rp2350"):
        for command in copies(board):
            if command[:2] == ["fs", "cp"]:
                assert Path(command[-2]).exists(), command
    monkeypatch.setattr("shutil.which", lambda _: None)
    status, output = call("flash", "rp2350")
    assert status == 1
    assert "mpremote is missing: pip install mpremote" in output
    monkeypatch.setattr("shutil.which", lambda _: "/bin/true")
    assert call("flash", "rp2350")[0] == 0
    monkeypatch.setattr("shutil.which", lambda _: "/bin/false")
    assert "mpremote failed at: fs mkdir" in call("flash", "rp2350")[1]


def test_serving_says_how_many_layers_there_are_and_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "2 layers of protection, not 3" in LAYERS
    status, output = call("serve", "--pin", "charge_close=x")
    assert status == 2
    assert "a pin is NAME=LINE" in output
    status, output = call("serve")
    assert status == 1
    assert "Traceback" not in output


def test_serve_runs_the_node_until_a_signal(tmp_path: Path) -> None:
    board = Numbers(True)
    board.driven = 7
    timer = threading.Timer(0.5, os.kill, (os.getpid(), 15))
    timer.start()
    run(board, tmp_path / "link" / "node", tmp_path / "data")
    timer.join()
    assert board.driven == 0
    assert not (tmp_path / "link" / "node").exists()


def test_a_board_without_a_converter_has_no_second_look(tmp_path: Path) -> None:
    from tests.slave_chips.whole import Whole

    whole = Whole(str(tmp_path))
    whole.board.__class__ = LinuxBoard
    whole.start()
    assert whole.loops() == (True, True)
    assert whole.board.group_mv is None
    assert whole.board.pack_cv == pytest.approx(1320, abs=2)
