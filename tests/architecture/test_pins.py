"""Dependencies are pinned with hashes, and no pinned file names a registry or a folder of one machine."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from tests.architecture.source import ROOT

ADDRESS = re.compile(
    r"https?://|git\+|file:|--(extra-)?index-url|--find-links|(^|[\s\"'=])/(opt|home|root|work|tmp|usr)/", re.M
)
LOCKS = [*sorted((ROOT / "requirements").glob("*.txt")), ROOT / "web" / "package-lock.json"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda p: p.name)
def test_a_lock_names_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    found = ADDRESS.search(text)
    assert found is None, f"{lock.name}: {text[max(0, found.start() - 60) : found.end() + 40]}"


@pytest.mark.parametrize("lock", LOCKS[:-1], ids=lambda p: p.name)
def test_every_requirement_has_a_hash(lock: Path) -> None:
    blocks = re.split(r"\n(?=[A-Za-z0-9])", lock.read_text(encoding="utf-8").strip())
    assert blocks
    for block in blocks:
        assert "==" in block.splitlines()[0], block.splitlines()[0]
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_npm_packages_are_pinned_by_content() -> None:
    packages = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, entry in packages.items():
        assert not name or entry.get("link") or entry.get("integrity"), name
        assert "resolved" not in entry, name


def test_the_repository_names_no_machine() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    own_path = "/" + "work/main"
    for name in files:
        path = ROOT / name
        if path.suffix in {".png", ".gz", ".ico", ".woff2"} or not path.is_file():
            continue
        assert own_path not in path.read_text(encoding="utf-8", errors="replace"), name
