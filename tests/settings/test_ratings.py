"""Fuse, cable and shunt bound every current ring."""

import pytest

from tbms.settings import SettingsError, load
from tbms.settings.derive import RATED

ALL = ["pack.fuse=200", "pack.cable=250", "pack.shunt=300"]


def test_default_rings_shrink_to_the_weakest_part() -> None:
    rungs = load(None, ["pack.capacity=280", *ALL]).rungs
    for key in RATED:
        values = [value for value in rungs[key].value.values() if value is not None]
        assert max(values) <= 200.0
        assert values == sorted(values)
        assert rungs[key].release < max(values)
    assert rungs["overcurrent_discharge"].value["cut"] == 200.0


def test_strong_parts_change_nothing() -> None:
    usual, rated = load(None, []), load(None, ["pack.fuse=900", "pack.cable=900", "pack.shunt=900"])
    assert usual.rungs == rated.rungs


def test_a_ring_above_the_weakest_part_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"overcurrent_discharge.cut = 220 A: must be at most pack.fuse \(200 A\)"):
        load(None, [*ALL, "protect.overcurrent_discharge.cut=220"])


@pytest.mark.parametrize("missing", ["fuse", "cable", "shunt"])
def test_one_rating_asks_for_all(missing: str) -> None:
    with pytest.raises(SettingsError, match=f"pack.{missing} is missing"):
        load(None, [entry for entry in ALL if missing not in entry])
