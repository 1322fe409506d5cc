"""The source tree as the architecture tests see it: modules, their imports, their functions."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"


@dataclass(frozen=True)
class Module:
    """One source file, parsed."""

    name: str
    path: Path
    tree: ast.Module
    lines: int

    @property
    def room(self) -> str:
        """First part below tbms: core, slave, ...; "" for tbms itself."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else ""

    def imports(self, top_level_only: bool = False) -> set[str]:
        """Full names of all modules it imports."""
        nodes = self.tree.body if top_level_only else ast.walk(self.tree)
        found: set[str] = set()
        for node in nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
        return found


@cache
def modules() -> tuple[Module, ...]:
    """All modules of the package."""
    result = []
    for path in sorted(SRC.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        name = ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")
        result.append(Module(name, path, ast.parse(text), text.count("\n")))
    return tuple(result)
