"""Where measured data lies beside the repository; a test that needs it is skipped where it is absent."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared(path: str) -> Path:
    """Path below the folder `shared` beside the repository, or skip the calling test."""
    found = SHARED / path
    if not found.exists():
        pytest.skip(
            f"measured data ../shared/{path} is not beside this repository, so this test has nothing to compare with"
        )
    return found
