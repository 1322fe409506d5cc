"""Every hazard of docs/safety.md has a guard and at least one test, and every test that it names exists."""

import ast
import re
from functools import cache

import pytest
from tests.architecture.source import ROOT

NAMED = re.compile(r"`(tests/[\w./-]+?)(?:::(\w+))?`")
COLUMNS = 3


def table(head: str) -> list[list[str]]:
    """The cells of every row below headings that begin so."""
    found: list[list[str]] = []
    inside = False
    for line in (ROOT / "docs/safety.md").read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            inside = False
        elif line.startswith(f"| {head} |"):
            inside = True
        elif inside and not line.startswith("|-"):
            found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def rows() -> list[list[str]]:
    """The cells of every hazard's row."""
    return table("Hazard")


@cache
def functions(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def exists(path: str, name: str) -> bool:
    return (ROOT / path).is_file() and (not name or name in functions(path))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:50])
def test_a_hazard_has_a_guard_and_tests_that_exist(row: list[str]) -> None:
    assert len(row) == COLUMNS
    hazard, guard, tests = row
    assert hazard
    assert guard
    named = NAMED.findall(tests)
    assert named, f"{hazard}: no test"
    missing = [f"{path}::{name}" if name else path for path, name in named if not exists(path, name)]
    assert not missing, f"{hazard}: {missing}"


@pytest.mark.parametrize("row", table("Defect"), ids=lambda row: row[0][:50])
def test_a_defect_of_others_has_tests_that_exist(row: list[str]) -> None:
    defect, tests = row
    named = NAMED.findall(tests)
    assert named, f"{defect}: no test"
    missing = [f"{path}::{name}" for path, name in named if not name or not exists(path, name)]
    assert not missing, f"{defect}: {missing}"


def test_there_is_something_to_check() -> None:
    assert len(rows()) >= 40
    assert len(table("Defect")) >= 19
    assert len(table("Fault")) >= 15


@pytest.mark.parametrize("row", table("Fault"), ids=lambda row: row[0])
def test_a_fault_is_caught_by_a_layer_and_the_test_of_each_exists(row: list[str]) -> None:
    fault, *layers = row
    assert len(layers) == 3
    named = [NAMED.findall(layer) for layer in layers]
    assert any(named), f"{fault}: no layer"
    for layer, tests in zip(layers, named, strict=True):
        assert tests or layer.startswith("–") or layer == "the loop itself", f"{fault}: {layer}"
        for path, name in tests:
            assert name or path.endswith(".toml"), f"{fault}: which test of {path}?"
            assert exists(path, name), f"{fault}: {path}::{name}"
