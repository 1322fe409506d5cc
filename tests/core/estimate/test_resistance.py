"""Resistance from load steps."""

import pytest

from tbms.core.estimate import resistance
from tbms.core.estimate.resistance import Resistances

Row = tuple[float, float, tuple[float | None, ...]]


def run(rows: list[Row], heat: float = 25.0) -> Resistances:
    known, before = resistance.none(len(rows[0][2])), rows[0][0]
    for time, current, voltages in rows:
        known = resistance.step(known, voltages, current, time - before, 100.0, heat)
        before = time
    return known


def pulse(after: float, later: float, times: tuple[float, ...] = (1.1, 1.4, 6.1)) -> list[Row]:
    rest: list[Row] = [(0.0, 0.0, (3.3,)), (0.5, 0.0, (3.3,)), (1.0, 0.0, (3.3,))]
    return rest + [(time, -50.0, (3.3 - 50.0 * (after if time < 1.3 else later),)) for time in times]


def test_both_parts_are_found() -> None:
    known = run(pulse(3e-4, 5e-4))
    assert known.ohmic[0] is not None
    assert known.ohmic[0].mean == pytest.approx(3e-4)
    assert known.slow[0] is not None
    assert known.slow[0].mean == pytest.approx(2e-4)
    assert known.edge is None


def test_values_are_those_of_25_degrees() -> None:
    known = run(pulse(3e-4, 5e-4), heat=5.0)
    assert known.ohmic[0] is not None
    assert known.ohmic[0].mean == pytest.approx(3e-4 * 0.5488, rel=1e-3)


def test_a_short_pulse_shows_only_the_ohmic_part() -> None:
    known = run([*pulse(3e-4, 5e-4, (1.1, 1.4)), (2.0, 0.0, (3.3,))])
    assert known.ohmic[0] is not None
    assert known.slow[0] is None


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([*pulse(3e-4, 5e-4, (1.1,)), (1.2, -90.0, (3.2,))], id="current moves on at once"),
        pytest.param(pulse(3e-4, 5e-4, (9.0,)), id="too late to be an edge"),
        pytest.param([(0.0, 0.0, (3.3,)), (0.1, -50.0, (3.2,)), (0.5, -50.0, (3.2,))], id="no plateau before"),
        pytest.param(
            [(0.0, 0.0, (3.3,)), (1.0, 0.0, (3.3,)), (1.1, -2.0, (3.29,)), (2, -2.0, (3.29,))], id="too small"
        ),
    ],
)
def test_what_is_no_step_teaches_nothing(rows: list[Row]) -> None:
    assert run(rows).ohmic == (None,)


def test_a_step_seen_too_late_is_given_up() -> None:
    known = run([*pulse(3e-4, 5e-4, (1.1, 1.4)), (20.0, -50.0, (3.2,))])
    assert known.edge is None
    assert known.slow[0] is None


def test_an_unknown_cell_waits() -> None:
    rows: list[Row] = [
        (0.0, 0.0, (3.3, None)),
        (0.5, 0.0, (3.3, None)),
        (0.6, -50.0, (3.28, 3.2)),
        (1.0, -50.0, (3.28, None)),
    ]
    known = run(rows)
    assert known.ohmic[0] is not None
    assert known.ohmic[1] is None


def test_more_steps_are_surer() -> None:
    known = resistance.none(1)
    time = 0.0
    for _ in range(20):
        for current, volts in ((0.0, 3.3), (0.0, 3.3), (-50.0, 3.285), (-50.0, 3.285)):
            known = resistance.step(known, (volts,), current, 0.5, 100.0, 25.0)
            time += 0.5
    part = known.ohmic[0]
    assert part is not None
    assert part.steps > 10
    assert part.variance**0.5 < 0.05 * part.mean


def steps(links: list[tuple[float, float, float]]) -> Resistances:
    """A load of 50 A switched on and off so many times, three cells with these resistances (Ω) each time."""
    rows: list[Row] = []
    for number, ohms in enumerate(links):
        for place in range(8):
            current = -50.0 if place >= 4 else 0.0
            rows.append((4.0 * number + 0.5 * place, current, tuple(3.3 + current * each for each in ohms)))
    return run(rows)


EVEN, LOOSE = (2.2e-4, 2.2e-4, 2.2e-4), (2.2e-4, 2.6e-4, 2.2e-4)


def test_a_cell_that_leaves_its_usual_place_shows_growth_though_it_is_not_far_from_the_others() -> None:
    known = steps([EVEN] * 60 + [LOOSE] * 40)
    grown = resistance.growth(known)
    assert grown[1] == pytest.approx(0.18, abs=0.03)
    assert grown[0] == pytest.approx(0.0, abs=0.01)


def test_a_place_that_always_was_is_no_growth_and_needs_steps_to_be_known() -> None:
    assert resistance.growth(steps([LOOSE] * 20)) == (None, None, None)
    assert resistance.growth(steps([LOOSE] * 60)) == pytest.approx((0.0, 0.0, 0.0), abs=1e-3)
    assert resistance.growth(run(pulse(3e-4, 5e-4))) == (None,)
