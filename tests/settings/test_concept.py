"""The defaults against the safety concept's own tables, copied as they stand; what it leaves open, by its rule."""

import re
from pathlib import Path

import pytest
from tests.strategies import make

from tbms.model.fault import Ring
from tbms.model.limit import Latch, Measure
from tbms.settings.chemistry import CHEMISTRIES
from tbms.settings.derive import LADDER, Rungs
from tbms.wire.configuration import configuration
from tbms.wire.registers import CONFIGURATION

SOURCE = Path(__file__).parents[3] / "shared/reference/defaults.md"
COLUMNS = ("warn", "limit", "cut", "release", "guard", "afe")
LFP = """
| overvoltage V | 3.55 / 5 s | 3.60 / 2 s | 3.65 / 1 s | 3.45 | 3.75 / 2 s | 3.80 / 3 s |
| undervoltage V | 3.00 / 5 s | 2.90 / 5 s | 2.60 / 2 s | 3.10 (loads: above) | 2.50 / 4 s | 2.40 / 6 s |
| charge over-temperature °C | 42 / 10 s | 45 / 5 s | 50 / 5 s | 40 | 55 / 5 s | 60 |
| charge under-temperature °C | 5 / 10 s | 0 / 5 s | -2 / 5 s | 3 | -5 / 5 s | – |
| discharge over-temperature °C | 50 / 10 s | 55 / 5 s | 60 / 5 s | 50 | 65 / 5 s | 70 |
| discharge under-temperature °C | -15 / 10 s | – | -20 / 5 s | -15 | – | – |
| rate of rise K/min | 3 / 30 s | – | 10 / 10 s (latched) | person | – | – |
| charge current C | 0.5 / 30 s | 0.6 / 10 s | 0.7 / 10 s, 1.0 / 1 s | person or 60 s | – | – |
| discharge current C | 0.8 / 30 s | – | 1.2 / 10 s, 2.0 / 0.3 s | 60 s, 3 tries | – | fuse |
| voltage spread mV (|I| < 0.05 C, or above 3.40 V) | 100 / 60 s | – | 500 / 10 s | 80 | – | – |
| temperature spread K | 5 / 60 s | 10 / 60 s | – | 4 | – | – |
| sum of cells - pack V | 0.5 % / 10 s | – | 3 % / 3 s | 0.4 % | group ADC 3 % / 3 s | – |
| current while open A | 0.5 / 5 s | – | alarm "welded or bypass" | – | – | – |
| board temperature °C | 70 | 80 | 85 / 5 s | 65 | 90 | – |
| supply V (12 V rail) | 10.5 / 1 s | – | 9.5 / 0.2 s: save, warn | 11 | brown-out reset opens | – |
| sample age ms | 300 | – | 500 | – | 500 | – |
"""
OTHERS = """
| NMC | 4.15 / 4.18 / 4.22 / 4.25 / 4.28 | 3.30 / 3.20 / 3.00 / 2.80 / 2.70 | 4.10 / 4.00 |
| LMO (Leaf class) | 4.12 / 4.15 / 4.20 / 4.23 / 4.25 | 3.30 / 3.20 / 3.02 / 2.80 / 2.70 | 4.10 / 4.00 |
| LTO | 2.70 / 2.75 / 2.80 / 2.85 / 2.90 | 1.90 / 1.80 / 1.60 / 1.50 / 1.45 | 2.65 / 2.40 |
"""
KEYS = {
    # the concept's name: our protection, and what its figures are multiplied with
    "overvoltage V": ("cell_overvoltage", 1.0),
    "undervoltage V": ("cell_undervoltage", 1.0),
    "charge over-temperature °C": ("overtemperature_charge", 1.0),
    "charge under-temperature °C": ("undertemperature_charge", 1.0),
    "discharge over-temperature °C": ("overtemperature_discharge", 1.0),
    "discharge under-temperature °C": ("undertemperature_discharge", 1.0),
    "rate of rise K/min": ("temperature_rate", 1.0),
    "charge current C": ("overcurrent_charge", 280.0),
    "discharge current C": ("overcurrent_discharge", 280.0),
    "voltage spread mV": ("voltage_spread", 0.001),
    "temperature spread K": ("temperature_spread", 1.0),
    "sum of cells - pack V": ("sum_of_cells", 1.0),
    "board temperature °C": ("board_temperature", 1.0),
    "supply V": ("supply", 1.0),
}
FIGURE = re.compile(r"(-?\d+(?:\.\d+)?)\b(?! s)(?: %)?(?: / (\d+(?:\.\d+)?) s)?")


