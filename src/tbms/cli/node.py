"""`tbms node`: look at a node, give it an address, put firmware onto it over USB or over the bus, or be one."""

import hashlib
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from tbms.cli.bundle import SOURCE, image
from tbms.wire import registers as wire
from tbms.wire.fields import Block
from tbms.wire.reading import firmware

FIRMWARE = SOURCE.parent / "firmware"
CHUNK = 200  # bytes of firmware in one frame
TRIES = 5  # of one frame
ANSWER = 0.3  # s
RESTART = 20.0  # s that a node may take to start anew
PARITY = {"even": "E", "odd": "O", "none": "N"}
BEGIN, DATA, COMMIT = 0x0300, 0x0320, 0x0390  # tbms.slave.update
WORDS = {1: "it does not know this", 2: "it has no such register", 3: "it does not accept this value"}
WORDS[6] = "not while a loop is permitted: stop the master, or open both contactors first"


def line(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that every command over the bus has."""
    command = click.option("--parity", type=click.Choice(list(PARITY)), default="even", show_default=True)(command)
    command = click.option("--baud", type=int, default=115200, show_default=True)(command)
    return click.option("--port", default="/dev/ttyUSB0", show_default=True, help="Serial port of the bus.")(command)


class Bus:
    """The bus as a tool sees it: one question, one answer, each tried a few times."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def read(self, address: int, block: Block) -> bytes | None:
        """A block of input registers; None from a node that is not there."""
        answer = self._ask(lambda: self._client.read_input_registers(block.start, count=block.size, device_id=address))
        return None if answer is None else struct.pack(f">{block.size}H", *answer.registers)

    def write(self, address: int, start: int, words: list[int]) -> None:
        """Registers of one node; a refusal is a sentence."""
        client = self._client

        def ask() -> Any:
            if len(words) == 1:
                return client.write_register(start, words[0], device_id=address)
            return client.write_registers(start, words, device_id=address)

        if self._ask(ask) is None:
            raise click.ClickException(f"node {address} does not answer")

    def _ask(self, question: Callable[[], Any]) -> Any:
        from pymodbus.exceptions import ModbusIOException

        for _ in range(TRIES):
            try:
                answer = question()
            except ModbusIOException:
                continue
            if answer.isError():
                raise click.ClickException(f"the node refuses: {WORDS.get(answer.exception_code, 'no reason given')}")
            return answer
        return None


@contextmanager
def joined(port: str, baud: int, parity: str) -> Iterator[Bus]:
    """The bus, opened and closed."""
    import logging

    from pymodbus.client import ModbusSerialClient

    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    client = ModbusSerialClient(port, baudrate=baud, parity=PARITY[parity], timeout=ANSWER, retries=0)
    if not client.connect():
        raise click.ClickException(f"serial port {port} cannot be opened: not there, in use, or not permitted")
    try:
        yield Bus(client)
    finally:
        client.close()  # type: ignore[no-untyped-call]  # pymodbus


@click.group()
def node() -> None:
    """Look at nodes, give them addresses, put firmware onto them; or be one on a small system."""


@node.command("list")
@line
def list_nodes(port: str, baud: int, parity: str) -> None:
    """Every node that answers on the bus."""
    with joined(port, baud, parity) as bus:
        found = [text for address in range(1, wire.NODES + 1) if (text := _summary(bus, address))]
    click.echo("\n".join(found) if found else f"no node answers on {port} at {baud} baud")


def _summary(bus: Bus, address: int) -> str:
    found = bus.read(address, wire.IDENTITY)
    if found is None:
        return ""
    kind, version, uptime = (wire.IDENTITY.number(found, name) for name in ("kind", "version", "uptime"))
    what = "base board" if kind == wire.BASE else "slave"
    return f"node {address}: {what}, firmware {firmware(found)}, register map {version}, up {uptime} s"


@node.command()
@click.argument("address", type=click.IntRange(1, wire.NODES))
@line
def info(address: int, port: str, baud: int, parity: str) -> None:
    """All that a node says of itself."""
    with joined(port, baud, parity) as bus:
        found = bus.read(address, wire.IDENTITY)
    if found is None:
        raise click.ClickException(f"node {address} does not answer on {port} at {baud} baud")
    for name, _ in wire.IDENTITY.fields:
        value: Any = wire.IDENTITY.get(found, name)
        if name == "tripped":
            value = ", ".join(wire.guard_names(value)) or "nothing"
        click.echo(f"{name:20s} {value}")


@node.command("set-address")
@click.argument("old", type=click.IntRange(1, wire.NODES))
@click.argument("new", type=click.IntRange(2, wire.NODES))
@line
def set_address(old: int, new: int, port: str, baud: int, parity: str) -> None:
    """Give the slave at address OLD the address NEW; it starts anew. Only one node may have OLD."""
    with joined(port, baud, parity) as bus:
        if bus.read(new, wire.IDENTITY) is not None:
            raise click.ClickException(f"there is a node {new} already")
        bus.write(old, wire.SERVICE.start + wire.SERVICE.places["address"][0] // 2, [new])
        _wait(bus, new)
    click.echo(f"node {old} is node {new} now")


@node.command()
@click.argument("address", type=click.IntRange(1, wire.NODES))
@click.option("--target", type=click.Choice(["armv6m", "xtensawin", "source"]), default="source", show_default=True)
@line
def update(address: int, target: str, port: str, baud: int, parity: str) -> None:
    """New firmware over the bus, while nothing is permitted; the old one stays until the new one proves well."""
    data = image(None if target == "source" else target)
    with joined(port, baud, parity) as bus:
        send(bus, address, data)
        _wait(bus, address)
        text = _summary(bus, address)
    click.echo(f"{len(data)} bytes sent; {text}")


def send(bus: Bus, address: int, data: bytes) -> None:
    """Begin, all bytes in order, commit."""
    digest = hashlib.sha256(data).digest()
    bus.write(address, BEGIN, words(len(data).to_bytes(4, "big") + digest))
    for offset in range(0, len(data), CHUNK):
        bus.write(address, DATA, words(offset.to_bytes(4, "big") + data[offset : offset + CHUNK]))
    bus.write(address, COMMIT, [1])


def words(data: bytes) -> list[int]:
    """As registers; an odd last byte gets a zero behind it."""
    even = data + b"\0" * (len(data) % 2)
    return list(struct.unpack(f">{len(even) // 2}H", even))


def _wait(bus: Bus, address: int) -> None:
    until = time.monotonic() + RESTART
    while bus.read(address, wire.IDENTITY) is None:
        if time.monotonic() > until:
            raise click.ClickException(f"node {address} has not come back; its old firmware starts at the next reset")


@node.command()
@click.argument("board", type=click.Choice(["esp32s3", "rp2350"]))
@click.option("--device", default="auto", show_default=True, help="USB device, as mpremote names it.")
def flash(board: str, device: str) -> None:
    """Put board file, boot selection and firmware onto a controller that runs MicroPython, over USB (mpremote)."""
    tool = shutil.which("mpremote")
    if tool is None:
        raise click.ClickException("mpremote is missing: pip install mpremote")
    if not FIRMWARE.is_dir():
        raise click.ClickException(f"the board files are not at {FIRMWARE}: run this from a copy of the repository")
    for command in copies(board):
        done = subprocess.run([tool, "connect", device, *command], check=False)  # noqa: S603 - asked for
        if done.returncode:
            raise click.ClickException(f"mpremote failed at: {' '.join(command)}")
    click.echo(f"{board} flashed; it starts as the address in its board file until another one is set")


def copies(board: str) -> list[list[str]]:
    """What mpremote is asked to do, in order."""
    root = [("boot.py", "boot.py"), ("main.py", "main.py"), ("machine_io.py", "machine_io.py")]
    root.append((f"boards/{board}.py", "board.py"))
    result = [["fs", "mkdir", f":{folder}"] for folder in ("a", "a/tbms", "b", "data")]
    result += [["fs", "cp", str(FIRMWARE / name), f":{place}"] for name, place in root]
    result.append(["fs", "cp", str(SOURCE / "tbms" / "__init__.py"), ":a/tbms/__init__.py"])
    result += [["fs", "cp", "-r", str(SOURCE / "tbms" / room), ":a/tbms/"] for room in ("wire", "slave")]
    return [*result, ["reset"]]


@node.command()
@click.option("--link", type=click.Path(path_type=Path), default=Path(".run/node"), show_default=True)
@click.option("--data-dir", type=click.Path(path_type=Path), default=Path(".run/node-data"), show_default=True)
@click.option("--i2c", type=int, default=1, show_default=True, help="I2C bus with front end and shunt monitor.")
@click.option("--shunt", type=int, default=100, show_default=True, help="A of the shunt at 50 mV.")
@click.option("--chip", default="/dev/gpiochip0", show_default=True, help="The computer's pins.")
@click.option("--pin", "pins", multiple=True, metavar="NAME=LINE", help="A pin of the board by its name; repeat.")
def serve(link: Path, data_dir: Path, i2c: int, shunt: int, chip: str, pins: tuple[str, ...]) -> None:
    """Be the node of a small system without microcontroller; the master joins at LINK (bus.port of its settings)."""
    from tbms.cli.node_serve import LAYERS, hardware, run

    board = hardware(i2c, shunt, chip, dict(_pin(each) for each in pins))
    click.echo(LAYERS)
    run(board, link, data_dir)


def _pin(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if not name or not number.isdigit():
        raise click.UsageError(f"a pin is NAME=LINE, such as charge_close=17, not {text!r}")
    return name, int(number)
