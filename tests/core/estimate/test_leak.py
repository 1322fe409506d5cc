"""Self-discharge from how a cell's difference drifts from day to day."""

import pytest

from tbms.core.estimate import leak
from tbms.core.estimate.cells import Cell
from tbms.core.estimate.leak import Leak


def cell(charge: float, sigma: float = 0.004) -> Cell:
    return Cell((charge, 0.0, 0.0), ((sigma**2, 0.0, 0.0), (0.0, 1e-6, 0.0), (0.0, 0.0, 1e-12)))


def lived(days: float, lost: float, bled: float = 0.0, swing: float = 0.0, sigma: float = 0.004) -> Leak:
    """Three cells; the second loses so much a day, the others are bled so much; it moves with the time of day."""
    known = Leak()
    for hour in range(round(24 * days)):
        ahead = -lost * hour / 24 + bled * 1.5 * hour / 24 + swing * (1 if hour % 24 < 12 else -1)
        cells = [cell(0.0), cell(ahead, sigma), cell(0.0)]
        known = leak.after(known, cells, (bled / 48, -bled / 24, bled / 48), 1.0)
    return known


@pytest.mark.parametrize("swing", [0.0, 0.05])
def test_what_a_cell_loses_a_day_is_found_whatever_the_day_is_like(swing: float) -> None:
    found = leak.rates(lived(5.0, 0.02, swing=swing))
    assert found is not None
    assert found.lost == pytest.approx((0.0, 0.02, 0.0), abs=1e-9)
    assert found.sigma == pytest.approx(0.006 / 10**0.5)


def test_balancing_that_makes_up_for_it_does_not_hide_it() -> None:
    found = leak.rates(lived(5.0, 0.02, bled=0.02 / 1.5))
    assert found is not None
    assert found.lost[1] == pytest.approx(0.02, rel=0.01)


def test_two_days_say_nothing_and_eight_are_remembered() -> None:
    assert leak.rates(lived(2.9, 0.02)) is None
    known = lived(30.0, 0.02)
    assert len(known.days) == leak.KEPT
    assert leak.rates(known) is not None


def test_days_on_which_the_differences_were_not_sure_do_not_count() -> None:
    assert lived(5.0, 0.02, sigma=0.02).days == ()
