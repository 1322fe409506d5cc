"""The master killed while it charges, over the whole running system."""

from math import inf

import pytest

from tbms.cli.bench_failsafe import DISOBEDIENT, GUARD, GUARD_DELAY, HOLD, _shares, _timed, measure
from tbms.cli.bench_rig import RigError

SLACK = 0.1  # s more than the published bars, for a machine that is busy with other tests


@pytest.mark.slow
def test_a_killed_master_is_taken_leave_of_in_order() -> None:
    [run] = measure(DISOBEDIENT, 1)
    assert run.charger <= 0.5 + SLACK
    assert run.charge_contactor <= 3.1 + SLACK
    assert run.others <= 2.1 + SLACK
    assert HOLD - 0.2 <= run.load_contactor <= HOLD + 0.1 + SLACK


@pytest.mark.slow
def test_the_guard_alone_ends_an_overcharge_and_lets_the_loads_be_fed() -> None:
    [run] = measure(GUARD, 1)
    assert run.charge_loop <= GUARD_DELAY + 0.15 + SLACK
    assert run.discharge_loop >= HOLD - 0.2


def test_what_never_fell_is_not_taken_for_fallen() -> None:
    names = [("output", name) for name in "1234"] + [("contact", "charge"), ("contact", "load")]
    names += [("loop", "charge"), ("loop", "discharge")]
    records = [{"time": 1.0, "what": what, "name": name, "on": True} for what, name in names]
    assert _timed(records, 2.0).charger == inf
    records += [{"time": 2.5, "what": "output", "name": name, "on": False} for name in "123"]
    assert _timed(records, 2.0).charger == 0.5
    with pytest.raises(RigError, match="was not on"):
        _timed(records[1:], 2.0)


def test_the_runs_are_shared_out() -> None:
    assert _shares(51) == [26, 25]
