"""`tbms shots` against the scripted boat; the pictures of the documents come from the running system."""

import struct
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser
from tests.web.conftest import Boat

from tbms.cli import shots

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


def size(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG."""
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


@pytest.mark.browser
@pytest.mark.slow
def test_a_picture_a_size_and_theme(
    chromium: Browser, boat: Boat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shots, "SIZES", {"kiosk": (480, 320)})
    monkeypatch.setattr(shots, "THEMES", ("day",))
    shots.take(chromium, boat.address, tmp_path)
    found = {picture.name: size(picture) for picture in tmp_path.iterdir()}
    assert found == {f"{name}-kiosk-day.png": (480, 320) for name in shots.PAGES}


@pytest.mark.parametrize("name", shots.SIZES)
@pytest.mark.parametrize("theme", shots.THEMES)
def test_the_documents_have_their_pictures(name: str, theme: str) -> None:
    for page in shots.PAGES:
        assert size(PICTURES / f"{page}-{name}-{theme}.png") == shots.SIZES[name]


def test_without_a_browser_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    outcome = CliRunner().invoke(shots.shots, ["--out", str(tmp_path)])
    assert outcome.exit_code == 1
    assert "apt-get install chromium" in outcome.output
