"""Would the tests notice? Each mutant is one small slip in a file; tests that still pass have not seen it.

Run: python tests/mutate.py [--sample N] [--table] FILE TEST [TEST ...], from the repository. The working tree is not
touched. --table: words are changed as well, which in a file of tables are ids, units and what people are told.
"""

import argparse
import ast
import copy
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import hypothesis  # noqa: F401 - with all that it imports, once for every child
import pydantic  # noqa: F401 - the same
import pytest

from tbms.model.fault import Ring
from tbms.model.limit import Latch, Measure, Place
from tbms.model.snapshot import ContactorPhase

ROOT = Path(__file__).resolve().parents[1]
OTHER: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.And: ast.Or, ast.Or: ast.And, ast.Mult: ast.Add, ast.LShift: ast.RShift,
    ast.RShift: ast.LShift, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ENUMS: dict[str, list[str]] = {
    each.__name__: [member.name for member in each] for each in (Ring, Latch, Measure, Place, ContactorPhase)
}
ONE_PERCENT = 1.01  # the smallest wrong figure that somebody might overlook


def slip(node: ast.AST, words: bool = False) -> bool:
    """Change this node in place; False where there is nothing to change. words: texts too."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in OTHER:
            node.ops = [OTHER[type(op)]()]  # type: ignore[list-item]
        case ast.BinOp(op=op) | ast.BoolOp(op=op) | ast.AugAssign(op=op) if type(op) in OTHER:
            node.op = OTHER[type(op)]()  # type: ignore[assignment]
        case ast.Constant(value=bool(value)):
            node.value = not value
        case ast.Constant(value=int(value)):
            node.value = value + 1
        case ast.Constant(value=float(value)):
            node.value = value * ONE_PERCENT or 0.1
        case ast.Constant(value=str(value)) if words:
            node.value = f"{value}?"
        case ast.Attribute(value=ast.Name(id=name), attr=member) if member in ENUMS.get(name, ()):
            node.attr = ENUMS[name][(ENUMS[name].index(member) + 1) % len(ENUMS[name])]
        case ast.Tuple(elts=[first, second, *rest], ctx=ast.Load()) if ast.dump(first) != ast.dump(second):
            node.elts = [second, first, *rest]
        case ast.UnaryOp(op=ast.Not()):
            node.op = ast.UAdd()
        case _:
            return False
    return True


def _unused(tree: ast.AST) -> set[int]:
    """Places of nodes inside annotations and of docstrings: nobody runs them."""
    found: set[int] = set()
    for node in ast.walk(tree):
        for hint in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            found |= set(map(id, ast.walk(hint))) if isinstance(hint, ast.AST) else set()
        if isinstance(node, ast.Expr):
            found.add(id(node.value))
    return {place for place, node in enumerate(ast.walk(tree)) if id(node) in found}


def mutants(source: str, words: bool = False) -> Iterator[tuple[str, str]]:
    """Where and what was changed, and text of every mutant. words: texts are changed as well."""
    tree = ast.parse(source)
    unused = _unused(tree)
    for place in (place for place, _ in enumerate(ast.walk(tree)) if place not in unused):
        changed = copy.deepcopy(tree)
        node = next(each for index, each in enumerate(ast.walk(changed)) if index == place)
        if slip(node, words):
            yield f"{getattr(node, 'lineno', 0)}: {ast.unparse(node)[:60]!r}", ast.unparse(changed)


def seen(tests: list[str], source: Path, patience: float = 600.0) -> bool:
    """The tests fail over this source tree, or do not end within `patience` s."""
    child = os.fork()
    if not child:
        _run(tests, source)
    until = time.monotonic() + patience
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status != 0
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _run(tests: list[str], source: Path) -> NoReturn:
    """In a child that has everything at hand but our own modules: they are imported anew, from the source tree."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tbms", "tests")]:
        del sys.modules[name]
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    status = 1
    try:
        options = ["-x", "-q", "-p", "no:cacheprovider", "-o", f"pythonpath={source} ."]
        status = int(pytest.main([*options, *tests]))
    finally:
        os._exit(status)


def main() -> int:
    """Score in percent; 1 when it is below 90."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int, help="only so many mutants, chosen at random")
    parser.add_argument("--table", action="store_true", help="change words as well")
    parser.add_argument("file", type=Path)
    parser.add_argument("tests", nargs="+")
    given = parser.parse_args()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # importing the plugins takes longer than most tests
    os.chdir(ROOT)
    found = list(mutants((ROOT / given.file).read_text(encoding="utf-8"), given.table))
    if given.sample:
        found = random.Random(1).sample(found, min(given.sample, len(found)))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "src"
        shutil.copytree(ROOT / "src" / "tbms", source / "tbms")
        began = time.monotonic()
        assert not seen(given.tests, source), "the tests fail without any mutant"
        patience = 10.0 + 5.0 * (time.monotonic() - began)
        survivors = []
        for change, text in found:
            (source / given.file.relative_to("src")).write_text(text, encoding="utf-8")
            if not seen(given.tests, source, patience):
                survivors.append(change)
                print(f"not seen: {given.file}:{change}", flush=True)
    score = 100 * (1 - len(survivors) / len(found))
    print(f"{given.file}: {score:.0f} % of {len(found)} mutants seen")
    return score < 90


if __name__ == "__main__":
    sys.exit(main())
