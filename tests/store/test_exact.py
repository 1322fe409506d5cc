"""Nouns come back exactly, whatever they hold."""

import json
from dataclasses import dataclass
from math import inf, nan
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.model.command import Command, CommandKind
from tbms.model.sample import NodeReport, Sample, SwitchReport
from tbms.store.exact import back, exact


class Thing(NamedTuple):
    """One of each."""

    number: float
    maybe: float | None
    either: float | str | None
    names: frozenset[str]
    rows: tuple[tuple[float, ...], ...]
    kind: CommandKind = CommandKind.STOP


@dataclass(frozen=True)
class Odd:
    """No form for this."""

    what: Any


def through(kind: type, value: Any) -> Any:
    return back(kind, json.loads(json.dumps(exact(value), allow_nan=False)))


FLOATS = st.floats(allow_nan=False)


@given(FLOATS, st.none() | FLOATS, st.lists(st.lists(FLOATS, max_size=3).map(tuple), max_size=3).map(tuple))
def test_a_tuple_with_names_comes_back(number: float, maybe: float | None, rows: tuple[tuple[float, ...], ...]) -> None:
    for either in (None, "open", 2.5):
        thing = Thing(number, maybe, either, frozenset({"b", "a"}), rows, CommandKind.CLOSE)
        assert through(Thing, thing) == thing


def test_infinity_is_not_lost() -> None:
    thing = Thing(-inf, inf, "x", frozenset(), ())
    assert through(Thing, thing) == thing
    assert str(through(Thing, thing._replace(number=nan)).number) == "nan"


def test_a_sample_comes_back() -> None:
    sample = Sample(
        1.5, 1.7e9, None, (3.3, None), (20.0,), 6.6,
        (NodeReport(1, True, inf, 0.1, None, True, ("afe",), 30.0, None),),
        SwitchReport(True, None, False, (True, False), 6.6, None, None),
    )  # fmt: skip
    assert through(Sample, sample) == sample
    command = Command(CommandKind.OUTPUT, 3, "on", "Ann", True, 12.0)
    assert through(Command, command) == command


def test_members_that_are_missing_stay_at_their_defaults() -> None:
    values = exact(Thing(1.0, None, None, frozenset(), ()))
    del values["kind"]
    assert back(Thing, values).kind is CommandKind.STOP


def test_what_has_no_form_is_refused() -> None:
    with pytest.raises(TypeError, match="no exact form for complex"):
        exact(Odd(1j))
    assert exact({"a": (1,)}) == {"a": [1]}
    with pytest.raises(KeyError):
        back(Thing, {"unknown": 1})