def rows(table: str) -> dict[str, list[str]]:
    """The cells behind the name of every row; the name without what is in brackets."""
    found = {}
    for line in table.strip().splitlines():
        name, *cells = (cell.strip() for cell in line.strip("| ").split(" | "))
        found[name.partition(" (")[0]] = cells
    return found


def figure(cell: str) -> tuple[float, float | None] | None:
    """Value and delay where a cell begins with one."""
    found = FIGURE.match(cell)
    return (float(found[1]), float(found[2]) if found[2] else None) if found else None


def rungs(key: str, chemistry: str = "lfp") -> Rungs:
    return make(f"pack.chemistry={chemistry}", "pack.cells=16", "pack.capacity=280").rungs[key]


@pytest.mark.skipif(not SOURCE.is_file(), reason=f"{SOURCE} is not here")
def test_the_tables_are_those_of_the_concept() -> None:
    source = SOURCE.read_text(encoding="utf-8")
    assert LFP in source
    assert OTHERS in source


@pytest.mark.parametrize("name", KEYS)
def test_every_figure_of_the_concept_is_the_default(name: str) -> None:
    key, scale = KEYS[name]
    found = rungs(key)
    for column, cell in zip(COLUMNS, rows(LFP)[name], strict=True):
        given = figure(cell)
        if column == "release":
            assert given is None or found.release == pytest.approx(scale * given[0])
        elif given is None or (key == "board_temperature" and column == "guard"):  # the node's own, not a setting
            assert found.value[column] is None
        else:
            assert found.value[column] == pytest.approx(scale * given[0])
            assert given[1] is None or found.delay[column] == given[1]


def test_the_second_stage_of_the_currents() -> None:
    for name in ("charge current C", "discharge current C"):
        given = figure(rows(LFP)[name][2].split(", ")[1])
        assert given is not None
        found = rungs(f"{KEYS[name][0]}_peak")
        assert found.value["cut"] == pytest.approx(280.0 * given[0])
        assert found.delay["cut"] == given[1]
        assert [found.value[other] for other in LADDER if other != "cut"] == [None] * 4


def test_who_lifts_and_after_how_long() -> None:
    for key in ("overcurrent_charge", "overcurrent_charge_peak", "overcurrent_discharge", "overcurrent_discharge_peak"):
        assert (rungs(key).latch, rungs(key).release_delay) == (Latch.RETRIES, 60.0)
    assert rungs("temperature_rate").latch is Latch.PERSON
    assert rungs("cell_damaged").latch is Latch.INSTALLER
    assert rungs("charge_while_forbidden").latch is Latch.RETRIES


def test_what_has_a_place_of_its_own() -> None:
    settings = make()
    assert (rungs("current_while_open").value["cut"], rungs("current_while_open").delay["cut"]) == (0.5, 5.0)
    age = next(p for p in settings.protections if p.measure is Measure.NODE_AGE)
    assert [(ring, 1000 * limit.threshold) for ring, limit in age.rings] == [("warn", 300.0), ("cut", 500.0)]
    assert CONFIGURATION.number(configuration({}), "sample_age") == 500


