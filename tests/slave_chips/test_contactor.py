"""Coil drives: held, economised, pulsed."""

from tbms.slave.chips.contactor import ECONOMISER, HOLD, HOLDING, PULL_IN_MS, PULSE, PULSE_MS, Contactor


def duties(coil: Contactor, on: bool, ms: int) -> list[tuple[int, int]]:
    found = []
    for _ in range(ms // 10):
        coil.step(on, 10)
        found.append((coil.close, coil.open))
    return found


def test_a_held_coil_follows_the_wish() -> None:
    coil = Contactor(HOLD)
    assert set(duties(coil, True, 1000)) == {(100, 0)}
    assert set(duties(coil, False, 1000)) == {(0, 0)}


def test_an_economised_coil_holds_with_less_once_it_has_pulled_in() -> None:
    coil = Contactor(ECONOMISER)
    found = duties(coil, True, 2 * PULL_IN_MS)
    assert found.count((100, 0)) * 10 == PULL_IN_MS
    assert found[-1] == (HOLDING, 0)
    assert set(duties(coil, False, 1000)) == {(0, 0)}
    assert duties(coil, True, 10) == [(100, 0)]


def test_a_bi_stable_contactor_is_pulsed_open_at_the_start_and_at_each_change() -> None:
    coil = Contactor(PULSE)
    found = duties(coil, False, 500)
    assert 0 < found.count((0, 100)) * 10 <= PULSE_MS
    assert found[-1] == (0, 0)
    found = duties(coil, True, 500)
    assert found.count((100, 0)) * 10 == PULSE_MS
    assert found[-1] == (0, 0)
    assert duties(coil, False, 10) == [(0, 100)]
