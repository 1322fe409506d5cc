"""Balancing: lease, longest run, turns."""

from tbms.slave.chips.bleed import Bleed

ALL = 0b1111


def test_a_wish_lapses_after_two_seconds() -> None:
    bleed = Bleed()
    bleed.wish(0b0101, 0)
    assert bleed.target(ALL, 2000) == 0b0101
    assert bleed.target(ALL, 2001) == 0


def test_nothing_wished_is_nothing_done() -> None:
    assert Bleed().target(ALL, 0) == 0


def test_unknown_cells_never_bleed() -> None:
    bleed = Bleed()
    bleed.wish(0b0101, 0)
    assert bleed.target(0b1110, 0) == 0b0100


def test_neighbours_take_turns_of_ten_seconds() -> None:
    bleed = Bleed()
    seen = set()
    for now in range(0, 40000, 100):
        bleed.wish(0b0011, now)
        seen.add((now // 10000 % 2, bleed.target(ALL, now)))
    assert seen == {(0, 0b01), (1, 0b10)}


def run(bleed: Bleed, start: int, seconds: int) -> int:
    """Seconds in which something bled."""
    total = 0
    for now in range(start, start + 1000 * seconds, 1000):
        bleed.wish(0b0001, now)
        total += bool(bleed.target(ALL, now))
    return total


def test_a_run_ends_after_ten_minutes_and_a_new_wish_begins_another() -> None:
    bleed = Bleed()
    assert run(bleed, 0, 900) == 600
    bleed.wish(0, 900000)
    assert bleed.target(ALL, 900000) == 0
    assert run(bleed, 901000, 10) == 10


def test_the_run_is_counted_across_the_wrap_of_the_clock() -> None:
    assert run(Bleed(), (1 << 30) - 300000, 900) == 600
