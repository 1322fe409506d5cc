import pytest

from tbms.master.watch import LoopWatch


def test_a_cycle_in_time_is_followed_by_the_next() -> None:
    watch = LoopWatch(0.1)
    watch.began(0.001)
    assert watch.ended(10.0, 10.06, 0.05) == pytest.approx(10.1)
    told = watch.snapshot()
    assert (told.cycles, told.lost) == (1, 0)
    assert told.busy == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("end", "lost", "due"),
    [(10.1, 0, 10.1), (10.18, 0, 10.1), (10.195, 1, 10.2), (10.28, 1, 10.2), (10.295, 2, 10.3), (13.05, 29, 13.0)],
)
def test_cycles_that_could_not_run_are_counted_and_not_caught_up(end: float, lost: int, due: float) -> None:
    watch = LoopWatch(0.1)
    watch.began(0.0)
    assert watch.ended(10.0, end, end - 10.0) == pytest.approx(due)
    assert watch.lost == lost


def test_jitter_is_the_99th_percentile_of_the_last_ten_minutes() -> None:
    watch = LoopWatch(0.1)
    assert watch.snapshot().jitter_p99 is None
    for cycle in range(1000):
        watch.began(0.05 if cycle % 50 == 0 else 0.001)
    assert watch.snapshot().jitter_p99 == 0.05
    for _ in range(6000):
        watch.began(0.002)
    assert watch.snapshot().jitter_p99 == 0.002
    assert watch.snapshot().worst == 0.05, "that one stays, however long ago it was"
