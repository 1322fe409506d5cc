"""Days of sun and loads, and curves and profiles under them."""

from pathlib import Path
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data import shared

from tbms.twin.boat import boat
from tbms.twin.curve import Curve
from tbms.twin.days import SKY, base_day, comfort_day, day_from_file, sun_day
from tbms.twin.lfp import arrhenius
from tbms.twin.profile import DAY, Profile
from tbms.twin.world import Controls


def energy(profile: Profile) -> float:
    """Wh of a day."""
    return sum(profile(60.0 * minute) for minute in range(1440)) / 60.0


def test_the_sun_gives_what_was_measured() -> None:
    days = sorted(energy(sun_day(1000.0, seed)) / 1000.0 for seed in range(60))
    assert 1.0 < days[6] < 2.6  # measured: 1.3 kWh per kWp in the 10th percentile
    assert 3.0 < days[30] < 4.2  # 3.5
    assert 4.3 < days[54] < 5.6  # 5.3


@pytest.mark.parametrize("sky", SKY)
def test_the_sun_keeps_its_hours(sky: str) -> None:
    day = sun_day(1000.0, 3, sky)
    assert day(5 * 3600.0) == day(21 * 3600.0) == 0.0
    assert all(0.0 <= value <= 780.0 for value in day.values)
    assert energy(sun_day(1000.0, 3, "dull")) < energy(sun_day(1000.0, 3, "clear"))


def test_there_is_no_other_weather() -> None:
    with pytest.raises(ValueError, match="the sky is one of clear, mixed, dull, not 'hail'"):
        sun_day(1000.0, 1, "hail")


def test_a_boat_lives_on_a_tenth_of_a_house() -> None:
    days = [comfort_day(1.0, seed) for seed in range(12)]
    assert 140.0 < mean(energy(day) + energy(base_day(1.0, seed)) for seed, day in enumerate(days)) / 24.0 < 190.0
    evening = mean(value for day in days for value in day.values[17 * 60 : 20 * 60])
    night = mean(value for day in days for value in day.values[3 * 60 : 5 * 60])
    assert evening > 1.8 * night


@given(st.floats(0, 10 * DAY))
def test_every_day_is_the_same(time: float) -> None:
    day = comfort_day(1.0, 4)
    assert day(time) == Profile(day.times, day.values)(time % DAY)


def test_straight_lines_and_steps() -> None:
    steps, lines = Profile((0.0, 100.0), (0.0, 10.0)), Profile((0.0, 100.0), (0.0, 10.0), linear=True)
    assert [steps(t) for t in (0.0, 50.0, 100.0, 5000.0)] == [0.0, 0.0, 10.0, 10.0]
    assert [lines(t) for t in (0.0, 50.0, 100.0)] == pytest.approx([0.0, 5.0, 10.0])
    assert lines(DAY - 1e-6) == pytest.approx(0.0, abs=1e-6)
    assert Profile.constant(7.0)(1e6) == 7.0


@pytest.mark.parametrize(
    ("times", "values"),
    [((), ()), ((1.0,), (1.0,)), ((0.0, 1.0), (1.0,)), ((0.0, 0.0), (1.0, 1.0)), ((0.0, DAY), (1.0, 1.0))],
)
def test_a_profile_without_order_is_refused(times: tuple[float, ...], values: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="profile"):
        Profile(times, values)


def test_a_day_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text("time,load_kw\n0,0.2\n3600,0.5\n", encoding="utf-8")
    day = day_from_file(path, "load_kw", 1000.0)
    assert day(1800.0) == 200.0
    assert day(7200.0) == 500.0


def test_a_day_of_a_measured_year() -> None:
    path = shared("data/solarhome/load_pv_2011-2012.csv.gz")
    sun = day_from_file(path, "pv_kw", 1200.0 / 1.04, day=180, linear=True)
    loads = day_from_file(path, "load_kw", 1000.0 / 10.0, day=180)
    assert len(sun.times) == 48
    assert 0.5 < energy(sun) / 1200.0 < 7.0
    world = boat(sun=sun, loads=loads, clock=0.0)
    running = Controls(True, True, False, (True, True, True, True, False, False), True, True)
    for _ in range(8640):
        world.advance(10.0, running)
    assert 0.4 < min(world.pack.soc) < max(world.pack.soc) < 1.01


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time,watts\n0,1\n", "no column 'load_kw'; it has time, watts"),
        ("", "no column 'time'; it has none"),
        ("time,load_kw\n0,1\n10,high\n", "day.csv:3: column load_kw holds 'high', not a number"),
        ("time,load_kw\n0,1\n10\n", "day.csv:3: column load_kw holds None, not a number"),
        ("time,load_kw\n0,1\n0,2\n", "day.csv: day 0: the times of a profile must rise"),
    ],
)
def test_a_bad_file_is_named_with_line_and_column(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "day.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=says):
        day_from_file(path, "load_kw")


def test_a_curve_is_straight_between_its_points() -> None:
    curve = Curve.of([(10.0, 1.0), (0.0, 0.0)])
    assert [curve(x) for x in (-5.0, 0.0, 2.5, 10.0, 99.0)] == [0.0, 0.0, 0.25, 1.0, 1.0]
    with pytest.raises(ValueError, match="as many x as y"):
        Curve((1.0,), ())
    with pytest.raises(ValueError, match="rise strictly"):
        Curve((1.0, 1.0), (0.0, 0.0))


def test_arrhenius_passes_through_its_points_and_goes_on() -> None:
    factor = arrhenius(((-5.0, 3.0), (25.0, 1.0), (45.0, 0.8)))
    assert [factor(t) for t in (-5.0, 25.0, 45.0)] == pytest.approx([3.0, 1.0, 0.8])
    assert factor(-20.0) > 4.0
    assert factor(60.0) < 0.75
