"""Every hazard of docs/safety.md has a guard and at least one test, and every test that it names exists."""

import ast
import re
from functools import cache

import pytest
from tests.architecture.source import ROOT

NAMED = re.compile(r"`(tests/[\w./-]+?)(?:::(\w+))?`")
COLUMNS = 3


def rows() -> list[list[str]]:
    """The cells of every hazard's row."""
    text = (ROOT / "docs/safety.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("|") and not re.match(r"\|(-|\s*Hazard)", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


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


def test_there_is_something_to_check() -> None:
    assert len(rows()) >= 40
