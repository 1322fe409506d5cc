"""Would the tests notice? Each mutant is one small slip in a file; tests that still pass have not seen it.

Run: python tests/mutate.py [--sample N] FILE TEST [TEST ...], from the repository. The working tree is not touched.
"""

import argparse
import ast
import copy
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OTHER: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.And: ast.Or, ast.Or: ast.And, ast.Mult: ast.Add, ast.LShift: ast.RShift,
    ast.RShift: ast.LShift, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip


def slip(node: ast.AST) -> bool:
    """Change this node in place; False where there is nothing to change."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in OTHER:
            node.ops = [OTHER[type(op)]()]  # type: ignore[list-item]
        case ast.BinOp(op=op) | ast.BoolOp(op=op) | ast.AugAssign(op=op) if type(op) in OTHER:
            node.op = OTHER[type(op)]()  # type: ignore[assignment]
        case ast.Constant(value=bool(value)):
            node.value = not value
        case ast.Constant(value=int(value)):
            node.value = value + 1
        case ast.UnaryOp(op=ast.Not()):
            node.op = ast.UAdd()
        case _:
            return False
    return True


def _annotations(tree: ast.AST) -> set[int]:
    """Places of nodes inside annotations: nobody runs them."""
    found: set[int] = set()
    for node in ast.walk(tree):
        for hint in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            found |= set(map(id, ast.walk(hint))) if isinstance(hint, ast.AST) else set()
    return {place for place, node in enumerate(ast.walk(tree)) if id(node) in found}


def mutants(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of every mutant."""
    tree = ast.parse(source)
    hints = _annotations(tree)
    for place in (place for place, _ in enumerate(ast.walk(tree)) if place not in hints):
        changed = copy.deepcopy(tree)
        node = next(each for index, each in enumerate(ast.walk(changed)) if index == place)
        if slip(node):
            yield getattr(node, "lineno", 0), ast.unparse(changed)


def seen(tests: list[str], source: Path, patience: float = 600.0) -> bool:
    """The tests fail over this source tree, or do not end within `patience` s."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-o", f"pythonpath={source} ."]
    try:
        done = subprocess.run([*command, *tests], cwd=ROOT, capture_output=True, timeout=patience, check=False)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def main() -> int:
    """Score in percent; 1 when it is below 90."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int, help="only so many mutants, chosen at random")
    parser.add_argument("file", type=Path)
    parser.add_argument("tests", nargs="+")
    given = parser.parse_args()
    found = list(mutants((ROOT / given.file).read_text(encoding="utf-8")))
    if given.sample:
        found = random.Random(1).sample(found, min(given.sample, len(found)))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "src"
        shutil.copytree(ROOT / "src" / "tbms", source / "tbms")
        began = time.monotonic()
        assert not seen(given.tests, source), "the tests fail without any mutant"
        patience = 10.0 + 5.0 * (time.monotonic() - began)
        survivors = []
        for line, text in found:
            (source / given.file.relative_to("src")).write_text(text, encoding="utf-8")
            if not seen(given.tests, source, patience):
                survivors.append(line)
                print(f"not seen: {given.file}:{line}", flush=True)
    score = 100 * (1 - len(survivors) / len(found))
    print(f"{given.file}: {score:.0f} % of {len(found)} mutants seen")
    return score < 90


if __name__ == "__main__":
    sys.exit(main())
