"""Every test that docs/hardware/layers.md names exists."""

import ast
import re

import pytest
from tests.architecture.source import ROOT

TEXT = (ROOT / "docs/hardware/layers.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w./-]+?)(?:::(\w+))?`", TEXT)))


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[f"{path}::{name}" for path, name in NAMED])
def test_it_exists(path: str, name: str) -> None:
    assert (ROOT / path).is_file()
    if name:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_there_is_something_to_check() -> None:
    assert len(NAMED) > 20
