"""The shunt's zero: read while both contactors are open, believed as far as the boards' own consumption lets it."""

import pytest
from tests.strategies import Rig, four

from tbms.core import estimate
from tbms.core.estimate import charge, memory, zero
from tbms.core.estimate.estimator import EstimateState

OWN = 2.0 / 13.2  # A that boards of 2 W draw from four cells


def known(rig: Rig) -> zero.Seen:
    assert rig.state.estimate.charge is not None
    return charge.offset(rig.state.estimate.charge)


def opened(offset: float, seconds: float = 1.0, settings=None) -> Rig:  # type: ignore[no-untyped-def]
    """A boot: contactors open for a moment, the shunt reads what the boards draw, and its error."""
    rig = Rig(settings or four(), time=100.0)
    rig.switches = {"charge_bus_voltage": 0.0}
    rig.current = offset - OWN
    rig.run(seconds)
    return rig


def test_it_is_read_before_the_first_closing() -> None:
    rig = opened(1.5)
    rig.run(5)
    assert rig.done().load_contactor
    assert known(rig).offset == pytest.approx(0.015, abs=5e-4)
    assert known(rig).variance ** 0.5 < 0.002


def test_an_error_within_what_the_boards_draw_is_not_claimed() -> None:
    rig = opened(0.05)
    rig.run(5)
    assert abs(known(rig).offset) < 1e-3
    assert known(rig).variance ** 0.5 > 3e-4, "half of the boards' own 0.15 A may be wrong"


def test_what_the_boards_measure_of_themselves_makes_it_surer() -> None:
    """A shunt that is 0.05 A wrong is found where the boards say that they draw 0.4 A, not the 0.15 A expected."""
    rig = Rig(four(), time=100.0)
    rig.switches = {"charge_bus_voltage": 0.0}
    rig.current, rig.own = 0.05 - 0.4, 0.4
    rig.run(6)
    assert known(rig).offset == pytest.approx(0.0005, abs=1e-4)
    assert known(rig).variance ** 0.5 < 3e-4


@pytest.mark.parametrize("odd", [None, float("nan"), -1.0, 40.0])
def test_a_reading_of_their_own_that_is_none_changes_nothing(odd: float | None) -> None:
    rig = Rig(four(), time=100.0)
    rig.switches = {"charge_bus_voltage": 0.0}
    rig.current, rig.own = 1.5 - OWN, odd
    rig.run(6)
    assert known(rig).offset == pytest.approx(0.015, abs=5e-4)


def test_many_readings_are_one_proof() -> None:
    rig = opened(0.3)
    sure = known(rig).variance
    rig.state = rig.state._replace(stopped="Ann")
    rig.run(300)
    assert known(rig).variance > sure / 3.0


@pytest.mark.parametrize("seen", ["closed", "feedback", "weld", "pre-charge", "unknown", "held"])
def test_what_may_flow_is_no_zero(seen: str) -> None:
    rig = Rig(four(), time=100.0)
    rig.current = -3.0
    rig.switches = {"charge_bus_voltage": 0.0}
    if seen == "closed":
        rig.current = 0.0
        rig.run(3)
        rig.current = -3.0
    elif seen == "feedback":
        rig.switches |= {"load_contactor": True}
    elif seen == "weld":
        rig.switches |= {"load_bus_voltage": 13.2}
    elif seen == "pre-charge":
        rig.switches |= {"pre_charge": True}
    elif seen == "held":  # by the boards, after a restart, and no auxiliary contact says so
        rig.current = -0.4
        rig.switches = {"load_contactor": None, "load_bus_voltage": 13.2}
    else:
        rig.switches |= {"charge_bus_voltage": None}
    rig.run(1.0)
    measured = rig.state.measured
    assert measured is not None
    assert not measured.parted


def test_buses_that_nobody_measures_are_believed_to_be_dead_only_by_a_calm_shunt() -> None:
    rig = Rig(four(), time=100.0)
    rig.switches = {"charge_bus_voltage": None, "load_bus_voltage": None}
    rig.current = -0.4
    rig.run(0.5)
    assert rig.state.measured is not None
    assert rig.state.measured.parted


def test_too_few_samples_say_nothing() -> None:
    assert zero.seen(zero.added(zero.NOTHING, 1.0, None), 0.0, 100.0) is None


def test_it_is_known_again_after_a_restart_less_sure_the_longer_it_is_ago() -> None:
    rig = opened(1.5, 5.0)
    kept = memory.saved(rig.state.estimate)
    settings = rig.settings

    def after(values: object, away: float = 3600.0) -> EstimateState:
        return memory.restored(values, estimate.initial(settings, 0.5), settings, away)

    soon, late = after(kept).known_zero, after(kept, 30 * 86400.0).known_zero
    assert soon is not None
    assert late is not None
    assert soon.offset == known(rig).offset
    assert known(rig).variance < soon.variance < late.variance
    assert after(kept | {"zero": [0.2, 1e-6]}).known_zero is None
    assert after(kept | {"zero": "no"}).known_zero is None
    assert memory.saved(estimate.initial(settings))["zero"] is None
    again = Rig(settings, soc=0.5, time=100.0)
    again.state = again.state._replace(estimate=after(kept))
    again.tick()
    assert known(again).offset == pytest.approx(0.015, abs=5e-4)
