"""Ages: wrapping, forgetting, never reviving."""

from hypothesis import given
from hypothesis import strategies as st

from tbms.slave.chips.port import DeviceError, NotReady, Stamp, Timeout, elapsed


def test_the_four_errors_are_one_family() -> None:
    assert issubclass(NotReady, DeviceError)
    assert issubclass(Timeout, DeviceError)


@given(st.integers(0, (1 << 30) - 1), st.integers(0, 65534))
def test_an_age_survives_the_wrap_of_the_clock(start: int, passed: int) -> None:
    stamp = Stamp()
    stamp.renew(start)
    assert stamp.age((start + passed) & 0x3FFFFFFF) == passed
    assert elapsed((start + passed) & 0x3FFFFFFF, start) == passed


def test_what_never_happened_has_no_age() -> None:
    stamp = Stamp()
    assert stamp.age(5) is None
    assert not stamp.within(5, 1000)
    stamp.renew(5)
    stamp.forget()
    assert stamp.age(5) is None


def test_an_age_beyond_counting_never_becomes_young_again() -> None:
    stamp = Stamp()
    stamp.renew(0)
    assert stamp.age(65534) == 65534
    assert stamp.age(65535) is None
    assert stamp.age(1 << 30) is None  # the clock has wrapped to the very time of the stamp


def test_within_includes_the_limit() -> None:
    stamp = Stamp()
    stamp.renew(100)
    assert stamp.within(600, 500)
    assert not stamp.within(601, 500)
