"""The drivers on the interpreter of the microcontrollers: they compile, they run, and no float creeps in."""

import ast
import subprocess
from pathlib import Path

import pytest
from tests.architecture.source import ROOT
from tests.tools import tool

CHIPS = sorted((ROOT / "src/tbms/slave/chips").glob("*.py"))
ADAPTERS = ("linux_port.py", "machine_port.py")  # they alone hand seconds to `time.sleep`


@pytest.mark.parametrize("architecture", ["armv6m", "xtensawin"])
@pytest.mark.parametrize("path", CHIPS, ids=lambda path: path.name)
def test_every_driver_compiles_for_the_microcontrollers(path: Path, architecture: str, tmp_path: Path) -> None:
    out = tmp_path / "chip.mpy"
    command = [tool("mpy-cross"), f"-march={architecture}", "-o", str(out), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    assert out.stat().st_size < 6000, f"{path.name} grew to {out.stat().st_size} bytes"


@pytest.mark.parametrize("interpreter", ["micropython", "python"])
def test_drivers_and_emulators_run_there(interpreter: str) -> None:
    heap = ["-X", "heapsize=200k"] if interpreter == "micropython" else []
    command = [tool(interpreter), *heap, str(Path(__file__).with_name("on_target.py")), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "proved"


@pytest.mark.parametrize("path", [path for path in CHIPS if path.name not in ADAPTERS], ids=lambda path: path.name)
def test_no_float_is_used_anywhere(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.Constant) or not isinstance(node.value, float), f"{path.name}:{node.lineno}"
        assert not isinstance(node, ast.BinOp | ast.AugAssign) or not isinstance(node.op, ast.Div), path.name
        assert not isinstance(node, ast.Name) or node.id != "float", path.name
