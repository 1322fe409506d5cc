"""What a range would have done, over made-up days."""

from tests.strategies import four

from tbms.core.manage.rehearsal import rehearse
from tbms.core.measure.reading import UNKNOWN, Reading, single
from tbms.settings.rules import Rules

START = 1.7e9 // 86_400 * 86_400  # a midnight
HEATER = four(
    'ranges[1].name="Heater"', "ranges[1].outputs=[4]", 'ranges[1].when[1].measure="soc"',
    "ranges[1].when[1].start=0.8", "ranges[1].when[1].stop=0.5", "ranges[1].when[1].delay=60",
).rules  # fmt: skip


def days(*socs: float | None, each: int = 60, rules: Rules = HEATER) -> list[tuple[float, tuple[Reading, ...]]]:
    """Minutes at these states of charge, `each` minutes long."""
    values = [soc for soc in socs for _ in range(each)]
    return [(START + 60.0 * n, (UNKNOWN if soc is None else single(soc),)) for n, soc in enumerate(values)]


def test_it_runs_from_start_to_stop() -> None:
    found = rehearse(HEATER, days(0.6, 0.85, 0.7, 0.45, 0.85), 60.0)
    assert found.starts == 2
    (begin, end), (again, _) = found.spans
    assert (begin - START, end - START) == (61 * 60.0, 180 * 60.0)  # after its delay; at the stop value's own delay
    assert again - START == 241 * 60.0
    assert round(found.hours, 1) == round((180 - 61 + 300 - 241) / 60, 1)
    assert round(found.covered, 2) == 5.0


def test_a_small_hole_is_bridged_and_a_large_one_ends_a_run() -> None:
    rows = days(0.85, each=120)
    small = [row for row in rows if not 60 <= (row[0] - START) / 60 < 64]
    assert rehearse(HEATER, small, 60.0).starts == 1
    large = [row for row in rows if not 60 <= (row[0] - START) / 60 < 90]
    found = rehearse(HEATER, large, 60.0)
    assert found.starts == 2
    assert found.spans[0][1] - START == 60 * 60.0
    assert round(found.covered, 2) == 1.5


def test_what_is_unknown_covers_nothing() -> None:
    assert rehearse(HEATER, days(None), 60.0) == (0, 0.0, 0.0, ())
    assert rehearse(HEATER, [], 60.0) == (0, 0.0, 0.0, ())


def test_exercise_runs_are_found_too() -> None:
    rules = four(
        'ranges[1].name="Generator"', "ranges[1].outputs=[4]", "ranges[1].exercise_days=1",
        'ranges[1].when[1].measure="soc"', "ranges[1].when[1].start=0.2", "ranges[1].when[1].stop=0.5",
    ).rules  # fmt: skip
    found = rehearse(rules, days(0.9, each=3 * 24 * 60, rules=rules), 60.0)
    assert found.starts == 2
    assert all(900.0 <= end - begin <= 960.0 for begin, end in found.spans)
