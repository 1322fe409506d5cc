"""A node read and written by an independent Modbus client: mbpoll, on libmodbus."""

import re
import struct
import subprocess
import time
from collections.abc import Iterator

import pytest
from tests.simulator.live import Live, live
from tests.tools import debian

from tbms.drivers.node_bus import NodeBus
from tbms.model.action import Actions
from tbms.wire.configuration import configuration
from tbms.wire.registers import CONFIGURATION, IDENTITY, MEASUREMENT, SERVICE, VERSION

INPUT, HOLDING = "3", "4"  # mbpoll's names of the tables


@pytest.fixture(scope="module")
def boat() -> Iterator[Live]:
    debian("mbpoll", "mbpoll")
    with live(8) as running:
        yield running


def mbpoll(boat: Live, *arguments: str) -> tuple[int, str]:
    command = ["mbpoll", "-m", "rtu", "-b", "115200", "-P", "none", "-0", "-1", "-o", "1", *arguments]
    place = command.index("--") if "--" in command else len(command)
    done = subprocess.run(
        [*command[:place], boat.bus, *command[place + 1 :]], capture_output=True, text=True, timeout=20, check=False
    )
    return done.returncode, done.stdout + done.stderr


def registers(boat: Live, table: str, start: int, count: int, address: int = 1) -> list[int]:
    status, output = mbpoll(boat, "-a", str(address), "-t", f"{table}:hex", "-r", str(start), "-c", str(count))
    assert status == 0, output
    found = re.findall(r"^\[\d+\]:\s+0x([0-9A-F]+)", output, re.MULTILINE)
    return [int(word, 16) for word in found]


def test_it_reads_a_measurement(boat: Live) -> None:
    master = NodeBus(boat.bus, 115200, "none", 8)
    for _ in range(4):  # the last one latches what has been converted meanwhile
        master.exchange(Actions())
        time.sleep(0.1)
    master.close()
    words = registers(boat, INPUT, MEASUREMENT.start, MEASUREMENT.size)
    image = struct.pack(f">{MEASUREMENT.size}H", *words)
    true = boat.ask(op="state")["cell_voltages"]
    for index in range(4):
        assert MEASUREMENT.get(image, f"cell_{index + 1}") == pytest.approx(1000 * true[index], abs=10)
    assert MEASUREMENT.get(image, "supply") == 120


def test_it_reads_who_a_slave_is(boat: Live) -> None:
    words = registers(boat, INPUT, IDENTITY.start, IDENTITY.size, address=2)
    image = struct.pack(f">{len(words)}H", *words)
    assert IDENTITY.number(image, "version") == VERSION
    assert IDENTITY.number(image, "address") == 2


def test_it_writes_a_configuration_and_reads_it_back(boat: Live) -> None:
    image = bytes(configuration({"overvoltage": 3700}))
    words = list(struct.unpack(f">{CONFIGURATION.size}H", image))
    values = [f"0x{word:04X}" for word in words]
    status, output = mbpoll(boat, "-a", "1", "-t", f"{HOLDING}:hex", "-r", str(CONFIGURATION.start), "--", *values)
    assert status == 0, output
    assert "Written" in output
    assert registers(boat, HOLDING, CONFIGURATION.start, CONFIGURATION.size) == words


def test_it_writes_one_register(boat: Live) -> None:
    status, output = mbpoll(boat, "-a", "1", "-t", HOLDING, "-r", str(SERVICE.start), "--", "1")
    assert status == 0, output


def test_it_is_refused_in_words(boat: Live) -> None:
    status, output = mbpoll(boat, "-a", "1", "-t", INPUT, "-r", "2000", "-c", "1")
    assert "Illegal data address" in output, (status, output)
    status, output = mbpoll(boat, "-a", "1", "-t", HOLDING, "-r", str(CONFIGURATION.start), "--", "1", "2")
    assert "Illegal data address" in output, (status, output)
