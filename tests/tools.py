"""Programs that tests need and not every platform has."""

import os
import platform
import shutil
import sys
from pathlib import Path

import pytest


def tool(name: str) -> str:
    """The program from the wheel beside this Python; skips where no wheel exists, fails where CI must have it."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        wheel = sys.platform == "linux" and platform.machine() == "x86_64" and sys.version_info < (3, 12)
        if os.environ.get("CI") and wheel:
            pytest.fail(f"{name} is not installed beside this Python, and CI requires it")
        pytest.skip(f"{name} is not installed beside this Python: no wheel for this platform")
    return str(path)


def debian(name: str, package: str) -> str:
    """A program of a Debian package; skips where it is absent, fails in CI."""
    path = shutil.which(name)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed (Debian package {package}), and CI requires it")
        pytest.skip(f"{name} is not installed: apt-get install {package}")
    return path