@pytest.mark.parametrize("name", rows(OTHERS))
def test_every_figure_of_the_other_chemistries_is_the_default(name: str) -> None:
    over, under, targets = ([float(one) for one in cell.split(" / ")] for cell in rows(OTHERS)[name])
    chemistry = name.lower()
    assert [rungs("cell_overvoltage", chemistry).value[ring] for ring in LADDER] == over
    assert [rungs("cell_undervoltage", chemistry).value[ring] for ring in LADDER] == under
    assert [CHEMISTRIES[chemistry].absorption, CHEMISTRIES[chemistry].float_voltage] == targets


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_delays_of_voltages_are_the_same_for_every_chemistry(chemistry: str) -> None:
    for key in ("cell_overvoltage", "cell_undervoltage", "pack_overvoltage", "pack_undervoltage"):
        assert rungs(key, chemistry).delay == rungs(key).delay
        assert rungs(key, chemistry).release_delay == 5.0


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_what_the_concept_leaves_open_follows_a_rule(chemistry: str) -> None:
    known = CHEMISTRIES[chemistry]
    figures = known.figures
    over, under = figures["cell_overvoltage"], figures["cell_undervoltage"]
    high, low = figures["pack_overvoltage"], figures["pack_undervoltage"]
    assert over.warn is not None
    assert over.cut is not None
    assert under.release is not None
    inside = 0.02 if chemistry != "lfp" else 0.05  # V: the mean of all cells is met before one cell's own ring
    assert high.warn == pytest.approx(over.warn - inside)
    assert high.cut == pytest.approx(over.cut - inside)
    assert (low.warn, low.cut, low.release) == (under.warn, under.cut, under.release)
    assert high.release == over.release
    assert known.reclose_voltage == pytest.approx(under.release + 0.1)  # an unloaded cell rebounds so far
    assert known.knee == pytest.approx(known.absorption - 0.05)
    assert known.float_voltage < known.absorption < over.warn
    assert under.warn is not None
    assert under.warn < known.nominal < known.absorption


def test_lfp_has_the_targets_of_the_concept() -> None:
    lfp = CHEMISTRIES["lfp"]
    assert (lfp.absorption, lfp.float_voltage, lfp.knee, lfp.reclose_voltage) == (3.45, 3.35, 3.40, 3.20)
    assert (lfp.figures["pack_overvoltage"].warn, lfp.figures["pack_overvoltage"].cut) == (3.50, 3.60)


def test_only_titanate_is_charged_in_frost() -> None:
    for chemistry in CHEMISTRIES:
        cut = rungs("undertemperature_charge", chemistry).value["cut"]
        assert cut is not None
        assert (cut >= -2.0) is (chemistry != "lto")


TWINS = {
    "pack_overvoltage": "cell_overvoltage",
    "pack_undervoltage": "cell_undervoltage",
    "overcurrent_discharge_peak": "overcurrent_charge_peak",
}
"""Whose delay one takes over where its own ring is off."""


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_a_ring_that_is_off_would_wait_as_long_as_its_neighbour(chemistry: str) -> None:
    figures = CHEMISTRIES[chemistry].figures
    for key, found in figures.items():
        ladder = [(found.warn, found.warn_delay), (found.limit, found.limit_delay), (found.cut, found.delay)]
        twin = [figures[TWINS[key]].limit_delay] if key in TWINS else []
        for place, (value, delay) in enumerate(ladder):
            inner = [other for known, other in ladder[:place] if known is not None][-1:]
            outer = [other for known, other in ladder[place + 1 :] if known is not None][:1]
            assert value is not None or delay in (*inner, *outer, *twin), (key, place)


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_rings_stand_from_the_first_that_is_met_to_the_last(chemistry: str) -> None:
    """A quiet step looks at the first of them alone."""
    order = list(Ring)
    for protection in make(f"pack.chemistry={chemistry}").protections:
        places = [order.index(ring) for ring, _ in protection.rings]
        assert places == sorted(set(places)), protection.id
        side = 1.0 if protection.above else -1.0
        met = [side * limit.threshold for _, limit in protection.rings]
        assert met == sorted(met), protection.id
        assert protection.outermost == protection.rings[0][1].threshold


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_only_a_comparison_may_pause_all_else_counts_on_while_it_is_unknown(chemistry: str) -> None:
    protections = make(f"pack.chemistry={chemistry}").protections
    pausing = {(p.id, ring) for p in protections for ring, limit in p.rings if limit.pauses}
    assert {key for key, _ in pausing} == {"voltage_spread", "resistance_spread", "sum_of_cells"}
    assert pausing == {(p.id, ring) for p in protections for ring, _ in p.rings if (p.id, Ring.CUT) in pausing} | {
        ("resistance_spread", Ring.WARN)
    }
